//! Where an event lies in a folder: at the top of an old one, or in a directory named by the event; which of them counts is the folder's.

use std::fs;
use std::io;
use std::path::Path;

use usher_keys::EventId;

use super::{Enrolled, FolderError};
use crate::directory::DataDirectory;
use crate::replica::Replica;

/// The number of the first enrolment that has a directory of its own; that at the top of an old folder comes before it.
pub const FIRST: u32 = 1;

/// A directory in which an event lies or may come to lie.
#[derive(Debug, Clone)]
pub struct EventDirectory {
    /// The event, by the directory's name.
    pub event: Option<EventId>,
    /// Which enrolment for the event it is.
    pub generation: u32,
    pub directory: DataDirectory,
}

impl EventDirectory {
    /// Reads what the device is there; nothing when no enrolment was finished.
    ///
    /// # Errors
    ///
    /// [`FolderError`].
    pub fn read(&self) -> Result<Option<Enrolled>, FolderError> {
        let path = self.directory.replica_path();
        if !Replica::is_founded(&path) {
            return Ok(None);
        }
        let enrolment = Replica::read_enrolment(&path)?;
        let certificate = enrolment.identity.unverified();
        if self.event.is_some_and(|named| named != certificate.event) {
            return Err(FolderError::Misnamed {
                path: self.directory.path().to_owned(),
                event: certificate.event,
            });
        }
        Ok(Some(Enrolled {
            event: certificate.event,
            directory: self.directory.clone(),
            role: certificate.role,
            name: certificate.name.clone(),
            window: certificate.window,
            generation: self.generation,
        }))
    }
}

/// Names the directory of an event's enrolment.
pub fn name(event: EventId, generation: u32) -> String {
    match generation {
        0 | FIRST => event.to_string(),
        later => format!("{event}.{later}"),
    }
}

/// Lists the directories of a folder; none when it is not there.
pub fn list(folder: &Path) -> Result<Vec<EventDirectory>, FolderError> {
    let failed = |source| FolderError::Unlistable {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut directories = vec![EventDirectory {
        event: None,
        generation: 0,
        directory: DataDirectory::at(folder),
    }];
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let named = entry.file_name().to_str().and_then(named);
        directories.extend(named.map(|(event, generation)| EventDirectory {
            event: Some(event),
            generation,
            directory: DataDirectory::at(&entry.path()),
        }));
    }
    Ok(directories)
}

/// Reads a directory's name.
fn named(text: &str) -> Option<(EventId, u32)> {
    let Some((event, number)) = text.split_once('.') else {
        return Some((text.parse().ok()?, FIRST));
    };
    let generation = number.parse().ok().filter(|number| *number > FIRST)?;
    // One spelling for each.
    (text == name(event.parse().ok()?, generation)).then_some((event.parse().ok()?, generation))
}
