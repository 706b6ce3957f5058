//! Holding and releasing.

use usher_keys::Timestamp;
use usher_protocol::{TierId, Unit};

use crate::catalogue::Status;
use crate::ids::{ReservationId, draw_event_id};
use crate::selling::known_seats::KnownSeats;
use crate::selling::sale::{SaleStatus, keys_needed_until};
use crate::selling::{
    BeginOutcome, BeginRefusal, Claim, ConfirmOutcome, HoldOutcome, HoldRequest, ReleaseOutcome,
    ReleaseRequest, ReservationState, Shortage, Tidy, TierQuantity,
};
use crate::store::authority::{HaltAll, Resume};
use crate::store::organizing::EventChange;

use super::case::{Case, GUESTS, HOLD_MS, STALLS, STANDING, START, changed, unchanged};

pub async fn seats_are_held_all_or_none(case: Case) {
    let first = case.held(&[1, 2], START).await;
    assert_eq!(first.amount.minor, 9_000);
    assert_eq!(first.expires_at, START.plus_ms(HOLD_MS));
    let second = case.hold_seats(&[0, 1, 2, 3], START.plus_ms(1)).await;
    assert_eq!(second, HoldOutcome::Taken(vec![Unit(1), Unit(2)]));
    let seats = case.occupancy(START.plus_ms(1)).await.seats;
    use Status::{Available, Held};
    assert_eq!(seats, [Available, Held, Held, Available, Available, Available]);
    assert_eq!(case.store.reservation(first.id).await.unwrap(), Some(first));
}

pub async fn a_seat_that_is_not_there_is_not_taken_but_unknown(case: Case) {
    // 6 is a slot of general admission, 4,000,000,000 is nothing at all.
    let outcome = case.hold_seats(&[0, 6, 4_000_000_000], START).await;
    assert_eq!(
        outcome,
        HoldOutcome::UnknownSeats(vec![Unit(6), Unit(4_000_000_000)])
    );
    assert_eq!(
        case.hold_tier(TierId(9), 1, START).await,
        HoldOutcome::UnknownTiers(vec![TierId(9)])
    );
    assert_eq!(case.seat(0, START).await, Status::Available);
}

pub async fn a_tier_gives_any_free_units_and_no_more_than_it_has(case: Case) {
    let HoldOutcome::Held(three) = case.hold_tier(STANDING, 3, START).await else {
        panic!("three of four are free")
    };
    assert_eq!(
        three.lines.iter().map(|line| line.unit.0).collect::<Vec<_>>(),
        [6, 7, 8]
    );
    assert_eq!(three.amount.minor, 7_500);
    let short = Shortage {
        tier: STANDING,
        requested: 2,
        available: 1,
    };
    assert_eq!(
        case.hold_tier(STANDING, 2, START).await,
        HoldOutcome::Short(vec![short])
    );
    assert!(matches!(
        case.hold_tier(STANDING, 1, START).await,
        HoldOutcome::Held(_)
    ));
    assert!(matches!(
        case.hold_tier(STALLS, 6, START).await,
        HoldOutcome::Held(_)
    ));
    let HoldOutcome::Held(free) = case.hold_tier(GUESTS, 2, START).await else {
        panic!("guests are free")
    };
    assert_eq!(free.amount.minor, 0);
}

pub async fn an_expired_unit_is_free_for_the_next_claim_at_once(case: Case) {
    let first = case.held(&[0, 1], START).await;
    let last_moment = START.plus_ms(HOLD_MS - 1);
    assert!(matches!(
        case.hold_seats(&[0], last_moment).await,
        HoldOutcome::Taken(_)
    ));
    let expired = START.plus_ms(HOLD_MS);
    assert_eq!(case.seat(0, expired).await, Status::Available);
    case.held(&[0], expired).await;
    assert!(
        case.store
            .reservation(first.id)
            .await
            .unwrap()
            .unwrap()
            .is_expired(expired)
    );
    let HoldOutcome::Held(rest) = case.hold_tier(STALLS, 5, expired).await else {
        panic!("five are free")
    };
    assert_eq!(
        rest.lines.iter().map(|line| line.unit.0).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
}

pub async fn a_released_reservation_frees_its_units_and_stays_released(case: Case) {
    let held = case.held(&[0], START).await;
    let release = ReleaseRequest {
        reservation: held.id,
        now: START,
    };
    assert_eq!(
        case.store.release(release).await.unwrap(),
        ReleaseOutcome::Released
    );
    assert_eq!(
        case.store.release(release).await.unwrap(),
        ReleaseOutcome::Released
    );
    let state = case.store.reservation(held.id).await.unwrap().unwrap().state;
    assert_eq!(state, ReservationState::Released);
    assert_eq!(case.seat(0, START).await, Status::Available);
    let unknown = ReleaseRequest {
        reservation: ReservationId::draw(case.event, START),
        now: START,
    };
    assert_eq!(
        case.store.release(unknown).await.unwrap(),
        ReleaseOutcome::NotFound
    );
}

pub async fn releasing_late_does_not_free_the_next_owners_units(case: Case) {
    let first = case.held(&[0], START).await;
    let expired = START.plus_ms(HOLD_MS);
    case.held(&[0], expired).await;
    let release = ReleaseRequest {
        reservation: first.id,
        now: expired,
    };
    assert_eq!(
        case.store.release(release).await.unwrap(),
        ReleaseOutcome::Released
    );
    assert_eq!(case.seat(0, expired).await, Status::Held);
}

pub async fn an_event_that_is_a_draft_or_over_sells_nothing(case: Case) {
    let draft = draw_event_id(START);
    case.store
        .add_event(case.new_event(draft, "Draft"))
        .await
        .unwrap();
    for event in [draft, draw_event_id(START)] {
        let reservation = ReservationId::draw(event, START);
        let claim = Claim::Seats(vec![Unit(0)]);
        let hold = HoldRequest {
            reservation,
            ..case.hold_request(claim, START)
        };
        let outcome = case.store.hold(hold).await.unwrap();
        assert_eq!(outcome, HoldOutcome::NoSuchEvent);
    }
    let over = START.plus_ms(90_000_000);
    assert_eq!(
        case.hold_seats(&[0], over).await,
        HoldOutcome::NotOnSale(SaleStatus::Over)
    );
}

pub async fn under_a_key_that_ends_before_the_event_nothing_is_held_or_paid(case: Case) {
    let needed = keys_needed_until(case.store.event(case.event).await.unwrap().unwrap().ends_at);
    let held = case.held(&[0], START).await;
    let short = Some(Timestamp(needed.0 - 1));
    for believed_until in [short, None] {
        let mut hold = case.hold_request(Claim::Seats(vec![Unit(1)]), START);
        hold.believed_until = believed_until;
        assert_eq!(
            case.store.hold(hold).await.unwrap(),
            HoldOutcome::NotOnSale(SaleStatus::Paused)
        );
        let mut begin = case.begin_request(held.id, "key", START);
        begin.believed_until = believed_until;
        assert_eq!(
            case.store.begin_booking(begin).await.unwrap(),
            BeginOutcome::Refused(BeginRefusal::NotOnSale(SaleStatus::Paused))
        );
    }
    assert_eq!(case.seat(1, START).await, Status::Available);
    let mut hold = case.hold_request(Claim::Seats(vec![Unit(1)]), START);
    hold.believed_until = Some(needed);
    assert!(matches!(
        case.store.hold(hold).await.unwrap(),
        HoldOutcome::Held(_)
    ));
    case.begun(held.id, "key", START).await;
}

pub async fn the_price_is_fixed_when_the_reservation_is_made(case: Case) {
    let held = case.held(&[0], START).await;
    let dearer = EventChange {
        prices: vec![(STALLS, 9_900)],
        ..unchanged(case.event)
    };
    changed(&case, dearer).await;
    assert_eq!(case.begun(held.id, "key", START).await.amount.minor, 4_500);
    assert_eq!(case.held(&[1], START).await.amount.minor, 9_900);
}

pub async fn tidying_changes_nothing_that_anyone_is_told(case: Case) {
    let expiring = case.held(&[0, 1], START).await;
    let later = START.plus_ms(HOLD_MS / 2);
    case.held(&[2], later).await;
    let now = START.plus_ms(HOLD_MS);
    let before = (
        case.occupancy(now).await,
        case.store.reservation(expiring.id).await.unwrap(),
    );
    let tidy = Tidy {
        event: case.event,
        limit: 1,
        now,
    };
    assert_eq!(case.store.tidy(tidy).await.unwrap(), 1);
    assert_eq!(case.store.tidy(Tidy { limit: 100, ..tidy }).await.unwrap(), 1);
    assert_eq!(case.store.tidy(tidy).await.unwrap(), 0);
    assert_eq!(
        (
            case.occupancy(now).await,
            case.store.reservation(expiring.id).await.unwrap()
        ),
        before
    );
}

pub async fn a_halted_event_sells_nothing_whatever_a_process_believes(case: Case) {
    let [first, second] = [case.held(&[0], START).await, case.held(&[1], START).await];
    let open = case.begun(first.id, "a", START).await;
    case.store.halt_all(HaltAll { now: START }).await.unwrap();
    assert_eq!(
        case.hold_seats(&[2], START).await,
        HoldOutcome::NotOnSale(SaleStatus::Paused)
    );
    assert_eq!(
        case.begin(second.id, "b", START).await,
        BeginOutcome::Refused(BeginRefusal::NotOnSale(SaleStatus::Paused))
    );
    // What is paid for waits, and gets its tickets when the event goes on.
    assert_eq!(case.confirm(&open, START).await, ConfirmOutcome::Halted);
    let halts = case.store.halts(()).await.unwrap();
    let (event, known) = halts.into_iter().next().unwrap();
    assert!(case.store.resume(Resume { event, known }).await.unwrap());
    assert!(matches!(
        case.confirm(&open, START).await,
        ConfirmOutcome::Confirmed(_)
    ));
    case.begun(second.id, "b", START).await;
}

pub async fn the_best_seats_are_of_those_that_the_store_has_left(case: Case) {
    let known = KnownSeats::default();
    let best = async |quantity, now| {
        let outcome = case.hold_best(quantity, &known, now).await;
        let HoldOutcome::Held(held) = outcome else {
            return Err(outcome);
        };
        Ok(held.lines.iter().map(|line| line.unit.0).collect::<Vec<_>>())
    };
    assert_eq!(best(1, START).await, Ok(vec![0]));
    // Another process has sold what this one takes for free: its neighbour is not kept.
    case.held(&[1], START).await;
    assert_eq!(best(2, START).await, Ok(vec![3, 4]));
    assert_eq!(case.seat(2, START).await, Status::Available);
    let too_few = HoldOutcome::Short(vec![Shortage {
        tier: STALLS,
        requested: 3,
        available: 2,
    }]);
    assert_eq!(best(3, START).await, Err(too_few.clone()));
    assert_eq!(case.seat(2, START).await, Status::Available);
    assert_eq!(best(3, START.plus_ms(HOLD_MS - 1)).await, Err(too_few));
    // What has expired is found although this process has heard of nothing.
    let expired = START.plus_ms(HOLD_MS + 1_000);
    assert_eq!(best(3, expired).await, Ok(vec![0, 1, 2]));
    for (tier, refused) in [
        (TierId(9), HoldOutcome::UnknownTiers(vec![TierId(9)])),
        (
            STANDING,
            HoldOutcome::Short(vec![Shortage {
                tier: STANDING,
                requested: 1,
                available: 0,
            }]),
        ),
    ] {
        let claim = Claim::Best(TierQuantity { tier, quantity: 1 }, known.clone());
        assert_eq!(case.hold(claim, expired).await, refused);
    }
}
