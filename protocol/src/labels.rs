//! What an event's units are called on tickets and, in the same words, everywhere else; short enough to travel in the policy.

use std::fmt;

use bincode::{Decode, Encode};
use usher_keys::codec;

use crate::ident::{FIRST_FOREIGN_UNIT, Unit};

/// Largest table of labels, in bytes: what a policy with every other part at its limit leaves of a record. A house of 100,000
/// seats whose rows count on takes a few hundred bytes, one whose rows of 20 each have a name of their own some 30 KiB.
pub const MAX_LABELS_BYTES: usize = 32 * 1024;

/// What a unit is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitLabel {
    /// A seat.
    Seat {
        section: String,
        row: String,
        /// Its number in the row.
        number: String,
    },
    /// A slot of general admission: only its number, from 1, tells it from the others.
    Slot { number: u32 },
    /// A ticket of another seller, numbered from 1 in the order in which they were first listed.
    Foreign { number: u32 },
    /// A unit whose label is not known here.
    Unknown(Unit),
}

impl UnitLabel {
    /// Returns what a unit is called of which no table tells.
    pub fn without_table(unit: Unit) -> Self {
        match unit.0.checked_sub(FIRST_FOREIGN_UNIT.0) {
            Some(before) => Self::Foreign {
                number: before.saturating_add(1),
            },
            None => Self::Unknown(unit),
        }
    }
}

impl fmt::Display for UnitLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seat { section, row, number } => write!(f, "{section}, row {row}, seat {number}"),
            Self::Slot { number } => write!(f, "no. {number}"),
            Self::Foreign { number } => write!(f, "no. {number} of the other seller"),
            Self::Unknown(unit) => write!(f, "place {unit}"),
        }
    }
}

/// The labels of all units of an event, in the order of the units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct UnitLabels {
    /// How many of the units, the first ones, are seats; all others are slots.
    pub seats: u32,
    /// The sections of the seats, in the order of the units.
    pub sections: Vec<SeatSection>,
}

/// Neighbouring seats of one section.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SeatSection {
    pub name: String,
    pub rows: Vec<SeatRows>,
}

/// Rows whose names count on from the first, with the same numbers in each.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SeatRows {
    /// The name of the first row.
    pub first: String,
    pub rows: u32,
    /// What the seats of each are called.
    pub numbers: SeatNumbers,
}

/// What the seats of a row are called.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum SeatNumbers {
    /// Numbers without gaps.
    Counted { first: u32, seats: u32 },
    /// A name for each.
    Named(Vec<String>),
}

impl UnitLabels {
    /// Writes down the names of an event's seats, given in the order of its units. What would take more than
    /// [`MAX_LABELS_BYTES`] is left out, and those seats are called by the numbers of their units.
    pub fn of<'a>(seats: impl Iterator<Item = [&'a str; 3]>) -> Self {
        let mut labels = Self::default();
        let mut row: Option<(&str, &str, Vec<&str>)> = None;
        for [section, name, number] in seats {
            labels.seats = labels.seats.saturating_add(1);
            match &mut row {
                Some((known, of, numbers)) if *known == section && *of == name => numbers.push(number),
                _ => {
                    let ended = row.replace((section, name, vec![number]));
                    labels.add(ended);
                }
            }
        }
        labels.add(row);
        labels.cut_to(MAX_LABELS_BYTES);
        labels
    }

    fn add(&mut self, row: Option<(&str, &str, Vec<&str>)>) {
        let Some((section, name, numbers)) = row else {
            return;
        };
        if self.sections.last().is_none_or(|last| last.name != section) {
            self.sections.push(SeatSection {
                name: section.to_owned(),
                rows: Vec::new(),
            });
        }
        let Some(section) = self.sections.last_mut() else {
            return;
        };
        let numbers = SeatNumbers::of(&numbers);
        match section.rows.last_mut() {
            Some(last)
                if last.numbers == numbers && counted_on(&last.first, last.rows) == Some(name.to_owned()) =>
            {
                last.rows += 1;
            }
            _ => section.rows.push(SeatRows {
                first: name.to_owned(),
                rows: 1,
                numbers,
            }),
        }
    }

    /// Leaves out the last rows until the table fits.
    fn cut_to(&mut self, most_bytes: usize) {
        // The count of seats and of sections take up to five bytes each.
        let mut bytes = 10;
        for (at, section) in self.sections.iter_mut().enumerate() {
            bytes += codec::encode(&section.name).len() + 5;
            let fitting = section.rows.iter().take_while(|rows| {
                bytes += codec::encode(*rows).len();
                bytes <= most_bytes
            });
            let fitting = fitting.count();
            if fitting < section.rows.len() {
                section.rows.truncate(fitting);
                self.sections.truncate(at + 1);
                return;
            }
        }
    }

    /// Returns what a unit is called.
    pub fn label(&self, unit: Unit) -> UnitLabel {
        if unit >= FIRST_FOREIGN_UNIT {
            return UnitLabel::without_table(unit);
        }
        if unit.0 >= self.seats {
            return UnitLabel::Slot {
                number: (unit.0 - self.seats).saturating_add(1),
            };
        }
        let mut before = u64::from(unit.0);
        for section in &self.sections {
            for rows in &section.rows {
                let all = rows.numbers.count() * u64::from(rows.rows);
                if before < all {
                    return rows.label(&section.name, before);
                }
                before -= all;
            }
        }
        UnitLabel::Unknown(unit)
    }
}

impl SeatRows {
    /// Returns the label of the seat behind so many others of these rows.
    fn label(&self, section: &str, before: u64) -> UnitLabel {
        let seats = self.numbers.count();
        let row = u32::try_from(before / seats).unwrap_or(u32::MAX);
        UnitLabel::Seat {
            section: section.to_owned(),
            row: counted_on(&self.first, row).unwrap_or_else(|| self.first.clone()),
            number: self.numbers.number(before % seats),
        }
    }
}

impl SeatNumbers {
    fn of(numbers: &[&str]) -> Self {
        let first = numbers.first().and_then(|number| decimal(number));
        let is_counted = |first: u32| {
            let mut counted = (u64::from(first)..).zip(numbers);
            counted.all(|(at, number)| decimal(number).map(u64::from) == Some(at))
        };
        match (first, u32::try_from(numbers.len())) {
            (Some(first), Ok(seats)) if is_counted(first) => Self::Counted { first, seats },
            _ => Self::Named(numbers.iter().map(|&number| number.to_owned()).collect()),
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Counted { seats, .. } => u64::from(*seats),
            Self::Named(names) => names.len() as u64,
        }
    }

    fn number(&self, before: u64) -> String {
        match self {
            Self::Counted { first, .. } => (u64::from(*first) + before).to_string(),
            Self::Named(names) => {
                let at = usize::try_from(before).ok();
                at.and_then(|at| names.get(at)).cloned().unwrap_or_default()
            }
        }
    }
}

/// Reads a number that is written as it would be written here.
fn decimal(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Returns the name that comes so many names after another: after "7" comes "8", after "C" comes "D".
fn counted_on(name: &str, by: u32) -> Option<String> {
    if by == 0 {
        return Some(name.to_owned());
    }
    if let Some(number) = decimal(name) {
        return number.checked_add(by).map(|number| number.to_string());
    }
    let &[letter @ b'A'..=b'Z'] = name.as_bytes() else {
        return None;
    };
    let letter = u8::try_from(by).ok().and_then(|by| letter.checked_add(by))?;
    letter
        .is_ascii_uppercase()
        .then(|| char::from(letter).to_string())
}

#[cfg(test)]
mod tests;
