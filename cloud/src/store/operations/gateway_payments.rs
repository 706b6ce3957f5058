//! What is written down of payments at a gateway, for whoever compares it with the gateway's list.

use std::collections::HashMap;

use usher_keys::{EventId, Timestamp};

use crate::ids::{ChargeReference, RefundId};
use crate::money::Money;
use crate::selling::PaymentId;
use crate::selling::reconciliation::{
    ComparedDispute, KnownPayment, KnownRefund, PaymentsQuery, TakenElsewhere,
};
use crate::selling::refunds::RefundState;
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::column::{Local, booking_state, currency, gateway_kind, moment, ms};
use super::dispute_states;

type Charge = (EventId, Local);

/// Lists the payments of all events that a gateway knows by an id of its own.
pub fn gateway_payments(
    connection: &Sql<'_>,
    query: &PaymentsQuery,
) -> Result<Vec<KnownPayment>, StoreError> {
    let mut refunds = refunds(connection, query)?;
    let mut select = connection.prepare_cached(
        "SELECT event_id, charge_reference, payment, amount, currency, state, decline, bookings.created_at
         FROM bookings JOIN events USING (event_id)
         WHERE gateway = ?1 AND payment IS NOT NULL AND bookings.created_at >= ?2
         ORDER BY event_id, charge_reference",
    )?;
    let found = select.query_and_then(params![query.gateway.word(), ms(query.since)], |row| {
        let (event, local) = (EventId(row.get(0)?), row.get(1)?);
        Ok::<_, StoreError>(KnownPayment {
            charge: ChargeReference { event, local },
            payment: PaymentId(row.get(2)?),
            amount: Money {
                minor: row.get(3)?,
                currency: currency(row.column(4)?.as_str()?)?,
            },
            state: booking_state(row.column(5)?.as_str()?, row.column(6)?.as_str_or_null()?)?,
            refunds: refunds.remove(&(event, local)).unwrap_or_default(),
            opened_at: moment(row.get(7)?),
        })
    })?;
    found.collect()
}

fn refunds(
    connection: &Sql<'_>,
    query: &PaymentsQuery,
) -> Result<HashMap<Charge, Vec<KnownRefund>>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT event_id, charge_reference, refund_id, refunds.amount, currency, refunds.state
         FROM refunds JOIN bookings USING (event_id, booking_id) JOIN events USING (event_id)
         WHERE gateway = ?1 AND payment IS NOT NULL AND bookings.created_at >= ?2",
    )?;
    let mut rows = select.query(params![query.gateway.word(), ms(query.since)])?;
    let mut found: HashMap<Charge, Vec<KnownRefund>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let event = EventId(row.get(0)?);
        let state = RefundState::from_word(row.column(5)?.as_str()?).ok_or(StoreError::Unreadable {
            what: "state of a refund",
        })?;
        found.entry((event, row.get(1)?)).or_default().push(KnownRefund {
            id: RefundId {
                event,
                local: row.get(2)?,
            },
            amount: Money {
                minor: row.get(3)?,
                currency: currency(row.column(4)?.as_str()?)?,
            },
            state,
        });
    }
    Ok(found)
}

/// Adds up what was paid past all gateways since a moment, way by way and currency by currency.
pub fn taken_elsewhere(connection: &Sql<'_>, since: &Timestamp) -> Result<Vec<TakenElsewhere>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT taken, currency, count(*), CAST(sum(amount) AS BIGINT) FROM bookings JOIN events USING (event_id)
         WHERE taken IS NOT NULL AND state = 'confirmed' AND bookings.created_at >= ?1 AND amount > 0
         GROUP BY taken, currency ORDER BY taken, currency",
    )?;
    let found = select.query_and_then([ms(*since)], |row| {
        Ok::<_, StoreError>(TakenElsewhere {
            way: gateway_kind(row.column(0)?.as_str()?)?,
            bookings: row.get(2)?,
            amount: Money {
                minor: row.get(3)?,
                currency: currency(row.column(1)?.as_str()?)?,
            },
        })
    })?;
    found.collect()
}

/// Lists what is written down of disputes at a gateway, each with when it was heard of.
pub fn gateway_disputes(
    connection: &Sql<'_>,
    query: &PaymentsQuery,
) -> Result<Vec<(ComparedDispute, Timestamp)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT disputes.name, disputes.state, disputes.amount, currency, opened_at
         FROM disputes JOIN bookings USING (event_id, charge_reference) JOIN events USING (event_id)
         WHERE gateway = ?1 AND taken IS NULL AND opened_at >= ?2 ORDER BY disputes.name",
    )?;
    let found = select.query_and_then(params![query.gateway.word(), ms(query.since)], |row| {
        let dispute = ComparedDispute {
            name: row.get(0)?,
            state: dispute_states::state(row.column(1)?.as_str()?)?,
            amount: Money {
                minor: row.get(2)?,
                currency: currency(row.column(3)?.as_str()?)?,
            },
        };
        Ok::<_, StoreError>((dispute, moment(row.get(4)?)))
    })?;
    found.collect()
}
