//! The folder of a device: a data directory for each of its events, and which of them is meant; what is in one is the data directory's.
//!
//! An event's directory is named by the event's id, and from the second enrolment for the same event on by a number too. A
//! directory counts once its replica is founded, which is one commit: nothing is moved or overwritten, so that no crash
//! leaves half an enrolment. A folder from the time when one held one event has that event at the top, and is used as it is.

mod choice;
mod event_directory;
mod forgetting;
mod former;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use usher_keys::expiry::AFTER_EVENT_MS;
use usher_keys::private;
use usher_keys::{EventId, Role, Timestamp, Window};
use usher_words::certificates::end_in_words;
use usher_words::enrolment::{FolderEntry, folder_line, role_name};

pub use choice::EventChoice;
use event_directory::EventDirectory;
pub use forgetting::Forgotten;
pub use former::inherit;

use crate::directory::{DataDirectory, DirectoryError};
use crate::replica::{self, ReplicaError};

/// How long after the end of its certificate an event's directory is kept without a word: whoever wants its scans has
/// exported them by then.
const REMOVABLE_AFTER_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// A device's folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// An event that this device was enrolled for.
#[derive(Debug, Clone)]
pub struct Enrolled {
    pub event: EventId,
    /// Where key and replica are.
    pub directory: DataDirectory,
    /// What the device is there.
    pub role: Role,
    /// How people call the device there.
    pub name: String,
    /// When its certificate is valid.
    pub window: Window,
    /// Which enrolment for the event it is.
    generation: u32,
}

/// Everything in a folder.
#[derive(Debug, Default)]
pub struct Contents {
    /// The events, the earliest end first.
    pub events: Vec<Enrolled>,
    /// Earlier enrolments for events that the device was enrolled for anew.
    pub former: Vec<Enrolled>,
    /// What is there but cannot be read.
    pub unreadable: Vec<FolderError>,
}

/// Why a folder, or an event in it, cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It cannot be looked into.
    #[error("cannot look into the folder {}", path.display())]
    Unlistable {
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No event is there.
    #[error("{} holds no event: enroll this machine first", path.display())]
    Empty { path: PathBuf },
    /// Several events are there.
    #[error("several events are meant, so name one by its id with --event:\n{}", listing.join("\n"))]
    Several {
        /// A line for each.
        listing: Vec<String>,
    },
    /// The event that was named is not there.
    #[error("this folder holds no event \"{wanted}\", but:\n{}", listing.join("\n"))]
    NoSuchEvent {
        /// What was asked for.
        wanted: EventChoice,
        /// A line for each event that is there.
        listing: Vec<String>,
    },
    /// Every event's time is over.
    #[error(
        "the certificates of all events in this folder have ended: enroll this machine for the next event, or for the same anew. If none should have ended, set this machine's clock right. There are:\n{}",
        listing.join("\n")
    )]
    AllOver {
        /// A line for each.
        listing: Vec<String>,
    },
    /// The device has been enrolled for the event already.
    #[error(
        "{} belongs to a device already: it is \"{name}\" of {event}, and its certificate {end}. To make a new device of it, after a revocation for example, add --anew",
        path.display()
    )]
    AlreadyEnrolled {
        /// The event's directory.
        path: PathBuf,
        /// How people call the device.
        name: String,
        event: EventId,
        /// When its certificate ends, in words.
        end: String,
    },
    /// A directory holds another event than its name says.
    #[error("{} holds {event}: give it that name, or move it away", path.display())]
    Misnamed {
        path: PathBuf,
        /// What it holds.
        event: EventId,
    },
    /// The folder is another kind of device's.
    #[error("{} belongs to a {}: name another folder with --dir", path.display(), role_name(*role))]
    OtherRole {
        path: PathBuf,
        /// What the device is.
        role: Role,
    },
    /// Another process serves the folder.
    #[error("another usher program is running on {}: stop it first", path.display())]
    InUse { path: PathBuf },
    /// An event's directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<ReplicaError> for FolderError {
    fn from(error: ReplicaError) -> Self {
        Self::Directory(DirectoryError::Replica(error))
    }
}

/// Keeps a second service off a folder, as long as it is there.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "its descriptor holds the lock")] File);

impl Folder {
    /// Names a folder; nothing is made yet.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Returns the folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns what lies at the top: the settings, the addresses of a running service, and the one event of an old folder.
    pub fn top(&self) -> DataDirectory {
        DataDirectory::at(&self.0)
    }

    /// Takes the folder for one service.
    ///
    /// # Errors
    ///
    /// [`FolderError::InUse`], [`FolderError::Unlistable`].
    pub fn lock(&self) -> Result<FolderLock, FolderError> {
        let path = self.0.clone();
        let failed = |source| FolderError::Unlistable {
            path: path.clone(),
            source,
        };
        let file = private::open_file(&self.0.join("service.lock")).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock(file)),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse { path: path.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Looks at everything in the folder.
    ///
    /// # Errors
    ///
    /// [`FolderError::Unlistable`].
    pub fn contents(&self) -> Result<Contents, FolderError> {
        let mut contents = Contents::default();
        for directory in self.directories()? {
            match directory.read() {
                Ok(Some(enrolled)) => contents.events.push(enrolled),
                Ok(None) => {}
                Err(error) => contents.unreadable.push(error),
            }
        }
        contents.set_former_aside();
        contents
            .events
            .sort_by_key(|enrolled| (enrolled.window.until, enrolled.event));
        Ok(contents)
    }

    /// Lists where events lie or may come to lie, without opening anything.
    ///
    /// # Errors
    ///
    /// [`FolderError::Unlistable`].
    pub fn directories(&self) -> Result<Vec<EventDirectory>, FolderError> {
        event_directory::list(&self.0)
    }

    /// Returns the earlier enrolments for an event, whose records the last one takes over.
    ///
    /// # Errors
    ///
    /// [`FolderError::Unlistable`].
    pub fn former_of(&self, enrolled: &Enrolled) -> Result<Vec<DataDirectory>, FolderError> {
        let former = self.contents()?.former.into_iter();
        let former = former.filter(|former| former.event == enrolled.event && former.is_before(enrolled));
        Ok(former.map(|former| former.directory).collect())
    }

    /// Returns the directory in which the device is to be enrolled for an event: a fresh one, or that of an enrolment that
    /// was not finished.
    ///
    /// # Errors
    ///
    /// [`FolderError::AlreadyEnrolled`] while its certificate lasts, unless it shall be enrolled `anew`.
    pub fn directory_for(
        &self,
        event: EventId,
        anew: bool,
        now: Timestamp,
    ) -> Result<DataDirectory, FolderError> {
        let mut last = None;
        for directory in self.directories()? {
            match directory.read() {
                Ok(Some(enrolled)) if enrolled.event == event => {
                    check_may_be_replaced(&enrolled, anew, now)?;
                    last = last.max(Some(directory.generation));
                }
                Ok(_) => {}
                Err(error) if directory.event == Some(event) && !anew => return Err(error),
                Err(_) if directory.event == Some(event) => last = last.max(Some(directory.generation)),
                Err(_) => {}
            }
        }
        let next = last.map_or(event_directory::FIRST, |last| last + 1);
        Ok(DataDirectory::at(
            &self.0.join(event_directory::name(event, next)),
        ))
    }
}

fn check_may_be_replaced(enrolled: &Enrolled, anew: bool, now: Timestamp) -> Result<(), FolderError> {
    if anew || enrolled.is_over(now) {
        return Ok(());
    }
    Err(FolderError::AlreadyEnrolled {
        path: enrolled.directory.path().to_owned(),
        name: enrolled.name.clone(),
        event: enrolled.event,
        end: end_in_words(enrolled.window.until, now),
    })
}

impl Contents {
    /// Leaves of each event only its last enrolment.
    fn set_former_aside(&mut self) {
        self.events
            .sort_by_key(|enrolled| (enrolled.event, enrolled.generation));
        let mut last: Vec<Enrolled> = Vec::new();
        for enrolled in self.events.drain(..) {
            if let Some(former) = last.pop_if(|former| former.event == enrolled.event) {
                self.former.push(former);
            }
            last.push(enrolled);
        }
        self.events = last;
    }

    /// Leaves only what a device of that role may serve.
    ///
    /// # Errors
    ///
    /// [`FolderError::OtherRole`] when all there is belongs to another kind of device.
    pub fn keep(&mut self, role: Role, folder: &Folder) -> Result<(), FolderError> {
        let other = self
            .events
            .iter()
            .map(|enrolled| enrolled.role)
            .find(|found| *found != role);
        self.events.retain(|enrolled| enrolled.role == role);
        self.former.retain(|enrolled| enrolled.role == role);
        match other {
            Some(other) if self.events.is_empty() => Err(FolderError::OtherRole {
                path: folder.path().to_owned(),
                role: other,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the event that is meant: the one that was named, or the only one there is.
    ///
    /// # Errors
    ///
    /// [`FolderError`], with the events that are there.
    pub fn pick(
        mut self,
        wanted: Option<&EventChoice>,
        folder: &Folder,
        now: Timestamp,
    ) -> Result<Enrolled, FolderError> {
        let Some(wanted) = wanted else {
            return match self.events.len() {
                0 => Err(self.none(folder)),
                1 if self.unreadable.is_empty() => Ok(self.events.remove(0)),
                _ => Err(FolderError::Several {
                    listing: self.listing(now),
                }),
            };
        };
        if self.events.is_empty() {
            return Err(self.none(folder));
        }
        let mut meant = self.events.iter().filter(|enrolled| wanted.means(enrolled));
        match (meant.next(), meant.next()) {
            (Some(enrolled), None) => Ok(enrolled.clone()),
            (Some(_), Some(_)) => Err(FolderError::Several {
                listing: self.listing(now),
            }),
            (None, _) => Err(FolderError::NoSuchEvent {
                wanted: wanted.clone(),
                listing: self.listing(now),
            }),
        }
    }

    /// Returns the event that is on now, or comes next: of those whose certificates have not ended, the one that ends first. One
    /// that has ended, and whose certificate only lasts some hours longer, comes after all others.
    ///
    /// # Errors
    ///
    /// [`FolderError`], with the events that are there, when none is on.
    pub fn on_now(mut self, folder: &Folder, now: Timestamp) -> Result<Enrolled, FolderError> {
        match self.events.len() {
            0 => return Err(self.none(folder)),
            // A device of one event has nothing to choose: it says itself when its time is over.
            1 => return Ok(self.events.remove(0)),
            _ => {}
        }
        let valid = self
            .events
            .iter()
            // One that has not begun yet only shows that this machine's clock is behind.
            .filter(|enrolled| !enrolled.is_over(now));
        let order = |enrolled: &&Enrolled| {
            let until = enrolled.window.until.0;
            match until.saturating_sub(AFTER_EVENT_MS) > now.0 {
                true => (false, until),
                false => (true, u64::MAX - until),
            }
        };
        let on = valid.min_by_key(order).cloned();
        on.ok_or_else(|| FolderError::AllOver {
            listing: self.listing(now),
        })
    }

    /// Says why there is no event.
    pub fn none(mut self, folder: &Folder) -> FolderError {
        self.unreadable.pop().unwrap_or_else(|| FolderError::Empty {
            path: folder.path().to_owned(),
        })
    }

    /// Says in a line each what there is, for a terminal.
    pub fn listing(&self, now: Timestamp) -> Vec<String> {
        let events = self.events.iter().map(|enrolled| enrolled.line(now));
        let former = self.former.iter().map(|enrolled| {
            let (directory, event) = (enrolled.directory.path(), enrolled.event);
            folder_line(&FolderEntry::Former { directory, event })
        });
        let unreadable = self.unreadable.iter().map(|error| format!("  {}", chain(error)));
        events.chain(former).chain(unreadable).collect()
    }
}

impl Enrolled {
    /// Tells whether its certificate has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.window.until <= now
    }

    /// Tells whether it is of an earlier enrolment than the other.
    pub fn is_before(&self, other: &Self) -> bool {
        self.generation < other.generation
    }

    /// Tells whether its directory may well be removed by a person.
    pub fn is_removable(&self, now: Timestamp) -> bool {
        now.since_ms(self.window.until) > REMOVABLE_AFTER_MS
    }

    /// Returns what people call the event, or its id before that was heard.
    pub fn event_name(&self) -> String {
        let read = replica::event_name(&self.directory.replica_path());
        read.ok().flatten().unwrap_or_else(|| self.event.to_string())
    }

    /// Says what it is, in a line for a terminal.
    fn line(&self, now: Timestamp) -> String {
        let line = folder_line(&FolderEntry::Enrolment {
            event: self.event,
            event_name: &self.event_name(),
            device: &self.name,
            end: &end_in_words(self.window.until, now),
            removable: self.is_removable(now).then(|| self.directory.path()),
            is_handed_on: self.handed_on_records().is_some(),
        });
        line.chars().filter(|character| !character.is_control()).collect()
    }
}

/// Says an error with everything that led to it.
fn chain(error: &FolderError) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests;
