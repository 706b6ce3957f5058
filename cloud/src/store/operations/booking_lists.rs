//! Bookings of an event as a list: looked for, page by page, in the order of their charge references, which begin with the time and never change.

use std::collections::BTreeMap;

use rusqlite::ToSql;
use usher_protocol::TierId;

use crate::ids::{BookingId, ChargeReference};
use crate::money::Money;
use crate::selling::booking_lists::{BookingLine, BookingsPage, BookingsQuery, ListOrder, Sought};
use crate::selling::booking_status::{BookingFacts, GivenBack};
use crate::selling::{BookingState, PaymentId, PriceLine, TierQuantity};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql};

use super::column::{Local, booking_state, count, currency, gateway_kind, lines, moment, ms};
use super::{booking_codes, dispute_states};

/// Bookings read at a time.
const BATCH: usize = 200;
/// Most bookings looked at for one page: one that finds few is short, and says where to go on.
const MOST_LOOKED_AT: usize = 2_000;

/// The columns [`read`] reads, and where they come from.
const LINE: &str = "SELECT bookings.charge_reference, bookings.booking_id, bookings.code, bookings.state, decline, email,
        bookings.amount, currency, bookings.created_at, bookings.closed_at, coalesce(taken, gateway), payment, lines,
        (SELECT CAST(coalesce(sum(refunds.amount), 0) AS BIGINT) FROM refunds
         WHERE refunds.event_id = bookings.event_id AND refunds.booking_id = bookings.booking_id
           AND refunds.state IN ('given', 'given_outside')),
        EXISTS (SELECT 1 FROM refunds WHERE refunds.event_id = bookings.event_id
                AND refunds.booking_id = bookings.booking_id AND refunds.closed_at IS NULL),
        EXISTS (SELECT 1 FROM tickets INDEXED BY tickets_of_booking WHERE tickets.event_id = bookings.event_id
                AND tickets.booking_id = bookings.booking_id AND refund_id IS NOT NULL),
        (SELECT count(*) FROM tickets INDEXED BY tickets_of_booking WHERE tickets.event_id = bookings.event_id
         AND tickets.booking_id = bookings.booking_id AND tickets.state <> 'superseded'),
        EXISTS (SELECT 1 FROM tickets INDEXED BY tickets_of_booking WHERE tickets.event_id = bookings.event_id
                AND tickets.booking_id = bookings.booking_id AND tickets.state <> 'superseded' AND refund_id IS NULL),
        EXISTS (SELECT 1 FROM disputes WHERE disputes.event_id = bookings.event_id
                AND disputes.charge_reference = bookings.charge_reference), bookings.name,
        coalesce((SELECT comps.name FROM comps WHERE comps.event_id = bookings.event_id
                  AND comps.booking_id = bookings.booking_id), '')
    FROM bookings JOIN events USING (event_id) JOIN reservations USING (event_id, reservation_id)
    WHERE bookings.event_id = ?1 AND bookings.created_at >= ?3 AND bookings.created_at < ?4";

/// Lists bookings of an event.
pub fn bookings(connection: &Sql<'_>, query: &BookingsQuery) -> Result<BookingsPage, StoreError> {
    let mut page = BookingsPage {
        lines: Vec::new(),
        next: query.beyond,
    };
    let mut looked_at = 0;
    while looked_at < MOST_LOOKED_AT {
        let batch = batch(connection, query, page.next)?;
        let is_last = batch.len() < BATCH;
        looked_at += batch.len();
        for line in batch {
            let charge = line.charge;
            if query.takes(&line) {
                page.lines.push(line);
            }
            page.next = Some(charge);
            if page.lines.len() == query.limit {
                return Ok(page);
            }
        }
        if is_last {
            page.next = None;
            break;
        }
    }
    Ok(page)
}

fn batch(
    connection: &Sql<'_>,
    query: &BookingsQuery,
    beyond: Option<ChargeReference>,
) -> Result<Vec<BookingLine>, StoreError> {
    let (begin, order) = match query.order {
        ListOrder::NewestFirst => (
            [u8::MAX; 24],
            "AND charge_reference < ?2 ORDER BY charge_reference DESC",
        ),
        ListOrder::OldestFirst => ([0; 24], "AND charge_reference > ?2 ORDER BY charge_reference"),
    };
    let beyond: Local = beyond.map_or(begin, |beyond| beyond.local);
    let (from, until) = (ms(query.opened.start), ms(query.opened.end));
    let limit = BATCH as i64;
    let mut values: Vec<&dyn ToSql> = vec![&query.event.0, &beyond, &from, &until, &limit];
    let found = query.sought.as_ref().map(|sought| Bound::of(query, sought));
    let sought = if let Some(found) = &found {
        values.extend(found.values());
        found_by(connection)
    } else {
        ""
    };
    let order = order.replace("charge_reference", "bookings.charge_reference");
    let sql = format!("{LINE} {sought} {order} LIMIT ?5");
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query(values.as_slice())?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(read(connection, &row, query)?);
    }
    Ok(lines)
}

/// Returns the condition by which bookings are looked for: by an index each.
fn found_by(connection: &Sql<'_>) -> &'static str {
    connection.pick(
        "AND bookings.charge_reference IN (
            SELECT charge_reference FROM bookings WHERE event_id = ?1 AND booking_id = ?6
            UNION SELECT charge_reference FROM bookings WHERE event_id = ?1 AND code >= ?8 AND code < ?9
            UNION SELECT charge_reference FROM bookings WHERE event_id = ?1 AND lower(email) >= ?12 AND lower(email) < ?13
            UNION SELECT charge_reference FROM bookings WHERE event_id = ?1 AND name <> '' AND lower(name) >= ?12 AND lower(name) < ?13
            UNION SELECT charge_reference FROM comps JOIN bookings USING (event_id, booking_id)
                  WHERE event_id = ?1 AND lower(comps.name) >= ?12 AND lower(comps.name) < ?13
            UNION SELECT charge_reference FROM tickets JOIN bookings USING (event_id, booking_id)
                  WHERE event_id = ?1 AND ticket_id = ?7
            UNION SELECT charge_reference FROM tickets JOIN bookings USING (event_id, booking_id)
                  WHERE event_id = ?1 AND tickets.code >= ?10 AND tickets.code < ?11)",
        "AND bookings.charge_reference IN (
            SELECT charge_reference FROM bookings WHERE event_id = ?1 AND booking_id = ?6
            UNION SELECT charge_reference FROM bookings WHERE event_id = ?1 AND code >= ?8 AND code < ?9
            UNION SELECT charge_reference FROM bookings
                  WHERE event_id = ?1 AND lower(email COLLATE \"C\") >= ?12 AND lower(email COLLATE \"C\") < ?13
            UNION SELECT charge_reference FROM bookings WHERE event_id = ?1 AND name <> ''
                  AND lower(name COLLATE \"C\") >= ?12 AND lower(name COLLATE \"C\") < ?13
            UNION SELECT charge_reference FROM comps JOIN bookings USING (event_id, booking_id)
                  WHERE event_id = ?1 AND lower(comps.name COLLATE \"C\") >= ?12 AND lower(comps.name COLLATE \"C\") < ?13
            UNION SELECT charge_reference FROM tickets JOIN bookings USING (event_id, booking_id)
                  WHERE event_id = ?1 AND ticket_id = ?7
            UNION SELECT charge_reference FROM tickets JOIN bookings USING (event_id, booking_id)
                  WHERE event_id = ?1 AND tickets.code >= ?10 AND tickets.code < ?11)",
    )
}

/// What is looked for, as the statement takes it; what is not looked for is in no row.
struct Bound {
    booking: Vec<u8>,
    ticket: Vec<u8>,
    booking_codes: [i64; 2],
    ticket_codes: [i64; 2],
    addresses: [String; 2],
}

impl Bound {
    fn of(query: &BookingsQuery, sought: &Sought) -> Self {
        let booking = sought.booking.filter(|id| id.event == query.event);
        let ticket = sought.ticket.filter(|id| id.event == query.event);
        let numbers = |values: &std::ops::Range<u64>| [count(values.start), count(values.end)];
        let address = &sought.address;
        // The last character that there is sorts behind whatever follows the beginning of an address.
        let last = if address.is_empty() { "" } else { "\u{10ffff}" };
        Self {
            booking: booking.map_or_else(Vec::new, |id| id.local.to_vec()),
            ticket: ticket.map_or_else(Vec::new, |id| id.local.to_vec()),
            booking_codes: numbers(&sought.booking_codes),
            ticket_codes: numbers(&sought.ticket_codes),
            addresses: [address.clone(), format!("{address}{last}")],
        }
    }

    fn values(&self) -> [&dyn ToSql; 8] {
        [
            &self.booking,
            &self.ticket,
            &self.booking_codes[0],
            &self.booking_codes[1],
            &self.ticket_codes[0],
            &self.ticket_codes[1],
            &self.addresses[0],
            &self.addresses[1],
        ]
    }
}

fn read(connection: &Sql<'_>, row: &Row<'_>, query: &BookingsQuery) -> Result<BookingLine, StoreError> {
    let event = query.event;
    let charge: Local = row.get(0)?;
    let state = booking_state(row.column(3)?.as_str()?, row.column(4)?.as_str_or_null()?)?;
    let amount = row.get(6)?;
    Ok(BookingLine {
        id: BookingId {
            event,
            local: row.get(1)?,
        },
        code: booking_codes::read(row.get(2)?)?,
        charge: ChargeReference { event, local: charge },
        payment: row.get::<Option<String>>(11)?.map(PaymentId),
        gateway: gateway_kind(row.column(10)?.as_str()?)?,
        facts: BookingFacts {
            state,
            amount,
            given_back: GivenBack {
                amount: row.get(13)?,
                is_running: row.get(14)?,
            },
            has_taken_back: row.get(15)?,
            has_tickets: row.get(17)?,
        },
        email: row.get(5)?,
        name: Some(row.get::<String>(19)?)
            .filter(|name| !name.is_empty())
            .map_or_else(|| row.get(20), Ok)?,
        amount: Money {
            minor: amount,
            currency: currency(row.column(7)?.as_str()?)?,
        },
        dispute: if row.get(18)? {
            dispute_states::of_charge(connection, event, charge)?
        } else {
            None
        },
        tiers: tiers(&lines(row.column(12)?.as_str()?)?),
        tickets: if state == BookingState::Confirmed {
            row.get(16)?
        } else {
            0
        },
        created_at: moment(row.get(8)?),
        closed_at: row.get::<Option<i64>>(9)?.map(moment),
    })
}

/// Counts units tier by tier.
fn tiers(lines: &[PriceLine]) -> Vec<TierQuantity> {
    let mut counts: BTreeMap<TierId, u32> = BTreeMap::new();
    for line in lines {
        *counts.entry(line.tier).or_default() += 1;
    }
    let counts = counts.into_iter();
    counts
        .map(|(tier, quantity)| TierQuantity { tier, quantity })
        .collect()
}
