//! Folders and files that only their owner can open: made so whatever the umask, and refused when they are open to others; what is in them is left to others.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::file::PRIVATE_MODE;

/// The mode of folders only their owner may enter.
pub const PRIVATE_FOLDER_MODE: u32 = 0o700;
/// What a mode may have nothing of: anything for the group or others.
const OTHERS: u32 = 0o077;
/// Most folders and files that one refusal names: more than a command line takes is no help.
const MAX_NAMED: usize = 24;
/// How deep folders in folders are looked at: ours have two levels.
const MAX_DEPTH: usize = 8;
/// How settings end, which people write with any editor and which hold no secrets.
const SETTINGS_EXTENSION: &str = "toml";

/// Why a private folder cannot be used.
#[derive(Debug, Error)]
pub enum PrivacyError {
    /// It cannot be made.
    #[error("cannot make the folder {}", path.display())]
    Make {
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It cannot be looked into.
    #[error("cannot look into {}, which belongs to user {owner}: run this program as its owner", path.display())]
    Look {
        path: PathBuf,
        /// The number of the user it belongs to.
        owner: u32,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no folder.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// What is there.
        path: PathBuf,
    },
    /// Others can get at it or at what is in it.
    #[error("{0}")]
    Open(OpenToOthers),
    /// What is in it lies somewhere else, where nobody looks at the modes.
    #[error(
        "{} is a symbolic link: move what it points to here, or link the whole folder",
        path.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
}

/// What is open to others, with the modes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OpenToOthers {
    folders: Vec<(PathBuf, u32)>,
    files: Vec<(PathBuf, u32)>,
}

/// Makes a folder that only its owner may enter, and the missing ones above it likewise. One that is there stays as it is
/// if something is in it but settings; else it is closed to others, if it is ours: there was nothing for them to read.
///
/// # Errors
///
/// [`PrivacyError::Make`].
pub fn make_folder(path: &Path) -> Result<(), PrivacyError> {
    let failed = |source| PrivacyError::Make {
        path: path.to_owned(),
        source,
    };
    let is_new = !path.exists();
    let made = DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE_FOLDER_MODE)
        .create(path);
    made.map_err(failed)?;
    if is_new {
        // The umask may have taken bits of the owner away.
        return set_mode(path, PRIVATE_FOLDER_MODE).map_err(failed);
    }
    let metadata = fs::metadata(path).map_err(failed)?;
    if is_open(&metadata) && holds_nothing(path).map_err(failed)? {
        match set_mode(path, PRIVATE_FOLDER_MODE) {
            // Somebody else's: whoever looks at the modes says so.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            closed => closed.map_err(failed)?,
        }
    }
    Ok(())
}

/// Opens a file to write, making it as needed so that only its owner can open it; what is in it stays.
///
/// # Errors
///
/// What the system says.
pub fn open_file(path: &Path) -> io::Result<File> {
    found_file(path)?;
    OpenOptions::new().write(true).open(path)
}

/// Makes an empty file that only its owner can open, unless there is one; the one that is there is not even opened,
/// since closing a file takes away the locks that SQLite has on it. What SQLite makes beside it gets the same mode.
///
/// # Errors
///
/// What the system says.
pub fn found_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(PRIVATE_MODE);
    match options.open(path) {
        // The umask may have taken bits of the owner away.
        Ok(file) => file.set_permissions(Permissions::from_mode(PRIVATE_MODE)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn is_open(metadata: &fs::Metadata) -> bool {
    metadata.permissions().mode() & OTHERS != 0
}

/// Tells whether nothing is in a folder that is to be kept from others.
fn holds_nothing(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if !is_settings(&entry?.path()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_settings(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == SETTINGS_EXTENSION)
}

/// Refuses a folder when it, or a file or folder in it, is open to others. Settings may be, and what vanishes meanwhile.
///
/// A folder that is not there, or holds nothing but settings, is not refused. The folder itself may be a symbolic link,
/// whose end counts.
///
/// # Errors
///
/// [`PrivacyError`].
pub fn check_folder(path: &Path) -> Result<(), PrivacyError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            let (path, owner) = (path.to_owned(), owner_above(path));
            return Err(PrivacyError::Look { path, owner, source });
        }
    };
    if !metadata.is_dir() {
        let path = path.to_owned();
        return Err(PrivacyError::NotAFolder { path });
    }
    let mut open = OpenToOthers::default();
    if is_open(&metadata) && !holds_nothing(path).unwrap_or(false) {
        open.look_at(path, &metadata);
    }
    open.look_into(path, MAX_DEPTH)?;
    if open == OpenToOthers::default() {
        return Ok(());
    }
    Err(PrivacyError::Open(open))
}

/// Returns whose the nearest folder above is that can be seen.
fn owner_above(path: &Path) -> u32 {
    let mut above = path.ancestors().skip(1);
    above
        .find_map(|above| fs::metadata(above).ok())
        .map_or(0, |metadata| metadata.uid())
}

impl OpenToOthers {
    fn look_at(&mut self, path: &Path, metadata: &fs::Metadata) {
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

    fn look_into(&mut self, folder: &Path, depth: usize) -> Result<(), PrivacyError> {
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
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+:@".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn set(path: &Path, mode: u32) {
        set_mode(path, mode).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// Makes a folder with a database, a key in a folder of its own, and settings everyone may read.
    fn data() -> (tempfile::TempDir, PathBuf) {
        let kept = tempfile::tempdir().unwrap();
        let folder = kept.path().join("data");
        make_folder(&folder.join("keys")).unwrap();
        for file in ["a.db", "a.db-wal", "keys/link.pem"] {
            found_file(&folder.join(file)).unwrap();
        }
        fs::write(folder.join("settings.toml"), "").unwrap();
        set(&folder.join("settings.toml"), 0o644);
        (kept, folder)
    }

    #[test]
    fn what_is_made_is_private_and_what_is_there_keeps_its_bytes() {
        let (_kept, folder) = data();
        let file = folder.join("note");
        drop(open_file(&file).unwrap());
        fs::write(&file, "kept").unwrap();
        found_file(&file).unwrap();
        drop(open_file(&file).unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"kept");
        assert_eq!((mode(&folder), mode(&folder.join("keys"))), (0o700, 0o700));
        assert_eq!((mode(&file), mode(&folder.join("a.db"))), (0o600, 0o600));
        check_folder(&folder).unwrap();
        check_folder(&folder.join("absent")).unwrap();
    }

    #[test]
    fn whatever_is_open_to_others_is_named_with_its_mode_and_the_command_that_mends_it() {
        for (path, is_folder) in [
            ("", true),
            ("keys", true),
            ("a.db", false),
            ("keys/link.pem", false),
        ] {
            for bits in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
                let (_kept, folder) = data();
                let path = match path {
                    "" => folder.clone(),
                    inside => folder.join(inside),
                };
                let path = path.as_path();
                let (right, open) = if is_folder {
                    (0o700, 0o700 | bits)
                } else {
                    (0o600, 0o600 | bits)
                };
                set(path, open);
                let said = check_folder(&folder).unwrap_err().to_string();
                let shown = path.display();
                assert_eq!(
                    said,
                    format!(
                        "{shown} (mode {open:04o}) is open to other users of this machine; run: chmod {right:o} {}",
                        quoted(path)
                    ),
                );
                set(path, right);
                check_folder(&folder).unwrap();
            }
        }
    }

    #[test]
    fn one_command_mends_all_that_an_older_version_left_open() {
        let (_kept, folder) = data();
        let odd = folder.join("it's a copy.db");
        found_file(&odd).unwrap();
        for (path, mode) in [
            (&folder, 0o755),
            (&folder.join("a.db"), 0o644),
            (&folder.join("a.db-wal"), 0o644),
            (&odd, 0o644),
        ] {
            set(path, mode);
        }
        let said = check_folder(&folder).unwrap_err().to_string();
        let (_, command) = said.split_once("run: ").unwrap();
        let done = std::process::Command::new("sh").args(["-c", command]).status();
        assert!(done.unwrap().success(), "{command}");
        check_folder(&folder).unwrap();
    }

    #[test]
    fn an_open_folder_without_secrets_is_closed_and_one_that_holds_something_is_left_to_be_refused() {
        let kept = tempfile::tempdir().unwrap();
        let folder = kept.path().join("data");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("settings.toml"), "").unwrap();
        set(&folder, 0o755);
        check_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        found_file(&folder.join("a.db")).unwrap();
        set(&folder, 0o755);
        make_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o755);
        assert!(matches!(check_folder(&folder), Err(PrivacyError::Open(_))));
    }

    #[test]
    fn a_linked_folder_is_looked_at_where_it_is_and_a_link_in_it_is_refused() {
        let (kept, folder) = data();
        let link = kept.path().join("link");
        symlink(&folder, &link).unwrap();
        check_folder(&link).unwrap();
        set(&folder, 0o750);
        assert!(matches!(check_folder(&link), Err(PrivacyError::Open(_))));
        set(&folder, 0o700);
        symlink(kept.path().join("elsewhere.db"), folder.join("b.db")).unwrap();
        assert!(matches!(check_folder(&folder), Err(PrivacyError::Link { .. })));
        assert!(matches!(
            check_folder(&folder.join("a.db")),
            Err(PrivacyError::NotAFolder { .. })
        ));
    }
}
