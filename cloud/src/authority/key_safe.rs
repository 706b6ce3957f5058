//! The secret keys the cloud holds, sealed in the store; which of them are in use is the trust bundle's to say.

mod event_keys;

use thiserror::Error;
use usher_keys::pem;
use usher_keys::{EventId, KeyRequest, Purpose, SecretKey, Timestamp, TrustBundle, Window};

use crate::ids::draw;
use crate::master_key::MasterKey;
use crate::store::authority::{KeyUse, NewKeys, SealedKey};
use crate::store::{Store, StoreError};

pub use event_keys::EventKeys;

/// How often keys are decided upon anew while other processes make some too.
const RACES: u32 = 16;

/// Why a key cannot be read or made.
#[derive(Debug, Clone, Error)]
pub enum KeySafeError {
    /// It does not open.
    #[error(
        "the secret keys in the store do not open: give this server the master key that they were sealed with (setting keys.master_key_file)"
    )]
    OtherMasterKey,
    /// Other processes were faster every time.
    #[error("other servers make keys for it all the time")]
    Overtaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The sealed keys and what opens them; clones share the store.
#[derive(Debug, Clone)]
pub struct KeySafe {
    store: Store,
    master: MasterKey,
}

impl KeySafe {
    /// Takes the keys of a store.
    pub fn new(store: Store, master: MasterKey) -> Self {
        Self { store, master }
    }

    /// Returns the key that names this cloud on the network, making it the first time.
    ///
    /// # Errors
    ///
    /// [`KeySafeError`].
    pub async fn link_key(&self, now: Timestamp) -> Result<SecretKey, KeySafeError> {
        for _ in 0..RACES {
            if let Some(sealed) = self.store.link_key(()).await? {
                return self.open(&sealed);
            }
            let key = SecretKey::from_seed(&draw());
            let keys = vec![self.seal(KeyUse::Link, &key)];
            let new = NewKeys {
                event: None,
                known: 0,
                keys,
                now,
            };
            if self.store.add_keys(new).await? {
                return Ok(key);
            }
        }
        Err(KeySafeError::Overtaken)
    }

    /// Reads every key of an event.
    ///
    /// # Errors
    ///
    /// [`KeySafeError`].
    pub async fn event_keys(&self, event: EventId) -> Result<EventKeys, KeySafeError> {
        let mut keys = Vec::new();
        for sealed in self.store.event_keys(event).await? {
            if let KeyUse::Event(_, purpose) = sealed.used {
                keys.push((purpose, self.open(&sealed)?));
            }
        }
        Ok(EventKeys { keys })
    }

    /// Makes the keys that an event still lacks and returns the request to have them trusted.
    ///
    /// The ticket key is always one that the bundle does not name yet: having it signed is how ticket keys are rotated. Asking
    /// again before that returns the same request. Authority and issuing keys stay until they are struck out.
    ///
    /// # Errors
    ///
    /// [`KeySafeError`].
    pub async fn request_keys(
        &self,
        event: EventId,
        (bundle, window): (Option<&TrustBundle>, Window),
        now: Timestamp,
    ) -> Result<KeyRequest, KeySafeError> {
        for _ in 0..RACES {
            let mut held = self.event_keys(event).await?;
            let known = held.keys.len();
            let request = held.request(event, bundle, window);
            let made = held.keys.get(known..).unwrap_or_default();
            let seal = |(purpose, key): &(Purpose, SecretKey)| self.seal(KeyUse::Event(event, *purpose), key);
            let keys: Vec<_> = made.iter().map(seal).collect();
            let new = NewKeys {
                event: Some(event),
                known,
                keys,
                now,
            };
            if new.keys.is_empty() || self.store.add_keys(new).await? {
                return Ok(request);
            }
        }
        Err(KeySafeError::Overtaken)
    }

    /// Seals every key under the newest master key; tells how many were not.
    ///
    /// # Errors
    ///
    /// [`KeySafeError`]; the keys before it are sealed anew then, and all still open.
    pub async fn reseal(&self) -> Result<usize, KeySafeError> {
        let mut resealed = 0;
        for sealed in self.store.secret_keys(()).await? {
            if !self.master.is_newest_of(&sealed.sealed) {
                let key = self.open(&sealed)?;
                self.store.reseal_key(self.seal(sealed.used, &key)).await?;
                resealed += 1;
            }
        }
        Ok(resealed)
    }

    fn seal(&self, used: KeyUse, key: &SecretKey) -> SealedKey {
        let public = key.public();
        let text = pem::secret_to_pem(key, None, &draw()).expect("no passphrase is none that cannot be used");
        let context = context(used, public.0);
        let sealed = self.master.seal(text.as_bytes(), &context);
        SealedKey { used, public, sealed }
    }

    fn open(&self, sealed: &SealedKey) -> Result<SecretKey, KeySafeError> {
        let context = context(sealed.used, sealed.public.0);
        let text = self
            .master
            .open(&sealed.sealed, &context)
            .map_err(|_| KeySafeError::OtherMasterKey)?;
        let text = std::str::from_utf8(&text).ok();
        let key = text.and_then(|text| pem::secret_from_pem(text, None).ok());
        let key = key.filter(|key| key.public() == sealed.public);
        Ok(key.ok_or(StoreError::Unreadable { what: "secret key" })?)
    }
}

/// A sealed key opens only as what it was sealed for.
fn context(used: KeyUse, public: [u8; 32]) -> Vec<u8> {
    let (event, purpose) = match used {
        KeyUse::Link => ([0; 16], "link".to_owned()),
        KeyUse::Event(event, purpose) => (event.0, purpose.to_string()),
    };
    [
        b"usher secret key ".as_slice(),
        &event,
        &public,
        purpose.as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
