//! Reading what an event has sold and given back, for its report day by day, in one snapshot.

use usher_keys::EventId;
use usher_protocol::Unit;

use crate::local_time::LocalDays;
use crate::selling::PriceLine;
use crate::selling::daily_report::DailyReport;
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::column::{Local, gateway_kind, lines, moment};

/// Rows read at a time.
const BATCH: usize = 1_000;

/// Asks for the report of an event.
#[derive(Debug, Clone)]
pub struct DailyQuery {
    pub event: EventId,
    /// Which day a moment belongs to.
    pub days: LocalDays,
}

/// Returns what an event has sold and given back, day by day.
pub fn daily_report(connection: &Sql<'_>, query: &DailyQuery) -> Result<DailyReport, StoreError> {
    let mut report = DailyReport::default();
    take_sales(connection, query, &mut report)?;
    take_refunds(connection, query, &mut report)?;
    let mut select = connection.prepare_cached(
        "SELECT closed_at, amount FROM disputes WHERE event_id = ?1 AND state = 'lost' AND closed_at IS NOT NULL",
    )?;
    let mut rows = select.query([query.event.0])?;
    while let Some(row) = rows.next()? {
        report.take_lost(query.days.day(moment(row.get(0)?)), row.get(1)?);
    }
    Ok(report)
}

fn take_sales(connection: &Sql<'_>, query: &DailyQuery, report: &mut DailyReport) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT charge_reference, bookings.closed_at, bookings.amount, lines, coalesce(taken, gateway)
         FROM bookings JOIN reservations USING (event_id, reservation_id)
         WHERE bookings.event_id = ?1 AND charge_reference > ?2 AND bookings.state = 'confirmed'
           AND bookings.closed_at IS NOT NULL ORDER BY charge_reference LIMIT ?3",
    )?;
    let mut beyond: Local = [0; 24];
    loop {
        let mut read = 0;
        let mut rows = select.query(params![query.event.0, beyond, BATCH as i64])?;
        while let Some(row) = rows.next()? {
            beyond = row.get(0)?;
            let lines = lines(row.column(3)?.as_str()?)?;
            let charged = (row.get(2)?, gateway_kind(row.column(4)?.as_str()?)?);
            report.take_sale(query.days.day(moment(row.get(1)?)), charged, &lines);
            read += 1;
        }
        if read < BATCH {
            return Ok(());
        }
    }
}

fn take_refunds(
    connection: &Sql<'_>,
    query: &DailyQuery,
    report: &mut DailyReport,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT refund_id, refunds.created_at, refunds.amount, lines
         FROM refunds JOIN bookings USING (event_id, booking_id) JOIN reservations USING (event_id, reservation_id)
         WHERE refunds.event_id = ?1 AND refund_id > ?2 ORDER BY refund_id LIMIT ?3",
    )?;
    let mut beyond: Local = [0; 24];
    loop {
        let mut found: Vec<(Local, i64, i64, Vec<PriceLine>)> = Vec::new();
        let mut rows = select.query(params![query.event.0, beyond, BATCH as i64])?;
        while let Some(row) = rows.next()? {
            found.push((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                lines(row.column(3)?.as_str()?)?,
            ));
        }
        for (refund, began, amount, lines) in &found {
            let units = units_of(connection, query.event, *refund)?;
            report.take_refund(query.days.day(moment(*began)), *amount, (lines, &units));
            beyond = *refund;
        }
        if found.len() < BATCH {
            return Ok(());
        }
    }
}

fn units_of(connection: &Sql<'_>, event: EventId, refund: Local) -> Result<Vec<Unit>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT unit FROM tickets WHERE event_id = ?1 AND refund_id = ?2")?;
    let units = select.query_map(params![event.0, refund], |row| row.get(0).map(Unit))?;
    Ok(units.collect::<Result<_, _>>()?)
}
