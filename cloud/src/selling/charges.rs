//! What of a price is a service fee and what is a tax: included in it or added to it, ticket by ticket, so that each line is rounded by itself.

use super::price_line::PriceLine;

/// Hundredths of a percent in a whole.
const WHOLE: i128 = 10_000;

/// The fee and the tax of a tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charges {
    /// In minor units for each ticket; what costs nothing has none.
    pub fee: i64,
    /// Whether it comes on top of the price, or is in it.
    pub fee_added: bool,
    /// In hundredths of a percent of the price with its fee.
    pub tax: u16,
    /// Whether it comes on top of that, or is in it.
    pub tax_added: bool,
}

/// How much of an amount is fees and taxes, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChargeParts {
    pub fees: i64,
    pub taxes: i64,
}

/// What a ticket costs its buyer, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChargedPrice {
    /// All of it.
    pub price: i64,
    /// How much of that is the fee.
    pub fee: i64,
    /// How much of that is the tax.
    pub tax: i64,
}

impl Charges {
    /// Returns what a ticket costs whose price is this.
    pub fn of(self, price: i64) -> ChargedPrice {
        if price <= 0 {
            return ChargedPrice::default();
        }
        let added = if self.fee_added { self.fee } else { 0 };
        let with_fee = price.saturating_add(added);
        let rate = i128::from(self.tax);
        let tax = if self.tax_added {
            rounded(i128::from(with_fee) * rate, WHOLE)
        } else {
            rounded(i128::from(with_fee) * rate, WHOLE + rate)
        };
        let price = if self.tax_added {
            with_fee.saturating_add(tax)
        } else {
            with_fee
        };
        ChargedPrice {
            price,
            // What is in the price is never more than it.
            fee: self.fee.min(price - tax),
            tax,
        }
    }

    /// Returns a line with what comes on top of its price.
    pub fn charged(self, line: PriceLine) -> PriceLine {
        let ChargedPrice { price, fee, tax } = self.of(line.price);
        PriceLine {
            price,
            fee,
            tax,
            ..line
        }
    }
}

impl ChargeParts {
    /// Adds up the parts of lines.
    pub fn of<'a>(lines: impl Iterator<Item = &'a PriceLine>) -> Self {
        lines.fold(Self::default(), |sum, line| Self {
            fees: sum.fees.saturating_add(line.fee),
            taxes: sum.taxes.saturating_add(line.tax),
        })
    }

    /// Subtracts others from them; nothing becomes negative.
    pub fn without(self, others: Self) -> Self {
        Self {
            fees: (self.fees - others.fees).max(0),
            taxes: (self.taxes - others.taxes).max(0),
        }
    }

    /// Returns them, but no more than others.
    pub fn at_most(self, others: Self) -> Self {
        Self {
            fees: self.fees.min(others.fees),
            taxes: self.taxes.min(others.taxes),
        }
    }

    /// Returns the share that an amount has in them, if they are of this whole: rounded down, so that all shares together are no more.
    pub fn share(self, amount: i64, whole: i64) -> Self {
        let share = |part: i64| {
            let share = i128::from(part) * i128::from(amount.clamp(0, whole.max(0)));
            i64::try_from(share.checked_div(i128::from(whole)).unwrap_or(0)).unwrap_or(part)
        };
        Self {
            fees: share(self.fees),
            taxes: share(self.taxes),
        }
    }
}

/// Divides, to the nearest whole number and a half up.
fn rounded(amount: i128, by: i128) -> i64 {
    i64::try_from((2 * amount + by) / (2 * by)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(charges: Charges, price: i64, expected: (i64, i64, i64)) {
        let ChargedPrice { price, fee, tax } = charges.of(price);
        assert_eq!((price, fee, tax), expected, "{charges:?}");
    }

    #[test]
    fn a_fee_and_a_tax_are_included_or_added() {
        let none = Charges::default();
        check(none, 4_500, (4_500, 0, 0));
        let fee = Charges { fee: 200, ..none };
        check(fee, 4_500, (4_500, 200, 0));
        let added = Charges {
            fee_added: true,
            ..fee
        };
        check(added, 4_500, (4_700, 200, 0));
        check(Charges { tax: 1_900, ..none }, 4_500, (4_500, 0, 718));
        check(
            Charges {
                tax: 1_900,
                tax_added: true,
                ..none
            },
            4_500,
            (5_355, 0, 855),
        );
        check(
            Charges {
                tax: 700,
                tax_added: true,
                ..added
            },
            4_500,
            (5_029, 200, 329),
        );
        check(Charges { tax: 1_900, ..added }, 4_500, (4_700, 200, 750));
        // Half a minor unit is rounded up, and what costs nothing has no fee.
        check(
            Charges {
                tax: 500,
                tax_added: true,
                ..none
            },
            10,
            (11, 0, 1),
        );
        check(added, 0, (0, 0, 0));
        // A fee that is in the price is never more than what the tax leaves of it.
        check(Charges { tax: 1_900, ..fee }, 100, (100, 84, 16));
    }

    #[test]
    fn shares_come_to_no_more_than_the_whole() {
        let parts = ChargeParts { fees: 100, taxes: 33 };
        assert_eq!(parts.share(500, 1_000), ChargeParts { fees: 50, taxes: 16 });
        assert_eq!(parts.share(1_000, 1_000), parts);
        assert_eq!(parts.share(0, 0), ChargeParts::default());
        assert_eq!(parts.share(9_000, 1_000), parts);
    }

    proptest! {
        #[test]
        fn parts_are_within_the_price(price in 0..10_000_000_i64, fee in 0..10_000_000_i64, tax in 0..=10_000_u16,
                                      fee_added: bool, tax_added: bool) {
            let charged = Charges { fee, fee_added, tax, tax_added }.of(price);
            prop_assert!(charged.price >= price);
            prop_assert!(charged.fee >= 0 && charged.tax >= 0);
            prop_assert!(charged.fee + charged.tax <= charged.price);
        }
    }
}
