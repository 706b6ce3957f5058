//! Backups of a SQLite store: a copy of what is durable, made while a server writes, and putting it back where no store is. The commit
//! note goes along, so that what lacks commits is noticed; the master key does not.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use usher_disk::{CommitNote, DatabaseLocation};
use usher_keys::{Timestamp, private};

use crate::store::StoreError;
use crate::store::audit::Audit;
use crate::store::finding::Finding;

use super::{audit, commits, copies, migrations, tables};

/// What the name of a file ends with that is not whole yet.
const UNFINISHED: &str = "unfinished";

/// Why a store was not backed up or restored. Nothing that was there has changed then.
#[derive(Debug, Clone, Error)]
pub enum BackupError {
    /// The backup would be on top of another file.
    #[error("{} is there already: name a file that is not", .0.display())]
    Taken(PathBuf),
    /// A store is where the backup should go.
    #[error(
        "a store is there already, and a backup never goes on top of one: stop its server and move {} and the files \
         beside it away",
        .0.display()
    )]
    StoreThere(PathBuf),
    /// Nothing says how many commits the backup holds.
    #[error(
        "{} is missing, which says how many commits the backup holds: a file that was copied in another way than with \
         `usher-cloud backup` may lack the last ones",
        .0.display()
    )]
    NoNote(PathBuf),
    /// The backup is damaged, or not all of it is there.
    #[error("the backup is not sound, and nothing was restored: {}", listed(.0))]
    Unsound(Vec<Finding>),
    /// A file cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn listed(findings: &[Finding]) -> String {
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    findings.join("; ")
}

/// A backup that was made.
#[derive(Debug, Clone)]
pub struct Backup {
    /// How many commits it holds.
    pub commits: u64,
    /// The note that stands beside it and belongs to it.
    pub note: PathBuf,
    /// What an audit says of it.
    pub audit: Audit,
}

/// A store that was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// How many commits it holds.
    pub commits: u64,
    /// How many more the store had that was here before, as far as its note was left.
    pub forgotten: u64,
    /// What an audit says of it.
    pub audit: Audit,
}

/// Copies a store into a new file, also while a server uses it, and audits the copy.
///
/// # Errors
///
/// [`BackupError`].
pub fn back_up(store: &Path, to: &Path) -> Result<Backup, BackupError> {
    let note = commits::note_of(to);
    for path in [to, &note] {
        if path.exists() {
            return Err(BackupError::Taken(path.to_owned()));
        }
    }
    let unfinished = Unfinished::of(to)?;
    let from = DatabaseLocation::File(store.to_owned());
    from.copy_to(&unfinished.0).map_err(StoreError::from)?;
    mark_as_backup(&unfinished.0)?;
    let commits = counted(&unfinished.0)?;
    let audit = audit::of_noted(&unfinished.0, commits)?;
    write_note(&note, commits)?;
    unfinished.put(to)?;
    Ok(Backup { commits, note, audit })
}

/// Puts a backup where no store is, in today's tables, with its events halted, once an audit says that it is sound.
///
/// # Errors
///
/// [`BackupError`].
pub fn restore(backup: &Path, store: &Path, now: Timestamp) -> Result<Restored, BackupError> {
    for path in [store.to_owned(), with_ending(store, "-wal")] {
        if path.exists() {
            return Err(BackupError::StoreThere(path));
        }
    }
    let backup_note = commits::note_of(backup);
    if !backup_note.exists() {
        return Err(BackupError::NoNote(backup_note));
    }
    if let Some(folder) = store.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        private::make_folder(folder).map_err(StoreError::from)?;
    }
    let unfinished = Unfinished::of(store)?;
    unfinished.fill_from(backup)?;
    let audit = checked(&unfinished.0, CommitNote::read(&backup_note), now)?;
    let commits = counted(&unfinished.0)?;
    let note = commits::note_of(store);
    let forgotten = CommitNote::read(&note).saturating_sub(commits);
    // The note first: without a store beside it nothing is served, and the way is free to restore again.
    write_note(&note, commits)?;
    unfinished.put(store)?;
    Ok(Restored {
        commits,
        forgotten,
        audit,
    })
}

/// Brings the tables of a copy up to date, halts its events, since it may be older than what their devices know, and audits it.
fn checked(copy: &Path, noted: u64, now: Timestamp) -> Result<Audit, BackupError> {
    let opened = DatabaseLocation::File(copy.to_owned()).open_writer(&tables(&migrations()));
    let audit = match opened.map_err(StoreError::from) {
        Ok(connection) => {
            copies::take_for_store(&connection, now)?;
            drop(connection);
            audit::of_noted(copy, noted)?
        }
        Err(StoreError::Unsound(finding)) => return Err(BackupError::Unsound(vec![finding])),
        Err(error) => return Err(error.into()),
    };
    if audit.findings.is_empty() {
        Ok(audit)
    } else {
        Err(BackupError::Unsound(audit.findings))
    }
}

fn mark_as_backup(copy: &Path) -> Result<(), BackupError> {
    let connection = DatabaseLocation::File(copy.to_owned())
        .open_alone()
        .map_err(StoreError::from)?;
    Ok(copies::mark_as_backup(&connection).map_err(StoreError::from)?)
}

fn counted(copy: &Path) -> Result<u64, BackupError> {
    let connection = DatabaseLocation::File(copy.to_owned())
        .open_from_outside()
        .map_err(StoreError::from)?;
    Ok(commits::counted(&connection)?)
}

fn write_note(path: &Path, commits: u64) -> Result<(), BackupError> {
    CommitNote::open(path).map_err(StoreError::from)?.write(commits);
    synced(path)?;
    if CommitNote::read(path) == commits {
        return Ok(());
    }
    Err(failed(path)(io::Error::other("what was written is not there")))
}

/// A file that is not whole yet; gone with what SQLite made beside it unless it is put in its place.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Names one where the whole file will be, with another ending, and removes one that was left there.
    fn of(whole: &Path) -> Result<Self, BackupError> {
        let unfinished = Self(with_ending(whole, &format!(".{UNFINISHED}")));
        unfinished.remove().map_err(failed(&unfinished.0))?;
        Ok(unfinished)
    }

    fn fill_from(&self, file: &Path) -> Result<(), BackupError> {
        let mut from = File::open(file).map_err(failed(file))?;
        let copied = private::open_file(&self.0).and_then(|mut to| io::copy(&mut from, &mut to));
        copied.map(|_| ()).map_err(failed(&self.0))
    }

    /// Gives the whole file its name, durably.
    fn put(&self, whole: &Path) -> Result<(), BackupError> {
        synced(&self.0)?;
        fs::rename(&self.0, whole).map_err(failed(whole))?;
        synced(
            whole
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        )
    }

    fn remove(&self) -> io::Result<()> {
        let beside_it = ["", "-wal", "-shm", "-journal"].map(|end| with_ending(&self.0, end));
        for path in beside_it
            .into_iter()
            .chain([self.0.with_extension("migrate-lock")])
        {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, file = %self.0.display(), "an unfinished file was left behind");
        }
    }
}

fn with_ending(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn synced(path: &Path) -> Result<(), BackupError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File {
        path,
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests;
