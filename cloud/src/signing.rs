//! The ticket-signing keys in use, one for each event; where they come from and when they change is the authority's.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use thiserror::Error;
use usher_keys::{EventId, KeyId, PublicKey, SecretKey, Timestamp};
use usher_protocol::ticket::{Payload, Ticket};

use crate::selling::UnitToIssue;

/// The event has no ticket-signing key in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("event {event} has no ticket-signing key")]
pub struct NoSigningKey {
    pub event: EventId,
}

/// Signs tickets; clones share the keys.
///
/// The invariant that whoever installs a key keeps: the trust bundle that lists the key is stored first, so that
/// every ticket sold can be verified by whoever syncs later.
#[derive(Debug, Clone, Default)]
pub struct TicketSigner {
    keys: Arc<ArcSwap<HashMap<EventId, Signing>>>,
}

/// How an event's tickets are signed.
#[derive(Debug, Clone)]
enum Signing {
    With(Box<KeyInUse>),
    /// Not at all while it is halted.
    Halted,
}

/// A ticket-signing key and how long what it signs is worth something.
#[derive(Debug, Clone)]
struct KeyInUse {
    key: SecretKey,
    believed_until: Timestamp,
}

impl TicketSigner {
    /// Puts a key in use for an event, in place of the one before; gates believe it until then.
    pub fn install(&self, event: EventId, key: &SecretKey, believed_until: Timestamp) {
        self.keys.rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            let key = key.clone();
            let key = Box::new(KeyInUse { key, believed_until });
            keys.insert(event, Signing::With(key));
            keys
        });
    }

    /// Takes an event's key out of use: nothing is sold until another is installed.
    pub fn withdraw(&self, event: EventId) {
        self.keys.rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            keys.remove(&event);
            keys
        });
    }

    /// Takes an event's key out of use because the store may be an older copy: what was paid for may have its tickets, of which
    /// nothing is known here, so that nothing is given back for want of a key either.
    pub fn halt(&self, event: EventId) {
        self.keys.rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            keys.insert(event, Signing::Halted);
            keys
        });
    }

    /// Tells whether nothing is signed for an event because it is halted.
    pub fn is_halted(&self, event: EventId) -> bool {
        matches!(self.keys.load().get(&event), Some(Signing::Halted))
    }

    /// Returns which key is in use for an event; without one it cannot be published.
    pub fn key_in_use(&self, event: EventId) -> Option<KeyId> {
        let keys = self.keys.load();
        in_use(&keys, event).map(|used| used.key.public().id())
    }

    /// Returns until when tickets that are signed now are believed; nothing when none can be signed.
    pub fn believed_until(&self, event: EventId) -> Option<Timestamp> {
        let keys = self.keys.load();
        in_use(&keys, event).map(|used| used.believed_until)
    }

    /// Signs the ticket of a unit, which opens gates by its code alone.
    ///
    /// # Errors
    ///
    /// [`NoSigningKey`].
    pub fn sign(&self, event: EventId, unit: &UnitToIssue) -> Result<Payload, NoSigningKey> {
        self.sign_for(event, unit, None)
    }

    /// Signs the ticket of a unit for a phone that must sign along, if there is one.
    ///
    /// # Errors
    ///
    /// [`NoSigningKey`].
    pub fn sign_for(
        &self,
        event: EventId,
        unit: &UnitToIssue,
        holder: Option<PublicKey>,
    ) -> Result<Payload, NoSigningKey> {
        let keys = self.keys.load();
        let key = &in_use(&keys, event).ok_or(NoSigningKey { event })?.key;
        let ticket = Ticket {
            key: key.public().id(),
            unit: unit.unit,
            generation: unit.generation,
            tier: unit.tier,
            admits: unit.admits,
            flags: unit.flags,
            holder,
        };
        Ok(ticket.sign(key))
    }
}

fn in_use(keys: &HashMap<EventId, Signing>, event: EventId) -> Option<&KeyInUse> {
    match keys.get(&event)? {
        Signing::With(used) => Some(used),
        Signing::Halted => None,
    }
}

#[cfg(test)]
mod tests {
    use usher_protocol::ticket::TicketFlags;
    use usher_protocol::{Generation, TierId, Unit};

    use super::*;

    const EVENT: EventId = EventId([1; 16]);

    fn unit() -> UnitToIssue {
        UnitToIssue {
            unit: Unit(9_999),
            tier: TierId(2),
            generation: Generation(1),
            admits: 1,
            flags: TicketFlags::default(),
        }
    }

    #[test]
    fn an_event_without_a_key_signs_nothing() {
        let signer = TicketSigner::default();
        assert_eq!(
            (signer.key_in_use(EVENT), signer.believed_until(EVENT)),
            (None, None)
        );
        assert_eq!(
            signer.sign(EVENT, &unit()).unwrap_err(),
            NoSigningKey { event: EVENT }
        );
    }

    #[test]
    fn a_halted_event_signs_nothing_and_says_why() {
        let signer = TicketSigner::default();
        signer.install(EVENT, &SecretKey::from_seed(&[1; 32]), Timestamp(1));
        assert!(!signer.is_halted(EVENT));
        signer.halt(EVENT);
        assert!(signer.is_halted(EVENT));
        assert_eq!(
            (signer.key_in_use(EVENT), signer.believed_until(EVENT)),
            (None, None)
        );
        assert!(signer.sign(EVENT, &unit()).is_err());
    }

    #[test]
    fn tickets_are_signed_with_the_key_installed_last() {
        let signer = TicketSigner::default();
        let (first, second) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        signer.install(EVENT, &first, Timestamp(1));
        signer.install(EVENT, &second, Timestamp(2));
        assert_eq!(signer.believed_until(EVENT), Some(Timestamp(2)));
        let payload = signer.sign(EVENT, &unit()).unwrap();
        let (ticket, _, _) = Payload::parse(payload.bytes()).unwrap();
        assert_eq!(ticket.key, second.public().id());
        assert_eq!(ticket.unit, Unit(9_999));
    }
}
