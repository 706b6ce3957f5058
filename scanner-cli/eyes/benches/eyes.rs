//! Prints how many scenes of each effect are read and how long it takes, quickly and with everything, with
//! the floors of both in brackets, beside how long it takes to invert and halve the same frames once (sweeps), and how many bursts are read in time. With a folder in `EYES_FRAMES`, its pictures instead, by folder, against
//! the text beside each.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark measures time and reads the pictures of a folder"
)]

#[path = "../tests/eyes/bursts.rs"]
mod bursts;
#[path = "../tests/eyes/clutter.rs"]
mod clutter;
#[path = "../tests/eyes/door.rs"]
mod door;
#[path = "../tests/eyes/effects.rs"]
mod effects;
#[path = "../tests/eyes/scene.rs"]
mod scene;

use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use bursts::{BURSTS, BURSTS_FLOOR, FRAMES_IN_TIME, burst};
use clutter::{CLUTTER, MOST_MEAN_STEPS, clutter};
use door::all_effects;
use effects::Effect;
use scene::Scene;
use usher_eyes::{
    Allowance, DeepReader, LumaFrame, QrCode, QuickReader, STEPS_A_FRAME, read_quickly, read_within,
};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<34} {:>7} {:>9} {:>7} {:>9} {:>9} {:>9}",
        "", "quickly", "median ms", "all", "mean ms", "worst ms", "sweeps"
    )?;
    if let Some(folder) = env::var_os("EYES_FRAMES") {
        return measure_folder(Path::new(&folder), &mut out);
    }
    for effect in all_effects() {
        let name = format!("{} ({}, {})", effect.name, effect.quick_floor, effect.floor);
        measure(&name, effect.scenes().map(expected), &mut out)?;
    }
    let at_720p = |scene: Scene| Scene {
        size: (1_280, 720),
        module_px: scene.module_px * 1.5,
        ..scene
    };
    let scenes = all_effects().flat_map(Effect::scenes).map(at_720p);
    measure("all of them in 1280 × 720", scenes.map(expected), &mut out)?;
    measure(
        "no code, clutter (0, 0)",
        (0..CLUTTER).map(|number| (clutter(number), None)),
        &mut out,
    )?;
    measure_clutter(&mut out)?;
    measure_bursts(&mut out)
}

/// What all passes over a picture without a code take, as a multiple of a loop that is timed between them: a figure that
/// neither the machine nor its load changes much.
fn measure_clutter(out: &mut impl Write) -> io::Result<()> {
    let (mut passes, mut loops) = (Duration::ZERO, Duration::ZERO);
    let mut steps = 0;
    for frame in (0..CLUTTER).map(clutter) {
        let started = Instant::now();
        let allowance = Allowance::of_steps(STEPS_A_FRAME);
        black_box(read_within(&frame, &allowance));
        passes += started.elapsed();
        steps += STEPS_A_FRAME - allowance.steps_left();
        let started = Instant::now();
        for _ in 0..100 {
            black_box(black_box(&frame).inverted().halved(1));
        }
        loops += started.elapsed();
    }
    writeln!(
        out,
        "\nA picture without a code: {:.1} times what inverting and halving it 100 times takes, {} steps (at most {MOST_MEAN_STEPS})",
        passes.as_secs_f64() / loops.as_secs_f64(),
        steps / CLUTTER as u64
    )
}

fn expected(scene: Scene) -> (LumaFrame, Option<Vec<u8>>) {
    (scene.frame(), Some(scene.text.into_bytes()))
}

/// How many bursts are read within three frames, by the frames alone and together, and what each part of the reader
/// takes for a frame, all of them also in sweeps of the same frames.
fn measure_bursts(out: &mut impl Write) -> io::Result<()> {
    let (mut alone, mut together, mut frames) = (0, 0, 0);
    let (mut times, mut sweeps) = ([Duration::ZERO; 3], Duration::ZERO);
    for number in 0..BURSTS {
        let shown: Vec<LumaFrame> = burst(number)
            .take(FRAMES_IN_TIME)
            .map(|scene| scene.frame())
            .collect();
        let allowance = || Allowance::of_steps(STEPS_A_FRAME);
        alone += usize::from(
            shown
                .iter()
                .any(|frame| !read_within(frame, &allowance()).is_empty()),
        );
        let (mut quick, mut deep) = (QuickReader::default(), DeepReader::default());
        let mut is_read = false;
        for frame in &shown {
            frames += 1;
            sweeps += sweep(frame);
            let started = Instant::now();
            is_read |= !quick.read(frame, &allowance()).codes.is_empty();
            times[0] += started.elapsed();
            if is_read {
                break;
            }
            let started = Instant::now();
            let findings = deep.read(frame, quick.region(), &allowance());
            times[1] += started.elapsed();
            let started = Instant::now();
            is_read = !quick.learn(frame, findings, &allowance()).codes.is_empty();
            times[2] += started.elapsed();
            if is_read {
                break;
            }
        }
        together += usize::from(is_read);
    }
    let whole = times.iter().sum::<Duration>().as_secs_f64() / sweeps.as_secs_f64();
    let [quick, deep, fusion] = times.map(|time| time.as_secs_f64() * 1e3 / f64::from(frames));
    writeln!(
        out,
        "\nBursts, {FRAMES_IN_TIME} frames each: {together} of {BURSTS} read (floor {BURSTS_FLOOR}; {alone} when no frame helps the next), \
         {quick:.1} ms quick, {deep:.1} ms deep and {fusion:.2} ms fusion a frame, in all {whole:.1} sweeps"
    )
}

/// Every folder under this one with pictures in it is a row.
fn measure_folder(folder: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    let frames = files.iter().filter_map(|path| {
        let picture = image::open(path).ok()?.to_luma8();
        let frame = LumaFrame::new(picture.width(), picture.height(), picture.into_raw()).ok()?;
        Some((frame, fs::read(path.with_extension("txt")).ok()))
    });
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    measure(&name, frames, out)?;
    folders.iter().try_for_each(|folder| measure_folder(folder, out))
}

/// Inverts and halves a frame as often as gives a time that can be read, and gives that of once: the least that anybody takes who
/// looks at every point.
fn sweep(frame: &LumaFrame) -> Duration {
    const TIMES: u32 = 10;
    let started = Instant::now();
    for _ in 0..TIMES {
        black_box(black_box(frame).inverted().halved(1));
    }
    started.elapsed() / TIMES
}

/// One row; frames without an expected text count what is read all the same: it should be nothing.
fn measure(
    name: &str,
    frames: impl Iterator<Item = (LumaFrame, Option<Vec<u8>>)>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (mut quick_times, mut all_times) = (Vec::new(), Vec::new());
    let (mut quick_reads, mut all_reads, mut sweeps) = (0, 0, Duration::ZERO);
    for (frame, expected) in frames {
        sweeps += sweep(&frame);
        let right = |codes: Vec<QrCode>| {
            codes
                .iter()
                .any(|code| expected.as_ref().is_none_or(|expected| code.bytes == *expected))
        };
        let started = Instant::now();
        quick_reads += usize::from(right(read_quickly(&frame, &Allowance::of_steps(STEPS_A_FRAME))));
        quick_times.push(started.elapsed());
        let started = Instant::now();
        all_reads += usize::from(right(read_within(&frame, &Allowance::of_steps(STEPS_A_FRAME))));
        all_times.push(started.elapsed());
    }
    let Some(worst) = all_times.iter().max() else {
        return Ok(());
    };
    quick_times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let frames = all_times.len();
    let whole = all_times.iter().sum::<Duration>();
    let mean = whole / u32::try_from(frames).unwrap_or(u32::MAX);
    writeln!(
        out,
        "{name:<34} {:>7} {:>9.1} {:>7} {:>9.1} {:>9.1} {:>9.1}",
        format!("{quick_reads}/{frames}"),
        ms(quick_times[frames / 2]),
        format!("{all_reads}/{frames}"),
        ms(mean),
        ms(*worst),
        whole.as_secs_f64() / sweeps.as_secs_f64()
    )
}
