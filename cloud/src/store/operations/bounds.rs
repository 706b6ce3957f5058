//! What one client holds without having paid, and forgetting what nobody paid for.

use rusqlite::ToSql;
use usher_keys::{EventId, Timestamp};

use crate::ids::ReservationId;
use crate::selling::buyer_bounds::joins_forgotten_by;
use crate::selling::claimant::{Claimant, ClientAddress, HoldBounds, OwnBounds, SessionHash};
use crate::selling::holding::{REMEMBERED_MS, UnpaidHold, UnpaidHolds, may_forget};
use crate::selling::{Forget, HoldRequest, Reservation, UnitState};
use crate::store::StoreError;
use crate::store::organizing::SetBounds;
use crate::store::sql::{OptionalExtension, Row, Sql, SqlError, params};

use super::Effect;
use super::column::{moment, ms};
use super::{buyer_bounds, reservation_rows, rows, seals};

/// Reads what a claimant holds. Only the writer asks, so that what is counted is what there is when the claim is written.
pub fn held_by(connection: &Sql<'_>, request: &HoldRequest) -> Result<UnpaidHolds, StoreError> {
    held_of(connection, request.claimant, (request.reservation, request.now))
}

/// Reads what a claimant holds beside a reservation.
pub fn held_of(
    connection: &Sql<'_>,
    claimant: Claimant,
    (own, now): (ReservationId, Timestamp),
) -> Result<UnpaidHolds, StoreError> {
    unpaid_holds(connection, Some(claimant), own, now)
}

/// Reads what the claimant of a reservation that is being paid holds beside it.
pub fn held_beside(
    connection: &Sql<'_>,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<UnpaidHolds, StoreError> {
    let id = reservation.id;
    let (address, session): (Option<Vec<u8>>, Option<[u8; 16]>) = connection
        .prepare_cached(
            "SELECT claimant_address, claimant_session FROM reservations
             WHERE event_id = ?1 AND reservation_id = ?2",
        )?
        .query_row(params![id.event.0, id.local], |row| row.try_into())?;
    let address = address.and_then(|address| ClientAddress::from_bytes(&address));
    let claimant = address.zip(session).map(|(address, session)| Claimant {
        address,
        session: SessionHash(session),
    });
    unpaid_holds(connection, claimant, id, now)
}

/// Reads the bounds that hold for an event.
pub fn of_event(connection: &Sql<'_>, event: EventId, bounds: HoldBounds) -> Result<HoldBounds, StoreError> {
    let units: u32 = connection
        .prepare_cached("SELECT unit_count FROM events WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))?;
    Ok(bounds.of_event(units, own_bounds(connection, &event)?))
}

/// Finds the bounds that the organizer of an event has set.
pub fn own_bounds(connection: &Sql<'_>, event: &EventId) -> Result<OwnBounds, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT per_session, per_address, per_network, minutes_in_vain, proof_secret IS NOT NULL FROM hold_bounds WHERE event_id = ?1",
        )?
        .query_row([event.0], |row| read_own_bounds(row, 0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Reads bounds from five columns beginning with a number.
pub fn read_own_bounds(row: &Row<'_>, first: usize) -> Result<OwnBounds, SqlError> {
    Ok(OwnBounds {
        per_session: row.get(first)?,
        per_address: row.get(first + 1)?,
        per_network: row.get(first + 2)?,
        minutes_in_vain: row.get(first + 3)?,
        // Nothing where no bound is set.
        proof_of_work: row.get::<Option<bool>>(first + 4)?.unwrap_or_default(),
    })
}

/// Puts the bounds that the organizer of an event sets in place of those before.
pub fn set_bounds(connection: &Sql<'_>, request: &SetBounds) -> Result<Effect<()>, StoreError> {
    let own = request.bounds;
    connection
        .prepare_cached(
            "INSERT INTO hold_bounds (event_id, per_session, per_address, per_network, minutes_in_vain, proof_secret)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (event_id) DO UPDATE
             SET per_session = ?2, per_address = ?3, per_network = ?4, minutes_in_vain = ?5, proof_secret = ?6",
        )?
        .run(params![
            request.event.0,
            own.per_session,
            own.per_address,
            own.per_network,
            own.minutes_in_vain,
            request.proof_secret
        ])?;
    buyer_bounds::set(connection, request.event, request.of_buyers)?;
    seals::seal_sale(connection, request.event)?;
    Ok(Effect::Keep(()))
}

/// Asks already what a claimant holds.
pub fn ask_ahead(connection: &Sql<'_>, request: &HoldRequest) -> Result<(), StoreError> {
    let asked = Asked::of(request.claimant, request.reservation, request.now);
    Ok(connection.ask_ahead(unpaid(connection), asked.values().as_slice())?)
}

/// The reservations of a session and a network that are not paid for.
fn unpaid(connection: &Sql<'_>) -> &'static str {
    connection.pick(
        "SELECT claimant_session, claimant_address, state = 'paying', created_at, expires_at, json_array_length(lines)
         FROM reservations INDEXED BY claims_of_session
         WHERE claimant_session = ?1 AND event_id = ?5 AND reservation_id <> ?6 AND (expires_at > ?7 OR state = 'paying')
         UNION ALL
         SELECT claimant_session, claimant_address, state = 'paying', created_at, expires_at, json_array_length(lines)
         FROM reservations INDEXED BY claims_of_address
         WHERE claimant_address BETWEEN ?2 AND ?3 AND length(claimant_address) = ?4 AND claimant_session <> ?1
           AND event_id = ?5 AND reservation_id <> ?6 AND (expires_at > ?7 OR state = 'paying')",
        "SELECT claimant_session, claimant_address, state = 'paying', created_at, expires_at, json_array_length(CAST(lines AS json))
         FROM reservations
         WHERE claimant_session = ?1 AND event_id = ?5 AND reservation_id <> ?6 AND (expires_at > ?7 OR state = 'paying')
         UNION ALL
         SELECT claimant_session, claimant_address, state = 'paying', created_at, expires_at, json_array_length(CAST(lines AS json))
         FROM reservations
         WHERE claimant_address BETWEEN ?2 AND ?3 AND length(claimant_address) = ?4 AND claimant_session <> ?1
           AND event_id = ?5 AND reservation_id <> ?6 AND (expires_at > ?7 OR state = 'paying')",
    )
}

/// The values of that question.
struct Asked {
    session: [u8; 16],
    /// The first address of the network and the last one.
    network: [Vec<u8>; 2],
    length: i64,
    own: ReservationId,
    remembered: i64,
}

impl Asked {
    fn of(claimant: Claimant, own: ReservationId, now: Timestamp) -> Self {
        let network = claimant.address.network();
        Self {
            session: claimant.session.0,
            length: i64::try_from(network[0].len()).unwrap_or(i64::MAX),
            network,
            own,
            remembered: ms(Timestamp(now.0.saturating_sub(REMEMBERED_MS))),
        }
    }

    fn values(&self) -> [&dyn ToSql; 7] {
        let [first, last] = &self.network;
        let Self {
            session,
            length,
            own,
            remembered,
            ..
        } = self;
        [session, first, last, length, &own.event.0, &own.local, remembered]
    }
}

/// Reads the reservations of an event from a session and from a network, but for their own one, that are held, being paid or remembered:
/// all their two indices have of the event. One of nothing is a wrong code, which counts as a unit.
fn unpaid_holds(
    connection: &Sql<'_>,
    claimant: Option<Claimant>,
    own: ReservationId,
    now: Timestamp,
) -> Result<UnpaidHolds, StoreError> {
    let Some(claimant) = claimant else {
        return Ok(UnpaidHolds::default());
    };
    let mut query = connection.prepare_cached(unpaid(connection))?;
    let asked = Asked::of(claimant, own, now);
    let mut rows = query.query(asked.values().as_slice())?;
    let [first, last] = asked.network;
    let mut holds = UnpaidHolds::default();
    while let Some(row) = rows.next()? {
        let (session, address): ([u8; 16], Vec<u8>) = (row.get(0)?, row.get(1)?);
        let hold = UnpaidHold {
            is_paying: row.get(2)?,
            began_at: moment(row.get(3)?),
            expires_at: moment(row.get(4)?),
            units: row.get::<u32>(5)?.max(1),
        };
        if session == claimant.session.0 {
            holds.of_session.push(hold);
        }
        if address == claimant.address.bytes() {
            holds.of_address.push(hold);
        }
        if address.len() == first.len() && (&first..=&last).contains(&&address) {
            holds.of_network.push(hold);
        }
    }
    Ok(holds)
}

/// Deletes reservations that nothing came of, to which nothing refers; tells how many.
pub fn forget(connection: &Sql<'_>, request: &Forget) -> Result<Effect<usize>, StoreError> {
    let event = request.event;
    let ended: Vec<ReservationId> = connection
        .prepare_cached(
            "SELECT reservation_id FROM reservations INDEXED BY reservations_unbooked
             WHERE event_id = ?1 AND state IN ('held', 'released') AND expires_at <= ?2 AND NOT EXISTS (
                 SELECT 1 FROM waiting_list
                 WHERE waiting_list.event_id = ?1 AND waiting_list.reservation_id = reservations.reservation_id) AND NOT EXISTS (
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
    let mut forgotten = 0;
    for id in &ended {
        let found = rows::reservation(connection, id)?;
        let Some(reservation) = found.filter(|found| may_forget(found, request.ended_by)) else {
            continue;
        };
        // Expired long ago and not yet written down as available: no unit may refer to what is not there.
        reservation_rows::free_units(connection, &reservation, UnitState::Held)?;
        delete.run(params![event.0, id.local])?;
        forgotten += 1;
    }
    // Of what was tried to be paid it is forgotten who it was.
    connection
        .prepare_cached(
            "UPDATE reservations SET claimant_address = NULL, claimant_session = NULL
             WHERE event_id = ?1 AND state IN ('held', 'released') AND expires_at <= ?2 AND claimant_session IS NOT NULL",
        )?
        .execute(params![event.0, ms(request.ended_by)])?;
    // Of who waits it is forgotten after a day where they were, and of who left, who they were.
    connection
        .prepare_cached(
            "UPDATE waiting_list SET client = NULL, buyer = NULL WHERE event_id = ?1 AND client IS NOT NULL AND joined_at <= ?2",
        )?
        .execute(params![event.0, ms(joins_forgotten_by(request.ended_by))])?;
    Ok(Effect::Keep(forgotten))
}
