//! Which folder is the scanner's, which of its events is meant, and opening it; where things lie inside is the gate agent's library's.

use std::env;
use std::path::PathBuf;

use thiserror::Error;
use usher_device::clock::Clock;
use usher_device::directory::{DataDirectory, DirectoryError};
use usher_device::folder::{Contents, Enrolled, EventChoice, Folder, FolderError as EventError};
use usher_device::replica::{self, Glance, Replica};
use usher_keys::{Role, SecretKey, Timestamp};

use crate::others::Others;

/// The folder's name below the user's folder for data.
const FOLDER_NAME: &str = "usher-scan";

/// Why a scanner's folder cannot be used.
#[derive(Debug, Error)]
pub enum ScannerFolderError {
    /// The system names no folder for the user's data.
    #[error("there is no home folder: name a folder with --dir or USHER_SCAN_DIR")]
    Homeless,
    /// Nobody has enrolled here.
    #[error("{} holds no scanner: enrol it first with `usher-scan enroll CODE`", path.display())]
    NotEnrolled { path: PathBuf },
    /// No event of it can be used.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Key or replica cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The folder is a hub's.
    #[error("{} belongs to a hub: name another folder with --dir", path.display())]
    NotAScanner { path: PathBuf },
}

/// Returns the folder that was named, or else the one in the user's folder for data; nothing in it is open to others.
///
/// # Errors
/// [`ScannerFolderError::Homeless`], [`ScannerFolderError::Directory`] when others can get at it.
pub fn named_or_usual(named: Option<PathBuf>) -> Result<Folder, ScannerFolderError> {
    let path = named.or_else(usual).ok_or(ScannerFolderError::Homeless)?;
    let folder = Folder::at(&path);
    folder.top().check()?;
    Ok(folder)
}

/// The event to scan for.
pub struct Chosen {
    pub directory: DataDirectory,
    /// Earlier enrolments for it.
    pub former: Vec<DataDirectory>,
    /// The other events of the folder.
    pub others: Others,
}

/// Returns the event that was named, or the one that is on now.
///
/// # Errors
/// [`ScannerFolderError`].
pub fn on_now(folder: &Folder, wanted: Option<&EventChoice>) -> Result<Chosen, ScannerFolderError> {
    let (contents, now) = (events(folder)?, Clock::system().now());
    let chosen = match wanted {
        Some(_) => events(folder)?.pick(wanted, folder, now)?,
        None => events(folder)?.on_now(folder, now)?,
    };
    Ok(Chosen {
        others: Others::of(&contents, chosen.event),
        former: folder.former_of(&chosen)?,
        directory: chosen.directory,
    })
}

/// Returns the event that was named, or the only one.
///
/// # Errors
/// [`ScannerFolderError`].
pub fn picked(folder: &Folder, wanted: Option<&EventChoice>) -> Result<Enrolled, ScannerFolderError> {
    Ok(events(folder)?.pick(wanted, folder, Clock::system().now())?)
}

/// Looks at the scanner's events.
///
/// # Errors
/// [`ScannerFolderError`].
pub fn events(folder: &Folder) -> Result<Contents, ScannerFolderError> {
    let mut contents = folder.contents()?;
    if contents.events.is_empty() && contents.unreadable.is_empty() {
        return Err(ScannerFolderError::NotEnrolled {
            path: folder.path().to_owned(),
        });
    }
    contents.keep(Role::Scanner, folder)?;
    Ok(contents)
}

/// Opens key and replica; no other program can as long as the replica is open.
///
/// # Errors
/// [`ScannerFolderError`].
pub fn open(folder: &DataDirectory) -> Result<(SecretKey, Replica), ScannerFolderError> {
    let path = || folder.path().to_owned();
    if !folder.replica_path().exists() {
        return Err(ScannerFolderError::NotEnrolled { path: path() });
    }
    let key = folder.read_key()?;
    let replica = folder.open_replica(Clock::system())?;
    if replica.certificate().role != Role::Scanner {
        return Err(ScannerFolderError::NotAScanner { path: path() });
    }
    Ok((key, replica))
}

/// Looks at the replica without opening it, so that a scanner may run meanwhile.
///
/// # Errors
/// [`ScannerFolderError`].
pub fn glance(folder: &DataDirectory, now: Timestamp) -> Result<Glance, ScannerFolderError> {
    let path = folder.path().to_owned();
    if !folder.replica_path().exists() {
        return Err(ScannerFolderError::NotEnrolled { path });
    }
    folder.check()?;
    let seen = replica::glance(&folder.replica_path(), now).map_err(DirectoryError::from)?;
    if seen.certificate().role != Role::Scanner {
        return Err(ScannerFolderError::NotAScanner { path });
    }
    Ok(seen)
}

/// The folder of the XDG specification: `$XDG_DATA_HOME/usher-scan`, or `~/.local/share/usher-scan`.
fn usual() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let below_home = || absolute("HOME").map(|home| home.join(".local/share"));
    absolute("XDG_DATA_HOME")
        .or_else(below_home)
        .map(|data| data.join(FOLDER_NAME))
}
