//! Vouchers: codes that buyers give with a reservation, which lower its prices or unlock what others do not see yet, so many times.

use std::fmt;
use std::str::FromStr;

use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;

use crate::ids::{ReservationId, VoucherId};

use super::claimant::{Claimant, HeldInVain, HoldBounds};
use super::inventory::TierSale;
use super::price_line::PriceLine;
use super::sale::{EventSale, SaleStatus, SaleWindow};

/// Vouchers of an event at most: presale codes for a great house, one for each member of its club.
pub const MAX_VOUCHERS: u32 = 20_000;

/// A code as it is compared: capital letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VoucherCode(String);

/// A text that cannot be the code of a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotACode;

impl VoucherCode {
    /// Length of a code, in characters: shorter ones are guessed too soon.
    const LENGTH: std::ops::RangeInclusive<usize> = 4..=40;

    /// Returns its text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl FromStr for VoucherCode {
    type Err = NotACode;

    /// Reads a code as people type it, in small letters too and with blanks around it.
    fn from_str(text: &str) -> Result<Self, NotACode> {
        let text = text.trim().to_ascii_uppercase();
        let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        if Self::LENGTH.contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text))
        } else {
            Err(NotACode)
        }
    }
}

impl fmt::Display for VoucherCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a voucher changes about the price of each unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discount {
    /// So many percent less, what is taken off rounded to the nearest minor unit, and a half up.
    Percent(u8),
    /// So many minor units less, and never less than nothing.
    Amount(i64),
    /// So many minor units, unless the price is lower already.
    Price(i64),
}

impl Discount {
    /// Returns what is left of a price in minor units.
    pub fn of(self, price: i64) -> i64 {
        match self {
            Self::Percent(percent) => {
                let off = (i128::from(price) * i128::from(percent) + 50) / 100;
                let off = i64::try_from(off).unwrap_or(price);
                (price - off).clamp(0, price)
            }
            Self::Amount(off) => price.saturating_sub(off).max(0),
            Self::Price(fixed) => price.min(fixed),
        }
    }
}

/// What a voucher is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherTerms {
    /// What it is for, in the organizer's words.
    pub name: String,
    pub discount: Option<Discount>,
    /// Whether its hidden tiers may be had with it, and all its tiers before the sale begins.
    pub unlocks: bool,
    /// The tiers it is for; all of them, unless it is said.
    pub tiers: Option<Vec<TierId>>,
    /// How many orders may use it.
    pub max_uses: Option<u32>,
    /// How many units of its tiers an order that uses it may have.
    pub max_per_order: Option<u32>,
    pub valid: SaleWindow,
}

/// A voucher as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    pub id: VoucherId,
    pub code: VoucherCode,
    pub terms: VoucherTerms,
    /// Whether its organizer has stopped it, for good.
    pub is_stopped: bool,
    pub created_at: Timestamp,
    /// How many orders are held, being paid or booked with it.
    pub uses: u32,
}

/// Why a voucher is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherRefusal {
    /// The event has none of this code, or it was stopped.
    Unknown,
    /// It is not valid yet, or not any more.
    NotNow,
    /// As many orders as may have used it.
    UsedUp,
    /// The order has more units of its tiers than one may have with it.
    TooMany(u32),
    /// The order has no unit that it is for.
    NotForThese,
}

impl Voucher {
    /// Tells whether it is for a tier.
    pub fn is_for(&self, tier: TierId) -> bool {
        let tiers = self.terms.tiers.as_ref();
        tiers.is_none_or(|tiers| tiers.contains(&tier))
    }

    /// Tells whether it unlocks a tier, once it is taken.
    pub fn unlocks(&self, tier: TierId) -> bool {
        self.terms.unlocks && self.is_for(tier)
    }

    /// Decides whether it is good for anything now.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_be_used(&self, now: Timestamp) -> Result<(), VoucherRefusal> {
        let window = self.terms.valid;
        let is_late = window.until.is_some_and(|until| until <= now);
        let is_early = window.from.is_some_and(|from| now < from);
        if self.is_stopped {
            Err(VoucherRefusal::Unknown)
        } else if is_late || is_early {
            Err(VoucherRefusal::NotNow)
        } else if self.terms.max_uses.is_some_and(|most| most <= self.uses) {
            Err(VoucherRefusal::UsedUp)
        } else {
            Ok(())
        }
    }

    /// Decides whether it may be used for an order, and returns the order's lines at the prices that they have with it: each line is
    /// rounded by itself.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn apply(&self, lines: &[PriceLine], now: Timestamp) -> Result<Vec<PriceLine>, VoucherRefusal> {
        self.may_be_used(now)?;
        let units = lines.iter().filter(|line| self.is_for(line.tier)).count();
        let most = self.terms.max_per_order.unwrap_or(u32::MAX);
        if units == 0 {
            return Err(VoucherRefusal::NotForThese);
        }
        if units > most as usize {
            return Err(VoucherRefusal::TooMany(most));
        }
        let lines = lines.iter().map(|line| PriceLine {
            price: self.price(line.tier, line.price),
            ..*line
        });
        Ok(lines.collect())
    }

    /// Tells whether a tier is sold now to whoever has it.
    pub fn sells(&self, tier: TierId, (event, sale): (EventSale, TierSale), now: Timestamp) -> bool {
        let is_unlocked = self.unlocks(tier);
        let sale = if is_unlocked { sale.unlocked() } else { sale };
        let event = event.status(now);
        let event_sells = event == SaleStatus::OnSale || (event == SaleStatus::NotYet && is_unlocked);
        event_sells && sale.window.status(now) == SaleStatus::OnSale
    }

    /// Returns the price of a unit of a tier with it.
    pub fn price(&self, tier: TierId, price: i64) -> i64 {
        match self.terms.discount {
            Some(discount) if self.is_for(tier) => discount.of(price),
            Some(_) | None => price,
        }
    }
}

/// Asks to add vouchers of the same terms.
#[derive(Debug, Clone)]
pub struct NewVouchers {
    pub event: EventId,
    /// Each with its id; no code twice.
    pub codes: Vec<(VoucherId, VoucherCode)>,
    pub terms: VoucherTerms,
    pub now: Timestamp,
}

/// What became of adding vouchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewVouchersOutcome {
    /// They are added.
    Added(Vec<Voucher>),
    /// Nothing has changed: the event has had vouchers of these codes before.
    Taken(Vec<VoucherCode>),
    /// The event would have more than it can.
    TooMany,
}

/// Asks for a page of an event's vouchers, by their ids.
#[derive(Debug, Clone, Copy)]
pub struct VouchersQuery {
    pub event: EventId,
    /// Those after this one.
    pub after: Option<VoucherId>,
    pub limit: u32,
    pub now: Timestamp,
}

/// Asks what a code is good for, which counts as a guess if that is nothing.
#[derive(Debug, Clone)]
pub struct CodeCheck {
    /// The id that a wrong guess is kept under; names the event.
    pub guess: ReservationId,
    pub code: VoucherCode,
    pub claimant: Claimant,
    /// How many units they may hold, and how long in vain.
    pub bounds: HoldBounds,
    pub now: Timestamp,
}

/// What a code is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCheckOutcome {
    /// For what its voucher says.
    Good(Voucher),
    /// For nothing now.
    Refused(VoucherRefusal),
    /// Whoever asks has guessed too often, or held units in vain for too long.
    InVain(HeldInVain),
    /// No such event is published.
    NoSuchEvent,
}

#[cfg(test)]
mod tests;
