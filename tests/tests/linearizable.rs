//! What concurrent buyers are told of a seat, by two programs, through two stores on one database or one on a file, could have happened one
//! after the other: a ready checker looks for such an order. The choices of every buyer follow from a seed; how they meet does not.

mod linearizable {
    pub mod market;
    mod programs;
    pub mod seat;
    mod sold_seat;
    mod two_programs;
}

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use linearizable::market::Market;
use linearizable::seat::{Operation, Outcome, Seat};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;
use usher_cloud::store::Store;

/// Histories on SQLite, where a fresh store takes milliseconds.
const ON_SQLITE: u64 = 12;
/// Histories on PostgreSQL.
const ON_POSTGRES: u64 = 6;
/// Buyers at the same time.
const BUYERS: u64 = 6;
/// What each of them does: more would take the checker longer than the stores.
const STEPS: usize = 40;

/// How long the checker may look for an order of one seat's history; it finds one in a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(60);

type History = LinearizabilityTester<u64, Seat>;

/// Has buyers buy on these stores, each at one of them, and checks what they were told of every seat; tells how often a sale was confirmed.
async fn check(seed: u64, stores: Vec<Store>) -> anyhow::Result<usize> {
    let market = Arc::new(Market::open(&stores[0]).await?);
    let mut buyers = JoinSet::new();
    for buyer in 0..BUYERS {
        let store = stores[usize::try_from(buyer)? % stores.len()].clone();
        let market = Arc::clone(&market);
        buyers.spawn(async move { market.buy(&store, (seed, buyer), STEPS).await });
    }
    while let Some(ended) = buyers.join_next().await {
        ended??;
    }
    let mut histories: BTreeMap<u32, History> = BTreeMap::new();
    let mut sales = 0;
    for told in market.told() {
        let history = histories
            .entry(told.seat)
            .or_insert_with(|| History::new(Seat::default()));
        let noted = match told.outcome {
            None => history.on_invoke(told.buyer, told.operation),
            Some(outcome) => {
                sales += usize::from(matches!(
                    (told.operation, outcome),
                    (Operation::Confirm { .. }, Outcome::Done)
                ));
                history.on_return(told.buyer, outcome)
            }
        };
        noted.map_err(anyhow::Error::msg)?;
    }
    for (seat, history) in histories {
        let looked_at = history.clone();
        let found = has_order(move || looked_at.is_consistent()).await?;
        ensure!(
            found,
            "seed {seed}: no order explains what was told of seat {seat}: {history:#?}"
        );
    }
    for store in stores {
        store.close().await;
    }
    Ok(sales)
}

/// Looks for an order; where there is none, that can take longer than anybody waits.
async fn has_order(look: impl FnOnce() -> bool + Send + 'static) -> anyhow::Result<bool> {
    let (reply, answer) = oneshot::channel();
    // A thread of its own, which the test's end need not wait for.
    std::thread::spawn(move || reply.send(look()));
    let found = timeout(PATIENCE, answer).await;
    Ok(found.context("the checker has found in time neither an order nor that there is none")??)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_buyers_are_told_of_a_seat_on_sqlite_has_an_order() -> anyhow::Result<()> {
    let mut sales = 0;
    for seed in 0..ON_SQLITE {
        let folder = tempfile::tempdir()?;
        let store = Store::open_sqlite(&folder.path().join("store.db"))?;
        sales += check(seed, vec![store]).await?;
    }
    ensure!(sales > 0, "nothing was sold");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_buyers_are_told_of_a_seat_by_two_stores_on_postgres_has_an_order() -> anyhow::Result<()> {
    let mut sales = 0;
    for seed in 0..ON_POSTGRES {
        let url = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
        let location = linearizable::market::location(&url)?;
        let stores = vec![Store::open(&location).await?, Store::open(&location).await?];
        sales += check(seed, stores).await?;
    }
    ensure!(sales > 0, "nothing was sold");
    Ok(())
}

/// Notes operations that follow each other; the second buyer's begins when the first one's has ended.
fn one_after_the_other(steps: &[(Operation, Outcome)]) -> Result<History, String> {
    let mut history = History::new(Seat::default());
    for (buyer, (operation, outcome)) in (0..).zip(steps) {
        history.on_invoke(buyer, *operation)?;
        history.on_return(buyer, *outcome)?;
    }
    Ok(history)
}

#[test]
fn a_history_that_no_order_explains_is_found() -> Result<(), String> {
    let hold = |reservation, at| Operation::Hold { reservation, at };
    let begin = Operation::Begin {
        reservation: 1,
        booking: 1,
        at: 1,
    };
    let confirm = Operation::Confirm { booking: 1 };
    let sold = [
        (hold(1, 0), Outcome::Done),
        (begin, Outcome::Done),
        (confirm, Outcome::Done),
    ];
    assert!(one_after_the_other(&sold)?.is_consistent());
    for wrong in [
        // Held twice.
        vec![sold[0], (hold(2, 1), Outcome::Done)],
        // Sold, and free again.
        [&sold[..], &[(hold(2, 1_000_000_000), Outcome::Done)]].concat(),
        // A refund of what was sold.
        [&sold[..], &[(Operation::Refund { booking: 1 }, Outcome::Done)]].concat(),
        // Revoked twice.
        [&sold[..], &[(Operation::Revoke { booking: 1 }, Outcome::Done); 2]].concat(),
    ] {
        assert!(!one_after_the_other(&wrong)?.is_consistent(), "{wrong:?}");
    }
    Ok(())
}
