//! How numbers, amounts, dates and places are written in a language.

use usher_keys::Timestamp;
use usher_protocol::labels::UnitLabel;

use super::phrase::isolated;
use super::{Language, Text};
use crate::local_time::LocalMoment;
use crate::money::{Currency, Money};

/// Digits of a group of a long number.
const GROUP_DIGITS: usize = 3;

impl Language {
    /// Writes a whole number.
    pub fn number(self, number: u64) -> String {
        let digits = number.to_string();
        let mark = self.say(Text::GroupMark).to_string();
        let mut written = String::with_capacity(digits.len() * 2);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(GROUP_DIGITS) {
                written.push_str(&mark);
            }
            written.push(digit);
        }
        written
    }

    /// Writes an amount of money with its currency.
    pub fn money(self, money: Money) -> String {
        let (sign, minor) = (if money.minor < 0 { "-" } else { "" }, money.minor.unsigned_abs());
        let decimals = money.currency.decimals();
        let scale = 10_u64.pow(u32::try_from(decimals).expect("at most four decimals"));
        let whole = self.number(minor / scale);
        let number = if decimals == 0 {
            format!("{sign}{whole}")
        } else {
            let mark = self.say(Text::DecimalMark);
            format!("{sign}{whole}{mark}{:0decimals$}", minor % scale)
        };
        let phrase = self.say(Text::Amount).bare("number", number);
        let phrase = phrase.bare("currency", self.currency(money.currency));
        isolated(self, phrase.to_string())
    }

    /// Writes a price.
    pub fn price(self, money: Money) -> String {
        if money.minor == 0 {
            self.say(Text::Free).to_string()
        } else {
            self.money(money)
        }
    }

    /// Returns what a currency is called beside an amount: its code, or the sign that everybody takes for it.
    pub fn currency(self, currency: Currency) -> String {
        let code = match self {
            Self::German | Self::French | Self::Spanish if currency.code() == "EUR" => "€",
            Self::English | Self::German | Self::French | Self::Spanish | Self::Arabic => currency.code(),
        };
        code.to_owned()
    }

    /// Writes a day and time, in that offset from UTC.
    pub fn day_and_time(self, at: Timestamp, utc_offset_minutes: i16) -> String {
        let local = LocalMoment::of(at, utc_offset_minutes);
        let weekday = self.say(Text::Weekday).chosen("day", local.weekday);
        let month = self.say(Text::Month).chosen("month", local.month);
        let phrase = self.say(Text::DayAndTime).bare("weekday", weekday.to_string());
        let phrase = phrase.bare("day", local.day.to_string());
        let phrase = phrase.bare("month", month.to_string());
        let phrase = phrase.bare("year", local.year.to_string());
        let phrase = phrase.bare("time", local.time);
        let zone = if utc_offset_minutes == 0 { " UTC" } else { "" };
        format!("{phrase}{zone}")
    }

    /// Writes what a unit is called.
    pub fn place(self, label: &UnitLabel) -> String {
        let phrase = match label {
            UnitLabel::Seat { section, row, number } => self
                .say(Text::SeatName)
                .with("section", section)
                .with("row", row)
                .with("seat", number),
            UnitLabel::Slot { number } => self.say(Text::SlotName).with("number", number),
            UnitLabel::Foreign { number } => self.say(Text::ForeignName).with("number", number),
            UnitLabel::Unknown(unit) => self.say(Text::UnknownName).with("number", unit),
        };
        phrase.to_string()
    }
}
