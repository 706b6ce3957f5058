//! Files that are either whole or absent: atomic replacement, refusal to overwrite, bounded reading; what is inside is left to others.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use thiserror::Error;
use zeroize::Zeroizing;

/// The mode of files only their owner may read: private keys, device state.
pub const PRIVATE_MODE: u32 = 0o600;
/// The mode of files everyone may read: public keys, trust bundles.
pub const PUBLIC_MODE: u32 = 0o644;

/// Why a file was not read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written; what was there before is untouched.
    #[error("cannot write {}", path.display())]
    Write {
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is already a file.
    #[error("{} exists already: move it away, or ask for it to be replaced", path.display())]
    Exists { path: PathBuf },
    /// The file is longer than anything it should hold.
    #[error("{} is longer than {limit_bytes} bytes: not a file of this kind", path.display())]
    TooLong { path: PathBuf, limit_bytes: u64 },
    /// Others than the owner may read a private file.
    #[error(
        "{} can be read by others (mode {mode:04o}); run: chmod 600 {}",
        path.display(),
        path.display()
    )]
    TooOpen {
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl FileError {
    /// Tells whether nothing was written because a file of that name is there already.
    pub fn is_in_the_way(&self) -> bool {
        matches!(self, Self::Exists { .. })
    }
}

/// Writes a file durably in one step: after a crash there is the old file or the new one, never half of one.
///
/// **Units**: `mode` is the permission bits; the process's umask may take some away, never add any.
///
/// # Errors
///
/// [`FileError::Write`].
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    write_with(path, bytes, mode, |file| {
        file.persist(path).map_err(|failed| failed.error)
    })
    .map_err(|source| write_error(path, source))
}

/// Writes a file durably in one step, unless there is one of that name already.
///
/// # Errors
///
/// [`FileError::Exists`], [`FileError::Write`].
pub fn create_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    write_with(path, bytes, mode, |file| {
        file.persist_noclobber(path).map_err(|failed| failed.error)
    })
    .map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            let path = path.to_owned();
            return FileError::Exists { path };
        }
        write_error(path, source)
    })
}

/// Reads a file of at most `LIMIT` bytes; the buffer is wiped when dropped.
///
/// # Errors
///
/// [`FileError::Read`], [`FileError::TooLong`].
pub fn read_file<const LIMIT: u64>(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    read_open::<LIMIT>(path, &file)
}

/// Reads a file of at most `LIMIT` bytes that nobody but its owner may read.
///
/// # Errors
///
/// [`FileError::TooOpen`] and those of [`read_file`].
pub fn read_private_file<const LIMIT: u64>(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    let metadata = file.metadata().map_err(|source| read_error(path, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(FileError::TooOpen { path, mode });
    }
    read_open::<LIMIT>(path, &file)
}

fn read_open<const LIMIT: u64>(path: &Path, file: &File) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Room for everything at once: a buffer that grows would leave unwiped copies behind.
    let room = usize::try_from(LIMIT + 1).expect("file limits fit into memory");
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| read_error(path, source))?;
    if bytes.len() == room {
        return Err(FileError::TooLong {
            path: path.to_owned(),
            limit_bytes: LIMIT,
        });
    }
    Ok(bytes)
}

fn write_with(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    persist: impl FnOnce(NamedTempFile) -> io::Result<File>,
) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".usher-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    persist(file)?;
    // The name itself is durable only once the directory is.
    File::open(directory)?.sync_all()
}

fn read_error(path: &Path, source: io::Error) -> FileError {
    let path = path.to_owned();
    FileError::Read { path, source }
}

fn write_error(path: &Path, source: io::Error) -> FileError {
    let path = path.to_owned();
    FileError::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replacing_leaves_the_new_bytes_the_asked_mode_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        replace_file(&path, b"old", PUBLIC_MODE).unwrap();
        replace_file(&path, b"new", PRIVATE_MODE).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(names_in(directory.path()), ["state"]);
    }

    #[test]
    fn creating_never_touches_a_file_that_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        create_file(&path, b"first", PRIVATE_MODE).unwrap();
        let refused = create_file(&path, b"second", PRIVATE_MODE).unwrap_err();
        assert!(matches!(refused, FileError::Exists { .. }), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(names_in(directory.path()), ["state"]);
    }

    #[test]
    fn a_file_at_the_limit_is_read_and_one_byte_more_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        std::fs::write(&path, [7; 8]).unwrap();
        assert_eq!(read_file::<8>(&path).unwrap().as_slice(), [7; 8]);
        assert!(matches!(read_file::<7>(&path), Err(FileError::TooLong { .. })));
    }

    #[test]
    fn a_private_file_others_may_read_is_refused_with_the_command_that_helps() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, b"x").unwrap();
        for mode in [0o640, 0o604, 0o644, 0o620, 0o601] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = read_private_file::<8>(&path).unwrap_err().to_string();
            assert!(
                refused.contains(&format!("chmod 600 {}", path.display())),
                "{refused}"
            );
        }
        for mode in [0o600, 0o400] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(read_private_file::<8>(&path).is_ok());
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_named_in_the_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("absent/state");
        let refused = replace_file(&path, b"x", PRIVATE_MODE).unwrap_err();
        assert!(refused.to_string().contains("absent/state"), "{refused}");
    }
}
