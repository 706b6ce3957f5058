//! Opening a booking: one request for each idempotency key, one running payment for each reservation, units marked as paying.

use usher_keys::Timestamp;

use crate::ids::BookingId;
use crate::selling::charges::ChargeParts;
use crate::selling::jobs::{Job, JobId};
use crate::selling::paying::{EarlierRequest, may_begin, pay_by, repeated};
use crate::selling::{
    BeginBooking, BeginOutcome, BeginRefusal, BookingState, GatewayKind, OpenBooking, RequestHash,
    Reservation,
};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::Effect;
use super::column::{Local, ms};
use super::{booking_codes, buyer_bounds, jobs, rows};

/// Marks a reservation's units as paying and opens its booking, once for each idempotency key.
pub fn begin_booking(
    connection: &Sql<'_>,
    request: &BeginBooking,
) -> Result<Effect<BeginOutcome>, StoreError> {
    let refused = |refusal| Ok(Effect::Undo(BeginOutcome::Refused(refusal)));
    let event = request.reservation.event;
    connection.ask_ahead(EARLIER, params![event.0, request.idempotency_key])?;
    rows::ask_ahead_of_reservation(connection, &request.reservation)?;
    buyer_bounds::ask_ahead(connection, request)?;
    if let Some(earlier) = earlier_request(connection, request)? {
        return Ok(Effect::Undo(repeated(earlier, request)));
    }
    let Some((reservation, sale)) = rows::reservation_and_sale(connection, &request.reservation)? else {
        return refused(BeginRefusal::NotFound);
    };
    if let Err(refusal) = may_begin(&reservation, sale, request) {
        return refused(refusal);
    }
    if let Some(reached) = buyer_bounds::keeps_too_many(connection, request, reservation.lines.len())? {
        return refused(BeginRefusal::TooManyUnpaid(reached));
    }
    let pay_by = pay_by(&reservation, sale, request);
    match open(connection, request, (&reservation, pay_by))? {
        Some(open) => Ok(Effect::Keep(BeginOutcome::Started(open))),
        None => refused(BeginRefusal::Expired),
    }
}

/// Opens a booking with its job; `None` when the reservation is not held any more or a unit is not its own.
pub(super) fn open(
    connection: &Sql<'_>,
    request: &BeginBooking,
    (reservation, pay_by): (&Reservation, Timestamp),
) -> Result<Option<OpenBooking>, StoreError> {
    rows::ask_ahead_for_units(connection, reservation)?;
    if !mark_paying(connection, request, reservation)? {
        return Ok(None);
    }
    insert(connection, request, (reservation, pay_by))?;
    let job = JobId::SettleBooking(request.booking);
    jobs::insert(connection, &Job::begun(job, request.holder, request.now))?;
    Ok(Some(OpenBooking {
        id: request.booking,
        charge: request.charge,
        payment: None,
        gateway: request.gateway,
        reservation: reservation.id,
        state: BookingState::Paying,
        pay_by,
        amount: reservation.amount,
        units: rows::units_to_issue(connection, reservation)?,
    }))
}

/// The booking of an idempotency key.
const EARLIER: &str = "SELECT booking_id, request_hash, former_id IS NOT NULL FROM bookings
     WHERE event_id = ?1 AND idempotency_key = ?2 AND state <> 'canceled'";

/// Finds what the key was used for before, by the unique index of keys that are not free again.
pub(super) fn earlier_request(
    connection: &Sql<'_>,
    request: &BeginBooking,
) -> Result<Option<EarlierRequest>, StoreError> {
    let event = request.reservation.event;
    let earlier: Option<(Local, [u8; 32], bool)> = connection
        .prepare_cached(EARLIER)?
        .query_row(params![event.0, request.idempotency_key], |row| row.try_into())
        .optional()?;
    let Some((local, hash, is_renewed)) = earlier else {
        return Ok(None);
    };
    let booking = rows::booking(connection, &BookingId { event, local })?;
    Ok(booking.map(|booking| EarlierRequest {
        hash: RequestHash(hash),
        is_renewed,
        booking,
    }))
}

/// Marks the reservation and all its units; `false` when the reservation is not held any more or a unit is not its own. These
/// updates guard the race with whoever claims a unit as its hold expires.
fn mark_paying(
    connection: &Sql<'_>,
    request: &BeginBooking,
    reservation: &Reservation,
) -> Result<bool, StoreError> {
    let id = reservation.id;
    let held = connection
        .prepare_cached(
            "UPDATE reservations SET state = 'paying'
             WHERE event_id = ?1 AND reservation_id = ?2 AND state = 'held' AND expires_at > ?3",
        )?
        .changes(1, params![id.event.0, id.local, ms(request.now)])?;
    let mut mark = connection.prepare_cached(
        "UPDATE units SET state = 'paying', held_until = NULL
         WHERE event_id = ?1 AND unit = ?2 AND reservation_id = ?3 AND state = 'held' AND held_until > ?4",
    )?;
    let mut are_own = true;
    for line in &reservation.lines {
        are_own &= mark.changes(1, params![id.event.0, line.unit.0, id.local, ms(request.now)])?;
    }
    Ok(held && are_own)
}

fn insert(
    connection: &Sql<'_>,
    request: &BeginBooking,
    (reservation, pay_by): (&Reservation, Timestamp),
) -> Result<(), StoreError> {
    let parts = ChargeParts::of(reservation.lines.iter());
    let (asked, taken) = match request.gateway {
        asked @ (GatewayKind::Sandbox | GatewayKind::Stripe) => (asked, None),
        // Of these no gateway knows anything.
        taken @ (GatewayKind::Cash | GatewayKind::CardTerminal | GatewayKind::Invoice) => {
            (GatewayKind::Sandbox, Some(taken))
        }
    };
    let code = booking_codes::free(connection, request.booking.event, request.code)?;
    connection
        .prepare_cached(
            "INSERT INTO bookings (event_id, booking_id, charge_reference, reservation_id, idempotency_key, request_hash,
                                   state, email, amount, created_at, pay_by, gateway, code, fees, taxes, name, taken, language, attempt)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, 'paying', ?7, ?8, ?9, ?10, ?11, ?12,
                    CAST(?13 AS BIGINT), CAST(?14 AS BIGINT), ?15, ?16, ?17, 1 + count(*) FROM bookings
             WHERE event_id = ?1 AND reservation_id = ?4",
        )?
        .run(params![
            request.booking.event.0,
            request.booking.local,
            request.charge.local,
            reservation.id.local,
            request.idempotency_key,
            request.request_hash.0,
            request.email,
            reservation.amount.minor,
            ms(request.now),
            ms(pay_by),
            asked.word(),
            booking_codes::stored(code),
            parts.fees,
            parts.taxes,
            request.name,
            taken.map(GatewayKind::word),
            request.language.tag(),
        ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use rusqlite::Connection;

    use super::*;
    use crate::selling::Ending;
    use crate::store::contract::case::{Case, START, STORE_FILE};

    /// Counts the steps that SQLite's machine takes to open a booking of somebody for whom so many are over.
    async fn steps(over: usize) -> u64 {
        let case = Case::on_sqlite().await;
        for number in 0..over {
            let held = case.held(&[0], START).await;
            let open = case.begun(held.id, &number.to_string(), START).await;
            case.close(&open, Ending::Refunded, START).await;
        }
        let held = case.held(&[0], START).await;
        let request = case.begin_request(held.id, "another", START);
        let mut connection = Connection::open(case.file(STORE_FILE)).unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let counts = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(counts)).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        let effect = begin_booking(&Sql::Sqlite(&connection), &request).unwrap();
        assert!(matches!(effect, Effect::Keep(BeginOutcome::Started(_))));
        count.load(Ordering::Relaxed)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_booking_begins_in_as_many_steps_however_many_of_its_buyer_are_over() {
        assert_eq!(steps(2).await, steps(60).await);
    }
}
