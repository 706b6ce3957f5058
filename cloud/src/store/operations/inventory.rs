//! The rows of what an organizer lets be sold: windows, limits and hidden tiers, and units of general admission that come and go.

use usher_protocol::TierId;

use crate::selling::Tidy;
use crate::selling::inventory::{ResizeRefusal, Resizing, TierUnits, resize};
use crate::store::StoreError;
use crate::store::organizing::EventChange;
use crate::store::sql::{Sql, params};

use super::column::{ms, price_steps_text};
use super::holds;

/// Writes down how an event and its tiers are sold.
pub fn set_sales(connection: &Sql<'_>, request: &EventChange) -> Result<(), StoreError> {
    let event = request.event.0;
    if let Some(sale) = request.sale {
        connection
            .prepare_cached(
                "UPDATE events SET sells_from = ?2, sells_until = ?3, sale_stopped = ?4, invoice_days = ?5, order_max = ?6
                 WHERE event_id = ?1",
            )?
            .run(params![
                event,
                sale.window.from.map(ms),
                sale.window.until.map(ms),
                sale.is_stopped,
                sale.invoice_days,
                sale.order_max
            ])?;
    }
    let mut set = connection.prepare_cached(
        "UPDATE tiers SET sells_from = ?3, sells_until = ?4, hidden = ?5, order_min = ?6, order_max = ?7,
                          fee = ?8, fee_added = ?9, tax = ?10, tax_added = ?11, price_steps = ?12
         WHERE event_id = ?1 AND tier = ?2",
    )?;
    for (tier, sale) in &request.tier_sales {
        set.run(params![
            event,
            tier.0,
            sale.window.from.map(ms),
            sale.window.until.map(ms),
            sale.is_hidden,
            sale.order_min,
            sale.order_max,
            sale.charges.fee,
            sale.charges.fee_added,
            sale.charges.tax,
            sale.charges.tax_added,
            price_steps_text(&sale.steps)
        ])?;
    }
    Ok(())
}

/// Gives a tier so many units, unless more are held, sold or were sold before.
pub fn resize_tier(
    connection: &Sql<'_>,
    request: &EventChange,
    (tier, capacity): (TierId, u32),
) -> Result<Result<(), ResizeRefusal>, StoreError> {
    // What has expired is free.
    let (event, now, limit) = (request.event, request.now, u32::MAX);
    holds::tidy(connection, &Tidy { event, now, limit })?;
    let units = units_of(connection, request, tier)?;
    let event = request.event.0;
    let resizing = match resize(units, capacity, request.most_units) {
        Ok(resizing) => resizing,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match resizing {
        Resizing::Remove(0) => return Ok(Ok(())),
        Resizing::Remove(fewer) => {
            let removed = connection
                .prepare_cached(
                    "DELETE FROM units WHERE event_id = ?1 AND unit IN (
                         SELECT unit FROM units
                         WHERE event_id = ?1 AND tier = ?2 AND state = 'available' AND issued = 0
                         ORDER BY unit DESC LIMIT ?3)",
                )?
                .execute(params![event, tier.0, fewer])?;
            if removed != fewer as usize {
                return Err(StoreError::Overtaken);
            }
        }
        Resizing::Add(more) => add_slots(connection, request, (tier, more))?,
    }
    connection
        .prepare_cached(
            "UPDATE events SET unit_count = (SELECT count(*) FROM units WHERE units.event_id = ?1) WHERE event_id = ?1",
        )?
        .execute([event])?;
    Ok(Ok(()))
}

fn units_of(connection: &Sql<'_>, request: &EventChange, tier: TierId) -> Result<TierUnits, StoreError> {
    let units = connection
        .prepare_cached(
            "SELECT count(*), count(CASE WHEN state = 'available' AND issued = 0 THEN 1 END), count(section),
                    (SELECT count(*) FROM units WHERE event_id = ?1)
             FROM units WHERE event_id = ?1 AND tier = ?2",
        )?
        .query_row(params![request.event.0, tier.0], |row| {
            Ok(TierUnits {
                all: row.get(0)?,
                unsold: row.get(1)?,
                seats: row.get(2)?,
                of_event: row.get(3)?,
            })
        })?;
    Ok(units)
}

/// Adds slots behind all units that there are: a number that is removed and comes again was never on a ticket.
fn add_slots(
    connection: &Sql<'_>,
    request: &EventChange,
    (tier, more): (TierId, u32),
) -> Result<(), StoreError> {
    let next: u32 = connection
        .prepare_cached("SELECT coalesce(max(unit) + 1, 0) FROM units WHERE event_id = ?1")?
        .query_row([request.event.0], |row| row.get(0))?;
    let mut insert =
        connection.prepare_cached("INSERT INTO units (event_id, unit, tier) VALUES (?1, ?2, ?3)")?;
    for unit in next..next.saturating_add(more) {
        insert.run(params![request.event.0, unit, tier.0])?;
    }
    Ok(())
}
