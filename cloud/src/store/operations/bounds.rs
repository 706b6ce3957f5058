//! What one client holds without having paid, and forgetting what nobody paid for.

use usher_keys::Timestamp;

use crate::ids::ReservationId;
use crate::selling::holding::{UnpaidHold, UnpaidHolds};
use crate::selling::{Forget, HoldRequest, Reservation, UnitState};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{moment, ms};
use super::{holds, rows};

/// Reads what a claimant holds. Only the writer asks, so that what is counted is what there is when the claim is written.
pub fn held_by(connection: &Sql<'_>, request: &HoldRequest) -> Result<UnpaidHolds, StoreError> {
    let claimant = request.claimant;
    let (address, session) = (claimant.address.bytes(), claimant.session.0.as_slice());
    let own = request.reservation;
    unpaid_holds(connection, [Some(address), Some(session)], own, request.now)
}

/// Reads what the claimant of a reservation that is being paid holds beside it.
pub fn held_beside(
    connection: &Sql<'_>,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<UnpaidHolds, StoreError> {
    let id = reservation.id;
    let (address, session): (Option<Vec<u8>>, Option<Vec<u8>>) = connection
        .prepare_cached(
            "SELECT claimant_address, claimant_session FROM reservations
             WHERE event_id = ?1 AND reservation_id = ?2",
        )?
        .query_row(params![id.event.0, id.local], |row| row.try_into())?;
    unpaid_holds(connection, [address.as_deref(), session.as_deref()], id, now)
}

/// Reads the reservations of a session and of an address, but for their own one, that are held and have not expired or are being paid,
/// which is all their indices need.
fn unpaid_holds(
    connection: &Sql<'_>,
    [address, session]: [Option<&[u8]>; 2],
    own: ReservationId,
    now: Timestamp,
) -> Result<UnpaidHolds, StoreError> {
    let mut query = connection.prepare_cached(connection.pick(
        "SELECT 1, 0, expires_at, json_array_length(lines) FROM reservations INDEXED BY held_by_session
         WHERE claimant_session = ?1 AND state = 'held' AND expires_at > ?3 AND NOT (event_id = ?4 AND reservation_id = ?5)
         UNION ALL
         SELECT 1, 1, expires_at, json_array_length(lines) FROM reservations INDEXED BY paying_by_session
         WHERE claimant_session = ?1 AND state = 'paying' AND NOT (event_id = ?4 AND reservation_id = ?5)
         UNION ALL
         SELECT 0, 0, expires_at, json_array_length(lines) FROM reservations INDEXED BY held_by_address
         WHERE claimant_address = ?2 AND state = 'held' AND expires_at > ?3 AND NOT (event_id = ?4 AND reservation_id = ?5)
         UNION ALL
         SELECT 0, 1, expires_at, json_array_length(lines) FROM reservations INDEXED BY paying_by_address
         WHERE claimant_address = ?2 AND state = 'paying' AND NOT (event_id = ?4 AND reservation_id = ?5)",
        "SELECT 1, 0, expires_at, json_array_length(CAST(lines AS json)) FROM reservations
         WHERE claimant_session = ?1 AND state = 'held' AND expires_at > ?3 AND NOT (event_id = ?4 AND reservation_id = ?5)
         UNION ALL
         SELECT 1, 1, expires_at, json_array_length(CAST(lines AS json)) FROM reservations
         WHERE claimant_session = ?1 AND state = 'paying' AND NOT (event_id = ?4 AND reservation_id = ?5)
         UNION ALL
         SELECT 0, 0, expires_at, json_array_length(CAST(lines AS json)) FROM reservations
         WHERE claimant_address = ?2 AND state = 'held' AND expires_at > ?3 AND NOT (event_id = ?4 AND reservation_id = ?5)
         UNION ALL
         SELECT 0, 1, expires_at, json_array_length(CAST(lines AS json)) FROM reservations
         WHERE claimant_address = ?2 AND state = 'paying' AND NOT (event_id = ?4 AND reservation_id = ?5)",
    ))?;
    let mut rows = query.query(params![session, address, ms(now), own.event.0, own.local])?;
    let mut holds = UnpaidHolds::default();
    while let Some(row) = rows.next()? {
        let of = match row.get(0)? {
            true => &mut holds.of_session,
            false => &mut holds.of_address,
        };
        of.push(UnpaidHold {
            is_paying: row.get(1)?,
            expires_at: moment(row.get(2)?),
            units: row.get(3)?,
        });
    }
    Ok(holds)
}

/// Deletes reservations that nothing came of; tells how many.
pub fn forget(connection: &Sql<'_>, request: &Forget) -> Result<Effect<usize>, StoreError> {
    let event = request.event;
    let dead: Vec<ReservationId> = connection
        .prepare_cached(
            "SELECT reservation_id FROM reservations INDEXED BY reservations_unbooked
             WHERE event_id = ?1 AND state IN ('held', 'released') AND expires_at <= ?2 AND NOT EXISTS (
                 SELECT 1 FROM bookings
                 WHERE bookings.event_id = ?1 AND bookings.reservation_id = reservations.reservation_id)
             ORDER BY expires_at LIMIT ?3",
        )?
        .query_map(params![event.0, ms(request.ended_by), request.limit], |row| {
            row.get(0).map(|local| ReservationId { event, local })
        })?
        .collect::<Result<_, _>>()?;
    let mut delete =
        connection.prepare_cached("DELETE FROM reservations WHERE event_id = ?1 AND reservation_id = ?2")?;
    for id in &dead {
        if let Some(reservation) = rows::reservation(connection, id)? {
            // Expired long ago and not yet written down as available: no unit may refer to what is not there.
            holds::free_units(connection, &reservation, UnitState::Held)?;
        }
        delete.run(params![event.0, id.local])?;
    }
    Ok(Effect::Keep(dead.len()))
}
