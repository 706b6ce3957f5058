//! Amounts as Stripe counts them: for some currencies in other units than ISO 4217 does, and not every amount of every currency.
//!
//! **Source**: <https://docs.stripe.com/currencies>.

use crate::money::{Currency, Money};

/// Most digits of an amount.
const MOST: i64 = 99_999_999;

/// Returns how many digits of an amount stand behind the decimal point at Stripe.
fn decimals(currency: Currency) -> usize {
    match currency.code() {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        // Without decimals, and sent with two all the same.
        "ISK" | "UGX" => 2,
        _ => currency.decimals(),
    }
}

/// Returns an amount in Stripe's units; `None` if Stripe takes no such amount.
pub fn of_stripe(amount: Money) -> Option<i64> {
    let scaled = scaled(amount)?;
    (least(amount.currency)..=MOST)
        .contains(&scaled)
        .then_some(scaled)
}

/// Returns an amount in Stripe's units, however small; `None` if they cannot say it. So much can be given back of a payment.
pub fn scaled(amount: Money) -> Option<i64> {
    let (ours, theirs) = (amount.currency.decimals(), decimals(amount.currency));
    let scale = 10_i64.checked_pow(u32::try_from(ours.abs_diff(theirs)).ok()?)?;
    let scaled = if theirs >= ours {
        amount.minor.checked_mul(scale)?
    } else if amount.minor % scale == 0 {
        amount.minor / scale
    } else {
        return None;
    };
    // Of three decimals the last one must be 0.
    (theirs < 3 || scaled % 10 == 0).then_some(scaled)
}

/// Returns an amount of Stripe's in our units; `None` if they cannot say it.
pub fn of_ours(scaled: i64, currency: Currency) -> Option<Money> {
    let (ours, theirs) = (currency.decimals(), decimals(currency));
    let scale = 10_i64.checked_pow(u32::try_from(ours.abs_diff(theirs)).ok()?)?;
    let minor = if ours >= theirs {
        scaled.checked_mul(scale)?
    } else if scaled % scale == 0 {
        scaled / scale
    } else {
        return None;
    };
    (minor > 0).then_some(Money { minor, currency })
}

/// Returns the least amount that Stripe takes, in its units: about half a dollar.
fn least(currency: Currency) -> i64 {
    match currency.code() {
        "EUR" | "USD" | "CHF" | "AUD" | "CAD" | "NZD" | "SGD" | "BRL" => 50,
        "GBP" => 30,
        "JPY" => 50,
        "DKK" => 250,
        "NOK" | "SEK" => 300,
        "CZK" => 1_500,
        "PLN" => 200,
        "HUF" => 17_500,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(minor: i64, currency: &str, sent: Option<i64>) {
        let currency = currency.parse().unwrap();
        assert_eq!(of_stripe(Money { minor, currency }), sent, "{minor} {currency}");
    }

    #[track_caller]
    fn check_heard(scaled: i64, currency: &str, minor: Option<i64>) {
        let found = of_ours(scaled, currency.parse().unwrap());
        assert_eq!(found.map(|amount| amount.minor), minor, "{scaled} {currency}");
    }

    #[test]
    fn amounts_are_sent_in_the_units_of_the_gateway() {
        check(4_900, "EUR", Some(4_900));
        check(49, "EUR", None);
        check(29, "GBP", None);
        check(30, "GBP", Some(30));
        check(4_900, "JPY", Some(4_900));
        check(4_900, "ISK", Some(490_000));
        check(4_910, "KWD", Some(4_910));
        check(4_905, "KWD", None);
        check(4_900, "MGA", Some(49));
        check(4_905, "MGA", None);
        check(100_000_000, "EUR", None);
        check_heard(4_900, "EUR", Some(4_900));
        check_heard(490_000, "ISK", Some(4_900));
        check_heard(490_050, "ISK", None);
        check_heard(49, "MGA", Some(4_900));
        check_heard(0, "EUR", None);
    }
}
