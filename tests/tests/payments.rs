//! Payments in a simulated world, by seed. `USHER_PAYMENT_SEEDS` plays more of them, as `make soak` does.

use usher_tests::payments::{Cheat, PaymentTotals, SaleShape, attempt, shrink};

/// Seeds that are played unless the environment says more: some seconds.
const SEEDS: u64 = 300;

fn seeds() -> u64 {
    std::env::var("USHER_PAYMENT_SEEDS").map_or(SEEDS, |seeds| seeds.parse().expect("a number of seeds"))
}

#[test]
fn no_money_is_taken_without_tickets_or_a_refund_whatever_fails() {
    let mut sum = PaymentTotals::default();
    for seed in 0..seeds() {
        let shape = SaleShape::drawn(seed);
        let Ok(outcome) = attempt(seed, &shape) else {
            panic!("seed {seed} made small: {:#?}", shrink(seed, &shape));
        };
        sum.steps += outcome.steps;
        sum.confirmed += outcome.confirmed;
        sum.declined += outcome.declined;
        sum.expired += outcome.expired;
        sum.canceled += outcome.canceled;
        sum.refunded += outcome.refunded;
        sum.given_back += outcome.given_back;
        sum.looked_into += outcome.looked_into;
        sum.given_outside += outcome.given_outside;
        sum.taken_back += outcome.taken_back;
        sum.taken_over += outcome.taken_over;
    }
    println!("{sum:?}");
    // Every end is met, and so is somebody who takes over.
    let ends = [
        sum.confirmed,
        sum.declined,
        sum.expired,
        sum.canceled,
        sum.refunded,
        sum.given_back,
        sum.looked_into,
        sum.given_outside,
        sum.taken_back,
        sum.taken_over,
    ];
    assert!(ends.iter().all(|count| *count > SEEDS / 10), "{sum:?}");
}

#[track_caller]
fn check_found(cheat: Cheat) {
    let cheating = |seed| SaleShape {
        cheat: Some(cheat),
        ..SaleShape::drawn(seed)
    };
    let found = (0..SEEDS).find(|seed| attempt(*seed, &cheating(*seed)).is_err());
    let seed = found.unwrap_or_else(|| panic!("{cheat:?} was not found"));
    let (_, small, broken) = shrink(seed, &cheating(seed));
    assert!(
        small.faults.len() <= 2 && small.buyers <= 24,
        "{small:?} {broken:?}"
    );
}

#[test]
fn places_that_are_free_before_the_gateway_has_given_up_are_found() {
    check_found(Cheat::ReleasesUnasked);
}

#[test]
fn a_charge_that_is_not_written_down_is_found() {
    check_found(Cheat::ChargesUnwritten);
}

#[test]
fn a_declined_payment_that_can_still_be_paid_is_found() {
    check_found(Cheat::TrustsDeclines);
}

#[test]
fn units_that_are_free_before_their_money_is_given_back_are_found() {
    check_found(Cheat::FreesUngiven);
}

#[test]
fn money_that_is_given_back_before_the_tickets_are_revoked_is_found() {
    check_found(Cheat::GivesUnrevoked);
}
