//! Damage to files as bad memory, cables and disks do it, drawn from a seed: bits, bytes, sectors.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use usher_tests::sim::random::Random;

/// Bytes of a sector, the smallest piece a disk writes.
const SECTOR: usize = 512;

/// What was done to a file.
#[derive(Debug)]
pub struct Damage {
    file: String,
    at: u64,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.before.len().min(8);
        write!(
            f,
            "{} bytes at {} of {}: {:02x?} became {:02x?}",
            self.before.len(),
            self.at,
            self.file,
            &self.before[..shown],
            &self.after[..shown]
        )
    }
}

/// Changes bytes somewhere in the files of a folder; each byte of each file is as likely to be hit as any other.
///
/// # Errors
///
/// When there is nothing to damage.
pub fn inflict(folder: &Path, files: &[&str], random: &mut Random) -> anyhow::Result<Damage> {
    let sizes: Vec<u64> = files.iter().map(|file| size(&folder.join(file))).collect();
    let total: u64 = sizes.iter().sum();
    ensure!(total > 0, "{} holds none of {files:?}", folder.display());
    let mut at = random.below(total);
    let mut hit = 0;
    while at >= sizes[hit] {
        at -= sizes[hit];
        hit += 1;
    }
    let path = folder.join(files[hit]);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    let (at, before) = piece(&file, at, sizes[hit], random)?;
    let mut after = before.clone();
    while after == before {
        alter(&mut after, random);
    }
    file.write_all_at(&after, at)?;
    Ok(Damage {
        file: files[hit].to_owned(),
        at,
        before,
        after,
    })
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Reads what is to be changed: mostly one byte, sometimes a few, sometimes the sector it is in.
fn piece(file: &File, at: u64, size: u64, random: &mut Random) -> anyhow::Result<(u64, Vec<u8>)> {
    let (start, len) = match random.below(10) {
        0 => (at - at % SECTOR as u64, SECTOR as u64),
        1 | 2 => (at, random.between(2, 16)),
        _ => (at, 1),
    };
    let mut bytes = vec![0; usize::try_from(len.min(size - start))?];
    file.read_exact_at(&mut bytes, start)?;
    Ok((start, bytes))
}

fn alter(bytes: &mut [u8], random: &mut Random) {
    match (bytes.len(), random.below(4)) {
        (1, 0) => bytes[0] ^= 1 << random.below(8),
        (1, 1) => bytes[0] = 0,
        (SECTOR, 0 | 1) => bytes.fill(0),
        _ => bytes
            .iter_mut()
            .for_each(|byte| *byte = random.bits().to_le_bytes()[0]),
    }
}

/// Returns a folder for copies, in memory where the system has such: nothing here depends on syncing, which takes most of
/// the time on a disk.
///
/// # Errors
///
/// When it cannot be made.
pub fn folder() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        return tempfile::tempdir_in(memory);
    }
    tempfile::tempdir()
}

/// Copies the named files that are there into an empty folder.
///
/// # Errors
///
/// When the system does not let us.
pub fn copy(from: &Path, files: &[&str], to: &Path) -> anyhow::Result<()> {
    usher_keys::private::make_folder(to)?;
    for file in files {
        let source: PathBuf = from.join(file);
        if source.exists() {
            fs::copy(&source, to.join(file)).with_context(|| format!("copying {}", source.display()))?;
        }
    }
    Ok(())
}
