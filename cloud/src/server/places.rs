//! The bounded places for HTTP connections: when all are taken, whoever has waited longest for a request makes room; what a
//! connection carries is not looked at.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How often to look for someone to make room while everybody is being answered.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The places.
#[derive(Debug)]
pub struct ConnectionPlaces {
    free: Arc<Semaphore>,
    /// Counts whatever makes a connection wait: its arrival and its answers.
    turns: AtomicU64,
    /// Guards the list of who is here, by the turn they came with; never held across an await.
    guests: Mutex<BTreeMap<u64, Arc<Guest>>>,
}

/// One connection.
#[derive(Debug)]
struct Guest {
    /// Requests that have arrived and are not answered yet.
    under_way: AtomicUsize,
    /// Since which turn it waits for a request.
    waits_since: AtomicU64,
    /// Cancelled when it must make room.
    gone: CancellationToken,
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub struct ConnectionPlace {
    places: Arc<ConnectionPlaces>,
    guest: Arc<Guest>,
    number: u64,
    _permit: Option<OwnedSemaphorePermit>,
}

/// A request on a connection, over when dropped; the connection is left alone from its arrival to its answer.
#[derive(Debug)]
pub struct Asked {
    places: Arc<ConnectionPlaces>,
    guest: Arc<Guest>,
    has_arrived: AtomicBool,
}

impl ConnectionPlaces {
    /// Makes so many places.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(most)),
            turns: AtomicU64::new(0),
            guests: Mutex::default(),
        })
    }

    /// Takes a place; if there is none, somebody makes room as soon as they are not being answered.
    pub async fn take(self: &Arc<Self>) -> ConnectionPlace {
        let permit = loop {
            if self.free.available_permits() == 0 {
                self.make_room();
            }
            let free = Arc::clone(&self.free).acquire_owned();
            if let Ok(permit) = timeout(LOOK_EVERY, free).await {
                break permit;
            }
        };
        let number = self.next_turn();
        let guest = Arc::new(Guest {
            under_way: AtomicUsize::new(0),
            waits_since: AtomicU64::new(number),
            gone: CancellationToken::new(),
        });
        self.guests().insert(number, Arc::clone(&guest));
        ConnectionPlace {
            places: Arc::clone(self),
            guest,
            number,
            // An error would mean that the semaphore was closed, which nobody does.
            _permit: permit.ok(),
        }
    }

    /// Ends the connection that has waited longest for a request.
    pub fn make_room(&self) {
        let guests = self.guests();
        let waiting = guests
            .values()
            .filter(|guest| guest.under_way.load(Ordering::Acquire) == 0 && !guest.gone.is_cancelled());
        if let Some(guest) = waiting.min_by_key(|guest| guest.waits_since.load(Ordering::Acquire)) {
            guest.gone.cancel();
        }
    }

    fn next_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::AcqRel)
    }

    fn guests(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Guest>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPlace {
    /// Takes note that a request begins to arrive.
    pub fn asked(&self) -> Asked {
        Asked {
            places: Arc::clone(&self.places),
            guest: Arc::clone(&self.guest),
            has_arrived: AtomicBool::new(false),
        }
    }

    /// Waits until the connection must make room.
    pub async fn lost(&self) {
        self.guest.gone.cancelled().await;
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.places.guests().remove(&self.number);
    }
}

impl Asked {
    /// Notes that the whole request has arrived: from now on the client waits for us.
    pub fn has_arrived(&self) {
        if !self.has_arrived.swap(true, Ordering::AcqRel) {
            self.guest.under_way.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if *self.has_arrived.get_mut() {
            let turn = self.places.next_turn();
            self.guest.waits_since.store(turn, Ordering::Release);
            self.guest.under_way.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn full(most: usize) -> (Arc<ConnectionPlaces>, Vec<ConnectionPlace>) {
        let places = ConnectionPlaces::new(most);
        let mut taken = Vec::new();
        for _ in 0..most {
            taken.push(places.take().await);
        }
        (places, taken)
    }

    /// Lets one more come and gives which of those that were here has made room.
    async fn who_makes_room(places: &Arc<ConnectionPlaces>, taken: &mut Vec<ConnectionPlace>) -> usize {
        let making_room = async {
            loop {
                let gone = |place: &ConnectionPlace| place.guest.gone.is_cancelled();
                if let Some(position) = taken.iter().position(gone) {
                    taken.remove(position);
                    return position;
                }
                tokio::task::yield_now().await;
            }
        };
        let (newcomer, position) = tokio::join!(places.take(), making_room);
        taken.push(newcomer);
        position
    }

    #[tokio::test]
    async fn whoever_has_waited_longest_makes_room() {
        let (places, mut taken) = full(3).await;
        assert_eq!(who_makes_room(&places, &mut taken).await, 0);
        let asked = taken[0].asked();
        asked.has_arrived();
        drop(asked);
        assert_eq!(who_makes_room(&places, &mut taken).await, 1);
    }

    #[tokio::test]
    async fn whoever_is_being_answered_is_left_alone_and_a_request_that_only_begins_is_not() {
        let (places, mut taken) = full(2).await;
        let (answered, begun) = (taken[0].asked(), taken[1].asked());
        answered.has_arrived();
        assert_eq!(who_makes_room(&places, &mut taken).await, 1);
        drop(begun);
        let other = taken[1].asked();
        other.has_arrived();
        let nobody = timeout(3 * LOOK_EVERY, places.take()).await;
        assert!(nobody.is_err(), "somebody made room who is being answered");
        drop(answered);
        assert_eq!(who_makes_room(&places, &mut taken).await, 0);
    }
}
