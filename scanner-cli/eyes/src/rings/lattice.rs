//! The points that rings are compared at, each sampled once, and the correlation at the positions of a row.

use super::super::{Allowance, LumaFrame};
use super::{Rings, Search};

/// The brightness of every point that a module of the rings may lie on.
pub(super) struct Lattice {
    values: Vec<f32>,
    /// Points along a side.
    side: usize,
    /// What each module of the rings is worth, by its position from that of the first one.
    template: Vec<(usize, f32)>,
    template_squares: f32,
    noise_contrast: f32,
}

impl Lattice {
    pub(super) fn of(
        search: &Search,
        frame: &LumaFrame,
        rings: &Rings,
        allowance: &Allowance,
    ) -> Option<Self> {
        let outermost = rings.dark.len() as i32 - 1;
        let reach = search.reach + outermost * search.points_a_module;
        let side = (2 * reach + 1) as usize;
        allowance.spend((side * side) as u64)?;
        let mut values = Vec::with_capacity(side * side);
        for v in -reach..reach + 1 {
            values.extend((-reach..reach + 1).map(|u| frame.sampled(search.position(u, v))));
        }
        let (weights, template_squares) = rings.weights();
        let modules = (-outermost..=outermost)
            .flat_map(|row| (-outermost..=outermost).map(move |column| (column, row)));
        let template = modules.map(|(column, row)| {
            let (right, down) = ((column + outermost) as usize, (row + outermost) as usize);
            let weight = weights[row.abs().max(column.abs()) as usize];
            ((down * side + right) * search.points_a_module as usize, weight)
        });
        Some(Self {
            values,
            side,
            template: template.collect(),
            template_squares,
            noise_contrast: rings.noise_contrast,
        })
    }

    /// The correlation at the positions of a row, from the first on. They are summed up side by side, a module of the rings
    /// after the other, which a processor does for several positions at once.
    pub(super) fn row(&self, v: usize, positions: usize) -> impl Iterator<Item = f32> {
        let mut tallies = Tallies::of(positions);
        for &(offset, weight) in &self.template {
            tallies.add(&self.values[v * self.side + offset..][..positions], weight);
        }
        let modules = self.template.len() as f32;
        let Tallies {
            sums,
            squares,
            products,
        } = tallies;
        let likeness = move |((sum, square), product): ((f32, f32), f32)| {
            let contrast = (square - sum * sum / modules).max(0.0);
            product / ((contrast * self.template_squares).sqrt() + self.noise_contrast)
        };
        sums.into_iter().zip(squares).zip(products).map(likeness)
    }
}

/// Sums over the modules of the rings, for each position of a row.
struct Tallies {
    sums: Vec<f32>,
    squares: Vec<f32>,
    products: Vec<f32>,
}

impl Tallies {
    fn of(positions: usize) -> Self {
        Self {
            sums: vec![0.0; positions],
            squares: vec![0.0; positions],
            products: vec![0.0; positions],
        }
    }

    fn add(&mut self, values: &[f32], weight: f32) {
        let sums = self
            .sums
            .iter_mut()
            .zip(&mut self.squares)
            .zip(&mut self.products);
        for (((sum, square), product), &value) in sums.zip(values) {
            *sum += value;
            *square += value * value;
            *product += weight * value;
        }
    }
}
