//! Folders and files that only their owner can open: made so whatever the umask, and refused when they are open to others; what is in them is left to others.

mod open_to_others;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::file::PRIVATE_MODE;

pub use open_to_others::OpenToOthers;

/// The mode of folders only their owner may enter.
pub const PRIVATE_FOLDER_MODE: u32 = 0o700;
/// What a mode may have nothing of: anything for the group or others.
const OTHERS: u32 = 0o077;
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

/// Makes a folder that only its owner may enter, and the missing ones above it likewise. A folder that is there stays as it is
/// if anything but settings is in it. Else it is closed to others, if it is ours: there was nothing for them to read.
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

#[cfg(test)]
mod tests;
