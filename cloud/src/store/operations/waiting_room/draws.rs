//! The rows of a lobby's passes, and its draw.

use crate::store::StoreError;
use crate::store::operations::Effect;
use crate::store::operations::column::count;
use crate::store::sql::{Sql, params};
use crate::waiting_room::{BeaconRefusal, DrawLobby, LobbyQuery, PublishRoot, Room};

use super::room;

/// Hashes that are read at once: 32 bytes each.
const HASHES: usize = 32;
/// Rows of hashes that are read at once; each is of passes that were given out together.
const ROWS: u32 = 1_000;

/// Lists hashes of the lobby's passes from a number on, as many as come at once; none at its end.
pub fn lobby_passes(connection: &Sql<'_>, query: &LobbyQuery) -> Result<Vec<[u8; HASHES]>, StoreError> {
    let mut list = connection.prepare_cached(
        "SELECT first, hashes FROM lobby_passes WHERE event_id = ?1 AND first >= ?2 ORDER BY first LIMIT ?3",
    )?;
    let rows = list.query_map(params![query.event.0, count(query.from), ROWS], |row| {
        row.try_into()
    })?;
    let rows: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    let mut hashes = Vec::new();
    for (first, some) in rows {
        let expected = query.from + hashes.len() as u64;
        if first.unsigned_abs() != expected {
            return Err(StoreError::Unreadable {
                what: "passes of a lobby",
            });
        }
        hashes.extend(some.as_chunks::<HASHES>().0);
    }
    Ok(hashes)
}

/// Publishes the root of a lobby; tells whether it was not yet.
pub fn publish_root(connection: &Sql<'_>, request: &PublishRoot) -> Result<Effect<bool>, StoreError> {
    let published = connection
        .prepare_cached(
            "UPDATE waiting_rooms SET root = ?2 WHERE event_id = ?1 AND root IS NULL AND lobby IS NOT NULL AND drawn = 1",
        )?
        .execute(params![request.event.0, request.root])?;
    Ok(Effect::Keep(published > 0))
}

/// Draws a lobby by its beacon; tells how the room is then.
pub fn draw_lobby(
    connection: &Sql<'_>,
    request: &DrawLobby,
) -> Result<Effect<Result<Room, BeaconRefusal>>, StoreError> {
    let event = request.event;
    let Some(mut room) = room(connection, &event)? else {
        return Ok(Effect::Undo(Err(BeaconRefusal::NoDraw)));
    };
    if let Err(refusal) = room.may_draw(&request.beacon) {
        return Ok(Effect::Undo(Err(refusal)));
    }
    connection
        .prepare_cached("UPDATE waiting_rooms SET seed = ?2, beacon = ?3 WHERE event_id = ?1")?
        .run(params![event.0, request.seed, request.beacon])?;
    room.drawn = Some((request.seed, request.beacon.clone()));
    Ok(Effect::Keep(Ok(room)))
}
