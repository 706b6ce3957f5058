//! Prints how many scenes of each effect are read and how long it takes, quickly and with everything, with
//! the floors of both in brackets. With a folder in `EYES_FRAMES`, its pictures instead, by folder, against
//! the text beside each.

#[path = "../tests/eyes/effects.rs"]
mod effects;
#[path = "../tests/eyes/scene.rs"]
mod scene;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use effects::EFFECTS;
use usher_scan::read::{Allowance, LumaFrame, STEPS_A_FRAME, read_quickly, read_within};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<28} {:>7} {:>9} {:>7} {:>9} {:>9}",
        "", "quickly", "median ms", "all", "mean ms", "worst ms"
    )?;
    match env::var_os("EYES_FRAMES") {
        Some(folder) => measure_folder(Path::new(&folder), &mut out),
        None => EFFECTS.iter().try_for_each(|effect| {
            let frames = effect
                .scenes()
                .map(|scene| (scene.frame(), Some(scene.text.clone().into_bytes())));
            measure(
                &format!("{} ({}, {})", effect.name, effect.quick_floor, effect.floor),
                frames,
                &mut out,
            )
        }),
    }
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

/// One row; frames without an expected text count what is read all the same: it should be nothing.
fn measure(
    name: &str,
    frames: impl Iterator<Item = (LumaFrame, Option<Vec<u8>>)>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (mut quick_times, mut all_times) = (Vec::new(), Vec::new());
    let (mut quick_reads, mut all_reads) = (0, 0);
    for (frame, expected) in frames {
        let right = |codes: Vec<usher_scan::read::Code>| {
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
    let mean = all_times.iter().sum::<Duration>() / u32::try_from(frames).unwrap_or(u32::MAX);
    writeln!(
        out,
        "{name:<28} {:>7} {:>9.1} {:>7} {:>9.1} {:>9.1}",
        format!("{quick_reads}/{frames}"),
        ms(quick_times[frames / 2]),
        format!("{all_reads}/{frames}"),
        ms(mean),
        ms(*worst)
    )
}
