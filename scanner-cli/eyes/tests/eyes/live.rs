//! Live tickets beside printed ones, in the same scenes and at the same distance: their codes say two and a half times as much.

use super::effects::Effect;
use super::scene::Scene;

/// Digits of a printed ticket of a reserved seat: 37 modules a side.
const PRINTED_DIGITS: usize = 183;
/// Digits of the same ticket, shown live: 57 modules a side.
const LIVE_DIGITS: usize = 440;
/// Width of a module in millimetres on paper of 30 mm, which is 45 of them with the quiet zone (docs/PRINTING.md).
const PRINTED_MM: f32 = 30.0 / 45.0;
/// The same on a screen of 55 mm, of 65 modules.
const LIVE_MM: f32 = 55.0 / 65.0;
/// What a gate asks its camera for, in pixels.
const FRAME: (u32, u32) = (1280, 720);
/// Which of an effect's scenes are drawn: a mild one and one of middle hardness.
const AT: [usize; 2] = [1, 4];

/// Widest module of a live code, in pixels: a phone is held so that its code fits the picture.
const WIDEST_LIVE_PX: f32 = 600.0 / 65.0;
/// What happens to paper alone, and scenes that are drawn around a code of a certain size.
const LEFT_OUT: [&str; 8] = [
    "bent",
    "bent and askew",
    "crumpled",
    "ink spread",
    "small ink spread",
    "at the picture's edge",
    "edge to edge",
    "close to a corner",
];

/// Tells whether an effect happens to both alike.
pub fn happens_to_phones(effect: &Effect) -> bool {
    !LEFT_OUT.contains(&effect.name)
}

/// A ticket on paper and one on a phone.
pub struct Beside {
    pub printed: Scene,
    pub live: Scene,
}

fn digits(count: usize, seed: usize) -> String {
    let digit = |at: usize| (at * 7 + seed * 13 + at * at * (seed + 3)) % 10;
    let drawn = (0..count).map(|at| char::from(b'0' + digit(at) as u8));
    drawn.collect()
}

/// Draws both in scenes of an effect.
pub fn beside(effect: &Effect) -> impl Iterator<Item = Beside> {
    effect
        .scenes()
        .enumerate()
        .filter(|(at, _)| AT.contains(at))
        .map(|(at, scene)| {
            let printed = Scene {
                text: digits(PRINTED_DIGITS, at),
                size: FRAME,
                ..scene
            };
            let live = Scene {
                text: digits(LIVE_DIGITS, at),
                module_px: (printed.module_px * LIVE_MM / PRINTED_MM).min(WIDEST_LIVE_PX),
                ..printed.clone()
            };
            Beside { printed, live }
        })
}
