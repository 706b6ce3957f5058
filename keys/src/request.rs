//! A request for keys: what the cloud asks the offline roots to trust, and the bundle that follows from it; signing is left to the roots.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bundle::{KeyStatus, RootSet, TrustBundle, TrustedKey};
use crate::ident::{EventId, Timestamp, Window};
use crate::key::{KeyId, PublicKey};

/// What the cloud hands out to be signed offline.
///
/// **Shape**: a JSON object; keys in hexadecimal, points in time in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    pub event: EventId,
    /// The key that will sign tickets.
    pub ticket_key: PublicKey,
    /// The key that will write the authority log.
    pub authority_key: PublicKey,
    /// The key that will sign device certificates.
    pub issuing_key: PublicKey,
    /// When the keys start to be believed.
    pub not_before: Timestamp,
    /// When they stop.
    pub not_after: Timestamp,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyRequestError {
    /// The window is empty.
    #[error("the request's window is empty: not_after must be later than not_before")]
    EmptyWindow,
    /// A key is not a strong point.
    #[error("key {id} of the request is not a usable Ed25519 public key")]
    BadKey {
        /// The offending key's id.
        id: KeyId,
    },
    /// The request is for another event than the bundle.
    #[error("the request is for event {requested}, the trust bundle is of event {held}")]
    OtherEvent {
        /// The event asked for.
        requested: EventId,
        /// The event of the bundle.
        held: EventId,
    },
    /// The request asks for a key that was struck out.
    #[error("key {id} of the request was struck out: it is never trusted again, ask for a new one")]
    StruckKey {
        /// The struck key's id.
        id: KeyId,
    },
}

impl KeyRequest {
    /// Checks the request by itself: a window, and keys that are strong points.
    ///
    /// # Errors
    ///
    /// [`KeyRequestError`].
    pub fn check(&self) -> Result<(), KeyRequestError> {
        if self.not_before >= self.not_after {
            return Err(KeyRequestError::EmptyWindow);
        }
        match self.keys().into_iter().find(|key| key.verifier().is_err()) {
            Some(key) => Err(KeyRequestError::BadKey { id: key.id() }),
            None => Ok(()),
        }
    }

    /// Checks that the request may follow that bundle: the same event, and nothing that was struck out.
    ///
    /// # Errors
    ///
    /// [`KeyRequestError`].
    pub fn check_after(&self, current: &TrustBundle) -> Result<(), KeyRequestError> {
        self.check()?;
        if self.event != current.event {
            return Err(KeyRequestError::OtherEvent {
                requested: self.event,
                held: current.event,
            });
        }
        let mut struck = current.keys().filter(|(_, trusted)| trusted.is_struck());
        match struck.find(|(_, trusted)| self.keys().contains(&trusted.key)) {
            Some((_, trusted)) => Err(KeyRequestError::StruckKey { id: trusted.key.id() }),
            None => Ok(()),
        }
    }

    /// Returns the event's first bundle, version 1.
    pub fn first_bundle(&self, roots: RootSet) -> TrustBundle {
        TrustBundle {
            event: self.event,
            version: 1,
            roots,
            ticket_keys: vec![TrustedKey::active(self.ticket_key, self.window())],
            authority_keys: vec![TrustedKey::active(self.authority_key, self.window())],
            issuing_keys: vec![TrustedKey::active(self.issuing_key, self.window())],
        }
    }

    /// Returns the bundle that follows: other ticket keys retire, authority and issuing keys stay beside new ones.
    ///
    /// A key asked for again keeps its place and its window is widened; a struck key stays struck. The caller has
    /// checked the request with [`KeyRequest::check_after`].
    pub fn next_bundle(&self, current: &TrustBundle, now: Timestamp) -> TrustBundle {
        let mut next = current.clone();
        next.version = current.version.saturating_add(1);
        for trusted in &mut next.ticket_keys {
            if trusted.status == KeyStatus::Active && trusted.key != self.ticket_key {
                trusted.status = KeyStatus::Retired(now);
            }
        }
        trust(&mut next.ticket_keys, self.ticket_key, self.window());
        trust(&mut next.authority_keys, self.authority_key, self.window());
        trust(&mut next.issuing_keys, self.issuing_key, self.window());
        next
    }

    fn window(&self) -> Window {
        Window {
            from: self.not_before,
            until: self.not_after,
        }
    }

    fn keys(&self) -> [PublicKey; 3] {
        [self.ticket_key, self.authority_key, self.issuing_key]
    }
}

fn trust(keys: &mut Vec<TrustedKey>, key: PublicKey, window: Window) {
    let Some(held) = keys.iter_mut().find(|trusted| trusted.key == key) else {
        keys.push(TrustedKey::active(key, window));
        return;
    };
    if !held.is_struck() {
        held.status = KeyStatus::Active;
        held.window.from = held.window.from.min(window.from);
        held.window.until = held.window.until.max(window.until);
    }
}

#[cfg(test)]
mod tests;
