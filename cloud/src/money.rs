//! Amounts of money: whole minor units (cents) and a currency code; no conversion, no fractions, no formatting rules of countries.

mod decline;
mod exponents;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use decline::DeclineReason;

/// Highest price of one unit, in minor units: ten million euros catch a slip of the keyboard, and sums cannot overflow.
pub const MAX_PRICE: i64 = 1_000_000_000;
/// Highest amount of an order: of more units than any event has, and exact in a JSON number.
pub const MAX_ORDER: i64 = MAX_PRICE * 1_000_000;

/// A currency by its ISO 4217 code, three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is not a currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a currency: expected three capital letters such as EUR")]
pub struct InvalidCurrency;

impl Currency {
    /// Returns the code.
    pub fn code(&self) -> &str {
        str::from_utf8(&self.0).expect("a currency is three capital letters")
    }

    /// Returns how many digits of an amount stand behind the decimal point; two if nobody pays with it.
    pub fn decimals(self) -> usize {
        exponents::exponent(self.code()).unwrap_or(2)
    }

    /// Tells whether it is one that people pay with. What was written down earlier may be none.
    pub fn is_in_use(self) -> bool {
        exponents::exponent(self.code()).is_some()
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(code))
        } else {
            Err(InvalidCurrency)
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidCurrency;

    fn try_from(text: String) -> Result<Self, InvalidCurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in minor units of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Minor units: cents for EUR, whole yen for JPY.
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    /// Writes the amount with the decimals of its currency, and without its name: `45.00`.
    pub fn decimal(self) -> String {
        let decimals = self.currency.decimals();
        if decimals == 0 {
            return self.minor.to_string();
        }
        let scale = 10_u64.pow(u32::try_from(decimals).expect("at most four decimals"));
        let (sign, amount) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        format!("{sign}{}.{:0decimals$}", amount / scale, amount % scale)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(minor: i64, currency: &str, text: &str) {
        let currency = currency.parse().unwrap();
        assert_eq!(Money { minor, currency }.to_string(), text);
    }

    #[test]
    fn amounts_are_shown_in_the_digits_of_their_currency() {
        check(4_905, "EUR", "49.05 EUR");
        check(0, "EUR", "0.00 EUR");
        check(4_905, "JPY", "4905 JPY");
        check(4_905, "KWD", "4.905 KWD");
        check(4_905, "CLF", "0.4905 CLF");
        check(-5, "EUR", "-0.05 EUR");
    }

    #[test]
    fn only_three_capital_letters_are_a_currency() {
        for bad in ["", "eur", "EURO", "E1R", "€"] {
            assert_eq!(bad.parse::<Currency>(), Err(InvalidCurrency), "{bad}");
        }
    }
}
