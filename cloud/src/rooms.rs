//! What this process knows of waiting rooms, for a second each, so that a crowd costs the store nothing; and those who join at the same
//! time, whose numbers are asked for together.

mod joining;
pub mod joins;
mod sealing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use serde::Serialize;
use usher_keys::{EventId, Timestamp};
use utoipa::ToSchema;

use crate::ids::draw;
use crate::master_key::MasterKey;
use crate::store::{Store, StoreError};
use crate::waiting_room::draw::Draw;
use crate::waiting_room::passes::RoomKeys;
use crate::waiting_room::{PassTurn, Room};
use joining::Joining;
use joins::JoinCounts;
use sealing::context;
pub use sealing::reseal;

/// How long a room is known, in milliseconds: its threshold is raised as often.
const KNOWN_MS: u64 = 1_000;
/// Events of which is known whether they have a room; any more, and all are asked for anew.
const EVENTS: usize = 4_096;
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

    /// Returns how the pass of a number stands.
    pub fn turn(&self, number: u64) -> PassTurn {
        self.room.turn_by(self.draw.as_ref(), number)
    }
}

/// What was last read of an event.
#[derive(Debug, Clone)]
struct Known {
    read_at: Timestamp,
    room: Option<Arc<KnownRoom>>,
}

/// The waiting rooms of a process.
#[derive(Debug)]
pub struct Rooms {
    store: Store,
    master: MasterKey,
    /// Guards what is known; held for a look-up.
    known: Mutex<HashMap<EventId, Known>>,
    joining: Arc<Joining>,
    /// How often waiting rooms are joined, by where from.
    pub joins: JoinCounts,
}

impl Rooms {
    /// Knows nothing yet.
    pub fn new(store: Store, master: MasterKey) -> Self {
        Self {
            joining: Joining::new(store.clone()),
            joins: JoinCounts::default(),
            store,
            master,
            known: Mutex::default(),
        }
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
        // Also of a clock that was set back since.
        if now.0.abs_diff(known.read_at.0) < KNOWN_MS {
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
    pub async fn join(&self, event: EventId, pass: [u8; 32]) -> Result<Option<u64>, StoreError> {
        self.joining.join(event, pass).await
    }

    /// Waits until everybody who has joined has a number.
    pub async fn close(&self) {
        self.joining.close().await;
    }

    fn known(&self) -> MutexGuard<'_, HashMap<EventId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
