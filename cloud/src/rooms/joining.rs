//! Those who join waiting rooms at the same moment: their numbers are asked for together, so that a crowd is a few writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use usher_keys::EventId;

use crate::store::{Store, StoreError};
use crate::waiting_room::JoinRoom;

/// Those who wait at once for their number; the store is away when there are more.
const JOINERS: usize = 100_000;

/// Whoever waits for their number.
#[derive(Debug)]
struct Joiner {
    pass: [u8; 32],
    number: oneshot::Sender<Option<u64>>,
}

/// Who joins now, at each event.
#[derive(Debug)]
pub struct Joining {
    store: Store,
    /// Where numbers are asked for, also for those who have gone.
    tasks: TaskTracker,
    /// Guards who joins; an event is in it as long as somebody asks for its numbers.
    joiners: Mutex<HashMap<EventId, Vec<Joiner>>>,
}

impl Joining {
    /// Knows of nobody yet.
    pub fn new(store: Store) -> Arc<Self> {
        Arc::new(Self {
            store,
            tasks: TaskTracker::new(),
            joiners: Mutex::default(),
        })
    }

    /// Gives a pass its number; nothing where there is no waiting room.
    ///
    /// # Errors
    ///
    /// [`StoreError::Overloaded`] when the store could not be asked.
    pub async fn join(self: &Arc<Self>, event: EventId, pass: [u8; 32]) -> Result<Option<u64>, StoreError> {
        let (number, given) = oneshot::channel();
        let joiner = Joiner { pass, number };
        self.queue(event, joiner)?;
        given.await.map_err(|_| StoreError::Overloaded)
    }

    fn queue(self: &Arc<Self>, event: EventId, joiner: Joiner) -> Result<(), StoreError> {
        let mut all = self.all();
        match all.get_mut(&event) {
            Some(joiners) if joiners.len() >= JOINERS => return Err(StoreError::Overloaded),
            Some(joiners) => joiners.push(joiner),
            None => {
                all.insert(event, vec![joiner]);
                self.tasks.spawn(Arc::clone(self).give_numbers(event));
            }
        }
        Ok(())
    }

    /// Asks for the numbers of all who have come meanwhile, until nobody comes.
    async fn give_numbers(self: Arc<Self>, event: EventId) {
        while let Some(joiners) = self.joiners(event) {
            let passes = joiners.iter().map(|joiner| joiner.pass).collect();
            match self.store.join_room(JoinRoom { event, passes }).await {
                Ok(first) => {
                    for (place, joiner) in (0..).zip(joiners) {
                        // Whoever has gone leaves a number that nobody has.
                        let _ = joiner.number.send(first.map(|first| first + place));
                    }
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "nobody could join a waiting room just now");
                }
            }
        }
    }

    /// Takes those who wait for a number; when there is nobody, whoever comes next begins anew.
    fn joiners(&self, event: EventId) -> Option<Vec<Joiner>> {
        let mut all = self.all();
        let joiners = std::mem::take(all.get_mut(&event)?);
        if joiners.is_empty() {
            all.remove(&event);
            return None;
        }
        Some(joiners)
    }

    /// Waits until nobody waits for a number.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn all(&self) -> MutexGuard<'_, HashMap<EventId, Vec<Joiner>>> {
        self.joiners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
