//! Canceling an event, and giving back what was paid for it a few bookings at a time: each time writes down how far it has come.

use usher_keys::{EventId, Timestamp};

use crate::catalogue::EventStatus;
use crate::ids::{BookingId, RefundId, TicketId};
use crate::letters::LetterKind;
use crate::selling::RequestHash;
use crate::selling::canceling::{
    AfterSome, CancelEvent, CancelFacts, CancelOutcome, CancelProgress, CanceledBooking, RefundCanceled,
    RefundedSome, after_some, may_cancel, refund_of,
};
use crate::selling::jobs::{Job, JobId};
use crate::selling::refunds::{BeginRefund, RefundOf};
use crate::store::StoreError;
use crate::store::organizing::{RetryRefused, ValidTickets};
use crate::store::sql::{OptionalExtension, Sql, params};

use super::authority::halts;
use super::column::{Local, moment, ms, narrow, refund_state};
use super::refunds::RefundRows;
use super::{Effect, catalogue, jobs, mailings, moves, webhooks};

/// The id before all others.
const FIRST: Local = [0; 24];

/// Cancels an event for good: nothing of it is sold from now on, and what is held and not paid for is free. Asked again, it changes nothing.
pub fn cancel_event(
    connection: &Sql<'_>,
    request: &CancelEvent,
) -> Result<Effect<CancelOutcome>, StoreError> {
    let Some(event) = catalogue::event(connection, &request.event)? else {
        return Ok(Effect::Undo(CancelOutcome::NotPublished));
    };
    let facts = CancelFacts {
        is_published: event.status == EventStatus::Published,
        is_canceled: event.canceled_at.is_some(),
        is_halted: halts::is_halted(connection, event.id)?,
    };
    if let Err(outcome) = may_cancel(facts) {
        return Ok(Effect::Undo(outcome));
    }
    connection
        .prepare_cached(
            "INSERT INTO cancellations (event_id, canceled_at, refunded_to, skipped) VALUES (?1, ?2, ?3, 0)",
        )?
        .run(params![event.id.0, ms(request.now), FIRST])?;
    moves::free_held(connection, (event.id, request.now))?;
    webhooks::enqueue_changed(connection, event.id, request.now)?;
    if request.mails {
        mailings::begin_notice(connection, event.id, LetterKind::EventCanceled, request.now)?;
    }
    let job = JobId::RefundEvent(event.id);
    jobs::insert(connection, &Job::begun(job, request.holder, request.now))?;
    Ok(Effect::Keep(CancelOutcome::Canceled))
}

/// A cancellation whose refunds have not all begun.
struct Running {
    refunded_to: Local,
    skipped: u32,
}

fn running(connection: &Sql<'_>, event: EventId) -> Result<Option<Running>, StoreError> {
    let found: Option<(Local, u32)> = connection
        .prepare_cached(
            "SELECT refunded_to, skipped FROM cancellations WHERE event_id = ?1 AND ended_at IS NULL",
        )?
        .query_row([event.0], |row| row.try_into())
        .optional()?;
    Ok(found.map(|(refunded_to, skipped)| Running { refunded_to, skipped }))
}

/// Begins the next refunds of a canceled event.
pub fn refund_canceled(
    connection: &Sql<'_>,
    request: &RefundCanceled,
) -> Result<Effect<RefundedSome>, StoreError> {
    let event = request.event;
    let Some(mut running) = running(connection, event)? else {
        let (begun, then) = (Vec::new(), AfterSome::Ended);
        return Ok(Effect::Undo(RefundedSome { begun, then }));
    };
    if halts::is_halted(connection, event)? {
        let (begun, then) = (Vec::new(), AfterSome::Again);
        jobs::wait(
            connection,
            JobId::RefundEvent(event),
            Timestamp::FOREVER,
            (request.holder, request.now),
        )?;
        return Ok(Effect::Keep(RefundedSome { begun, then }));
    }
    let bookings = next_bookings(connection, event, (running.refunded_to, request.refunds.len()))?;
    let are_last = bookings.len() < request.refunds.len();
    let mut begun = Vec::new();
    for (local, refund) in bookings.into_iter().zip(&request.refunds) {
        match refund_one(connection, request, (BookingId { event, local }, *refund))? {
            CanceledBooking::Refund(..) => begun.push(*refund),
            CanceledBooking::Skipped => running.skipped += 1,
            CanceledBooking::Nothing => {}
        }
        running.refunded_to = local;
    }
    let then = after_some(are_last, running.skipped);
    note(connection, request, &running, then)?;
    Ok(Effect::Keep(RefundedSome { begun, then }))
}

fn next_bookings(
    connection: &Sql<'_>,
    event: EventId,
    (after, limit): (Local, usize),
) -> Result<Vec<Local>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT booking_id FROM bookings WHERE event_id = ?1 AND booking_id > ?2 AND state = 'confirmed'
         ORDER BY booking_id LIMIT ?3",
    )?;
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let found = query.query_map(params![event.0, after, limit], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Begins the refund of a booking, if there is one to begin. Its units stay sold: nobody else can have them.
fn refund_one(
    connection: &Sql<'_>,
    request: &RefundCanceled,
    (booking, refund): (BookingId, RefundId),
) -> Result<CanceledBooking, StoreError> {
    let rows = RefundRows::find(connection, booking)?;
    let Some(rows) = rows else {
        return Ok(CanceledBooking::Nothing);
    };
    let decided = refund_of(&rows.facts());
    if let CanceledBooking::Refund(terms, state) = &decided {
        let key = refund.to_string();
        let begin = BeginRefund {
            refund,
            booking,
            request_hash: RequestHash(*blake3::hash(key.as_bytes()).as_bytes()),
            idempotency_key: key,
            of: RefundOf::All,
            amount: Some(terms.amount),
            frees_units: false,
            till: None,
            holder: request.holder,
            now: request.now,
        };
        super::refunds::write(connection, &begin, (terms, *state))?;
    }
    Ok(decided)
}

/// Writes down how far it has come.
fn note(
    connection: &Sql<'_>,
    request: &RefundCanceled,
    running: &Running,
    then: AfterSome,
) -> Result<(), StoreError> {
    let job = JobId::RefundEvent(request.event);
    let (refunded_to, skipped, ended_at) = match then {
        AfterSome::More => (running.refunded_to, running.skipped, None),
        AfterSome::Again => {
            jobs::wait(connection, job, Timestamp::FOREVER, (request.holder, request.now))?;
            (FIRST, 0, None)
        }
        AfterSome::Ended => {
            jobs::delete(connection, job)?;
            (running.refunded_to, 0, Some(ms(request.now)))
        }
    };
    connection
        .prepare_cached(
            "UPDATE cancellations SET refunded_to = ?2, skipped = ?3, ended_at = ?4 WHERE event_id = ?1",
        )?
        .run(params![request.event.0, refunded_to, skipped, ended_at])?;
    Ok(())
}

/// Lists tickets of an event that are valid.
pub fn valid_tickets(connection: &Sql<'_>, query: &ValidTickets) -> Result<Vec<TicketId>, StoreError> {
    let event = query.event;
    let mut select = connection.prepare_cached(
        "SELECT ticket_id FROM tickets WHERE event_id = ?1 AND state = 'valid' ORDER BY unit LIMIT ?2",
    )?;
    let found = select.query_map(params![event.0, query.limit], |row| {
        row.get(0).map(|local| TicketId { event, local })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Returns how far the cancellation of an event has come, or what there is to give back before it is canceled.
pub fn cancel_progress(connection: &Sql<'_>, event: &EventId) -> Result<CancelProgress, StoreError> {
    let found: Option<(i64, Local, Option<i64>)> = connection
        .prepare_cached("SELECT canceled_at, refunded_to, ended_at FROM cancellations WHERE event_id = ?1")?
        .query_row([event.0], |row| row.try_into())
        .optional()?;
    let (canceled_at, after, has_ended) = match found {
        Some((at, after, ended_at)) => (Some(moment(at)), after, ended_at.is_some()),
        None => (None, FIRST, false),
    };
    let count = |sql: &str| -> Result<u32, StoreError> {
        let count = connection
            .prepare_cached(sql)?
            .query_row([event.0], |row| row.get(0))?;
        narrow(count, "count")
    };
    let left = connection
        .prepare_cached(
            "SELECT count(*) FROM bookings WHERE event_id = ?1 AND state = 'confirmed' AND booking_id > ?2",
        )?
        .query_row(params![event.0, after], |row| row.get(0))?;
    let mut progress = CancelProgress {
        canceled_at,
        tickets_left: count("SELECT count(*) FROM tickets WHERE event_id = ?1 AND state = 'valid'")?,
        bookings_left: if has_ended { 0 } else { narrow(left, "count")? },
        payments_running: count("SELECT count(*) FROM bookings WHERE event_id = ?1 AND closed_at IS NULL")?,
        ..CancelProgress::default()
    };
    let mut select = connection
        .prepare_cached("SELECT state, count(*) FROM refunds WHERE event_id = ?1 GROUP BY state")?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let state = refund_state(row.column(0)?.as_str()?)?;
        progress = progress.with_refunds(state, row.get(1)?);
    }
    Ok(progress)
}

/// Tries refunds of an event again that the gateway has refused, some at a time; their jobs wait for anybody. Tells how many.
pub fn retry_refused(connection: &Sql<'_>, request: &RetryRefused) -> Result<Effect<usize>, StoreError> {
    let event = request.event;
    let mut select = connection.prepare_cached(
        "SELECT refund_id FROM refunds WHERE event_id = ?1 AND state = 'refused' ORDER BY refund_id LIMIT ?2",
    )?;
    let found = select.query_map(params![event.0, request.limit], |row| row.get(0))?;
    let refused: Vec<Local> = found.collect::<Result<_, _>>()?;
    for local in &refused {
        let id = RefundId { event, local: *local };
        if !super::refunds::reopen(connection, id)? {
            return Err(StoreError::Overtaken);
        }
        let job = Job::waits(JobId::GiveRefund(id), request.now);
        jobs::insert(connection, &job)?;
    }
    Ok(Effect::Keep(refused.len()))
}
