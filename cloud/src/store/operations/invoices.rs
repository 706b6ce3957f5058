//! The rows of bookings that await a bank transfer: what it is known by is written down once, which is what says that it has come.

use crate::selling::PaymentId;
use crate::selling::invoices::{InvoiceOutcome, OpenInvoice, SettleInvoice, may_note};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{booking_state, gateway_kind};

/// Writes down that a bank transfer has come.
pub fn settle_invoice(
    connection: &Sql<'_>,
    request: &SettleInvoice,
) -> Result<Effect<InvoiceOutcome>, StoreError> {
    let awaited = awaited(connection, request)?;
    if let Err(outcome) = may_note(awaited.as_ref(), request) {
        return Ok(Effect::Undo(outcome));
    }
    let id = request.booking;
    let is_noted = connection
        .prepare_cached(
            "UPDATE bookings SET payment = ?3
             WHERE event_id = ?1 AND booking_id = ?2 AND payment IS NULL AND closed_at IS NULL AND taken = 'invoice'",
        )?
        .changes(1, params![id.event.0, id.local, request.reference.0])?;
    if is_noted {
        Ok(Effect::Keep(InvoiceOutcome::Noted))
    } else {
        Err(StoreError::Overtaken)
    }
}

fn awaited(connection: &Sql<'_>, request: &SettleInvoice) -> Result<Option<OpenInvoice>, StoreError> {
    let id = request.booking;
    let mut query = connection.prepare_cached(
        "SELECT coalesce(taken, gateway), state, decline, amount, payment,
                EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = ?1)
         FROM bookings WHERE event_id = ?1 AND booking_id = ?2",
    )?;
    let mut found = query.query_and_then(params![id.event.0, id.local], |row| {
        Ok::<_, StoreError>(OpenInvoice {
            gateway: gateway_kind(row.column(0)?.as_str()?)?,
            state: booking_state(row.column(1)?.as_str()?, row.column(2)?.as_str_or_null()?)?,
            amount: row.get(3)?,
            reference: row.get::<Option<String>>(4)?.map(PaymentId),
            is_canceled: row.get(5)?,
        })
    })?;
    found.next().transpose()
}
