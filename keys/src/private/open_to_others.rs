//! What is open to others below a folder, and the commands that close it.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{PrivacyError, is_open, is_settings};

/// Most folders and files that one refusal names: more than a command line takes is no help.
const MAX_NAMED: usize = 24;

/// What is open to others, with the modes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OpenToOthers {
    folders: Vec<(PathBuf, u32)>,
    files: Vec<(PathBuf, u32)>,
}

impl OpenToOthers {
    pub(super) fn look_at(&mut self, path: &Path, metadata: &fs::Metadata) {
        let mode = metadata.permissions().mode() & 0o7777;
        let found = if metadata.is_dir() {
            &mut self.folders
        } else {
            &mut self.files
        };
        if is_open(metadata) && found.len() < MAX_NAMED {
            found.push((path.to_owned(), mode));
        }
    }

    pub(super) fn look_into(&mut self, folder: &Path, depth: usize) -> Result<(), PrivacyError> {
        let failed = |source| PrivacyError::Look {
            path: folder.to_owned(),
            owner: fs::metadata(folder).map_or(0, |metadata| metadata.uid()),
            source,
        };
        let mut paths = fs::read_dir(folder)
            .and_then(|entries| {
                entries
                    .map(|entry| Ok(entry?.path()))
                    .collect::<io::Result<Vec<_>>>()
            })
            .map_err(failed)?;
        paths.sort();
        for path in paths {
            if is_settings(&path) {
                continue;
            }
            // A running program makes and removes files while we look.
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            if metadata.is_symlink() {
                return Err(PrivacyError::Link { path });
            }
            self.look_at(&path, &metadata);
            if metadata.is_dir() && depth > 0 {
                match self.look_into(&path, depth - 1) {
                    // Somebody else's, and closed: a disk's lost+found.
                    Err(PrivacyError::Look { .. }) => {}
                    looked => looked?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for OpenToOthers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.folders.iter().chain(&self.files);
        let named: Vec<_> = all
            .map(|(path, mode)| format!("{} (mode {mode:04o})", path.display()))
            .collect();
        let verb = if named.len() == 1 { "is" } else { "are" };
        write!(
            f,
            "{} {verb} open to other users of this machine; run: ",
            named.join(", ")
        )?;
        let commands = [("700", &self.folders), ("600", &self.files)];
        let commands = commands.into_iter().filter(|(_, paths)| !paths.is_empty());
        let commands: Vec<_> = commands
            .map(|(mode, paths)| {
                let paths: Vec<_> = paths.iter().map(|(path, _)| quoted(path)).collect();
                format!("chmod {mode} {}", paths.join(" "))
            })
            .collect();
        f.write_str(&commands.join(" && "))
    }
}

/// Writes a path as a shell takes it for one word.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+:@".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
