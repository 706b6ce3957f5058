//! What an event has sold and given back, day by day and tier by tier; which day a moment belongs to is told by whoever knows the time zone.

use std::collections::BTreeMap;

use jiff::civil::Date;
use usher_protocol::{TierId, Unit};

use super::gateway_kind::GatewayKind;
use super::price_line::PriceLine;

/// What was sold and taken back of one tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TierFigures {
    /// Tickets sold.
    pub sold: u32,
    /// What they cost, in minor units.
    pub sold_amount: i64,
    /// Tickets taken back.
    pub taken_back: u32,
    /// What they had cost.
    pub taken_back_amount: i64,
}

/// What happened on one day; amounts in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayFigures {
    pub tiers: BTreeMap<TierId, TierFigures>,
    /// Bookings that were paid for, or were free.
    pub bookings: u32,
    /// What was charged for them.
    pub charged: i64,
    /// How much of that whoever took it has: gateways by their names, tills, card terminals, the bank.
    pub ways: BTreeMap<GatewayKind, i64>,
    /// How much of that was service fees.
    pub fees: i64,
    /// How much of it was taxes.
    pub taxes: i64,
    /// What was promised back to buyers.
    pub refunded: i64,
    /// What was kept of the prices of the tickets that were taken back; less than nothing where more was given.
    pub kept: i64,
    /// What banks have given to their buyers for good.
    pub disputes_lost: i64,
}

impl DayFigures {
    /// Returns what was earned: what the accounts of sales, fees and taxes in the journal stand for together.
    pub fn earned(&self) -> i64 {
        self.charged - self.refunded - self.disputes_lost
    }

    /// Adds the figures of another day.
    pub fn add(&mut self, other: &Self) {
        for (tier, figures) in &other.tiers {
            let sum = self.tiers.entry(*tier).or_default();
            sum.sold += figures.sold;
            sum.sold_amount += figures.sold_amount;
            sum.taken_back += figures.taken_back;
            sum.taken_back_amount += figures.taken_back_amount;
        }
        for (way, amount) in &other.ways {
            *self.ways.entry(*way).or_default() += amount;
        }
        self.bookings += other.bookings;
        self.charged += other.charged;
        self.fees += other.fees;
        self.taxes += other.taxes;
        self.refunded += other.refunded;
        self.kept += other.kept;
        self.disputes_lost += other.disputes_lost;
    }
}

/// The days of an event on which something happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyReport {
    pub days: BTreeMap<Date, DayFigures>,
}

impl DailyReport {
    /// Takes a booking in that was confirmed on a day.
    pub fn take_sale(&mut self, day: Date, (charged, way): (i64, GatewayKind), lines: &[PriceLine]) {
        let figures = self.days.entry(day).or_default();
        figures.bookings += 1;
        figures.charged += charged;
        if charged != 0 {
            *figures.ways.entry(way).or_default() += charged;
        }
        for line in lines {
            let tier = figures.tiers.entry(line.tier).or_default();
            tier.sold += 1;
            tier.sold_amount += line.price;
            figures.fees += line.fee;
            figures.taxes += line.tax;
        }
    }

    /// Takes a refund in that began on a day: it takes back the tickets of these units, at the prices of their booking.
    pub fn take_refund(&mut self, day: Date, amount: i64, (lines, units): (&[PriceLine], &[Unit])) {
        let figures = self.days.entry(day).or_default();
        figures.refunded += amount;
        let mut price = 0;
        for line in lines.iter().filter(|line| units.contains(&line.unit)) {
            let tier = figures.tiers.entry(line.tier).or_default();
            tier.taken_back += 1;
            tier.taken_back_amount += line.price;
            price += line.price;
        }
        // Money alone is goodwill, and nothing is kept of it.
        if price > 0 {
            figures.kept += price - amount;
        }
    }

    /// Takes a dispute in that was lost on a day.
    pub fn take_lost(&mut self, day: Date, amount: i64) {
        self.days.entry(day).or_default().disputes_lost += amount;
    }

    /// Adds all days up.
    pub fn total(&self) -> DayFigures {
        let mut total = DayFigures::default();
        self.days.values().for_each(|day| total.add(day));
        total
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const LINES: [PriceLine; 3] = [line(0, 1, 4_500), line(1, 1, 4_500), line(6, 2, 2_500)];

    const fn line(unit: u32, tier: u16, price: i64) -> PriceLine {
        PriceLine {
            unit: Unit(unit),
            tier: TierId(tier),
            price,
            fee: if tier == 1 { 250 } else { 0 },
            tax: 0,
        }
    }

    #[test]
    fn a_day_has_what_was_sold_and_taken_back_on_it() {
        let (first, second) = (date(2027, 1, 15), date(2027, 1, 16));
        let mut report = DailyReport::default();
        report.take_sale(first, (12_000, GatewayKind::Stripe), &LINES);
        report.take_sale(first, (0, GatewayKind::Cash), &[]);
        report.take_refund(second, 4_000, (&LINES, &[Unit(1)]));
        report.take_refund(second, 100, (&LINES, &[]));
        report.take_lost(second, 2_000);
        let day = &report.days[&first];
        assert_eq!(
            (day.bookings, day.charged, day.fees, day.earned()),
            (2, 12_000, 500, 12_000)
        );
        assert_eq!(day.ways, [(GatewayKind::Stripe, 12_000)].into());
        let of_tier = day.tiers[&TierId(1)];
        assert_eq!(
            (of_tier.sold, of_tier.sold_amount, of_tier.taken_back),
            (2, 9_000, 0)
        );
        let day = &report.days[&second];
        assert_eq!((day.refunded, day.kept, day.disputes_lost), (4_100, 500, 2_000));
        assert_eq!(day.tiers[&TierId(1)].taken_back_amount, 4_500);
        let total = report.total();
        assert_eq!((total.earned(), total.tiers[&TierId(1)].sold), (5_900, 2));
    }
}
