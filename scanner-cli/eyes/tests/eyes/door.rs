//! What happens to codes in hands and pockets, as effects: print that ran, broken glass, swinging hands, sleeves, and codes
//! held so close that they fill the picture.

use super::effects::{EFFECTS, Effect};
use super::scene::{Harm, Scene};

/// These and all the others.
pub fn all_effects() -> impl Iterator<Item = &'static Effect> {
    EFFECTS.iter().chain(&DOOR)
}

/// Harm at the door.
static DOOR: [Effect; 10] = [
    Effect {
        name: "ink spread",
        floor: 8,
        quick_floor: 7,
        make: |scene, hard| Scene {
            harm: Harm {
                spread: 0.16 + 0.22 * hard,
                ..scene.harm
            },
            blur: 1.0,
            ..scene
        },
    },
    Effect {
        name: "small ink spread",
        floor: 8,
        quick_floor: 4,
        make: |scene, hard| Scene {
            harm: Harm {
                spread: 0.12 + 0.24 * hard,
                ..scene.harm
            },
            module_px: 3.2,
            blur: 0.8,
            ..scene
        },
    },
    Effect {
        name: "cracked",
        floor: 6,
        quick_floor: 5,
        make: |scene, hard| Scene {
            harm: Harm {
                cracks: 5 + (8.0 * hard) as usize,
                shards_moved: 0.1 + 0.35 * hard,
                ..scene.harm
            },
            module_px: 6.0,
            ..scene
        },
    },
    Effect {
        name: "spinning",
        floor: 5,
        quick_floor: 4,
        make: |scene, hard| Scene {
            harm: Harm {
                spin: 3.0 + 6.0 * hard,
                ..scene.harm
            },
            ..scene
        },
    },
    Effect {
        name: "rolling wave",
        floor: 7,
        quick_floor: 1,
        make: |scene, hard| Scene {
            harm: Harm {
                wave: 0.5 + 0.85 * hard,
                swings: [2.0, 3.0, 4.0, 2.5][scene.seed as usize % 4],
                ..scene.harm
            },
            ..scene
        },
    },
    Effect {
        // A short code in so fast a swing that it fits badly before its lines are shifted back.
        name: "fast rolling wave",
        floor: 6,
        quick_floor: 0,
        make: |scene, hard| Scene {
            text: scene.text[..60].to_owned(),
            harm: Harm {
                wave: 0.9 + 0.5 * hard,
                swings: [3.5, 4.0, 3.0, 4.5][scene.seed as usize % 4],
                ..scene.harm
            },
            module_px: 6.0,
            ..scene
        },
    },
    Effect {
        name: "reflected window",
        floor: 7,
        quick_floor: 5,
        make: |scene, hard| Scene {
            harm: Harm {
                window: 60.0 + 130.0 * hard,
                ..scene.harm
            },
            ..scene
        },
    },
    Effect {
        name: "folded sleeve",
        floor: 7,
        quick_floor: 3,
        make: |scene, hard| Scene {
            harm: Harm {
                fold: 0.1 + 0.4 * hard,
                ..scene.harm
            },
            module_px: 6.0,
            ..scene
        },
    },
    Effect {
        name: "edge to edge",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| {
            let (module_px, modules) = (5.0 + 11.0 * hard, 33.0);
            // From a module and a half of light around the code to none.
            let side = ((modules + 3.0 - 3.0 * hard) * module_px) as u32;
            Scene {
                ink: [(190.0, 230.0), (90.0, 120.0), (215.0, 240.0), (60.0, 12.0)][scene.seed as usize % 4],
                noise: 2.0,
                turned: 90.0 * (scene.seed % 4) as f32,
                size: (side, side),
                module_px,
                ..scene
            }
        },
    },
    Effect {
        name: "close to a corner",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| {
            let border = 30.0 - 20.0 * hard;
            Scene {
                turned: 10.0 * hard,
                ink: [(40.0, 215.0), (150.0, 200.0), (200.0, 30.0), (180.0, 225.0)][scene.seed as usize % 4],
                size: (1_280, 720),
                module_px: 8.0,
                moved: (border - 640.0 + 8.0 * 16.5, border - 360.0 + 8.0 * 16.5),
                ..scene
            }
        },
    },
];
