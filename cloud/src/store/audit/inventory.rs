//! Checking that the units of an event are sold, free, held or blocked, and that this comes to all that there are.

use usher_keys::EventId;

use crate::selling::blocks::BLOCKED_UNTIL;
use crate::store::StoreError;
use crate::store::finding::{CountsFinding, Finding};
use crate::store::operations::column::ms;
use crate::store::operations::{blocks, tills};
use crate::store::sql::{Sql, params};

/// Checks the blocks of an event against its units and its capacity. What is counted as blocked are the units that blocks list, and what is
/// counted of the others are the units themselves: a block that lists too many or too few is found.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_blocks(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let blocked = match blocks::blocks(connection, &event) {
        Ok(blocks) => blocks.iter().map(|block| block.lines.len()).sum::<usize>(),
        Err(StoreError::Unreadable { .. }) => {
            findings.push(Finding::Counts(CountsFinding::Blocks { event }));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let mut select = connection.prepare_cached(
        "SELECT CASE WHEN status = 'published' THEN unit_count ELSE (SELECT count(*) FROM units WHERE event_id = ?1) END,
                (SELECT count(*) FROM units WHERE event_id = ?1 AND (state <> 'held' OR held_until <> ?2)),
                (SELECT count(*) FROM units WHERE event_id = ?1 AND held_until = ?2 AND NOT EXISTS (
                     SELECT 1 FROM blocks WHERE blocks.event_id = ?1 AND blocks.reservation_id = units.reservation_id))
         FROM events WHERE event_id = ?1",
    )?;
    let (capacity, others, strays): (i64, i64, i64) =
        select.query_row(params![event.0, ms(BLOCKED_UNTIL)], |row| row.try_into())?;
    let blocked = i64::try_from(blocked).unwrap_or(i64::MAX);
    if strays != 0 || others.saturating_add(blocked) != capacity {
        findings.push(Finding::Counts(CountsFinding::Blocks { event }));
    }
    Ok(())
}

/// Checks the tills of an event that are closed: what should have been in each is what was sold and given back at it.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_tills(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let tills = tills::tills(connection, &event)?;
    let mut counts = tills
        .iter()
        .filter_map(|till| Some((till.count?, till.expected())));
    if counts.any(|(count, expected)| count.expected != expected) {
        findings.push(Finding::Counts(CountsFinding::Tills { event }));
    }
    Ok(())
}
