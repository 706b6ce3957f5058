//! The rows of refunds: begun with the tickets they take back and the job that sees to them, noted step by step, tried again by request.

use serde_json::json;
use usher_keys::Timestamp;
use usher_protocol::{Generation, Unit};

use crate::ids::{BookingId, RefundId};
use crate::letters::{LetterCause, LetterKind};
use crate::selling::charges::ChargeParts;
use crate::selling::disputes::DisputeState;
use crate::selling::jobs::{Job, JobId};
use crate::selling::money_steps::{Account, MoneyStep};
use crate::selling::refunding::{
    RefundFacts, RefundTerms, TakenUnit, may_free, may_give_at, may_refund, noted, retried,
};
use crate::selling::refunds::{
    BeginRefund, BeginRefundOutcome, NoteRefund, Refund, RefundNote, RefundRefusal, RefundState, RetryRefund,
};
use crate::selling::{Booking, NoteOutcome, RequestHash, Reservation};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};
use crate::webhooks::{WebhookCause, WebhookKind};

use super::Effect;
use super::column::{Local, ms, unit_state};
use super::refund_rows::{refund, with_gateway};
use super::{jobs, journal, letters, receipts, rows, tills, webhooks};

/// Begins to give money of a booking back, once for each idempotency key.
pub fn begin_refund(
    connection: &Sql<'_>,
    request: &BeginRefund,
) -> Result<Effect<BeginRefundOutcome>, StoreError> {
    let refused = |refusal| Ok(Effect::Undo(BeginRefundOutcome::Refused(refusal)));
    if let Some((earlier, hash)) = earlier(connection, request)? {
        return if hash == request.request_hash {
            Ok(Effect::Undo(BeginRefundOutcome::Begun(earlier)))
        } else {
            refused(RefundRefusal::KeyReused)
        };
    }
    let Some(rows) = RefundRows::find(connection, request.booking)? else {
        return refused(RefundRefusal::NotFound);
    };
    if let Some(at) = &request.till {
        let till = tills::till(connection, at.till)?;
        if let Err(refusal) = may_give_at(&rows.booking, till.as_ref(), at) {
            return refused(refusal);
        }
    }
    let terms = match may_refund(&rows.facts(), request) {
        Ok(terms) => terms,
        Err(refusal) => return refused(refusal),
    };
    write(connection, request, (&terms, RefundState::Revoking))?;
    let begun = refund(connection, &request.refund)?.ok_or(StoreError::Overtaken)?;
    Ok(Effect::Keep(BeginRefundOutcome::Begun(begun)))
}

/// What is written down of a booking that money may be given back of.
pub struct RefundRows {
    booking: Booking,
    reservation: Reservation,
    is_halted: bool,
    promised: i64,
    promised_parts: ChargeParts,
    is_running: bool,
}

impl RefundRows {
    /// Finds them.
    pub fn find(connection: &Sql<'_>, booking: BookingId) -> Result<Option<Self>, StoreError> {
        let Some(found) = rows::booking(connection, &booking)? else {
            return Ok(None);
        };
        let reservation = rows::reservation_and_sale(connection, &found.reservation)?;
        let (reservation, sale) = reservation.ok_or(StoreError::Unreadable {
            what: "reservation of a booking",
        })?;
        let (promised, promised_parts, is_running) = promised(connection, booking)?;
        Ok(Some(Self {
            booking: found,
            reservation,
            is_halted: sale.is_halted,
            promised,
            promised_parts,
            is_running,
        }))
    }

    /// Returns what a decision goes by.
    pub fn facts(&self) -> RefundFacts<'_> {
        RefundFacts {
            state: self.booking.state,
            is_halted: self.is_halted,
            paid: self.booking.amount.minor,
            lines: &self.reservation.lines,
            tickets: &self.booking.tickets,
            promised: self.promised,
            promised_parts: self.promised_parts,
            is_running: self.is_running,
            is_disputed: self.booking.dispute.is_some_and(DisputeState::has_taken),
        }
    }
}

/// Writes a refund down with its tickets, what it moves and its job.
pub fn write(
    connection: &Sql<'_>,
    request: &BeginRefund,
    (terms, state): (&RefundTerms, RefundState),
) -> Result<(), StoreError> {
    insert(connection, request, (terms, state))?;
    let steps = [
        (MoneyStep::TakenBack, terms.amount),
        (MoneyStep::FeesTakenBack, terms.parts.fees),
        (MoneyStep::TaxesTakenBack, terms.parts.taxes),
    ];
    for (step, amount) in steps {
        journal::write(connection, request.refund.into(), step, (amount, request.now))?;
    }
    let job = JobId::GiveRefund(request.refund);
    jobs::insert(connection, &Job::begun(job, request.holder, request.now))
}

/// Finds what a key was used for before.
fn earlier(connection: &Sql<'_>, request: &BeginRefund) -> Result<Option<(Refund, RequestHash)>, StoreError> {
    let event = request.booking.event;
    let found: Option<(Local, [u8; 32])> = connection
        .prepare_cached(
            "SELECT refund_id, request_hash FROM refunds WHERE event_id = ?1 AND idempotency_key = ?2",
        )?
        .query_row(params![event.0, request.idempotency_key], |row| row.try_into())
        .optional()?;
    let Some((local, hash)) = found else {
        return Ok(None);
    };
    let earlier = refund(connection, &RefundId { event, local })?;
    Ok(earlier.map(|earlier| (earlier, RequestHash(hash))))
}

/// Adds up what refunds of a booking come to, those that were refused too, and tells whether one is on its way.
fn promised(connection: &Sql<'_>, booking: BookingId) -> Result<(i64, ChargeParts, bool), StoreError> {
    let (promised, fees, taxes, running): (i64, i64, i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce(CAST(sum(amount) AS BIGINT), 0), coalesce(CAST(sum(fees) AS BIGINT), 0),
                    coalesce(CAST(sum(taxes) AS BIGINT), 0), count(CASE WHEN closed_at IS NULL THEN 1 END)
             FROM refunds WHERE event_id = ?1 AND booking_id = ?2",
        )?
        .query_row(params![booking.event.0, booking.local], |row| row.try_into())?;
    Ok((promised, ChargeParts { fees, taxes }, running > 0))
}

fn insert(
    connection: &Sql<'_>,
    request: &BeginRefund,
    (terms, state): (&RefundTerms, RefundState),
) -> Result<(), StoreError> {
    let id = request.refund;
    connection
        .prepare_cached(
            "INSERT INTO refunds (event_id, refund_id, booking_id, state, amount, frees_units, attempt, idempotency_key,
                                  request_hash, created_at, fees, taxes, till_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .run(params![
            id.event.0,
            id.local,
            request.booking.local,
            state.word(),
            terms.amount,
            request.frees_units,
            request.idempotency_key,
            request.request_hash.0,
            ms(request.now),
            terms.parts.fees,
            terms.parts.taxes,
            request.till.as_ref().map(|at| at.till.local)
        ])?;
    let mut take = connection.prepare_cached(
        "UPDATE tickets SET refund_id = ?3
         WHERE event_id = ?1 AND ticket_id = ?2 AND booking_id = ?4 AND state <> 'superseded' AND refund_id IS NULL",
    )?;
    for ticket in &terms.tickets {
        // A ticket that was replaced meanwhile is found out here.
        if !take.changes(
            1,
            params![id.event.0, ticket.local, id.local, request.booking.local],
        )? {
            return Err(StoreError::Overtaken);
        }
    }
    Ok(())
}

/// Writes down how a refund goes on.
pub fn note_refund(connection: &Sql<'_>, request: &NoteRefund) -> Result<Effect<NoteOutcome>, StoreError> {
    let open = with_gateway(connection, &request.refund)?;
    let Some((found, state, holder)) = open.and_then(|open| {
        let state = noted(&open.refund, request.note)?;
        Some((open.refund, state, open.gateway.account()))
    }) else {
        return Ok(Effect::Undo(NoteOutcome::Overtaken));
    };
    set_state(connection, &found, state, request.now)?;
    let job = JobId::GiveRefund(found.id);
    match request.note {
        RefundNote::Revoked => {}
        RefundNote::Waits => jobs::wait(connection, job, Timestamp::FOREVER, (request.holder, request.now))?,
        RefundNote::Refused => jobs::delete(connection, job)?,
        RefundNote::Given => {
            jobs::delete(connection, job)?;
            end(connection, &found, (MoneyStep::TakenBackGiven, holder), request)?;
        }
        // Its job ended when the gateway refused.
        RefundNote::GivenOutside => end(connection, &found, (MoneyStep::GivenOutside, holder), request)?,
    }
    Ok(Effect::Keep(NoteOutcome::Noted))
}

fn enqueue_given(connection: &Sql<'_>, refund: &Refund, now: Timestamp) -> Result<(), StoreError> {
    let event = refund.id.event;
    let told = WebhookCause {
        event,
        kind: WebhookKind::RefundGiven,
        once: None,
        now,
    };
    webhooks::enqueue(connection, &told, || {
        Ok(json!({
            "event_id": event,
            "booking_id": refund.booking,
            "refund_id": refund.id,
            "amount": refund.amount.minor,
            "currency": refund.amount.currency.code(),
        }))
    })
}

/// Writes down that the buyer has the money, and makes the units available again if they were to be.
fn end(
    connection: &Sql<'_>,
    refund: &Refund,
    step: (MoneyStep, Account),
    request: &NoteRefund,
) -> Result<(), StoreError> {
    let now = request.now;
    journal::write_at(connection, refund.id.into(), step, (refund.amount.minor, now))?;
    receipts::annul(connection, refund.id, (refund.amount.minor, now))?;
    if refund.frees_units {
        free_units(connection, refund)?;
    }
    if request.mails {
        write_letter(connection, refund, now)?;
    }
    enqueue_given(connection, refund, now)
}

/// Writes a letter to the buyer, if it is known who that is.
fn write_letter(connection: &Sql<'_>, refund: &Refund, now: Timestamp) -> Result<(), StoreError> {
    let booking = rows::booking(connection, &refund.booking)?;
    let Some(booking) = booking.filter(|booking| !booking.email.is_empty()) else {
        return Ok(());
    };
    let cause = LetterCause {
        event: refund.id.event,
        kind: LetterKind::RefundGiven,
        charge: Some(booking.charge),
        about: Some(refund.id.local),
        recipient: None,
        now,
    };
    letters::write(connection, &cause).map(drop)
}

fn set_state(
    connection: &Sql<'_>,
    was: &Refund,
    state: RefundState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let closed_at = (!state.is_open()).then(|| ms(now));
    let is_set = connection
        .prepare_cached(
            "UPDATE refunds SET state = ?3, closed_at = ?4 WHERE event_id = ?1 AND refund_id = ?2 AND state = ?5",
        )?
        .changes(
            1,
            params![
                was.id.event.0,
                was.id.local,
                state.word(),
                closed_at,
                was.state.word()
            ],
        )?;
    if is_set {
        Ok(())
    } else {
        Err(StoreError::Overtaken)
    }
}

/// Makes those units of a refund's tickets available again that are to be.
fn free_units(connection: &Sql<'_>, refund: &Refund) -> Result<(), StoreError> {
    let event = refund.id.event;
    let mut free = connection.prepare_cached(
        "UPDATE units SET state = 'available', reservation_id = NULL, held_until = NULL
         WHERE event_id = ?1 AND unit = ?2 AND state = ?3 AND issued = ?4",
    )?;
    for taken in taken_units(connection, refund.id)?
        .iter()
        .filter(|taken| may_free(taken))
    {
        let (state, issued) = (taken.state.word(), taken.issued.0);
        // Of a unit that has another state or ticket by now, nothing was decided.
        if !free.changes(1, params![event.0, taken.unit.0, state, issued])? {
            return Err(StoreError::Overtaken);
        }
    }
    Ok(())
}

fn taken_units(connection: &Sql<'_>, refund: RefundId) -> Result<Vec<TakenUnit>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT unit, tickets.generation, units.state, units.issued FROM tickets JOIN units USING (event_id, unit)
         WHERE event_id = ?1 AND refund_id = ?2 ORDER BY unit",
    )?;
    let found = query.query_and_then(params![refund.event.0, refund.local], |row| {
        Ok::<_, StoreError>(TakenUnit {
            unit: Unit(row.get(0)?),
            generation: Generation(row.get(1)?),
            state: unit_state(row.column(2)?.as_str()?)?,
            issued: Generation(row.get(3)?),
        })
    })?;
    found.collect()
}

/// Tries a refund again that the gateway has refused; `false` when it is none of those.
pub fn retry_refund(connection: &Sql<'_>, request: &RetryRefund) -> Result<Effect<bool>, StoreError> {
    let id = request.refund;
    if !reopen(connection, id)? {
        return Ok(Effect::Undo(false));
    }
    let job = JobId::GiveRefund(id);
    jobs::insert(connection, &Job::begun(job, request.holder, request.now))?;
    Ok(Effect::Keep(true))
}

/// Has a refund tried again; `false` when there is none to be.
pub fn reopen(connection: &Sql<'_>, id: RefundId) -> Result<bool, StoreError> {
    let found = refund(connection, &id)?;
    let Some((found, state)) = found.and_then(|found| retried(found.state).map(|state| (found, state)))
    else {
        return Ok(false);
    };
    let is_open = connection
        .prepare_cached(
            "UPDATE refunds SET state = ?3, attempt = attempt + 1, closed_at = NULL
             WHERE event_id = ?1 AND refund_id = ?2 AND state = ?4",
        )?
        .changes(1, params![id.event.0, id.local, state.word(), found.state.word()])?;
    if is_open {
        Ok(true)
    } else {
        Err(StoreError::Overtaken)
    }
}
