//! The rows of waiting rooms. Whoever changes one has its event to themselves, so that each number is given out once and one step of the
//! threshold follows the other, however many processes there are.

mod draws;
mod through;

use usher_keys::{EventId, Timestamp};

use crate::selling::jobs::LeaseHolder;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, SqlError, params};
use crate::waiting_room::{
    JoinRoom, ResealRoom, Room, RoomPhase, RoomRefusal, RoomTerms, SetRoom, SteerRoom, steering,
};

use super::Effect;
use super::column::{count, moment, ms};
pub use draws::{draw_lobby, lobby_passes, publish_root};
pub use through::{let_through, may_hold, note_hold};

/// Finds the waiting room of an event.
pub fn room(connection: &Sql<'_>, event: &EventId) -> Result<Option<Room>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT opens_at, per_minute, drawn, beacon_source, sealed, commitment, registered, lobby, root, seed, beacon,
                    threshold, raised_at, pace, holder, leased_until, status = 'published',
                    EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = events.event_id), ends_at
             FROM waiting_rooms JOIN events USING (event_id) WHERE event_id = ?1",
        )?
        .query_row([event.0], |row| read(row, *event))
        .optional()?;
    Ok(found)
}

fn read(row: &Row<'_>, event: EventId) -> Result<Room, SqlError> {
    let number = |column| row.get::<i64>(column).map(i64::unsigned_abs);
    let (seed, beacon): (Option<[u8; 32]>, Option<String>) = (row.get(9)?, row.get(10)?);
    let (holder, until): (Option<[u8; 16]>, Option<i64>) = (row.get(14)?, row.get(15)?);
    Ok(Room {
        event,
        is_published: row.get(16)?,
        is_canceled: row.get(17)?,
        ends_at: moment(row.get(18)?),
        terms: RoomTerms {
            opens_at: moment(row.get(0)?),
            per_minute: row.get(1)?,
            is_drawn: row.get(2)?,
            beacon_source: row.get(3)?,
        },
        sealed: row.get(4)?,
        commitment: row.get(5)?,
        registered: number(6)?,
        lobby: row.get::<Option<i64>>(7)?.map(i64::unsigned_abs),
        root: row.get(8)?,
        drawn: seed.zip(beacon),
        threshold: number(11)?,
        raised_at: moment(row.get(12)?),
        pace: row.get(13)?,
        lease: holder.map(LeaseHolder).zip(until.map(moment)),
    })
}

/// Opens a waiting room, or changes what is said of it; tells how it is then.
pub fn set_room(
    connection: &Sql<'_>,
    request: &SetRoom,
) -> Result<Effect<Result<Room, RoomRefusal>>, StoreError> {
    let (event, terms) = (request.event, &request.terms);
    if let Some(Err(refusal)) = room(connection, &event)?.map(|room| room.may_become(terms)) {
        return Ok(Effect::Undo(Err(refusal)));
    }
    connection
        .prepare_cached(
            "INSERT INTO waiting_rooms (event_id, opens_at, per_minute, drawn, beacon_source, sealed, commitment, registered, threshold,
                                        raised_at, pace)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?2, ?8)
             ON CONFLICT (event_id) DO UPDATE SET opens_at = ?2, per_minute = ?3, drawn = ?4, beacon_source = ?5",
        )?
        .execute(params![
            event.0,
            ms(terms.opens_at),
            terms.per_minute,
            i64::from(terms.is_drawn),
            terms.beacon_source,
            request.sealed,
            request.commitment,
            steering::FULL_PACE
        ])?;
    let set = room(connection, &event)?;
    let set = set.ok_or(StoreError::Unreadable { what: "waiting room" })?;
    Ok(Effect::Keep(Ok(set)))
}

/// Closes the waiting room of an event for good; tells whether there was one.
pub fn close_room(connection: &Sql<'_>, event: &EventId) -> Result<Effect<bool>, StoreError> {
    for table in ["let_through", "lobby_passes", "waiting_rooms"] {
        let deleted = connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE event_id = ?1"))?
            .execute([event.0])?;
        if table == "waiting_rooms" {
            return Ok(Effect::Keep(deleted > 0));
        }
    }
    Ok(Effect::Undo(false))
}

/// Gives out passes; tells the number of the first one, or nothing where there is no waiting room.
pub fn join_room(connection: &Sql<'_>, request: &JoinRoom) -> Result<Effect<Option<u64>>, StoreError> {
    let event = request.event;
    let passes = request.passes.len() as u64;
    let joined: Option<(i64, bool)> = connection
        .prepare_cached(
            "UPDATE waiting_rooms SET registered = registered + ?2 WHERE event_id = ?1
             RETURNING registered, lobby IS NULL AND drawn = 1",
        )?
        .query_row(params![event.0, count(passes)], |row| row.try_into())
        .optional()?;
    let Some((registered, is_listed)) = joined else {
        return Ok(Effect::Undo(None));
    };
    let first = registered.unsigned_abs() - passes;
    if is_listed && passes > 0 {
        connection
            .prepare_cached("INSERT INTO lobby_passes (event_id, first, hashes) VALUES (?1, ?2, ?3)")?
            .run(params![event.0, count(first), request.passes.concat()])?;
    }
    Ok(Effect::Keep(Some(first)))
}

/// Takes a step of the threshold; tells how the room is then, or nothing while another process steers it or there is none.
pub fn steer_room(connection: &Sql<'_>, request: &SteerRoom) -> Result<Effect<Option<Room>>, StoreError> {
    let event = request.event;
    let Some(room) = room(connection, &event)? else {
        return Ok(Effect::Undo(None));
    };
    let inside: i64 = if room.phase() == RoomPhase::Open {
        connection
            .prepare_cached(
                "SELECT count(*) FROM let_through WHERE event_id = ?1 AND until > ?2 AND reservation_id IS NULL",
            )?
            .query_row(params![event.0, ms(request.now)], |row| row.get(0))?
    } else {
        0
    };
    let Some(next) = room.steered(request, inside.unsigned_abs()) else {
        return Ok(Effect::Undo(None));
    };
    let (holder, until) = next.lease.unzip();
    connection
        .prepare_cached(
            "UPDATE waiting_rooms SET lobby = ?2, threshold = ?3, raised_at = ?4, pace = ?5, holder = ?6, leased_until = ?7
             WHERE event_id = ?1",
        )?
        .execute(params![
            event.0,
            next.lobby.map(count),
            count(next.threshold),
            ms(next.raised_at),
            next.pace,
            holder.map(|holder| holder.0),
            until.map(ms)
        ])?;
    Ok(Effect::Keep(Some(next)))
}

/// Lists the events whose waiting room has something to do: to open, to be made ready for its draw, or to let somebody through. At one
/// that sells nothing any more nobody waits.
pub fn busy_rooms(connection: &Sql<'_>, now: &Timestamp) -> Result<Vec<EventId>, StoreError> {
    let mut list = connection.prepare_cached(
        "SELECT event_id FROM waiting_rooms JOIN events USING (event_id)
         WHERE (lobby IS NULL AND opens_at <= ?1
                OR lobby IS NOT NULL AND (threshold < registered AND (drawn = 0 OR beacon IS NOT NULL) OR drawn = 1 AND root IS NULL))
           AND ends_at > ?1
           AND NOT EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = events.event_id)",
    )?;
    let events = list.query_map([ms(*now)], |row| row.get(0).map(EventId))?;
    Ok(events.collect::<Result<_, _>>()?)
}

/// Lists the secrets of all waiting rooms, sealed.
pub fn room_secrets(connection: &Sql<'_>, (): &()) -> Result<Vec<(EventId, Vec<u8>)>, StoreError> {
    let mut list = connection.prepare_cached("SELECT event_id, sealed FROM waiting_rooms")?;
    let secrets = list.query_map([], |row| Ok((EventId(row.get(0)?), row.get(1)?)))?;
    Ok(secrets.collect::<Result<_, _>>()?)
}

/// Puts a secret that is sealed anew in place of what it was; tells whether it was still that.
pub fn reseal_room(connection: &Sql<'_>, request: &ResealRoom) -> Result<Effect<bool>, StoreError> {
    let changed = connection
        .prepare_cached("UPDATE waiting_rooms SET sealed = ?3 WHERE event_id = ?1 AND sealed = ?2")?
        .execute(params![request.event.0, request.was, request.sealed])?;
    Ok(Effect::Keep(changed > 0))
}
