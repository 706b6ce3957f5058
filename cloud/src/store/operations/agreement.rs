//! Statements that carry a rule out for many rows at once, held against the rule for one row, over random rows.

use proptest::prelude::*;
use rusqlite::{Connection, params};
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;

use crate::catalogue::{OccupancyQuery, Status, TierCount};
use crate::ids::ReservationId;
use crate::money::Money;
use crate::selling::holding::may_release;
use crate::selling::{Forget, ReleaseOutcome, Reservation, ReservationState, Tidy, UnitState};

use crate::store::sql::Sql;

use super::column::{moment, ms, reservation_state, unit_state};
use super::{Effect, bounds, catalogue, holds, moves};
use crate::store::sqlite::migrations;

const EVENT: EventId = EventId([1; 16]);
const NOW: Timestamp = Timestamp(1_000);
const TIERS: [TierId; 3] = [TierId(1), TierId(2), TierId(3)];

/// A unit as it is written down: its tier, its state, and until when it is held.
type UnitRow = (TierId, UnitState, Option<Timestamp>);

fn unit() -> impl Strategy<Value = UnitRow> {
    let state = prop_oneof![
        Just((UnitState::Available, None)),
        Just((UnitState::Paying, None)),
        Just((UnitState::Booked, None)),
        (NOW.0 - 2..NOW.0 + 3).prop_map(|until| (UnitState::Held, Some(Timestamp(until)))),
    ];
    // The last tier stays without units.
    (0..2_usize, state).prop_map(|(tier, (state, until))| (TIERS[tier], state, until))
}

fn written(units: &[UnitRow]) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    refinery::Runner::new(&migrations()).run(&mut connection).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO events (event_id, organizer_id, venue_id, venue_name, city, name, description,
                                 starts_at, ends_at, status, currency, reservation_ms, policy, unit_count, seat_count, created_at, published_at)
             VALUES (x'01010101010101010101010101010101', x'01', x'01', 'v', 'c', 'n', 'd', 1, 2, 'published', 'EUR', 1, 'p', 1, 0, 1, 1);",
        )
        .unwrap();
    for tier in TIERS {
        connection
            .execute(
                "INSERT INTO tiers (event_id, tier, name, price, admits, flags) VALUES (?1, ?2, 't', 0, 1, 0)",
                params![EVENT.0, tier.0],
            )
            .unwrap();
    }
    for (number, (tier, state, until)) in units.iter().enumerate() {
        let reservation = (*state != UnitState::Available).then_some([1_u8; 24]);
        connection
            .execute(
                "INSERT INTO units (event_id, unit, tier, state, reservation_id, held_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    EVENT.0,
                    number as u32,
                    tier.0,
                    state.word(),
                    reservation,
                    until.map(|until| until.0 as i64)
                ],
            )
            .unwrap();
    }
    connection
}

/// A reservation as it is written down, and whether a booking refers to it.
type ReservationRow = (ReservationState, Timestamp, bool);

fn reservation() -> impl Strategy<Value = ReservationRow> {
    let states = [
        ReservationState::Held,
        ReservationState::Paying,
        ReservationState::Booked,
        ReservationState::Released,
    ];
    let until = (NOW.0 - 2..NOW.0 + 3).prop_map(Timestamp);
    (0..states.len(), until, any::<bool>())
        .prop_map(move |(state, until, is_booked)| (states[state], until, is_booked))
}

fn id(number: usize) -> ReservationId {
    let mut local = [0; 24];
    local[0] = u8::try_from(number).unwrap();
    ReservationId { event: EVENT, local }
}

fn stands(number: usize, (state, expires_at, _): ReservationRow) -> Reservation {
    Reservation {
        id: id(number),
        state,
        lines: Vec::new(),
        amount: Money {
            minor: 0,
            currency: "EUR".parse().unwrap(),
        },
        expires_at,
    }
}

fn write_reservations(connection: &Connection, reservations: &[ReservationRow]) {
    for (number, (state, until, is_booked)) in reservations.iter().enumerate() {
        let local = id(number).local;
        connection
            .execute(
                "INSERT INTO reservations (event_id, reservation_id, state, lines, amount, created_at, expires_at)
                 VALUES (?1, ?2, ?3, '[]', 0, 0, ?4)",
                params![EVENT.0, local, state.word(), ms(*until)],
            )
            .unwrap();
        if *is_booked {
            connection
                .execute(
                    "INSERT INTO bookings (event_id, booking_id, charge_reference, reservation_id, idempotency_key, request_hash,
                                           state, email, amount, created_at, pay_by, attempt, closed_at)
                     VALUES (?1, ?2, ?2, ?2, hex(?2), zeroblob(32), 'refunded', 'e', 0, 0, 0, 1, 1)",
                    params![EVENT.0, local],
                )
                .unwrap();
        }
    }
}

fn read_reservations(connection: &Connection) -> Vec<(ReservationId, ReservationState)> {
    let mut query = connection
        .prepare("SELECT reservation_id, state FROM reservations ORDER BY reservation_id")
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
    rows.unwrap()
        .map(Result::unwrap)
        .map(|(local, state)| {
            let id = ReservationId { event: EVENT, local };
            (id, reservation_state(&state).unwrap())
        })
        .collect()
}

fn read(connection: &Connection) -> Vec<(UnitState, Option<Timestamp>)> {
    let mut query = connection
        .prepare("SELECT state, held_until FROM units ORDER BY unit")
        .unwrap();
    let rows = query.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?))
    });
    rows.unwrap()
        .map(Result::unwrap)
        .map(|(state, until)| (unit_state(&state).unwrap(), until.map(moment)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tiers_are_counted_as_each_unit_is_told(units in proptest::collection::vec(unit(), 0..40)) {
        let mut expected = TIERS.map(TierCount::none_of);
        for (tier, state, until) in &units {
            let count = expected.iter_mut().find(|count| count.tier == *tier).unwrap();
            count.add(Status::of(*state, *until, NOW), 1);
        }
        let request = OccupancyQuery { event: EVENT, now: NOW };
        let told = catalogue::occupancy(&Sql::Sqlite(&written(&units)), &request).unwrap();
        prop_assert_eq!(told.tiers, expected);
    }

    #[test]
    fn tidying_frees_what_is_told_to_be_free_and_nothing_else(units in proptest::collection::vec(unit(), 0..40)) {
        let expected: Vec<_> = units
            .iter()
            .map(|(_, state, until)| match Status::of(*state, *until, NOW) {
                Status::Available => (UnitState::Available, None),
                Status::Held | Status::Booked => (*state, *until),
            })
            .collect();
        let connection = written(&units);
        let tidied = holds::tidy(&Sql::Sqlite(&connection), &Tidy { event: EVENT, limit: 100, now: NOW }).unwrap();
        let freed = units.iter().zip(&expected).filter(|((_, state, _), (after, _))| state != after).count();
        prop_assert_eq!(read(&connection), expected);
        let Effect::Keep(tidied) = tidied else {
            panic!("tidying is kept")
        };
        prop_assert_eq!(tidied, freed);
    }

    #[test]
    fn what_is_forgotten_could_be_given_back_is_over_and_never_became_a_booking(
        reservations in proptest::collection::vec(reservation(), 0..40),
    ) {
        let connection = written(&[]);
        write_reservations(&connection, &reservations);
        let rows = || reservations.iter().copied().enumerate();
        let is_forgotten = |(number, row): (usize, ReservationRow)| {
            let (_, expires_at, is_booked) = row;
            let nobody_pays = matches!(may_release(Some(&stands(number, row))), Ok(()) | Err(ReleaseOutcome::Released));
            nobody_pays && expires_at <= NOW && !is_booked
        };
        let kept: Vec<_> = rows().filter(|row| !is_forgotten(*row)).map(|(number, row)| (id(number), row.0)).collect();
        let request = Forget { event: EVENT, ended_by: NOW, limit: 100 };
        let forgotten = bounds::forget(&Sql::Sqlite(&connection), &request).unwrap();
        prop_assert_eq!(read_reservations(&connection), kept);
        let Effect::Keep(forgotten) = forgotten else {
            panic!("forgetting is kept")
        };
        prop_assert_eq!(forgotten, rows().filter(|row| is_forgotten(*row)).count());
    }

    #[test]
    fn a_move_gives_back_what_is_held_and_neither_what_is_paid_for_nor_what_is_over(
        units in proptest::collection::vec(unit(), 0..40),
        reservations in proptest::collection::vec(reservation(), 0..40),
    ) {
        let connection = written(&units);
        write_reservations(&connection, &reservations);
        let is_freed = |state, until| state == UnitState::Held && Status::of(state, until, NOW) == Status::Held;
        let expected: Vec<_> = units
            .iter()
            .map(|(_, state, until)| if is_freed(*state, *until) {
                (UnitState::Available, None)
            } else {
                (*state, *until)
            })
            .collect();
        let given_back: Vec<_> = reservations
            .iter()
            .enumerate()
            .map(|(number, row)| {
                let before = stands(number, *row);
                let is_released = may_release(Some(&before)) == Ok(()) && !before.is_expired(NOW);
                (before.id, if is_released { ReservationState::Released } else { before.state })
            })
            .collect();
        let freed = moves::free_held(&Sql::Sqlite(&connection), (EVENT, NOW)).unwrap();
        prop_assert_eq!(freed, units.iter().filter(|(_, state, until)| is_freed(*state, *until)).count());
        prop_assert_eq!(read(&connection), expected);
        prop_assert_eq!(read_reservations(&connection), given_back);
    }
}
