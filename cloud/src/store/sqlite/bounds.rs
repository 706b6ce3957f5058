//! How much one client may keep from sale without paying, and forgetting what nobody paid for.

use rusqlite::{Connection, ToSql, params};
use usher_keys::Timestamp;

use crate::ids::ReservationId;
use crate::selling::claimant::{BoundBy, HoldBounds, TooManyHeld};
use crate::selling::{Claim, CloseBooking, Forget, HoldRequest, Reservation};
use crate::store::StoreError;

use super::Effect;
use super::column::{moment, ms};
use super::{holds, rows};

/// Looks whether a claim would go beyond what its claimant may hold. Only the writer asks, so that what is counted is what
/// there is when the claim is written.
pub fn exceeded(connection: &Connection, request: &HoldRequest) -> Result<Option<TooManyHeld>, StoreError> {
    let claimant = request.claimant;
    let asked = Asked {
        address: Some(claimant.address.bytes()),
        session: Some(claimant.session.0.as_slice()),
        units: wanted(&request.claim),
        bounds: request.bounds,
        now: request.now,
    };
    asked.exceeds(connection)
}

/// Tells whether the units of a payment that failed may go back to their reservation. What is being paid does not count;
/// without this, payments that are bound to fail would hold any number of units.
pub fn fits_again(
    connection: &Connection,
    reservation: &Reservation,
    request: &CloseBooking,
) -> Result<bool, StoreError> {
    let id = reservation.id;
    let (address, session): (Option<Vec<u8>>, Option<Vec<u8>>) = connection
        .prepare_cached(
            "SELECT claimant_address, claimant_session FROM reservations
             WHERE event_id = ?1 AND reservation_id = ?2",
        )?
        .query_row(params![id.event.0, id.local], |row| row.try_into())?;
    let asked = Asked {
        address: address.as_deref(),
        session: session.as_deref(),
        units: u32::try_from(reservation.lines.len()).unwrap_or(u32::MAX),
        bounds: request.bounds,
        now: request.now,
    };
    Ok(asked.exceeds(connection)?.is_none())
}

/// Units that somebody would hold without paying, beside what they hold.
struct Asked<'a> {
    address: Option<&'a [u8]>,
    session: Option<&'a [u8]>,
    units: u32,
    bounds: HoldBounds,
    now: Timestamp,
}

impl Asked<'_> {
    fn exceeds(&self, connection: &Connection) -> Result<Option<TooManyHeld>, StoreError> {
        let bounds = [
            (
                BoundBy::Session,
                self.bounds.per_session,
                "SELECT expires_at, json_array_length(lines) FROM reservations INDEXED BY held_by_session
                 WHERE claimant_session = ?1 AND state = 'held' AND expires_at > ?2 ORDER BY expires_at",
                self.session,
            ),
            (
                BoundBy::Address,
                self.bounds.per_address,
                "SELECT expires_at, json_array_length(lines) FROM reservations INDEXED BY held_by_address
                 WHERE claimant_address = ?1 AND state = 'held' AND expires_at > ?2 ORDER BY expires_at",
                self.address,
            ),
        ];
        for (by, most, sql, claimant) in bounds {
            let live = held(connection, sql, params![claimant, ms(self.now)])?;
            if let Some(fits_at) = fits_at(&live, most, self.units) {
                let held = live.iter().map(|(_, units)| units).sum();
                return Ok(Some(TooManyHeld {
                    by,
                    held,
                    most,
                    fits_at,
                }));
            }
        }
        Ok(None)
    }
}

fn wanted(claim: &Claim) -> u32 {
    match claim {
        Claim::Seats(seats) => u32::try_from(seats.len()).unwrap_or(u32::MAX),
        Claim::Tiers(tiers) => tiers
            .iter()
            .fold(0, |sum: u32, tier| sum.saturating_add(tier.quantity)),
    }
}

/// Lists how many units are held until when, those first that expire first.
fn held(connection: &Connection, sql: &str, of: &[&dyn ToSql]) -> Result<Vec<(Timestamp, u32)>, StoreError> {
    let mut query = connection.prepare_cached(sql)?;
    let live = query.query_map(of, |row| Ok((moment(row.get(0)?), row.get(1)?)))?;
    Ok(live.collect::<Result<_, _>>()?)
}

/// Tells when so many units will have expired that a claim fits; `None` if it fits now.
fn fits_at(live: &[(Timestamp, u32)], most: u32, wanted: u32) -> Option<Timestamp> {
    let room = most.saturating_sub(wanted);
    let mut held: u32 = live.iter().map(|(_, units)| units).sum();
    let mut at = None;
    for (expires_at, units) in live {
        if held <= room {
            break;
        }
        held -= units;
        at = Some(*expires_at);
    }
    at
}

/// Deletes reservations that nothing came of; tells how many.
pub fn forget(connection: &Connection, request: &Forget) -> Result<Effect<usize>, StoreError> {
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
            holds::free_units(connection, &reservation, "held")?;
        }
        delete.execute(params![event.0, id.local])?;
    }
    Ok(Effect::Keep(dead.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(live: &[(u64, u32)], wanted: u32, expected: Option<u64>) {
        let live: Vec<_> = live.iter().map(|&(at, units)| (Timestamp(at), units)).collect();
        assert_eq!(fits_at(&live, 4, wanted), expected.map(Timestamp), "{live:?}");
    }

    #[test]
    fn a_claim_that_does_not_fit_is_told_when_it_will() {
        check(&[], 4, None);
        check(&[(10, 2)], 2, None);
        check(&[(10, 2)], 3, Some(10));
        check(&[(10, 1), (20, 1), (30, 2)], 1, Some(10));
        check(&[(10, 1), (20, 1), (30, 2)], 2, Some(20));
        check(&[(10, 1), (20, 1), (30, 2)], 4, Some(30));
    }
}
