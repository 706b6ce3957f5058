//! Steering waiting rooms: once a second the process that has a room's lease raises its threshold, and makes a closed lobby ready for its draw.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use usher_keys::EventId;

use crate::state::AppState;
use crate::store::{Store, StoreError};
use crate::waiting_room::draw::root;
use crate::waiting_room::{LobbyQuery, PublishRoot, Room, RoomPhase, SteerRoom};

/// How long the store took for the last step, in milliseconds: what it takes for a hold that waits beside it.
#[derive(Debug, Default)]
pub struct Latency(AtomicU64);

/// Takes a step of each room of a cell that has something to do.
pub async fn steer(state: &AppState, cell: &Store, latency: &Latency) -> Result<(), StoreError> {
    for event in cell.busy_rooms(state.clock.now()).await? {
        if let Err(error) = step(state, event, latency).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, %event, "a waiting room was not steered");
        }
    }
    Ok(())
}

async fn step(state: &AppState, event: EventId, latency: &Latency) -> Result<(), StoreError> {
    let now = state.clock.now();
    let map = state.seat_maps.of(event, now).await?;
    let free = map.map_or(0, |map| {
        map.tiers.iter().map(|tier| u64::from(tier.available)).sum()
    });
    let begun = Instant::now();
    let request = SteerRoom {
        event,
        holder: state.holder,
        latency_ms: latency.0.load(Ordering::Relaxed),
        free,
        now,
    };
    let Some(room) = state.store.steer_room(request).await? else {
        return Ok(());
    };
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    latency.0.store(took, Ordering::Relaxed);
    if room.phase() == RoomPhase::Drawing && room.root.is_none() {
        publish(state, &room).await?;
    }
    Ok(())
}

/// Publishes the root of a closed lobby. Whoever does it after a crash comes to the same.
async fn publish(state: &AppState, room: &Room) -> Result<(), StoreError> {
    let (event, mut passes) = (room.event, Vec::new());
    loop {
        let from = passes.len() as u64;
        let some = state.store.lobby_passes(LobbyQuery { event, from }).await?;
        if some.is_empty() {
            break;
        }
        passes.extend(some);
    }
    let count = passes.len();
    // A million hashes are a second of a core, which others need meanwhile.
    let root = tokio::task::spawn_blocking(move || root(&passes)).await;
    let root = root.map_err(|_| StoreError::Overloaded)?;
    if state.store.publish_root(PublishRoot { event, root }).await? {
        state.rooms.forget(event);
        tracing::info!(%event, count, "the lobby of a waiting room is closed and its root published: its beacon is awaited");
    }
    Ok(())
}
