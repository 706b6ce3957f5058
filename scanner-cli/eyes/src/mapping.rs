//! Where in the picture a position of the code lies; leaves out how that is found out.
//!
//! A flat code seen by a camera is a perspective view: with `(u, v)` a position in the code from 0 to 1, `x =
//! (h0·u + h1·v + h2) / w`, `y = (h3·u + h4·v + h5) / w`, `w = h6·u + h7·v + 1`. Four points give the eight
//! numbers, more give the best ones by least squares. Paper warps: a smooth polynomial of up to [`MAX_TERMS`]
//! terms for each axis is added to the perspective in pixels.

mod curvature;
mod shifted_lines;

use std::rc::Rc;

use super::linear::solve;
use super::point::Point;
use super::symbol::FINDER_INSET;

pub(super) use curvature::{Curvature, Side};
pub(super) use shifted_lines::LineShifts;

/// Most terms of the warp: all up to the third degree, and three of the fourth.
pub(super) const MAX_TERMS: usize = 13;

/// Terms up to the third degree, which a curvature needs.
const CURVATURE_TERMS: usize = 10;

/// A position in the code, in modules, that was seen at a position in the picture, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tie {
    pub(super) module: Point,
    pub(super) pixel: Point,
    pub(super) weight: f32,
}

/// A view of a code: modules in, pixels out.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    /// Modules along a side.
    side: f64,
    perspective: [f64; 8],
    warp: Vec<[f64; 2]>,
    line_shifts: Option<Rc<LineShifts>>,
}

impl Mapping {
    /// The perspective that fits at least four ties best.
    pub(super) fn through(ties: &[Tie], side: usize) -> Option<Self> {
        let side = side as f64;
        let (mut matrix, mut right) = ([0.0; 64], [0.0; 8]);
        for tie in ties {
            let (u, v) = (f64::from(tie.module.x) / side, f64::from(tie.module.y) / side);
            let (x, y) = (f64::from(tie.pixel.x), f64::from(tie.pixel.y));
            let rows = [
                ([u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x], x),
                ([0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y], y),
            ];
            for (row, value) in rows {
                for i in 0..8 {
                    right[i] += row[i] * value;
                    for j in 0..8 {
                        matrix[i * 8 + j] += row[i] * row[j];
                    }
                }
            }
        }
        solve(&mut matrix, &mut right).then_some(Self {
            side,
            perspective: right,
            warp: Vec::new(),
            line_shifts: None,
        })
    }

    /// The same view with these line shifts and no others.
    pub(super) fn with_line_shifts(&self, lines: LineShifts) -> Self {
        Self {
            line_shifts: Some(Rc::new(lines)),
            ..self.clone()
        }
    }

    /// The same view without its line shifts.
    pub(super) fn without_line_shifts(&self) -> Self {
        Self {
            line_shifts: None,
            ..self.clone()
        }
    }

    /// The pixel where a position of the code is seen.
    pub(super) fn at(&self, module: Point) -> Point {
        let (u, v) = (f64::from(module.x) / self.side, f64::from(module.y) / self.side);
        let h = &self.perspective;
        let w = 1.0 / (h[6] * u + h[7] * v + 1.0);
        let (mut x, mut y) = ((h[0] * u + h[1] * v + h[2]) * w, (h[3] * u + h[4] * v + h[5]) * w);
        if !self.warp.is_empty() {
            for (term, warp) in terms(u, v).iter().zip(&self.warp) {
                x += term * warp[0];
                y += term * warp[1];
            }
        }
        let steady = Point::new(x as f32, y as f32);
        self.line_shifts.as_ref().map_or(steady, |lines| lines.at(steady))
    }

    /// One module to the right and one down at a position of the code, in pixels.
    pub(super) fn steps_at(&self, module: Point) -> (Point, Point) {
        let here = self.at(module);
        (
            self.at(module + Point::new(1.0, 0.0)) - here,
            self.at(module + Point::new(0.0, 1.0)) - here,
        )
    }

    /// The same perspective with the warp of the given number of terms that fits the ties best; `stiffness`
    /// keeps it flat where there are none.
    pub(super) fn warped(&self, ties: &[Tie], count: usize, stiffness: f64) -> Option<Self> {
        let flat = Self {
            warp: Vec::new(),
            ..self.clone()
        };
        let mut matrix = vec![0.0; count * count];
        let (mut right_x, mut right_y) = (vec![0.0; count], vec![0.0; count]);
        for tie in ties {
            let terms = terms(
                f64::from(tie.module.x) / self.side,
                f64::from(tie.module.y) / self.side,
            );
            let off = tie.pixel - flat.at(tie.module);
            let weight = f64::from(tie.weight);
            for i in 0..count {
                right_x[i] += weight * terms[i] * f64::from(off.x);
                right_y[i] += weight * terms[i] * f64::from(off.y);
                for j in 0..count {
                    matrix[i * count + j] += weight * terms[i] * terms[j];
                }
            }
        }
        for i in 0..count {
            matrix[i * count + i] += stiffness;
        }
        let solved = solve(&mut matrix.clone(), &mut right_x) && solve(&mut matrix, &mut right_y);
        let warp = right_x.into_iter().zip(right_y).map(|(x, y)| [x, y]).collect();
        solved.then_some(Self { warp, ..flat })
    }

    /// The same view with a curvature added.
    pub(super) fn curved(&self, curvature: &Curvature) -> Self {
        let mut curved = self.clone();
        curved
            .warp
            .resize(curved.warp.len().max(CURVATURE_TERMS), [0.0; 2]);
        // The finders' middles, where the curvature is zero, on a code from -1 to 1.
        let end = 1.0 - 2.0 * f64::from(FINDER_INSET) / self.side;
        let [linear, square, cube] = match curvature.side {
            Side::Across => [1, 4, 8],
            Side::Down => [2, 5, 9],
        };
        let terms = [
            (0, curvature.rise, 1.0),
            (square, curvature.rise, -1.0 / (end * end)),
            (linear, curvature.stretch, 1.0),
            (cube, curvature.stretch, -1.0 / (end * end)),
        ];
        for (term, px, factor) in terms {
            curved.warp[term][0] += f64::from(px.x) * factor;
            curved.warp[term][1] += f64::from(px.y) * factor;
        }
        curved
    }

    /// How many numbers [`Mapping::nudged`] can change.
    pub(super) fn knobs(&self) -> usize {
        8 + 2 * self.warp.len().saturating_sub(3)
    }

    /// Changes one number so that the view moves by about `modules` where it moves most. The first three
    /// terms of the warp are left alone: the perspective has them.
    pub(super) fn nudged(&self, knob: usize, modules: f64) -> Self {
        let mut nudged = self.clone();
        let h = &self.perspective;
        let side_px = (h[0].abs() + h[1].abs() + h[3].abs() + h[4].abs()) / 2.0;
        let px = side_px / self.side * modules;
        match knob {
            0..6 => nudged.perspective[knob] += px,
            6..8 => nudged.perspective[knob] += modules / 50.0,
            _ => nudged.warp[3 + (knob - 8) / 2][knob % 2] += px,
        }
        nudged
    }
}

/// The terms of the warp on a code that goes from -1 to 1.
fn terms(u: f64, v: f64) -> [f64; MAX_TERMS] {
    let (x, y) = (u * 2.0 - 1.0, v * 2.0 - 1.0);
    let (xx, yy) = (x * x, y * y);
    [
        1.0,
        x,
        y,
        x * y,
        xx,
        yy,
        xx * y,
        x * yy,
        xx * x,
        yy * y,
        xx * yy,
        xx * xx,
        yy * yy,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tie(u: f32, v: f32, x: f32, y: f32) -> Tie {
        Tie {
            module: Point::new(u, v),
            pixel: Point::new(x, y),
            weight: 1.0,
        }
    }

    #[test]
    fn four_ties_make_a_perspective_that_goes_through_them() {
        let ties = [
            tie(3.5, 3.5, 100.0, 90.0),
            tie(21.5, 3.5, 310.0, 120.0),
            tie(3.5, 21.5, 80.0, 300.0),
            tie(18.5, 18.5, 240.0, 260.0),
        ];
        let mapping = Mapping::through(&ties, 25).unwrap();
        for tie in ties {
            assert!(mapping.at(tie.module).distance(tie.pixel) < 0.01);
        }
    }

    #[test]
    fn a_warp_is_learnt_from_ties_off_the_perspective() {
        let corners = [
            tie(0.0, 0.0, 0.0, 0.0),
            tie(20.0, 0.0, 200.0, 0.0),
            tie(0.0, 20.0, 0.0, 200.0),
            tie(20.0, 20.0, 200.0, 200.0),
        ];
        let flat = Mapping::through(&corners, 20).unwrap();
        let seen = |u: f32, v: f32| tie(u, v, u * 10.0, v * 10.0 + (u / 10.0 - 1.0).powi(2) * 6.0);
        let ties: Vec<Tie> = (0..121)
            .map(|at| seen((at % 11 * 2) as f32, (at / 11 * 2) as f32))
            .collect();
        let warped = flat.warped(&ties, 10, 0.001).unwrap();
        for tie in &ties {
            assert!(warped.at(tie.module).distance(tie.pixel) < 0.1);
        }
    }

    #[test]
    fn ties_on_one_line_make_no_view() {
        let ties: Vec<Tie> = (0..4)
            .map(|at| tie(at as f32, at as f32, at as f32, at as f32))
            .collect();
        assert!(Mapping::through(&ties, 21).is_none());
    }
}
