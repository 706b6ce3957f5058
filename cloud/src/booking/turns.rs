//! Turns: one booking of a reservation at a time within this process; across processes, the lease of its job says whose it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

use crate::ids::ReservationId;

/// The turns that are had or waited for; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    /// What whoever has a reservation's turn locks; here while it is had or waited for. This lock is held only to find or drop one.
    turns: Arc<Mutex<HashMap<ReservationId, Queue>>>,
}

type Queue = Arc<tokio::sync::Mutex<()>>;

/// The right to work on a reservation's booking, until dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    id: ReservationId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nobody else has the turn.
    pub async fn take(&self, id: ReservationId) -> Turn {
        // From here on a dropped future leaves through `Turn` too, so that nothing stays here that nobody uses.
        let mut turn = Turn {
            turns: self.clone(),
            id,
            guard: None,
        };
        turn.guard = Some(self.queue(id).lock_owned().await);
        turn
    }

    /// Takes the turn if nobody has it.
    pub fn try_take(&self, id: ReservationId) -> Option<Turn> {
        let guard = self.queue(id).try_lock_owned().ok()?;
        Some(Turn {
            turns: self.clone(),
            id,
            guard: Some(guard),
        })
    }

    /// Tells whether nobody has a turn.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.turns
            .lock()
            .expect("nothing panics while it holds this")
            .is_empty()
    }

    fn queue(&self, id: ReservationId) -> Queue {
        let mut turns = self.turns.lock().expect("nothing panics while it holds this");
        turns.entry(id).or_default().clone()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self
            .turns
            .turns
            .lock()
            .expect("nothing panics while it holds this");
        self.guard = None;
        // Whoever waits holds a second reference, which is only ever made under this lock.
        if turns
            .get(&self.id)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            turns.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::{EventId, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_turn_is_had_by_one_and_is_forgotten_when_nobody_wants_it() {
        let turns = Turns::default();
        let id = ReservationId::draw(EventId([1; 16]), Timestamp(1));
        let first = turns.take(id).await;
        assert!(turns.try_take(id).is_none());
        let second = turns.take(id);
        drop(first);
        let second = second.await;
        assert!(turns.try_take(id).is_none());
        drop(second);
        assert!(turns.is_empty());
    }
}
