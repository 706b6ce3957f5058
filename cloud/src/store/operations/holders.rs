//! Who has tickets without their booking: whom they were handed over to, where that was said, and the letters of mailings to them.

use usher_keys::EventId;

use crate::ids::{MailingId, TicketId};
use crate::languages::Language;
use crate::letters::mailings::{Mailing, WRITTEN_AT_ONCE, WriteLetters};
use crate::letters::{LetterCause, Recipient};
use crate::selling::{BookingState, TicketState};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::column::{Local, language as read_language};
use super::letters;

/// The people whom a ticket was handed over to that is valid or in a state that is named, each once, and none whom the letters to buyers reach.
const PEOPLE: &str = "SELECT DISTINCT lower(holder_email) AS person FROM tickets AS held
     WHERE event_id = ?1 AND holder_email IS NOT NULL AND state IN (?2, ?3) AND lower(holder_email) > ?5 AND NOT EXISTS (
         SELECT 1 FROM bookings JOIN tickets AS bought USING (event_id, booking_id)
         WHERE event_id = ?1 AND bookings.state = ?4 AND lower(email) = lower(held.holder_email) AND bought.state IN (?2, ?3))
     ORDER BY person LIMIT ?6";
/// The same with the order of bytes, which SQLite's is.
const PEOPLE_IN_POSTGRES: &str =
    "SELECT DISTINCT lower(holder_email COLLATE \"C\") AS person FROM tickets AS held
     WHERE event_id = ?1 AND holder_email IS NOT NULL AND state IN (?2, ?3) AND lower(holder_email COLLATE \"C\") > ?5 AND NOT EXISTS (
         SELECT 1 FROM bookings JOIN tickets AS bought USING (event_id, booking_id)
         WHERE event_id = ?1 AND bookings.state = ?4 AND lower(email COLLATE \"C\") = lower(held.holder_email COLLATE \"C\")
           AND bought.state IN (?2, ?3))
     ORDER BY person LIMIT ?6";
/// One of the tickets of a person, and how they are written to.
const TICKET_OF: &str = "SELECT ticket_id, holder_email, holder_language FROM tickets
     WHERE event_id = ?1 AND state IN (?2, ?3) AND lower(holder_email) = ?4 ORDER BY ticket_id LIMIT 1";
/// The same for PostgreSQL.
const TICKET_OF_IN_POSTGRES: &str = "SELECT ticket_id, holder_email, holder_language FROM tickets
     WHERE event_id = ?1 AND state IN (?2, ?3) AND lower(holder_email COLLATE \"C\") = ?4 ORDER BY ticket_id LIMIT 1";

/// Finds in which language whoever has a ticket reads, if a booking has it or that was written down.
pub fn language(connection: &Sql<'_>, ticket: &TicketId) -> Result<Option<Language>, StoreError> {
    let found: Option<Option<String>> = connection
        .prepare_cached(
            "SELECT coalesce(holder_language, language) FROM tickets LEFT JOIN bookings USING (event_id, booking_id)
             WHERE event_id = ?1 AND ticket_id = ?2",
        )?
        .query_row(params![ticket.event.0, ticket.local], |row| row.get(0))
        .optional()?;
    Ok(found.flatten().map(|tag| read_language(&tag)))
}

/// Writes the next letters of a mailing to people who have tickets without their booking; tells how many.
pub fn write_letters(
    connection: &Sql<'_>,
    (mailing, told_too): (&Mailing, TicketState),
    request: &WriteLetters,
) -> Result<u32, StoreError> {
    let people = people(connection, mailing.id, told_too)?;
    for person in &people {
        let (ticket, address, language) = ticket_of(connection, (mailing.id.event, told_too), person)?;
        let cause = LetterCause {
            event: mailing.id.event,
            kind: mailing.kind,
            charge: None,
            about: Some(ticket),
            recipient: Some(Recipient {
                address: &address,
                language,
            }),
            now: request.now,
        };
        letters::write(connection, &cause)?;
    }
    if let Some(last) = people.last() {
        connection
            .prepare_cached("UPDATE mailings SET after_holder = ?3 WHERE event_id = ?1 AND mailing_id = ?2")?
            .run(params![mailing.id.event.0, mailing.id.local, last])?;
    }
    Ok(u32::try_from(people.len()).unwrap_or(u32::MAX))
}

/// Finds the next people, after the last who was written to.
fn people(
    connection: &Sql<'_>,
    mailing: MailingId,
    told_too: TicketState,
) -> Result<Vec<String>, StoreError> {
    let after: String = connection
        .prepare_cached("SELECT after_holder FROM mailings WHERE event_id = ?1 AND mailing_id = ?2")?
        .query_row(params![mailing.event.0, mailing.local], |row| row.get(0))?;
    let people = connection
        .prepare_cached(connection.pick(PEOPLE, PEOPLE_IN_POSTGRES))?
        .query_map(
            params![
                mailing.event.0,
                TicketState::Valid.word(),
                told_too.word(),
                BookingState::Confirmed.word(),
                after,
                WRITTEN_AT_ONCE
            ],
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    Ok(people)
}

fn ticket_of(
    connection: &Sql<'_>,
    (event, told_too): (EventId, TicketState),
    person: &str,
) -> Result<(Local, String, Language), StoreError> {
    let (ticket, address, tag): (Local, String, String) = connection
        .prepare_cached(connection.pick(TICKET_OF, TICKET_OF_IN_POSTGRES))?
        .query_row(
            params![event.0, TicketState::Valid.word(), told_too.word(), person],
            |row| row.try_into(),
        )?;
    Ok((ticket, address, read_language(&tag)))
}
