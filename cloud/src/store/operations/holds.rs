//! Holding and releasing units: each claim is one conditional update, and zero rows changed means that the unit is taken.

mod best;

use usher_keys::Timestamp;
use usher_protocol::{TierId, Unit};

use crate::catalogue::EventStatus;
use crate::ids::ReservationId;
use crate::selling::blocks::BLOCKED_UNTIL;
use crate::selling::holding::{SaleTerms, may_hold, may_release, opens_early, released_at};
use crate::selling::vouchers::{Voucher, VoucherRefusal};
use crate::selling::{
    Claim, HoldOutcome, HoldRequest, PriceLine, ReleaseOutcome, ReleaseRequest, Shortage, Tidy, TierQuantity,
    UnitState,
};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::Effect;
use super::column::ms;
use super::reservation_rows::{free_units, record};
use super::sale_terms::{self, sale_terms};
use super::{bounds, proofs, rows, vouchers, waiting_room};

/// Claims units for a reservation, all of them or none.
pub fn hold(connection: &Sql<'_>, request: &HoldRequest) -> Result<Effect<HoldOutcome>, StoreError> {
    let event = request.reservation.event;
    sale_terms::ask_ahead(connection, event)?;
    bounds::ask_ahead(connection, request)?;
    let Some((EventStatus::Published, sale)) = sale_terms(connection, event)? else {
        return Ok(Effect::Undo(HoldOutcome::NoSuchEvent));
    };
    if let Err(refusal) = waiting_room::may_hold(connection, request)? {
        return Ok(Effect::Undo(refusal));
    }
    let held = bounds::held_by(connection, request)?;
    let voucher = match &request.voucher {
        Some(code) => vouchers::by_code(connection, (event, code), request.now)?,
        None => None,
    };
    let is_early = opens_early(request, voucher.as_ref());
    if let Err(refusal) = may_hold(&sale, &held, request, is_early) {
        return Ok(Effect::Undo(refusal));
    }
    if request.voucher.is_some() && voucher.as_ref().is_none_or(|voucher| voucher.is_stopped) {
        let guess = (request.reservation, sale.currency);
        vouchers::note_guess(connection, guess, (request.claimant, request.now))?;
        return Ok(Effect::Keep(HoldOutcome::Voucher(VoucherRefusal::Unknown)));
    }
    if let Err(refusal) = proofs::spend(connection, &sale, request)? {
        return Ok(Effect::Undo(refusal));
    }
    let hold = Hold {
        connection,
        reservation: request.reservation,
        now: request.now,
        until: sale.held_until(request.now),
        sale: &sale,
    };
    let lines = match hold.claim(&request.claim)? {
        Ok(lines) => lines,
        Err(refusal) => return Ok(Effect::Undo(refusal)),
    };
    let lines = hold.stepped(lines)?;
    let lines = match priced(&sale, lines, (voucher.as_ref(), request.now)) {
        Ok(lines) => lines,
        Err(refusal) => return Ok(Effect::Undo(refusal)),
    };
    let reservation = sale.reservation(request, lines);
    record(connection, &reservation, (Some(request.claimant), request.now))?;
    waiting_room::note_hold(connection, request.pass, reservation.id)?;
    if let Some(voucher) = voucher {
        vouchers::use_for(connection, &voucher, reservation.id)?;
    }
    Ok(Effect::Keep(HoldOutcome::Held(reservation)))
}

/// Returns the lines of an order as they may be held, at the prices of its voucher, with fees and taxes.
fn priced(sale: &SaleTerms, lines: Vec<PriceLine>, (voucher, now): (Option<&Voucher>, Timestamp)) -> Claimed {
    sale.may_order(&lines, voucher, now)?;
    let lines = match voucher {
        Some(voucher) => voucher.apply(&lines, now).map_err(HoldOutcome::Voucher)?,
        None => lines,
    };
    Ok(sale.charged(lines))
}

/// Claims a seat that is free.
const CLAIM_SEAT: &str = "UPDATE units SET state = 'held', reservation_id = ?3, held_until = ?4
     WHERE event_id = ?1 AND unit = ?2
       AND (state = 'available' OR (state = 'held' AND held_until <= ?5))
     RETURNING tier";

/// The lines of a claim, or why there are none.
pub(super) type Claimed = Result<Vec<PriceLine>, HoldOutcome>;

/// One claim in progress. Its updates guard races: whoever is first has the unit, and zero rows changed means that it is taken.
pub(super) struct Hold<'a> {
    pub connection: &'a Sql<'a>,
    pub reservation: ReservationId,
    pub sale: &'a SaleTerms,
    pub now: Timestamp,
    pub until: Timestamp,
}

impl Hold<'_> {
    /// Claims units, all of them or none that is kept.
    pub fn claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        match claim {
            Claim::Seats(seats) => self.claim_seats(seats),
            Claim::Tiers(tiers) => self.claim_tiers(tiers),
            Claim::Best(wanted, known) => self.claim_best(*wanted, known),
        }
    }

    fn claim_seats(&self, seats: &[Unit]) -> Result<Claimed, StoreError> {
        let reservation = self.reservation;
        let of = |unit: Unit| {
            let (local, until, now) = (reservation.local, ms(self.until), ms(self.now));
            (reservation.event.0, unit.0, local, until, now)
        };
        for &unit in seats {
            let (event, unit, local, until, now) = of(unit);
            self.connection
                .ask_ahead(CLAIM_SEAT, params![event, unit, local, until, now])?;
        }
        let mut claim = self.connection.prepare_cached(CLAIM_SEAT)?;
        let (mut lines, mut taken) = (Vec::new(), Vec::new());
        for &seat in seats {
            let (event, unit, local, until, now) = of(seat);
            let tier = claim
                .query_row(params![event, unit, local, until, now], |row| row.get(0))
                .optional()?;
            match tier {
                Some(tier) => lines.push(self.line(seat, TierId(tier))?),
                None => taken.push(seat),
            }
        }
        Ok(if taken.is_empty() {
            Ok(lines)
        } else {
            Err(HoldOutcome::Taken(taken))
        })
    }

    fn claim_tiers(&self, tiers: &[TierQuantity]) -> Result<Claimed, StoreError> {
        let (mut lines, mut short) = (Vec::new(), Vec::new());
        for wanted in tiers {
            let mut units = self.claim_free(wanted.tier, wanted.quantity)?;
            units.extend(self.claim_expired(wanted.tier, wanted.quantity - count(&units))?);
            if count(&units) < wanted.quantity {
                let available = count(&units);
                short.push(Shortage {
                    tier: wanted.tier,
                    requested: wanted.quantity,
                    available,
                });
            }
            units.sort_unstable();
            for unit in units {
                lines.push(self.line(unit, wanted.tier)?);
            }
        }
        Ok(if short.is_empty() {
            Ok(lines)
        } else {
            Err(HoldOutcome::Short(short))
        })
    }

    /// Claims up to `quantity` units that nobody has a claim on.
    fn claim_free(&self, tier: TierId, quantity: u32) -> Result<Vec<Unit>, StoreError> {
        let reservation = self.reservation;
        let mut claim = self.connection.prepare_cached(
            "UPDATE units SET state = 'held', reservation_id = ?3, held_until = ?4
             WHERE event_id = ?1 AND state = 'available' AND unit IN (
                 SELECT unit FROM units
                 WHERE event_id = ?1 AND tier = ?2 AND state = 'available' AND held_until IS NULL
                 ORDER BY unit LIMIT ?5)
             RETURNING unit",
        )?;
        let values = params![
            reservation.event.0,
            tier.0,
            reservation.local,
            ms(self.until),
            quantity
        ];
        let units = claim.query_map(values, |row| row.get(0).map(Unit))?;
        Ok(units.collect::<Result<_, _>>()?)
    }

    /// Claims up to `quantity` units whose hold has expired.
    fn claim_expired(&self, tier: TierId, quantity: u32) -> Result<Vec<Unit>, StoreError> {
        if quantity == 0 {
            return Ok(Vec::new());
        }
        let reservation = self.reservation;
        let mut claim = self.connection.prepare_cached(
            "UPDATE units SET state = 'held', reservation_id = ?3, held_until = ?4
             WHERE event_id = ?1 AND state = 'held' AND held_until <= ?6 AND unit IN (
                 SELECT unit FROM units
                 WHERE event_id = ?1 AND tier = ?2 AND state = 'held' AND held_until <= ?6
                 ORDER BY held_until, unit LIMIT ?5)
             RETURNING unit",
        )?;
        let now = ms(self.now);
        let values = params![
            reservation.event.0,
            tier.0,
            reservation.local,
            ms(self.until),
            quantity,
            now
        ];
        let units = claim.query_map(values, |row| row.get(0).map(Unit))?;
        Ok(units.collect::<Result<_, _>>()?)
    }

    /// Returns lines at the prices that their tiers have now, as many as are held or sold: each unit counts for the next one.
    pub fn stepped(&self, mut lines: Vec<PriceLine>) -> Result<Vec<PriceLine>, StoreError> {
        for (tier, full, sale) in &self.sale.tiers {
            if sale.steps.is_empty() {
                continue;
            }
            let taken = self.taken_by_others(*tier)?;
            let of_tier = lines.iter_mut().filter(|line| line.tier == *tier);
            for (taken, line) in (taken..).zip(of_tier) {
                line.price = sale.steps.price(*full, taken, self.now);
            }
        }
        Ok(lines)
    }

    /// Counts the units of a tier that are held or sold beside this claim; what is set aside is neither.
    fn taken_by_others(&self, tier: TierId) -> Result<u32, StoreError> {
        let taken = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM units
                 WHERE event_id = ?1 AND tier = ?2 AND state <> 'available'
                   AND (state <> 'held' OR held_until > ?3 AND held_until < ?4) AND reservation_id <> ?5",
            )?
            .query_row(
                params![
                    self.reservation.event.0,
                    tier.0,
                    ms(self.now),
                    ms(BLOCKED_UNTIL),
                    self.reservation.local
                ],
                |row| row.get(0),
            )?;
        Ok(taken)
    }

    fn line(&self, unit: Unit, tier: TierId) -> Result<PriceLine, StoreError> {
        self.sale.line(unit, tier).ok_or(StoreError::Unreadable {
            what: "tier of a unit",
        })
    }
}

fn count(units: &[Unit]) -> u32 {
    u32::try_from(units.len()).expect("an event has fewer than 2^32 units")
}

/// Returns a reservation's units back before its time.
pub fn release(connection: &Sql<'_>, request: &ReleaseRequest) -> Result<Effect<ReleaseOutcome>, StoreError> {
    let id = request.reservation;
    let found = rows::reservation(connection, &id)?;
    if let Err(refusal) = may_release(found.as_ref()) {
        return Ok(Effect::Undo(refusal));
    }
    let reservation = found.ok_or(StoreError::Overtaken)?;
    // Two that release it at once, or one that pays, find out here.
    let is_released = connection
        .prepare_cached(
            "UPDATE reservations SET state = 'released', expires_at = ?3
             WHERE event_id = ?1 AND reservation_id = ?2 AND state = 'held'",
        )?
        .changes(
            1,
            params![id.event.0, id.local, ms(released_at(&reservation, request.now))],
        )?;
    if !is_released {
        return Err(StoreError::Overtaken);
    }
    free_units(connection, &reservation, UnitState::Held)?;
    Ok(Effect::Keep(ReleaseOutcome::Released))
}

/// Writes expired units down as available; tells how many. What is expired is the same as in [`Status::of`](crate::catalogue::Status::of).
pub fn tidy(connection: &Sql<'_>, request: &Tidy) -> Result<Effect<usize>, StoreError> {
    let tidied = connection
        .prepare_cached(
            "UPDATE units SET state = 'available', reservation_id = NULL, held_until = NULL
             WHERE event_id = ?1 AND state = 'held' AND held_until <= ?2 AND unit IN (
                 SELECT units.unit FROM tiers CROSS JOIN units USING (event_id, tier)
                 WHERE tiers.event_id = ?1 AND units.state = 'held' AND units.held_until <= ?2
                 LIMIT ?3)",
        )?
        .execute(params![request.event.0, ms(request.now), request.limit])?;
    Ok(Effect::Keep(tidied))
}
