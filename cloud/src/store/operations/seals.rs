//! Hashes of what is sold, kept beside it: a disk that alters a price or the name of a seat is noticed; what was sold is compared by the audit itself.

use rusqlite::types::ValueRef;
use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::finding::Finding;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::catalogue;

/// Every column of an event's terms that a buyer or a gate goes by, and those of its tiers.
const TERMS: [&str; 2] = [
    "SELECT event_id, organizer_id, venue_id, venue_name, city, name, starts_at, ends_at, currency, reservation_ms, policy,
            unit_count, seat_count
     FROM events WHERE event_id = ?1",
    "SELECT tier, name, price, admits, flags FROM tiers WHERE event_id = ?1 ORDER BY tier",
];
/// The columns of its units that never change.
const LAYOUT: [&str; 1] =
    ["SELECT unit, tier, section, row, number FROM units WHERE event_id = ?1 ORDER BY unit"];

/// Seals the terms of an event as they are now.
pub fn seal_terms(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    let terms = digest(connection, &TERMS, event)?;
    connection
        .prepare_cached(
            "INSERT INTO seals (event_id, terms) VALUES (?1, ?2) ON CONFLICT (event_id) DO UPDATE SET terms = ?2",
        )?
        .execute(params![event.0, terms])?;
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
            for column in 0..columns {
                update(&mut hasher, row.column(column)?);
            }
        }
    }
    Ok(*hasher.finalize().as_bytes())
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
