//! A group runs again where it must, and says of each command what became of it.

use super::super::Pending;
use futures_util::future::join_all;
use usher_protocol::Unit;

use super::*;
use crate::ids::{ReservationId, draw_event_id};
use crate::selling::{Claim, HoldOutcome, HoldRequest, TierQuantity};
use crate::store::Store;
use crate::store::contract::case::{Case, STANDING, START};
use crate::store::contract::server;
use crate::store::operations::Effect;
use crate::store::organizing::{AddUnits, NewEvent, NewUnit, Publish};
use crate::store::sql::Sql;

/// Buyers who come at once.
const BUYERS: u32 = 64;
/// Commits that their holds may take: one for whoever came first, and few for all who came while that was on its way.
const COMMITS: i64 = 8;

fn commits(url: &str) -> i64 {
    let sum = usher_test_postgres::run(url, "SELECT sum(commits) FROM writers");
    sum.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_answer_to_a_commit_learns_what_became_of_it() {
    let servers = server::servers(&Case::on_postgres().await.url().unwrap());
    let check = move || {
        let asking = Backend::connect(&servers).unwrap();
        for (end, expected) in [("COMMIT", true), ("ROLLBACK", false)] {
            let lost = Writing::begin(&servers).unwrap();
            lost.lock(&[], Care::Careful).unwrap();
            let doubt = lost.doubt();
            lost.backend.batch(end).unwrap();
            assert_eq!(doubt.is_committed(&asking).unwrap(), expected, "{end}");
        }
    };
    tokio::task::spawn_blocking(check).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_about_a_transaction_that_has_not_ended() {
    let servers = server::servers(&Case::on_postgres().await.url().unwrap());
    let check = move || {
        let asking = Backend::connect(&servers).unwrap();
        asking.batch("SET lock_timeout = '50ms'").unwrap();
        let open = Writing::begin(&servers).unwrap();
        open.lock(&[], Care::Careful).unwrap();
        let error = open.doubt().is_committed(&asking).unwrap_err();
        assert!(error.is_broken_off(), "{error:?}");
    };
    tokio::task::spawn_blocking(check).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_writers_end_with_their_connections_or_a_day_later() {
    let case = Case::on_postgres().await;
    let url = case.url().unwrap();
    let asked = async |sql: &'static str| {
        let url = url.clone();
        let asking = tokio::task::spawn_blocking(move || usher_test_postgres::run(&url, sql));
        asking.await.unwrap().trim().to_owned()
    };
    const COUNT: &str = "SELECT count(*) FROM writers";
    const OLD: &str = "SELECT count(*) FROM writers WHERE used_at < now() - interval '1 day'";
    case.held(&[0], START).await;
    assert_ne!(asked(COUNT).await, "0");
    // Idle for longer than rows last, and others have connected meanwhile.
    asked("UPDATE writers SET used_at = now() - interval '25 hours'").await;
    let other = Store::open(&server::location(&url)).await.unwrap();
    let claim = Claim::Seats(vec![Unit(1)]);
    let held = other.hold(case.hold_request(claim, START)).await.unwrap();
    assert!(matches!(held, HoldOutcome::Held(_)), "{held:?}");
    assert_eq!(asked(OLD).await, "0");
    let of_other: u32 = asked(COUNT).await.parse().unwrap();
    assert!(of_other > 0);
    case.held(&[2], START).await;
    assert_eq!(asked(COUNT).await, (of_other + 1).to_string());
    other.close().await;
    case.store.close().await;
    assert_eq!(asked(COUNT).await, "0");
}

type Work = fn(&Sql<'_>) -> Result<Effect<bool>, StoreError>;

/// Runs commands of one group against the two rows of a table; returns what each was told and what is in the table.
async fn told(works: Vec<Work>) -> (Vec<Result<bool, StoreError>>, String) {
    let url = Case::on_postgres().await.url().unwrap();
    let servers = server::servers(&url);
    let work = move || {
        usher_test_postgres::run(
            &url,
            "CREATE TABLE t (a bigint PRIMARY KEY); INSERT INTO t VALUES (1), (2)",
        );
        let (mut group, mut answers): (Vec<Box<dyn Command>>, Vec<_>) = (Vec::new(), Vec::new());
        for work in works {
            let (reply, answer) = tokio::sync::oneshot::channel();
            group.push(Box::new(Pending {
                event: None,
                work,
                result: None,
                reply,
            }));
            answers.push(answer);
        }
        let committed = run(&servers, &mut None, &mut group);
        for command in group {
            command.answer(committed.clone());
        }
        let told = answers.into_iter().map(|answer| answer.blocking_recv().unwrap());
        (
            told.collect(),
            usher_test_postgres::run(&url, "SELECT string_agg(a::text, ' ' ORDER BY a) FROM t"),
        )
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn add(connection: &Sql<'_>, number: i64) -> Result<(), StoreError> {
    Ok(connection
        .prepare_cached("INSERT INTO t VALUES (?1)")?
        .run([number])?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_as_presumed_runs_again_and_each_is_told_what_became_of_its_own() {
    let (told, left) = told(vec![
        |connection| add(connection, 3).map(|()| Effect::Keep(true)),
        |connection| {
            let mut delete = connection.prepare_cached("DELETE FROM t WHERE a >= ?1")?;
            Ok(Effect::Undo(delete.changes(1, [2])?))
        },
        |connection| add(connection, 1).map(|()| Effect::Keep(true)),
        |connection| add(connection, 4).map(|()| Effect::Undo(true)),
        |connection| add(connection, 5).map(|()| Effect::Keep(true)),
    ])
    .await;
    assert!(
        matches!(
            told[..],
            [
                Ok(true),
                Ok(false),
                Err(StoreError::Postgres(_)),
                Ok(true),
                Ok(true)
            ]
        ),
        "{told:?}"
    );
    assert_eq!(left.trim(), "1 2 3 5");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_behind_the_last_answer_is_not_called_durable() {
    let (told, left) = told(vec![
        |connection| add(connection, 3).map(|()| Effect::Keep(true)),
        |connection| add(connection, 2).map(|()| Effect::Keep(true)),
    ])
    .await;
    assert!(
        matches!(told[..], [Ok(true), Err(StoreError::Postgres(_))]),
        "{told:?}"
    );
    assert_eq!(left.trim(), "1 2 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_of_one_event_that_come_at_once_share_commits() {
    let case = Case::on_postgres().await;
    let event = draw_event_id(START);
    let unit = |unit| NewUnit {
        unit: Unit(unit),
        tier: STANDING,
        seat: None,
    };
    let new = NewEvent {
        unit_count: BUYERS,
        seat_count: 0,
        ..case.new_event(event, "Crowd")
    };
    case.store.add_event(new).await.unwrap();
    let units = (0..BUYERS).map(unit).collect();
    case.store.add_units(AddUnits { event, units }).await.unwrap();
    case.store.publish(Publish { event, now: START }).await.unwrap();
    let url = case.url().unwrap();
    let before = commits(&url);
    let one = || {
        Claim::Tiers(vec![TierQuantity {
            tier: STANDING,
            quantity: 1,
        }])
    };
    let holds = (0..BUYERS).map(|_| {
        case.store.hold(HoldRequest {
            reservation: ReservationId::draw(event, START),
            ..case.hold_request(one(), START)
        })
    });
    for outcome in join_all(holds).await {
        assert!(matches!(outcome, Ok(HoldOutcome::Held(_))), "{outcome:?}");
    }
    let taken = commits(&url) - before;
    assert!(taken <= COMMITS, "{taken} commits for {BUYERS} holds");
}
