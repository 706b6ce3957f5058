//! What happens to codes at a door, as scenes from mild to hard, with how many of them must be read.

use fast_qr::ECL;

use super::scene::Scene;

/// Scenes of each effect.
pub const SCENES: usize = 8;

/// One thing that makes codes hard to read.
pub struct Effect {
    /// What it is called in tables.
    pub name: &'static str,
    /// Scenes that must be read at least, of [`SCENES`].
    pub floor: usize,
    /// Scenes that the quick passes alone must read.
    pub quick_floor: usize,
    /// Lays it over a scene, from mild (0) to hard (1).
    pub make: fn(Scene, f32) -> Scene,
}

impl Effect {
    /// The scenes, from mild to hard.
    pub fn scenes(&self) -> impl Iterator<Item = Scene> {
        (0..SCENES).map(|at| {
            let hard = at as f32 / (SCENES - 1) as f32;
            let mut scene = Scene::of(&ticket(at));
            scene.turned = [3.0, -8.0, 94.0, 15.0, 181.0, -20.0, 272.0, 33.0][at % 8];
            scene.seed = at as u64 + 1;
            (self.make)(scene, hard)
        })
    }
}

/// Digits as a ticket has them, another for each scene.
pub fn ticket(at: usize) -> String {
    (0..140_usize)
        .map(|digit| char::from(b'0' + ((digit * 7 + at * 13 + digit * digit * (at + 3)) % 10) as u8))
        .collect()
}

/// What light, cameras and hands do.
pub static EFFECTS: [Effect; 27] = [
    Effect {
        name: "plain",
        floor: 8,
        quick_floor: 8,
        make: |scene, _| scene,
    },
    Effect {
        name: "light on dark",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            ink: (200.0 - 60.0 * hard, 20.0),
            ..scene
        },
    },
    Effect {
        name: "mirrored",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            mirrored: true,
            blur: hard,
            ..scene
        },
    },
    Effect {
        name: "askew",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            askew: (25.0 + 30.0 * hard, -20.0 * hard),
            module_px: 6.0,
            ..scene
        },
    },
    Effect {
        name: "blurred",
        floor: 8,
        quick_floor: 7,
        make: |scene, hard| Scene {
            blur: 2.0 + 1.6 * hard,
            ..scene
        },
    },
    Effect {
        name: "in motion",
        floor: 6,
        quick_floor: 6,
        make: |scene, hard| Scene {
            motion: (6.0 + 4.0 * hard, 2.0 + 3.0 * hard),
            ..scene
        },
    },
    Effect {
        name: "noisy",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            noise: 20.0 + 30.0 * hard,
            ..scene
        },
    },
    Effect {
        name: "dim",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            ink: (14.0, 50.0 - 20.0 * hard),
            noise: 3.0,
            ..scene
        },
    },
    Effect {
        name: "in shadow",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            shadow: 0.75 + 0.23 * hard,
            size: (800, 600),
            module_px: 8.0,
            ..scene
        },
    },
    Effect {
        name: "glare",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            level: ECL::Q,
            glare: Some((0.6, 0.5, 9.5 + 2.5 * hard)),
            ..scene
        },
    },
    Effect {
        name: "covered",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| {
            let end = 0.8 + 0.1 * hard;
            Scene {
                level: ECL::Q,
                covered: Some((0.4, 0.35, end, end)),
                ..scene
            }
        },
    },
    Effect {
        name: "finder hidden",
        floor: 7,
        quick_floor: 0,
        make: |scene, hard| {
            let end = 0.08 + 0.07 * hard;
            let covered = [
                (0.0, 0.0, end, end),
                (1.0 - end, 0.0, 1.0, end),
                (0.0, 1.0 - end, end, 1.0),
            ];
            Scene {
                level: ECL::Q,
                covered: Some(covered[scene.seed as usize % 3]),
                ..scene
            }
        },
    },
    Effect {
        name: "bent",
        floor: 8,
        quick_floor: 0,
        make: |scene, hard| Scene {
            bent: 40.0 + 50.0 * hard,
            level: ECL::Q,
            ..scene
        },
    },
    Effect {
        name: "bent and askew",
        floor: 8,
        quick_floor: 0,
        make: |scene, hard| Scene {
            bent: 70.0 + 40.0 * hard,
            turned: 10.0,
            askew: (0.0, 20.0),
            ..scene
        },
    },
    Effect {
        name: "crumpled",
        floor: 7,
        quick_floor: 0,
        make: |scene, hard| Scene {
            text: (0..5)
                .map(|part| ticket(scene.seed as usize * 5 + part))
                .collect(),
            size: (800, 600),
            module_px: 6.0,
            crumpled: 0.35 + 0.3 * hard,
            ..scene
        },
    },
    Effect {
        name: "faint",
        floor: 8,
        quick_floor: 7,
        make: |scene, hard| Scene {
            ink: (100.0, 140.0 - 10.0 * hard),
            noise: 8.0,
            shadow: 0.6,
            ..scene
        },
    },
    Effect {
        name: "small",
        floor: 8,
        quick_floor: 5,
        make: |scene, hard| Scene {
            module_px: 3.0 - 0.8 * hard,
            size: (1_280, 720),
            ..scene
        },
    },
    Effect {
        name: "tiny",
        floor: 8,
        quick_floor: 0,
        make: |scene, hard| Scene {
            module_px: 1.9 - 0.3 * hard,
            blur: 0.4,
            noise: 2.0,
            ..scene
        },
    },
    Effect {
        name: "small in a large picture",
        floor: 8,
        quick_floor: 0,
        make: |scene, hard| Scene {
            module_px: 3.2 - 0.8 * hard,
            size: (2_560, 1_440),
            ..scene
        },
    },
    Effect {
        name: "soft",
        floor: 6,
        quick_floor: 0,
        make: |scene, hard| Scene {
            module_px: 3.0,
            blur: 1.6 + 0.8 * hard,
            noise: 1.0,
            ..scene
        },
    },
    Effect {
        name: "short and askew",
        floor: 8,
        quick_floor: 4,
        make: |scene, hard| Scene {
            text: scene.text[..20].to_owned(),
            askew: (10.0 + 35.0 * hard, 15.0 * hard),
            module_px: 9.0,
            ..scene
        },
    },
    Effect {
        name: "everything a little",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            askew: (15.0 + 15.0 * hard, 10.0),
            blur: 1.0 + 0.6 * hard,
            noise: 8.0 + 6.0 * hard,
            shadow: 0.5,
            motion: (2.0, 2.0 * hard),
            ..scene
        },
    },
    Effect {
        name: "pale and clean",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            ink: (PALE_INKS[scene.seed as usize % 4], 255.0),
            blur: 0.0,
            noise: 0.0,
            turned: 0.0,
            ..close_up(scene, 8.0 + 14.0 * hard)
        },
    },
    Effect {
        name: "pale and close",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| Scene {
            ink: (PALE_INKS[scene.seed as usize % 4], 250.0),
            blur: 1.0,
            shadow: 0.3,
            ..close_up(scene, 6.0 + 14.0 * hard)
        },
    },
    Effect {
        name: "faint light on dark",
        floor: 8,
        quick_floor: 7,
        make: |scene, hard| Scene {
            ink: FAINT_INKS[scene.seed as usize % 5],
            noise: 1.5,
            ..close_up(scene, 3.0 + 9.0 * hard)
        },
    },
    Effect {
        name: "dimmed dark mode",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| {
            let dimmed = 0.35 - 0.2 * hard;
            Scene {
                ink: (215.0 * dimmed, 40.0 * dimmed),
                noise: 2.0,
                ..scene
            }
        },
    },
    Effect {
        name: "at the picture's edge",
        floor: 8,
        quick_floor: 8,
        make: |scene, hard| {
            let border = 12.0 - 12.0 * hard;
            Scene {
                turned: 0.0,
                moved: (border - 320.0 + 82.5, border - 240.0 + 82.5),
                ..scene
            }
        },
    },
];

/// Greys of codes printed so faintly that paper is hardly lighter.
const PALE_INKS: [f32; 4] = [128.0, 170.0, 200.0, 215.0];

/// Light inks on their dark grounds: white in two brightnesses, grey, red and blue on a phone in dark mode, as they come in grey.
const FAINT_INKS: [(f32, f32); 5] = [
    (60.0, 10.0),
    (80.0, 10.0),
    (120.0, 80.0),
    (76.0, 0.0),
    (29.0, 0.0),
];

/// The scene with modules as wide as this and nothing but the code in view.
fn close_up(scene: Scene, module_px: f32) -> Scene {
    let side = (46.0 * module_px) as u32;
    Scene {
        module_px,
        size: (side, side),
        ..scene
    }
}
