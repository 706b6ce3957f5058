//! Statements that carry a rule out for many rows at once, held against the rule for one row, over random rows.

use proptest::prelude::*;
use rusqlite::{Connection, params};
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;

use crate::catalogue::{OccupancyQuery, Status, TierCount};
use crate::selling::{Tidy, UnitState};

use crate::store::sql::Sql;

use super::column::{moment, unit_state};
use super::{Effect, catalogue, holds};
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
             INSERT INTO events VALUES (x'01010101010101010101010101010101', x'01', x'01', 'v', 'c', 'c', 'n', 'd', 's', 1, 2,
                                        'published', 'EUR', 1, 'p', 1, 0, 1, 1);",
        )
        .unwrap();
    for tier in TIERS {
        connection
            .execute(
                "INSERT INTO tiers VALUES (?1, ?2, 't', 0, 1, 0)",
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
}
