//! The rows of tills, and what was sold and given back at each.

use std::collections::HashMap;

use usher_keys::EventId;

use crate::ids::TillId;
use crate::selling::GatewayKind;
use crate::selling::tills::{
    CashCount, CloseTill, CloseTillOutcome, NewTill, NewTillOutcome, Till, TillFigures, may_close, may_open,
};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::Effect;
use super::column::{Local, gateway_kind, moment, ms};

/// Opens a till.
pub fn open_till(connection: &Sql<'_>, request: &NewTill) -> Result<Effect<NewTillOutcome>, StoreError> {
    let event = request.id.event;
    let open: Option<Local> = connection
        .prepare_cached(
            "SELECT till_id FROM tills WHERE event_id = ?1 AND opened_by = ?2 AND closed_at IS NULL",
        )?
        .query_row(params![event.0, request.opened_by], |row| row.get(0))
        .optional()?;
    let tills = connection
        .prepare_cached("SELECT count(*) FROM tills WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))?;
    if let Some(refusal) = may_open(open.map(|local| TillId { event, local }), tills) {
        return Ok(Effect::Undo(refusal));
    }
    connection
        .prepare_cached(
            "INSERT INTO tills (event_id, till_id, name, opened_by, opened_with, opened_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .run(params![
            event.0,
            request.id.local,
            request.name,
            request.opened_by,
            request.opened_with,
            ms(request.now)
        ])?;
    Ok(Effect::Keep(NewTillOutcome::Open(Till {
        id: request.id,
        name: request.name.clone(),
        opened_by: request.opened_by.clone(),
        opened_with: request.opened_with,
        opened_at: request.now,
        count: None,
        figures: TillFigures::default(),
    })))
}

/// Closes a till with what was counted.
pub fn close_till(connection: &Sql<'_>, request: &CloseTill) -> Result<Effect<CloseTillOutcome>, StoreError> {
    let found = till(connection, request.till)?;
    let is_busy = is_busy(connection, request.till)?;
    let expected = match may_close(found.as_ref(), is_busy, request) {
        Ok(expected) => expected,
        Err(outcome) => return Ok(Effect::Undo(outcome)),
    };
    let Some(till) = found else {
        return Ok(Effect::Undo(CloseTillOutcome::NotFound));
    };
    connection
        .prepare_cached(
            "UPDATE tills SET counted = ?3, expected = ?4, closed_at = ?5 WHERE event_id = ?1 AND till_id = ?2",
        )?
        .run(params![
            till.id.event.0,
            till.id.local,
            request.counted,
            expected,
            ms(request.now)
        ])?;
    let count = CashCount {
        counted: request.counted,
        expected,
        at: request.now,
    };
    Ok(Effect::Keep(CloseTillOutcome::Closed(Box::new(Till {
        count: Some(count),
        ..till
    }))))
}

/// Tells whether something that was sold or is given back at a till has no end yet.
fn is_busy(connection: &Sql<'_>, till: TillId) -> Result<bool, StoreError> {
    let is_busy = connection
        .prepare_cached(
            "SELECT 1 FROM bookings WHERE event_id = ?1 AND till_id = ?2 AND closed_at IS NULL
             UNION ALL SELECT 1 FROM refunds WHERE event_id = ?1 AND till_id = ?2 AND closed_at IS NULL",
        )?
        .exists(params![till.event.0, till.local])?;
    Ok(is_busy)
}

/// The columns [`read`] reads.
const TILL: &str =
    "SELECT till_id, name, opened_by, opened_with, opened_at, counted, expected, closed_at FROM tills";

/// Finds a till.
pub(super) fn till(connection: &Sql<'_>, id: TillId) -> Result<Option<Till>, StoreError> {
    let figures = figures(connection, id.event)?;
    let mut query = connection.prepare_cached(&format!("{TILL} WHERE event_id = ?1 AND till_id = ?2"))?;
    let mut found =
        query.query_and_then(params![id.event.0, id.local], |row| read(row, id.event, &figures))?;
    found.next().transpose()
}

/// Lists the tills of an event, the first one first.
pub fn tills(connection: &Sql<'_>, event: &EventId) -> Result<Vec<Till>, StoreError> {
    let figures = figures(connection, *event)?;
    let mut select = connection.prepare_cached(&format!("{TILL} WHERE event_id = ?1 ORDER BY till_id"))?;
    let found = select.query_and_then([event.0], |row| read(row, *event, &figures))?;
    found.collect()
}

fn read(row: &Row<'_>, event: EventId, figures: &HashMap<Local, TillFigures>) -> Result<Till, StoreError> {
    let local: Local = row.get(0)?;
    let (counted, expected, closed_at): (Option<i64>, Option<i64>, Option<i64>) =
        (row.get(5)?, row.get(6)?, row.get(7)?);
    let count = counted.zip(expected).zip(closed_at);
    Ok(Till {
        id: TillId { event, local },
        name: row.get(1)?,
        opened_by: row.get(2)?,
        opened_with: row.get(3)?,
        opened_at: moment(row.get(4)?),
        count: count.map(|((counted, expected), at)| CashCount {
            counted,
            expected,
            at: moment(at),
        }),
        figures: figures.get(&local).copied().unwrap_or_default(),
    })
}

/// Adds up what was sold and given back at each till of an event.
fn figures(connection: &Sql<'_>, event: EventId) -> Result<HashMap<Local, TillFigures>, StoreError> {
    let mut found: HashMap<Local, TillFigures> = HashMap::new();
    let mut select = connection.prepare_cached(
        "SELECT till_id, taken, count(*), CAST(sum(amount) AS BIGINT) FROM bookings
         WHERE event_id = ?1 AND till_id IS NOT NULL AND state = 'confirmed' AND taken IS NOT NULL GROUP BY till_id, taken",
    )?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let figures = found.entry(row.get(0)?).or_default();
        let sold = (row.get(2)?, row.get(3)?);
        match gateway_kind(row.column(1)?.as_str()?)? {
            GatewayKind::Cash => figures.cash = sold,
            GatewayKind::CardTerminal => figures.card = sold,
            GatewayKind::Sandbox | GatewayKind::Stripe | GatewayKind::Invoice => {}
        }
    }
    let mut select = connection.prepare_cached(
        "SELECT refunds.till_id, taken, CAST(sum(refunds.amount) AS BIGINT)
         FROM refunds JOIN bookings USING (event_id, booking_id)
         WHERE event_id = ?1 AND refunds.till_id IS NOT NULL AND refunds.state = 'given' AND taken IS NOT NULL
         GROUP BY refunds.till_id, taken",
    )?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let figures = found.entry(row.get(0)?).or_default();
        match gateway_kind(row.column(1)?.as_str()?)? {
            GatewayKind::Cash => figures.cash_given_back = row.get(2)?,
            GatewayKind::CardTerminal => figures.card_given_back = row.get(2)?,
            GatewayKind::Sandbox | GatewayKind::Stripe | GatewayKind::Invoice => {}
        }
    }
    Ok(found)
}
