//! What may be held and given back, decided from the event's terms and from what the claimant holds already.

use usher_keys::Timestamp;
use usher_protocol::{TierId, Unit};

use crate::money::{Currency, Money};

use super::claimant::{BoundBy, HeldInVain, HoldBounds, OwnBounds, TooManyHeld};
use super::inventory::{TierSale, units_by_tier};
use super::price_line::PriceLine;
use super::proof_of_work::{ShownProof, WorkProof};
use super::reservations::{
    Claim, HoldOutcome, HoldRequest, ReleaseOutcome, Reservation, ReservationState, TierQuantity,
};
use super::sale::{SaleFacts, SaleStatus};
use super::vouchers::Voucher;

/// What a claim needs to know of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleTerms {
    /// Whether it may sell.
    pub sale: SaleFacts,
    /// How long a reservation holds, in milliseconds.
    pub reservation_ms: u64,
    /// How many of its units, the first ones, are seats.
    pub seat_count: u32,
    /// How many units it has.
    pub unit_count: u32,
    /// What its organizer lets one client hold.
    pub own_bounds: OwnBounds,
    /// The currency of its prices.
    pub currency: Currency,
    /// The tiers for which somebody waits: nobody else has their places.
    pub awaited: Vec<TierId>,
    /// The price of each tier, and how it is sold.
    pub tiers: Vec<(TierId, i64, TierSale)>,
}

impl SaleTerms {
    /// Returns the line of a unit, at today's price before what comes on top; `None` if the event has no such tier.
    pub fn line(&self, unit: Unit, tier: TierId) -> Option<PriceLine> {
        let price = self.price(tier)?;
        Some(PriceLine {
            unit,
            tier,
            price,
            fee: 0,
            tax: 0,
        })
    }

    /// Decides whether these lines may be one reservation, by the rules of their tiers and what a voucher unlocks.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_order(
        &self,
        lines: &[PriceLine],
        voucher: Option<&Voucher>,
        now: Timestamp,
    ) -> Result<(), HoldOutcome> {
        let units = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        if let Some(most) = self.sale.sale.order_max.filter(|most| *most < units) {
            return Err(HoldOutcome::OrderTooLarge(most));
        }
        let is_early = self.sale.sale.status(now) == SaleStatus::NotYet;
        self.nobody_waits(lines)?;
        for (tier, units) in units_by_tier(lines) {
            let sale = self.tier(tier).map(|(.., sale)| *sale).unwrap_or_default();
            let is_unlocked = voucher.is_some_and(|voucher| voucher.unlocks(tier));
            // A code that opens the sale early opens it for its own tiers alone.
            if is_early && !is_unlocked {
                return Err(HoldOutcome::NotOnSale(SaleStatus::NotYet));
            }
            let sale = if is_unlocked { sale.unlocked() } else { sale };
            let ordered = sale.may_order(tier, units, now);
            ordered.map_err(|why| HoldOutcome::not_ordered(tier, why))?;
        }
        Ok(())
    }

    /// Requires that nobody waits for places of the tiers of an order.
    ///
    /// # Errors
    ///
    /// [`HoldOutcome::Awaited`].
    pub fn nobody_waits(&self, lines: &[PriceLine]) -> Result<(), HoldOutcome> {
        let awaited = lines.iter().find(|line| self.awaited.contains(&line.tier));
        awaited.map_or(Ok(()), |line| Err(HoldOutcome::Awaited(line.tier)))
    }

    /// Decides whether what was shown is enough, and returns the proof that is spent by it.
    ///
    /// # Errors
    ///
    /// [`HoldOutcome::NotProven`].
    pub fn proof_to_spend(&self, shown: ShownProof) -> Result<Option<WorkProof>, HoldOutcome> {
        match (self.own_bounds.proof_of_work, shown) {
            (false, _) | (true, ShownProof::Address) => Ok(None),
            (true, ShownProof::Work(proof)) => Ok(Some(proof)),
            (true, ShownProof::Nothing) => Err(HoldOutcome::NotProven),
        }
    }

    /// Returns lines with the fees and taxes of their tiers.
    pub fn charged(&self, lines: Vec<PriceLine>) -> Vec<PriceLine> {
        let charged = |line: PriceLine| match self.tier(line.tier) {
            Some((.., sale)) => sale.charges.charged(line),
            None => line,
        };
        lines.into_iter().map(charged).collect()
    }

    /// Returns until when a reservation made now holds.
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

/// How long a hold in vain counts against its claimant.
pub const REMEMBERED_MS: u64 = 3_600_000;
/// What a hold in vain counts for at least: each one costs the same, and those that are given back at once shall be few too.
const LEAST_IN_VAIN_MS: u64 = 60_000;
const MINUTE_MS: u64 = 60_000;
/// So many minutes of an hour are always.
const ALWAYS_MINUTES: u32 = 60;

/// Units that are held and not paid for, or were until a while ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpaidHold {
    pub began_at: Timestamp,
    /// When it expires, or was given back.
    pub expires_at: Timestamp,
    /// Whether they are being paid: then they are held until that has an end, whenever it comes.
    pub is_paying: bool,
    pub units: u32,
}

impl UnpaidHold {
    /// Returns until when it counts, as far as that is known; `None` if it has expired.
    fn counts_until(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_paying {
            Some(self.expires_at.max(now.plus_ms(LOOK_AGAIN_MS)))
        } else {
            (self.expires_at > now).then_some(self.expires_at)
        }
    }

    /// Returns when it is forgotten that it was held in vain, and for how long that was, each unit by itself; `None` if it was not, or
    /// is forgotten already.
    fn in_vain(&self, now: Timestamp) -> Option<(Timestamp, u64)> {
        let forgotten_at = self.expires_at.plus_ms(REMEMBERED_MS);
        let is_over = !self.is_paying && self.expires_at <= now;
        let held_ms = self
            .expires_at
            .0
            .saturating_sub(self.began_at.0)
            .max(LEAST_IN_VAIN_MS);
        let all_ms = held_ms.saturating_mul(self.units.into());
        (is_over && forgotten_at > now).then_some((forgotten_at, all_ms))
    }
}

/// What a claimant holds of an event and has not paid for. An engine may leave out what is forgotten, and need not sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnpaidHolds {
    /// In the claimant's session.
    pub of_session: Vec<UnpaidHold>,
    /// From the claimant's address.
    pub of_address: Vec<UnpaidHold>,
    /// From the claimant's network.
    pub of_network: Vec<UnpaidHold>,
}

impl UnpaidHolds {
    /// Returns which bound so many more units would go beyond.
    pub fn too_many(&self, more: u32, bounds: HoldBounds, now: Timestamp) -> Option<TooManyHeld> {
        BoundBy::ALL.into_iter().find_map(|by| {
            let live = self
                .of(by)
                .iter()
                .filter_map(|hold| Some((hold.counts_until(now)?, hold.units.into())));
            let live: Vec<_> = live.collect();
            let most = bounds.most(by);
            Some(TooManyHeld {
                by,
                most,
                held: narrow(sum(&live)),
                fits_at: fits_at(live, most.saturating_sub(more).into())?,
            })
        })
    }

    /// Returns who has held units in vain for so long that others come first.
    pub fn held_in_vain(&self, bounds: HoldBounds, now: Timestamp) -> Option<HeldInVain> {
        let minutes = bounds.minutes_in_vain;
        let is_counted = minutes < ALWAYS_MINUTES;
        BoundBy::ALL.into_iter().filter(|_| is_counted).find_map(|by| {
            let vain: Vec<_> = self.of(by).iter().filter_map(|hold| hold.in_vain(now)).collect();
            let most = bounds.most(by).saturating_mul(minutes);
            // Beyond it is who has used it up.
            let room_ms = (u64::from(most) * MINUTE_MS).saturating_sub(1);
            Some(HeldInVain {
                by,
                most,
                minutes: narrow(sum(&vain) / MINUTE_MS),
                fits_at: fits_at(vain, room_ms)?,
            })
        })
    }

    fn of(&self, by: BoundBy) -> &[UnpaidHold] {
        match by {
            BoundBy::Session => &self.of_session,
            BoundBy::Address => &self.of_address,
            BoundBy::Network => &self.of_network,
        }
    }
}

fn sum(counted: &[(Timestamp, u64)]) -> u64 {
    counted
        .iter()
        .fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Returns when so much of what counts until some time will have ended that the rest fits into the room; `None` if all of it fits now.
fn fits_at(mut counted: Vec<(Timestamp, u64)>, room: u64) -> Option<Timestamp> {
    counted.sort_unstable();
    let mut left = sum(&counted);
    let mut at = None;
    for (until, amount) in counted {
        if left <= room {
            break;
        }
        left = left.saturating_sub(amount);
        at = Some(until);
    }
    at
}

/// Tells whether a code is taken before the sale begins: one that unlocks does, and of one that is unknown nothing more is told.
pub fn opens_early(request: &HoldRequest, voucher: Option<&Voucher>) -> bool {
    request.voucher.is_some() && voucher.is_none_or(|voucher| voucher.terms.unlocks)
}

/// Decides whether a claim on units may be made, with a code that opens the sale early or without; whether they are free is for the update
/// that claims them to find out.
///
/// # Errors
///
/// Why not.
pub fn may_hold(
    sale: &SaleTerms,
    held: &UnpaidHolds,
    request: &HoldRequest,
    is_early: bool,
) -> Result<(), HoldOutcome> {
    match sale.sale.status(request.believed_until, request.now) {
        SaleStatus::OnSale => {}
        SaleStatus::NotYet if is_early => {}
        status @ (SaleStatus::Paused
        | SaleStatus::Over
        | SaleStatus::Canceled
        | SaleStatus::NotYet
        | SaleStatus::Stopped) => return Err(HoldOutcome::NotOnSale(status)),
    }
    let bounds = request.bounds.of_event(sale.unit_count, sale.own_bounds);
    let (wanted, narrowest) = (wanted(&request.claim), narrowest(&bounds));
    if wanted > narrowest {
        return Err(HoldOutcome::MoreThanOne(narrowest));
    }
    if let Some(too_many) = held.too_many(wanted, bounds, request.now) {
        return Err(HoldOutcome::TooMany(too_many));
    }
    if let Some(in_vain) = held.held_in_vain(bounds, request.now) {
        return Err(HoldOutcome::InVain(in_vain));
    }
    known_units(sale, &request.claim)
}

/// Decides whether the event has such seats or tiers.
///
/// # Errors
///
/// Those that it does not have.
pub fn known_units(sale: &SaleTerms, claim: &Claim) -> Result<(), HoldOutcome> {
    match claim {
        Claim::Seats(seats) => {
            let seats = seats.iter().copied();
            let unknown: Vec<_> = seats.filter(|seat| seat.0 >= sale.seat_count).collect();
            refuse_unless_empty(unknown, HoldOutcome::UnknownSeats)
        }
        Claim::Tiers(tiers) => known_tiers(sale, tiers),
        Claim::Best(wanted, _) => known_tiers(sale, std::slice::from_ref(wanted)),
    }
}

fn known_tiers(sale: &SaleTerms, wanted: &[TierQuantity]) -> Result<(), HoldOutcome> {
    let tiers = wanted.iter().map(|wanted| wanted.tier);
    let unknown: Vec<_> = tiers.filter(|tier| sale.price(*tier).is_none()).collect();
    refuse_unless_empty(unknown, HoldOutcome::UnknownTiers)
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

/// Returns how many units one claim may be of at most.
fn narrowest(bounds: &HoldBounds) -> u32 {
    let bounds = BoundBy::ALL.map(|by| bounds.most(by));
    bounds.into_iter().fold(u32::MAX, u32::min)
}

fn wanted(claim: &Claim) -> u32 {
    match claim {
        Claim::Seats(seats) => u32::try_from(seats.len()).unwrap_or(u32::MAX),
        Claim::Tiers(tiers) => tiers
            .iter()
            .fold(0, |sum: u32, tier| sum.saturating_add(tier.quantity)),
        Claim::Best(wanted, _) => wanted.quantity,
    }
}

/// Decides whether a reservation may be given back: also one that has expired, which changes nothing for others.
///
/// # Errors
///
/// Why not.
pub fn may_release(reservation: Option<&Reservation>) -> Result<(), ReleaseOutcome> {
    let is_block = reservation.is_some_and(Reservation::is_block);
    match reservation.map(|reservation| reservation.state) {
        None => Err(ReleaseOutcome::NotFound),
        Some(ReservationState::Held) if is_block => Err(ReleaseOutcome::NotFound),
        Some(ReservationState::Held) => Ok(()),
        Some(ReservationState::Paying) => Err(ReleaseOutcome::Paying),
        Some(ReservationState::Booked) => Err(ReleaseOutcome::Booked),
        Some(ReservationState::Released) => Err(ReleaseOutcome::Released),
    }
}

/// Returns when a reservation ended that is given back: now, unless its time was over before.
pub fn released_at(reservation: &Reservation, now: Timestamp) -> Timestamp {
    reservation.expires_at.min(now)
}

/// Decides whether a reservation that no booking and nobody who waits refers to is forgotten: nothing came of it, and its time was over
/// by a moment.
pub fn may_forget(reservation: &Reservation, ended_by: Timestamp) -> bool {
    match reservation.state {
        ReservationState::Held | ReservationState::Released => reservation.expires_at <= ended_by,
        ReservationState::Paying | ReservationState::Booked => false,
    }
}

#[cfg(test)]
mod tests;
