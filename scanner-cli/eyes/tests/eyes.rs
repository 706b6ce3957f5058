//! Holds the reading of codes against scenes drawn here: how many of each effect must be read, and that no
//! frame whatsoever makes it panic, go on for ever or see text where there is none.

#[path = "eyes/bursts.rs"]
mod bursts;
#[path = "eyes/clutter.rs"]
mod clutter;
#[path = "eyes/door.rs"]
mod door;
#[path = "eyes/effects.rs"]
mod effects;
#[path = "eyes/live.rs"]
mod live;
#[path = "eyes/pairs.rs"]
mod pairs;
#[path = "eyes/scene.rs"]
mod scene;
#[path = "eyes/textures.rs"]
mod textures;

use std::cell::Cell;

use fast_qr::ECL;
use proptest::prelude::*;

use bursts::{BURSTS, BURSTS_FLOOR, FRAMES_IN_TIME, burst};
use clutter::{CLUTTER, MOST_MEAN_STEPS, clutter};
use door::all_effects;
use effects::{SCENES, ticket};
use live::{beside, happens_to_phones};
use pairs::{PAIRS, PAIRS_FLOOR, pair};
use scene::Scene;
use textures::{TEXTURES, texture};
use usher_eyes::{
    Allowance, Hint, LumaFrame, QrCode, Reader, STEPS_A_FRAME, read, read_quickly, read_within,
};

/// Whether the code of a scene is among what was read, which must say nothing else.
fn tells(codes: &[QrCode], scene: &Scene) -> bool {
    assert!(
        codes.iter().all(|code| code.bytes == scene.text.as_bytes()),
        "a wrong text"
    );
    !codes.is_empty()
}

fn is_read(scene: &Scene) -> bool {
    tells(&read(&scene.frame()), scene)
}

fn is_read_quickly(scene: &Scene) -> bool {
    tells(
        &read_quickly(&scene.frame(), &Allowance::of_steps(STEPS_A_FRAME)),
        scene,
    )
}

/// Holds one effect to its floors.
#[track_caller]
fn check(name: &str) {
    let effect = all_effects()
        .find(|effect| effect.name == name)
        .expect("an effect of the table");
    let missed = |passes: &str, is_read: fn(&Scene) -> bool, floor: usize| {
        let scenes = effect.scenes().enumerate();
        let missed: Vec<usize> = scenes
            .filter(|(_, scene)| !is_read(scene))
            .map(|(at, _)| at)
            .collect();
        let enough = SCENES - missed.len() >= floor;
        (!enough).then(|| format!("{passes} missed {missed:?} of {SCENES}, floor {floor}"))
    };
    let quick = missed("the quick passes", is_read_quickly, effect.quick_floor);
    let all = missed("all passes", is_read, effect.floor);
    assert_eq!((quick, all), (None, None), "{name}");
}

#[test]
fn live_tickets_are_read_as_often_as_printed_ones() {
    let (mut printed, mut live, mut missed) = (0, 0, Vec::new());
    let scenes = all_effects().filter(|effect| happens_to_phones(effect));
    let scenes: Vec<_> = scenes
        .flat_map(|effect| beside(effect).map(|scenes| (effect.name, scenes)))
        .collect();
    for (name, scenes) in &scenes {
        printed += usize::from(is_read(&scenes.printed));
        if is_read(&scenes.live) {
            live += 1;
        } else {
            missed.push(name);
        }
    }
    let drawn = scenes.len();
    println!("of {drawn} scenes each: {printed} printed tickets are read, {live} live ones, not {missed:?}");
    assert!(
        live * 100 >= printed * 95,
        "{live} live tickets are read and {printed} printed ones, of {drawn}; not {missed:?}"
    );
}

#[test]
fn plain_codes_are_read() {
    check("plain");
}

#[test]
fn codes_of_dark_mode_are_read() {
    check("light on dark");
    check("faint light on dark");
    check("dimmed dark mode");
}

#[test]
fn mirrored_codes_are_read() {
    check("mirrored");
}

#[test]
fn codes_held_askew_are_read() {
    check("askew");
    check("short and askew");
}

#[test]
fn blurred_codes_are_read() {
    check("blurred");
    check("in motion");
}

#[test]
fn codes_in_bad_light_are_read() {
    check("noisy");
    check("dim");
    check("faint");
    check("in shadow");
}

#[test]
fn pale_codes_are_read_however_close() {
    check("pale and clean");
    check("pale and close");
}

#[test]
fn codes_at_the_edge_of_the_picture_are_read() {
    check("at the picture's edge");
    check("close to a corner");
    check("edge to edge");
}

#[test]
fn codes_whose_ink_has_spread_are_read() {
    check("ink spread");
    check("small ink spread");
}

#[test]
fn codes_behind_cracked_glass_are_read() {
    check("cracked");
}

#[test]
fn codes_that_turn_or_swing_while_the_frame_is_taken_are_read() {
    check("spinning");
    check("rolling wave");
    check("fast rolling wave");
}

#[test]
fn codes_in_which_a_window_is_reflected_are_read() {
    check("reflected window");
}

#[test]
fn codes_in_a_folded_sleeve_are_read() {
    check("folded sleeve");
}

#[test]
fn codes_of_which_a_part_is_hidden_are_read() {
    check("glare");
    check("covered");
}

#[test]
fn codes_with_a_hidden_finder_are_read() {
    check("finder hidden");
}

#[test]
fn codes_on_bent_paper_are_read() {
    check("bent");
    check("bent and askew");
    check("crumpled");
}

#[test]
fn small_codes_are_read() {
    check("small");
    check("tiny");
    check("small in a large picture");
    check("soft");
}

#[test]
fn codes_with_several_faults_are_read() {
    check("everything a little");
}

/// A reflection that wanders over a code as it is held up, and hides too much of it in every frame.
fn wandering_glare(burst: usize) -> impl Iterator<Item = Scene> {
    (0..6).map(move |frame| {
        let way = frame as f32;
        Scene {
            level: ECL::L,
            glare: Some((0.3 + 0.1 * way, 0.7 - 0.1 * way, 9.0)),
            moved: (way * 3.0, way * 2.0),
            seed: (burst * 100 + frame + 1) as u64,
            ..Scene::of(&ticket(burst))
        }
    })
}

#[test]
fn several_frames_tell_what_none_of_them_does() {
    let is_told = |burst: &usize| {
        let mut reader = Reader::default();
        wandering_glare(*burst).any(|scene| {
            let reading = reader.read(&scene.frame(), &Allowance::of_steps(STEPS_A_FRAME));
            tells(&reading.codes, &scene)
        })
    };
    let told = (0..4).filter(is_told).count();
    assert!(told >= 3, "{told} of 4");
    assert!(
        wandering_glare(0).all(|scene| !is_read(&scene)),
        "one frame is enough"
    );
}

#[test]
fn codes_held_up_in_a_hurry_are_read_within_three_frames() {
    let is_told = |number: &usize| {
        let mut reader = Reader::default();
        burst(*number).take(FRAMES_IN_TIME).any(|scene| {
            let reading = reader.read(&scene.frame(), &Allowance::of_steps(STEPS_A_FRAME));
            tells(&reading.codes, &scene)
        })
    };
    let missed: Vec<usize> = (0..BURSTS).filter(|number| !is_told(number)).collect();
    assert!(BURSTS - missed.len() >= BURSTS_FLOOR, "{missed:?} were missed");
}

#[test]
fn a_code_costs_less_where_it_was_seen_before() {
    let mut reader = Reader::default();
    let mut steps = |seed| {
        let frame = Scene {
            size: (1_280, 720),
            seed,
            ..Scene::of(&ticket(1))
        }
        .frame();
        let allowance = Allowance::of_steps(STEPS_A_FRAME);
        assert_eq!(reader.read(&frame, &allowance).codes.len(), 1);
        STEPS_A_FRAME - allowance.steps_left()
    };
    let (first, second) = (steps(1), steps(2));
    assert!(second * 2 < first, "{first}, then {second}");
}

#[test]
fn a_code_that_moves_between_frames_is_followed() {
    let mut reader = Reader::default();
    for frame in 0..12 {
        let scene = Scene {
            moved: (frame as f32 * 12.0 - 70.0, 40.0 - frame as f32 * 8.0),
            seed: frame,
            ..Scene::of(&ticket(3))
        };
        let reading = reader.read(&scene.frame(), &Allowance::of_steps(STEPS_A_FRAME));
        assert_eq!(reading.codes.len(), 1, "frame {frame}");
        assert_eq!(reading.hint, None);
    }
}

#[track_caller]
fn check_hint(scene: Scene, expected: Option<Hint>) {
    let mut reader = Reader::default();
    let hints: Vec<Option<Hint>> = (0..3)
        .map(|seed| {
            let frame = Scene {
                seed: seed + 1,
                ..scene.clone()
            }
            .frame();
            let reading = reader.read(&frame, &Allowance::of_steps(STEPS_A_FRAME));
            assert_eq!(reading.codes, [], "the scene is too easy");
            reading.hint
        })
        .collect();
    assert!(hints.contains(&expected), "{hints:?}");
}

#[test]
fn a_code_that_is_seen_but_not_read_gives_a_hint() {
    let scene = Scene {
        level: ECL::L,
        ..Scene::of(&ticket(1))
    };
    check_hint(
        Scene {
            glare: Some((0.55, 0.55, 8.0)),
            ..scene.clone()
        },
        Some(Hint::Glare),
    );
    check_hint(
        Scene {
            blur: 3.8,
            noise: 8.0,
            ..scene.clone()
        },
        Some(Hint::HoldStill),
    );
    let covered = Some((0.3, 0.3, 0.8, 0.8));
    check_hint(
        Scene {
            module_px: 1.8,
            blur: 0.4,
            covered,
            ..scene
        },
        Some(Hint::TooFar),
    );
}

#[test]
fn a_frame_without_a_code_gives_no_hint() {
    let frame =
        LumaFrame::new(640, 480, (0..640 * 480).map(|at| (at * 7 % 251) as u8).collect()).expect("a frame");
    let mut reader = Reader::default();
    for _ in 0..12 {
        let reading = reader.read(&frame, &Allowance::of_steps(STEPS_A_FRAME));
        assert_eq!((reading.codes, reading.hint), (Vec::new(), None));
    }
}

#[test]
fn both_of_two_codes_in_view_are_read() {
    let are_read = |number: &usize| {
        let (frame, texts) = pair(*number);
        let codes = read(&frame);
        let says = |text: &String| codes.iter().any(|code| code.bytes == text.as_bytes());
        assert!(texts.iter().any(says), "pair {number}: not even one");
        codes.len() == 2 && texts.iter().all(says)
    };
    let missed: Vec<usize> = (0..PAIRS).filter(|number| !are_read(number)).collect();
    assert!(PAIRS - missed.len() >= PAIRS_FLOOR, "{missed:?} were missed");
}

#[test]
fn both_of_two_codes_before_a_camera_are_read() {
    let are_read = |number: &usize| {
        let (frame, texts) = pair(*number);
        let codes = Reader::default()
            .read(&frame, &Allowance::of_steps(STEPS_A_FRAME))
            .codes;
        let says = |text: &String| codes.iter().any(|code| code.bytes == text.as_bytes());
        assert!(texts.iter().any(says), "pair {number}: not even one");
        texts.iter().all(says)
    };
    let missed: Vec<usize> = (0..PAIRS).filter(|number| !are_read(number)).collect();
    assert!(PAIRS - missed.len() >= PAIRS_FLOOR, "{missed:?} were missed");
}

#[test]
fn a_ticket_beside_a_code_that_is_followed_is_seen_soon() {
    let (both, texts) = pair(0);
    let mut alone = both.clone().into_luma();
    alone.chunks_exact_mut(960).for_each(|row| row[480..].fill(120));
    let alone = LumaFrame::new(both.width(), both.height(), alone).expect("of the same size");
    let mut reader = Reader::default();
    let mut read = |frame| reader.read(frame, &Allowance::of_steps(STEPS_A_FRAME)).codes;
    assert_eq!(read(&alone).len(), 1);
    let is_ticket = |code: &QrCode| code.bytes == texts[1].as_bytes();
    assert!((0..5).any(|_| read(&both).iter().any(is_ticket)));
}

#[test]
fn textures_are_no_codes() {
    for number in 0..TEXTURES {
        let frame = texture(number);
        assert_eq!(read(&frame), [], "texture {number}");
    }
}

#[test]
fn clutter_is_no_code_and_costs_little() {
    let mut steps = 0;
    for number in 0..CLUTTER {
        let allowance = Allowance::of_steps(STEPS_A_FRAME);
        assert_eq!(read_within(&clutter(number), &allowance), [], "picture {number}");
        steps += STEPS_A_FRAME - allowance.steps_left();
    }
    let mean = steps / CLUTTER as u64;
    assert!(mean <= MOST_MEAN_STEPS, "{mean} steps");
}

#[test]
fn reading_ends_when_the_caller_says_so() {
    let frame = Scene {
        covered: Some((0.2, 0.2, 0.9, 0.9)),
        ..Scene::of(&ticket(2))
    }
    .frame();
    let asked = Cell::new(0_u32);
    let agree_up_to = |most: u32| {
        asked.set(0);
        let may_go_on = || {
            asked.set(asked.get() + 1);
            asked.get() < most
        };
        let allowance = Allowance::asking(u64::MAX, &may_go_on);
        assert!(read_within(&frame, &allowance).is_empty());
        asked.get()
    };
    let until_the_end = agree_up_to(u32::MAX);
    assert!(until_the_end > 40, "the work is worth stopping: {until_the_end}");
    for most in [1, 2, 10, 30] {
        assert_eq!(agree_up_to(most), most, "nothing is done after a no");
    }
}

#[test]
fn a_frame_costs_no_more_steps_than_allowed() {
    let frame = Scene {
        noise: 90.0,
        size: (1_280, 720),
        module_px: 2.0,
        ..Scene::of(&ticket(2))
    }
    .frame();
    for steps in [10_000, 1_000_000, 5_000_000] {
        let allowance = Allowance::of_steps(steps);
        let codes = read_within(&frame, &allowance);
        assert!(codes.is_empty() || allowance.steps_left() > 0);
    }
}

/// Frames that are no pictures of codes, but have edges, patterns and noise like them.
fn arbitrary_frame() -> impl Strategy<Value = LumaFrame> {
    let size = (1_u32..90, 1_u32..90);
    size.prop_flat_map(|(width, height)| {
        let pixels = (width * height) as usize;
        let noise = proptest::collection::vec(any::<u8>(), pixels);
        let blocks =
            (1_usize..9, proptest::collection::vec(any::<bool>(), pixels)).prop_map(move |(side, bits)| {
                let at = |pixel: usize| {
                    let (x, y) = (pixel % width as usize / side, pixel / width as usize / side);
                    if bits[y * width as usize + x] { 30 } else { 220 }
                };
                (0..pixels).map(at).collect::<Vec<u8>>()
            });
        prop_oneof![noise, blocks]
            .prop_map(move |luma| LumaFrame::new(width, height, luma).expect("of this size"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_frame_makes_the_reader_panic_or_see_text(frames in proptest::collection::vec(arbitrary_frame(), 1..4)) {
        let mut reader = Reader::default();
        for frame in &frames {
            prop_assert_eq!(read_within(frame, &Allowance::of_steps(3_000_000)), []);
            prop_assert_eq!(reader.read(frame, &Allowance::of_steps(3_000_000)).codes, []);
        }
    }

    #[test]
    fn a_code_changed_anywhere_is_read_rightly_or_not_at_all(
        spots in proptest::collection::vec((0_usize..200 * 200, any::<u8>(), 1_usize..30), 0..40),
    ) {
        let scene = Scene { size: (200, 200), module_px: 3.5, ..Scene::of(&ticket(4)) };
        let mut luma = scene.frame().into_luma();
        for (start, value, side) in spots {
            for row in 0..side {
                let from = (start + row * 200).min(luma.len());
                let end = (from + side).min(luma.len());
                luma[from..end].fill(value);
            }
        }
        let codes = read(&LumaFrame::new(200, 200, luma).expect("of this size"));
        prop_assert!(codes.iter().all(|code| code.bytes == scene.text.as_bytes()));
    }
}
