//! What this process knows of waiting rooms, for a second each, so that a crowd costs the store nothing; and those who join at the same
//! time, whose numbers are asked for together.

pub mod joins;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use usher_keys::{EventId, Timestamp};
use utoipa::ToSchema;

use crate::ids::draw;
use crate::master_key::MasterKey;
use crate::store::{Store, StoreError};
use crate::waiting_room::draw::Draw;
use crate::waiting_room::passes::RoomKeys;
use crate::waiting_room::{JoinRoom, ResealRoom, Room, RoomPhase, Turn};

/// How long a room is known, in milliseconds: its threshold is raised as often.
const KNOWN_MS: u64 = 1_000;
/// Events of which is known whether they have a room; any more, and all are asked for anew.
const EVENTS: usize = 4_096;
/// Those who wait at once for their number; the store is away when there are more.
const JOINERS: usize = 100_000;
/// Bytes of a room's secret.
const SECRET_BYTES: usize = 32;

/// How it stands with a waiting room, for everybody: whoever knows their rank compares it with `through`.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoomStatus {
    /// `lobby` (its opening is to come), `drawing` (the order of those who came early is being drawn) or `open`.
    #[schema(example = "open")]
    pub phase: &'static str,
    /// Whoever has a rank below it is let through.
    pub through: u64,
    /// How many have joined.
    pub registered: u64,
    /// How many are let through in a minute now.
    pub per_minute: u32,
}

/// A waiting room as this process knows it.
#[derive(Debug)]
pub struct KnownRoom {
    pub room: Room,
    pub keys: RoomKeys,
    /// Its status, as it is sent.
    pub status: Bytes,
    draw: Option<Draw>,
}

impl KnownRoom {
    fn new(room: Room, keys: RoomKeys) -> Self {
        let status = RoomStatus {
            phase: room.phase().word(),
            through: room.threshold,
            registered: room.registered,
            per_minute: room.per_minute_now(),
        };
        Self {
            status: serde_json::to_vec(&status)
                .expect("a status is plain numbers")
                .into(),
            draw: room.draw(),
            keys,
            room,
        }
    }

    /// Tells how it stands with the pass of a number.
    pub fn turn(&self, number: u64) -> Turn {
        if self.room.phase() != RoomPhase::Open {
            return Turn::Undrawn;
        }
        let rank = self.draw.as_ref().map_or(number, |draw| draw.rank(number));
        self.room.turn_of_rank(rank)
    }
}

/// What was last read of an event.
#[derive(Debug, Clone)]
struct Known {
    read_at: Timestamp,
    room: Option<Arc<KnownRoom>>,
}

/// Whoever waits for their number.
#[derive(Debug)]
struct Joiner {
    pass: [u8; 32],
    number: oneshot::Sender<Option<u64>>,
}

/// The waiting rooms of a process.
#[derive(Debug)]
pub struct Rooms {
    store: Store,
    master: MasterKey,
    /// Where numbers are asked for, also for those who have gone.
    tasks: TaskTracker,
    /// Guards what is known; held for a look-up.
    known: Mutex<HashMap<EventId, Known>>,
    /// Guards who joins; an event is in it as long as somebody asks for its numbers.
    joining: Mutex<HashMap<EventId, Vec<Joiner>>>,
}

impl Rooms {
    /// Knows nothing yet.
    pub fn new(store: Store, master: MasterKey, tasks: TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            store,
            master,
            tasks,
            known: Mutex::default(),
            joining: Mutex::default(),
        })
    }

    /// Returns the waiting room of an event, as it was a second ago at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn of(&self, event: EventId, now: Timestamp) -> Result<Option<Arc<KnownRoom>>, StoreError> {
        if let Some(known) = self.fresh(event, now) {
            return Ok(known.room);
        }
        let room = match self.store.room(event).await? {
            Some(room) => Some(Arc::new(self.opened(room)?)),
            None => None,
        };
        let mut known = self.known();
        if known.len() >= EVENTS {
            known.clear();
        }
        let read_at = now;
        known.insert(
            event,
            Known {
                read_at,
                room: room.clone(),
            },
        );
        Ok(room)
    }

    /// Finds what is known well enough. Of those who come when it is too old, one looks anew, and the others go by what was known.
    fn fresh(&self, event: EventId, now: Timestamp) -> Option<Known> {
        let mut all = self.known();
        let known = all.get_mut(&event)?;
        if now < known.read_at.plus_ms(KNOWN_MS) {
            return Some(known.clone());
        }
        known.read_at = now;
        None
    }

    /// Reads the room anew next time.
    pub fn forget(&self, event: EventId) {
        self.known().remove(&event);
    }

    /// Draws the secret of a new room; returns it sealed, and the keys that are made from it.
    pub fn draw_secret(&self, event: EventId) -> (Vec<u8>, RoomKeys) {
        let secret = draw::<SECRET_BYTES>();
        let sealed = self.master.seal(&secret, &context(event));
        (sealed, RoomKeys::new(event, &secret))
    }

    /// Returns the keys of a room.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`] under another master key.
    pub fn keys(&self, room: &Room) -> Result<RoomKeys, StoreError> {
        let secret = self.master.open(&room.sealed, &context(room.event));
        let what = "secret of a waiting room: it was sealed under another master key";
        let secret = secret.map_err(|_| StoreError::Unreadable { what })?;
        Ok(RoomKeys::new(room.event, &secret))
    }

    fn opened(&self, room: Room) -> Result<KnownRoom, StoreError> {
        let keys = self.keys(&room)?;
        Ok(KnownRoom::new(room, keys))
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
        let mut joining = self.joining();
        match joining.get_mut(&event) {
            Some(joiners) if joiners.len() >= JOINERS => return Err(StoreError::Overloaded),
            Some(joiners) => joiners.push(joiner),
            None => {
                joining.insert(event, vec![joiner]);
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
        let mut joining = self.joining();
        let joiners = std::mem::take(joining.get_mut(&event)?);
        if joiners.is_empty() {
            joining.remove(&event);
            return None;
        }
        Some(joiners)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<EventId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn joining(&self) -> MutexGuard<'_, HashMap<EventId, Vec<Joiner>>> {
        self.joining.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seals the secrets of all waiting rooms under the newest master key; tells of how many. What does not open is left as it is.
///
/// # Errors
///
/// [`StoreError`].
pub async fn reseal(store: &Store, master: &MasterKey) -> Result<usize, StoreError> {
    let mut resealed = 0;
    for (event, was) in store.room_secrets(()).await? {
        if master.is_newest_of(&was) {
            continue;
        }
        let Ok(secret) = master.open(&was, &context(event)) else {
            continue;
        };
        let sealed = master.seal(&secret, &context(event));
        resealed += usize::from(store.reseal_room(ResealRoom { event, was, sealed }).await?);
    }
    Ok(resealed)
}

/// A sealed secret opens for its event alone.
fn context(event: EventId) -> Vec<u8> {
    [b"usher waiting room secret 1".as_slice(), &event.0].concat()
}

#[cfg(test)]
mod tests;
