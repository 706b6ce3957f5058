//! How dark the modules of a located code are; leaves out what they say.
//!
//! The light differs across a code, so darkness is told against the mean and the spread of the modules
//! around. Blur and motion smear modules into each other. Since the colour of the finders, the timing and the
//! alignment patterns is known, the smearing of this very picture can be learnt from them and undone: every
//! module is estimated from a patch of samples around it with the weights that estimate the known modules
//! best (least squares), and then once more with the modules that came out sure.

use super::linear::solve;
use super::mapping::Mapping;
use super::point::Point;
use super::symbol::{Role, Symbol, Version};
use super::{Allowance, LumaFrame};

/// Modules to each side that the light is told from.
const LIGHT_REACH: usize = 5;

/// The same where light has edges: a reflected window, a crease that shines.
const NEAR_LIGHT_REACH: usize = 2;

/// Part of the code's own spread that a square of modules has at least which is of more than one colour.
const LEAST_SPREAD: f32 = 0.12;

/// Samples along a side of the patch, half a module apart.
const PATCH_SIDE: usize = 5;

/// Samples of a patch and a constant.
const FEATURES: usize = PATCH_SIDE * PATCH_SIDE + 1;

/// The middle of the patch.
const MIDDLE: usize = PATCH_SIDE * PATCH_SIDE / 2;

/// Times the weights are learnt again from what came out sure.
const RELEARNT: usize = 2;

/// How dark each module is: over 0 dark, under 0 light, 1 and -1 sure.
#[derive(Debug, Clone)]
pub(super) struct Modules {
    pub(super) version: Version,
    pub(super) side: usize,
    pub(super) darkness: Vec<f32>,
}

impl Modules {
    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        self.darkness[y * self.side + x]
    }

    /// The same code seen in a mirror along the diagonal through its top left finder.
    pub(super) fn mirrored(&self) -> Self {
        let positions = (0..self.side).flat_map(|y| (0..self.side).map(move |x| (y, x)));
        Self {
            darkness: positions.map(|(x, y)| self.at(x, y)).collect(),
            ..*self
        }
    }
}

/// A code sampled twice for each module along both axes, with one module of its surroundings.
pub(super) struct Samples<'a> {
    symbol: &'a Symbol,
    brightness: Vec<f32>,
    /// For each module its patch, darkness against the light around, and 1.
    features: Vec<[f32; FEATURES]>,
}

impl<'a> Samples<'a> {
    pub(super) fn take(
        frame: &LumaFrame,
        mapping: &Mapping,
        symbol: &'a Symbol,
        allowance: &Allowance,
    ) -> Option<Self> {
        let side = symbol.side;
        // From half a module outside the first module's edge to the same beyond the last.
        let width = 2 * side + 3;
        let mut brightness = Vec::with_capacity(width * width);
        for y in 0..width {
            allowance.spend(3 * width as u64)?;
            let position = |at: usize| at as f32 * 0.5 - 0.5;
            brightness
                .extend((0..width).map(|x| frame.sampled(mapping.at(Point::new(position(x), position(y))))));
        }
        let mut samples = Self {
            symbol,
            brightness,
            features: Vec::new(),
        };
        samples.tell_apart(Light::at);
        Some(samples)
    }

    /// The same in light that has edges.
    pub(super) fn in_edged_light(mut self) -> Self {
        self.tell_apart(Light::calmest_at);
        self
    }

    /// Tells the darkness of each patch against the mean and the spread of the light around its module.
    fn tell_apart(&mut self, light_at: impl Fn(&Light, usize, usize) -> (f32, f32)) {
        let (side, brightness) = (self.symbol.side, &self.brightness);
        let width = 2 * side + 3;
        let middles = |at: usize| (at / side * 2 + 2) * width + at % side * 2 + 2;
        let light = Light::around(side, |at| brightness[middles(at)]);
        let features = (0..side * side).map(|at| {
            let (mean, spread) = light_at(&light, at % side, at / side);
            let corner = middles(at) - (PATCH_SIDE / 2) * (width + 1);
            let mut features = [1.0; FEATURES];
            for (row, features) in features[..FEATURES - 1].chunks_exact_mut(PATCH_SIDE).enumerate() {
                let patch = &brightness[corner + row * width..][..PATCH_SIDE];
                for (feature, brightness) in features.iter_mut().zip(patch) {
                    *feature = (mean - brightness) / spread;
                }
            }
            features
        });
        self.features = features.collect();
    }

    /// The middles of the modules as they are.
    pub(super) fn plain(&self) -> Modules {
        self.modules(self.features.iter().map(|features| features[MIDDLE]).collect())
    }

    /// The modules with the smearing undone.
    pub(super) fn equalised(&self, allowance: &Allowance) -> Option<Modules> {
        let mut darkness: Vec<f32> = self.features.iter().map(|features| features[MIDDLE]).collect();
        for round in 0..=RELEARNT {
            allowance.spend(4 * self.features.len() as u64)?;
            let mut lessons = Lessons::new();
            for ((features, role), &darkness) in self.features.iter().zip(self.symbol.roles()).zip(&darkness)
            {
                match role {
                    Role::Fixed { dark } => lessons.learn(features, if *dark { 1.0 } else { -1.0 }, 1.0),
                    Role::Format | Role::Data if round > 0 && darkness.abs() > 0.25 => {
                        lessons.learn(features, darkness.signum(), darkness.abs().min(1.0) * 0.7);
                    }
                    Role::Format | Role::Data => {}
                }
            }
            let Some(weights) = lessons.weights(if round == 0 { 12.0 } else { 6.0 }) else {
                break;
            };
            for (darkness, features) in darkness.iter_mut().zip(&self.features) {
                *darkness = features
                    .iter()
                    .zip(&weights)
                    .map(|(feature, weight)| feature * weight)
                    .sum();
            }
        }
        Some(self.modules(darkness))
    }

    fn modules(&self, darkness: Vec<f32>) -> Modules {
        Modules {
            version: self.symbol.version,
            side: self.symbol.side,
            darkness,
        }
    }
}

/// Sums over squares of modules, from which the mean and the spread around each come in a few additions.
pub(super) struct Light {
    side: usize,
    sums: Vec<[f64; 2]>,
}

impl Light {
    pub(super) fn around(side: usize, brightness: impl Fn(usize) -> f32) -> Self {
        let width = side + 1;
        let mut sums = vec![[0.0; 2]; width * width];
        for y in 0..side {
            let mut row = [0.0; 2];
            for x in 0..side {
                let value = f64::from(brightness(y * side + x));
                row = [row[0] + value, row[1] + value * value];
                let above = sums[y * width + x + 1];
                sums[(y + 1) * width + x + 1] = [above[0] + row[0], above[1] + row[1]];
            }
        }
        Self { side, sums }
    }

    /// The mean and the spread around a module.
    pub(super) fn at(&self, x: usize, y: usize) -> (f32, f32) {
        self.within((x, y), LIGHT_REACH)
    }

    /// The mean and the spread of the square with the least spread among those that hold a module: near an edge of
    /// the light it lies to one side.
    fn calmest_at(&self, x: usize, y: usize) -> (f32, f32) {
        let middle = self.side / 2;
        let least = LEAST_SPREAD * self.within((middle, middle), self.side).1;
        let span = |at: usize| {
            let last = self.side - 1 - NEAR_LIGHT_REACH;
            at.saturating_sub(NEAR_LIGHT_REACH).max(NEAR_LIGHT_REACH)..=(at + NEAR_LIGHT_REACH).min(last)
        };
        let squares = span(y).flat_map(|y| span(x).map(move |x| (x, y)));
        let lights = squares.map(|square| self.within(square, NEAR_LIGHT_REACH));
        let calmest = lights
            .filter(|(_, spread)| *spread > least)
            .min_by(|(_, a), (_, b)| a.total_cmp(b));
        calmest.unwrap_or_else(|| self.at(x, y))
    }

    fn within(&self, (x, y): (usize, usize), reach: usize) -> (f32, f32) {
        let span = |at: usize| (at.saturating_sub(reach), (at + reach + 1).min(self.side));
        let ((left, right), (top, bottom)) = (span(x), span(y));
        let modules = ((right - left) * (bottom - top)) as f64;
        let sum = |x: usize, y: usize| self.sums[y * (self.side + 1) + x];
        let part = |kind: usize| {
            let whole = sum(right, bottom)[kind] - sum(left, bottom)[kind];
            (whole - sum(right, top)[kind] + sum(left, top)[kind]) / modules
        };
        let mean = part(0);
        // Two grey levels at least: in even light noise must not look like a code.
        let spread = (part(1) - mean * mean).max(4.0).sqrt();
        (mean as f32, spread as f32)
    }
}

/// The normal equations of a least-squares fit.
struct Lessons {
    squares: Box<[[f32; FEATURES]; FEATURES]>,
    answers: [f32; FEATURES],
}

impl Lessons {
    fn new() -> Self {
        Self {
            squares: Box::new([[0.0; FEATURES]; FEATURES]),
            answers: [0.0; FEATURES],
        }
    }

    fn learn(&mut self, features: &[f32; FEATURES], answer: f32, weight: f32) {
        for (i, row) in self.squares.iter_mut().enumerate() {
            let factor = features[i] * weight;
            for (square, feature) in row.iter_mut().zip(features) {
                *square += factor * feature;
            }
            self.answers[i] += factor * answer;
        }
    }

    /// The weights, drawn with some `stiffness` to the middle alone, which is right where nothing is smeared.
    fn weights(&self, stiffness: f64) -> Option<[f32; FEATURES]> {
        let mut matrix: Vec<f64> = self.squares.iter().flatten().copied().map(f64::from).collect();
        let mut right = self.answers.map(f64::from);
        for at in 0..FEATURES {
            matrix[at * (FEATURES + 1)] += stiffness;
        }
        right[MIDDLE] += stiffness * 0.8;
        solve(&mut matrix, &mut right).then(|| right.map(|weight| weight as f32))
    }
}
