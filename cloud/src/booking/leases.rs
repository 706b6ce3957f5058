//! Leases: one booking of a reservation at a time within this process; the store keeps the promise across processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

use crate::ids::ReservationId;

/// The leases in use; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Leases {
    /// What a reservation's holder locks; here while it is held or waited for. This lock is held only to find or drop one.
    leases: Arc<Mutex<HashMap<ReservationId, Turn>>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

/// The right to work on a reservation's booking, until dropped.
#[derive(Debug)]
pub struct Lease {
    leases: Leases,
    id: ReservationId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Leases {
    /// Waits until nobody else has the lease.
    pub async fn take(&self, id: ReservationId) -> Lease {
        // From here on a dropped future leaves through `Lease` too, so that nothing stays here that nobody uses.
        let mut lease = Lease {
            leases: self.clone(),
            id,
            guard: None,
        };
        lease.guard = Some(self.turn(id).lock_owned().await);
        lease
    }

    /// Takes the lease if nobody has it.
    pub fn try_take(&self, id: ReservationId) -> Option<Lease> {
        let guard = self.turn(id).try_lock_owned().ok()?;
        Some(Lease {
            leases: self.clone(),
            id,
            guard: Some(guard),
        })
    }

    /// Tells whether nobody has a lease.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.leases
            .lock()
            .expect("nothing panics while it holds this")
            .is_empty()
    }

    fn turn(&self, id: ReservationId) -> Turn {
        let mut leases = self.leases.lock().expect("nothing panics while it holds this");
        leases.entry(id).or_default().clone()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut leases = self
            .leases
            .leases
            .lock()
            .expect("nothing panics while it holds this");
        self.guard = None;
        // Whoever waits holds a second reference, which is only ever made under this lock.
        if leases
            .get(&self.id)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            leases.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::{EventId, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_lease_has_one_holder_and_is_forgotten_when_nobody_wants_it() {
        let leases = Leases::default();
        let id = ReservationId::draw(EventId([1; 16]), Timestamp(1));
        let first = leases.take(id).await;
        assert!(leases.try_take(id).is_none());
        let second = leases.take(id);
        drop(first);
        let second = second.await;
        assert!(leases.try_take(id).is_none());
        drop(second);
        assert!(leases.is_empty());
    }
}
