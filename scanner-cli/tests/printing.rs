//! Holds the page of test codes and `docs/PRINTING.md` to what the reader does: each code of the page is read as
//! printed, and each distance of the table in a scene drawn at that distance.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../eyes/tests/eyes/scene.rs"]
mod scene;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fast_qr::ECL;
use scene::Scene;
use usher_eyes::{Allowance, LumaFrame, QrCode, STEPS_A_FRAME, read, read_quickly};
use usher_scan::sheet::{self, Camera, Ease, FIELD_OF_VIEW_DEGREES, MODULES, ROWS_MM};

/// Dots of the paper for a millimetre: a coarse printer, 254 dots an inch.
const DOTS_PER_MM: f64 = 10.0;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn widths() -> impl Iterator<Item = u32> {
    ROWS_MM.into_iter().flatten().copied()
}

/// A page as a printer puts it on paper: white, with what is drawn in codes; words are left out.
struct Paper {
    side: (usize, usize),
    dots: Vec<u8>,
}

impl Paper {
    fn print(svg: &str) -> Self {
        let side = (210.0 * DOTS_PER_MM, 297.0 * DOTS_PER_MM);
        let side = (side.0 as usize, side.1 as usize);
        let mut paper = Self {
            side,
            dots: vec![255; side.0 * side.1],
        };
        for line in svg.lines().filter(|line| line.starts_with("<g ")) {
            let place = between(line, "translate(", ")");
            let place: Vec<f64> = place.split(' ').map(|number| number.parse().unwrap()).collect();
            let scale: f64 = between(line, "scale(", ")").parse().unwrap();
            for run in between(line, " d=\"", "\"").split_terminator('z') {
                // M<x> <y>h<run>v1h-<run>
                let numbers: Vec<f64> = run
                    .split(['M', ' ', 'h', 'v'])
                    .skip(1)
                    .map(|number| number.parse().unwrap())
                    .collect();
                let at = |axis: usize, module: f64| ((place[axis] + module * scale) * DOTS_PER_MM) as usize;
                let (x, y, run) = (numbers[0], numbers[1], numbers[2]);
                for row in at(1, y)..at(1, y + 1.0) {
                    paper.dots[row * side.0 + at(0, x)..row * side.0 + at(0, x + run)].fill(0);
                }
            }
        }
        paper
    }

    /// What a camera right above a part of the page sees: left, top, width and height in millimetres.
    fn part(&self, [left, top, width, height]: [f64; 4]) -> LumaFrame {
        let dots = |mm: f64| (mm * DOTS_PER_MM) as usize;
        let (left, width) = (dots(left), dots(width));
        let rows = self.dots.chunks_exact(self.side.0);
        let rows = rows.skip(dots(top)).take(dots(height));
        let luma: Vec<u8> = rows.flat_map(|row| &row[left..left + width]).copied().collect();
        LumaFrame::new(width as u32, (luma.len() / width) as u32, luma).unwrap()
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

#[test]
fn each_code_of_the_page_is_read_as_it_is_printed() {
    let svg = sheet::svg();
    let paper = Paper::print(&svg);
    let places = svg.lines().filter(|line| line.starts_with("<g "));
    let places: Vec<&str> = places.map(|line| between(line, "translate(", ")")).collect();
    assert_eq!(places.len(), widths().count());
    for (place, width) in places.into_iter().zip(widths()) {
        let (left, top) = place.split_once(' ').unwrap();
        // With the white around it that belongs to it, and no more.
        let side = f64::from(width) / f64::from(MODULES) * f64::from(MODULES + 8);
        let part = [left.parse().unwrap(), top.parse().unwrap(), side, side];
        let texts: Vec<Vec<u8>> = read(&paper.part(part))
            .into_iter()
            .map(|code| code.bytes)
            .collect();
        assert_eq!(texts, [sheet::text(width).into_bytes()], "{width} mm");
        let white = paper.part([part[0], part[1], side, side * 4.0 / 45.0 - 0.2]);
        assert!(
            white.luma().iter().all(|&dot| dot == 255),
            "{width} mm: no quiet zone"
        );
    }
}

#[test]
fn all_codes_and_words_are_on_the_page() {
    let svg = sheet::svg();
    for line in svg.lines().filter(|line| line.starts_with("<text ")) {
        let x: f64 = between(line, "x=\"", "\"").parse().unwrap();
        let y: f64 = between(line, " y=\"", "\"").parse().unwrap();
        let size: f64 = between(line, "font-size=\"", "\"").parse().unwrap();
        let words = between(line, ">", "<");
        let end = x + 0.5 * size * words.chars().count() as f64;
        assert!(end < 200.0 && y < 285.0, "{words} ends at {end}, {y}");
    }
    let whole = Paper::print(&svg);
    let inked = |dots: &[u8]| dots.contains(&0);
    let last = whole.dots.chunks_exact(whole.side.0).rposition(inked).unwrap();
    assert!(
        last < whole.dots.len() / whole.side.0 - 300,
        "room for a printer's edge"
    );
}

#[test]
fn the_page_in_the_docs_is_the_one_that_is_printed() {
    let page = fs::read_to_string(docs().join("sizes.svg")).unwrap();
    assert!(
        page == sheet::svg(),
        "write it anew: usher-scan sheet > docs/sizes.svg"
    );
    let printed = Command::new(env!("CARGO_BIN_EXE_usher-scan"))
        .arg("sheet")
        .output()
        .unwrap();
    assert!(printed.status.success());
    assert!(printed.stdout == page.into_bytes());
}

#[test]
fn the_table_in_the_docs_is_the_one_that_is_computed() {
    let page = fs::read_to_string(docs().join("PRINTING.md")).unwrap();
    for width in widths() {
        let far = |camera, ease| sheet::farthest_cm(width, camera, ease);
        let row = format!(
            "| {width} mm | {} cm | {} cm | {} cm | {} cm |",
            far(Camera::P720, Ease::AtOnce),
            far(Camera::P720, Ease::HeldStill),
            far(Camera::P1080, Ease::AtOnce),
            far(Camera::P1080, Ease::HeldStill),
        );
        assert!(page.contains(&row), "{row}");
    }
}

/// Codes of a width in the hands of four people, as far off as the table says.
fn scenes(width: u32, camera: Camera, ease: Ease) -> impl Iterator<Item = Scene> {
    let distance_mm = f64::from(sheet::farthest_cm(width, camera, ease)) * 10.0;
    let seen_mm = 2.0 * distance_mm * (FIELD_OF_VIEW_DEGREES / 2.0).to_radians().tan();
    let pixels_per_mm = f64::from(camera.pixels_across()) / seen_mm;
    let module_px = pixels_per_mm * f64::from(width) / f64::from(MODULES);
    let hands = [
        (2.0, (0.0, 0.0)),
        (-7.0, (10.0, -5.0)),
        (12.0, (-15.0, 10.0)),
        (-18.0, (5.0, 12.0)),
    ];
    hands
        .into_iter()
        .zip(1_u16..)
        .map(move |((turned, askew), hand)| Scene {
            level: ECL::M,
            size: (camera.pixels_across(), camera.pixels_across() * 9 / 16),
            module_px: module_px as f32,
            turned,
            askew,
            moved: (f32::from(hand) * 31.3 - 70.0, 40.7 - f32::from(hand) * 15.1),
            ink: (45.0, 190.0),
            blur: 0.7,
            noise: 4.0,
            seed: hand.into(),
            ..Scene::of(&sheet::text(width))
        })
}

/// The first or the second frame of each hand is read.
#[track_caller]
fn check(width: u32, camera: Camera, ease: Ease, reads: impl Fn(&LumaFrame) -> Vec<QrCode>) {
    for (scene, hand) in scenes(width, camera, ease).zip(1..) {
        let again = Scene {
            seed: scene.seed + 100,
            ..scene.clone()
        };
        let is_read = [scene, again].iter().any(|scene| {
            let codes = reads(&scene.frame());
            codes.iter().any(|code| code.bytes == scene.text.as_bytes())
        });
        assert!(is_read, "{width} mm, {camera:?}, hand {hand}");
    }
}

#[test]
fn codes_are_read_at_once_as_far_off_as_the_table_says() {
    let quick = |frame: &LumaFrame| read_quickly(frame, &Allowance::of_steps(STEPS_A_FRAME));
    for width in widths() {
        check(width, Camera::P720, Ease::AtOnce, quick);
    }
    check(25, Camera::P1080, Ease::AtOnce, quick);
}

#[test]
fn codes_held_still_are_read_as_far_off_as_the_table_says() {
    check(15, Camera::P720, Ease::HeldStill, read);
    check(50, Camera::P720, Ease::HeldStill, read);
    check(25, Camera::P1080, Ease::HeldStill, read);
}
