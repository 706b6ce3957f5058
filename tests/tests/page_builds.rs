//! The page's scanner in two builds, native and as WebAssembly: the same scans give the same verdicts, the same words and the same bytes of
//! log, and the same frames the same codes at the same places.
//!
//! A thousand scans and a tenth of the frames in the suite, ten thousand and all of them in `make soak` (some minutes).

#[path = "../../scanner-cli/eyes/tests/eyes/door.rs"]
mod door;
#[path = "../../scanner-cli/eyes/tests/eyes/effects.rs"]
#[expect(dead_code, reason = "how many must be read is held by the eyes' own suite")]
mod effects;
#[path = "page_builds/scans.rs"]
mod scans;
#[path = "../../scanner-cli/eyes/tests/eyes/scene.rs"]
mod scene;
#[path = "../../scanner-cli/phone/tests/page_scanner/venue.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the rest is for the scanner's own tests, and a venue that fails is a test that fails"
)]
mod venue;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::json;
use usher_keys::Role;
use usher_phone::eyes::{LumaParts, PageEyes};
use usher_phone::replica;
use usher_tests::effort::{Effort, Rounds};
use venue::{PAGE, Page, founding, reading};

const SCANS: Rounds = Rounds {
    suite: 1_000,
    soak: 10_000,
};
/// One of so many frames is looked at.
const FRAMES: Rounds = Rounds { suite: 12, soak: 1 };

/// What the cloud serves.
fn shipped(name: &str) -> PathBuf {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cloud/assets/gate");
    assets.join(name)
}

/// Runs the page's build in Node; returns its lines.
fn in_wasm(folder: &Path, arguments: &[&str]) -> anyhow::Result<Vec<String>> {
    // Node takes a script for a module by its name alone.
    let glue = folder.join("usher_phone.mjs");
    fs::copy(shipped("usher_phone.js"), &glue)?;
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page_builds/run.mjs");
    let output = Command::new("node")
        .args([&run, &glue, &shipped("usher_phone_bg.wasm")])
        .args(arguments)
        .current_dir(folder)
        .output()
        .context("node cannot be started: install the package nodejs")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the page's build failed: {said}");
    let lines = String::from_utf8(output.stdout)?;
    Ok(lines.lines().map(str::to_owned).collect())
}

#[track_caller]
fn assert_same(native: &[String], wasm: &[String]) {
    let differing = native.iter().zip(wasm).position(|(native, wasm)| native != wasm);
    if let Some(at) = differing {
        panic!("line {at} differs\nnative: {}\nwasm:   {}", native[at], wasm[at]);
    }
    assert_eq!(native.len(), wasm.len(), "one of them wanted more done");
}

#[test]
fn both_builds_judge_say_and_write_the_same_of_the_same_scans() -> anyhow::Result<()> {
    let effort = Effort::of("scans of two builds", 6, SCANS);
    let folder = tempfile::tempdir()?;
    let file = replica::found(founding(PAGE, Role::Scanner));
    let page = scans::played(Page::opened(file.clone(), 0), effort);
    let kinds = scans::kinds(&page.trace.wanted);
    assert!(kinds.len() >= 12, "too few kinds of answers: {kinds:?}");

    let begin = reading(0);
    let first = json!({ "wall": begin.wall.0, "up": begin.up_ms }).to_string();
    let script: Vec<_> = std::iter::once(&first).chain(&page.trace.done).cloned().collect();
    fs::write(folder.path().join("file"), file)?;
    fs::write(folder.path().join("script"), script.join("\n"))?;
    let seed = HEXLOWER.encode(&[PAGE; 32]);
    let wasm = in_wasm(folder.path(), &["scanner", "file", &seed, "script"])?;
    assert_same(&page.trace.wanted, &wasm);
    Ok(())
}

#[test]
fn both_builds_see_the_same_codes_at_the_same_places() -> anyhow::Result<()> {
    let Effort { rounds, .. } = Effort::of("frames of two builds, one of", 0, FRAMES);
    let every = usize::try_from(rounds)?.max(1);
    let folder = tempfile::tempdir()?;
    let scenes = door::all_effects().flat_map(effects::Effect::scenes);
    let (mut frames, mut native) = (Vec::new(), Vec::new());
    for scene in scenes.step_by(every) {
        let frame = scene.frame();
        let (width, height, luma) = (frame.width(), frame.height(), frame.luma());
        frames.push(json!({ "width": width, "height": height, "luma": BASE64.encode(luma) }).to_string());
        let parts = LumaParts { width, height, luma };
        let mut eyes = PageEyes::default();
        for sight in [eyes.read(parts, &|| true, 0)?, eyes.read_deeply(parts, &|| true)?] {
            native.push(json!({ "codes": sight.codes, "corners": sight.corners }).to_string());
        }
    }
    let read = native
        .iter()
        .filter(|line| !line.contains("\"codes\":[]"))
        .count();
    assert!(read > frames.len() / 2, "too few frames were read: {read}");
    fs::write(folder.path().join("frames"), frames.join("\n"))?;
    assert_same(&native, &in_wasm(folder.path(), &["eyes", "frames"])?);
    Ok(())
}
