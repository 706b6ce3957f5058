//! How much one client may hold without paying, and what becomes of what nobody paid for.

use std::sync::Arc;

use tokio::task::JoinSet;
use usher_keys::Timestamp;

use crate::catalogue::Status;
use crate::ids::ReservationId;
use crate::money::DeclineReason;
use crate::selling::buyer_bounds::{BoundReached, OwnBuyerBounds};
use crate::selling::claimant::{
    BoundBy, Claimant, ClientAddress, HoldBounds, OwnBounds, SessionHash, TooManyHeld,
};
use crate::selling::course::{BuyerAction, WaitFor};
use crate::selling::{
    BeginOutcome, BeginRefusal, Claim, CloseBooking, CloseOutcome, Ending, Forget, HoldOutcome, HoldRequest,
    NoteOutcome, NotePayment, OpenBooking, PaymentNote, ReleaseRequest, Reservation, ReservationState, Tidy,
    TierQuantity,
};
use crate::store::organizing::SetBounds;

use super::case::{Case, GUESTS, HOLD_MS, HOLDER, STALLS, STANDING, START};

const BOUNDS: HoldBounds = HoldBounds {
    per_session: 2,
    per_address: 4,
    per_network: 5,
    network_percent: 0,
    minutes_in_vain: 60,
};

fn claimant(address: u8, session: u8) -> Claimant {
    Claimant {
        address: ClientAddress::V6([address, 2, 3, 4, 5, 6, 7, 8]),
        session: SessionHash([session; 16]),
    }
}

async fn claim(case: &Case, claimant: Claimant, quantity: u32, now: Timestamp) -> HoldOutcome {
    claim_within(case, BOUNDS, claimant, quantity, now).await
}

async fn claim_within(
    case: &Case,
    bounds: HoldBounds,
    claimant: Claimant,
    quantity: u32,
    now: Timestamp,
) -> HoldOutcome {
    let request = HoldRequest {
        reservation: ReservationId::draw(case.event, now),
        claim: Claim::Tiers(vec![TierQuantity {
            tier: STALLS,
            quantity,
        }]),
        claimant,
        bounds,
        voucher: None,
        pass: None,
        proof: Default::default(),
        believed_until: Some(Timestamp::FOREVER),
        now,
    };
    case.store.hold(request).await.unwrap()
}

async fn claimed(case: &Case, claimant: Claimant, quantity: u32, now: Timestamp) -> Reservation {
    let outcome = claim(case, claimant, quantity, now).await;
    let HoldOutcome::Held(reservation) = outcome else {
        panic!("not held: {outcome:?}")
    };
    reservation
}

fn too_many(by: BoundBy, held: u32, fits_at: Timestamp) -> HoldOutcome {
    let most = match by {
        BoundBy::Address => BOUNDS.per_address,
        BoundBy::Session => BOUNDS.per_session,
        BoundBy::Network => BOUNDS.per_network,
    };
    HoldOutcome::TooMany(TooManyHeld {
        by,
        held,
        most,
        fits_at,
    })
}

pub async fn a_session_and_an_address_hold_so_much_without_paying(case: Case) {
    let (later, expiry) = (START.plus_ms(1_000), START.plus_ms(HOLD_MS));
    claimed(&case, claimant(1, 1), 1, START).await;
    assert_eq!(
        claim(&case, claimant(1, 1), 2, later).await,
        too_many(BoundBy::Session, 1, expiry)
    );
    claimed(&case, claimant(1, 1), 1, later).await;
    claimed(&case, claimant(1, 2), 2, later).await;
    assert_eq!(
        claim(&case, claimant(1, 3), 1, later).await,
        too_many(BoundBy::Address, 4, expiry)
    );
    // A session that moves to another address keeps what it holds.
    assert_eq!(
        claim(&case, claimant(2, 2), 1, later).await,
        too_many(BoundBy::Session, 2, later.plus_ms(HOLD_MS))
    );
    claimed(&case, claimant(2, 3), 2, later).await;
    assert_eq!(case.occupancy(later).await.tiers[0].available, 0);
    // What has expired does not count, tidied or not.
    claimed(&case, claimant(1, 4), 1, expiry).await;
}

pub async fn what_is_given_back_or_paid_for_does_not_count(case: Case) {
    let me = claimant(1, 1);
    let first = claimed(&case, me, 2, START).await;
    let release = ReleaseRequest {
        reservation: first.id,
        now: START,
    };
    case.store.release(release).await.unwrap();
    let second = claimed(&case, me, 2, START).await;
    let open = case.begun(second.id, "a", START).await;
    case.confirm(&open, START).await;
    let third = claimed(&case, me, 2, START).await;
    // A declined payment gives units back to the reservation, where they count again.
    let open = case.begun(third.id, "b", START).await;
    let declined = Ending::Declined(DeclineReason::Card);
    case.close(&open, declined, START).await;
    assert!(matches!(
        claim(&case, me, 1, START).await,
        HoldOutcome::TooMany(_)
    ));
}

pub async fn what_waits_for_a_bank_counts_until_it_is_paid(case: Case) {
    let (me, expiry) = (claimant(1, 1), START.plus_ms(HOLD_MS));
    let held = claimed(&case, me, 2, START).await;
    let open = case.begun(held.id, "a", START).await;
    let of_session = |fits_at| too_many(BoundBy::Session, 2, fits_at);
    assert_eq!(claim(&case, me, 1, START).await, of_session(expiry));
    for wait in [
        WaitFor::Bank,
        WaitFor::Buyer(BuyerAction {
            url: "https://bank.example".into(),
        }),
    ] {
        let note = NotePayment {
            booking: open.id,
            note: PaymentNote::Waits(wait),
            holder: HOLDER,
            now: START,
        };
        assert_eq!(case.store.note_payment(note).await.unwrap(), NoteOutcome::Noted);
        // It holds its units also when the reservation would have expired, so it counts.
        let late = expiry.plus_ms(1);
        assert_eq!(claim(&case, me, 1, late).await, of_session(late.plus_ms(60_000)));
    }
    // Of an address it counts as well, whichever session has it.
    let other = claimed(&case, claimant(1, 2), 2, START).await;
    assert_eq!(
        claim(&case, claimant(1, 3), 1, START).await,
        too_many(BoundBy::Address, 4, expiry)
    );
    case.confirm(&open, START).await;
    claimed(&case, me, 2, START).await;
    let release = ReleaseRequest {
        reservation: other.id,
        now: START,
    };
    case.store.release(release).await.unwrap();
}

pub async fn payments_that_fail_hold_no_more_than_may_be_held(case: Case) {
    let me = claimant(1, 1);
    let fail = async |open: &OpenBooking, ending, bounds| {
        let close = CloseBooking {
            booking: open.id,
            payment: None,
            ending,
            bounds,
            now: START,
        };
        assert_eq!(
            case.store.close_booking(close).await.unwrap(),
            CloseOutcome::Closed
        );
    };
    let first = claimed(&case, me, 1, START).await;
    let second = claimed(&case, me, 1, START).await;
    let paying = case.begun(first.id, "a", START).await;
    // The bound has become lower meanwhile.
    let lower = HoldBounds {
        per_session: 1,
        ..BOUNDS
    };
    fail(&paying, Ending::Declined(DeclineReason::Card), lower).await;
    let state = async |id| case.store.reservation(id).await.unwrap().unwrap().state;
    assert_eq!(state(first.id).await, ReservationState::Released);
    assert_eq!(case.occupancy(START).await.tiers[0].held, 1);
    assert_eq!(
        case.begin(first.id, "b", START).await,
        BeginOutcome::Refused(BeginRefusal::Released)
    );
    // Within the bound it goes back, as often as it is tried.
    for key in ["c", "d"] {
        let paying = case.begun(second.id, key, START).await;
        fail(&paying, Ending::Canceled, lower).await;
        assert_eq!(state(second.id).await, ReservationState::Held);
    }
}

/// Somebody at the last byte of an IPv4 address.
fn neighbour(last: u8, session: u8) -> Claimant {
    Claimant {
        address: ClientAddress::V4([192, 0, 2, last]),
        session: SessionHash([session; 16]),
    }
}

pub async fn neighbours_in_a_network_share_what_it_may_hold(case: Case) {
    let expiry = START.plus_ms(HOLD_MS);
    // Its bytes begin like those of the network, and it is none of it.
    let of_v6 = Claimant {
        address: ClientAddress::V6([192, 0, 2, 9, 9, 9, 9, 9]),
        session: SessionHash([9; 16]),
    };
    claimed(&case, of_v6, 1, START).await;
    for last in [0, 255] {
        claimed(&case, neighbour(last, last), 2, START).await;
    }
    assert_eq!(
        claim(&case, neighbour(7, 7), 2, START).await,
        too_many(BoundBy::Network, 4, expiry)
    );
    claimed(&case, neighbour(7, 7), 1, START).await;
    assert!(matches!(
        claim(&case, neighbour(8, 8), 1, expiry).await,
        HoldOutcome::Held(_)
    ));
}

pub async fn whoever_held_in_vain_waits_and_others_go_first(case: Case) {
    let bounds = HoldBounds {
        minutes_in_vain: 10,
        ..BOUNDS
    };
    let claim = async |claimant, quantity, now| claim_within(&case, bounds, claimant, quantity, now).await;
    let (me, mut now) = (claimant(1, 1), START);
    let minutes = |count: u64| count * 60_000;
    let HoldOutcome::Held(first) = claim(me, 2, now).await else {
        panic!("free")
    };
    // Given back after six minutes: twelve of the twenty minutes that a session has for its two places.
    now = now.plus_ms(minutes(6));
    let release = ReleaseRequest {
        reservation: first.id,
        now,
    };
    case.store.release(release).await.unwrap();
    let first_end = now;
    let ended = case.store.reservation(first.id).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.expires_at), (ReservationState::Released, now));
    // A payment that nobody finishes is in vain too, until its end.
    let HoldOutcome::Held(second) = claim(me, 2, now).await else {
        panic!("not used up")
    };
    let open = case.begun(second.id, "a", now).await;
    now = now.plus_ms(minutes(5));
    case.close(&open, Ending::Expired, now).await;
    let refused = claim(me, 1, now).await;
    let HoldOutcome::InVain(in_vain) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (in_vain.by, in_vain.minutes, in_vain.most),
        (BoundBy::Session, 22, 20)
    );
    assert_eq!(in_vain.fits_at, first_end.plus_ms(minutes(60)));
    // Others come first meanwhile, at the same address too.
    assert!(matches!(
        claim(claimant(1, 2), 2, now).await,
        HoldOutcome::Held(_)
    ));
    // It is forgotten who it was an hour after the end, and not before.
    let forget = |ended_by| Forget {
        event: case.event,
        ended_by,
        limit: 10,
    };
    case.store
        .forget(forget(Timestamp(first_end.0 - 1)))
        .await
        .unwrap();
    assert!(matches!(claim(me, 1, now).await, HoldOutcome::InVain(_)));
    case.store.forget(forget(now)).await.unwrap();
    assert!(matches!(claim(me, 1, now).await, HoldOutcome::Held(_)));
}

pub async fn an_organizer_sets_what_one_client_may_hold(case: Case) {
    let me = claimant(1, 1);
    assert_eq!(
        case.store.own_bounds(case.event).await.unwrap(),
        OwnBounds::default()
    );
    let own = OwnBounds {
        per_session: Some(1),
        ..OwnBounds::default()
    };
    let set = async |bounds| {
        let event = case.event;
        case.store
            .set_bounds(SetBounds {
                event,
                bounds,
                proof_secret: bounds.proof_of_work.then_some([7; 32]),
                of_buyers: Default::default(),
            })
            .await
            .unwrap();
        assert_eq!(case.store.own_bounds(event).await.unwrap(), bounds);
    };
    set(own).await;
    assert_eq!(claim(&case, me, 2, START).await, HoldOutcome::MoreThanOne(1));
    let held = claimed(&case, me, 1, START).await;
    assert!(matches!(
        claim(&case, me, 1, START).await,
        HoldOutcome::TooMany(_)
    ));
    // What was declined goes back to a session that may hold it.
    let open = case.begun(held.id, "a", START).await;
    case.close(&open, Ending::Declined(DeclineReason::Card), START)
        .await;
    let state = case.store.reservation(held.id).await.unwrap().unwrap().state;
    assert_eq!(state, ReservationState::Held);
    set(OwnBounds::default()).await;
    claimed(&case, me, 1, START).await;
}

pub async fn many_claims_at_once_stay_within_the_bound(case: Case) {
    let case = Arc::new(case);
    let mut claims = JoinSet::new();
    for number in 0..64 {
        let case = Arc::clone(&case);
        claims.spawn(async move { claim(&case, claimant(1, number), 1, START).await });
    }
    let outcomes = claims.join_all().await;
    let held = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, HoldOutcome::Held(_)));
    assert_eq!(held.count(), 4);
    assert_eq!(case.occupancy(START).await.tiers[0].held, 4);
}

pub async fn what_nobody_paid_for_is_forgotten(case: Case) {
    let expired = case.held(&[0, 1], START).await;
    let released = case.held(&[2], START).await;
    let release = ReleaseRequest {
        reservation: released.id,
        now: START,
    };
    case.store.release(release).await.unwrap();
    let tried = case.held(&[3], START).await;
    let open = case.begun(tried.id, "a", START).await;
    case.close(&open, Ending::Declined(DeclineReason::Card), START)
        .await;
    let booked = case.held(&[4], START).await;
    let open = case.begun(booked.id, "b", START).await;
    case.confirm(&open, START).await;
    let HoldOutcome::Held(paying) = case.hold_tier(STANDING, 1, START).await else {
        panic!("free")
    };
    case.begun(paying.id, "c", START).await;
    let now = START.plus_ms(HOLD_MS);
    // The seat is somebody else's by now; its first claim is no less dead.
    let retaken = case.held(&[1], now).await;
    let HoldOutcome::Held(live) = case.hold_tier(GUESTS, 1, now).await else {
        panic!("free")
    };
    let before = case.occupancy(now).await;
    let mut forget = Forget {
        event: case.event,
        ended_by: START.plus_ms(HOLD_MS - 1),
        limit: 1,
    };
    // What was given back ended then.
    assert_eq!(case.store.forget(forget).await.unwrap(), 1);
    assert_eq!(case.store.forget(forget).await.unwrap(), 0);
    forget.ended_by = now;
    assert_eq!(case.store.forget(forget).await.unwrap(), 1);
    forget.limit = 10;
    assert_eq!(case.store.forget(forget).await.unwrap(), 0);

    assert_eq!(case.occupancy(now).await, before);
    for (reservation, kept) in [
        (expired.id, false),
        (released.id, false),
        (tried.id, true),
        (booked.id, true),
        (paying.id, true),
        (retaken.id, true),
        (live.id, true),
    ] {
        let found = case.store.reservation(reservation).await.unwrap();
        assert_eq!(found.is_some(), kept, "{reservation:?}");
    }
    // No unit refers to what is not there: all that is left to tidy is the one of the declined payment.
    let (event, limit) = (case.event, 100);
    assert_eq!(case.store.tidy(Tidy { event, limit, now }).await.unwrap(), 1);
    let begun = case.begin(expired.id, "d", now).await;
    assert_eq!(begun, BeginOutcome::Refused(BeginRefusal::NotFound));
    assert_eq!(case.seat(0, now).await, Status::Available);
    case.held(&[0], now).await;
}

pub async fn a_buyer_keeps_so_many_places_unpaid(case: Case) {
    let event = case.event;
    let own = OwnBuyerBounds {
        unpaid_per_buyer: Some(2),
        ..OwnBuyerBounds::default()
    };
    assert_eq!(
        case.store.own_buyer_bounds(event).await.unwrap(),
        OwnBuyerBounds::default()
    );
    let bounds = SetBounds {
        event,
        bounds: OwnBounds::default(),
        proof_secret: None,
        of_buyers: own,
    };
    case.store.set_bounds(bounds).await.unwrap();
    assert_eq!(case.store.own_buyer_bounds(event).await.unwrap(), own);
    let begin = async |held: ReservationId, key: &str, email: &str| {
        let mut request = case.begin_request(held, key, START);
        request.email = email.into();
        case.store.begin_booking(request).await.unwrap()
    };
    let started = |outcome| {
        let BeginOutcome::Started(open) = outcome else {
            panic!("not begun: {outcome:?}")
        };
        open
    };
    let refused = |used: u32, until: &OpenBooking| {
        let fits_at = until.pay_by;
        let reached = BoundReached {
            most: 2,
            used,
            fits_at,
        };
        BeginOutcome::Refused(BeginRefusal::TooManyUnpaid(reached))
    };
    let (owl, capital_owl) = ("owl@example.org", "OWL@example.org");
    let [first, second, pair, others] = [&[0][..], &[1], &[2, 3], &[4]].map(|seats| case.held(seats, START));
    let (first, second, pair, others) = (first.await.id, second.await.id, pair.await.id, others.await.id);
    let first = started(begin(first, "a", owl).await);
    assert_eq!(begin(pair, "b", capital_owl).await, refused(1, &first));
    let second = started(begin(second, "c", capital_owl).await);
    assert_eq!(begin(pair, "b", owl).await, refused(2, &first));
    // Others are not bound by it, nor is who gives no address at a counter.
    started(begin(others, "d", "wren@example.org").await);
    for key in ["e", "f"] {
        let HoldOutcome::Held(held) = case.hold_tier(STANDING, 2, START).await else {
            panic!("free")
        };
        started(begin(held.id, key, "").await);
    }
    // What is paid for counts no longer, and neither does what came to nothing.
    case.confirm(&first, START).await;
    assert_eq!(begin(pair, "b", owl).await, refused(1, &second));
    case.close(&second, Ending::Expired, START).await;
    started(begin(pair, "b", owl).await);
}
