//! Says how much a position of the picture looks like rings of modules around a middle, as finders and alignment patterns
//! are; leaves out which positions are worth asking.
//!
//! The picture is compared by correlation, which neither the light nor the contrast changes. Positions that are searched
//! lie on a lattice, and so do the modules of the rings around each, so every point of it is sampled once for all.

mod lattice;

use super::point::Point;
use super::{Allowance, LumaFrame};
use lattice::Lattice;

/// Square rings around a middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rings {
    /// Whether each is dark, from the middle outwards.
    pub(super) dark: &'static [bool],
    /// Grey levels (times modules) added to the contrast that a likeness is divided by: keeps noise from looking alike.
    pub(super) noise_contrast: f32,
}

/// A finder with the light ring around it.
pub(super) const FINDER: Rings = Rings {
    dark: &[true, true, false, true, false],
    noise_contrast: 40.0,
};

/// One module to the right and one down, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub(super) right: Point,
    pub(super) down: Point,
}

/// Positions to search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search {
    pub(super) middle: Point,
    pub(super) steps: Steps,
    /// How far to each side, in points of the lattice.
    pub(super) reach: i32,
    /// Points of the lattice to a module.
    pub(super) points_a_module: i32,
}

/// A position that was searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likely {
    pub(super) position: Point,
    /// 1 exactly like the rings, 0 not at all.
    pub(super) likeness: f32,
    /// Modules from the middle of the search.
    pub(super) away: f32,
}

impl Rings {
    /// How much one position looks like the rings, laid as the steps say.
    pub(super) fn likeness(
        &self,
        frame: &LumaFrame,
        (middle, steps): (Point, Steps),
        allowance: &Allowance,
    ) -> Option<f32> {
        let search = Search {
            middle,
            steps,
            reach: 0,
            points_a_module: 1,
        };
        Lattice::of(&search, frame, self, allowance)?.row(0, 1).next()
    }

    /// The colours so weighted that light everywhere is worth nothing: per ring, and the sum of their squares.
    fn weights(&self) -> (Vec<f32>, f32) {
        let modules = |ring: usize| if ring == 0 { 1.0 } else { 8.0 * ring as f32 };
        let count = |colour: bool| -> f32 {
            let rings = self.dark.iter().enumerate();
            rings
                .filter(|(_, dark)| **dark == colour)
                .map(|(ring, _)| modules(ring))
                .sum()
        };
        let (dark, light) = (count(true), count(false));
        let all = dark + light;
        let weights = self
            .dark
            .iter()
            .map(|&is_dark| if is_dark { -light / all } else { dark / all });
        (weights.collect(), dark * light / all)
    }
}

impl Search {
    /// How much every position searched that lies in the frame with a `margin` looks like the rings.
    pub(super) fn all(
        &self,
        frame: &LumaFrame,
        rings: &Rings,
        margin: f32,
        allowance: &Allowance,
    ) -> Option<Vec<Likely>> {
        let lattice = Lattice::of(self, frame, rings, allowance)?;
        let (width, height) = (frame.width() as f32 - margin, frame.height() as f32 - margin);
        let positions = (2 * self.reach + 1) as usize;
        let mut all = Vec::with_capacity(positions * positions);
        for v in -self.reach..=self.reach {
            allowance.spend((positions * rings.dark.len() * 3) as u64)?;
            let row = lattice.row((v + self.reach) as usize, positions);
            for (u, likeness) in (-self.reach..=self.reach).zip(row) {
                let position = self.position(u, v);
                if position.x > margin && position.y > margin && position.x < width && position.y < height {
                    let away = (u as f32).hypot(v as f32) / self.points_a_module as f32;
                    all.push(Likely {
                        position,
                        likeness,
                        away,
                    });
                }
            }
        }
        Some(all)
    }

    fn position(&self, u: i32, v: i32) -> Point {
        let modules = 1.0 / self.points_a_module as f32;
        self.middle + self.steps.right * (u as f32 * modules) + self.steps.down * (v as f32 * modules)
    }
}
