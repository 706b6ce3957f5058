//! Forgetting events that are long over: what the cloud holds too needs no room here. Without its word nothing goes.

use std::{fs, io};

use serde::{Deserialize, Serialize};
use usher_keys::file::{FileError, PRIVATE_MODE, read_file, replace_file};
use usher_keys::{EventId, Timestamp};

use super::{Enrolled, Folder, FolderError};
use crate::directory::DataDirectory;
use crate::replica;

/// What the name of a directory begins with that is being removed; no event's does.
const AWAY: &str = "forgotten.";
/// Largest note, in bytes.
const MAX_NOTE_BYTES: u64 = 1024;

/// What a device notes of the cloud: that it held all records of the device's, when there were so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandedOn {
    records: u64,
}

/// An event that was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    pub event: EventId,
    /// How many records there were, which the cloud has too.
    pub records: u64,
}

impl DataDirectory {
    /// Notes that the cloud holds all `records` records.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn note_handed_on(&self, records: u64) -> Result<(), FileError> {
        if self.handed_on() == Some(records) {
            return Ok(());
        }
        let note = serde_json::to_vec(&HandedOn { records }).unwrap_or_default();
        replace_file(&self.handed_on_path(), &note, PRIVATE_MODE)
    }

    /// Takes that note back: a cloud that is linked and has not said so anew may be one that was restored.
    ///
    /// # Errors
    ///
    /// The file cannot be removed.
    pub fn doubt_handed_on(&self) -> io::Result<()> {
        match fs::remove_file(self.handed_on_path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Returns how many records there were when the cloud had all of them, if it ever did.
    fn handed_on(&self) -> Option<u64> {
        let note = read_file::<MAX_NOTE_BYTES>(&self.handed_on_path()).ok()?;
        let note: HandedOn = serde_json::from_slice(&note).ok()?;
        Some(note.records)
    }
}

impl Folder {
    /// Removes the directories of events whose certificate ended longer ago than that and of which the cloud holds every record,
    /// with those of earlier enrolments for them. The event at the top of an old folder stays, and so does what is `served`.
    ///
    /// `now` must be of a clock that others agree with: a key that is gone is gone.
    ///
    /// # Errors
    ///
    /// [`FolderError::Unlistable`]: what was removed before is removed.
    pub fn forget(
        &self,
        after_ms: u64,
        now: Timestamp,
        served: impl Fn(EventId) -> bool,
    ) -> Result<Vec<Forgotten>, FolderError> {
        self.clear_away()?;
        let contents = self.contents()?;
        let mut forgotten = Vec::new();
        for enrolled in &contents.events {
            let is_due = now.since_ms(enrolled.window.until) > after_ms && !served(enrolled.event);
            let Some(records) = is_due.then(|| enrolled.handed_on_records()).flatten() else {
                continue;
            };
            let former = contents
                .former
                .iter()
                .filter(|former| former.event == enrolled.event);
            for gone in former.chain([enrolled]) {
                self.put_away(gone)?;
            }
            forgotten.push(Forgotten {
                event: enrolled.event,
                records,
            });
        }
        self.clear_away()?;
        Ok(forgotten)
    }

    /// Takes a directory out of the events in one step: one that is half removed would be taken for an enrolment that was not finished.
    fn put_away(&self, gone: &Enrolled) -> Result<(), FolderError> {
        let path = gone.directory.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let away = self.path().join(format!("{AWAY}{name}"));
        match gone.generation {
            0 => Ok(()),
            _ => fs::rename(path, away).map_err(|source| self.unlistable(source)),
        }
    }

    /// Removes what was put away, also before a crash.
    fn clear_away(&self) -> Result<(), FolderError> {
        let failed = |source| self.unlistable(source);
        for entry in fs::read_dir(self.path()).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with(AWAY) {
                fs::remove_dir_all(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn unlistable(&self, source: io::Error) -> FolderError {
        FolderError::Unlistable {
            path: self.path().to_owned(),
            source,
        }
    }
}

impl Enrolled {
    /// Returns how many records there are, if the cloud holds all of them and its directory is one of its own.
    pub(super) fn handed_on_records(&self) -> Option<u64> {
        let records = replica::record_count(&self.directory.replica_path()).ok()?;
        let is_all = self.directory.handed_on() == Some(records);
        (is_all && self.generation > 0).then_some(records)
    }
}
