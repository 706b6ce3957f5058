//! Looking for events on sale: what they are found by, in which order they come, and where a page of them goes on.

use std::ops::RangeInclusive;

use usher_keys::{EventId, Timestamp};

use super::category::EventCategory;
use super::coordinates::Surroundings;
use super::words::folded_words;

/// Bits of a listing's number that tell events with the same start apart.
const APART_BITS: u32 = 30;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// How far local time is from UTC at most, in milliseconds.
const FARTHEST_MS: i64 = 14 * 3_600_000;
/// The days that a search without dates takes: all that a listing's number has room for.
pub const ANY_DAY: RangeInclusive<i32> = -1..=90_000;

/// Asks for a page of published events.
#[derive(Debug, Clone)]
pub struct EventQuery {
    /// Words that the event has, folded, each of them or one that begins so; `None` asks for none, an empty list finds nothing.
    pub words: Option<Vec<String>>,
    /// Whether they must be in the event's name.
    pub names_only: bool,
    /// The city, folded into one word.
    pub city: Option<String>,
    /// The sort of event.
    pub category: Option<EventCategory>,
    /// The local days on which it begins, counted from the first of January 1970.
    pub days: RangeInclusive<i32>,
    /// Its lowest price, in minor units.
    pub price: RangeInclusive<i64>,
    /// Around which place it is.
    pub near: Option<Surroundings>,
    /// Only events after this place in the order.
    pub after: Option<EventCursor>,
    /// At most so many.
    pub limit: u32,
    /// The time: events that have ended are left out.
    pub now: Timestamp,
}

impl EventQuery {
    /// Asks for the first page of all events.
    pub fn of_all(limit: u32, now: Timestamp) -> Self {
        Self {
            words: None,
            names_only: false,
            city: None,
            category: None,
            days: ANY_DAY,
            price: 0..=i64::MAX,
            near: None,
            after: None,
            limit,
            now,
        }
    }

    /// Returns the ways of matching to go through, the best first.
    pub fn matches(&self) -> &'static [NameMatch] {
        let all = &[NameMatch::Whole, NameMatch::Begun, NameMatch::Elsewhere];
        match &self.words {
            None => &all[..1],
            Some(words) if words.is_empty() => &[],
            Some(_) if self.names_only => &all[..2],
            Some(_) => all,
        }
    }
}

/// Reads the words that somebody types to look for events; only the first `most` of them count.
pub fn sought_words(text: &str, most: usize) -> Option<Vec<String>> {
    let mut words = folded_words(text);
    words.truncate(most);
    (!text.trim().is_empty()).then_some(words)
}

/// How an event has the words that are looked for; what has them in its name comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameMatch {
    /// Its name has all of them; also when none are looked for.
    Whole,
    /// Words of its name begin so.
    Begun,
    /// Words of its name, description, venue, city or category begin so.
    Elsewhere,
}

impl NameMatch {
    /// Returns its number in cursors.
    pub fn number(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::Begun => 1,
            Self::Elsewhere => 2,
        }
    }

    /// Reads the number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Whole, Self::Begun, Self::Elsewhere]
            .into_iter()
            .find(|found| found.number() == number)
    }
}

/// A place in the order of events: by how they match, then by start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor {
    pub found: NameMatch,
    /// The listing's number, which grows with the start.
    pub listing: i64,
    pub event: EventId,
}

/// Returns the number of an event's listing: its start in seconds, then what tells it apart from others with the same one.
pub fn listing_number(starts_at: Timestamp, event: EventId) -> i64 {
    let apart = event
        .0
        .last_chunk::<4>()
        .map_or(0, |last| u32::from_be_bytes(*last));
    first_listing(i64::try_from(starts_at.0).unwrap_or(i64::MAX))
        | i64::from(apart >> (u32::BITS - APART_BITS))
}

/// Returns the lowest number of a listing that starts at a time, in milliseconds.
fn first_listing(starts_ms: i64) -> i64 {
    (starts_ms / 1_000).clamp(0, (1 << (i64::BITS - 1 - APART_BITS)) - 1) << APART_BITS
}

/// Returns the numbers that listings of some local days have: no fewer, and some of the days beside them.
pub fn listings_of(days: &RangeInclusive<i32>) -> RangeInclusive<i64> {
    let from = i64::from(*days.start()) * DAY_MS - FARTHEST_MS;
    let until = (i64::from(*days.end()) + 1) * DAY_MS + FARTHEST_MS;
    first_listing(from)..=first_listing(until)
}

/// Returns the local day of a moment.
pub fn local_day(at: Timestamp, offset_minutes: i16) -> i32 {
    let local = i64::try_from(at.0)
        .unwrap_or(i64::MAX)
        .saturating_add(i64::from(offset_minutes) * 60_000);
    i32::try_from(local.div_euclid(DAY_MS))
        .unwrap_or(i32::MAX)
        .min(*ANY_DAY.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_listings_grow_with_the_start() {
        let number = |seconds: u64, last: u8| listing_number(Timestamp(seconds * 1_000), EventId([last; 16]));
        assert!(number(1_800_000_000, 255) < number(1_800_000_001, 0));
        assert_ne!(number(1_800_000_000, 1), number(1_800_000_000, 2));
        assert!(listing_number(Timestamp(u64::MAX), EventId([255; 16])) > number(1_800_000_000, 0));
    }

    #[test]
    fn a_days_listings_are_among_its_numbers_wherever_it_is() {
        for (offset, ms) in [(-720, 1_800_000_000_000), (840, 1_800_050_000_000), (0, 0)] {
            let (at, event) = (Timestamp(ms), EventId([7; 16]));
            let day = local_day(at, offset);
            assert!(listings_of(&(day..=day)).contains(&listing_number(at, event)));
        }
        assert!(
            listings_of(&ANY_DAY).contains(&listing_number(Timestamp(1_800_000_000_000), EventId([255; 16])))
        );
    }

    #[test]
    fn a_text_without_a_word_finds_nothing() {
        assert_eq!(sought_words("  ", 8), None);
        assert_eq!(sought_words("?!", 8), Some(vec![]));
        assert_eq!(
            sought_words("Owls & OWLS", 8),
            Some(vec!["owls".into(), "owls".into()])
        );
    }
}
