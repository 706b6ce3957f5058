//! Which folder is the scanner's, and opening what is in it; where things lie inside is the data directory's.

use std::env;
use std::path::PathBuf;

use thiserror::Error;
use usher_gate_agent::clock::Clock;
use usher_gate_agent::directory::{DataDirectory, DirectoryError};
use usher_gate_agent::replica::Replica;
use usher_keys::{Role, SecretKey};

/// The folder's name below the user's folder for data.
const FOLDER_NAME: &str = "usher-scan";

/// Why a scanner's folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system names no folder for the user's data.
    #[error("there is no home folder: name a folder with --dir or USHER_SCAN_DIR")]
    Homeless,
    /// Nobody has enrolled here.
    #[error("{} holds no scanner: enrol it first with `usher-scan enroll CODE`", path.display())]
    NotEnrolled {
        /// The folder.
        path: PathBuf,
    },
    /// Key or replica cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The folder is a hub's.
    #[error("{} belongs to a hub: name another folder with --dir", path.display())]
    NotAScanner {
        /// The folder.
        path: PathBuf,
    },
}

/// Gives the folder that was named, or else the one in the user's folder for data.
///
/// # Errors
/// [`FolderError::Homeless`].
pub fn named_or_usual(named: Option<PathBuf>) -> Result<DataDirectory, FolderError> {
    let path = named.or_else(usual).ok_or(FolderError::Homeless)?;
    Ok(DataDirectory::at(&path))
}

/// Opens key and replica; no other program can as long as the replica is open.
///
/// # Errors
/// [`FolderError`].
pub fn open(folder: &DataDirectory) -> Result<(SecretKey, Replica), FolderError> {
    let path = || folder.path().to_owned();
    if !folder.replica_path().exists() {
        return Err(FolderError::NotEnrolled { path: path() });
    }
    let key = folder.read_key()?;
    let replica = folder.open_replica(Clock::system())?;
    if replica.certificate().role != Role::Scanner {
        return Err(FolderError::NotAScanner { path: path() });
    }
    Ok((key, replica))
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
