//! Guesses the third finder of a code from two; leaves out codes of which less is seen.
//!
//! A glare, a finger or a crease hides one finder. Two finders are neighbours along a side or opposite each
//! other along the diagonal; each gives places where the third must be, around which it is searched in grey,
//! by correlation, where even a half hidden one stands out.

use super::finder::Finder;
use super::point::Point;
use super::trio::Trio;
use super::{Allowance, LumaFrame};

/// Most finders of which pairs are made.
const MAX_PAIRED: usize = 6;

/// Most trios that are handed on.
const MAX_GUESSES: usize = 3;

/// Rows that must have hit a finder of a pair.
const ROWS_SURE: u32 = 2;

/// Likeness from which on a place may be the third finder.
const LIKE_A_FINDER: f32 = 0.45;

/// Likeness at a place up to half a module beside the middle, from which on it is worth to look closer.
const WORTH_A_SECOND_LOOK: f32 = 0.3;

/// Grey levels added to the contrast that a likeness is divided by: keeps noise from looking alike.
const NOISE_CONTRAST: f32 = 40.0;

/// Which corner of the code the two finders leave open.
#[derive(Clone, Copy)]
enum Open {
    BottomLeft,
    TopRight,
    TopLeft,
}

/// Places around a middle, in modules.
struct Square {
    middle: Point,
    reach: f32,
    step: f32,
}

/// A place where the third finder may be, with one module to the right and one down there.
struct Guess {
    place: Point,
    right: Point,
    down: Point,
}

/// Trios of two found finders and a guessed one, the likeliest first.
pub(super) fn guess(frame: &LumaFrame, finders: &[Finder], allowance: &Allowance) -> Option<Vec<Trio>> {
    let sure: Vec<Finder> = finders
        .iter()
        .filter(|finder| finder.rows >= ROWS_SURE)
        .take(MAX_PAIRED)
        .copied()
        .collect();
    let mut found = Vec::new();
    for a in &sure {
        for b in &sure {
            let modules = a.centre.distance(b.centre) / ((a.module_px + b.module_px) / 2.0);
            let alike = a.module_px.max(b.module_px) <= a.module_px.min(b.module_px) * 1.7;
            if !alike || !(10.0..190.0).contains(&modules) {
                continue;
            }
            for open in [Open::BottomLeft, Open::TopRight, Open::TopLeft] {
                found.extend(searched(frame, (a, b), open, allowance)?);
            }
        }
    }
    found.sort_by(|(a, _), (b, _): &(f32, Trio)| b.total_cmp(a));
    found.truncate(MAX_GUESSES);
    Some(found.into_iter().map(|(_, trio)| trio).collect())
}

/// Searches the third finder around where a square would have it; `Some(None)` when it is not there.
fn searched(
    frame: &LumaFrame,
    (a, b): (&Finder, &Finder),
    open: Open,
    allowance: &Allowance,
) -> Option<Option<(f32, Trio)>> {
    let module_px = (a.module_px + b.module_px) / 2.0;
    let guess = guessed(a.centre, b.centre, open, module_px);
    let modules = a.centre.distance(b.centre) / module_px;
    let reach = (modules * 0.22).clamp(4.0, 9.0);
    let coarse = best_in(
        frame,
        &guess,
        Square {
            middle: guess.place,
            reach,
            step: 1.0,
        },
        allowance,
    )?;
    let fine = match coarse {
        Some((likeness, middle)) if likeness > WORTH_A_SECOND_LOOK => best_in(
            frame,
            &guess,
            Square {
                middle,
                reach: 0.75,
                step: 0.25,
            },
            allowance,
        )?,
        Some(_) | None => None,
    };
    Some(
        fine.filter(|(likeness, _)| *likeness > LIKE_A_FINDER)
            .map(|(likeness, centre)| {
                let third = Finder {
                    centre,
                    module_px,
                    rows: 1,
                };
                let (top_left, top_right, bottom_left) = match open {
                    Open::BottomLeft => (*a, *b, third),
                    Open::TopRight => (*a, third, *b),
                    Open::TopLeft => (third, *a, *b),
                };
                (
                    likeness,
                    Trio {
                        top_left,
                        top_right,
                        bottom_left,
                    },
                )
            }),
    )
}

/// The place in a square that looks most like a finder, and how much.
fn best_in(
    frame: &LumaFrame,
    guess: &Guess,
    square: Square,
    allowance: &Allowance,
) -> Option<Option<(f32, Point)>> {
    let module_px = guess.right.length();
    let count = (square.reach / square.step) as i32;
    let mut best: Option<(f32, Point)> = None;
    for row in -count..=count {
        for column in -count..=count {
            let off = Point::new(column as f32, row as f32) * (square.step * module_px);
            let place = square.middle + off;
            if !inside(frame, place, 3.0 * module_px) {
                continue;
            }
            allowance.spend(81)?;
            let likeness = likeness(frame, &Guess { place, ..*guess });
            if best.is_none_or(|(best, _)| likeness > best) {
                best = Some((likeness, place));
            }
        }
    }
    Some(best)
}

/// Completes the square: the third corner lies a quarter turn from the side, or over the middle of the
/// diagonal.
fn guessed(a: Point, b: Point, open: Open, module_px: f32) -> Guess {
    let way = b - a;
    let step = way * (module_px / way.length());
    match open {
        Open::BottomLeft => Guess {
            place: a + way.turned(),
            right: step,
            down: step.turned(),
        },
        Open::TopRight => Guess {
            place: a - way.turned(),
            right: step.turned() * -1.0,
            down: step,
        },
        Open::TopLeft => {
            // From the top right to the bottom left: half the way along it, half across.
            let place = a + (way - way.turned() * -1.0) * 0.5;
            let right = (a - place) * (module_px / (a - place).length());
            Guess {
                place,
                right,
                down: right.turned(),
            }
        }
    }
}

fn inside(frame: &LumaFrame, place: Point, margin: f32) -> bool {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    place.x > margin && place.y > margin && place.x < width - margin && place.y < height - margin
}

/// How much a place looks like the middle of a finder with the light ring around it: 1 exactly, 0 not at all.
fn likeness(frame: &LumaFrame, guess: &Guess) -> f32 {
    // 33 dark modules and 48 light ones, so that the template's mean is zero.
    const DARK: f32 = 48.0 / 81.0;
    const LIGHT: f32 = -33.0 / 81.0;
    const TEMPLATE_SQUARES: f32 = 33.0 * DARK * DARK + 48.0 * LIGHT * LIGHT;
    let (mut sum, mut squares, mut product) = (0.0, 0.0, 0.0);
    for row in -4..=4_i32 {
        let start = guess.place + guess.down * row as f32;
        for column in -4..=4_i32 {
            let value = frame.sampled(start + guess.right * column as f32);
            let ring = row.abs().max(column.abs());
            sum += value;
            squares += value * value;
            product -= value * if ring == 2 || ring == 4 { LIGHT } else { DARK };
        }
    }
    let contrast = (squares - sum * sum / 81.0).max(0.0);
    product / ((contrast * TEMPLATE_SQUARES).sqrt() + NOISE_CONTRAST)
}
