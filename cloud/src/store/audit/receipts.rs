//! Checking that receipts say what was paid and given back, and that no number is left out.

use usher_keys::EventId;

use crate::ids::OrganizerId;
use crate::store::StoreError;
use crate::store::finding::{CountsFinding, Finding};
use crate::store::sql::Sql;

/// Checks the numbers that this store has given out, of all organizers. Where there are cells, an event may have moved on with its receipts,
/// so that only numbers are found that nobody has given out, and those of other cells are theirs to check.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_numbers(connection: &Sql<'_>, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT organizer_id FROM receipts LEFT JOIN receipt_series USING (organizer_id, series)
         WHERE series = coalesce((SELECT name FROM this_cell), '')
         GROUP BY organizer_id, series, last
         HAVING last IS NULL OR max(number) > last
             OR (count(*) <> last AND NOT EXISTS (SELECT 1 FROM cells) AND NOT EXISTS (SELECT 1 FROM this_cell))
         ORDER BY organizer_id",
    )?;
    let organizers = select.query_map([], |row| row.get(0).map(OrganizerId))?;
    for organizer in organizers {
        let organizer = organizer?;
        findings.push(Finding::Counts(CountsFinding::Receipts { organizer }));
    }
    Ok(())
}

/// Checks that the receipts of an event say what its bookings and refunds do.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_amounts(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT 1 FROM receipts
             LEFT JOIN bookings ON bookings.event_id = receipts.event_id AND charge_reference = receipt_id AND annuls IS NULL
             LEFT JOIN refunds ON refunds.event_id = receipts.event_id AND refund_id = receipt_id AND annuls IS NOT NULL
         WHERE receipts.event_id = ?1
           AND (receipts.amount <> coalesce(bookings.amount, refunds.amount, 0)
                OR receipts.fees <> coalesce(bookings.fees, refunds.fees, 0)
                OR receipts.taxes <> coalesce(bookings.taxes, refunds.taxes, 0)
                OR coalesce(bookings.state, refunds.state, '') NOT IN ('confirmed', 'given', 'given_outside'))",
    )?;
    if select.exists([event.0])? {
        findings.push(Finding::Counts(CountsFinding::ReceiptAmounts { event }));
    }
    Ok(())
}
