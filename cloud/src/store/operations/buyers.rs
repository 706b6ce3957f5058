//! The rows of buyers' links and sessions, and what was bought with an address.

use usher_keys::Timestamp;

use crate::buyers::{
    AskForLink, AskOutcome, BuyerSession, EndBuyerSession, LINK_FOR, LinksAsked, OpenLink, OwnBooking,
    OwnBookings, SESSION_FOR,
};
use crate::ids::BookingId;
use crate::key_hash::KeyHash;
use crate::letters::ms as long;
use crate::link_letters::ForgetLinks;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::column::{event_id, moment, ms, offset_at};
use super::{Effect, booking_codes, link_letters};

/// Writes a link and its letter, unless too many were asked for.
pub fn ask_for_link(connection: &Sql<'_>, request: &AskForLink) -> Result<Effect<AskOutcome>, StoreError> {
    let (writes, outcome) = asked(connection, request)?.may_ask();
    if matches!(outcome, AskOutcome::TooMany(_)) {
        return Ok(Effect::Undo(outcome));
    }
    // One that is not sent counts all the same, and is used already.
    let used_at = (!writes).then(|| ms(request.now));
    connection
        .prepare_cached(
            "INSERT INTO buyer_links (link_hash, email, client, created_at, expires_at, used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            request.hash.0,
            request.email,
            request.client.bytes(),
            ms(request.now),
            ms(request.now.plus_ms(long(LINK_FOR))),
            used_at
        ])?;
    if writes {
        link_letters::write(connection, &request.letter)?;
    }
    Ok(Effect::Keep(outcome))
}

fn asked(connection: &Sql<'_>, request: &AskForLink) -> Result<LinksAsked, StoreError> {
    let since = ms(LinksAsked::since(request.now));
    let by_client = connection
        .prepare_cached(
            "SELECT created_at FROM buyer_links WHERE client = ?1 AND created_at > ?2 ORDER BY created_at",
        )?
        .query_map(params![request.client.bytes(), since], |row| {
            row.get(0).map(moment)
        })?
        .collect::<Result<_, _>>()?;
    let to_address: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM buyer_links WHERE email = ?1 AND created_at > ?2 AND used_at IS NULL",
        )?
        .query_row(params![request.email, since], |row| row.get(0))?;
    Ok(LinksAsked {
        by_client,
        to_address: usize::try_from(to_address).unwrap_or(usize::MAX),
    })
}

/// Tells whether a link opens something now.
pub fn link_is_good(connection: &Sql<'_>, (link, now): &(KeyHash, Timestamp)) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM buyer_links WHERE link_hash = ?1 AND used_at IS NULL AND expires_at > ?2",
        )?
        .exists(params![link.0, ms(*now)])?)
}

/// Uses a link up and begins a session; `false` when it opens nothing.
pub fn open_link(connection: &Sql<'_>, request: &OpenLink) -> Result<Effect<bool>, StoreError> {
    let used = connection
        .prepare_cached(
            "UPDATE buyer_links SET used_at = ?2 WHERE link_hash = ?1 AND used_at IS NULL AND expires_at > ?2",
        )?
        .execute(params![request.link.0, ms(request.now)])?;
    if used == 0 {
        return Ok(Effect::Undo(false));
    }
    connection
        .prepare_cached(
            "INSERT INTO buyer_sessions (session_hash, email, network, created_at, expires_at)
             SELECT ?2, email, ?3, ?4, ?5 FROM buyer_links WHERE link_hash = ?1",
        )?
        .execute(params![
            request.link.0,
            request.session.0,
            request.from,
            ms(request.now),
            ms(request.now.plus_ms(long(SESSION_FOR)))
        ])?;
    Ok(Effect::Keep(true))
}

/// Finds a session, good or not.
pub fn buyer_session(connection: &Sql<'_>, hash: &KeyHash) -> Result<Option<BuyerSession>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT email, network, created_at, expires_at FROM buyer_sessions WHERE session_hash = ?1",
        )?
        .query_row([hash.0], |row| {
            Ok(BuyerSession {
                email: row.get(0)?,
                from: row.get(1)?,
                created_at: moment(row.get(2)?),
                expires_at: moment(row.get(3)?),
            })
        })
        .optional()?)
}

/// Ends a session, or all of its address; tells how many.
pub fn end_buyer_session(
    connection: &Sql<'_>,
    request: &EndBuyerSession,
) -> Result<Effect<usize>, StoreError> {
    let ended = if request.everywhere {
        "DELETE FROM buyer_sessions WHERE email IN (SELECT email FROM buyer_sessions WHERE session_hash = ?1)"
    } else {
        "DELETE FROM buyer_sessions WHERE session_hash = ?1"
    };
    let ended = connection.prepare_cached(ended)?.execute([request.session.0])?;
    Ok(Effect::Keep(ended))
}

/// Lists what was bought with an address, the newest first.
pub fn own_bookings(connection: &Sql<'_>, query: &OwnBookings) -> Result<Vec<OwnBooking>, StoreError> {
    let sql = connection.pick(
        "WHERE lower(email) = ?1 AND email <> '' AND bookings.state = 'confirmed' ORDER BY bookings.created_at DESC LIMIT ?2",
        "WHERE lower(email COLLATE \"C\") = ?1 AND email <> '' AND bookings.state = 'confirmed' ORDER BY bookings.created_at DESC LIMIT ?2",
    );
    let sql = format!(
        "SELECT bookings.event_id, booking_id, bookings.code, events.name, venue_name, city, starts_at, policy, bookings.created_at,
                (SELECT count(*) FROM tickets INDEXED BY tickets_of_booking WHERE tickets.event_id = bookings.event_id
                 AND tickets.booking_id = bookings.booking_id AND tickets.state = 'valid')
         FROM bookings JOIN events USING (event_id) {sql}"
    );
    let mut query_rows = connection.prepare_cached(&sql)?;
    query_rows
        .query_and_then(params![query.email, query.limit], read)?
        .collect()
}

fn read(row: &Row<'_>) -> Result<OwnBooking, StoreError> {
    let event = event_id(row.get(0)?);
    let starts_at = moment(row.get(6)?);
    Ok(OwnBooking {
        id: BookingId {
            event,
            local: row.get(1)?,
        },
        code: booking_codes::read(row.get(2)?)?,
        event,
        event_name: row.get(3)?,
        venue_name: row.get(4)?,
        city: row.get(5)?,
        starts_at,
        offset_minutes: offset_at(row.column(7)?.as_str()?, starts_at)?,
        created_at: moment(row.get(8)?),
        tickets: row.get(9)?,
    })
}

/// Deletes links, sessions and link letters whose time is over, so many of each at most; tells the most of any.
pub fn forget_links(connection: &Sql<'_>, request: &ForgetLinks) -> Result<Effect<usize>, StoreError> {
    let values = params![ms(request.now), request.limit];
    let links = connection
        .prepare_cached(
            "DELETE FROM buyer_links WHERE link_hash IN (
                 SELECT link_hash FROM buyer_links WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(values)?;
    let sessions = connection
        .prepare_cached(
            "DELETE FROM buyer_sessions WHERE session_hash IN (
                 SELECT session_hash FROM buyer_sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(values)?;
    let letters = link_letters::forget(connection, request.now, request.limit)?;
    Ok(Effect::Keep(links.max(sessions).max(letters)))
}
