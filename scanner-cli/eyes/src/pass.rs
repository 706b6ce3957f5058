//! One pass over a frame: in one size and one polarity, from finders to bytes; leaves out which passes are worth
//! it.

use std::sync::Arc;

use super::attempts::{Attempts, Laid};
use super::binary::{Binary, Threshold};
use super::content::Content;
use super::detection::{Detection, HOPEFUL_FIT, LEAST_TIMING_FIT};
use super::finder::Finder;
use super::location::{Location, Site};
use super::point::Point;
use super::samples::Samples;
use super::trio::{self, Trio};
use super::{Allowance, LumaFrame, bits, finder, third, warp};

/// How hard to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// As every frame of a camera deserves.
    Quick,
    /// With everything there is.
    Deep,
}

/// A frame to be looked at, dark codes on light ones only.
pub(super) struct Pass<'a> {
    pub(super) frame: &'a LumaFrame,
    pub(super) threshold: Threshold,
    pub(super) effort: Effort,
    /// What other passes over the frame in this size and polarity have tried.
    pub(super) attempts: &'a Attempts,
    pub(super) allowance: &'a Allowance<'a>,
}

/// Finders that must be seen of a code; the third can be guessed.
const FEWEST_FINDERS: usize = 2;

/// Trios that are tried in vain before a quick pass ends.
const QUICK_FAILURES: usize = 4;

/// Trios that are tried in vain before a deep pass ends.
const DEEP_FAILURES: usize = 8;

/// Fit of the known modules from which on a code is flat.
const FLAT_FIT: f32 = 0.85;

/// Fit from which on a code laid as curved, or with its warp followed, is worth its time: those that are read have 0.85,
/// and noise that is warped to fit stays under it.
const FIT_OF_A_WARP: f32 = 0.66;

/// Mean likeness of the three finders from which on a curvature is searched: those of curved codes that are read have 0.57.
const SQUARENESS_OF_A_CURVATURE: f32 = 0.35;

/// Mean likeness of the three finders from which on line shifts are searched for what fits badly without: a wave of more than a
/// module leaves a code little of its fit, but its finders half of their likeness.
const SQUARENESS_OF_A_SHIFT: f32 = 0.4;

/// Modules along a side of the largest code whose patches are kept: those of version 16 take a megabyte.
const MOST_KEPT_SIDE: usize = 81;

/// Times a warp is followed; the second starts where the first ended.
const WARP_ROUNDS: usize = 2;

/// What a pass saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) detections: Vec<Detection>,
    /// Fewer finders than a code must show: a deeper pass would not see one either.
    pub(super) barren: bool,
    /// Finders that look like those of one code: a larger picture may tell more.
    pub(super) promising: bool,
}

/// What quick and deep passes of one size, polarity and threshold have in common.
pub(super) struct Sketch {
    binary: Binary,
    finders: Vec<Finder>,
}

impl Pass<'_> {
    /// Dark and light, and the finders among them; `None` when the allowance is used up.
    pub(super) fn sketch(&self) -> Option<Sketch> {
        let binary = Binary::of(self.frame, self.threshold, self.allowance)?;
        let finders = finder::find(&binary, self.allowance)?;
        Some(Sketch { binary, finders })
    }

    /// Everything that is seen, as far as the allowance goes.
    pub(super) fn seen(&self, sketch: &Sketch) -> Seen {
        let mut seen = Seen {
            barren: sketch.finders.len() < FEWEST_FINDERS,
            ..Seen::default()
        };
        // An allowance that is used up ends the pass with what was seen until then.
        let _ = self.see(sketch, &mut seen);
        seen
    }

    fn see(&self, Sketch { binary, finders }: &Sketch, seen: &mut Seen) -> Option<()> {
        let site = Site {
            frame: self.frame,
            binary,
            allowance: self.allowance,
        };
        let failures = if self.effort == Effort::Quick {
            QUICK_FAILURES
        } else {
            DEEP_FAILURES
        };
        let trios = site.square(trio::group(finders))?;
        seen.promising = !trios.is_empty();
        self.try_all(&site, &trios, failures, &mut seen.detections);
        if self.effort == Effort::Deep
            && seen
                .detections
                .iter()
                .all(|detection| detection.content.is_none())
        {
            let guesses = third::guess((self.frame, self.attempts), finders, self.allowance)?;
            seen.promising |= !guesses.is_empty();
            self.try_all(&site, &guesses, failures, &mut seen.detections);
        }
        Some(())
    }

    fn try_all(&self, site: &Site, trios: &[Trio], mut failures: usize, detections: &mut Vec<Detection>) {
        let mut read: Vec<Trio> = Vec::new();
        for trio in trios {
            if failures == 0 {
                return;
            }
            if read.iter().any(|read| read.shares(trio)) {
                continue;
            }
            match self.detection(site, trio) {
                Some(detection) if detection.content.is_some() => {
                    read.push(*trio);
                    detections.push(detection);
                }
                Some(detection) => {
                    failures -= 1;
                    detections.push(detection);
                }
                None => failures -= 1,
            }
        }
    }

    /// Reads a code laid flat, and in a deep pass in all other ways there are, unless that was done before.
    fn detection(&self, site: &Site, trio: &Trio) -> Option<Detection> {
        let known = self.attempts.of(trio);
        if known.as_ref().is_some_and(|known| known.is_exhausted) {
            return None;
        }
        let laid = match known {
            Some(known) => known.laid,
            None => self.laid(site, trio),
        }?;
        if laid.detection.content.is_some() || self.effort == Effort::Quick {
            return Some(laid.detection);
        }
        let deeper = self.deeper(site, trio, &laid);
        if self.allowance.steps_left() > 0 {
            self.attempts.exhaust(trio);
        }
        // Steps that ran out take nothing away from what was seen.
        Some(deeper.unwrap_or(laid.detection))
    }

    /// Lays a code flat and reads it.
    fn laid(&self, site: &Site, trio: &Trio) -> Option<Laid> {
        let laid = site.locate(trio).and_then(|location| {
            let detection = if location.fit < HOPEFUL_FIT {
                unread(site, &location)
            } else {
                self.read_plainly(site, &location)?
            };
            Some(Laid { location, detection })
        });
        // What an allowance cut short may turn out otherwise with more of it.
        if self.allowance.steps_left() > 0 {
            self.attempts.add(trio, laid.clone());
        }
        laid
    }

    /// Reads a code that cannot be read flat: in light with edges, as curved, with its warp followed, with its lines shifted.
    fn deeper(&self, site: &Site, trio: &Trio, flat: &Laid) -> Option<Detection> {
        let location = &flat.location;
        let is_worth_more = location.fit >= FIT_OF_A_WARP && flat.detection.timing_fit > LEAST_TIMING_FIT;
        if is_worth_more {
            let content = self.content_in_edged_light(site, location)?;
            if content.is_some() {
                return Some(Detection {
                    content,
                    ..flat.detection.clone()
                });
            }
        }
        if location.fit < FLAT_FIT
            && site.squareness(trio)? >= SQUARENESS_OF_A_CURVATURE
            && let Some(curved) = site
                .locate_curved(trio)
                .filter(|curved| curved.fit > location.fit)
            && curved.fit >= FIT_OF_A_WARP
        {
            let detection = self.read(site, &curved)?;
            if detection.content.is_some() {
                return Some(detection);
            }
            if let Some(detection) = self.followed(site, curved) {
                return Some(detection);
            }
        }
        if !is_worth_more {
            let may_be_shifted =
                location.fit >= HOPEFUL_FIT && site.squareness(trio)? >= SQUARENESS_OF_A_SHIFT;
            return may_be_shifted
                .then(|| self.with_line_shifts(site, location))
                .flatten();
        }
        if let Some(detection) = self.followed(site, location.clone()) {
            return Some(detection);
        }
        self.with_line_shifts(site, location)
    }

    /// Reads a code with the line shifts under which its modules are told apart best.
    fn with_line_shifts(&self, site: &Site, location: &Location) -> Option<Detection> {
        let shifted = site.located_with_line_shifts(location)?;
        let detection = self.read(site, &shifted)?;
        if detection.content.is_some() {
            return Some(detection);
        }
        self.followed(site, shifted)
    }

    /// Reads a code with its warp followed; only one that is a code beyond doubt, for print has no warp but
    /// takes as long.
    fn followed(&self, site: &Site, mut location: Location) -> Option<Detection> {
        if location.fit < FIT_OF_A_WARP {
            return None;
        }
        for _ in 0..WARP_ROUNDS {
            location.mapping =
                warp::followed(site.frame, &location.mapping, &location.symbol, self.allowance)?;
            let detection = self.read(site, &location)?;
            if detection.content.is_some() {
                return Some(detection);
            }
        }
        None
    }

    /// Reads the modules plainly, in a deep pass also as if the light had edges.
    fn read(&self, site: &Site, location: &Location) -> Option<Detection> {
        let mut detection = self.read_plainly(site, location)?;
        if detection.content.is_none() && self.effort == Effort::Deep && location.fit >= FIT_OF_A_WARP {
            detection.content = self.content_in_edged_light(site, location)?;
        }
        Some(detection)
    }

    /// Reads the modules as they are, then with blur undone.
    fn read_plainly(&self, site: &Site, location: &Location) -> Option<Detection> {
        let symbol = &location.symbol;
        let samples = Samples::take(site.frame, &location.mapping, symbol, self.allowance)?;
        let mut modules = samples.plain();
        let mut content = bits::decode(&modules, symbol, self.allowance);
        let mut patches = None;
        if content.is_none() {
            let seen = samples.patches();
            modules = seen.equalised(symbol, self.allowance)?;
            content = bits::decode(&modules, symbol, self.allowance);
            patches = (symbol.side <= MOST_KEPT_SIDE).then(|| Arc::new(seen));
        }
        Some(Detection {
            modules: Some(modules),
            patches,
            content,
            ..unread(site, location)
        })
    }

    /// What the modules say when each is compared with the calmest square around it; `Some(None)` when that is nothing.
    fn content_in_edged_light(&self, site: &Site, location: &Location) -> Option<Option<Content>> {
        let symbol = &location.symbol;
        let samples = Samples::take(site.frame, &location.mapping, symbol, self.allowance)?.in_edged_light();
        if let Some(content) = bits::decode(&samples.plain(), symbol, self.allowance) {
            return Some(Some(content));
        }
        let modules = samples.patches().equalised(symbol, self.allowance)?;
        Some(bits::decode(&modules, symbol, self.allowance))
    }
}

/// A code of which nothing was read.
fn unread(site: &Site, location: &Location) -> Detection {
    Detection {
        corners: corners(location),
        modules: None,
        patches: None,
        fit: location.fit,
        timing_fit: site.timing_fit(location),
        content: None,
    }
}

fn corners(location: &Location) -> [Point; 4] {
    let side = location.symbol.side as f32;
    [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)].map(|(u, v)| location.mapping.at(Point::new(u, v)))
}
