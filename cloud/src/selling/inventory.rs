//! What an organizer lets be sold, when, and how much at once; and how many units a tier of general admission has. A change never touches
//! what is held or sold.

use usher_keys::Timestamp;
use usher_protocol::TierId;

use super::charges::Charges;
use super::price_line::PriceLine;
use super::price_steps::PriceSteps;
use super::sale::{SaleStatus, SaleWindow};

/// How an organizer sells a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierSale {
    pub window: SaleWindow,
    /// Whether buyers do not see it and cannot have it.
    pub is_hidden: bool,
    /// The fewest units that a reservation with any may have.
    pub order_min: u32,
    /// The most, if that is said.
    pub order_max: Option<u32>,
    /// What of its price is a fee and a tax.
    pub charges: Charges,
    /// The prices that it has before its full one.
    pub steps: PriceSteps,
}

impl Default for TierSale {
    fn default() -> Self {
        Self {
            window: SaleWindow::default(),
            is_hidden: false,
            order_min: 1,
            order_max: None,
            charges: Charges::default(),
            steps: PriceSteps::default(),
        }
    }
}

/// A tier of which a reservation has too few or too many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongQuantity {
    pub tier: TierId,
    pub min: u32,
    pub max: Option<u32>,
}

/// Why units of a tier may not be ordered so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderRefusal {
    /// Whoever asks does not know of the tier.
    Hidden,
    /// The tier does not sell now.
    NotOnSale(SaleStatus),
    /// There would be too few or too many.
    WrongQuantity(WrongQuantity),
}

impl TierSale {
    /// Returns how it is sold to whoever has a code that unlocks it: as if it were not hidden, and its sale had begun.
    pub fn unlocked(self) -> Self {
        Self {
            is_hidden: false,
            window: SaleWindow {
                from: None,
                ..self.window
            },
            ..self
        }
    }

    /// Decides whether so many units of the tier may be in one reservation; that they are free is known by then.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_order(&self, tier: TierId, units: u32, now: Timestamp) -> Result<(), OrderRefusal> {
        if self.is_hidden {
            return Err(OrderRefusal::Hidden);
        }
        let status = self.window.status(now);
        if status != SaleStatus::OnSale {
            return Err(OrderRefusal::NotOnSale(status));
        }
        let fits = self.order_min <= units && self.order_max.is_none_or(|max| units <= max);
        if !fits {
            return Err(OrderRefusal::WrongQuantity(WrongQuantity {
                tier,
                min: self.order_min,
                max: self.order_max,
            }));
        }
        Ok(())
    }
}

/// Counts the units of each tier in the lines of a reservation.
pub fn units_by_tier(lines: &[PriceLine]) -> Vec<(TierId, u32)> {
    let mut counts: Vec<(TierId, u32)> = Vec::new();
    for line in lines {
        match counts.iter_mut().find(|(tier, _)| *tier == line.tier) {
            Some((_, count)) => *count += 1,
            None => counts.push((line.tier, 1)),
        }
    }
    counts
}

/// The units of a tier, as its capacity is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierUnits {
    /// All of them.
    pub all: u32,
    /// Those that are free and were never sold: no ticket was ever signed for them.
    pub unsold: u32,
    /// How many are seats, whose number is that of the seat map.
    pub seats: u32,
    /// All units of the event.
    pub of_event: u32,
}

/// How the capacity of a tier changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resizing {
    /// It gets so many more units.
    Add(u32),
    /// So many go that were never sold, those with the highest numbers first.
    Remove(u32),
}

/// Why the capacity of a tier stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResizeRefusal {
    /// It has seats, or none of its units is a slot.
    Seats,
    /// So many are held, sold or were sold before.
    Least(u32),
    /// The event would have more units than it may.
    TooMany,
}

/// Decides how a tier comes to have so many units, in an event that may have so many in all.
///
/// # Errors
///
/// Why it does not.
pub fn resize(units: TierUnits, capacity: u32, most_of_event: u32) -> Result<Resizing, ResizeRefusal> {
    if units.seats > 0 {
        return Err(ResizeRefusal::Seats);
    }
    let least = units.all - units.unsold.min(units.all);
    if capacity < least {
        return Err(ResizeRefusal::Least(least));
    }
    if capacity <= units.all {
        return Ok(Resizing::Remove(units.all - capacity));
    }
    let more = capacity - units.all;
    if units.of_event.saturating_add(more) > most_of_event {
        return Err(ResizeRefusal::TooMany);
    }
    Ok(Resizing::Add(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIER: TierId = TierId(2);
    const NOW: Timestamp = Timestamp(1_000);

    #[test]
    fn a_reservation_keeps_to_the_fewest_and_the_most_of_each_tier() {
        let sale = TierSale {
            order_min: 2,
            order_max: Some(4),
            ..TierSale::default()
        };
        let wrong = OrderRefusal::WrongQuantity(WrongQuantity {
            tier: TIER,
            min: 2,
            max: Some(4),
        });
        for (units, expected) in [(1, Err(wrong)), (2, Ok(())), (4, Ok(())), (5, Err(wrong))] {
            assert_eq!(sale.may_order(TIER, units, NOW), expected, "{units}");
        }
        let hidden = TierSale {
            is_hidden: true,
            ..sale
        };
        assert_eq!(hidden.may_order(TIER, 2, NOW), Err(OrderRefusal::Hidden));
    }

    #[test]
    fn a_capacity_never_goes_below_what_is_held_or_sold() {
        let units = TierUnits {
            all: 10,
            unsold: 6,
            seats: 0,
            of_event: 90,
        };
        for (capacity, expected) in [
            (3, Err(ResizeRefusal::Least(4))),
            (4, Ok(Resizing::Remove(6))),
            (10, Ok(Resizing::Remove(0))),
            (20, Ok(Resizing::Add(10))),
            (21, Err(ResizeRefusal::TooMany)),
        ] {
            assert_eq!(resize(units, capacity, 100), expected, "{capacity}");
        }
        let seats = TierUnits { seats: 1, ..units };
        assert_eq!(resize(seats, 10, 100), Err(ResizeRefusal::Seats));
    }
}
