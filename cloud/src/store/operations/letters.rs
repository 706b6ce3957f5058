//! The rows of letters: written with their cause, read when they are due, and a job for each event that has some to send.

use usher_keys::{EventId, Timestamp};

use crate::ids::{ChargeReference, LetterId, TicketId};
use crate::languages::Language;
use crate::letters::{
    CorrectAddress, DueLetters, Letter, LetterCause, LetterKind, LetterLine, LetterState, LettersQuery,
    NoteLetters, ReplayLetter, ResendTickets, is_known, kept_since, may_resend,
};
use crate::selling::jobs::JobId;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::column::{Local, event_id, language, moment, ms};
use super::{Effect, booking_codes, jobs, rows};

/// The columns [`read`] reads.
const LETTER: &str = "SELECT letters.event_id, letter_id, letters.kind, charge, about, recipient, letters.state, failures, answer,
        letters.created_at, begun_at, next_at, letters.language";

fn read(row: &Row<'_>) -> Result<Letter, StoreError> {
    let kind = LetterKind::from_word(row.column(2)?.as_str()?);
    let state = LetterState::from_word(row.column(6)?.as_str()?);
    let (Some(kind), Some(state)) = (kind, state) else {
        return Err(StoreError::Unreadable { what: "letter" });
    };
    let event = event_id(row.get(0)?);
    Ok(Letter {
        id: LetterId {
            event,
            local: row.get(1)?,
        },
        kind,
        charge: row
            .get::<Option<_>>(3)?
            .map(|local| ChargeReference { event, local }),
        about: row.get(4)?,
        recipient: row.get(5)?,
        state,
        failures: row.get(7)?,
        answer: row.get(8)?,
        created_at: moment(row.get(9)?),
        begun_at: moment(row.get(10)?),
        next_at: moment(row.get(11)?),
        language: language(row.column(12)?.as_str()?),
    })
}

/// Writes a letter, in the transaction of its cause, and the job of its event.
pub fn write(connection: &Sql<'_>, cause: &LetterCause<'_>) -> Result<LetterId, StoreError> {
    let event = cause.event;
    let id = LetterId::draw(event, cause.now);
    connection
        .prepare_cached(
            "INSERT INTO letters (event_id, letter_id, kind, charge, about, recipient, state, failures, created_at, begun_at, next_at, language)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', 0, ?7, ?7, ?7, ?8)",
        )?
        .run(params![
            event.0,
            id.local,
            cause.kind.word(),
            cause.charge.map(|charge| charge.local),
            cause.about,
            cause.recipient.map(|recipient| recipient.address),
            ms(cause.now),
            cause
                .recipient
                .map_or(Language::English, |recipient| recipient.language)
                .tag()
        ])?;
    jobs::hurry(connection, JobId::SendLetters(event), cause.now)?;
    Ok(id)
}

/// Begins to send a letter anew; `false` when there is none, or it waits already.
pub fn replay_letter(connection: &Sql<'_>, request: &ReplayLetter) -> Result<Effect<bool>, StoreError> {
    let id = request.id;
    let Some(was) = letter(connection, &id)? else {
        return Ok(Effect::Undo(false));
    };
    let state = was.state;
    let Some(begun) = was.replayed(request.now) else {
        return Ok(Effect::Undo(false));
    };
    let is_begun = connection
        .prepare_cached(
            "UPDATE letters SET state = ?3, failures = ?4, begun_at = ?5, next_at = ?6
             WHERE event_id = ?1 AND letter_id = ?2 AND state = ?7",
        )?
        .changes(
            1,
            params![
                id.event.0,
                id.local,
                begun.state.word(),
                begun.failures,
                ms(begun.begun_at),
                ms(begun.next_at),
                state.word()
            ],
        )?;
    if !is_begun {
        return Err(StoreError::Overtaken);
    }
    jobs::hurry(connection, JobId::SendLetters(id.event), request.now)?;
    Ok(Effect::Keep(true))
}

/// Finds a letter.
pub fn letter(connection: &Sql<'_>, id: &LetterId) -> Result<Option<Letter>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "{LETTER} FROM letters WHERE event_id = ?1 AND letter_id = ?2"
    ))?;
    let mut found = query.query_and_then(params![id.event.0, id.local], read)?;
    found.next().transpose()
}

/// Lists letters of an event that are to be sent now.
pub fn due_letters(connection: &Sql<'_>, request: &DueLetters) -> Result<Vec<Letter>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{LETTER} FROM letters WHERE event_id = ?1 AND state = 'waiting' AND next_at <= ?2
             ORDER BY next_at, letter_id LIMIT ?3"
        ))?
        .query_and_then(params![request.event.0, ms(request.now), request.limit], read)?
        .collect()
}

/// Lists letters of an event, the newest first, with the codes of their bookings.
pub fn letters(connection: &Sql<'_>, request: &LettersQuery) -> Result<Vec<LetterLine>, StoreError> {
    let state = request.state.map_or("", LetterState::word);
    let line = |row: &Row<'_>| -> Result<LetterLine, StoreError> {
        let code: Option<i64> = row.get(13)?;
        let code = code.map(booking_codes::read).transpose()?;
        Ok((read(row)?, code))
    };
    let Some(booking) = request.booking else {
        return connection
            .prepare_cached(&format!(
                "{LETTER}, bookings.code FROM letters
                 LEFT JOIN bookings ON bookings.event_id = letters.event_id AND charge_reference = charge
                 WHERE letters.event_id = ?1 AND (?2 = '' OR letters.state = ?2)
                 ORDER BY letters.created_at DESC, letter_id DESC LIMIT ?3"
            ))?
            .query_and_then(params![request.event.0, state, request.limit], line)?
            .collect();
    };
    // Its charge comes first: joined, all letters of the event would be read.
    connection
        .prepare_cached(&format!(
            "{LETTER}, CAST(?4 AS BIGINT) FROM letters
             WHERE event_id = ?1 AND (?2 = '' OR state = ?2)
               AND charge = (SELECT charge_reference FROM bookings WHERE bookings.event_id = ?1 AND code = ?4)
             ORDER BY created_at DESC, letter_id DESC LIMIT ?3"
        ))?
        .query_and_then(
            params![
                request.event.0,
                state,
                request.limit,
                booking_codes::stored(booking)
            ],
            line,
        )?
        .collect()
}

/// Writes down what came of trying to send letters, forgets those of long ago, and lets the job of their event wait or end.
pub fn note_letters(connection: &Sql<'_>, request: &NoteLetters) -> Result<Effect<()>, StoreError> {
    let (event, now) = (request.event, request.now);
    let mut note = connection.prepare_cached(
        "UPDATE letters SET state = ?3, failures = ?4, answer = ?5, next_at = ?6
         WHERE event_id = ?1 AND letter_id = ?2 AND state = 'waiting'",
    )?;
    for letter in &request.tried {
        note.run(params![
            event.0,
            letter.id.local,
            letter.state.word(),
            letter.failures,
            letter.answer,
            ms(letter.next_at)
        ])?;
    }
    forget(connection, event, now)?;
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(next_at) FROM letters WHERE event_id = ?1 AND state = 'waiting'")?
        .query_row([event.0], |row| row.get(0))?;
    let job = JobId::SendLetters(event);
    match next {
        Some(next) => jobs::wait(
            connection,
            job,
            moment(next).max(now.plus_ms(1)),
            (request.holder, now),
        )?,
        None => jobs::delete(connection, job)?,
    }
    Ok(Effect::Keep(()))
}

fn forget(connection: &Sql<'_>, event: EventId, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM letters WHERE event_id = ?1 AND state <> 'waiting' AND created_at < ?2")?
        .execute(params![event.0, ms(kept_since(now))])?;
    Ok(())
}

/// Writes a letter about a booking's ticket, if the ticket is in one whose buyer is known.
pub fn write_of_ticket(
    connection: &Sql<'_>,
    ticket: &TicketId,
    (kind, about): (LetterKind, &TicketId),
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = ticket.event;
    let found: Option<(Local, String)> = connection
        .prepare_cached(
            "SELECT charge_reference, email FROM tickets JOIN bookings USING (event_id, booking_id)
             WHERE event_id = ?1 AND ticket_id = ?2",
        )?
        .query_row(params![event.0, ticket.local], |row| row.try_into())
        .optional()?;
    let Some((local, _)) = found.filter(|(_, email)| is_known(email)) else {
        return Ok(());
    };
    let cause = LetterCause {
        event,
        kind,
        charge: Some(ChargeReference { event, local }),
        about: Some(about.local),
        recipient: None,
        now,
    };
    write(connection, &cause).map(drop)
}

/// Writes the letter again that confirms a booking; `None` when it has no tickets or its buyer no address.
pub fn resend_tickets(
    connection: &Sql<'_>,
    request: &ResendTickets,
) -> Result<Effect<Option<LetterId>>, StoreError> {
    let id = request.booking;
    let found = rows::booking(connection, &id)?;
    let Some(booking) = found.filter(|booking| may_resend(booking.state, &booking.email)) else {
        return Ok(Effect::Undo(None));
    };
    let cause = LetterCause {
        event: id.event,
        kind: LetterKind::BookingConfirmed,
        charge: Some(booking.charge),
        about: None,
        recipient: None,
        now: request.now,
    };
    write(connection, &cause).map(|id| Effect::Keep(Some(id)))
}

/// Replaces a buyer's wrong address by the right one, where it was not erased; letters that wait go to the new one. Tells
/// whether there is such a booking.
pub fn correct_address(connection: &Sql<'_>, request: &CorrectAddress) -> Result<Effect<bool>, StoreError> {
    let id = request.booking;
    let found: Option<String> = connection
        .prepare_cached("SELECT email FROM bookings WHERE event_id = ?1 AND booking_id = ?2")?
        .query_row(params![id.event.0, id.local], |row| row.get(0))
        .optional()?;
    let Some(was) = found.filter(|email| is_known(email)) else {
        return Ok(Effect::Undo(false));
    };
    let is_corrected = connection
        .prepare_cached(
            "UPDATE bookings SET email = ?3 WHERE event_id = ?1 AND booking_id = ?2 AND email = ?4",
        )?
        .changes(1, params![id.event.0, id.local, request.email, was])?;
    if is_corrected {
        Ok(Effect::Keep(true))
    } else {
        Err(StoreError::Overtaken)
    }
}
