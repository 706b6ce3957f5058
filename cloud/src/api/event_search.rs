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
use crate::money::MAX_PRICE;

use super::error::ApiError;
use super::input::{Checks, read_digits};

/// Events on a page unless the request says otherwise.
const PAGE: u32 = 20;
/// How many events may be asked for at once.
pub const EVENTS_ON_A_PAGE: RangeInclusive<u32> = 1..=100;
/// Length of the words that are looked for, in bytes.
pub const KEYWORD_BYTES: RangeInclusive<usize> = 0..=200;
/// Length of a city's name that is looked for, in bytes.
pub const CITY_BYTES: RangeInclusive<usize> = 0..=80;
/// What a day that is asked for looks like, as a regular expression.
pub const DAY_PATTERN: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
/// What a place that is looked around looks like, as a regular expression.
pub const PLACE_PATTERN: &str = r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?, ?-?[0-9]{1,3}(?:\.[0-9]{1,20})?";
/// What a cursor looks like, as a regular expression: 25 bytes in base32hex.
pub const CURSOR_PATTERN: &str = "[0-9a-v]{40}";
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
    #[param(value_type = Option<i64>)]
    pub price_min: String,
    /// What its cheapest ticket may cost at most, in minor units of its currency.
    #[param(value_type = Option<i64>)]
    pub price_max: String,
    /// A place to look around: degrees north and east, such as `50.94,6.96`.
    pub near: String,
    /// How far around it, 1 to 500 kilometres; 50 unless given.
    #[param(value_type = Option<u32>)]
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
        checks.text(&self.keyword, "/keyword", KEYWORD_BYTES);
        checks.text(&self.city, "/city", CITY_BYTES);
        let limit = self.limit.unwrap_or(PAGE);
        checks.range(limit, "/limit", EVENTS_ON_A_PAGE);
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
            let read = unless_empty(text, |text| i64::try_from(read_digits(text)?).ok());
            checks.require(
                read.is_ok_and(|minor| minor.is_none_or(|minor| minor <= MAX_PRICE)),
                pointer,
                format!("must be a number of minor units up to {MAX_PRICE}, such as 2500"),
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
        let km = unless_empty(&self.within_km, |text| u32::try_from(read_digits(text)?).ok());
        let km = km.map(|km| km.unwrap_or(NEAR_KM)).unwrap_or_default();
        checks.range(km, "/within_km", 1..=MOST_KM);
        let center = center.ok().flatten()?;
        Some(Surroundings { center, km })
    }
}

/// Reads a value that may be left empty.
fn unless_empty<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    read(text).map(Some).ok_or(())
}

fn read_day(text: &str) -> Option<i32> {
    // Of the other ways to write a day that are understood, none has its hyphens there and this length.
    let is_fit = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    let day: Date = text.parse().ok().filter(|_| is_fit)?;
    let days = day.since(FIRST_DAY).ok()?.get_days();
    Some(days.clamp(*ANY_DAY.start(), *ANY_DAY.end()))
}

fn read_place(text: &str) -> Option<Coordinates> {
    let (north, east) = text.split_once(',')?;
    let east = east.strip_prefix(' ').unwrap_or(east);
    Coordinates::of_degrees(read_degrees(north)?, read_degrees(east)?)
}

/// Reads degrees: up to three digits, and up to fifteen behind a point.
fn read_degrees(text: &str) -> Option<f64> {
    let written = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = written.split_once('.').unwrap_or((written, "0"));
    let is_fit = (1..=3).contains(&whole.len()) && (1..=20).contains(&part.len());
    let is_digits = whole
        .bytes()
        .chain(part.bytes())
        .all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_fit && is_digits)
}

/// Writes a cursor: a byte that says how the last event was found, 8 bytes of its listing and 16 of its id.
pub fn write_cursor(cursor: EventCursor) -> String {
    let mut bytes = vec![cursor.found.number()];
    bytes.extend_from_slice(&cursor.listing.to_be_bytes());
    bytes.extend_from_slice(&cursor.event.0);
    BASE32HEX_NOPAD.encode(&bytes).to_ascii_lowercase()
}

fn read_cursor(text: &str) -> Option<EventCursor> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
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
