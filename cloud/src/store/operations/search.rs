//! Finding events on sale by words, place, time, price and sort: one search in the words of either engine.

use crate::catalogue::search::{EventCursor, EventQuery, NameMatch, listings_of};
use crate::catalogue::{EventPage, EventSummary};
use crate::store::StoreError;
use crate::store::search::CitiesQuery;
use crate::store::sql::{Row, Sql, params};

use super::catalogue::event_sale;
use super::column::{category, coordinates, currency, event_id, moment, ms, offset_at};
use super::sought::SearchWords;

/// What is read of each event.
const COLUMNS: &str =
    "SELECT events.event_id, events.name, venue_name, events.city, starts_at, events.ends_at, currency,
        price_from, policy,
        EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = events.event_id),
        sells_from, sells_until, sale_stopped, invoice_days, order_max,
        place, category, events.latitude, events.longitude";

/// What an event found must be beside its words. On a flat map, the square of a distance is compared.
const CONDITIONS: &str = "(place, listings.event_id) > (?1, ?2) AND listings.ends_at > ?4
        AND day BETWEEN ?5 AND ?6 AND price_from BETWEEN ?7 AND ?8
        AND ((listings.latitude - ?9) * (listings.latitude - ?9)
             + (CASE WHEN abs(listings.longitude - ?10) > 180000000 THEN 360000000 - abs(listings.longitude - ?10)
                ELSE abs(listings.longitude - ?10) END * ?11 / 1000)
             * (CASE WHEN abs(listings.longitude - ?10) > 180000000 THEN 360000000 - abs(listings.longitude - ?10)
                ELSE abs(listings.longitude - ?10) END * ?11 / 1000) <= ?12 OR ?12 IS NULL)";

/// Where events come from when words narrow the search down; SQLite goes through them in the order of their numbers, and ends with the limit.
const BY_WORDS_SQLITE: &str = " FROM listing_words CROSS JOIN listings ON place = listing_words.rowid
        CROSS JOIN events ON events.event_id = listings.event_id
        WHERE listing_words MATCH ?14 AND listing_words.rowid >= ?1 AND listing_words.rowid <= ?3 AND ";
const BY_WORDS_POSTGRES: &str = " FROM listings JOIN events ON events.event_id = listings.event_id
        WHERE words @@ CAST(CAST(?14 AS text) AS tsquery) AND place >= ?1 AND place <= ?3 AND ";
const IN_ORDER: &str = " FROM listings CROSS JOIN events ON events.event_id = listings.event_id
        WHERE place >= ?1 AND place <= ?3 AND ";

/// Lists published events that have not ended: by how they match, then by start.
pub fn events(connection: &Sql<'_>, request: &EventQuery) -> Result<EventPage, StoreError> {
    // One more than asked for tells whether there is a next page.
    let limit = usize::try_from(request.limit)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let mut events: Vec<EventSummary> = Vec::new();
    for found in request.matches() {
        let is_before = request.after.is_some_and(|after| after.found > *found);
        if is_before || events.len() >= limit {
            continue;
        }
        page(connection, (request, *found), limit - events.len(), &mut events)?;
    }
    let is_more = events.len() == limit;
    if is_more {
        events.pop();
    }
    let next = events.last().filter(|_| is_more).map(|last| last.cursor);
    Ok(EventPage { events, next })
}

/// Adds those that match in one way.
fn page(
    connection: &Sql<'_>,
    (request, found): (&EventQuery, NameMatch),
    limit: usize,
    events: &mut Vec<EventSummary>,
) -> Result<(), StoreError> {
    let sought = SearchWords::of(connection).sought(request, found);
    let source = match (&sought, connection) {
        (None, _) => IN_ORDER,
        (Some(_), Sql::Sqlite(_)) => BY_WORDS_SQLITE,
        (Some(_), Sql::Postgres(_)) => BY_WORDS_POSTGRES,
    };
    let order = match (&sought, connection) {
        (Some(_), Sql::Sqlite(_)) => " ORDER BY listing_words.rowid LIMIT ?13",
        (None, _) | (Some(_), Sql::Postgres(_)) => " ORDER BY place, listings.event_id LIMIT ?13",
    };
    let days = listings_of(&request.days);
    let after = request
        .after
        .filter(|after| after.found == found && after.listing >= *days.start());
    let (place, event) = after.map_or((*days.start(), [0; 16]), |after| (after.listing, after.event.0));
    let circle = request
        .near
        .map(crate::catalogue::coordinates::Surroundings::circle);
    let (now, until) = (ms(request.now), *days.end());
    let (first_day, last_day) = (i64::from(*request.days.start()), i64::from(*request.days.end()));
    let (lowest, highest) = (*request.price.start(), *request.price.end());
    let latitude = circle.map(|circle| circle.latitude_e6);
    let longitude = circle.map(|circle| circle.longitude_e6);
    let per_mille = circle.map(|circle| circle.longitude_per_mille);
    let square = circle.map(|circle| circle.square);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values = params![
        place, event, until, now, first_day, last_day, lowest, highest, latitude, longitude, per_mille,
        square, limit
    ]
    .to_vec();
    if let Some(text) = &sought {
        values.push(text);
    }
    let mut query = connection.prepare_cached(&[COLUMNS, source, CONDITIONS, order].concat())?;
    let read = query.query_and_then(values.as_slice(), |row| read_summary(row, found))?;
    for event in read {
        events.push(event?);
    }
    Ok(())
}

fn read_summary(row: &Row<'_>, found: NameMatch) -> Result<EventSummary, StoreError> {
    let id = event_id(row.get(0)?);
    let starts_at = moment(row.get(4)?);
    Ok(EventSummary {
        id,
        name: row.get(1)?,
        venue_name: row.get(2)?,
        city: row.get(3)?,
        starts_at,
        ends_at: moment(row.get(5)?),
        currency: currency(row.column(6)?.as_str()?)?,
        price_from: row.get(7)?,
        utc_offset_minutes: offset_at(row.column(8)?.as_str()?, starts_at)?,
        is_canceled: row.get(9)?,
        sale: event_sale(row, 10)?,
        category: category(row, 16)?,
        coordinates: coordinates(row, 17)?,
        cursor: EventCursor {
            found,
            listing: row.get(15)?,
            event: id,
        },
    })
}

/// Lists the cities that have events and whose names begin with a text.
pub fn cities(connection: &Sql<'_>, request: &CitiesQuery) -> Result<Vec<String>, StoreError> {
    let mut query = connection.prepare_cached(connection.pick(
        "SELECT min(city) FROM listings WHERE city_key >= ?1 AND city_key < ?2 AND ends_at > ?3
         GROUP BY city_key ORDER BY city_key LIMIT ?4",
        "SELECT min(city) FROM listings WHERE city_key ~>=~ ?1 AND city_key ~<~ ?2 AND ends_at > ?3
         GROUP BY city_key ORDER BY city_key LIMIT ?4",
    ))?;
    let beyond = format!("{}\u{10FFFF}", request.begins);
    let values = params![request.begins, beyond, ms(request.now), request.limit];
    let found = query.query_map(values, |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
