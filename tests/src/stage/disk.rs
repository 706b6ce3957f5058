//! Disks that fail: a folder that nobody may write to, for a program that is not root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::programs::{Program, Programs};

/// Whom root becomes, because nothing is read-only for root: the user without rights that every system has.
const NOBODY: u32 = 65_534;
/// Bytes of a KiB.
const KIB: u64 = 1_024;

/// A folder that is read-only until this is dropped.
#[derive(Debug)]
pub struct ReadOnly {
    folder: PathBuf,
    /// What was changed and its mode before.
    modes: Vec<(PathBuf, u32)>,
    root: bool,
}

impl ReadOnly {
    /// Makes a folder and what is in it read-only; root's own files are given to nobody meanwhile.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn lock(folder: &Path) -> anyhow::Result<Self> {
        let root = fs::metadata("/proc/self").context("asking who we are")?.uid() == 0;
        let mut locked = Self {
            folder: folder.to_owned(),
            modes: Vec::new(),
            root,
        };
        let mut inside = Vec::new();
        everything(folder, &mut inside)?;
        for path in inside {
            let mode = fs::metadata(&path)?.permissions().mode();
            locked.modes.push((path.clone(), mode));
            fs::set_permissions(&path, fs::Permissions::from_mode(mode & !0o222))?;
            if root {
                chown(&path, Some(NOBODY), Some(NOBODY))?;
            }
        }
        locked.open_the_way()?;
        Ok(locked)
    }

    /// Lets nobody look into the temporary folders above.
    fn open_the_way(&mut self) -> anyhow::Result<()> {
        for above in self.folder.ancestors().skip(1).filter(|_| self.root) {
            let mode = fs::metadata(above)?.permissions().mode();
            if mode & 0o005 != 0o005 {
                self.modes.push((above.to_owned(), mode));
                fs::set_permissions(above, fs::Permissions::from_mode(mode | 0o055))?;
            }
        }
        Ok(())
    }

    /// Prepares a run of a program for which the folder is read-only.
    ///
    /// # Errors
    ///
    /// When the program cannot be copied to where nobody may run it.
    pub fn command(&self, programs: &Programs, program: Program) -> anyhow::Result<Command> {
        let ours = programs.command(program);
        if !self.root {
            return Ok(ours);
        }
        // Where it was built may be in a home folder that nobody may enter.
        let copy = self.folder.with_extension(program.name());
        fs::copy(ours.get_program(), &copy).context("copying the program")?;
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(copy)
            .stdin(Stdio::null());
        Ok(command)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        for (path, mode) in self.modes.iter().rev() {
            // What cannot be restored fails the next step of the test, which says more.
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(*mode));
            if self.root {
                let _ = chown(path, Some(0), Some(0));
            }
        }
    }
}

fn everything(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    found.push(folder.to_owned());
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            everything(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Returns the size of the largest file of a folder: what a limit on files must leave room for.
///
/// # Errors
///
/// When the folder cannot be listed.
pub fn largest_file_kib(folder: &Path) -> anyhow::Result<u64> {
    let mut files = Vec::new();
    everything(folder, &mut files)?;
    let mut largest = 0;
    for file in files.iter().filter(|file| file.is_file()) {
        largest = largest.max(fs::metadata(file)?.len().div_ceil(KIB));
    }
    ensure!(largest > 0, "{} has no files", folder.display());
    Ok(largest)
}
