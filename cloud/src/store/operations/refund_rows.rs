//! Reading refunds by their ids, of a booking and of an event; nothing here writes.

use usher_keys::EventId;

use crate::ids::{BookingId, ChargeReference, RefundId, TicketId, TillId};
use crate::money::Money;
use crate::selling::refunds::{OpenRefund, Refund, RefundState, RefundsQuery};
use crate::selling::{PaymentId, TicketState};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, params};

use super::column::{Local, currency, gateway_kind, moment, refund_state, ticket_state};

/// The columns [`read`] reads, and where they come from.
const REFUND: &str =
    "SELECT refund_id, booking_id, refunds.state, refunds.amount, currency, frees_units, refunds.attempt,
        refunds.created_at, charge_reference, payment, coalesce(taken, gateway), refunds.till_id
    FROM refunds JOIN bookings USING (event_id, booking_id) JOIN events USING (event_id)";

/// Finds a refund.
pub fn refund(connection: &Sql<'_>, id: &RefundId) -> Result<Option<Refund>, StoreError> {
    Ok(with_gateway(connection, id)?.map(|found| found.refund))
}

/// Finds a refund that is on its way.
pub fn open_refund(connection: &Sql<'_>, id: &RefundId) -> Result<Option<OpenRefund>, StoreError> {
    let found = with_gateway(connection, id)?;
    Ok(found.filter(|found| found.refund.state.is_open()))
}

/// Finds a refund with who has its money, also one that has ended.
pub fn with_gateway(connection: &Sql<'_>, id: &RefundId) -> Result<Option<OpenRefund>, StoreError> {
    let sql = format!("{REFUND} WHERE event_id = ?1 AND refund_id = ?2");
    let mut query = connection.prepare_cached(&sql)?;
    let mut found = query.query_and_then(params![id.event.0, id.local], |row| {
        read(connection, row, id.event)
    })?;
    found.next().transpose()
}

/// Lists the refunds of a booking, the first one first.
pub fn refunds_of(connection: &Sql<'_>, booking: &BookingId) -> Result<Vec<Refund>, StoreError> {
    let sql =
        format!("{REFUND} WHERE event_id = ?1 AND booking_id = ?2 ORDER BY refunds.created_at, refund_id");
    let mut query = connection.prepare_cached(&sql)?;
    let found = query.query_and_then(params![booking.event.0, booking.local], |row| {
        read(connection, row, booking.event).map(|found| found.refund)
    })?;
    found.collect()
}

/// Lists refunds of an event, the first one first: their ids begin with the time.
pub fn refunds(connection: &Sql<'_>, query: &RefundsQuery) -> Result<Vec<Refund>, StoreError> {
    let event = query.event;
    let after: Local = query.after.map_or([0; 24], |after| after.local);
    let state = query.state.map_or("", RefundState::word);
    let sql = format!(
        "{REFUND} WHERE event_id = ?1 AND refund_id > ?2 AND (?3 = '' OR refunds.state = ?3) ORDER BY refund_id LIMIT ?4"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let found = select.query_and_then(params![event.0, after, state, query.limit], |row| {
        read(connection, row, event).map(|found| found.refund)
    })?;
    found.collect()
}

fn read(connection: &Sql<'_>, row: &Row<'_>, event: EventId) -> Result<OpenRefund, StoreError> {
    let id = RefundId {
        event,
        local: row.get(0)?,
    };
    let state = refund_state(row.column(2)?.as_str()?)?;
    let refund = Refund {
        id,
        booking: BookingId {
            event,
            local: row.get(1)?,
        },
        state,
        amount: Money {
            minor: row.get(3)?,
            currency: currency(row.column(4)?.as_str()?)?,
        },
        frees_units: row.get(5)?,
        attempt: row.get(6)?,
        tickets: tickets_of(connection, id)?,
        created_at: moment(row.get(7)?),
    };
    Ok(OpenRefund {
        refund,
        charge: ChargeReference {
            event,
            local: row.get(8)?,
        },
        payment: row.get::<Option<String>>(9)?.map(PaymentId),
        gateway: gateway_kind(row.column(10)?.as_str()?)?,
        till: row.get::<Option<Local>>(11)?.map(|local| TillId { event, local }),
    })
}

fn tickets_of(connection: &Sql<'_>, id: RefundId) -> Result<Vec<(TicketId, TicketState)>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT ticket_id, state FROM tickets WHERE event_id = ?1 AND refund_id = ?2 ORDER BY unit",
    )?;
    let found = query.query_and_then(params![id.event.0, id.local], |row| {
        let ticket = TicketId {
            event: id.event,
            local: row.get(0)?,
        };
        Ok::<_, StoreError>((ticket, ticket_state(row.column(1)?.as_str()?)?))
    })?;
    found.collect()
}
