//! Two codes in one picture, the second unlike the first in size, ink or sharpness.

use usher_eyes::LumaFrame;

use super::effects::ticket;
use super::scene::Scene;

/// Pairs there are.
pub const PAIRS: usize = 12;

/// Pairs of which both must be read; a reader that stops at the first pass that reads something has three less.
pub const PAIRS_FLOOR: usize = 11;

/// What sets the second code apart from the first.
const APART: [fn(Scene) -> Scene; 6] = [
    |scene| scene,
    |scene| Scene {
        ink: (200.0, 30.0),
        ..scene
    },
    |scene| Scene {
        module_px: 2.6,
        ..scene
    },
    |scene| Scene { blur: 2.2, ..scene },
    |scene| Scene {
        ink: (120.0, 165.0),
        noise: 5.0,
        ..scene
    },
    |scene| Scene {
        askew: (30.0, -15.0),
        module_px: 6.0,
        ..scene
    },
];

/// The picture of a pair, side by side, and what both say.
pub fn pair(number: usize) -> (LumaFrame, [String; 2]) {
    let base = |at: usize| Scene {
        size: (480, 480),
        turned: [3.0, -20.0, 92.0, 40.0][(number + at) % 4],
        seed: (number * 2 + at) as u64 + 1,
        ..Scene::of(&ticket(number + at))
    };
    let scenes = [base(0), APART[number % APART.len()](base(7))];
    let [left, right] = scenes.each_ref().map(Scene::frame);
    let rows = left.luma().chunks_exact(480).zip(right.luma().chunks_exact(480));
    let luma = rows.flat_map(|(left, right)| [left, right].concat()).collect();
    let frame = LumaFrame::new(960, 480, luma).expect("two squares side by side");
    (frame, scenes.map(|scene| scene.text))
}
