//! Lays a code over the picture that lies shifted line by line: a rolling shutter takes the rows of a swinging code one
//! after another, and what lies beyond a fold is seen shorter. Leaves out curvatures, which are smooth both ways.
//!
//! All modules across a line are shifted alike, so each line tells its own shift: known modules must look as they should
//! and the others be told apart. The shifts of all lines together are the path that costs least from the first to the
//! last (Viterbi), where a change from one line to the next costs by its square.

use super::{Location, Site};
use crate::mapping::{LineShifts, Mapping};
use crate::point::Point;
use crate::samples::Light;
use crate::symbol::{Role, Symbol};

/// Largest version that is tried: the work grows with the modules, and tickets have fewer.
const MOST_SHIFTED_VERSION: usize = 12;

/// How far a line may be shifted each way, in steps.
const REACH: i32 = 12;

/// Modules of a step.
const STEP: f32 = 0.2;

/// Modules between two lines.
const LINE: f32 = 1.0;

/// Most steps from one line to the next.
const MOST_CHANGE: i32 = 3;

/// What a change of one step costs, in modules that look the right way round.
const CHANGE_COST: f32 = 0.25;

/// What it is worth that a module whose colour is not known is told apart, against one that looks as it should.
const UNKNOWN_WORTH: f32 = 0.6;

/// Directions that a fold may have, in half a turn.
const FOLDS: usize = 8;

/// Rounds of laying the lines and nudging the view under them.
const ROUNDS: usize = 2;

/// A module of a code as it lies in the picture before lines are shifted.
struct Spot {
    pixel: Point,
    /// 1 dark, -1 light, 0 not known.
    colour: f32,
    mean: f32,
    spread: f32,
}

impl Site<'_> {
    /// The same code with the line shifts under which its modules are told apart best; `None` when it is too large for that.
    pub(crate) fn located_with_line_shifts(&self, location: &Location) -> Option<Location> {
        if location.symbol.version.number() > MOST_SHIFTED_VERSION {
            return None;
        }
        let landmarks = location.symbol.landmarks();
        let mut shifted = location.clone();
        let mut directions = directions();
        for _ in 0..ROUNDS {
            let steady = shifted.mapping.without_line_shifts();
            let spots = self.spots(&steady, &location.symbol)?;
            let module_px = module_px(&steady, &location.symbol);
            let mut best: Option<(f32, LineShifts)> = None;
            for &direction in &directions {
                let (worth, lines) = self.best_line_shifts(&spots, direction, module_px)?;
                if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                    best = Some((worth, lines));
                }
            }
            let (_, lines) = best?;
            directions = vec![(lines.axis, lines.way)];
            let mapping = steady.with_line_shifts(lines);
            let fit = self.fit(&mapping, &landmarks)?;
            shifted = self.nudged(
                Location {
                    mapping,
                    fit,
                    ..shifted
                },
                &landmarks,
            )?;
        }
        Some(shifted)
    }

    fn spots(&self, steady: &Mapping, symbol: &Symbol) -> Option<Vec<Spot>> {
        let side = symbol.side;
        self.allowance.spend(4 * (side * side) as u64)?;
        let pixel = |at: usize| steady.at(Point::new((at % side) as f32 + 0.5, (at / side) as f32 + 0.5));
        let light = Light::around(side, |at| self.frame.sampled(pixel(at)));
        let spot = |(at, role): (usize, &Role)| {
            let (mean, spread) = light.at(at % side, at / side);
            let colour = match role {
                Role::Fixed { dark: true } => 1.0,
                Role::Fixed { dark: false } => -1.0,
                Role::Format | Role::Data => 0.0,
            };
            Spot {
                pixel: pixel(at),
                colour,
                mean,
                spread,
            }
        };
        Some(symbol.roles().iter().enumerate().map(spot).collect())
    }

    /// The best line shifts along one axis, and what they are worth.
    fn best_line_shifts(
        &self,
        spots: &[Spot],
        (axis, way): (Point, Point),
        module_px: f32,
    ) -> Option<(f32, LineShifts)> {
        let positions = spots.iter().map(|spot| spot.pixel.dot(axis));
        let start = positions.clone().fold(f32::MAX, f32::min);
        let end = positions.clone().fold(f32::MIN, f32::max);
        let step = LINE * module_px;
        let lines = ((end - start) / step).ceil() as usize + 1;
        let shifts = (2 * REACH + 1) as usize;
        let mut worth = vec![0.0; lines * shifts];
        for (spot, position) in spots.iter().zip(positions) {
            self.allowance.spend(2 * shifts as u64)?;
            let line = ((position - start) / step).round() as usize;
            for (shift, worth) in worth[line * shifts..][..shifts].iter_mut().enumerate() {
                let off = way * ((shift as i32 - REACH) as f32 * STEP * module_px);
                let darkness = (spot.mean - self.frame.sampled(spot.pixel + off)) / spot.spread;
                *worth += if spot.colour == 0.0 {
                    darkness.abs().min(1.0) * UNKNOWN_WORTH
                } else {
                    (darkness * spot.colour).clamp(-1.0, 1.0)
                };
            }
        }
        let (worth, path) = best_path(&worth, shifts);
        let shifts = path
            .into_iter()
            .map(|shift| (shift as i32 - REACH) as f32 * STEP * module_px);
        let lines = LineShifts {
            axis,
            way,
            start,
            step,
            shifts: shifts.collect(),
        };
        Some((worth, lines))
    }
}

/// The axes and ways that are tried: the rows of a rolling shutter, and folds.
fn directions() -> Vec<(Point, Point)> {
    let (right, down) = (Point::new(1.0, 0.0), Point::new(0.0, 1.0));
    let folds = (0..FOLDS).map(|at| {
        let (sine, cosine) = (std::f32::consts::PI * at as f32 / FOLDS as f32).sin_cos();
        let across = Point::new(cosine, sine);
        (across, across)
    });
    [(down, right), (right, down)].into_iter().chain(folds).collect()
}

fn module_px(view: &Mapping, symbol: &Symbol) -> f32 {
    let middle = Point::new(symbol.side as f32 / 2.0, symbol.side as f32 / 2.0);
    let (right, down) = view.steps_at(middle);
    ((right.length() + down.length()) / 2.0).max(1.0)
}

/// The shift of each line on the path that is worth most, and what it is worth.
fn best_path(worth: &[f32], shifts: usize) -> (f32, Vec<usize>) {
    let mut sums = worth[..shifts].to_vec();
    let mut came_from: Vec<Vec<usize>> = Vec::new();
    for line in worth.chunks_exact(shifts).skip(1) {
        let best = |shift: usize| {
            let near = -MOST_CHANGE..=MOST_CHANGE;
            let before = near.filter_map(|change| shift.checked_add_signed(change as isize));
            let before = before.filter(|before| *before < shifts);
            let ranked = before.map(|before| {
                let change = before.abs_diff(shift) as f32;
                (sums[before] - CHANGE_COST * change * change, before)
            });
            ranked
                .max_by(|(a, _), (b, _)| a.total_cmp(b))
                .unwrap_or((sums[shift], shift))
        };
        let best: Vec<(f32, usize)> = (0..shifts).map(best).collect();
        sums = best
            .iter()
            .zip(line)
            .map(|((sum, _), worth)| sum + worth)
            .collect();
        came_from.push(best.into_iter().map(|(_, before)| before).collect());
    }
    let ends = (0..shifts).max_by(|&a, &b| sums[a].total_cmp(&sums[b]));
    let mut path = vec![ends.unwrap_or(0)];
    let worth = sums[path[0]];
    for came_from in came_from.iter().rev() {
        path.push(came_from[path[path.len() - 1]]);
    }
    path.reverse();
    (worth, path)
}
