//! Reads a code from several frames of which none shows it well enough; leaves out where in the frame it is.
//!
//! Each frame gives an opinion on every module, and noise, glare and shake differ from frame to frame while
//! the code stays: the sums of the opinions are surer than any. That two frames show the same code is told
//! from the modules themselves, which agree far more often than those of two codes.

use crate::content::Content;
use crate::detection::Detection;
use crate::samples::{Modules, Patches};
use crate::symbol::Symbol;
use crate::{Allowance, bits};

/// Agreement (correlation) from which on two frames show the same code; two codes of a version agree by 0.2
/// for their common patterns.
const SAME_CODE: f32 = 0.45;

/// How sure one frame may be of a module: a glare is wrong and very sure.
const SURE: f32 = 1.2;

/// Codes that are remembered: the one held up and some that were taken for it.
const MAX_REMEMBERED: usize = 4;

/// Frames after which opinions are as good as they get.
const MAX_FRAMES: u32 = 24;

/// What the last frames said of codes that were not read.
#[derive(Debug, Default)]
pub(super) struct Fusion {
    remembered: Vec<Remembered>,
}

#[derive(Debug)]
struct Remembered {
    /// Sums of the opinions of the frames.
    sums: Opinion,
    frames: u32,
    /// The last opinion, taken back when the same frame gives a better one.
    last: Opinion,
}

/// What one frame says of a code, with less weight where something lies over it.
#[derive(Debug, Clone)]
struct Opinion {
    modules: Modules,
    /// What the modules were told from, if that is kept.
    patches: Option<Patches>,
}

impl Fusion {
    /// Adds what a frame saw; the code when all frames together tell it.
    pub(super) fn read(&mut self, detections: &[Detection], allowance: &Allowance) -> Option<Detection> {
        let (best, opinion) = surest(detections)?;
        let Some(at) = self
            .remembered
            .iter()
            .position(|code| agreement(&code.sums.modules, &opinion.modules) > SAME_CODE)
        else {
            if self.remembered.len() == MAX_REMEMBERED {
                self.remembered.remove(0);
            }
            self.remembered.push(Remembered {
                sums: opinion.clone(),
                frames: 1,
                last: opinion,
            });
            return None;
        };
        // The code seen last is the last to be forgotten.
        let mut code = self.remembered.remove(at);
        if code.frames < MAX_FRAMES {
            code.sums.add(&opinion, 1.0);
            code.frames += 1;
        }
        code.last = opinion;
        let content = code.read(allowance);
        self.remembered.push(code);
        content.map(|content| Detection {
            content: Some(content),
            ..best.clone()
        })
    }

    /// The same after a deeper pass over the frame that was added last: takes the better opinion in its stead.
    pub(super) fn read_better(
        &mut self,
        detections: &[Detection],
        allowance: &Allowance,
    ) -> Option<Detection> {
        let (best, opinion) = surest(detections)?;
        let Some(code) = self
            .remembered
            .last_mut()
            .filter(|code| agreement(&code.last.modules, &opinion.modules) > SAME_CODE)
        else {
            return self.read(detections, allowance);
        };
        code.sums.add(&code.last, -1.0);
        code.sums.add(&opinion, 1.0);
        code.last = opinion;
        let content = if code.frames > 1 {
            code.read(allowance)
        } else {
            None
        };
        content.map(|content| Detection {
            content: Some(content),
            ..best.clone()
        })
    }

    /// Starts anew, when a code was read.
    pub(super) fn forget(&mut self) {
        self.remembered.clear();
    }
}

impl Remembered {
    /// What the frames say together, each with its smearing undone, or with that of all undone at once, which is seen the better
    /// the less noise there is.
    fn read(&self, allowance: &Allowance) -> Option<Content> {
        let mut mean = self.sums.modules.clone();
        mean.darkness
            .iter_mut()
            .for_each(|darkness| *darkness /= self.frames as f32);
        let symbol = Symbol::of(mean.version);
        bits::decode(&mean, &symbol, allowance).or_else(|| {
            let patches = self.sums.patches.as_ref()?.mean(self.frames);
            let together = patches.equalised(&symbol, allowance)?;
            bits::decode(&together, &symbol, allowance)
        })
    }
}

impl Opinion {
    fn of(modules: &Modules, patches: Option<&Patches>) -> Self {
        let trust = bits::trust(modules);
        let mut opinion = modules.clone();
        for (darkness, trust) in opinion.darkness.iter_mut().zip(&trust) {
            *darkness = darkness.clamp(-SURE, SURE) * trust;
        }
        Self {
            modules: opinion,
            patches: patches.map(|patches| patches.trusted(&trust)),
        }
    }

    fn add(&mut self, other: &Self, weight: f32) {
        for (sum, value) in self.modules.darkness.iter_mut().zip(&other.modules.darkness) {
            *sum += weight * value;
        }
        if let (Some(sums), Some(other)) = (&mut self.patches, &other.patches) {
            sums.add(other, weight);
        }
    }
}

/// The detection that is surest of its modules, and its opinion.
fn surest(detections: &[Detection]) -> Option<(&Detection, Opinion)> {
    let sureness = |modules: &Modules| {
        let darkness = &modules.darkness;
        darkness.iter().map(|value| value.abs().min(1.0)).sum::<f32>() / darkness.len() as f32
    };
    let likely = detections.iter().filter(|detection| detection.is_likely());
    let likely = likely.filter_map(|detection| Some((detection, detection.modules.as_ref()?)));
    let (best, modules) = likely.max_by(|(_, a), (_, b)| sureness(a).total_cmp(&sureness(b)))?;
    Some((best, Opinion::of(modules, best.patches.as_deref())))
}

/// The correlation of two opinions; 0 for codes of different versions.
fn agreement(a: &Modules, b: &Modules) -> f32 {
    if a.version != b.version {
        return 0.0;
    }
    let product =
        |a: &Modules, b: &Modules| -> f32 { a.darkness.iter().zip(&b.darkness).map(|(a, b)| a * b).sum() };
    product(a, b) / (product(a, a) * product(b, b)).sqrt().max(f32::MIN_POSITIVE)
}
