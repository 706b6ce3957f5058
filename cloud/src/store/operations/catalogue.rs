//! Reading events, their seats, how full they are and what they have sold; nothing here writes.

use std::collections::HashSet;
use std::sync::Arc;

use usher_keys::EventId;
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{TierId, Unit};

use crate::catalogue::{
    Event, EventLine, Layout, Occupancy, OccupancyQuery, PlacedSection, SeatUnit, Status, Tier, TierCount,
};
use crate::ids::{OrganizerId, VenueId};
use crate::selling::blocks::BLOCKED_UNTIL;
use crate::selling::charges::Charges;
use crate::selling::inventory::TierSale;
use crate::selling::price_steps::PriceSteps;
use crate::selling::sale::{EventSale, SaleWindow};
use crate::store::organizing::EventSales;
use crate::store::sql::{Row, Sql, SqlError, params};
use crate::store::{SalesQuery, StoreError};

use super::column::{
    category, coordinates, currency, event_id, event_status, moment, ms, narrow, places, policy, price_steps,
    unit_state,
};

/// Lists the ids of all published events.
pub fn published(connection: &Sql<'_>, (): &()) -> Result<Vec<EventId>, StoreError> {
    let mut query = connection.prepare_cached("SELECT event_id FROM events WHERE status = 'published'")?;
    let ids = query.query_map([], |row| row.get(0).map(event_id))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Reads how an event is sold, from five columns.
pub fn event_sale(row: &Row<'_>, first: usize) -> Result<EventSale, SqlError> {
    Ok(EventSale {
        window: window(row, first)?,
        is_stopped: row.get(first + 2)?,
        invoice_days: row.get(first + 3)?,
        order_max: row.get(first + 4)?,
    })
}

/// Reads how a tier is sold, from ten columns.
pub fn tier_sale(row: &Row<'_>, first: usize) -> Result<TierSale, StoreError> {
    Ok(TierSale {
        window: window(row, first)?,
        is_hidden: row.get(first + 2)?,
        order_min: row.get(first + 3)?,
        order_max: row.get(first + 4)?,
        charges: Charges {
            fee: row.get(first + 5)?,
            fee_added: row.get(first + 6)?,
            tax: row.get(first + 7)?,
            tax_added: row.get(first + 8)?,
        },
        steps: match row.column(first + 9)?.as_str_or_null()? {
            Some(text) => price_steps(text)?,
            None => PriceSteps::default(),
        },
    })
}

fn window(row: &Row<'_>, first: usize) -> Result<SaleWindow, SqlError> {
    Ok(SaleWindow {
        from: row.get::<Option<i64>>(first)?.map(moment),
        until: row.get::<Option<i64>>(first + 1)?.map(moment),
    })
}

/// The columns [`read_event`] reads.
const EVENT_COLUMNS: &str =
    "SELECT event_id, organizer_id, venue_id, venue_name, city, name, description, starts_at,
        ends_at, status, currency, reservation_ms, unit_count, seat_count, policy,
        (SELECT canceled_at FROM cancellations WHERE cancellations.event_id = events.event_id),
        sells_from, sells_until, sale_stopped, invoice_days, order_max, category, latitude, longitude
    FROM events";

/// Finds an event, drafts too.
pub fn event(connection: &Sql<'_>, id: &EventId) -> Result<Option<Event>, StoreError> {
    let mut query = connection.prepare_cached(&format!("{EVENT_COLUMNS} WHERE event_id = ?1"))?;
    let mut found = query.query_and_then([id.0], |row| read_event(connection, row))?;
    found.next().transpose()
}

/// Lists an organizer's events, drafts too, newest first.
pub fn events_of(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<Vec<EventLine>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT event_id, name, starts_at, ends_at, status, reservation_ms, unit_count, seat_count,
                EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = events.event_id),
                    events.sells_from, events.sells_until, sale_stopped, invoice_days, events.order_max
         FROM events WHERE organizer_id = ?1 ORDER BY event_id DESC",
    )?;
    let found = query.query_and_then([organizer.0], |row| {
        Ok(EventLine {
            id: event_id(row.get(0)?),
            name: row.get(1)?,
            starts_at: moment(row.get(2)?),
            ends_at: moment(row.get(3)?),
            status: event_status(row.column(4)?.as_str()?)?,
            reservation_ms: narrow(row.get(5)?, "duration of reservations")?,
            unit_count: row.get(6)?,
            seat_count: row.get(7)?,
            is_canceled: row.get(8)?,
            sale: event_sale(row, 9)?,
        })
    })?;
    found.collect()
}

fn read_event(connection: &Sql<'_>, row: &Row<'_>) -> Result<Event, StoreError> {
    let id = event_id(row.get(0)?);
    Ok(Event {
        id,
        organizer: OrganizerId(row.get(1)?),
        venue: VenueId(row.get(2)?),
        venue_name: row.get(3)?,
        city: row.get(4)?,
        name: row.get(5)?,
        description: row.get(6)?,
        starts_at: moment(row.get(7)?),
        ends_at: moment(row.get(8)?),
        status: event_status(row.column(9)?.as_str()?)?,
        currency: currency(row.column(10)?.as_str()?)?,
        reservation_ms: narrow(row.get(11)?, "duration of reservations")?,
        unit_count: row.get(12)?,
        seat_count: row.get(13)?,
        tiers: tiers(connection, id)?,
        policy: policy(row.column(14)?.as_str()?)?,
        canceled_at: row.get::<Option<i64>>(15)?.map(moment),
        sale: event_sale(row, 16)?,
        category: category(row, 21)?,
        coordinates: coordinates(row, 22)?,
    })
}

fn tiers(connection: &Sql<'_>, event: EventId) -> Result<Vec<Tier>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT tier, name, price, admits, flags, sells_from, sells_until, hidden, order_min, order_max,
                fee, fee_added, tax, tax_added, price_steps
         FROM tiers WHERE event_id = ?1 ORDER BY tier",
    )?;
    let found = query.query_and_then([event.0], |row| {
        Ok(Tier {
            id: TierId(row.get(0)?),
            name: row.get(1)?,
            price: row.get(2)?,
            admits: row.get(3)?,
            flags: TicketFlags(row.get(4)?),
            sale: tier_sale(row, 5)?,
        })
    })?;
    found.collect()
}

/// The names that were met, each kept once.
#[derive(Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// Lists an event's seats, by unit.
pub fn layout(connection: &Sql<'_>, event: &EventId) -> Result<Layout, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT unit, tier, section, row, number FROM units
         WHERE event_id = ?1 AND unit < (SELECT seat_count FROM events WHERE event_id = ?1)
         ORDER BY unit",
    )?;
    let mut names = Names::default();
    let seats = query.query_map([event.0], |row| {
        Ok(SeatUnit {
            unit: Unit(row.get(0)?),
            tier: TierId(row.get(1)?),
            section: names.shared(row.column(2)?.as_str()?),
            row: names.shared(row.column(3)?.as_str()?),
            number: names.shared(row.column(4)?.as_str()?),
        })
    })?;
    Ok(Layout {
        seats: seats.collect::<Result<_, _>>()?,
        places: section_places(connection, event)?,
    })
}

/// Reads where an event's sections are drawn.
fn section_places(connection: &Sql<'_>, event: &EventId) -> Result<Vec<PlacedSection>, StoreError> {
    let mut query = connection.prepare_cached("SELECT section_places FROM events WHERE event_id = ?1")?;
    let mut found = query.query_map([event.0], |row| row.get::<Option<String>>(0))?;
    let text = found.next().transpose()?.flatten();
    text.as_deref().map_or_else(|| Ok(Vec::new()), places)
}

/// Returns which seats are free, and how many units of each tier.
pub fn occupancy(connection: &Sql<'_>, request: &OccupancyQuery) -> Result<Occupancy, StoreError> {
    let now = ms(request.now);
    let mut query = connection.prepare_cached(
        "SELECT state, held_until FROM units
         WHERE event_id = ?1 AND unit < (SELECT seat_count FROM events WHERE event_id = ?1)
         ORDER BY unit",
    )?;
    let seats = query.query_and_then([request.event.0], |row| {
        let state = unit_state(row.column(0)?.as_str()?)?;
        let held_until: Option<i64> = row.get(1)?;
        Ok::<_, StoreError>(Status::of(state, held_until.map(moment), request.now))
    })?;
    let mut seats = seats.collect::<Result<Vec<_>, _>>()?;
    hide(connection, request, &mut seats)?;
    let good_until: Option<i64> = connection
        .prepare_cached(
            "SELECT min(held_until) FROM tiers CROSS JOIN units USING (event_id, tier)
             WHERE tiers.event_id = ?1 AND units.state = 'held' AND units.held_until > ?2",
        )?
        .query_row(params![request.event.0, now], |row| row.get(0))?;
    Ok(Occupancy {
        seats,
        tiers: tier_counts(connection, request)?,
        good_until: moment(good_until.unwrap_or(i64::MAX)),
    })
}

/// To buyers, seats of a tier that they do not see are taken.
fn hide(connection: &Sql<'_>, request: &OccupancyQuery, seats: &mut [Status]) -> Result<(), StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT unit FROM tiers CROSS JOIN units USING (event_id, tier)
         WHERE tiers.event_id = ?1 AND hidden = 1 AND units.state <> 'booked'",
    )?;
    let mut rows = query.query([request.event.0])?;
    while let Some(row) = rows.next()? {
        let unit: u32 = row.get(0)?;
        if let Some(seat) = seats.get_mut(unit as usize) {
            *seat = Status::Held;
        }
    }
    Ok(())
}

/// Counts the units of each tier; what each of them is told to be is for [`Status::of`] to say.
fn tier_counts(connection: &Sql<'_>, request: &OccupancyQuery) -> Result<Vec<TierCount>, StoreError> {
    // Grouped as the index has them.
    let mut query = connection.prepare_cached(
        "SELECT tier, state, held_until, count(units.unit) FROM tiers LEFT JOIN units USING (event_id, tier)
         WHERE tiers.event_id = ?1 GROUP BY tier, state, held_until ORDER BY tier",
    )?;
    let mut rows = query.query([request.event.0])?;
    let mut counts: Vec<TierCount> = Vec::new();
    while let Some(row) = rows.next()? {
        let tier = TierId(row.get(0)?);
        if counts.last().is_none_or(|last| last.tier != tier) {
            counts.push(TierCount::none_of(tier));
        }
        // A tier without units has a row too.
        if let (Some(count), Some(state)) = (counts.last_mut(), row.column(1)?.as_str_or_null()?) {
            let held_until: Option<i64> = row.get(2)?;
            let (held_until, units) = (held_until.map(moment), row.get(3)?);
            if held_until == Some(BLOCKED_UNTIL) {
                count.blocked += units;
            } else {
                count.add(Status::of(unit_state(state)?, held_until, request.now), units);
            }
        }
    }
    Ok(counts)
}

/// Counts what an event has sold.
pub fn sales(connection: &Sql<'_>, request: &SalesQuery) -> Result<EventSales, StoreError> {
    let (bookings, revenue): (i64, i64) = connection
        .prepare_cached(
            "SELECT count(*), coalesce(CAST(sum(amount) AS BIGINT), 0) - coalesce(CAST((
                 SELECT sum(amount) FROM refunds WHERE refunds.event_id = ?1 AND refunds.state IN ('given', 'given_outside')) AS BIGINT), 0)
                 - coalesce(CAST((SELECT sum(amount) FROM disputes WHERE disputes.event_id = ?1 AND disputes.state = 'lost') AS BIGINT), 0)
             FROM bookings WHERE event_id = ?1 AND state = 'confirmed'",
        )?
        .query_row([request.event.0], |row| row.try_into())?;
    Ok(EventSales {
        tiers: tier_counts(
            connection,
            &OccupancyQuery {
                event: request.event,
                now: request.now,
            },
        )?,
        bookings: narrow(bookings, "count")?,
        revenue,
    })
}
