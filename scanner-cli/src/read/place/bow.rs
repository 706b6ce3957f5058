//! Lays a code over the picture as a bow: paper around a can, or a page that curls; leaves out creases.
//!
//! A sheet that is bent one way is straight the other way, so what the bend does to one row of the code it
//! does to all of them. The timing patterns are rows of known modules right across the code: the bow under
//! which a timing pattern looks as it should is the bow of the code. It leaves the finders where they are,
//! which is why it is made of `1 - x²` (the sheet rises or sinks between them) and `x - x³` (its middle is
//! seen wider than its edges), with x from -1 at one finder to 1 at the other.

use super::{Placed, Site, likely_versions, views};
use crate::read::mapping::{Bow, Mapping};
use crate::read::point::Point;
use crate::read::symbol::Symbol;
use crate::read::trio::Trio;

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

/// What each step of a bow costs: the flattest that fits is the likeliest.
const STEP_COST: f32 = 0.01;

impl Site<'_> {
    /// Lays the likeliest bent code over three finders.
    pub(in crate::read) fn place_bent(&self, trio: &Trio) -> Option<Placed> {
        let mut best: Option<Placed> = None;
        let versions = likely_versions(self.estimated_version(trio));
        for &version in versions.iter().take(VERSIONS_TRIED) {
            let symbol = Symbol::of(version);
            let landmarks = symbol.landmarks();
            let fourths = super::alignment::candidates(self, trio, symbol.side)?;
            let views = views(trio, version, &fourths);
            let Some(flat) = views.first() else { continue };
            let across = self.best_bow(flat, &symbol, Bow::across)?;
            let down = self.best_bow(flat, &symbol, Bow::down)?;
            for view in &views {
                let [once, other] = [&across, &down].map(|bow| view.bowed(bow));
                for mapping in [once.bowed(&down), once, other] {
                    let fit = self.fit(&mapping, &landmarks)?;
                    if best.as_ref().is_none_or(|best| fit > best.fit) {
                        best = Some(Placed {
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

    /// The bow along one side under which that side's timing pattern fits best.
    fn best_bow(&self, flat: &Mapping, symbol: &Symbol, bow: fn(Point, Point) -> Bow) -> Option<Bow> {
        let middle = Point::new(symbol.side as f32 / 2.0, symbol.side as f32 / 2.0);
        let (right, down) = flat.steps_at(middle);
        let is_across = bow(right, down) == Bow::across(right, down);
        let (along, aside) = if is_across { (right, down) } else { (down, right) };
        let timing: Vec<(usize, usize, bool)> = (8..symbol.side - 8)
            .map(|at| {
                if is_across {
                    (at, 6, at % 2 == 0)
                } else {
                    (6, at, at % 2 == 0)
                }
            })
            .collect();
        let mut best = (f32::MIN, bow(Point::default(), Point::default()));
        for steps_aside in -MOST_ASIDE..=MOST_ASIDE {
            for steps_along in -MOST_ALONG..=MOST_ALONG {
                for stretch in -MOST_STRETCH..=MOST_STRETCH {
                    let rise = (aside * steps_aside as f32 + along * steps_along as f32) * STEP;
                    let bow = bow(rise, along * (stretch as f32 * STEP));
                    let steps = steps_aside.abs() + steps_along.abs() + stretch.abs();
                    let fit = self.fit(&flat.bowed(&bow), &timing)? - STEP_COST * steps as f32;
                    if fit > best.0 {
                        best = (fit, bow);
                    }
                }
            }
        }
        Some(best.1)
    }
}
