//! What may be held and given back, decided from the event's terms and from what the claimant holds already.

use usher_keys::Timestamp;
use usher_protocol::{TierId, Unit};

use crate::money::{Currency, Money};

use super::claimant::{BoundBy, HoldBounds, TooManyHeld};
use super::inventory::{TierSale, units_by_tier};
use super::reservations::{
    Claim, HoldOutcome, HoldRequest, PriceLine, ReleaseOutcome, Reservation, ReservationState,
};
use super::sale::{SaleFacts, SaleStatus};

/// What a claim needs to know of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleTerms {
    /// Whether it may sell.
    pub sale: SaleFacts,
    /// How long a reservation holds, in milliseconds.
    pub reservation_ms: u64,
    /// How many of its units, the first ones, are seats.
    pub seat_count: u32,
    /// The currency of its prices.
    pub currency: Currency,
    /// The price of each tier, and how it is sold.
    pub tiers: Vec<(TierId, i64, TierSale)>,
}

impl SaleTerms {
    /// Returns the line of a unit, at today's price; `None` if the event has no such tier.
    pub fn line(&self, unit: Unit, tier: TierId) -> Option<PriceLine> {
        let price = self.price(tier)?;
        Some(PriceLine { unit, tier, price })
    }

    /// Decides whether these lines may be one reservation, by the rules of their tiers.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_order(&self, lines: &[PriceLine], now: Timestamp) -> Result<(), HoldOutcome> {
        for (tier, units) in units_by_tier(lines) {
            let sale = self.tier(tier).map(|(.., sale)| *sale);
            sale.unwrap_or_default().may_order(tier, units, now)?;
        }
        Ok(())
    }

    /// Tells until when a reservation made now holds.
    pub fn held_until(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(self.reservation_ms)
    }

    /// Makes the reservation of units that have been claimed.
    pub fn reservation(&self, request: &HoldRequest, lines: Vec<PriceLine>) -> Reservation {
        Reservation {
            id: request.reservation,
            state: ReservationState::Held,
            amount: Money {
                minor: lines.iter().map(|line| line.price).sum(),
                currency: self.currency,
            },
            lines,
            expires_at: self.held_until(request.now),
        }
    }

    fn tier(&self, tier: TierId) -> Option<&(TierId, i64, TierSale)> {
        self.tiers.iter().find(|(id, ..)| *id == tier)
    }

    fn price(&self, tier: TierId) -> Option<i64> {
        self.tier(tier).map(|(_, price, _)| *price)
    }
}

/// How soon a payment whose time is over is looked at again: until its gateway has given it up, nobody else gets its units.
const LOOK_AGAIN_MS: u64 = 60_000;

/// Units that are held and not paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpaidHold {
    pub expires_at: Timestamp,
    /// Whether they are being paid: then they are held until that has an end, whenever it comes.
    pub is_paying: bool,
    pub units: u32,
}

impl UnpaidHold {
    /// Tells until when it counts, as far as that is known; `None` if it has expired.
    fn counts_until(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_paying {
            Some(self.expires_at.max(now.plus_ms(LOOK_AGAIN_MS)))
        } else {
            (self.expires_at > now).then_some(self.expires_at)
        }
    }
}

/// What a claimant holds and has not paid for. An engine may leave out what has expired, and need not sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnpaidHolds {
    /// In the claimant's session.
    pub of_session: Vec<UnpaidHold>,
    /// From the claimant's address.
    pub of_address: Vec<UnpaidHold>,
}

impl UnpaidHolds {
    /// Tells which bound so many more units would go beyond.
    pub fn too_many(&self, more: u32, bounds: HoldBounds, now: Timestamp) -> Option<TooManyHeld> {
        let session = (BoundBy::Session, bounds.per_session, &self.of_session);
        let address = (BoundBy::Address, bounds.per_address, &self.of_address);
        [session, address].into_iter().find_map(|(by, most, holds)| {
            let live = holds
                .iter()
                .filter_map(|hold| Some((hold.counts_until(now)?, hold.units)));
            let mut live: Vec<_> = live.collect();
            live.sort_unstable();
            Some(TooManyHeld {
                by,
                most,
                held: live.iter().map(|(_, units)| units).sum(),
                fits_at: fits_at(&live, most, more)?,
            })
        })
    }
}

/// Tells when so many units will have expired that more fit; `None` if they fit now.
fn fits_at(live: &[(Timestamp, u32)], most: u32, more: u32) -> Option<Timestamp> {
    let room = most.saturating_sub(more);
    let mut held: u32 = live.iter().map(|(_, units)| units).sum();
    let mut at = None;
    for (until, units) in live {
        if held <= room {
            break;
        }
        held -= units;
        at = Some(*until);
    }
    at
}

/// Decides whether a claim on units may be made; whether they are free is for the update that claims them to find out.
///
/// # Errors
///
/// Why not.
pub fn may_hold(sale: &SaleTerms, held: &UnpaidHolds, request: &HoldRequest) -> Result<(), HoldOutcome> {
    match sale.sale.status(request.believed_until, request.now) {
        SaleStatus::OnSale => {}
        status @ (SaleStatus::Paused
        | SaleStatus::Over
        | SaleStatus::Canceled
        | SaleStatus::NotYet
        | SaleStatus::Stopped) => return Err(HoldOutcome::NotOnSale(status)),
    }
    if let Some(too_many) = held.too_many(wanted(&request.claim), request.bounds, request.now) {
        return Err(HoldOutcome::TooMany(too_many));
    }
    match &request.claim {
        Claim::Seats(seats) => {
            let seats = seats.iter().copied();
            let unknown: Vec<_> = seats.filter(|seat| seat.0 >= sale.seat_count).collect();
            refuse_unless_empty(unknown, HoldOutcome::UnknownSeats)
        }
        Claim::Tiers(tiers) => {
            let tiers = tiers.iter().map(|wanted| wanted.tier);
            let unknown: Vec<_> = tiers.filter(|tier| sale.price(*tier).is_none()).collect();
            refuse_unless_empty(unknown, HoldOutcome::UnknownTiers)
        }
    }
}

fn refuse_unless_empty<T>(
    unknown: Vec<T>,
    refusal: impl FnOnce(Vec<T>) -> HoldOutcome,
) -> Result<(), HoldOutcome> {
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(refusal(unknown))
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

/// Decides whether a reservation may be given back: also one that has expired, which changes nothing for others.
///
/// # Errors
///
/// Why not.
pub fn may_release(reservation: Option<&Reservation>) -> Result<(), ReleaseOutcome> {
    match reservation.map(|reservation| reservation.state) {
        None => Err(ReleaseOutcome::NotFound),
        Some(ReservationState::Held) => Ok(()),
        Some(ReservationState::Paying) => Err(ReleaseOutcome::Paying),
        Some(ReservationState::Booked) => Err(ReleaseOutcome::Booked),
        Some(ReservationState::Released) => Err(ReleaseOutcome::Released),
    }
}

#[cfg(test)]
mod tests;
