//! Finds how a code is curved along one side: paper around a can, or a page that curls; leaves out creases.
//!
//! A sheet that is bent one way is straight the other way, so what the curvature does to one row of the
//! code it does to all of them. The timing patterns are rows of known modules right across the code: the curvature
//! under which a timing pattern looks as it should is that of the code. It leaves the finders where they are,
//! which is why it is made of `1 - x²` (the sheet rises or sinks between them) and `x - x³` (its middle is
//! seen wider than its edges), with x from -1 at one finder to 1 at the other.

use super::{Location, Site, likely_versions, views};
use crate::mapping::{Curvature, Mapping, Side};
use crate::point::Point;
use crate::symbol::Symbol;
use crate::trio::Trio;

/// Versions that are tried: the finders of a bent code are closer together than those of a flat one.
const VERSIONS_TRIED: usize = 4;

/// How far the middle of a timing pattern may be off to the side: modules, both ways.
const MOST_ASIDE: i32 = 10;

/// How far it may be off along its way.
const MOST_ALONG: i32 = 4;

/// How far its quarters may be off along its way.
const MOST_STRETCH: i32 = 3;

/// Modules of one step of the search.
const STEP: f32 = 0.5;

/// Steps between two of the first search, which is of the best of them repeated in single ones.
const COARSE: usize = 2;

/// Positions of the first search that are searched again.
const REFINED: usize = 6;

/// Fit of a side's timing pattern, curved as fits it best, under which there is no code of that version: those of curved codes
/// that are read have 0.9, and squares on a lattice stay under it.
const LEAST_TIMING_FIT: f32 = 0.6;

/// What each step of a curvature costs: the flattest that fits is the likeliest.
const STEP_COST: f32 = 0.01;

impl Site<'_> {
    /// Lays the likeliest curved code over three finders.
    pub(crate) fn locate_curved(&self, trio: &Trio) -> Option<Location> {
        let mut best: Option<Location> = None;
        let versions = likely_versions(self.estimated_version(trio));
        for &version in versions.iter().take(VERSIONS_TRIED) {
            let symbol = Symbol::of(version);
            let seen_flat = views(trio, version, &[]);
            let Some(flat) = seen_flat.first() else { continue };
            let (fit, across) = self.best_curvature(flat, &symbol, Side::Across)?;
            if fit < LEAST_TIMING_FIT {
                continue;
            }
            let (fit, down) = self.best_curvature(flat, &symbol, Side::Down)?;
            if fit < LEAST_TIMING_FIT {
                continue;
            }
            let landmarks = symbol.landmarks();
            let fourths = super::alignment::candidates(self, trio, symbol.side)?;
            for view in &views(trio, version, &fourths) {
                let [once, other] = [&across, &down].map(|curvature| view.curved(curvature));
                for mapping in [once.curved(&down), once, other] {
                    let fit = self.fit(&mapping, &landmarks)?;
                    if best.as_ref().is_none_or(|best| fit > best.fit) {
                        best = Some(Location {
                            symbol: symbol.clone(),
                            mapping,
                            fit,
                        });
                    }
                }
            }
        }
        let best = best.filter(|best| best.fit > super::WORST_FIT)?;
        let landmarks = best.symbol.landmarks();
        self.nudged(best, &landmarks)
    }

    /// The curvature along one side under which that side's timing pattern fits best, and how well.
    fn best_curvature(&self, flat: &Mapping, symbol: &Symbol, side: Side) -> Option<(f32, Curvature)> {
        let middle = Point::new(symbol.side as f32 / 2.0, symbol.side as f32 / 2.0);
        let (right, down) = flat.steps_at(middle);
        let (along, aside) = match side {
            Side::Across => (right, down),
            Side::Down => (down, right),
        };
        let timing = timing(flat, symbol, side);
        let tried = |[steps_aside, steps_along, stretch]: [i32; 3]| {
            let curvature = Curvature {
                side,
                rise: (aside * steps_aside as f32 + along * steps_along as f32) * STEP,
                stretch: along * (stretch as f32 * STEP),
            };
            let steps = steps_aside.abs() + steps_along.abs() + stretch.abs();
            let fit = self.agreement(&timing, |module| (module.under(&curvature), module.dark));
            (fit - STEP_COST * steps as f32, curvature)
        };
        let mut coarse = Vec::new();
        for steps_aside in (-MOST_ASIDE..=MOST_ASIDE).step_by(COARSE) {
            self.allowance
                .spend((MOST_ALONG as u64 + 1) * (MOST_STRETCH as u64 + 1) * timing.len() as u64)?;
            for steps_along in (-MOST_ALONG..=MOST_ALONG).step_by(COARSE) {
                for stretch in (-MOST_STRETCH..=MOST_STRETCH).step_by(COARSE) {
                    let steps = [steps_aside, steps_along, stretch];
                    coarse.push((tried(steps).0, steps));
                }
            }
        }
        coarse.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let mut best = (f32::MIN, Curvature::none(side));
        for (_, around) in coarse.into_iter().take(REFINED) {
            self.allowance.spend(27 * timing.len() as u64)?;
            for at in 0..27_i32 {
                let near = [at % 3 - 1, at / 3 % 3 - 1, at / 9 - 1];
                let fine = tried([0, 1, 2].map(|knob| around[knob] + near[knob]));
                if fine.0 > best.0 {
                    best = fine;
                }
            }
        }
        Some(best)
    }
}

/// A module of a timing pattern.
struct Timing {
    /// Where it is on flat paper.
    flat: Point,
    /// How much of the rise and of the stretch it takes part in.
    parts: [f32; 2],
    dark: bool,
}

impl Timing {
    fn under(&self, curvature: &Curvature) -> Point {
        self.flat + curvature.rise * self.parts[0] + curvature.stretch * self.parts[1]
    }
}

/// The timing pattern along a side.
fn timing(flat: &Mapping, symbol: &Symbol, side: Side) -> Vec<Timing> {
    let modules = (8..symbol.side - 8).map(|at| {
        let (along, aside) = (at as f32 + 0.5, 6.5);
        let module = match side {
            Side::Across => Point::new(along, aside),
            Side::Down => Point::new(aside, along),
        };
        Timing {
            flat: flat.at(module),
            parts: Curvature::parts(along, symbol.side),
            dark: at % 2 == 0,
        }
    });
    modules.collect()
}
