//! What may be held and given back, row by row.

use usher_keys::EventId;
use usher_keys::expiry::AFTER_EVENT_MS;

use super::*;
use crate::ids::ReservationId;
use crate::selling::TierQuantity;
use crate::selling::claimant::{Claimant, ClientAddress, SessionHash};
use crate::selling::proof_of_work::ShownProof;
use crate::selling::sale::EventSale;

const NOW: Timestamp = Timestamp(1_000);
const ENDS_AT: Timestamp = Timestamp(9_000);
const BOUNDS: HoldBounds = HoldBounds {
    per_session: 4,
    per_address: 6,
    per_network: 7,
    network_percent: 0,
    minutes_in_vain: 10,
};
const STALLS: TierId = TierId(1);

fn sale() -> SaleTerms {
    SaleTerms {
        sale: SaleFacts {
            ends_at: ENDS_AT,
            is_halted: false,
            is_canceled: false,
            sale: EventSale::default(),
        },
        reservation_ms: 600,
        seat_count: 10,
        unit_count: 12,
        own_bounds: OwnBounds::default(),
        currency: "EUR".parse().unwrap(),
        awaited: Vec::new(),
        tiers: vec![(STALLS, 4_500, TierSale::default())],
    }
}

fn request(claim: Claim) -> HoldRequest {
    HoldRequest {
        reservation: ReservationId::draw(EventId([1; 16]), NOW),
        claim,
        claimant: Claimant {
            address: ClientAddress::V4([192, 0, 2, 7]),
            session: SessionHash([7; 16]),
        },
        bounds: BOUNDS,
        voucher: None,
        pass: None,
        proof: ShownProof::Nothing,
        believed_until: Some(ENDS_AT.plus_ms(AFTER_EVENT_MS)),
        now: NOW,
    }
}

fn seats(units: &[u32]) -> Claim {
    Claim::Seats(units.iter().copied().map(Unit).collect())
}

fn tiers(wanted: &[(u16, u32)]) -> Claim {
    let quantities = wanted.iter().map(|&(tier, quantity)| TierQuantity {
        tier: TierId(tier),
        quantity,
    });
    Claim::Tiers(quantities.collect())
}

fn holds(live: &[(u64, u32)]) -> Vec<UnpaidHold> {
    let holds = live.iter().map(|&(at, units)| UnpaidHold {
        began_at: Timestamp(0),
        expires_at: Timestamp(at),
        is_paying: false,
        units,
    });
    holds.collect()
}

#[track_caller]
fn check(claim: Claim, expected: Result<(), HoldOutcome>) {
    let decided = may_hold(&sale(), &UnpaidHolds::default(), &request(claim), false);
    assert_eq!(decided, expected);
}

#[test]
fn a_claim_names_only_what_the_event_has() {
    check(seats(&[0, 9]), Ok(()));
    check(
        seats(&[3, 10, 11]),
        Err(HoldOutcome::UnknownSeats(vec![Unit(10), Unit(11)])),
    );
    check(tiers(&[(1, 2)]), Ok(()));
    check(
        tiers(&[(1, 1), (2, 1)]),
        Err(HoldOutcome::UnknownTiers(vec![TierId(2)])),
    );
}

#[track_caller]
fn check_sale(now: Timestamp, believed_until: Option<Timestamp>, expected: Result<(), HoldOutcome>) {
    let request = HoldRequest {
        now,
        believed_until,
        ..request(seats(&[1]))
    };
    assert_eq!(
        may_hold(&sale(), &UnpaidHolds::default(), &request, false),
        expected
    );
}

#[test]
fn nothing_is_held_of_an_event_that_is_over_or_whose_tickets_nobody_would_believe() {
    let long = Some(ENDS_AT.plus_ms(AFTER_EVENT_MS));
    check_sale(Timestamp(8_999), long, Ok(()));
    check_sale(ENDS_AT, long, Err(HoldOutcome::NotOnSale(SaleStatus::Over)));
    check_sale(ENDS_AT, None, Err(HoldOutcome::NotOnSale(SaleStatus::Over)));
    check_sale(NOW, None, Err(HoldOutcome::NotOnSale(SaleStatus::Paused)));
    check_sale(
        NOW,
        Some(ENDS_AT),
        Err(HoldOutcome::NotOnSale(SaleStatus::Paused)),
    );
}

#[test]
fn nothing_is_held_of_an_event_that_is_halted() {
    let halted = SaleTerms {
        sale: SaleFacts {
            is_halted: true,
            ..sale().sale
        },
        ..sale()
    };
    let decided = may_hold(&halted, &UnpaidHolds::default(), &request(seats(&[1])), false);
    assert_eq!(decided, Err(HoldOutcome::NotOnSale(SaleStatus::Paused)));
}

#[track_caller]
fn check_bound(holds: &UnpaidHolds, more: u32, expected: Option<(BoundBy, u32, u64)>) {
    let found = holds.too_many(more, BOUNDS, NOW);
    let found = found.map(|too_many| (too_many.by, too_many.held, too_many.fits_at.0));
    assert_eq!(found, expected, "{holds:?}");
}

#[test]
fn a_claim_that_does_not_fit_is_told_when_it_will() {
    let of_session = |live: &[(u64, u32)]| UnpaidHolds {
        of_session: holds(live),
        ..UnpaidHolds::default()
    };
    check_bound(&of_session(&[]), 4, None);
    check_bound(&of_session(&[(1_010, 2)]), 2, None);
    check_bound(&of_session(&[(1_010, 2)]), 3, Some((BoundBy::Session, 2, 1_010)));
    let three = of_session(&[(1_030, 2), (1_010, 1), (1_020, 1)]);
    check_bound(&three, 1, Some((BoundBy::Session, 4, 1_010)));
    check_bound(&three, 2, Some((BoundBy::Session, 4, 1_020)));
    check_bound(&three, 4, Some((BoundBy::Session, 4, 1_030)));
}

#[test]
fn what_has_expired_does_not_count_and_the_session_is_named_before_its_address() {
    let expired = UnpaidHolds {
        of_session: holds(&[(1_000, 4)]),
        of_address: holds(&[(999, 6)]),
        ..UnpaidHolds::default()
    };
    check_bound(&expired, 4, None);
    let neighbours = UnpaidHolds {
        of_address: holds(&[(1_010, 5)]),
        ..UnpaidHolds::default()
    };
    check_bound(&neighbours, 2, Some((BoundBy::Address, 5, 1_010)));
    let both = UnpaidHolds {
        of_session: holds(&[(1_010, 4)]),
        of_address: holds(&[(1_020, 6)]),
        ..UnpaidHolds::default()
    };
    check_bound(&both, 1, Some((BoundBy::Session, 4, 1_010)));
}

#[test]
fn what_is_being_paid_counts_however_long_it_takes() {
    let paying = |expires_at| UnpaidHolds {
        of_session: vec![UnpaidHold {
            began_at: Timestamp(0),
            expires_at: Timestamp(expires_at),
            is_paying: true,
            units: 4,
        }],
        ..UnpaidHolds::default()
    };
    check_bound(&paying(90_000), 1, Some((BoundBy::Session, 4, 90_000)));
    check_bound(&paying(999), 1, Some((BoundBy::Session, 4, NOW.0 + 60_000)));
}

#[track_caller]
fn check_vain(ended: &[(u64, u64, u32)], minutes_now: u64, expected: Option<(u32, u64)>) {
    const MINUTE: u64 = 60_000;
    let holds = ended.iter().map(|&(began, ended, units)| UnpaidHold {
        began_at: Timestamp(began * MINUTE),
        expires_at: Timestamp(ended * MINUTE),
        is_paying: false,
        units,
    });
    let holds = UnpaidHolds {
        of_session: holds.collect(),
        ..UnpaidHolds::default()
    };
    let found = holds.held_in_vain(BOUNDS, Timestamp(minutes_now * MINUTE));
    let found = found.map(|in_vain| (in_vain.minutes, in_vain.fits_at.0 / MINUTE));
    assert_eq!(found, expected, "{ended:?} at {minutes_now}");
}

#[test]
fn whoever_held_as_much_as_they_may_for_ten_minutes_in_vain_waits_until_that_is_an_hour_ago() {
    check_vain(&[], 20, None);
    check_vain(&[(0, 10, 4)], 10, Some((40, 70)));
    check_vain(&[(0, 10, 4)], 69, Some((40, 70)));
    check_vain(&[(0, 10, 4)], 70, None);
    // Half as many count half, and what is held now not yet.
    check_vain(&[(0, 10, 2)], 10, None);
    check_vain(&[(0, 10, 2), (10, 20, 2)], 19, None);
    check_vain(&[(0, 10, 2), (10, 20, 2)], 20, Some((40, 70)));
    check_vain(&[(0, 10, 2), (10, 20, 2), (20, 40, 2)], 40, Some((80, 100)));
    // Each is of a minute at least.
    check_vain(&[(5, 5, 1); 39], 6, None);
    check_vain(&[(5, 5, 1); 40], 6, Some((40, 65)));
}

#[test]
fn one_claim_is_of_no_more_than_the_organizer_lets_anybody_hold() {
    let own = SaleTerms {
        own_bounds: OwnBounds {
            per_network: Some(2),
            ..OwnBounds::default()
        },
        ..sale()
    };
    let decided = |seats: Claim| may_hold(&own, &UnpaidHolds::default(), &request(seats), false);
    assert_eq!(decided(seats(&[1, 2])), Ok(()));
    assert_eq!(decided(seats(&[1, 2, 3])), Err(HoldOutcome::MoreThanOne(2)));
}

#[test]
fn a_reservation_keeps_the_prices_it_was_made_at_and_ends_when_its_event_says() {
    let sale = sale();
    let lines = [2, 3].map(|unit| sale.line(Unit(unit), STALLS).unwrap()).to_vec();
    assert_eq!(sale.line(Unit(2), TierId(2)), None);
    let reservation = sale.reservation(&request(seats(&[2, 3])), lines);
    assert_eq!(reservation.amount.to_string(), "90.00 EUR");
    assert_eq!(reservation.expires_at, Timestamp(1_600));
    assert!(!reservation.is_expired(Timestamp(1_599)) && reservation.is_expired(Timestamp(1_600)));
}

#[test]
fn only_what_is_held_can_be_given_back() {
    let of = |state| Reservation {
        state,
        ..sale().reservation(&request(seats(&[2])), Vec::new())
    };
    for (state, expected) in [
        (ReservationState::Held, Ok(())),
        (ReservationState::Paying, Err(ReleaseOutcome::Paying)),
        (ReservationState::Booked, Err(ReleaseOutcome::Booked)),
        (ReservationState::Released, Err(ReleaseOutcome::Released)),
    ] {
        assert_eq!(may_release(Some(&of(state))), expected, "{state:?}");
    }
    assert_eq!(may_release(None), Err(ReleaseOutcome::NotFound));
}

#[test]
fn what_is_given_back_ends_now_or_has_ended_before() {
    let reservation = sale().reservation(&request(seats(&[2])), Vec::new());
    assert_eq!(released_at(&reservation, Timestamp(1_200)), Timestamp(1_200));
    assert_eq!(released_at(&reservation, Timestamp(1_700)), Timestamp(1_600));
}

#[test]
fn only_a_reservation_that_nothing_came_of_is_forgotten_and_not_before_its_time_is_over() {
    let of = |state| Reservation {
        state,
        ..sale().reservation(&request(seats(&[2])), Vec::new())
    };
    for (state, ended_by, expected) in [
        (ReservationState::Held, 1_600, true),
        (ReservationState::Held, 1_599, false),
        (ReservationState::Released, 1_600, true),
        (ReservationState::Released, 1_599, false),
        (ReservationState::Paying, 9_999, false),
        (ReservationState::Booked, 9_999, false),
    ] {
        assert_eq!(
            may_forget(&of(state), Timestamp(ended_by)),
            expected,
            "{state:?} {ended_by}"
        );
    }
}
