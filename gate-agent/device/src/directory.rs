//! The data directory of a device: where its key, replica, codes and addresses lie; what is in them is elsewhere.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use usher_keys::SecretKey;
use usher_keys::pem::{self, KeyFileError, RNG_BYTES};
use usher_keys::private::{self, PrivacyError};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::replica::{Replica, ReplicaError};

/// A device's data directory.
#[derive(Debug, Clone)]
pub struct DataDirectory(PathBuf);

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// It cannot be made, or is open to others.
    #[error(transparent)]
    Private(#[from] PrivacyError),
    /// The device's key cannot be read or written.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The system's random source failed, so that there is no key.
    #[error("the system's random source failed")]
    Randomness(#[source] getrandom::Error),
    /// The replica cannot be opened.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
}

impl DataDirectory {
    /// Names a directory; nothing is made yet.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the directory, unless it is there; only its owner can enter it.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Private`].
    pub fn create(&self) -> Result<(), DirectoryError> {
        private::make_folder(&self.0)?;
        keep_entry(&self.0).map_err(|source| PrivacyError::Make {
            path: self.0.clone(),
            source,
        })?;
        self.check()
    }

    /// Refuses the directory when it, or anything in it but settings, is open to others.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Private`].
    pub fn check(&self) -> Result<(), DirectoryError> {
        Ok(private::check_folder(&self.0)?)
    }

    /// Returns the directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns where the device's key is.
    pub fn key_path(&self) -> PathBuf {
        self.0.join("device.pem")
    }

    /// Returns where the replica is.
    pub fn replica_path(&self) -> PathBuf {
        self.0.join("replica.db")
    }

    /// Returns where codes and tokens are.
    pub fn access_path(&self) -> PathBuf {
        self.0.join("access.db")
    }

    /// Returns where a running hub says how to reach it.
    pub fn listening_path(&self) -> PathBuf {
        self.0.join("listening.json")
    }

    /// Returns where a scanner keeps the addresses of hubs that it was told of.
    pub fn known_hubs_path(&self) -> PathBuf {
        self.0.join("known-hubs.json")
    }

    /// Returns where a scanner notes down what it knows of its links and its clock.
    pub fn last_known_path(&self) -> PathBuf {
        self.0.join("last-known.json")
    }

    /// Returns where a hub notes how many records the cloud holds of it.
    pub fn handed_on_path(&self) -> PathBuf {
        self.0.join("handed-on.json")
    }

    /// Returns where the settings are, if they are anywhere.
    pub fn config_path(&self) -> PathBuf {
        self.0.join("usher-gate-agent.toml")
    }

    /// Reads the device's key.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Key`].
    pub fn read_key(&self) -> Result<SecretKey, DirectoryError> {
        Ok(pem::read_secret(&self.key_path(), None)?)
    }

    /// Makes the device's key, or takes the one an unfinished enrolment left.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`].
    pub fn make_key(&self) -> Result<SecretKey, DirectoryError> {
        if self.key_path().exists() {
            return self.read_key();
        }
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(DirectoryError::Randomness)?;
        let key = SecretKey::from_seed(&seed);
        // The random bytes serve only a passphrase, and there is none.
        pem::write_secret(&self.key_path(), &key, None, &[0; RNG_BYTES])?;
        Ok(key)
    }

    /// Opens the device's replica.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`].
    pub fn open_replica(&self, clock: Clock) -> Result<Replica, DirectoryError> {
        self.check()?;
        let path = self.replica_path();
        if !path.exists() {
            return Err(ReplicaError::NotFounded { path }.into());
        }
        Ok(Replica::open(&path, self.read_key()?, clock)?)
    }
}

/// Makes durable that the directory is there: what is synced inside is lost with an entry that is not.
fn keep_entry(directory: &Path) -> io::Result<()> {
    // A relative path of one part lies in the working directory.
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
