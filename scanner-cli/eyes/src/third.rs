//! Guesses the third finder of a code from two; leaves out codes of which less is seen.
//!
//! A glare, a finger or a crease hides one finder. Two finders are neighbours along a side or opposite each
//! other along the diagonal; each gives positions where the third must be, around which it is searched in grey,
//! by correlation, where even a half hidden one stands out.

use super::attempts::Attempts;
use super::finder::Finder;
use super::point::Point;
use super::rings::{FINDER, Search, Steps};
use super::trio::Trio;
use super::{Allowance, LumaFrame};

/// Most finders of which pairs are made.
const MAX_PAIRED: usize = 6;

/// Most trios that are handed on.
const MAX_GUESSES: usize = 3;

/// Rows that must have hit a finder of a pair.
const ROWS_SURE: u32 = 2;

/// Likeness from which on a position may be the third finder.
const LIKE_A_FINDER: f32 = 0.45;

/// Likeness that both finders of a pair have at least, turned as the third must be: what only looks like one along lines
/// has half of it.
const LIKE_ONE_OF_A_PAIR: f32 = 0.15;

/// Likeness at a position up to half a module beside the middle, from which on it is worth to look closer.
const WORTH_A_SECOND_LOOK: f32 = 0.3;

/// Which corner of the code the two finders leave open.
#[derive(Clone, Copy)]
enum Open {
    BottomLeft,
    TopRight,
    TopLeft,
}

/// A position where the third finder may be, with one module to the right and one down there.
struct Guess {
    position: Point,
    steps: Steps,
}

/// How far the third finder is searched, and in how many steps to a module.
#[derive(Clone, Copy)]
struct Fineness {
    reach: i32,
    points_a_module: i32,
}

/// Trios of two found finders and a guessed one, the likeliest first.
pub(super) fn guess(
    (frame, attempts): (&LumaFrame, &Attempts),
    finders: &[Finder],
    allowance: &Allowance,
) -> Option<Vec<Trio>> {
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
            if !alike || !(10.0..190.0).contains(&modules) || attempts.is_lone(&[*a, *b]) {
                continue;
            }
            let before = found.len();
            for open in [Open::BottomLeft, Open::TopRight, Open::TopLeft] {
                found.extend(searched(frame, (a, b), open, allowance)?);
            }
            if found.len() == before {
                attempts.add_lone([*a, *b]);
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
    for finder in [a, b] {
        let seen = FINDER.likeness(frame, (finder.centre, guess.steps), allowance)?;
        if seen < LIKE_ONE_OF_A_PAIR {
            return Some(None);
        }
    }
    let modules = a.centre.distance(b.centre) / module_px;
    let coarse = Fineness {
        reach: (modules * 0.22).clamp(4.0, 9.0) as i32,
        points_a_module: 1,
    };
    let fine = match best_in(frame, &guess, coarse, allowance)? {
        Some((likeness, position)) if likeness > WORTH_A_SECOND_LOOK => {
            let closer = Fineness {
                reach: 3,
                points_a_module: 4,
            };
            best_in(frame, &Guess { position, ..guess }, closer, allowance)?
        }
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

/// The position that looks most like a finder, and how much.
fn best_in(
    frame: &LumaFrame,
    guess: &Guess,
    fineness: Fineness,
    allowance: &Allowance,
) -> Option<Option<(f32, Point)>> {
    let search = Search {
        middle: guess.position,
        steps: guess.steps,
        reach: fineness.reach,
        points_a_module: fineness.points_a_module,
    };
    let margin = 3.0 * guess.steps.right.length();
    let positions = search.all(frame, &FINDER, margin, allowance)?;
    let best = positions
        .into_iter()
        .max_by(|a, b| a.likeness.total_cmp(&b.likeness));
    Some(best.map(|best| (best.likeness, best.position)))
}

/// Completes the square: the third corner lies a quarter turn from the side, or over the middle of the
/// diagonal.
fn guessed(a: Point, b: Point, open: Open, module_px: f32) -> Guess {
    let way = b - a;
    let step = way * (module_px / way.length());
    let (position, right, down) = match open {
        Open::BottomLeft => (a + way.turned(), step, step.turned()),
        Open::TopRight => (a - way.turned(), step.turned() * -1.0, step),
        Open::TopLeft => {
            // From the top right to the bottom left: half the way along it, half across.
            let position = a + (way + way.turned()) * 0.5;
            let right = (a - position) * (module_px / (a - position).length());
            (position, right, right.turned())
        }
    };
    Guess {
        position,
        steps: Steps { right, down },
    }
}
