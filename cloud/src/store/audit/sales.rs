//! Comparing what was sold with itself: tickets with what was signed, units with their tickets, bookings with their reservations and amounts.

use std::collections::{BTreeSet, HashMap};

use usher_keys::{EventId, Timestamp};
use usher_protocol::ticket::{Payload, Rejection, digits};
use usher_protocol::trust::Trust;
use usher_protocol::{Generation, TierId, Unit};

use crate::ids::{BookingId, RefundId, ReservationId, TicketId};
use crate::selling::PriceLine;
use crate::selling::charges::ChargeParts;
use crate::selling::soundness::{UnitFacts, UnitTickets};
use crate::store::StoreError;
use crate::store::finding::Finding;
use crate::store::operations::column::{Local, lines, moment, reservation_state, unit_state};
use crate::store::operations::journal;
use crate::store::sql::{Row, Sql, params};

/// Checks the tickets of an event and the units they are for; returns how many tickets there are.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_tickets(
    connection: &Sql<'_>,
    event: EventId,
    trust: Option<&Trust>,
    findings: &mut Vec<Finding>,
) -> Result<u64, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT ticket_id, unit, generation, tier, payload FROM tickets JOIN units USING (event_id, unit)
         WHERE event_id = ?1 ORDER BY ticket_id",
    )?;
    let mut rows = select.query([event.0])?;
    let mut tickets = 0;
    while let Some(row) = rows.next()? {
        let (local, unit, generation, tier, payload): (_, u32, u32, u16, String) = (&row).try_into()?;
        let is_true = trust.is_some_and(|trust| is_signed(trust, &payload))
            && says(&payload) == Some((Unit(unit), Generation(generation), TierId(tier)));
        if !is_true {
            findings.push(Finding::Ticket(TicketId { event, local }));
        }
        tickets += 1;
    }
    check_units(connection, event, findings)?;
    check_transfers(connection, event, findings)?;
    Ok(tickets)
}

/// Tells whether a key of the event signed it, whatever has become of the key since.
fn is_signed(trust: &Trust, payload: &str) -> bool {
    match trust.keyring().verify_text(payload.as_bytes(), Timestamp(0)) {
        Ok(_) | Err(Rejection::StruckKey | Rejection::KeyOutOfWindow | Rejection::NotLive) => true,
        Err(
            Rejection::NotATicket
            | Rejection::UnknownVersion { .. }
            | Rejection::UnknownKey
            | Rejection::NotListed
            | Rejection::FalseSignature,
        ) => false,
    }
}

fn says(payload: &str) -> Option<(Unit, Generation, TierId)> {
    let bytes = digits::decode(payload.as_bytes())?;
    let (ticket, _, _) = Payload::parse(&bytes).ok()?;
    Some((ticket.unit, ticket.generation, ticket.tier))
}

/// Checks that what is written down of each unit fits together, and that the reservation which claims it lists it.
fn check_units(connection: &Sql<'_>, event: EventId, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "WITH sold AS (
             SELECT unit, count(*) AS tickets, max(generation) AS newest,
                    count(CASE WHEN state = 'valid' OR state = 'revoked' AND refund_id IS NULL THEN 1 END) AS usable,
                    max(CASE WHEN state = 'valid' OR state = 'revoked' AND refund_id IS NULL THEN generation END) AS usable_one,
                    max(CASE WHEN refund_id IS NOT NULL THEN generation END) AS taken_back
             FROM tickets WHERE event_id = ?1 GROUP BY unit
         )
         SELECT unit, units.state, issued, held_until, coalesce(tickets, 0), newest, coalesce(usable, 0), usable_one,
                reservations.state, expires_at, taken_back
         FROM units LEFT JOIN sold USING (unit) LEFT JOIN reservations USING (event_id, reservation_id)
         WHERE event_id = ?1",
    )?;
    let mut rows = select.query([event.0])?;
    let mut wrong = BTreeSet::new();
    while let Some(row) = rows.next()? {
        // What cannot be read does not fit either.
        if !unit_facts(&row).is_ok_and(|facts| facts.is_sound()) {
            wrong.insert(Unit(row.get(0)?));
        }
    }
    wrong.extend(unlisted(connection, event)?);
    wrong.extend(without_refund(connection, event)?);
    findings.extend(wrong.into_iter().map(|unit| Finding::Unit { event, unit }));
    Ok(())
}

fn unit_facts(row: &Row<'_>) -> Result<UnitFacts, StoreError> {
    let state: String = row.get(1)?;
    let held_until: Option<i64> = row.get(3)?;
    let (claim, ends): (Option<String>, Option<i64>) = (row.get(8)?, row.get(9)?);
    let claim = claim.as_deref().map(reservation_state).transpose()?;
    Ok(UnitFacts {
        state: unit_state(&state)?,
        issued: row.get(2)?,
        held_until: held_until.map(moment),
        tickets: UnitTickets {
            count: row.get(4)?,
            newest: row.get(5)?,
            in_use: row.get(6)?,
            newest_in_use: row.get(7)?,
            newest_refunded: row.get(10)?,
        },
        claim: claim.zip(ends.map(moment)),
    })
}

/// Finds the units of tickets that are said to be taken back by a refund which is none of their booking.
fn without_refund(connection: &Sql<'_>, event: EventId) -> Result<Vec<Unit>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT unit FROM tickets LEFT JOIN refunds USING (event_id, refund_id)
         WHERE event_id = ?1 AND refund_id IS NOT NULL AND refunds.booking_id IS DISTINCT FROM tickets.booking_id",
    )?;
    let units = select.query_map([event.0], |row| row.get(0).map(Unit))?;
    Ok(units.collect::<Result<_, _>>()?)
}

/// Finds the units that are claimed by a reservation which does not list them.
fn unlisted(connection: &Sql<'_>, event: EventId) -> Result<Vec<Unit>, StoreError> {
    let mut lists: HashMap<Local, BTreeSet<(Unit, TierId)>> = HashMap::new();
    let mut select =
        connection.prepare_cached("SELECT reservation_id, lines FROM reservations WHERE event_id = ?1")?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let listed = row.column(1)?.as_str().ok().and_then(|text| lines(text).ok());
        let units = listed
            .unwrap_or_default()
            .into_iter()
            .map(|line| (line.unit, line.tier));
        lists.insert(row.get(0)?, units.collect());
    }
    let mut select = connection.prepare_cached(
        "SELECT unit, tier, reservation_id FROM units WHERE event_id = ?1 AND state <> 'available'",
    )?;
    let mut rows = select.query([event.0])?;
    let mut unlisted = Vec::new();
    while let Some(row) = rows.next()? {
        let unit = Unit(row.get(0)?);
        let list = row
            .get(2)
            .ok()
            .and_then(|reservation: Local| lists.get(&reservation));
        let is_listed = |tier: u16| list.is_some_and(|list| list.contains(&(unit, TierId(tier))));
        if !row.get(1).is_ok_and(is_listed) {
            unlisted.push(unit);
        }
    }
    Ok(unlisted)
}

/// A ticket is in the booking of the one it replaced, unless that was transferred: then it is in none.
fn check_transfers(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT next.unit FROM tickets AS next LEFT JOIN tickets AS last
             ON last.event_id = next.event_id AND last.unit = next.unit
                AND last.generation = next.generation - 1 AND last.state = 'superseded'
         WHERE next.event_id = ?1 AND CASE
             WHEN last.unit IS NULL THEN next.booking_id IS NULL
             WHEN last.transferred <> 0 THEN next.booking_id IS NOT NULL
             ELSE next.booking_id IS DISTINCT FROM last.booking_id
         END ORDER BY next.unit",
    )?;
    let units = select.query_map([event.0], |row| row.get(0).map(Unit))?;
    for unit in units {
        let unit = Finding::Unit { event, unit: unit? };
        if !findings.contains(&unit) {
            findings.push(unit);
        }
    }
    Ok(())
}

/// Checks the amount of every reservation of an event: the sum of its lines.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_reservations(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT reservation_id, lines, amount FROM reservations WHERE event_id = ?1 ORDER BY reservation_id",
    )?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let (local, text, amount): (Local, String, i64) = (&row).try_into()?;
        let sum = |lines: Vec<PriceLine>| lines.iter().map(|line| i128::from(line.price)).sum::<i128>();
        let adds_up = lines(&text).is_ok_and(|lines| sum(lines) == i128::from(amount));
        if !adds_up {
            findings.push(Finding::Reservation(ReservationId { event, local }));
        }
    }
    Ok(())
}

/// Checks the bookings of an event: the amount is the reservation's, and if it is confirmed, each of its units has a
/// ticket. Returns how many are confirmed.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_bookings(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<u64, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT booking_id, reservation_id, lines, bookings.amount = reservations.amount,
                bookings.state = 'confirmed', reservations.state = 'booked', email, fees, taxes
         FROM bookings JOIN reservations USING (event_id, reservation_id)
         WHERE event_id = ?1 ORDER BY booking_id",
    )?;
    let mut rows = select.query([event.0])?;
    let mut confirmed = 0;
    while let Some(row) = rows.next()? {
        let (local, reservation, text): (Local, Local, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (same_amount, is_confirmed, is_booked): (bool, bool, bool) =
            (row.get(3)?, row.get(4)?, row.get(5)?);
        // Nothing vouches for the address, but one that is no text would keep the booking from being shown.
        let mut fits = same_amount && row.column(6)?.as_str().is_ok();
        let parts = ChargeParts {
            fees: row.get(7)?,
            taxes: row.get(8)?,
        };
        fits &= lines(&text).is_ok_and(|lines| ChargeParts::of(lines.iter()) == parts);
        if is_confirmed {
            let mut units = units_of(connection, event, (local, reservation))?;
            units.extend(freed_of(connection, event, local)?);
            fits &= is_booked && units == listed(&text);
            confirmed += 1;
        }
        if !fits {
            findings.push(Finding::Booking(BookingId { event, local }));
        }
    }
    Ok(confirmed)
}

/// Checks the jobs of an event: those that settle bookings are those of its open bookings, and one refunds them while it is being canceled.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_jobs(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let ids = |sql: &str| -> Result<BTreeSet<BookingId>, StoreError> {
        let mut select = connection.prepare_cached(sql)?;
        let ids = select.query_map([event.0], |row| {
            row.get(0).map(|local| BookingId { event, local })
        })?;
        Ok(ids.collect::<Result<_, _>>()?)
    };
    let open = ids("SELECT booking_id FROM bookings WHERE event_id = ?1 AND closed_at IS NULL")?;
    let settled = ids("SELECT subject FROM jobs WHERE event_id = ?1 AND kind = 'settle_booking'")?;
    findings.extend(open.symmetric_difference(&settled).copied().map(Finding::Job));
    let exists = |sql: &str| connection.prepare_cached(sql)?.exists([event.0]);
    let is_running = exists("SELECT 1 FROM cancellations WHERE event_id = ?1 AND ended_at IS NULL")?;
    if is_running != exists("SELECT 1 FROM jobs WHERE event_id = ?1 AND kind = 'refund_event'")? {
        findings.push(Finding::Cancellation { event });
    }
    Ok(())
}

/// Returns the units of a booking that are free again, because they were given back.
fn freed_of(connection: &Sql<'_>, event: EventId, booking: Local) -> Result<BTreeSet<Unit>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT unit FROM refunds JOIN tickets USING (event_id, refund_id)
         WHERE event_id = ?1 AND refunds.booking_id = ?2 AND refunds.state IN ('given', 'given_outside') AND frees_units = 1",
    )?;
    let units = select.query_map(params![event.0, booking], |row| row.get(0).map(Unit))?;
    Ok(units.collect::<Result<_, _>>()?)
}

/// Checks the refunds of an event: together they are no more than was paid, their tickets are revoked before money is given, and a job
/// sees to each that is on its way.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_refunds(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT refund_id,
                bookings.state = 'confirmed'
                AND bookings.amount >= (SELECT sum(amount) FROM refunds AS others
                                        WHERE others.event_id = ?1 AND others.booking_id = refunds.booking_id)
                AND (refunds.state = 'revoking' OR NOT EXISTS (
                    SELECT 1 FROM tickets
                    WHERE tickets.event_id = ?1 AND tickets.refund_id = refunds.refund_id AND tickets.state <> 'revoked'))
                AND (refunds.closed_at IS NULL) = EXISTS (
                    SELECT 1 FROM jobs WHERE jobs.event_id = ?1 AND kind = 'give_refund' AND subject = refund_id)
         FROM refunds JOIN bookings USING (event_id, booking_id) WHERE event_id = ?1 ORDER BY refund_id",
    )?;
    let mut rows = select.query([event.0])?;
    while let Some(row) = rows.next()? {
        let (local, is_sound): (Local, bool) = (row.get(0)?, row.get(1)?);
        if !is_sound {
            findings.push(Finding::Refund(RefundId { event, local }));
        }
    }
    Ok(())
}

/// Checks the journal of an event: its accounts hold what its bookings and refunds come to, and together nothing.
///
/// # Errors
///
/// [`StoreError`].
pub fn check_journal(
    connection: &Sql<'_>,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let balances = journal::balances(connection, &event);
    let expected = journal::expected(connection, event);
    let fits = match (balances, expected) {
        (Ok(balances), Ok(expected)) => balances == expected,
        // What cannot be read does not fit either.
        (Err(StoreError::Unreadable { .. }), _) | (_, Err(StoreError::Unreadable { .. })) => false,
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    if !fits {
        findings.push(Finding::Journal { event });
    }
    Ok(())
}

/// Returns the units a reservation lists; none when that cannot be read.
fn listed(text: &str) -> BTreeSet<Unit> {
    let lines = lines(text).unwrap_or_default();
    lines.iter().map(|line| line.unit).collect()
}

/// Returns the units of a booking's tickets that its reservation has claimed.
fn units_of(
    connection: &Sql<'_>,
    event: EventId,
    (booking, reservation): (Local, Local),
) -> Result<BTreeSet<Unit>, StoreError> {
    // Left to itself, SQLite takes an event to have some ten tickets and walks through all of them for each booking.
    let mut select = connection.prepare_cached(
        "SELECT unit FROM tickets INDEXED BY tickets_of_booking JOIN units USING (event_id, unit)
         WHERE event_id = ?1 AND booking_id = ?2 AND reservation_id = ?3 AND units.state = 'booked'",
    )?;
    let units = select.query_map(params![event.0, booking, reservation], |row| row.get(0).map(Unit))?;
    Ok(units.collect::<Result<_, _>>()?)
}
