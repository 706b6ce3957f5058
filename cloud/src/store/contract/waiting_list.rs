//! Waiting lists: offers go out in order, each place once, and nobody else has a place while somebody waits.

use std::collections::BTreeSet;

use tokio::task::JoinSet;
use usher_keys::Timestamp;

use crate::ids::{ReservationId, WaiterId};
use crate::languages::Language;
use crate::selling::waiting_list::{
    JoinList, JoinOutcome, OFFER_MS, OfferPlaces, Waiter, WaiterQuery, WaiterState, WaitersQuery,
};
use crate::selling::{ConfirmOutcome, HoldOutcome, ReleaseRequest, Reservation};
use crate::store::Store;
use crate::store::contract::server;
use crate::store::finding::Finding;

use super::case::{Case, HOLD_MS, STALLS, STANDING, START};

fn join_request(case: &Case, quantity: u32, email: &str, now: Timestamp) -> JoinList {
    JoinList {
        waiter: WaiterId::draw(case.event, now),
        tier: STANDING,
        quantity,
        email: email.into(),
        language: Language::German,
        client: super::case::CLAIMANT.address,
        believed_until: Some(Timestamp::FOREVER),
        now,
    }
}

async fn joined(case: &Case, quantity: u32, email: &str, now: Timestamp) -> WaiterId {
    let request = join_request(case, quantity, email, now);
    let waiter = request.waiter;
    let outcome = case.store.join_list(request).await.unwrap();
    assert!(matches!(outcome, JoinOutcome::Waits { .. }), "{outcome:?}");
    waiter
}

fn offer_request(case: &Case, now: Timestamp) -> OfferPlaces {
    OfferPlaces {
        event: case.event,
        reservations: (0..9).map(|_| ReservationId::draw(case.event, now)).collect(),
        believed_until: Some(Timestamp::FOREVER),
        mails: false,
        now,
    }
}

async fn offered(case: &Case, now: Timestamp) -> usize {
    case.store.offer_places(offer_request(case, now)).await.unwrap()
}

async fn shown(case: &Case, waiter: WaiterId, now: Timestamp) -> Waiter {
    case.store
        .waiter(WaiterQuery { waiter, now })
        .await
        .unwrap()
        .unwrap()
}

async fn held(case: &Case, quantity: u32, now: Timestamp) -> Reservation {
    let outcome = case.hold_tier(STANDING, quantity, now).await;
    let HoldOutcome::Held(reservation) = outcome else {
        panic!("not held: {outcome:?}")
    };
    reservation
}

async fn release(case: &Case, reservation: &Reservation, now: Timestamp) {
    let reservation = reservation.id;
    case.store
        .release(ReleaseRequest { reservation, now })
        .await
        .unwrap();
}

async fn check_sound(case: &Case) {
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let findings = case.audit().await.findings;
    assert!(findings.iter().all(is_signature), "{findings:?}");
}

pub async fn places_that_come_back_are_offered_in_order_and_nobody_jumps(case: Case) {
    let (three, one) = (held(&case, 3, START).await, held(&case, 1, START).await);
    let first = joined(&case, 3, "first@example.org", START).await;
    let second = joined(&case, 1, "second@example.org", START.plus_ms(1)).await;
    assert_eq!(offered(&case, START.plus_ms(2)).await, 0);
    release(&case, &one, START.plus_ms(3)).await;
    // The place is for whoever waits, though nobody has offered it yet.
    let jumping = case.hold_tier(STANDING, 1, START.plus_ms(4)).await;
    assert_eq!(jumping, HoldOutcome::Awaited(STANDING));
    assert!(matches!(
        case.hold_seats(&[0], START.plus_ms(4)).await,
        HoldOutcome::Held(_)
    ));
    // Who comes first is offered what there is, though they wanted more.
    assert_eq!(offered(&case, START.plus_ms(5)).await, 1);
    let offer = shown(&case, first, START.plus_ms(5)).await;
    assert_eq!(offer.state, WaiterState::Offered);
    assert_eq!(offer.offer.unwrap().lines.len(), 1);
    let waits = shown(&case, second, START.plus_ms(5)).await.state;
    assert_eq!(waits, WaiterState::Waits { ahead: 0 });
    release(&case, &three, START.plus_ms(6)).await;
    assert_eq!(offered(&case, START.plus_ms(7)).await, 1);
    assert_eq!(
        shown(&case, second, START.plus_ms(7)).await.state,
        WaiterState::Offered
    );
    // Nobody waits any more: what is left is for everybody.
    held(&case, 2, START.plus_ms(8)).await;
    check_sound(&case).await;
}

pub async fn an_offer_that_is_not_taken_goes_to_the_next_and_what_is_paid_stays(case: Case) {
    let all = held(&case, 4, START).await;
    let first = joined(&case, 2, "first@example.org", START).await;
    let second = joined(&case, 2, "second@example.org", START).await;
    let third = joined(&case, 2, "third@example.org", START).await;
    release(&case, &all, START).await;
    assert_eq!(offered(&case, START).await, 2);
    let taken = shown(&case, first, START).await.offer.unwrap();
    assert_eq!(taken.expires_at, START.plus_ms(OFFER_MS));
    let open = case.begun(taken.id, "first", START.plus_ms(HOLD_MS)).await;
    assert_eq!(shown(&case, first, START).await.state, WaiterState::Taken);
    let confirmed = case.confirm(&open, START.plus_ms(HOLD_MS)).await;
    assert!(matches!(confirmed, ConfirmOutcome::Confirmed(_)), "{confirmed:?}");
    // The event ends after a day and an hour: the offers end before.
    let late = START.plus_ms(OFFER_MS);
    assert_eq!(offered(&case, late.plus_ms(0)).await, 1);
    assert_eq!(shown(&case, second, late).await.state, WaiterState::Lapsed);
    let offer = shown(&case, third, late).await;
    assert_eq!(offer.state, WaiterState::Offered);
    assert_eq!(offer.offer.unwrap().expires_at, START.plus_ms(90_000_000));
    // Forgetting dead reservations forgets no offer.
    let forget = crate::selling::Forget {
        event: case.event,
        ended_by: late.plus_ms(1),
        limit: 100,
    };
    case.store.forget(forget).await.unwrap();
    assert_eq!(shown(&case, second, late).await.state, WaiterState::Lapsed);
    check_sound(&case).await;
}

pub async fn two_processes_offer_each_place_once(case: Case) {
    let all = held(&case, 4, START).await;
    let mut waiters = Vec::new();
    for number in 0..6 {
        waiters.push(joined(&case, 1, &format!("{number}@example.org"), START).await);
    }
    release(&case, &all, START).await;
    let other = match case.url() {
        Some(url) => Store::open(&server::location(&url)).await.unwrap(),
        None => case.store.clone(),
    };
    let mut racing = JoinSet::new();
    for turn in 0..8 {
        let store = if turn % 2 == 0 {
            case.store.clone()
        } else {
            other.clone()
        };
        let (offer, hold) = (
            offer_request(&case, START),
            case.hold_request(
                crate::selling::Claim::Tiers(vec![crate::selling::TierQuantity {
                    tier: STANDING,
                    quantity: 1,
                }]),
                START,
            ),
        );
        racing.spawn(async move {
            let held = store.hold(hold).await.unwrap();
            assert!(!matches!(held, HoldOutcome::Held(_)), "{held:?}");
            store.offer_places(offer).await.unwrap()
        });
    }
    assert_eq!(racing.join_all().await.into_iter().sum::<usize>(), 4);
    let mut units = BTreeSet::new();
    for (number, waiter) in waiters.iter().enumerate() {
        let waiter = shown(&case, *waiter, START).await;
        match waiter.offer {
            Some(offer) => units.extend(offer.lines.iter().map(|line| line.unit)),
            None => assert!(number >= 4, "{number} was jumped"),
        }
    }
    assert_eq!(units.len(), 4);
    check_sound(&case).await;
}

pub async fn who_may_wait_and_who_left(case: Case) {
    let now = START;
    let outcome = case
        .store
        .join_list(join_request(&case, 2, "a@example.org", now))
        .await;
    assert_eq!(outcome.unwrap(), JoinOutcome::Free(4));
    let all = held(&case, 4, now).await;
    let first = joined(&case, 2, "a@example.org", now).await;
    let outcome = case
        .store
        .join_list(join_request(&case, 1, "A@Example.org", now))
        .await;
    assert_eq!(outcome.unwrap(), JoinOutcome::AlreadyWaits);
    let unknown = JoinList {
        tier: usher_protocol::TierId(77),
        ..join_request(&case, 1, "b@example.org", now)
    };
    assert_eq!(
        case.store.join_list(unknown).await.unwrap(),
        JoinOutcome::UnknownTier
    );
    let second = joined(&case, 1, "b@example.org", now).await;
    assert_eq!(case.store.awaited_events(()).await.unwrap(), [case.event]);
    let query = WaitersQuery {
        event: case.event,
        tier: STANDING,
        beyond: 0,
        limit: 9,
        now,
    };
    let listed = case.store.waiters(query).await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|(waiter, email)| (waiter.position, email.as_str()))
        .collect();
    assert_eq!(listed, [(1, "a@example.org"), (2, "b@example.org")]);
    let leave = WaiterQuery { waiter: first, now };
    assert!(case.store.leave_list(leave).await.unwrap());
    assert!(!case.store.leave_list(leave).await.unwrap());
    assert_eq!(shown(&case, first, now).await.state, WaiterState::Left);
    release(&case, &all, now).await;
    assert_eq!(offered(&case, now).await, 1);
    assert_eq!(shown(&case, second, now).await.state, WaiterState::Offered);
    // Another tier has a list of its own.
    assert!(matches!(
        case.hold_tier(STALLS, 1, now).await,
        HoldOutcome::Held(_)
    ));
}
