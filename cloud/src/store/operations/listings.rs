//! Writing the listings that events on sale are found by: each is made anew of its event whenever that changes.

use std::collections::BTreeSet;

use usher_keys::{EventId, Timestamp};

use crate::catalogue::coordinates::Coordinates;
use crate::catalogue::search::{listing_number, local_day};
use crate::catalogue::words::{folded_words, spelled_whole, spelled_words};
use crate::store::StoreError;
use crate::store::search::ForgetListings;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::Effect;
use super::column::{coordinates, event_id, moment, ms, offset_at};

/// Listings that are made side by side when a store is opened.
const LISTED_AT_ONCE: u32 = 200;

/// What a listing is made of.
struct Listed {
    name: String,
    /// Description, venue, city and category.
    rest: [String; 4],
    starts_at: Timestamp,
    ends_at: Timestamp,
    day: i32,
    price_from: i64,
    coordinates: Option<Coordinates>,
}

impl Listed {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let starts_at = moment(row.get(5)?);
        Ok(Self {
            name: row.get(0)?,
            rest: [
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get::<Option<String>>(4)?.unwrap_or_default(),
            ],
            starts_at,
            ends_at: moment(row.get(6)?),
            day: local_day(starts_at, offset_at(row.column(7)?.as_str()?, starts_at)?),
            price_from: row.get::<Option<i64>>(8)?.unwrap_or(0),
            coordinates: coordinates(row, 9)?,
        })
    }

    fn city(&self) -> &str {
        &self.rest[2]
    }

    /// Returns the words of its name, its other words, and what a search is narrowed down by.
    fn words(&self) -> [BTreeSet<String>; 3] {
        let rest = self.rest.iter().flat_map(|text| spelled_words(text));
        let mut tags: BTreeSet<String> = spelled_whole(self.city())
            .iter()
            .map(|city| city_tag(city))
            .collect();
        if !self.rest[3].is_empty() {
            tags.insert(category_tag(&self.rest[3]));
        }
        tags.extend(self.coordinates.into_iter().flat_map(Coordinates::cells));
        [spelled_words(&self.name), rest.collect(), tags]
    }
}

/// Returns the word that events in a city have.
pub fn city_tag(city: &str) -> String {
    format!("city{city}")
}

/// Returns the word that events of a sort have.
pub fn category_tag(category: &str) -> String {
    format!("sort{category}")
}

/// Makes the listing of an event anew; one that is a draft gets none.
pub fn list(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT name, description, venue_name, city, category, starts_at, ends_at, policy,
                    (SELECT min(CASE WHEN price = 0 THEN 0 ELSE
                        price + fee * fee_added + ((price + fee * fee_added) * tax * tax_added + 5000) / 10000 END)
                     FROM tiers WHERE tiers.event_id = events.event_id AND hidden = 0),
                    latitude, longitude
             FROM events WHERE event_id = ?1 AND status = 'published'",
        )?
        .query_and_then([event.0], Listed::read)?
        .next()
        .transpose()?;
    unlist(connection, event)?;
    found.map_or(Ok(()), |listed| insert(connection, event, &listed))
}

fn insert(connection: &Sql<'_>, event: EventId, listed: &Listed) -> Result<(), StoreError> {
    let words = listed.words();
    let mut place = listing_number(listed.starts_at, event);
    if let Sql::Sqlite(_) = connection {
        let mut taken = connection.prepare_cached("SELECT 1 FROM listings WHERE place = ?1")?;
        while taken.exists([place])? {
            place += 1;
        }
    }
    let (latitude, longitude) = degrees(listed.coordinates);
    let (ends_at, city) = (ms(listed.ends_at), listed.city());
    let (day, city_key) = (listed.day, folded_words(city).concat());
    connection
        .prepare_cached(
            "INSERT INTO listings (place, event_id, ends_at, day, city, city_key, price_from, latitude, longitude)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .run(params![
            place, event.0, ends_at, day, city, city_key, listed.price_from, latitude, longitude
        ])?;
    match connection {
        Sql::Sqlite(_) => {
            let [name, other, tags] = words.map(|words| words.into_iter().collect::<Vec<_>>().join(" "));
            connection
                .prepare_cached(
                    "INSERT INTO listing_words (rowid, name, other, tags) VALUES (?1, ?2, ?3, ?4)",
                )?
                .run(params![place, name, other, tags])?;
        }
        Sql::Postgres(_) => connection
            .prepare_cached(
                "UPDATE listings SET words = CAST(CAST(?2 AS text) AS tsvector) WHERE event_id = ?1",
            )?
            .run(params![event.0, lexemes(&words)])?,
    }
    Ok(())
}

/// Writes words as PostgreSQL reads them without a parser of its own: letters and digits need no more than quotes.
fn lexemes(words: &[BTreeSet<String>; 3]) -> String {
    let weights = ["A", "B", "D"].into_iter().zip(words);
    let each =
        weights.flat_map(|(weight, words)| words.iter().map(move |word| format!("'{word}':1{weight}")));
    each.collect::<Vec<_>>().join(" ")
}

/// Returns the two columns of a place.
pub fn degrees(coordinates: Option<Coordinates>) -> (Option<i32>, Option<i32>) {
    coordinates.map(|at| (at.latitude_e6, at.longitude_e6)).unzip()
}

/// Takes the listing of an event away, if there is one.
pub fn unlist(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    if let Sql::Sqlite(_) = connection {
        let place: Option<i64> = connection
            .prepare_cached("SELECT place FROM listings WHERE event_id = ?1")?
            .query_row([event.0], |row| row.get(0))
            .optional()?;
        let Some(place) = place else {
            return Ok(());
        };
        connection
            .prepare_cached("DELETE FROM listing_words WHERE rowid = ?1")?
            .run([place])?;
    }
    connection
        .prepare_cached("DELETE FROM listings WHERE event_id = ?1")?
        .run([event.0])?;
    Ok(())
}

/// Finds events on sale that have no listing, some at a time: they were published before there were any, or came here from another place.
pub fn unlisted(connection: &Sql<'_>, now: Timestamp) -> Result<Vec<EventId>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT event_id FROM events WHERE status = 'published' AND ends_at > ?1
           AND NOT EXISTS (SELECT 1 FROM listings WHERE listings.event_id = events.event_id) LIMIT ?2",
    )?;
    let found = query.query_map(params![ms(now), LISTED_AT_ONCE], |row| row.get(0).map(event_id))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Takes listings of events away that are over; tells how many.
pub fn forget_listings(connection: &Sql<'_>, request: &ForgetListings) -> Result<Effect<usize>, StoreError> {
    let mut query =
        connection.prepare_cached("SELECT event_id FROM listings WHERE ends_at <= ?1 LIMIT ?2")?;
    let found = query.query_map(params![ms(request.ended_by), request.limit], |row| {
        row.get(0).map(event_id)
    })?;
    let events = found.collect::<Result<Vec<_>, _>>()?;
    for event in &events {
        unlist(connection, *event)?;
    }
    Ok(Effect::Keep(events.len()))
}
