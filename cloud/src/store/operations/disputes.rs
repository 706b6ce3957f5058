//! Disputes: each is written down once, under the name that its gateway gives it, with the steps that move its money.

use usher_keys::EventId;

use crate::ids::{BookingId, DisputeId};
use crate::money::Money;
use crate::selling::disputes::{Dispute, DisputeState, DisputesQuery, NoteDispute, heard};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::column::{Local, currency, moment, ms};
use super::dispute_states::state;
use super::{Effect, journal, rows};

/// Writes down how a dispute of a charge of ours stands; tells whether that is news.
pub fn note_dispute(connection: &Sql<'_>, request: &NoteDispute) -> Result<Effect<bool>, StoreError> {
    let event = request.charge.event;
    let found: Option<(Local, String, i64)> = connection
        .prepare_cached("SELECT dispute_id, state, amount FROM disputes WHERE event_id = ?1 AND name = ?2")?
        .query_row(params![event.0, request.name], |row| row.try_into())
        .optional()?;
    let known = found.as_ref().map(|(_, word, _)| state(word)).transpose()?;
    let steps = heard(known, request.state);
    if steps.is_empty() || rows::booking_of_charge(connection, &request.charge)?.is_none() {
        return Ok(Effect::Undo(false));
    }
    let (local, amount) = match found {
        Some((local, _, amount)) => {
            set_state(connection, (event, local), request)?;
            (local, amount)
        }
        None => {
            insert(connection, request)?;
            (request.dispute.local, request.amount.minor)
        }
    };
    let id = DisputeId { event, local };
    for step in steps {
        journal::write(connection, id.into(), *step, (amount, request.now))?;
    }
    Ok(Effect::Keep(true))
}

fn insert(connection: &Sql<'_>, request: &NoteDispute) -> Result<(), StoreError> {
    let closed_at = (request.state != DisputeState::Open).then(|| ms(request.now));
    connection
        .prepare_cached(
            "INSERT INTO disputes (event_id, dispute_id, charge_reference, name, state, amount, opened_at, closed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .run(params![
            request.charge.event.0,
            request.dispute.local,
            request.charge.local,
            request.name,
            request.state.word(),
            request.amount.minor,
            ms(request.now),
            closed_at
        ])?;
    Ok(())
}

fn set_state(
    connection: &Sql<'_>,
    (event, local): (EventId, Local),
    request: &NoteDispute,
) -> Result<(), StoreError> {
    let is_set = connection
        .prepare_cached(
            "UPDATE disputes SET state = ?3, closed_at = ?4
             WHERE event_id = ?1 AND dispute_id = ?2 AND state = 'open'",
        )?
        .changes(1, params![event.0, local, request.state.word(), ms(request.now)])?;
    if is_set {
        Ok(())
    } else {
        Err(StoreError::Overtaken)
    }
}

/// Lists disputes of an event, the first one first: their ids begin with the time.
pub fn disputes(connection: &Sql<'_>, query: &DisputesQuery) -> Result<Vec<Dispute>, StoreError> {
    let after: Local = query.after.map_or([0; 24], |after| after.local);
    let wanted = query.state.map_or("", DisputeState::word);
    let mut select = connection.prepare_cached(
        "SELECT dispute_id, booking_id, disputes.name, disputes.amount, currency, disputes.state, opened_at
         FROM disputes JOIN bookings USING (event_id, charge_reference) JOIN events USING (event_id)
         WHERE event_id = ?1 AND dispute_id > ?2 AND (?3 = '' OR disputes.state = ?3) ORDER BY dispute_id LIMIT ?4",
    )?;
    let found = select.query_and_then(params![query.event.0, after, wanted, query.limit], |row| {
        read(row, query.event)
    })?;
    found.collect()
}

fn read(row: &Row<'_>, event: EventId) -> Result<Dispute, StoreError> {
    Ok(Dispute {
        id: DisputeId {
            event,
            local: row.get(0)?,
        },
        booking: BookingId {
            event,
            local: row.get(1)?,
        },
        name: row.get(2)?,
        amount: Money {
            minor: row.get(3)?,
            currency: currency(row.column(4)?.as_str()?)?,
        },
        state: state(row.column(5)?.as_str()?)?,
        opened_at: moment(row.get(6)?),
    })
}
