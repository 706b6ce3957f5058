//! Connections that are cut in the middle of a transaction: what was asked is done, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use usher_protocol::Unit;

use crate::selling::{Claim, HoldOutcome, ReleaseOutcome, ReleaseRequest};
use crate::store::Store;
use crate::store::postgres::writer::wait_for;

use super::case::{Case, START};
use super::server;

/// Cuts while seats are held and released.
const CUTS: u32 = 25;

/// Holds and releases on a store that breaks transactions off.
const ROUNDS: u64 = 100;

/// With what the contracts are called on a store that breaks transactions off, it does break them off.
#[tokio::test(flavor = "multi_thread")]
async fn a_fifth_of_all_transactions_breaks_and_nobody_notices() {
    let case = Case::on_faulty_postgres().await;
    let before = case.faults();
    for round in 0..ROUNDS {
        let now = START.plus_ms(round);
        let reservation = case.held(&[0], now).await.id;
        let release = ReleaseRequest { reservation, now };
        assert_eq!(
            case.store.release(release).await.unwrap(),
            ReleaseOutcome::Released
        );
    }
    let borne = case.faults() - before;
    assert!(
        (ROUNDS / 5..ROUNDS).contains(&borne),
        "{borne} faults in {} transactions",
        2 * ROUNDS
    );
    assert!(case.audit().await.findings.is_empty());
}

/// A hold that ran again after it was kept would find its own seat taken, and a release nothing to release. A cut rarely falls
/// between a commit and its answer: what is done then is tested beside the writer's groups.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_while_connections_are_cut_is_done_once() {
    let case = Case::on_postgres().await;
    let url = case.url().unwrap();
    let other = Store::open(&server::location(&url)).await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let done = is_over.clone();
    let cutting = tokio::task::spawn_blocking(move || {
        for _ in 0..CUTS {
            usher_test_postgres::cut_connections(&url);
            wait_for(2);
        }
        done.store(true, Ordering::Relaxed);
    });
    // Two stores on one database, as of two processes, each with a seat of its own.
    tokio::join!(
        sell(&case, &case.store, 0, &is_over),
        sell(&case, &other, 1, &is_over)
    );
    cutting.await.unwrap();
}

async fn sell(case: &Case, store: &Store, seat: u32, is_over: &AtomicBool) {
    let mut now = START;
    while !is_over.load(Ordering::Relaxed) {
        now = now.plus_ms(1);
        let claim = Claim::Seats(vec![Unit(seat)]);
        let held = store.hold(case.hold_request(claim, now)).await.unwrap();
        let HoldOutcome::Held(reservation) = held else {
            panic!("seat {seat}: {held:?}")
        };
        let release = ReleaseRequest {
            reservation: reservation.id,
            now,
        };
        assert_eq!(store.release(release).await.unwrap(), ReleaseOutcome::Released);
    }
}
