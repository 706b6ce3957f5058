//! Making, changing and publishing events; units come in portions, so that a big seat map does not hold up the sale of others.

use crate::catalogue::category::EventCategory;
use crate::store::StoreError;
use crate::store::organizing::{
    AddUnits, ChangeOutcome, EventChange, NewEvent, Publish, PublishOutcome, may_publish,
};
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{ms, places_text, policy_text};
use super::{catalogue, inventory, listings, seals, webhooks};

/// Adds a draft event with its tiers, still without units.
pub fn add_event(connection: &Sql<'_>, request: &NewEvent) -> Result<Effect<()>, StoreError> {
    let (latitude, longitude) = listings::degrees(request.venue.coordinates);
    connection
        .prepare_cached(
            "INSERT INTO events (event_id, organizer_id, venue_id, venue_name, city, name, description, starts_at, ends_at, status, currency, reservation_ms, policy,
                                 unit_count, seat_count, created_at, section_places, category, latitude, longitude)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'draft', ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            request.id.0,
            request.organizer.0,
            request.venue.id.0,
            request.venue.name,
            request.venue.city,
            request.name,
            request.description,
            ms(request.starts_at),
            ms(request.ends_at),
            request.currency.code(),
            i64::try_from(request.reservation_ms).unwrap_or(i64::MAX),
            policy_text(&request.policy),
            request.unit_count,
            request.seat_count,
            ms(request.now),
            places_text(&request.places),
            request.category.map(EventCategory::word),
            latitude,
            longitude,
        ])?;
    add_tiers(connection, request)?;
    seals::seal_terms(connection, request.id)?;
    Ok(Effect::Keep(()))
}

fn add_tiers(connection: &Sql<'_>, request: &NewEvent) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO tiers (event_id, tier, name, price, admits, flags) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for tier in &request.tiers {
        insert.run(params![
            request.id.0,
            tier.id.0,
            tier.name,
            tier.price,
            tier.admits,
            tier.flags.0
        ])?;
    }
    Ok(())
}

/// Adds some of a draft's units.
pub fn add_units(connection: &Sql<'_>, request: &AddUnits) -> Result<Effect<()>, StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO units (event_id, unit, tier, section, row, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for unit in &request.units {
        let seat = unit.seat.as_ref();
        insert.run(params![
            request.event.0,
            unit.unit.0,
            unit.tier.0,
            seat.map(|seat| &seat.section),
            seat.map(|seat| &seat.row),
            seat.map(|seat| &seat.number),
        ])?;
    }
    Ok(Effect::Keep(()))
}

/// Changes an event, all of it that is asked for or nothing.
pub fn change_event(
    connection: &Sql<'_>,
    request: &EventChange,
) -> Result<Effect<ChangeOutcome>, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE events SET
                 name = coalesce(?2, name), description = coalesce(?3, description),
                 starts_at = coalesce(?4, starts_at), ends_at = coalesce(?5, ends_at),
                 reservation_ms = coalesce(?6, reservation_ms), policy = coalesce(?7, policy),
                 category = coalesce(?8, category)
             WHERE event_id = ?1",
        )?
        .execute(params![
            request.event.0,
            request.name,
            request.description,
            request.starts_at.map(ms),
            request.ends_at.map(ms),
            request
                .reservation_ms
                .map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
            request.policy.as_ref().map(policy_text),
            request.category.map(EventCategory::word),
        ])?;
    let mut set_price =
        connection.prepare_cached("UPDATE tiers SET price = ?3 WHERE event_id = ?1 AND tier = ?2")?;
    for (tier, price) in &request.prices {
        set_price.run(params![request.event.0, tier.0, price])?;
    }
    if changed == 0 {
        return Ok(Effect::Undo(ChangeOutcome::NotFound));
    }
    webhooks::enqueue_changed(connection, request.event, request.now)?;
    inventory::set_sales(connection, request)?;
    for (tier, capacity) in &request.capacities {
        if let Err(refusal) = inventory::resize_tier(connection, request, (*tier, *capacity))? {
            return Ok(Effect::Undo(ChangeOutcome::NotResized(*tier, refusal)));
        }
    }
    seals::seal_terms(connection, request.event)?;
    listings::list(connection, request.event)?;
    if !request.capacities.is_empty() {
        seals::seal_layout_again(connection, request.event)?;
    }
    Ok(Effect::Keep(ChangeOutcome::Changed))
}

/// Puts a complete draft on sale.
pub fn publish(connection: &Sql<'_>, request: &Publish) -> Result<Effect<PublishOutcome>, StoreError> {
    let event = catalogue::event(connection, &request.event)?;
    let units = connection
        .prepare_cached("SELECT count(*) FROM units WHERE event_id = ?1")?
        .query_row([request.event.0], |row| row.get(0))?;
    if let Err(outcome) = may_publish(event.as_ref(), units) {
        return Ok(Effect::Undo(outcome));
    }
    connection
        .prepare_cached(
            "UPDATE events SET status = 'published', published_at = ?2 WHERE event_id = ?1 AND status = 'draft'",
        )?
        .execute(params![request.event.0, ms(request.now)])?;
    seals::seal_layout(connection, request.event)?;
    listings::list(connection, request.event)?;
    Ok(Effect::Keep(PublishOutcome::Published))
}
