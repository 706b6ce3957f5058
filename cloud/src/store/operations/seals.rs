//! Hashes of what is sold, kept beside it: a disk that alters a price or the name of a seat is noticed; what was sold is compared by the audit itself.

mod sets;

use rusqlite::types::ValueRef;
use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::finding::{Finding, SealedPart};
use crate::store::sql::{OptionalExtension, Row, Sql, SqlError, params};

use super::catalogue;
use super::column::event_id;
pub use sets::SealedSet;

/// Every column of an event's terms that a buyer or a gate goes by, and those of its tiers.
const TERMS: [&str; 2] = [
    "SELECT event_id, organizer_id, venue_id, venue_name, city, name, starts_at, ends_at, currency, reservation_ms, policy,
            unit_count, seat_count
     FROM events WHERE event_id = ?1",
    "SELECT tier, name, price, admits, flags FROM tiers WHERE event_id = ?1 ORDER BY tier",
];
/// Every column by which an event and its tiers are sold to some and not to others, and for how much.
const SALE: [&str; 4] = [
    "SELECT sells_from, sells_until, sale_stopped, invoice_days, order_max FROM events WHERE event_id = ?1",
    "SELECT tier, sells_from, sells_until, hidden, order_min, order_max, fee, fee_added, tax, tax_added, price_steps
     FROM tiers WHERE event_id = ?1 ORDER BY tier",
    "SELECT per_session, per_address, per_network, minutes_in_vain FROM hold_bounds WHERE event_id = ?1",
    "SELECT proof_secret FROM hold_bounds WHERE event_id = ?1 AND proof_secret IS NOT NULL",
];
/// The columns of its units that never change.
const LAYOUT: [&str; 1] =
    ["SELECT unit, tier, section, row, number FROM units WHERE event_id = ?1 ORDER BY unit"];

/// Seals the terms of an event as they are now, and how it is sold.
pub fn seal_terms(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    let terms = digest(connection, &TERMS, event)?;
    connection
        .prepare_cached(
            "INSERT INTO seals (event_id, terms, vouchers, blocks) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (event_id) DO UPDATE SET terms = ?2",
        )?
        .execute(params![event.0, terms, sets::EMPTY])?;
    seal_sale(connection, event)
}

/// Seals how an event is sold.
pub fn seal_sale(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    let sale = digest(connection, &SALE, event)?;
    connection
        .prepare_cached("UPDATE seals SET sale = ?2 WHERE event_id = ?1")?
        .execute(params![event.0, sale])?;
    Ok(())
}

/// Lists events of which something is not sealed: they are from before it was.
pub fn unsealed(connection: &Sql<'_>) -> Result<Vec<EventId>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT event_id FROM seals WHERE sale IS NULL OR vouchers IS NULL OR blocks IS NULL ORDER BY event_id",
    )?;
    let found = query.query_map([], |row| row.get(0).map(event_id))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Seals what of an event is not sealed.
pub fn seal_rest(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    let is_sealed = connection
        .prepare_cached("SELECT 1 FROM seals WHERE event_id = ?1 AND sale IS NOT NULL")?
        .exists([event.0])?;
    if !is_sealed {
        seal_sale(connection, event)?;
    }
    for set in SealedSet::ALL {
        set.seal_first(connection, event)?;
    }
    Ok(())
}

/// Seals the units of an event, which change from now on only where capacities do.
pub fn seal_layout(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    let layout = digest(connection, &LAYOUT, event)?;
    connection
        .prepare_cached("UPDATE seals SET layout = ?2 WHERE event_id = ?1")?
        .execute(params![event.0, layout])?;
    Ok(())
}

/// Seals the units of an event anew that were sealed before, after some were added or removed.
pub fn seal_layout_again(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    let is_sealed = connection
        .prepare_cached("SELECT 1 FROM seals WHERE event_id = ?1 AND layout IS NOT NULL")?
        .exists([event.0])?;
    if is_sealed {
        seal_layout(connection, event)?;
    }
    Ok(())
}

/// Compares an event's terms and units with their seals.
///
/// # Errors
///
/// [`StoreError`].
pub fn check(connection: &Sql<'_>, event: EventId, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let sealed: Option<([u8; 32], Option<[u8; 32]>, bool)> = connection
        .prepare_cached("SELECT terms, layout, status = 'published' FROM seals JOIN events USING (event_id) WHERE event_id = ?1")?
        .query_row([event.0], |row| row.try_into())
        .optional()?;
    let Some((terms, layout, is_published)) = sealed else {
        findings.push(Finding::Terms { event });
        return Ok(());
    };
    // What was never sealed, such as the description, must at least be readable.
    let is_readable = catalogue::event(connection, &event).is_ok();
    if !is_readable || terms != digest(connection, &TERMS, event)? {
        findings.push(Finding::Terms { event });
    }
    let expected = is_published
        .then(|| digest(connection, &LAYOUT, event))
        .transpose()?;
    if layout != expected {
        findings.push(Finding::Layout { event });
    }
    check_sale(connection, event, findings)
}

/// Compares how an event is sold, its vouchers and its blocks with their seals.
fn check_sale(connection: &Sql<'_>, event: EventId, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let sealed: Option<[u8; 32]> = connection
        .prepare_cached("SELECT sale FROM seals WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))?;
    let mut altered = Vec::new();
    if sealed != Some(digest(connection, &SALE, event)?) {
        altered.push(SealedPart::Sale);
    }
    for set in SealedSet::ALL {
        if !set.is_sound(connection, event)? {
            altered.push(set.part());
        }
    }
    let found = altered.into_iter().map(|part| Finding::Sealed { event, part });
    findings.extend(found);
    Ok(())
}

/// Hashes every value of every row, each with its type and length, so that no two tables run together.
fn digest(connection: &Sql<'_>, queries: &[&str], event: EventId) -> Result<[u8; 32], StoreError> {
    let mut hasher = blake3::Hasher::new();
    for query in queries {
        let mut select = connection.prepare_cached(query)?;
        let columns = select.column_count();
        let mut rows = select.query([event.0])?;
        while let Some(row) = rows.next()? {
            take_row(&mut hasher, &row, columns)?;
        }
    }
    Ok(*hasher.finalize().as_bytes())
}

fn take_row(hasher: &mut blake3::Hasher, row: &Row<'_>, columns: usize) -> Result<(), SqlError> {
    for column in 0..columns {
        update(hasher, row.column(column)?);
    }
    Ok(())
}

fn update(hasher: &mut blake3::Hasher, value: ValueRef<'_>) {
    let mut tagged = |tag: u8, bytes: &[u8]| {
        hasher
            .update(&[tag])
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(bytes);
    };
    match value {
        ValueRef::Null => tagged(0, &[]),
        ValueRef::Integer(number) => tagged(1, &number.to_le_bytes()),
        ValueRef::Real(number) => tagged(2, &number.to_le_bytes()),
        ValueRef::Text(text) => tagged(3, text),
        ValueRef::Blob(bytes) => tagged(4, bytes),
    }
}
