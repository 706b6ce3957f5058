//! Reading reservations, bookings and tickets by their ids; nothing here writes.

use usher_keys::EventId;
use usher_protocol::labels::UnitLabel;
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{Generation, TierId, Unit};

use crate::ids::{BookingId, ChargeReference, ReservationId, TicketId};
use crate::money::Money;
use crate::selling::booking_status::GivenBack;
use crate::selling::charges::ChargeParts;
use crate::selling::course::BuyerAction;
use crate::selling::sale::SaleFacts;
use crate::selling::{Booking, BookingState, OpenBooking, PaymentId, Reservation, SoldTicket, UnitToIssue};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Row, Sql, Statement, params};

use super::booking_codes;
use super::catalogue::event_sale;
use super::codes;
use super::column::{
    Local, booking_state, currency, gateway_kind, language, lines, moment, reservation_state, ticket_state,
};
use super::{dispute_states, receipts};

/// Finds a reservation.
pub fn reservation(connection: &Sql<'_>, id: &ReservationId) -> Result<Option<Reservation>, StoreError> {
    Ok(reservation_and_sale(connection, id)?.map(|(reservation, _)| reservation))
}

/// A reservation and its event, by their ids.
const RESERVATION: &str = "SELECT reservation_id, state, lines, amount, currency, expires_at, ends_at,
            EXISTS (SELECT 1 FROM halts WHERE halts.event_id = events.event_id),
            EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = events.event_id),
            sells_from, sells_until, sale_stopped, invoice_days, order_max
     FROM reservations JOIN events USING (event_id)
     WHERE event_id = ?1 AND reservation_id = ?2";

/// The same of a booking.
const RESERVATION_OF_BOOKING: &str =
    "SELECT reservation_id, state, lines, amount, currency, expires_at, ends_at,
            EXISTS (SELECT 1 FROM halts WHERE halts.event_id = events.event_id),
            EXISTS (SELECT 1 FROM cancellations WHERE cancellations.event_id = events.event_id),
            sells_from, sells_until, sale_stopped, invoice_days, order_max
     FROM reservations JOIN events USING (event_id)
     WHERE event_id = ?1 AND reservation_id = (SELECT bookings.reservation_id FROM bookings
                                               WHERE bookings.event_id = ?1 AND booking_id = ?2)";

/// Asks already for a reservation and whether its event may sell.
pub fn ask_ahead_of_reservation(connection: &Sql<'_>, id: &ReservationId) -> Result<(), StoreError> {
    Ok(connection.ask_ahead(RESERVATION, params![id.event.0, id.local])?)
}

/// Asks already for a booking that is open, its reservation, and whether its event may sell.
pub fn ask_ahead_of_booking(connection: &Sql<'_>, id: &BookingId) -> Result<(), StoreError> {
    connection.ask_ahead(BOOKING, params![id.event.0, id.local])?;
    connection.ask_ahead(RESERVATION_OF_BOOKING, params![id.event.0, id.local])?;
    dispute_states::ask_ahead(connection, id)
}

/// Finds a reservation, and whether its event may sell.
pub fn reservation_and_sale(
    connection: &Sql<'_>,
    id: &ReservationId,
) -> Result<Option<(Reservation, SaleFacts)>, StoreError> {
    found_reservation(connection.prepare_cached(RESERVATION)?, id.event, id.local)
}

/// Finds the reservation of a booking, and whether its event may sell.
pub fn reservation_of_booking(
    connection: &Sql<'_>,
    id: &BookingId,
) -> Result<Option<(Reservation, SaleFacts)>, StoreError> {
    found_reservation(
        connection.prepare_cached(RESERVATION_OF_BOOKING)?,
        id.event,
        id.local,
    )
}

fn found_reservation(
    mut query: Statement<'_>,
    event: EventId,
    local: Local,
) -> Result<Option<(Reservation, SaleFacts)>, StoreError> {
    let mut found = query.query_and_then(params![event.0, local], |row| {
        let reservation = Reservation {
            id: ReservationId {
                event,
                local: row.get(0)?,
            },
            state: reservation_state(row.column(1)?.as_str()?)?,
            lines: lines(row.column(2)?.as_str()?)?,
            amount: Money {
                minor: row.get(3)?,
                currency: currency(row.column(4)?.as_str()?)?,
            },
            expires_at: moment(row.get(5)?),
        };
        let sale = SaleFacts {
            ends_at: moment(row.get(6)?),
            is_halted: row.get(7)?,
            is_canceled: row.get(8)?,
            sale: event_sale(row, 9)?,
        };
        Ok((reservation, sale))
    })?;
    found.next().transpose()
}

/// A booking by its id.
const BOOKING: &str =
    "SELECT reservation_id, state, decline, email, amount, currency, bookings.created_at, charge_reference, action, pay_by, code,
            fees, taxes,
            (SELECT series FROM receipts WHERE receipts.event_id = ?1 AND receipt_id = charge_reference),
            (SELECT number FROM receipts WHERE receipts.event_id = ?1 AND receipt_id = charge_reference),
            bookings.name, coalesce(taken, gateway), language
     FROM bookings JOIN events USING (event_id)
     WHERE event_id = ?1 AND booking_id = ?2";

/// Finds a booking with its tickets.
pub fn booking(connection: &Sql<'_>, id: &BookingId) -> Result<Option<Booking>, StoreError> {
    let mut query = connection.prepare_cached(BOOKING)?;
    let mut found = query.query_and_then(params![id.event.0, id.local], |row| {
        let state = booking_state(row.column(1)?.as_str()?, row.column(2)?.as_str_or_null()?)?;
        Ok::<_, StoreError>(Booking {
            id: *id,
            code: booking_codes::read(row.get(10)?)?,
            charge: ChargeReference {
                event: id.event,
                local: row.get(7)?,
            },
            reservation: ReservationId {
                event: id.event,
                local: row.get(0)?,
            },
            state,
            action: row.get::<Option<String>>(8)?.map(|url| BuyerAction { url }),
            pay_by: moment(row.get(9)?),
            email: row.get(3)?,
            name: row.get(15)?,
            // What a newer program may have written down, an older one writes in English.
            language: language(row.column(17)?.as_str()?),
            gateway: gateway_kind(row.column(16)?.as_str()?)?,
            amount: Money {
                minor: row.get(4)?,
                currency: currency(row.column(5)?.as_str()?)?,
            },
            parts: ChargeParts {
                fees: row.get(11)?,
                taxes: row.get(12)?,
            },
            created_at: moment(row.get(6)?),
            tickets: if state == BookingState::Confirmed {
                tickets_of(connection, id)?
            } else {
                Vec::new()
            },
            given_back: if state == BookingState::Confirmed {
                given_back(connection, id)?
            } else {
                GivenBack::default()
            },
            receipt: receipts::read_number(row, 13)?,
            dispute: dispute_states::of_booking(connection, id)?,
        })
    })?;
    found.next().transpose()
}

/// Adds up what was given back of a booking after its sale.
fn given_back(connection: &Sql<'_>, id: &BookingId) -> Result<GivenBack, StoreError> {
    let (amount, running): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce(CAST(sum(CASE WHEN state IN ('given', 'given_outside') THEN amount END) AS BIGINT), 0),
                    count(CASE WHEN closed_at IS NULL THEN 1 END)
             FROM refunds WHERE event_id = ?1 AND booking_id = ?2",
        )?
        .query_row(params![id.event.0, id.local], |row| row.try_into())?;
    Ok(GivenBack {
        amount,
        is_running: running > 0,
    })
}

/// Finds the booking that a charge is for.
pub fn booking_of_charge(
    connection: &Sql<'_>,
    charge: &ChargeReference,
) -> Result<Option<BookingId>, StoreError> {
    let found = connection
        .prepare_cached("SELECT booking_id FROM bookings WHERE event_id = ?1 AND charge_reference = ?2")?
        .query_row(params![charge.event.0, charge.local], |row| row.get(0))
        .optional()?;
    Ok(found.map(|local| BookingId {
        event: charge.event,
        local,
    }))
}

/// The columns [`read_ticket`] reads.
pub const TICKET_COLUMNS: &str = "SELECT ticket_id, unit, generation, tier, tiers.name, admits,
        section, row, number, tickets.state, transferred, payload, issued_at, tickets.code,
        (SELECT seat_count FROM events WHERE events.event_id = tickets.event_id), refund_id IS NOT NULL, bindings";
/// Where they come from, beside the tickets.
pub const TICKET_JOINS: &str = "JOIN units USING (event_id, unit) JOIN tiers USING (event_id, tier)";

/// Finds a ticket.
pub fn ticket(connection: &Sql<'_>, id: &TicketId) -> Result<Option<SoldTicket>, StoreError> {
    let sql = format!(
        "{TICKET_COLUMNS} FROM tickets {TICKET_JOINS} WHERE tickets.event_id = ?1 AND ticket_id = ?2"
    );
    let mut query = connection.prepare_cached(&sql)?;
    let mut found = query.query_and_then(params![id.event.0, id.local], |row| read_ticket(row, id.event))?;
    found.next().transpose()
}

/// The tickets of a booking. Left to itself, SQLite takes an event to have some ten tickets and walks through all of them.
fn tickets_of_booking() -> String {
    format!(
        "{TICKET_COLUMNS} FROM tickets INDEXED BY tickets_of_booking {TICKET_JOINS}
         WHERE tickets.event_id = ?1 AND booking_id = ?2 ORDER BY unit, generation"
    )
}

/// Asks already for a booking's tickets.
pub fn ask_ahead_for_tickets(connection: &Sql<'_>, id: &BookingId) -> Result<(), StoreError> {
    Ok(connection.ask_ahead(&tickets_of_booking(), params![id.event.0, id.local])?)
}

/// Lists a booking's tickets.
pub fn tickets_of(connection: &Sql<'_>, id: &BookingId) -> Result<Vec<SoldTicket>, StoreError> {
    let mut query = connection.prepare_cached(&tickets_of_booking())?;
    let found = query.query_and_then(params![id.event.0, id.local], |row| read_ticket(row, id.event))?;
    found.collect()
}

/// Reads a ticket.
pub fn read_ticket(row: &Row<'_>, event: EventId) -> Result<SoldTicket, StoreError> {
    let unit = Unit(row.get(1)?);
    Ok(SoldTicket {
        id: TicketId {
            event,
            local: row.get(0)?,
        },
        unit,
        generation: Generation(row.get(2)?),
        tier: TierId(row.get(3)?),
        tier_name: row.get(4)?,
        admits: row.get(5)?,
        label: label(unit, [row.get(6)?, row.get(7)?, row.get(8)?], row.get(14)?),
        state: ticket_state(row.column(9)?.as_str()?)?,
        transferred: row.get(10)?,
        is_refunded: row.get(15)?,
        payload: row.get(11)?,
        issued_at: moment(row.get(12)?),
        code: codes::read(row.get(13)?)?,
        bindings: row.get(16)?,
    })
}

/// Says what a unit is called: by its names if it is a seat, else by its number behind the event's seats.
pub fn label(unit: Unit, names: [Option<String>; 3], seats: u32) -> UnitLabel {
    match names {
        [Some(section), Some(row), Some(number)] => UnitLabel::Seat { section, row, number },
        _ => UnitLabel::Slot {
            number: unit.0.saturating_sub(seats).saturating_add(1),
        },
    }
}

/// What a unit's next ticket would say.
const UNIT_TO_ISSUE: &str =
    "SELECT tier, issued + 1, admits, flags FROM units JOIN tiers USING (event_id, tier)
     WHERE event_id = ?1 AND unit = ?2";

/// Asks already what the tickets of a reservation's units would say.
pub fn ask_ahead_for_units(connection: &Sql<'_>, reservation: &Reservation) -> Result<(), StoreError> {
    for line in &reservation.lines {
        connection.ask_ahead(UNIT_TO_ISSUE, params![reservation.id.event.0, line.unit.0])?;
    }
    Ok(())
}

/// Lists what the tickets of a reservation's units would say.
pub fn units_to_issue(
    connection: &Sql<'_>,
    reservation: &Reservation,
) -> Result<Vec<UnitToIssue>, StoreError> {
    let mut query = connection.prepare_cached(UNIT_TO_ISSUE)?;
    let units = reservation.lines.iter().map(|line| {
        query.query_row(params![reservation.id.event.0, line.unit.0], |row| {
            Ok(UnitToIssue {
                unit: line.unit,
                tier: TierId(row.get(0)?),
                generation: Generation(row.get(1)?),
                admits: row.get(2)?,
                flags: TicketFlags(row.get(3)?),
            })
        })
    });
    Ok(units.collect::<Result<_, _>>()?)
}

/// Finds the last booking of a reservation, unless it was given a new id: that is for its buyer alone.
pub fn booking_of_reservation(
    connection: &Sql<'_>,
    reservation: &ReservationId,
) -> Result<Option<Booking>, StoreError> {
    let event = reservation.event;
    let found: Option<(Local, bool)> = connection
        .prepare_cached(
            "SELECT booking_id, former_id IS NOT NULL FROM bookings
             WHERE event_id = ?1 AND reservation_id = ?2 ORDER BY attempt DESC LIMIT 1",
        )?
        .query_row(params![event.0, reservation.local], |row| row.try_into())
        .optional()?;
    match found {
        Some((local, false)) => booking(connection, &BookingId { event, local }),
        Some((_, true)) | None => Ok(None),
    }
}

/// Finds a booking if its payment is not over.
pub fn open_booking(connection: &Sql<'_>, id: &BookingId) -> Result<Option<OpenBooking>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT reservation_id, charge_reference, payment, state, pay_by, coalesce(taken, gateway) FROM bookings
         WHERE event_id = ?1 AND booking_id = ?2 AND closed_at IS NULL",
    )?;
    let found: Option<(Local, Local, Option<String>, String, i64, String)> = query
        .query_row(params![id.event.0, id.local], |row| row.try_into())
        .optional()?;
    let Some((local, charge, payment, state, pay_by, gateway)) = found else {
        return Ok(None);
    };
    let reservation = reservation(
        connection,
        &ReservationId {
            event: id.event,
            local,
        },
    )?
    .ok_or(StoreError::Unreadable {
        what: "reservation of a booking",
    })?;
    let units = units_to_issue(connection, &reservation)?;
    Ok(Some(OpenBooking {
        id: *id,
        charge: ChargeReference {
            event: id.event,
            local: charge,
        },
        payment: payment.map(PaymentId),
        gateway: gateway_kind(&gateway)?,
        reservation: reservation.id,
        state: booking_state(&state, None)?,
        pay_by: moment(pay_by),
        amount: reservation.amount,
        units,
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use rusqlite::Connection;

    use super::*;
    use crate::store::sql::Sql;
    use crate::store::sqlite::migrations;

    const EVENT: EventId = EventId([1; 16]);

    /// An event that has sold so many units, one in each booking; the bookings' ids are their units'.
    fn sold(units: u32) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        refinery::Runner::new(&migrations()).run(&mut connection).unwrap();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 INSERT INTO events (event_id, organizer_id, venue_id, venue_name, city, name, description,
                                     starts_at, ends_at, status, currency, reservation_ms, policy, unit_count, seat_count, created_at, published_at)
                 VALUES (zeroblob(16), x'01', x'01', 'v', 'c', 'n', 'd', 1, 2, 'published', 'EUR', 1, 'p', 1, 0, 1, 1);
                 UPDATE events SET event_id = x'01010101010101010101010101010101';
                 INSERT INTO tiers (event_id, tier, name, price, admits, flags) SELECT event_id, 1, 'Standing', 100, 1, 0 FROM events;",
            )
            .unwrap();
        for unit in 0..units {
            let id = local(unit);
            let row = params![EVENT.0, unit, id];
            for sql in [
                "INSERT INTO units (event_id, unit, tier, state, reservation_id, issued) VALUES (?1, ?2, 1, 'booked', ?3, 1)",
                "INSERT INTO bookings VALUES (?1, ?3, NULL, ?3, ?3, 1, 'k' || ?2, zeroblob(32), 'confirmed', NULL, NULL, NULL, 'a@b.example', 100, 1, 1, 1, 'sandbox', 37 * ?2, 0, 0, NULL, NULL, '', 'en')",
                "INSERT INTO tickets VALUES (?1, ?3, ?2, 1, ?3, 'valid', 0, 'payload', 1, ?2, NULL, 0, NULL, NULL)",
            ] {
                connection.execute(sql, row).unwrap();
            }
        }
        connection
    }

    fn local(unit: u32) -> [u8; 24] {
        let mut local = [0; 24];
        local[..4].copy_from_slice(&unit.to_be_bytes());
        local
    }

    /// Counts the steps SQLite's machine takes to read a booking.
    fn steps(units: u32) -> u64 {
        let (mut connection, count) = (sold(units), Arc::new(AtomicU64::new(0)));
        let id = BookingId {
            event: EVENT,
            local: local(units / 2),
        };
        let counted = Arc::clone(&count);
        connection
            .progress_handler(
                1,
                Some(move || {
                    counted.fetch_add(1, Ordering::Relaxed);
                    false
                }),
            )
            .unwrap();
        let found = booking(&Sql::Sqlite(&connection), &id).unwrap().unwrap();
        assert_eq!(found.tickets.len(), 1);
        count.load(Ordering::Relaxed)
    }

    #[test]
    fn a_booking_is_found_in_as_many_steps_however_many_tickets_are_sold() {
        assert_eq!(steps(4), steps(400));
    }
}
