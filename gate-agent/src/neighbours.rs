//! The events that one service serves side by side: whose ticket a code is that is none of an event's own; judging it is that event's gates'.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use usher_device::replica::Replica;
use usher_keys::EventId;
use usher_protocol::ticket::Rejection;

/// The replicas of the events that are served.
#[derive(Default)]
pub struct Neighbours {
    /// Guards the list; never held across an await.
    replicas: RwLock<BTreeMap<EventId, Arc<Replica>>>,
}

impl Neighbours {
    /// Adds an event.
    pub fn add(&self, event: EventId, replica: Arc<Replica>) {
        let mut replicas = self.replicas.write().unwrap_or_else(PoisonError::into_inner);
        replicas.insert(event, replica);
    }

    /// Removes an event.
    pub fn remove(&self, event: EventId) {
        let mut replicas = self.replicas.write().unwrap_or_else(PoisonError::into_inner);
        replicas.remove(&event);
    }

    /// Returns the name of another event that a code is a genuine ticket of, if it was rejected for a reason that a ticket of
    /// another event has.
    pub fn event_of(&self, code: &[u8], event: EventId, rejection: Rejection) -> Option<String> {
        if !rejection.may_be_foreign() {
            return None;
        }
        let replicas = self.replicas.read().unwrap_or_else(PoisonError::into_inner);
        let mut others = replicas.iter().filter(|(id, _)| **id != event);
        let (id, replica) = others.find(|(_, replica)| replica.verify(code).is_ok())?;
        let policy = replica.snapshot().policy.clone();
        Some(policy.map_or_else(|| id.to_string(), |policy| policy.name.clone()))
    }
}
