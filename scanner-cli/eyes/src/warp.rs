//! Follows the modules of a code on bent paper; leaves out flat codes, which the perspective fits.
//!
//! The view is right near the finders and the alignment patterns and drifts away from them. So the code is
//! cut into patches that overlap, and from the patterns outwards each patch is shifted to where its modules
//! are told apart best: between two modules of different colour a sample is grey, in their middles it is dark
//! or light, so the shift with the most contrast is the one that hits the middles. A patch starts from the
//! shift of its neighbours, which is why half a module is enough to search.

use super::mapping::{MAX_TERMS, Mapping, Tie};
use super::point::Point;
use super::symbol::{FINDER_INSET, Symbol};
use super::{Allowance, LumaFrame};

/// Modules between two patches.
const PATCH_STEP: usize = 3;

/// Modules from the middle of a patch to its edge.
const PATCH_REACH: i32 = 3;

/// Modules a patch is shifted at most against its neighbours, to each side.
const SHIFTS: [f32; 7] = [-0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45];

/// What a shift by a module costs, as a part of the contrast: in doubt the neighbours are right.
const SHIFT_COST: f32 = 0.12;

/// How far a patch follows its own modules; the rest it follows its neighbours.
const OWN_WILL: f32 = 0.65;

/// The view with a warp that follows the modules.
pub(super) fn followed(
    frame: &LumaFrame,
    view: &Mapping,
    symbol: &Symbol,
    allowance: &Allowance,
) -> Option<Mapping> {
    let patches = Patches {
        frame,
        view,
        side: symbol.side as f32,
    };
    let count = (symbol.side - 4) / PATCH_STEP;
    let middle = |at: usize| {
        let along = |at: usize| 2.5 + (at * PATCH_STEP) as f32;
        Point::new(along(at % count), along(at / count))
    };
    let mut shifts: Vec<Option<Point>> = vec![None; count * count];
    let mut ties = Vec::with_capacity(count * count);
    for at in outwards(symbol, count * count, middle) {
        allowance.spend(2 * 49 * 49)?;
        let start = neighbours(&shifts, at, count);
        let own = patches.best_shift(middle(at), start);
        let shift = start * (1.0 - OWN_WILL) + own * OWN_WILL;
        shifts[at] = Some(shift);
        ties.push(Tie {
            module: middle(at),
            pixel: view.at(middle(at) + shift),
            weight: 1.0,
        });
    }
    view.warped(&ties, MAX_TERMS, 0.01)
}

/// All patches, those near a finder or an alignment pattern first.
fn outwards(symbol: &Symbol, patches: usize, middle: impl Fn(usize) -> Point) -> Vec<usize> {
    let far = symbol.side as f32 - FINDER_INSET;
    let mut patterns = vec![
        Point::new(FINDER_INSET, FINDER_INSET),
        Point::new(far, FINDER_INSET),
        Point::new(FINDER_INSET, far),
    ];
    let alignments = symbol.version.alignment_centres();
    patterns.extend(
        alignments
            .into_iter()
            .map(|(x, y)| Point::new(x as f32 + 0.5, y as f32 + 0.5)),
    );
    let distance = |at: usize| {
        patterns
            .iter()
            .map(|pattern| pattern.distance(middle(at)))
            .fold(f32::MAX, f32::min)
    };
    let mut order: Vec<(f32, usize)> = (0..patches).map(|at| (distance(at), at)).collect();
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    order.into_iter().map(|(_, at)| at).collect()
}

/// The mean shift of the patches around that have one, the nearer the weightier.
fn neighbours(shifts: &[Option<Point>], at: usize, count: usize) -> Point {
    let (x, y) = (at % count, at / count);
    let (mut sum, mut weights) = (Point::default(), 0.0);
    for row in y.saturating_sub(2)..(y + 3).min(count) {
        for column in x.saturating_sub(2)..(x + 3).min(count) {
            if let Some(shift) = shifts[row * count + column] {
                let weight = 1.0 / (row.abs_diff(y).pow(2) + column.abs_diff(x).pow(2)) as f32;
                sum = sum + shift * weight;
                weights += weight;
            }
        }
    }
    if weights > 0.0 { sum * (1.0 / weights) } else { sum }
}

struct Patches<'a> {
    frame: &'a LumaFrame,
    view: &'a Mapping,
    side: f32,
}

impl Patches<'_> {
    fn best_shift(&self, middle: Point, start: Point) -> Point {
        // Within a patch the view is as good as linear.
        let origin = self.view.at(middle + start);
        let (right, down) = self.view.steps_at(middle + start);
        let contrast = |off: Point| {
            self.contrast(
                middle + start,
                origin + right * off.x + down * off.y,
                (right, down),
            )
        };
        let unshifted = contrast(Point::default());
        let mut best = (unshifted, start);
        for x in SHIFTS {
            for y in SHIFTS {
                let off = Point::new(x, y);
                let score = contrast(off) - unshifted * SHIFT_COST * off.length();
                if score > best.0 {
                    best = (score, start + off);
                }
            }
        }
        best.1
    }

    /// The mean distance of the modules of a patch from their mean brightness.
    fn contrast(&self, middle: Point, pixel: Point, (right, down): (Point, Point)) -> f32 {
        let mut values = [0.0; 49];
        let mut count = 0;
        for row in -PATCH_REACH..=PATCH_REACH {
            for column in -PATCH_REACH..=PATCH_REACH {
                let off = Point::new(column as f32, row as f32);
                let module = middle + off;
                if (0.0..=self.side).contains(&module.x) && (0.0..=self.side).contains(&module.y) {
                    values[count] = self.frame.sampled(pixel + right * off.x + down * off.y);
                    count += 1;
                }
            }
        }
        let values = &values[..count];
        let mean = values.iter().sum::<f32>() / count as f32;
        values.iter().map(|value| (value - mean).abs()).sum::<f32>() / count as f32
    }
}
