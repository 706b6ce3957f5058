//! What buyers look for events by, checked, and the cursors between pages of what was found.

use std::ops::RangeInclusive;

use data_encoding::BASE32HEX_NOPAD;
use jiff::civil::{Date, date};
use serde::Deserialize;
use usher_keys::{EventId, Timestamp};

use crate::catalogue::category::EventCategory;
use crate::catalogue::coordinates::{Coordinates, MOST_KM, Surroundings};
use crate::catalogue::search::{ANY_DAY, EventCursor, EventQuery, NameMatch, sought_words};
use crate::catalogue::words::folded_words;

use super::error::ApiError;
use super::input::Checks;

/// Events on a page unless the request says otherwise, and at most.
const PAGE: u32 = 20;
const BIGGEST_PAGE: u32 = 100;
/// Words of a keyword query that count; more only cost time.
pub const MOST_WORDS: usize = 8;
/// How far around a place is looked unless the request says otherwise, in kilometres.
const NEAR_KM: u32 = 50;
/// The day from which days are counted.
const FIRST_DAY: Date = date(1970, 1, 1);

/// Which events to list. What is empty narrows nothing down.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListEvents {
    /// Words that the name, description, venue, city or category have, each of them or one that begins so; accents and case make no
    /// difference. Events that have them in their name come first.
    pub keyword: String,
    /// The city; accents and case make no difference.
    pub city: String,
    /// The category: `concert`, `festival`, `club`, `theatre`, `comedy`, `classical`, `film`, `sport`, `family`, `exhibition`,
    /// `conference` or `other`.
    pub category: String,
    /// The first local day on which it may begin, such as `2027-06-04`.
    pub from: String,
    /// The last one.
    pub until: String,
    /// What its cheapest ticket may cost at least, in minor units of its currency.
    pub price_min: String,
    /// What its cheapest ticket may cost at most, in minor units of its currency.
    pub price_max: String,
    /// A place to look around: degrees north and east, such as `50.94,6.96`.
    pub near: String,
    /// How far around it, 1 to 500 kilometres; 50 unless given.
    pub within_km: String,
    /// `next_cursor` of the page before.
    pub cursor: String,
    /// Events on a page, 1 to 100; 20 unless given.
    pub limit: Option<u32>,
}

impl ListEvents {
    /// Checks the values.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`].
    pub fn into_query(self, now: Timestamp) -> Result<EventQuery, ApiError> {
        let mut checks = Checks::default();
        checks.text(&self.keyword, "/keyword", 0..=200);
        checks.text(&self.city, "/city", 0..=80);
        let limit = self.limit.unwrap_or(PAGE);
        checks.range(limit, "/limit", 1..=BIGGEST_PAGE);
        let category = unless_empty(&self.category, EventCategory::from_word);
        checks.require(category.is_ok(), "/category", "must be one of the categories");
        let days = self.days(&mut checks);
        let price = self.price(&mut checks);
        let near = self.surroundings(&mut checks);
        let after = unless_empty(&self.cursor, read_cursor);
        checks.require(after.is_ok(), "/cursor", "must be next_cursor of a page before");
        checks.finish()?;
        Ok(EventQuery {
            words: sought_words(&self.keyword, MOST_WORDS),
            city: (!self.city.is_empty()).then(|| folded_words(&self.city).concat()),
            category: category.unwrap_or_default(),
            days,
            price,
            near,
            after: after.unwrap_or_default(),
            ..EventQuery::of_all(limit, now)
        })
    }

    /// Tells whether it asks for everything.
    pub fn narrows_nothing(&self) -> bool {
        let texts = [
            &self.keyword,
            &self.city,
            &self.category,
            &self.from,
            &self.until,
            &self.price_min,
            &self.price_max,
            &self.near,
        ];
        texts.iter().all(|text| text.is_empty())
    }

    fn days(&self, checks: &mut Checks) -> RangeInclusive<i32> {
        let mut day = |text: &str, pointer: &str, none: i32| {
            let read = unless_empty(text, read_day);
            checks.require(read.is_ok(), pointer, "must be a day, such as 2027-06-04");
            read.ok().flatten().unwrap_or(none)
        };
        let from = day(&self.from, "/from", *ANY_DAY.start());
        from..=day(&self.until, "/until", *ANY_DAY.end())
    }

    fn price(&self, checks: &mut Checks) -> RangeInclusive<i64> {
        let mut minor = |text: &str, pointer: &str, none: i64| {
            let read = unless_empty(text, |text| text.parse().ok().filter(|minor| *minor >= 0));
            checks.require(
                read.is_ok(),
                pointer,
                "must be a number of minor units, such as 2500",
            );
            read.ok().flatten().unwrap_or(none)
        };
        let from = minor(&self.price_min, "/price_min", 0);
        from..=minor(&self.price_max, "/price_max", i64::MAX)
    }

    fn surroundings(&self, checks: &mut Checks) -> Option<Surroundings> {
        let center = unless_empty(&self.near, read_place);
        checks.require(
            center.is_ok(),
            "/near",
            "must be degrees north and east, such as 50.94,6.96",
        );
        let km = unless_empty(&self.within_km, |text| text.parse().ok());
        let km = km.map(|km| km.unwrap_or(NEAR_KM)).unwrap_or_default();
        checks.range(km, "/within_km", 1..=MOST_KM);
        let center = center.ok().flatten()?;
        Some(Surroundings { center, km })
    }
}

/// Reads a value that may be left empty.
fn unless_empty<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ()> {
    match text.trim() {
        "" => Ok(None),
        text => read(text).map(Some).ok_or(()),
    }
}

fn read_day(text: &str) -> Option<i32> {
    let day: Date = text.parse().ok()?;
    let days = day.since(FIRST_DAY).ok()?.get_days();
    Some(days.clamp(*ANY_DAY.start(), *ANY_DAY.end()))
}

fn read_place(text: &str) -> Option<Coordinates> {
    let (north, east) = text.split_once(',')?;
    Coordinates::of_degrees(north.trim().parse().ok()?, east.trim().parse().ok()?)
}

/// Writes a cursor: a byte that says how the last event was found, 8 bytes of its listing and 16 of its id.
pub fn write_cursor(cursor: EventCursor) -> String {
    let mut bytes = vec![cursor.found.number()];
    bytes.extend_from_slice(&cursor.listing.to_be_bytes());
    bytes.extend_from_slice(&cursor.event.0);
    BASE32HEX_NOPAD.encode(&bytes).to_ascii_lowercase()
}

fn read_cursor(text: &str) -> Option<EventCursor> {
    let bytes = BASE32HEX_NOPAD
        .decode(text.to_ascii_uppercase().as_bytes())
        .ok()?;
    let (found, rest) = bytes.split_first()?;
    let (listing, event) = rest.split_first_chunk::<8>()?;
    Some(EventCursor {
        found: NameMatch::from_number(*found)?,
        listing: i64::from_be_bytes(*listing),
        event: EventId(event.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests;
