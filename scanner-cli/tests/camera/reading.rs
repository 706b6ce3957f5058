//! Codes held before a camera, easy ones and hard ones, through the whole loop.

use std::io::Cursor;

use fast_qr::ECL;
use image::{ImageFormat, RgbImage};
use nokhwa::Buffer;
use nokhwa::utils::FrameFormat;
use usher_eyes::{Allowance, LumaFrame, QuickReader, STEPS_A_FRAME};
use usher_scan::screen::Style;
use usher_scan::source::camera::CameraFault;

use crate::gate::Gate;
use crate::scene::Scene;
use crate::stage::{Stage, blank, grey, size};

const TICKET: &str = "0410037203685477580718446744073709551615010020030040050060070080090100000000";

fn easy(text: &str) -> Buffer {
    grey(&Scene::of(text).frame())
}

/// The frames of a code in one hand, each with noise of its own.
fn burst(scene: &Scene) -> Vec<LumaFrame> {
    let frame = |seed| {
        let scene = Scene {
            seed,
            ..scene.clone()
        };
        scene.frame()
    };
    (1..=6).map(frame).collect()
}

/// A code with a finder hidden, which the quick passes never read.
fn hard() -> Vec<LumaFrame> {
    burst(&Scene {
        level: ECL::Q,
        covered: Some((0.0, 0.0, 0.15, 0.15)),
        ..Scene::of(TICKET)
    })
}

/// A code of which most is hidden: a deep pass over it is long and in vain.
fn hopeless() -> Vec<LumaFrame> {
    burst(&Scene {
        covered: Some((0.3, 0.3, 0.8, 0.8)),
        ..Scene::of(TICKET)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_read_in_every_encoding_and_judged_once_each() {
    let stage = Stage::new();
    let gate = Gate::open(&stage);
    let scene = |text: &str| Scene::of(text).frame();
    for (text, frame) in [
        ("grey", easy("grey")),
        ("yuyv", yuyv(&scene("yuyv"))),
        ("nv12", nv12(&scene("nv12"))),
        ("mjpeg", mjpeg(&scene("mjpeg"))),
    ] {
        stage.show([frame]);
        gate.wait_for(&format!("ADMIT {text}\n")).await;
        gate.wait_for_frames(&stage, 10).await;
    }
    let written = gate.close().await;
    assert_eq!(written, "ADMIT grey\nADMIT yuyv\nADMIT nv12\nADMIT mjpeg\n");
}

fn yuyv(frame: &LumaFrame) -> Buffer {
    let bytes: Vec<u8> = frame.luma().iter().flat_map(|&luma| [luma, 90]).collect();
    Buffer::new(size(frame), &bytes, FrameFormat::YUYV)
}

fn nv12(frame: &LumaFrame) -> Buffer {
    let mut bytes = frame.luma().to_vec();
    bytes.resize(bytes.len() * 3 / 2, 160);
    Buffer::new(size(frame), &bytes, FrameFormat::NV12)
}

fn mjpeg(frame: &LumaFrame) -> Buffer {
    let rgb: Vec<u8> = frame.luma().iter().flat_map(|&luma| [luma, luma, 60]).collect();
    let picture = RgbImage::from_raw(frame.width(), frame.height(), rgb).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    Buffer::new(size(frame), &bytes.into_inner(), FrameFormat::MJPEG)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_that_quick_looks_do_not_read_is_read_by_a_deep_one() {
    let mut quick = QuickReader::default();
    for frame in hard() {
        let reading = quick.read(&frame, &Allowance::of_steps(STEPS_A_FRAME));
        assert_eq!(reading.codes, [], "this is too easy");
    }
    let stage = Stage::new();
    stage.show(hard().iter().map(grey));
    let gate = Gate::open(&stage);
    gate.wait_for(&format!("ADMIT {TICKET}\n")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_easy_code_is_read_while_a_hopeless_one_keeps_the_deep_looks_busy() {
    let stage = Stage::new();
    stage.show(hopeless().iter().map(grey));
    let gate = Gate::open(&stage);
    gate.wait_for_frames(&stage, 20).await;
    stage.show([easy("easy")]);
    gate.wait_for("ADMIT easy\n").await;
    assert!(!gate.written().contains(TICKET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blurred_code_gets_a_hint_and_is_admitted_when_held_still() {
    let stage = Stage::new();
    let blurred = Scene {
        level: ECL::L,
        blur: 3.0,
        noise: 8.0,
        // Or several frames together would read it.
        covered: Some((0.3, 0.3, 0.8, 0.8)),
        ..Scene::of(TICKET)
    };
    stage.show(burst(&blurred).iter().map(grey));
    let gate = Gate::open(&stage);
    gate.wait_for("HINT ").await;
    gate.wait_for_frames(&stage, 60).await;
    stage.show([easy("still")]);
    gate.wait_for("ADMIT still\n").await;
    let written = gate.close().await;
    let mut lines: Vec<&str> = written.lines().collect();
    lines.dedup();
    assert_eq!(
        lines,
        [
            "HINT Hold still: Hold the code still, straight in front of the camera",
            "ADMIT still"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_without_a_code_gets_no_word() {
    let stage = Stage::new();
    let clutter = LumaFrame::new(640, 480, (0..640 * 480).map(|at| (at * 7 % 251) as u8).collect()).unwrap();
    stage.show([grey(&blank()), grey(&clutter)]);
    let gate = Gate::open(&stage);
    gate.wait_for_frames(&stage, 150).await;
    assert_eq!(gate.close().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_stalls_or_goes_is_told_and_reads_again_when_it_is_back() {
    let stage = Stage::new();
    let gate = Gate::open(&stage);
    stage.show([easy("first")]);
    gate.wait_for("ADMIT first\n").await;
    stage.stall();
    gate.wait_for("NOTICE the camera sends no pictures: check its cable")
        .await;
    stage.show([easy("second")]);
    stage.plug_in();
    gate.wait_for("ADMIT second\n").await;
    stage.unplug();
    gate.wait_for("NOTICE camera 0 is gone: check its cable; scanning goes on by itself when it is back\n")
        .await;
    let missing = CameraFault::Missing {
        index: 0,
        present: Vec::new(),
    };
    gate.wait_for(&format!("NOTICE {missing}\n")).await;
    stage.show([easy("third")]);
    stage.plug_in();
    gate.wait_for("ADMIT third\n").await;
    let written = gate.close().await;
    let admitted = written.lines().filter(|line| line.starts_with("ADMIT "));
    assert_eq!(admitted.count(), 3, "{written}");
}

/// Colours of the outlines in a preview.
const UNREAD: &str = "38;5;226m";
const READ: &str = "38;5;46m";

#[tokio::test(flavor = "multi_thread")]
async fn the_panel_shows_the_figures_the_hint_and_a_preview_with_the_code_outlined() {
    let stage = Stage::new();
    stage.show(hopeless().iter().map(grey));
    let gate = Gate::showing(&stage, Style::Panel { colour: true });
    gate.wait_for(UNREAD).await;
    gate.wait_for("frames/s, nothing read").await;
    assert!(!gate.written().contains(READ));
    stage.show([easy("shown")]);
    gate.wait_for("SHOWN").await;
    gate.wait_for(READ).await;
    gate.wait_for("frames/s, read in").await;
    stage.unplug();
    gate.wait_for("camera 0 is gone").await;
    let written = gate.close().await;
    let last = written.rsplit("camera 0 is ").next().unwrap();
    assert!(!last.contains('▀'), "a preview of a camera that is away");
}
