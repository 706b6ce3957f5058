//! Tickets of an event and the money that has moved, page by page in the order of their keys; nothing here writes.

use usher_keys::EventId;

use crate::ids::{ChargeReference, DisputeId, RefundId};
use crate::money::Money;
use crate::selling::money_steps::{Account, MoneyStep, StepOf};
use crate::selling::sales_lists::{MoneyLine, MoneyQuery, MoneySource, TicketLine, TicketsQuery};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, params};

use super::booking_codes;
use super::column::{Local, currency, lines, moment, ms};
use super::rows::{TICKET_COLUMNS, TICKET_JOINS, read_ticket};

/// How many columns of a ticket come before those of its booking.
const OF_TICKET: usize = 17;

/// Lists tickets of an event, those issued first first: their ids begin with the time.
pub fn tickets(connection: &Sql<'_>, query: &TicketsQuery) -> Result<Vec<TicketLine>, StoreError> {
    let sql = format!(
        "{TICKET_COLUMNS}, bookings.code, lines, currency FROM tickets {TICKET_JOINS} JOIN events USING (event_id)
         LEFT JOIN bookings ON bookings.event_id = tickets.event_id AND bookings.booking_id = tickets.booking_id
         LEFT JOIN reservations ON reservations.event_id = bookings.event_id
                               AND reservations.reservation_id = bookings.reservation_id
         WHERE tickets.event_id = ?1 AND ticket_id > ?2 AND issued_at < ?3 ORDER BY ticket_id LIMIT ?4"
    );
    let beyond: Local = query.beyond.map_or([0; 24], |beyond| beyond.local);
    let mut select = connection.prepare_cached(&sql)?;
    let found = select.query_and_then(
        params![query.event.0, beyond, ms(query.before), query.limit],
        |row| ticket_line(row, query.event),
    )?;
    found.collect()
}

fn ticket_line(row: &Row<'_>, event: EventId) -> Result<TicketLine, StoreError> {
    let ticket = read_ticket(row, event)?;
    let currency = currency(row.column(OF_TICKET + 2)?.as_str()?)?;
    let lines = row
        .column(OF_TICKET + 1)?
        .as_str_or_null()?
        .map(lines)
        .transpose()?;
    let line = lines.iter().flatten().find(|line| line.unit == ticket.unit);
    Ok(TicketLine {
        booking: row
            .get::<Option<i64>>(OF_TICKET)?
            .map(booking_codes::read)
            .transpose()?,
        price: line.map(|line| Money {
            minor: line.price,
            currency,
        }),
        ticket,
    })
}

/// Lists the money that has moved at an event, in the order of what it was moved for: ids that begin with the time.
pub fn money(connection: &Sql<'_>, query: &MoneyQuery) -> Result<Vec<MoneyLine>, StoreError> {
    let (subject, step) = match query.beyond {
        Some((subject, step)) => (local_of(subject), step.word()),
        None => ([0; 24], ""),
    };
    let mut select = connection.prepare_cached(
        "SELECT subject, step, journal.amount, currency, moved_at, coalesce(charged.code, refunded.code, disputed.code),
                into_account, out_of_account
         FROM journal JOIN events USING (event_id)
         LEFT JOIN bookings AS charged ON charged.event_id = journal.event_id AND charged.charge_reference = subject
         LEFT JOIN refunds ON refunds.event_id = journal.event_id AND refunds.refund_id = subject
         LEFT JOIN bookings AS refunded ON refunded.event_id = refunds.event_id AND refunded.booking_id = refunds.booking_id
         LEFT JOIN disputes ON disputes.event_id = journal.event_id AND disputes.dispute_id = subject
         LEFT JOIN bookings AS disputed ON disputed.event_id = disputes.event_id
                                       AND disputed.charge_reference = disputes.charge_reference
         WHERE journal.event_id = ?1 AND (subject > ?2 OR (subject = ?2 AND step > ?3)) AND moved_at < ?4
         ORDER BY subject, step LIMIT ?5",
    )?;
    let found = select.query_and_then(
        params![query.event.0, subject, step, ms(query.before), query.limit],
        |row| money_line(row, query.event),
    )?;
    found.collect()
}

fn local_of(subject: MoneySource) -> Local {
    match subject {
        MoneySource::Charge(charge) => charge.local,
        MoneySource::Refund(refund) => refund.local,
        MoneySource::Dispute(dispute) => dispute.local,
    }
}

fn account(row: &Row<'_>, column: usize) -> Result<Account, StoreError> {
    let account = Account::from_word(row.column(column)?.as_str()?);
    account.ok_or(StoreError::Unreadable {
        what: "account of the journal",
    })
}

fn money_line(row: &Row<'_>, event: EventId) -> Result<MoneyLine, StoreError> {
    let local: Local = row.get(0)?;
    let step = MoneyStep::from_word(row.column(1)?.as_str()?).ok_or(StoreError::Unreadable {
        what: "step of the journal",
    })?;
    Ok(MoneyLine {
        subject: match step.is_of() {
            StepOf::Charge => MoneySource::Charge(ChargeReference { event, local }),
            StepOf::Refund => MoneySource::Refund(RefundId { event, local }),
            StepOf::Dispute => MoneySource::Dispute(DisputeId { event, local }),
        },
        step,
        amount: Money {
            minor: row.get(2)?,
            currency: currency(row.column(3)?.as_str()?)?,
        },
        sides: (account(row, 6)?, account(row, 7)?),
        booking: row.get::<Option<i64>>(5)?.map(booking_codes::read).transpose()?,
        moved_at: moment(row.get(4)?),
    })
}
