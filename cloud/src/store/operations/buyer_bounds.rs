//! What one buyer may do at an event before anything is paid: the rows of its bounds, and what is counted against them.

use usher_keys::{EventId, Timestamp};

use crate::buyers::address_key;
use crate::selling::BeginBooking;
use crate::selling::buyer_bounds::{
    BoundReached, BuyerBounds, JOINS_COUNTED_MS, Joins, OwnBuyerBounds, too_many_unpaid,
};
use crate::selling::waiting_list::JoinList;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::column::{moment, ms};

/// Finds the bounds that the organizer of an event has set.
pub fn own_buyer_bounds(connection: &Sql<'_>, event: &EventId) -> Result<OwnBuyerBounds, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT joins_per_address, joins_per_buyer, unpaid_per_buyer FROM buyer_bounds WHERE event_id = ?1",
        )?
        .query_row([event.0], |row| {
            Ok(OwnBuyerBounds {
                joins_per_address: row.get(0)?,
                joins_per_buyer: row.get(1)?,
                unpaid_per_buyer: row.get(2)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Puts the bounds that the organizer of an event sets in place of those before.
pub fn set(connection: &Sql<'_>, event: EventId, own: OwnBuyerBounds) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO buyer_bounds (event_id, joins_per_address, joins_per_buyer, unpaid_per_buyer)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (event_id) DO UPDATE
             SET joins_per_address = ?2, joins_per_buyer = ?3, unpaid_per_buyer = ?4",
        )?
        .run(params![
            event.0,
            own.joins_per_address,
            own.joins_per_buyer,
            own.unpaid_per_buyer
        ])?;
    Ok(())
}

/// Names whoever joins for as long as that counts, also after they have left and their address is erased.
pub fn buyer(email: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(address_key(email).as_bytes()).as_bytes()[..16]);
    half
}

/// Returns which bound joining a waiting list would go beyond.
pub fn joined_too_often(
    connection: &Sql<'_>,
    request: &JoinList,
) -> Result<Option<BoundReached>, StoreError> {
    let event = request.waiter.event;
    let since = ms(Timestamp(request.now.0.saturating_sub(JOINS_COUNTED_MS)));
    let times = |sql: &str, of: &dyn rusqlite::ToSql| -> Result<Vec<Timestamp>, StoreError> {
        let mut query = connection.prepare_cached(sql)?;
        let found = query.query_map(params![event.0, of, since], |row| row.get(0).map(moment))?;
        Ok(found.collect::<Result<_, _>>()?)
    };
    let joins = Joins {
        from_address: times(
            "SELECT joined_at FROM waiting_list WHERE event_id = ?1 AND client = ?2 AND joined_at > ?3 ORDER BY joined_at",
            &request.client.bytes(),
        )?,
        of_buyer: times(
            "SELECT joined_at FROM waiting_list WHERE event_id = ?1 AND buyer = ?2 AND joined_at > ?3 ORDER BY joined_at",
            &buyer(&request.email),
        )?,
    };
    let own = own_buyer_bounds(connection, &event)?;
    Ok(joins.too_often(BuyerBounds::of_event(own)))
}

/// The unpaid bookings of a buyer, each with what its organizer lets them keep.
fn unpaid(connection: &Sql<'_>) -> &'static str {
    connection.pick(
        "SELECT pay_by, json_array_length(lines),
                (SELECT unpaid_per_buyer FROM buyer_bounds WHERE event_id = ?1)
         FROM bookings INDEXED BY bookings_open_by_address JOIN reservations USING (event_id, reservation_id)
         WHERE bookings.event_id = ?1 AND lower(email) = lower(?2) AND closed_at IS NULL AND email <> ''",
        "SELECT pay_by, json_array_length(CAST(lines AS json)),
                (SELECT unpaid_per_buyer FROM buyer_bounds WHERE event_id = ?1)
         FROM bookings JOIN reservations USING (event_id, reservation_id)
         WHERE bookings.event_id = ?1 AND closed_at IS NULL AND email <> ''
           AND lower(email COLLATE \"C\") = lower(CAST(?2 AS text) COLLATE \"C\")",
    )
}

/// Asks already what a buyer keeps unpaid.
pub fn ask_ahead(connection: &Sql<'_>, request: &BeginBooking) -> Result<(), StoreError> {
    let event = request.reservation.event;
    Ok(connection.ask_ahead(unpaid(connection), params![event.0, request.email])?)
}

/// Tells whether a booking of so many places would keep more unpaid than its buyer may.
pub fn keeps_too_many(
    connection: &Sql<'_>,
    request: &BeginBooking,
    places: usize,
) -> Result<Option<BoundReached>, StoreError> {
    let mut query = connection.prepare_cached(unpaid(connection))?;
    let event = request.reservation.event;
    let mut rows = query.query(params![event.0, request.email])?;
    let (mut unpaid, mut own) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        unpaid.push((moment(row.get(0)?), row.get(1)?));
        own = row.get(2)?;
    }
    let bounds = BuyerBounds::of_event(OwnBuyerBounds {
        unpaid_per_buyer: own,
        ..OwnBuyerBounds::default()
    });
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    Ok(too_many_unpaid(&unpaid, places, bounds, request.now))
}
