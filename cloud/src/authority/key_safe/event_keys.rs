//! The secret keys of one event, opened: which of them to sign with, and which are still to be trusted.

use usher_keys::{EventId, KeyRequest, KeyStatus, Purpose, SecretKey, Timestamp, TrustBundle, Window};

use crate::ids::draw;

/// The secret keys the cloud holds for one event.
#[derive(Debug, Clone, Default)]
pub struct EventKeys {
    pub(super) keys: Vec<(Purpose, SecretKey)>,
}

impl EventKeys {
    /// Makes the keys that are missing, behind those that are held, and the request to have them trusted.
    pub fn request(&mut self, event: EventId, bundle: Option<&TrustBundle>, window: Window) -> KeyRequest {
        let mut key = |purpose: Purpose| {
            let lasting = bundle.filter(|_| purpose != Purpose::Ticket);
            let known = lasting
                .and_then(|bundle| self.active(purpose, bundle))
                .or_else(|| self.unnamed(purpose, bundle));
            if let Some(key) = known {
                return key.public();
            }
            let key = SecretKey::from_seed(&draw());
            let public = key.public();
            self.keys.push((purpose, key));
            public
        };
        KeyRequest {
            event,
            ticket_key: key(Purpose::Ticket),
            authority_key: key(Purpose::Authority),
            issuing_key: key(Purpose::Issuing),
            not_before: window.from,
            not_after: window.until,
        }
    }

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

    /// Returns those for a purpose.
    pub fn of(&self, purpose: Purpose) -> impl Iterator<Item = &SecretKey> {
        self.keys
            .iter()
            .filter(move |(of, _)| *of == purpose)
            .map(|(_, key)| key)
    }
}
