//! The rows of mailings, and the letters that are written of them: each commit writes down how far it has come, so that each buyer gets one.

use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;

use crate::ids::{ChargeReference, MailingId, draw};
use crate::letters::mailings::{
    MAX_MAILINGS, MAX_TRIES, Mailing, MailingKey, NewMailing, NewMailingOutcome, RecipientsQuery,
    TRIES_COUNTED_MS, TryMailing, WRITTEN_AT_ONCE, WriteLetters,
};
use crate::letters::{LetterCause, LetterKind};
use crate::selling::TicketState;
use crate::selling::jobs::JobId;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::column::{Local, event_id, moment, ms};
use super::{Effect, holders, jobs, letters, organizer_lock};

/// The columns [`read`] reads.
const MAILING: &str =
    "SELECT event_id, mailing_id, kind, tier, subject, body, written, created_at, ended_at FROM mailings";
/// Whose bookings get a letter: they are confirmed, have an address, and a ticket that is valid or in a state that is named, of the tier if one is.
const RECIPIENTS: &str =
    "FROM bookings WHERE bookings.event_id = ?1 AND state = 'confirmed' AND email <> '' AND EXISTS (
        SELECT 1 FROM tickets JOIN units ON units.event_id = tickets.event_id AND units.unit = tickets.unit
        WHERE tickets.event_id = bookings.event_id AND tickets.booking_id = bookings.booking_id
          AND tickets.state IN ('valid', ?3) AND (units.tier = ?2 OR ?2 < 0))";
/// The charge reference before all others.
const FIRST: Local = [0; 24];

fn read(row: &Row<'_>) -> Result<Mailing, StoreError> {
    let kind = LetterKind::from_word(row.column(2)?.as_str()?);
    Ok(Mailing {
        id: MailingId {
            event: event_id(row.get(0)?),
            local: row.get(1)?,
        },
        kind: kind.ok_or(StoreError::Unreadable { what: "mailing" })?,
        tier: row.get::<Option<_>>(3)?.map(TierId),
        subject: row.get(4)?,
        body: row.get(5)?,
        written: row.get(6)?,
        created_at: moment(row.get(7)?),
        ended_at: row.get::<Option<i64>>(8)?.map(moment),
    })
}

/// Begins a mailing that somebody writes, once for each key.
pub fn add_mailing(
    connection: &Sql<'_>,
    request: &NewMailing,
) -> Result<Effect<NewMailingOutcome>, StoreError> {
    let event = request.mailing.id.event;
    if let Some(key) = &request.key
        && let Some(outcome) = repeated(connection, (event, key))?
    {
        return Ok(Effect::Undo(outcome));
    }
    let count: u32 = connection
        .prepare_cached("SELECT count(*) FROM mailings WHERE event_id = ?1 AND kind = ?2")?
        .query_row(params![event.0, LetterKind::Note.word()], |row| row.get(0))?;
    if count >= MAX_MAILINGS {
        return Ok(Effect::Undo(NewMailingOutcome::TooMany));
    }
    begin(connection, (&request.mailing, request.key.as_ref()), request.now)?;
    let mailing = Box::new(request.mailing.clone());
    Ok(Effect::Keep(NewMailingOutcome::Begun(mailing)))
}

/// Finds what a key was used for before.
fn repeated(
    connection: &Sql<'_>,
    (event, key): (EventId, &MailingKey),
) -> Result<Option<NewMailingOutcome>, StoreError> {
    let found: Option<(Local, [u8; 32])> = connection
        .prepare_cached(
            "SELECT mailing_id, request_hash FROM mailings WHERE event_id = ?1 AND idempotency_key = ?2",
        )?
        .query_row(params![event.0, key.text], |row| row.try_into())
        .optional()?;
    let Some((local, hash)) = found else {
        return Ok(None);
    };
    if hash != key.request.0 {
        return Ok(Some(NewMailingOutcome::KeyReused));
    }
    let earlier = mailing(connection, &MailingId { event, local })?;
    Ok(earlier.map(|earlier| NewMailingOutcome::Begun(Box::new(earlier))))
}

/// Begins a mailing that says what has become of its event, in the transaction that does it.
pub fn begin_notice(
    connection: &Sql<'_>,
    event: EventId,
    kind: LetterKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mailing = Mailing {
        id: MailingId::draw(event, now),
        kind,
        tier: None,
        subject: String::new(),
        body: String::new(),
        written: 0,
        created_at: now,
        ended_at: None,
    };
    begin(connection, (&mailing, None), now)
}

fn begin(
    connection: &Sql<'_>,
    (mailing, key): (&Mailing, Option<&MailingKey>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = mailing.id;
    connection
        .prepare_cached(
            "INSERT INTO mailings (event_id, mailing_id, kind, tier, subject, body, after_charge, written, created_at,
                                   idempotency_key, request_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10)",
        )?
        .run(params![
            id.event.0,
            id.local,
            mailing.kind.word(),
            mailing.tier.map(|tier| tier.0),
            mailing.subject,
            mailing.body,
            FIRST,
            ms(now),
            key.map(|key| key.text.as_str()),
            key.map(|key| key.request.0)
        ])?;
    jobs::hurry(connection, JobId::WriteLetters(id), now)
}

/// Finds a mailing.
pub fn mailing(connection: &Sql<'_>, id: &MailingId) -> Result<Option<Mailing>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("{MAILING} WHERE event_id = ?1 AND mailing_id = ?2"))?;
    let mut found = query.query_and_then(params![id.event.0, id.local], read)?;
    found.next().transpose()
}

/// Lists the mailings of an event, the newest first.
pub fn mailings(connection: &Sql<'_>, event: &EventId) -> Result<Vec<Mailing>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{MAILING} WHERE event_id = ?1 ORDER BY created_at DESC, mailing_id DESC"
        ))?
        .query_and_then([event.0], read)?
        .collect()
}

fn tier_number(tier: Option<TierId>) -> i64 {
    tier.map_or(-1, |tier| tier.0.into())
}

/// Returns the state of tickets beside `valid` whose buyers are told: of an event that is canceled tickets are void before anybody was told,
/// and whoever had one is written to afterwards, too.
fn told_too(connection: &Sql<'_>, event: EventId, kind: LetterKind) -> Result<TicketState, StoreError> {
    Ok(match kind {
        LetterKind::EventCanceled => TicketState::Revoked,
        LetterKind::Note if is_canceled(connection, event)? => TicketState::Revoked,
        LetterKind::BookingConfirmed
        | LetterKind::TicketReissued
        | LetterKind::TicketTransferred
        | LetterKind::TicketReceived
        | LetterKind::RefundGiven
        | LetterKind::EventMoved
        | LetterKind::PlacesOffered
        | LetterKind::Note => TicketState::Valid,
    })
}

fn is_canceled(connection: &Sql<'_>, event: EventId) -> Result<bool, StoreError> {
    let mut canceled = connection.prepare_cached("SELECT 1 FROM cancellations WHERE event_id = ?1")?;
    Ok(canceled.exists([event.0])?)
}

/// Counts those who would get a mailing that somebody writes.
pub fn recipients(connection: &Sql<'_>, request: &RecipientsQuery) -> Result<u32, StoreError> {
    let count = connection
        .prepare_cached(&format!("SELECT count(*) {RECIPIENTS}"))?
        .query_row(
            params![
                request.event.0,
                tier_number(request.tier),
                told_too(connection, request.event, LetterKind::Note)?.word()
            ],
            |row| row.get(0),
        )?;
    Ok(count)
}

/// Writes the next letters of a mailing; tells whether those were the last.
pub fn write_letters(connection: &Sql<'_>, request: &WriteLetters) -> Result<Effect<bool>, StoreError> {
    let id = request.mailing;
    let Some(found) = mailing(connection, &id)?.filter(|found| found.ended_at.is_none()) else {
        jobs::delete(connection, JobId::WriteLetters(id))?;
        return Ok(Effect::Keep(true));
    };
    let told_too = told_too(connection, id.event, found.kind)?;
    let charges: Vec<Local> = connection
        .prepare_cached(&format!(
            "SELECT charge_reference {RECIPIENTS}
             AND charge_reference > (SELECT after_charge FROM mailings WHERE event_id = ?1 AND mailing_id = ?4)
             ORDER BY charge_reference LIMIT ?5"
        ))?
        .query_map(
            params![
                id.event.0,
                tier_number(found.tier),
                told_too.word(),
                id.local,
                WRITTEN_AT_ONCE
            ],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    for local in &charges {
        let charge = ChargeReference {
            event: id.event,
            local: *local,
        };
        let cause = LetterCause {
            event: id.event,
            kind: found.kind,
            charge: Some(charge),
            about: Some(id.local),
            recipient: None,
            now: request.now,
        };
        letters::write(connection, &cause)?;
    }
    // Those who have tickets without a booking come after all buyers.
    let holders = match charges.len() < WRITTEN_AT_ONCE as usize && found.kind.goes_to_holders() {
        true => holders::write_letters(connection, (&found, told_too), request)?,
        false => 0,
    };
    note(connection, request, (&charges, holders))
}

/// Writes down how far it has come.
fn note(
    connection: &Sql<'_>,
    request: &WriteLetters,
    (charges, holders): (&[Local], u32),
) -> Result<Effect<bool>, StoreError> {
    let id = request.mailing;
    let is_last = charges.len() < WRITTEN_AT_ONCE as usize && holders < WRITTEN_AT_ONCE;
    let written = i64::try_from(charges.len()).unwrap_or(i64::MAX) + i64::from(holders);
    connection
        .prepare_cached(
            "UPDATE mailings SET written = written + ?3, after_charge = COALESCE(?4, after_charge), ended_at = ?5
             WHERE event_id = ?1 AND mailing_id = ?2",
        )?
        .run(params![
            id.event.0,
            id.local,
            written,
            charges.last(),
            is_last.then(|| ms(request.now))
        ])?;
    if is_last {
        jobs::delete(connection, JobId::WriteLetters(id))?;
    }
    Ok(Effect::Keep(is_last))
}

/// Writes down a try of a mailing, unless its organizer had too many within a day; tells when the next one may be then.
pub fn try_mailing(
    connection: &Sql<'_>,
    request: &TryMailing,
) -> Result<Effect<Option<Timestamp>>, StoreError> {
    organizer_lock::lock(connection, &request.organizer)?;
    let over = Timestamp(request.now.0.saturating_sub(TRIES_COUNTED_MS));
    connection
        .prepare_cached("DELETE FROM mailing_tries WHERE organizer_id = ?1 AND tried_at <= ?2")?
        .execute(params![request.organizer.0, ms(over)])?;
    let (tries, first): (u32, Option<i64>) = connection
        .prepare_cached("SELECT count(*), min(tried_at) FROM mailing_tries WHERE organizer_id = ?1")?
        .query_row([request.organizer.0], |row| row.try_into())?;
    if let Some(first) = first.filter(|_| tries >= MAX_TRIES) {
        return Ok(Effect::Undo(Some(moment(first).plus_ms(TRIES_COUNTED_MS))));
    }
    connection
        .prepare_cached("INSERT INTO mailing_tries (organizer_id, tried_at, try_id) VALUES (?1, ?2, ?3)")?
        .execute(params![request.organizer.0, ms(request.now), draw::<16>()])?;
    Ok(Effect::Keep(None))
}
