//! The rows of those who were let through: until when, and what they hold.

use crate::ids::ReservationId;
use crate::selling::{HoldOutcome, HoldRequest};
use crate::store::StoreError;
use crate::store::operations::Effect;
use crate::store::operations::column::{count, moment, ms};
use crate::store::sql::{OptionalExtension, Sql, params};
use crate::waiting_room::{LET_THROUGH_FOR, LetThrough, LetThroughOutcome, PassTurn};

use super::room;

/// Lets a pass through whose turn it is, once.
pub fn let_through(
    connection: &Sql<'_>,
    request: &LetThrough,
) -> Result<Effect<LetThroughOutcome>, StoreError> {
    let event = request.event;
    let Some(room) = room(connection, &event)? else {
        return Ok(Effect::Undo(LetThroughOutcome::NoRoom));
    };
    if request.number >= room.registered || room.turn(request.number) != PassTurn::Through {
        return Ok(Effect::Undo(LetThroughOutcome::Waits));
    }
    let known: Option<i64> = connection
        .prepare_cached("SELECT until FROM let_through WHERE event_id = ?1 AND number = ?2")?
        .query_row(params![event.0, count(request.number)], |row| row.get(0))
        .optional()?;
    if let Some(until) = known.map(moment) {
        let outcome = if request.now < until {
            LetThroughOutcome::Through(until)
        } else {
            LetThroughOutcome::Spent
        };
        return Ok(Effect::Undo(outcome));
    }
    let until = request.now.plus_ms(LET_THROUGH_FOR.as_millis() as u64);
    connection
        .prepare_cached("INSERT INTO let_through (event_id, number, until) VALUES (?1, ?2, ?3)")?
        .run(params![event.0, count(request.number), ms(until)])?;
    Ok(Effect::Keep(LetThroughOutcome::Through(until)))
}

/// Decides whether whoever was let through with a pass may hold places: within their time, and one reservation at a time.
pub fn may_hold(connection: &Sql<'_>, request: &HoldRequest) -> Result<Result<(), HoldOutcome>, StoreError> {
    let (Some(number), event) = (request.pass, request.reservation.event) else {
        return Ok(Ok(()));
    };
    let now = ms(request.now);
    let found: Option<(bool, bool)> = connection
        .prepare_cached(
            "SELECT until > ?3, EXISTS (SELECT 1 FROM reservations
                 WHERE reservations.event_id = ?1 AND reservations.reservation_id = let_through.reservation_id
                   AND (state = 'paying' OR state = 'held' AND expires_at > ?3))
             FROM let_through WHERE event_id = ?1 AND number = ?2",
        )?
        .query_row(params![event.0, count(number), now], |row| row.try_into())
        .optional()?;
    Ok(match found {
        Some((true, false)) => Ok(()),
        Some((true, true)) => Err(HoldOutcome::OneAtATime),
        Some((false, _)) | None => Err(HoldOutcome::NotLetThrough),
    })
}

/// Writes down what somebody holds who was let through.
pub fn note_hold(
    connection: &Sql<'_>,
    pass: Option<u64>,
    reservation: ReservationId,
) -> Result<(), StoreError> {
    if let Some(number) = pass {
        connection
            .prepare_cached("UPDATE let_through SET reservation_id = ?3 WHERE event_id = ?1 AND number = ?2")?
            .run(params![reservation.event.0, count(number), reservation.local])?;
    }
    Ok(())
}
