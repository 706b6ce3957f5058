//! The rows of link letters: written with what their links open, taken by one process at a time, and emptied once they are sent.

use usher_keys::Timestamp;

use crate::ids::{LinkLetterId, OrganizerId};
use crate::letters::LetterState;
use crate::link_letters::{LinkKind, LinkLetter, TakeLinkLetters};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, params};

use super::Effect;
use super::column::{language, moment, ms};

fn read(row: &Row<'_>) -> Result<LinkLetter, StoreError> {
    let kind = LinkKind::from_word(row.column(1)?.as_str()?);
    let kind = kind.ok_or(StoreError::Unreadable { what: "link letter" })?;
    Ok(LinkLetter {
        id: LinkLetterId(row.get(0)?),
        kind,
        organizer: row.get::<Option<[u8; 16]>>(2)?.map(OrganizerId),
        language: language(row.column(8)?.as_str()?),
        recipient: row.get(3)?,
        sealed: row.get(4)?,
        state: LetterState::Waiting,
        failures: row.get(5)?,
        next_at: moment(row.get(6)?),
        expires_at: moment(row.get(7)?),
    })
}

/// Writes a letter that waits.
pub fn write(connection: &Sql<'_>, letter: &LinkLetter) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO link_letters (letter_id, kind, organizer_id, recipient, sealed, state, failures, created_at, next_at, expires_at,
                                       language)
             VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', 0, ?6, ?6, ?7, ?8)",
        )?
        .execute(params![
            letter.id.0,
            letter.kind.word(),
            letter.organizer.map(|organizer| organizer.0),
            letter.recipient,
            letter.sealed,
            ms(letter.next_at),
            ms(letter.expires_at),
            letter.language.tag(),
        ])?;
    Ok(())
}

/// Takes letters that are due, those that have waited longest first: nobody else sends them for a while.
pub fn take_link_letters(
    connection: &Sql<'_>,
    request: &TakeLinkLetters,
) -> Result<Effect<Vec<LinkLetter>>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT letter_id, kind, organizer_id, recipient, sealed, failures, next_at, expires_at, language FROM link_letters
         WHERE state = 'waiting' AND next_at <= ?1 ORDER BY next_at LIMIT ?2",
    )?;
    let due = query.query_and_then(params![ms(request.now), request.limit], read)?;
    let due: Vec<LinkLetter> = due.collect::<Result<_, _>>()?;
    let mut take = connection.prepare_cached(
        "UPDATE link_letters SET next_at = ?3 WHERE letter_id = ?1 AND next_at = ?2 AND state = 'waiting'",
    )?;
    let mut taken = Vec::new();
    for letter in due {
        let until = request.until();
        // Another process may have been faster.
        if take.execute(params![letter.id.0, ms(letter.next_at), ms(until)])? == 1 {
            taken.push(LinkLetter {
                next_at: until,
                ..letter
            });
        }
    }
    Ok(Effect::Keep(taken))
}

/// Writes down what came of trying to send a letter; one that was taken back meanwhile stays gone.
pub fn note_link_letter(connection: &Sql<'_>, letter: &LinkLetter) -> Result<Effect<()>, StoreError> {
    connection
        .prepare_cached(
            "UPDATE link_letters SET recipient = ?2, sealed = ?3, state = ?4, failures = ?5, next_at = ?6
             WHERE letter_id = ?1 AND state = 'waiting'",
        )?
        .execute(params![
            letter.id.0,
            letter.recipient,
            letter.sealed,
            letter.state.word(),
            letter.failures,
            ms(letter.next_at)
        ])?;
    Ok(Effect::Keep(()))
}

/// Takes back the letters of an organizer's invitations that are there no more.
pub fn drop_orphans(connection: &Sql<'_>, organizer: OrganizerId) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM link_letters WHERE organizer_id = ?1
             AND NOT EXISTS (SELECT 1 FROM invitations WHERE invitation_id = letter_id)",
        )?
        .execute([organizer.0])?;
    Ok(())
}

/// Deletes letters whose links are over; tells how many.
pub fn forget(connection: &Sql<'_>, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
    let forgotten = connection
        .prepare_cached(
            "DELETE FROM link_letters WHERE letter_id IN (
                 SELECT letter_id FROM link_letters WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(params![ms(now), limit])?;
    Ok(forgotten)
}
