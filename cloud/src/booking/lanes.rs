//! One booking of a reservation at a time within this process; the store keeps the promise across processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

use crate::ids::ReservationId;

/// The lanes in use; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    /// A lane is here while someone is in it or waits for it; held only to find or drop one.
    lanes: Arc<Mutex<HashMap<ReservationId, Lane>>>,
}

type Lane = Arc<tokio::sync::Mutex<()>>;

/// Being alone in a lane, until dropped.
#[derive(Debug)]
pub struct InLane {
    lanes: Lanes,
    id: ReservationId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Lanes {
    /// Waits until nobody else is in the lane.
    pub async fn enter(&self, id: ReservationId) -> InLane {
        // From here on a dropped future leaves through `InLane` too, so that a lane never outlives its users.
        let mut place = InLane {
            lanes: self.clone(),
            id,
            guard: None,
        };
        place.guard = Some(self.lane(id).lock_owned().await);
        place
    }

    /// Enters the lane if nobody is in it.
    pub fn try_enter(&self, id: ReservationId) -> Option<InLane> {
        let guard = self.lane(id).try_lock_owned().ok()?;
        Some(InLane {
            lanes: self.clone(),
            id,
            guard: Some(guard),
        })
    }

    /// Tells whether nobody is in any lane.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.lanes
            .lock()
            .expect("nothing panics while it holds this")
            .is_empty()
    }

    fn lane(&self, id: ReservationId) -> Lane {
        let mut lanes = self.lanes.lock().expect("nothing panics while it holds this");
        lanes.entry(id).or_default().clone()
    }
}

impl Drop for InLane {
    fn drop(&mut self) {
        let mut lanes = self
            .lanes
            .lanes
            .lock()
            .expect("nothing panics while it holds this");
        self.guard = None;
        // Whoever waits holds a second reference, which is only ever made under this lock.
        if lanes
            .get(&self.id)
            .is_some_and(|lane| Arc::strong_count(lane) == 1)
        {
            lanes.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::{EventId, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_lane_admits_one_and_is_forgotten_when_empty() {
        let lanes = Lanes::default();
        let id = ReservationId::draw(EventId([1; 16]), Timestamp(1));
        let first = lanes.enter(id).await;
        assert!(lanes.try_enter(id).is_none());
        let second = lanes.enter(id);
        drop(first);
        let second = second.await;
        assert!(lanes.try_enter(id).is_none());
        drop(second);
        assert!(lanes.is_empty());
    }
}
