//! What one-time codes of an organizer's people are made of, sealed under the master key: each opens for its person alone.

use crate::ids::StaffId;
use crate::master_key::{CannotOpen, MasterKey};
use crate::staff::ResealStaff;
use crate::store::{Store, StoreError};

/// Seals and opens secrets.
#[derive(Debug, Clone)]
pub struct StaffSecrets {
    master: MasterKey,
}

impl StaffSecrets {
    /// Takes the master key.
    pub fn new(master: MasterKey) -> Self {
        Self { master }
    }

    /// Seals a secret.
    pub fn seal(&self, staff: StaffId, secret: &[u8]) -> Vec<u8> {
        self.master.seal(secret, &context(staff))
    }

    /// Opens a secret.
    ///
    /// # Errors
    ///
    /// [`CannotOpen`].
    pub fn open(&self, staff: StaffId, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        Ok(self.master.open(sealed, &context(staff))?.to_vec())
    }

    /// Seals the secrets of all people under the newest master key; returns how many. A secret that does not open is left as it
    /// is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn reseal(&self, store: &Store) -> Result<usize, StoreError> {
        let mut resealed = 0;
        for (id, was) in store.staff_secrets(()).await? {
            if self.master.is_newest_of(&was) {
                continue;
            }
            let Ok(secret) = self.open(id, &was) else {
                continue;
            };
            let sealed = self.seal(id, &secret);
            let request = ResealStaff { id, was, sealed };
            resealed += usize::from(store.reseal_staff(request).await?);
        }
        Ok(resealed)
    }
}

/// A sealed secret opens for its person alone.
fn context(staff: StaffId) -> Vec<u8> {
    [b"usher staff secret 1".as_slice(), &staff.0].concat()
}
