//! The rows of receipts: each is issued in the transaction of what it is of, with the next number of its organizer.

use usher_keys::{EventId, Timestamp};

use crate::ids::{ReceiptId, RefundId};
use crate::money::Money;
use crate::selling::charges::ChargeParts;
use crate::selling::receipts::{Receipt, ReceiptNumber, ReceiptsQuery};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::column::{Local, count, currency, moment, ms, narrow};

/// What a receipt is issued for.
#[derive(Debug, Clone, Copy)]
pub struct Issued {
    pub id: ReceiptId,
    /// The receipt of the sale, if this one annuls some of it.
    pub annuls: Option<Local>,
    /// In minor units.
    pub amount: i64,
    pub parts: ChargeParts,
    pub now: Timestamp,
}

/// Issues a receipt; returns `None` for an amount of 0.
pub fn issue(connection: &Sql<'_>, issued: &Issued) -> Result<Option<ReceiptNumber>, StoreError> {
    if issued.amount == 0 {
        return Ok(None);
    }
    let (organizer, number) = next_number(connection, issued.id.event)?;
    connection
        .prepare_cached(
            "INSERT INTO receipts (event_id, receipt_id, organizer_id, series, number, annuls, amount, fees, taxes, issued_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .run(params![
            issued.id.event.0,
            issued.id.local,
            organizer,
            number.series,
            count(number.number),
            issued.annuls,
            issued.amount,
            issued.parts.fees,
            issued.parts.taxes,
            ms(issued.now)
        ])?;
    Ok(Some(number))
}

/// Takes the next number of the organizer of an event, who it is: whoever else wants one waits until it is durable that this one is used,
/// or is not.
fn next_number(connection: &Sql<'_>, event: EventId) -> Result<([u8; 16], ReceiptNumber), StoreError> {
    let (organizer, series, number): ([u8; 16], String, i64) = connection
        .prepare_cached(
            "INSERT INTO receipt_series (organizer_id, series, last)
             SELECT organizer_id, coalesce((SELECT name FROM this_cell), ''), 1 FROM events WHERE event_id = ?1
             ON CONFLICT (organizer_id, series) DO UPDATE SET last = receipt_series.last + 1
             RETURNING organizer_id, series, last",
        )?
        .query_row([event.0], |row| row.try_into())?;
    let number = ReceiptNumber {
        series,
        number: narrow(number, "number of a receipt")?,
    };
    Ok((organizer, number))
}

/// Annuls what a refund has given back of a sale that has a receipt.
pub fn annul(
    connection: &Sql<'_>,
    refund: RefundId,
    (amount, now): (i64, Timestamp),
) -> Result<(), StoreError> {
    let found: Option<(Local, i64, i64)> = connection
        .prepare_cached(
            "SELECT receipts.receipt_id, refunds.fees, refunds.taxes
             FROM refunds JOIN bookings USING (event_id, booking_id)
                 JOIN receipts ON receipts.event_id = refunds.event_id AND receipts.receipt_id = bookings.charge_reference
             WHERE refunds.event_id = ?1 AND refunds.refund_id = ?2",
        )?
        .query_row(params![refund.event.0, refund.local], |row| row.try_into())
        .optional()?;
    if let Some((sale, fees, taxes)) = found {
        let annulment = Issued {
            id: ReceiptId {
                event: refund.event,
                local: refund.local,
            },
            annuls: Some(sale),
            amount,
            parts: ChargeParts { fees, taxes },
            now,
        };
        issue(connection, &annulment)?;
    }
    Ok(())
}

/// Lists receipts of an event, series by series, the first one first.
pub fn receipts(connection: &Sql<'_>, query: &ReceiptsQuery) -> Result<Vec<Receipt>, StoreError> {
    let event = query.event;
    let after: Local = query.after.map_or([0; 24], |after| after.local);
    let mut select = connection.prepare_cached(
        "SELECT receipt_id, series, number, annuls, amount, fees, taxes, issued_at, currency
         FROM receipts JOIN events USING (event_id)
         WHERE event_id = ?1
             AND (series, number) > (coalesce((SELECT last.series FROM receipts AS last WHERE last.event_id = ?1 AND last.receipt_id = ?2), ''),
                                     coalesce((SELECT last.number FROM receipts AS last WHERE last.event_id = ?1 AND last.receipt_id = ?2), 0))
         ORDER BY series, number LIMIT ?3",
    )?;
    let found = select.query_and_then(params![event.0, after, query.limit], |row| read(row, event))?;
    found.collect()
}

fn read(row: &Row<'_>, event: EventId) -> Result<Receipt, StoreError> {
    let id = |local| ReceiptId { event, local };
    Ok(Receipt {
        id: id(row.get(0)?),
        number: ReceiptNumber {
            series: row.get(1)?,
            number: narrow(row.get(2)?, "number of a receipt")?,
        },
        annuls: row.get::<Option<Local>>(3)?.map(id),
        amount: Money {
            minor: row.get(4)?,
            currency: currency(row.column(8)?.as_str()?)?,
        },
        parts: ChargeParts {
            fees: row.get(5)?,
            taxes: row.get(6)?,
        },
        issued_at: moment(row.get(7)?),
    })
}

/// Reads the number of the receipt of a charge from two columns, if it has one.
pub fn read_number(row: &Row<'_>, first: usize) -> Result<Option<ReceiptNumber>, StoreError> {
    let (series, number): (Option<String>, Option<i64>) = (row.get(first)?, row.get(first + 1)?);
    let found = series.zip(number).map(|(series, number)| {
        Ok(ReceiptNumber {
            series,
            number: narrow(number, "number of a receipt")?,
        })
    });
    found.transpose()
}
