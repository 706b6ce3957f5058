//! Finds the version of a code and where its modules lie, from three finders; leaves out what the modules
//! say.
//!
//! Three points give a code seen from the front or askew, but not in perspective; the alignment pattern near
//! the fourth corner is the fourth point. Every likely version is laid over the picture with every likely
//! alignment pattern, and the one under which the known modules look as they should wins: the timing patterns
//! fit no other version. Then all alignment patterns are measured, the view is fitted to them, with a warp
//! where there are enough, and at last each number of the view is nudged as long as that makes the known
//! modules fit better.

mod alignment;
mod curvature;
mod line_shifts;

use super::binary::Binary;
use super::finder::{Finder, module_towards};
use super::mapping::{Mapping, Tie};
use super::point::Point;
use super::rings::{FINDER, Steps};
use super::symbol::{FINDER_INSET, Symbol, Version};
use super::trio::Trio;
use super::{Allowance, LumaFrame};

/// Worst fit that is handed on; noise with three finder look-alikes reaches 0.2.
const WORST_FIT: f32 = 0.22;

/// Mean likeness of the three finders from which on it is worth to lay codes over them. Text, leaves and noise that have the
/// lengths of a finder along lines stay under it in three cases of four; the most blurred codes that can be read have little
/// more.
const LEAST_SQUARENESS: f32 = 0.12;

/// Best fit of the two likeliest versions under which the others are not tried: the finders alone give a code more, whatever
/// its version.
const LEAST_FIT_OF_NEIGHBOURS: f32 = 0.12;

/// A fit that leaves no doubt about the version: other versions reach 0.6.
const CLEAR_FIT: f32 = 0.8;

/// How much a version loses for each step from the one the finders' distance tells.
const OFF_VERSION: f32 = 0.01;

/// Largest version for which the alignment pattern is searched anew; in larger ones a module is so small a
/// part of the side that the neighbours' search finds it too.
const MOST_SEARCHED: usize = 11;

/// Known modules that are compared with their own light: light differs across a code.
const LANDMARKS_A_GROUP: usize = 24;

/// Fit from which on a round is worth its time in which every number of the view is nudged: those with less end under what
/// is hopeful.
const LEAST_FITS_OF_ROUNDS: [f32; 4] = [0.26, 0.32, 0.32, 0.32];

/// How far alignment patterns are searched from where the view says, round by round, in quarters of a module.
const MEASURED_QUARTERS: [i32; 3] = [7, 4, 4];

/// How far perspective moves the fourth corner of a code without alignment patterns, in modules each way: at 45°, held
/// close.
const MOST_PERSPECTIVE: i32 = 3;

/// How much a view loses for a fourth corner that no alignment pattern shows: in doubt the code is seen from the front.
const GUESSED_CORNER: f32 = 0.05;

/// A code laid over the picture.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub(super) symbol: Symbol,
    pub(super) mapping: Mapping,
    /// How well the known modules look as they should: 1 perfect, 0 by chance.
    pub(super) fit: f32,
}

/// Where a code is looked for.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) frame: &'a LumaFrame,
    pub(super) binary: &'a Binary,
    pub(super) allowance: &'a Allowance<'a>,
}

impl Site<'_> {
    /// Lays the likeliest code over three finders; `None` when nothing there looks like one.
    pub(super) fn locate(&self, trio: &Trio) -> Option<Location> {
        let mut best: Option<Location> = None;
        let estimate = self.estimated_version(trio);
        let versions = likely_versions(estimate);
        let mut fourths = alignment::candidates(self, trio, versions.first()?.side())?;
        for (at, &version) in versions.iter().enumerate() {
            if at > 0 && version.number() <= MOST_SEARCHED {
                fourths = alignment::candidates(self, trio, version.side())?;
            }
            let symbol = Symbol::of(version);
            let landmarks = symbol.landmarks();
            let doubt = OFF_VERSION * (version.number() as f32 - estimate).abs();
            for (at, mapping) in views(trio, version, &fourths).into_iter().enumerate() {
                let guessed = if at > 0 && version.number() == 1 {
                    GUESSED_CORNER
                } else {
                    0.0
                };
                let fit = self.fit(&mapping, &landmarks)? - doubt - guessed;
                if best.as_ref().is_none_or(|best| fit > best.fit) {
                    best = Some(Location {
                        symbol: symbol.clone(),
                        mapping,
                        fit,
                    });
                }
            }
            if best.as_ref().is_some_and(|best| best.fit > CLEAR_FIT) {
                break;
            }
            if at > 0
                && best
                    .as_ref()
                    .is_none_or(|best| best.fit < LEAST_FIT_OF_NEIGHBOURS)
            {
                return None;
            }
        }
        let best = best.filter(|best| best.fit > WORST_FIT)?;
        self.refined(best, trio)
    }

    /// Those of the trios whose finders look like finders as the three lie.
    pub(super) fn square(&self, trios: Vec<Trio>) -> Option<Vec<Trio>> {
        let mut square = Vec::with_capacity(trios.len());
        for trio in trios {
            if self.squareness(&trio)? >= LEAST_SQUARENESS {
                square.push(trio);
            }
        }
        Some(square)
    }

    /// How much the three finders look like finders in grey, turned as the three lie: 1 exactly, 0 by chance.
    pub(super) fn squareness(&self, trio: &Trio) -> Option<f32> {
        let step = |to: &Finder| {
            let modules = self.modules_between(&trio.top_left, to);
            (to.centre - trio.top_left.centre) * (1.0 / modules)
        };
        let steps = Steps {
            right: step(&trio.top_right),
            down: step(&trio.bottom_left),
        };
        let mut sum = 0.0;
        for finder in trio.finders() {
            sum += FINDER.likeness(self.frame, (finder.centre, steps), self.allowance)?;
        }
        Some(sum / 3.0)
    }

    /// How many modules the distance of two finders is. Perspective makes modules differ, so they are measured in
    /// both, along the line between them.
    fn modules_between(&self, from: &Finder, to: &Finder) -> f32 {
        let module = |here: &Finder, there: &Finder| {
            module_towards(self.binary, here, there.centre).unwrap_or(here.module_px)
        };
        from.centre.distance(to.centre) / (module(from, to) + module(to, from)) * 2.0
    }

    /// The version that the distance of the finders in modules tells.
    fn estimated_version(&self, trio: &Trio) -> f32 {
        let across = self.modules_between(&trio.top_left, &trio.top_right);
        let down = self.modules_between(&trio.top_left, &trio.bottom_left);
        ((across + down) / 2.0 + 2.0 * FINDER_INSET - 17.0) / 4.0
    }

    /// The mean agreement of the known modules with the picture under a view.
    pub(super) fn fit(&self, mapping: &Mapping, landmarks: &[(usize, usize, bool)]) -> Option<f32> {
        self.allowance.spend(2 * landmarks.len() as u64)?;
        Some(self.agreement(landmarks, |&(x, y, dark)| {
            (mapping.at(Point::new(x as f32 + 0.5, y as f32 + 0.5)), dark)
        }))
    }

    /// The mean agreement of the timing patterns alone.
    pub(super) fn timing_fit(&self, location: &Location) -> f32 {
        let landmarks = location.symbol.landmarks();
        let timing = &landmarks[..location.symbol.timing_landmarks()];
        self.fit(&location.mapping, timing).unwrap_or(0.0)
    }

    /// The mean agreement of modules with the picture, each group against its own mean and spread.
    pub(super) fn agreement<T>(
        &self,
        modules: &[T],
        position_and_colour: impl Fn(&T) -> (Point, bool),
    ) -> f32 {
        let mut total = 0.0;
        for group in modules.chunks(LANDMARKS_A_GROUP) {
            let (mut brightness, mut colours) = ([0.0; LANDMARKS_A_GROUP], [0.0; LANDMARKS_A_GROUP]);
            for (at, module) in group.iter().enumerate() {
                let (position, dark) = position_and_colour(module);
                brightness[at] = self.frame.sampled(position);
                colours[at] = if dark { 1.0 } else { -1.0 };
            }
            let (brightness, colours) = (&brightness[..group.len()], &colours[..group.len()]);
            let count = group.len() as f32;
            let mean = brightness.iter().sum::<f32>() / count;
            let variance = brightness.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
            // Three grey levels at least: in even light noise must not look like a pattern.
            let spread = variance.sqrt().max(3.0);
            let mean_colour = colours.iter().sum::<f32>() / count;
            let agreements = colours.iter().zip(brightness);
            total += agreements
                .map(|(colour, value)| (colour - mean_colour) * (mean - value))
                .sum::<f32>()
                / spread;
        }
        total / modules.len() as f32
    }

    /// Fits the view to every alignment pattern, then nudges it.
    fn refined(&self, mut location: Location, trio: &Trio) -> Option<Location> {
        let side = location.symbol.side;
        let landmarks = location.symbol.landmarks();
        for reach in MEASURED_QUARTERS {
            let mut ties = finder_ties(trio, side).to_vec();
            for (x, y) in location.symbol.version.alignment_centres() {
                let module = Point::new(x as f32 + 0.5, y as f32 + 0.5);
                let seen = alignment::measured(self, &location.mapping, module, reach)?;
                ties.extend(seen.map(|(pixel, likeness)| tie(module, pixel, likeness * 1.2)));
            }
            if ties.len() < 4 {
                break;
            }
            let Some(mut mapping) = Mapping::through(&ties, side) else {
                continue;
            };
            let warp_terms = match ties.len() {
                0..8 => 0,
                8..20 => 6,
                _ => 10,
            };
            if warp_terms > 0 {
                mapping = mapping.warped(&ties, warp_terms, 0.02).unwrap_or(mapping);
            }
            let fit = self.fit(&mapping, &landmarks)?;
            if fit > location.fit {
                location = Location {
                    mapping,
                    fit,
                    ..location
                };
            }
        }
        self.nudged(location, &landmarks)
    }

    /// Moves each number of the view a little one way or the other while the known modules fit better for it.
    pub(super) fn nudged(
        &self,
        mut location: Location,
        landmarks: &[(usize, usize, bool)],
    ) -> Option<Location> {
        let mut modules = 0.5;
        for least_fit in LEAST_FITS_OF_ROUNDS {
            if location.fit < least_fit {
                break;
            }
            let mut better = false;
            for knob in 0..location.mapping.knobs() {
                for way in [1.0, -1.0] {
                    let mapping = location.mapping.nudged(knob, modules * way);
                    let fit = self.fit(&mapping, landmarks)?;
                    if fit > location.fit {
                        location = Location {
                            mapping,
                            fit,
                            ..location
                        };
                        better = true;
                        break;
                    }
                }
            }
            if !better {
                modules /= 2.0;
            }
        }
        Some(location)
    }
}

/// Views of a code of this version: flat, and through each position that may be its last alignment pattern; where there is
/// none, through any fourth corner, which the squares of the finders and the timing tell apart.
fn views(trio: &Trio, version: Version, alignments: &[Point]) -> Vec<Mapping> {
    let side = version.side();
    let ties = finder_ties(trio, side);
    let far = side as f32 - FINDER_INSET;
    let corner = trio.top_right.centre + trio.bottom_left.centre - trio.top_left.centre;
    let mut fourths = vec![tie(Point::new(far, far), corner, 1.0)];
    if version.number() == 1 {
        let module = 1.0 / (far - FINDER_INSET);
        let right = (trio.top_right.centre - trio.top_left.centre) * module;
        let down = (trio.bottom_left.centre - trio.top_left.centre) * module;
        let aside = || (-MOST_PERSPECTIVE..=MOST_PERSPECTIVE).map(|modules| modules as f32);
        let positions = aside().flat_map(|v| aside().map(move |u| corner + right * u + down * v));
        fourths.extend(positions.map(|pixel| tie(Point::new(far, far), pixel, 1.0)));
    } else {
        let middle = Point::new(side as f32 - 6.5, side as f32 - 6.5);
        fourths.extend(alignments.iter().map(|&pixel| tie(middle, pixel, 1.0)));
    }
    let view = |fourth| Mapping::through(&[ties[0], ties[1], ties[2], fourth], side);
    fourths.into_iter().filter_map(view).collect()
}

/// The versions around the estimated one, nearest first; the larger, the less the estimate says.
fn likely_versions(estimate: f32) -> Vec<Version> {
    let nearest = (estimate.round() as i32).clamp(1, 40);
    let reach = if nearest > 12 { 3 } else { 2 };
    let mut numbers: Vec<i32> = (nearest - reach..=nearest + reach).collect();
    numbers.sort_by(|&a, &b| {
        (a as f32 - estimate)
            .abs()
            .total_cmp(&(b as f32 - estimate).abs())
    });
    numbers.into_iter().filter_map(Version::new).collect()
}

fn tie(module: Point, pixel: Point, weight: f32) -> Tie {
    Tie {
        module,
        pixel,
        weight,
    }
}

/// The centres of the three finders.
fn finder_ties(trio: &Trio, side: usize) -> [Tie; 3] {
    let far = side as f32 - FINDER_INSET;
    [
        tie(Point::new(FINDER_INSET, FINDER_INSET), trio.top_left.centre, 1.5),
        tie(Point::new(far, FINDER_INSET), trio.top_right.centre, 1.5),
        tie(Point::new(FINDER_INSET, far), trio.bottom_left.centre, 1.5),
    ]
}
