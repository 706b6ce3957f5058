//! What a camera sees in half a second of a code held up to it: a hand that moves, and what makes single frames hard to
//! read.

use std::f32::consts::TAU;

use fast_qr::ECL;

use super::effects::ticket;
use super::scene::Scene;

/// Bursts there are.
pub const BURSTS: usize = 24;

/// Frames of a burst: less than half a second.
pub const FRAMES: usize = 12;

/// Frames after which a guest notices that it takes its time.
pub const FRAMES_IN_TIME: usize = 3;

/// Bursts that must be read in time at least; without fusion it is three less.
pub const BURSTS_FLOOR: usize = 22;

/// What makes a burst hard, by the frame and how hard it is: 0 to 1.
const HARDSHIPS: [fn(Scene, f32, f32) -> Scene; 6] = [
    // A reflection that wanders over the code.
    |scene, frame, hard| {
        let (x, y) = turned(frame * 0.4 + hard);
        Scene {
            level: ECL::M,
            glare: Some((0.55 + 0.25 * x, 0.55 + 0.25 * y, 9.0 + 2.0 * hard)),
            ..scene
        }
    },
    // So little light that the sensor's noise is as strong as the code.
    |scene, _, hard| Scene {
        ink: (14.0, 44.0 - 6.0 * hard),
        noise: 12.0 + 2.0 * hard,
        ..scene
    },
    // A hand that shakes, each frame another way.
    |scene, frame, hard| {
        let (x, y) = turned(frame * 1.9 + hard * 5.0);
        let shake = 8.0 + 4.0 * hard;
        Scene {
            motion: (shake * x, shake * y),
            noise: 6.0,
            ..scene
        }
    },
    // A small code, far away.
    |scene, _, hard| Scene {
        module_px: 2.2 - 0.3 * hard,
        blur: 0.8,
        noise: 14.0 + 6.0 * hard,
        ..scene
    },
    // A camera that seeks its focus, and does not find it.
    |scene, frame, hard| Scene {
        blur: 3.1 + 0.4 * hard + 0.5 * (frame * 1.3).sin(),
        noise: 7.0,
        ..scene
    },
    // A faint print, tilted, in the shadow of the hand.
    |scene, frame, hard| Scene {
        ink: (100.0, 132.0 - 6.0 * hard),
        askew: (25.0 + 4.0 * frame.sin(), 10.0),
        shadow: 0.5,
        blur: 1.0,
        noise: 12.0 + 2.0 * hard,
        ..scene
    },
];

/// The frames of one burst.
pub fn burst(number: usize) -> impl Iterator<Item = Scene> {
    let hardship = HARDSHIPS[number % HARDSHIPS.len()];
    let hard = (number / HARDSHIPS.len()) as f32 / (BURSTS / HARDSHIPS.len() - 1) as f32;
    (0..FRAMES).map(move |frame| {
        let way = frame as f32;
        let (x, y) = turned(number as f32 * 0.7);
        let scene = Scene {
            turned: number as f32 * 31.0 + way * 0.6,
            moved: (x * (way * 4.0 - 20.0), y * (way * 4.0 - 20.0)),
            seed: (number * 100 + frame + 1) as u64,
            ..Scene::of(&ticket(number))
        };
        hardship(scene, way, hard)
    })
}

/// A point on the unit circle, so many turns along.
fn turned(turns: f32) -> (f32, f32) {
    let angle = turns * TAU / 6.0;
    (angle.cos(), angle.sin())
}
