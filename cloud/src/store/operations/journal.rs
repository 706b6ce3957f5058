//! The journal's rows: each step that moves money, written once in the transaction that takes it, and what they come to.

use usher_keys::{EventId, Timestamp};

use crate::ids::{ChargeReference, DisputeId, RefundId};
use crate::selling::charges::ChargeParts;
use crate::selling::journal::Balances;
use crate::selling::money_steps::{Account, MoneyStep};
use crate::selling::refunds::RefundState;
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, SqlError, params};

use super::column::{Local, booking_state, gateway_kind, ms};
use super::dispute_states;

/// What a step is of.
#[derive(Debug, Clone, Copy)]
pub struct MoneyOf {
    event: EventId,
    local: Local,
}

impl From<ChargeReference> for MoneyOf {
    fn from(charge: ChargeReference) -> Self {
        Self {
            event: charge.event,
            local: charge.local,
        }
    }
}

impl From<DisputeId> for MoneyOf {
    fn from(dispute: DisputeId) -> Self {
        Self {
            event: dispute.event,
            local: dispute.local,
        }
    }
}

impl From<RefundId> for MoneyOf {
    fn from(refund: RefundId) -> Self {
        Self {
            event: refund.event,
            local: refund.local,
        }
    }
}

/// Writes down that an amount has moved that a gateway has or had; nothing of nothing.
pub fn write(
    connection: &Sql<'_>,
    of: MoneyOf,
    step: MoneyStep,
    moved: (i64, Timestamp),
) -> Result<(), StoreError> {
    write_at(connection, of, (step, Account::Gateway), moved)
}

/// Writes down that an amount has moved that somebody has or had; nothing of nothing.
pub fn write_at(
    connection: &Sql<'_>,
    of: MoneyOf,
    (step, holder): (MoneyStep, Account),
    (amount, now): (i64, Timestamp),
) -> Result<(), StoreError> {
    if amount == 0 {
        return Ok(());
    }
    let (into, out_of) = step.sides_at(holder);
    connection
        .prepare_cached(
            "INSERT INTO journal (event_id, subject, step, into_account, out_of_account, amount, moved_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .run(params![
            of.event.0,
            of.local,
            step.word(),
            into.word(),
            out_of.word(),
            amount,
            ms(now)
        ])?;
    Ok(())
}

/// Returns what the accounts of an event hold.
pub fn balances(connection: &Sql<'_>, event: &EventId) -> Result<Balances, StoreError> {
    let mut balances = Balances::default();
    let mut select = connection.prepare_cached(
        "SELECT CAST(coalesce(sum(CASE WHEN into_account = ?2 THEN amount END), 0)
                     - coalesce(sum(CASE WHEN out_of_account = ?2 THEN amount END), 0) AS BIGINT)
         FROM journal WHERE event_id = ?1",
    )?;
    for account in Account::ALL {
        let amount = select.query_row(params![event.0, account.word()], |row| row.get(0))?;
        balances.add(account, amount);
    }
    Ok(balances)
}

/// Returns what the accounts of an event must hold, by its bookings and refunds.
pub fn expected(connection: &Sql<'_>, event: EventId) -> Result<Balances, StoreError> {
    let mut balances = Balances::default();
    let mut select = connection.prepare_cached(
        "SELECT state, CAST(sum(amount) AS BIGINT), CAST(sum(fees) AS BIGINT), CAST(sum(taxes) AS BIGINT),
                coalesce(taken, gateway) FROM bookings
         WHERE event_id = ?1 AND state <> 'declined' GROUP BY state, coalesce(taken, gateway)",
    )?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let state = booking_state(row.column(0)?.as_str()?, None)?;
        balances.take_booking_at(holder(&row)?, state, amounts(&row)?);
    }
    let mut select = connection.prepare_cached(
        "SELECT refunds.state, CAST(sum(refunds.amount) AS BIGINT), CAST(sum(refunds.fees) AS BIGINT),
                CAST(sum(refunds.taxes) AS BIGINT), coalesce(taken, gateway)
         FROM refunds JOIN bookings USING (event_id, booking_id)
         WHERE event_id = ?1 GROUP BY refunds.state, coalesce(taken, gateway)",
    )?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let state = RefundState::from_word(row.column(0)?.as_str()?).ok_or(StoreError::Unreadable {
            what: "state of a refund",
        })?;
        balances.take_refund_at(holder(&row)?, state, amounts(&row)?);
    }
    let mut select = connection.prepare_cached(
        "SELECT state, CAST(sum(amount) AS BIGINT) FROM disputes WHERE event_id = ?1 GROUP BY state",
    )?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        balances.take_dispute(dispute_states::state(row.column(0)?.as_str()?)?, row.get(1)?);
    }
    Ok(balances)
}

/// Reads who has the money, from the fifth column.
fn holder(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(gateway_kind(row.column(4)?.as_str()?)?.account())
}

/// Reads an amount and what of it are fees and taxes.
fn amounts(row: &Row<'_>) -> Result<(i64, ChargeParts), SqlError> {
    let parts = ChargeParts {
        fees: row.get(2)?,
        taxes: row.get(3)?,
    };
    Ok((row.get(1)?, parts))
}
