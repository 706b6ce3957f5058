//! Many at once: whoever is first, nobody gets what someone else has.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::task::JoinSet;

use crate::catalogue::Status;
use crate::selling::known_seats::KnownSeats;
use crate::selling::{BeginOutcome, BeginRefusal, ConfirmOutcome, HoldOutcome};

use super::case::{Case, HOLD_MS, STALLS, START};

/// Fighters in each race.
const FIGHTERS: u32 = 64;

pub async fn sixty_four_claims_on_one_seat_have_one_winner(case: Case) {
    let case = Arc::new(case);
    let mut fighters = JoinSet::new();
    for _ in 0..FIGHTERS {
        let case = case.clone();
        fighters.spawn(async move { case.hold_seats(&[3], START).await });
    }
    let outcomes = fighters.join_all().await;
    let winners = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, HoldOutcome::Held(_)))
        .count();
    let losers = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, HoldOutcome::Taken(_)))
        .count();
    assert_eq!((winners, losers), (1, 63));
}

pub async fn sixty_four_claims_on_a_tier_sell_exactly_what_there_is(case: Case) {
    let claims = (0..FIGHTERS).map(|fighter| case.hold_tier(STALLS, 1 + fighter % 2, START));
    let mut sold = BTreeSet::new();
    let mut units = 0;
    for outcome in join_all(claims).await {
        if let HoldOutcome::Held(reservation) = outcome {
            units += reservation.lines.len();
            sold.extend(reservation.lines.iter().map(|line| line.unit));
        }
    }
    assert_eq!((units, sold.len()), (6, 6));
    assert_eq!(case.occupancy(START).await.tiers[0].available, 0);
}

pub async fn sixty_four_claims_on_the_best_seats_get_different_ones_while_there_are_any(case: Case) {
    // As of two processes, neither of which hears of what the other claims.
    let known = [KnownSeats::default(), KnownSeats::default()];
    let claims = (0..FIGHTERS as usize).map(|fighter| case.hold_best(1, &known[fighter % 2], START));
    let mut seats = Vec::new();
    for outcome in join_all(claims).await {
        if let HoldOutcome::Held(reservation) = outcome {
            seats.extend(reservation.lines.iter().map(|line| line.unit.0));
        } else {
            assert!(matches!(outcome, HoldOutcome::Short(_)), "{outcome:?}");
        }
    }
    seats.sort_unstable();
    assert_eq!(seats, [0, 1, 2, 3, 4, 5]);
}

pub async fn a_booking_and_the_next_claim_race_over_an_expiring_seat(case: Case) {
    for round in 0..20_u64 {
        let now = START.plus_ms(round * 10 * HOLD_MS);
        let seat = u32::try_from(round % 6).unwrap();
        if case.seat(seat as usize, now).await == Status::Booked {
            continue;
        }
        let held = case.held(&[seat], now).await;
        let (expiry, seats) = (now.plus_ms(HOLD_MS), [seat]);
        // The booking's clock stands just before the expiry, the other buyer's just at it.
        let key = round.to_string();
        let (begun, claimed) = tokio::join!(
            case.begin(held.id, &key, now.plus_ms(HOLD_MS - 1)),
            case.hold_seats(&seats, expiry),
        );
        match (&begun, &claimed) {
            (BeginOutcome::Started(open), HoldOutcome::Taken(_)) => {
                assert!(matches!(
                    case.confirm(open, expiry).await,
                    ConfirmOutcome::Confirmed(_)
                ));
            }
            (BeginOutcome::Refused(BeginRefusal::Expired), HoldOutcome::Held(_)) => {}
            _ => panic!("round {round}: both or neither: {begun:?}, {claimed:?}"),
        }
    }
}

pub async fn one_of_many_bookings_of_a_reservation_starts(case: Case) {
    let held = case.held(&[0, 1], START).await;
    let keys: Vec<String> = (0..FIGHTERS).map(|fighter| (fighter % 8).to_string()).collect();
    let outcomes = join_all(keys.iter().map(|key| case.begin(held.id, key, START))).await;
    let started = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, BeginOutcome::Started(_)))
        .count();
    let existing = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, BeginOutcome::Existing(_)))
        .count();
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, BeginOutcome::Refused(BeginRefusal::Paying)))
        .count();
    assert_eq!((started, existing, refused), (1, 7, 56));
}
