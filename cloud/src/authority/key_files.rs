//! The secret keys the cloud holds, as files that only it can read; which of them are in use is the trust bundle's to say.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use usher_keys::pem::{self, KeyFileError};
use usher_keys::private::{self, PrivacyError};
use usher_keys::{
    EventId, KeyRequest, KeyStatus, PublicKey, Purpose, SecretKey, Timestamp, TrustBundle, Window,
};

use super::AuthorityError;
use crate::ids::draw;

/// Where the keys are, in the data directory.
const KEYS_DIRECTORY: &str = "keys";
/// The key that names this cloud on the network.
const LINK_FILE: &str = "link.pem";

/// Why a key cannot be read or made.
#[derive(Debug, Error)]
pub enum KeyFilesError {
    /// A key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The directory of keys cannot be made.
    #[error(transparent)]
    Private(#[from] PrivacyError),
    /// The directory of keys.
    #[error("the directory of keys {} cannot be used", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The directory of keys.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    directory: PathBuf,
}

impl KeyFiles {
    /// Opens the directory of keys below the data directory, making it as needed.
    ///
    /// # Errors
    ///
    /// [`KeyFilesError`].
    pub fn open(data_dir: &Path) -> Result<Self, KeyFilesError> {
        let directory = data_dir.join(KEYS_DIRECTORY);
        private::make_folder(&directory)?;
        Ok(Self { directory })
    }

    /// Reads or writes key files without holding up other tasks.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, KeyFilesError> + Send + 'static,
    ) -> Result<T, AuthorityError> {
        let key_files = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&key_files)).await;
        Ok(done.map_err(|_| AuthorityError::Closed)??)
    }

    /// Returns the key that names this cloud on the network, making it the first time.
    ///
    /// # Errors
    ///
    /// [`KeyFilesError`].
    pub fn link_key(&self) -> Result<SecretKey, KeyFilesError> {
        let path = self.directory.join(LINK_FILE);
        if path.exists() {
            return Ok(pem::read_secret(&path, None)?);
        }
        make_key(&path)
    }

    /// Reads every key of an event.
    ///
    /// # Errors
    ///
    /// [`KeyFilesError`].
    pub fn event_keys(&self, event: EventId) -> Result<EventKeys, KeyFilesError> {
        let directory = self.directory_of(event);
        let mut keys = Vec::new();
        if !directory.exists() {
            return Ok(EventKeys { keys });
        }
        for path in files_in(&directory)? {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let purpose = [Purpose::Ticket, Purpose::Authority, Purpose::Issuing]
                .into_iter()
                .find(|purpose| name.starts_with(&format!("{purpose}-")) && name.ends_with(".pem"));
            if let Some(purpose) = purpose {
                keys.push((purpose, pem::read_secret(&path, None)?));
            }
        }
        Ok(EventKeys { keys })
    }

    /// Makes the keys an event still lacks and gives the request to have them trusted.
    ///
    /// The ticket key is always one the bundle does not name yet: having it signed is how ticket keys are rotated. Asking
    /// again before that gives the same request. Authority and issuing keys stay until they are struck out.
    ///
    /// # Errors
    ///
    /// [`KeyFilesError`].
    pub fn request_keys(
        &self,
        event: EventId,
        bundle: Option<&TrustBundle>,
        window: Window,
    ) -> Result<KeyRequest, KeyFilesError> {
        private::make_folder(&self.directory_of(event))?;
        let held = self.event_keys(event)?;
        let key = |purpose: Purpose| {
            let lasting = bundle.filter(|_| purpose != Purpose::Ticket);
            let known = lasting
                .and_then(|bundle| held.active(purpose, bundle))
                .or_else(|| held.unnamed(purpose, bundle));
            match known {
                Some(key) => Ok(key.public()),
                None => self.make(event, purpose),
            }
        };
        Ok(KeyRequest {
            event,
            ticket_key: key(Purpose::Ticket)?,
            authority_key: key(Purpose::Authority)?,
            issuing_key: key(Purpose::Issuing)?,
            not_before: window.from,
            not_after: window.until,
        })
    }

    fn make(&self, event: EventId, purpose: Purpose) -> Result<PublicKey, KeyFilesError> {
        let key = SecretKey::from_seed(&draw());
        let name = format!("{purpose}-{}.pem", key.public().id());
        write_key(&self.directory_of(event).join(name), &key)?;
        Ok(key.public())
    }

    fn directory_of(&self, event: EventId) -> PathBuf {
        self.directory.join(event.to_string())
    }
}

fn make_key(path: &Path) -> Result<SecretKey, KeyFilesError> {
    let key = SecretKey::from_seed(&draw());
    write_key(path, &key)?;
    Ok(key)
}

fn write_key(path: &Path, key: &SecretKey) -> Result<(), KeyFilesError> {
    Ok(pem::write_secret(path, key, None, &draw())?)
}

fn files_in(directory: &Path) -> Result<Vec<PathBuf>, KeyFilesError> {
    let failed = |source| KeyFilesError::Directory {
        path: directory.to_owned(),
        source,
    };
    let mut files = fs::read_dir(directory)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    files.sort();
    Ok(files)
}

/// The secret keys the cloud holds for one event.
#[derive(Debug, Clone)]
pub struct EventKeys {
    keys: Vec<(Purpose, SecretKey)>,
}

impl EventKeys {
    /// Returns the key to sign with now: the last one of the bundle that is active, in its window and held here.
    pub fn in_use(&self, purpose: Purpose, bundle: &TrustBundle, now: Timestamp) -> Option<&SecretKey> {
        self.last_of(purpose, bundle, |trusted| {
            trusted.status == KeyStatus::Active && trusted.believed_at(now)
        })
    }

    /// Returns the last key of the bundle that is held here, whatever its standing.
    pub fn named(&self, purpose: Purpose, bundle: &TrustBundle) -> Option<&SecretKey> {
        self.last_of(purpose, bundle, |_| true)
    }

    fn active(&self, purpose: Purpose, bundle: &TrustBundle) -> Option<&SecretKey> {
        self.last_of(purpose, bundle, |trusted| trusted.status == KeyStatus::Active)
    }

    fn unnamed(&self, purpose: Purpose, bundle: Option<&TrustBundle>) -> Option<&SecretKey> {
        self.of(purpose).find(|key| {
            let public = key.public();
            bundle.is_none_or(|bundle| !bundle.keys().any(|(_, trusted)| trusted.key == public))
        })
    }

    fn last_of(
        &self,
        purpose: Purpose,
        bundle: &TrustBundle,
        wanted: impl Fn(&usher_keys::TrustedKey) -> bool,
    ) -> Option<&SecretKey> {
        let named: Vec<_> = bundle
            .keys()
            .filter(|(of, trusted)| *of == purpose && wanted(trusted))
            .map(|(_, trusted)| trusted.key)
            .collect();
        named
            .iter()
            .rev()
            .find_map(|public| self.of(purpose).find(|key| key.public() == *public))
    }

    fn of(&self, purpose: Purpose) -> impl Iterator<Item = &SecretKey> {
        self.keys
            .iter()
            .filter(move |(of, _)| *of == purpose)
            .map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use usher_keys::RootSet;

    use super::*;

    const EVENT: EventId = EventId([7; 16]);
    const WINDOW: Window = Window {
        from: Timestamp(1_000),
        until: Timestamp(9_000),
    };
    const NOW: Timestamp = Timestamp(5_000);

    fn root() -> PublicKey {
        SecretKey::from_seed(&[1; 32]).public()
    }

    #[test]
    fn asking_again_before_the_keys_are_trusted_gives_the_same_request() {
        let directory = tempfile::tempdir().unwrap();
        let key_files = KeyFiles::open(directory.path()).unwrap();
        let first = key_files.request_keys(EVENT, None, WINDOW).unwrap();
        assert_eq!(key_files.request_keys(EVENT, None, WINDOW).unwrap(), first);
        assert_eq!(first.check(), Ok(()));
    }

    #[test]
    fn once_trusted_the_next_request_rotates_the_ticket_key_and_keeps_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let key_files = KeyFiles::open(directory.path()).unwrap();
        let first = key_files.request_keys(EVENT, None, WINDOW).unwrap();
        let bundle = first.first_bundle(RootSet::single(root()));
        let second = key_files.request_keys(EVENT, Some(&bundle), WINDOW).unwrap();
        assert_ne!(second.ticket_key, first.ticket_key);
        assert_eq!(
            (second.authority_key, second.issuing_key),
            (first.authority_key, first.issuing_key)
        );

        let keys = key_files.event_keys(EVENT).unwrap();
        let in_use = |bundle| keys.in_use(Purpose::Ticket, bundle, NOW).map(SecretKey::public);
        assert_eq!(in_use(&bundle), Some(first.ticket_key));
        assert_eq!(in_use(&second.next_bundle(&bundle, NOW)), Some(second.ticket_key));
    }

    #[test]
    fn a_struck_authority_key_is_replaced_by_the_next_request() {
        let directory = tempfile::tempdir().unwrap();
        let key_files = KeyFiles::open(directory.path()).unwrap();
        let first = key_files.request_keys(EVENT, None, WINDOW).unwrap();
        let bundle = first.first_bundle(RootSet::single(root()));
        let struck = bundle.strike(first.authority_key.id(), NOW).unwrap();
        let keys = key_files.event_keys(EVENT).unwrap();
        assert!(keys.in_use(Purpose::Authority, &struck, NOW).is_none());
        assert!(keys.named(Purpose::Authority, &struck).is_some());
        let second = key_files.request_keys(EVENT, Some(&struck), WINDOW).unwrap();
        assert_ne!(second.authority_key, first.authority_key);
        assert_eq!(second.check_after(&struck), Ok(()));
    }

    #[test]
    fn keys_outlive_the_process_and_are_nobody_elses_to_read() {
        let directory = tempfile::tempdir().unwrap();
        let link = KeyFiles::open(directory.path()).unwrap().link_key().unwrap();
        let again = KeyFiles::open(directory.path()).unwrap().link_key().unwrap();
        assert_eq!(link.public(), again.public());
        let mode = |path: &str| {
            fs::metadata(directory.path().join(path))
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!((mode("keys"), mode("keys/link.pem")), (0o700, 0o600));
    }
}
