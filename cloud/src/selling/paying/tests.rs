//! What may become of a booking, row by row.

use usher_keys::EventId;
use usher_keys::expiry::AFTER_EVENT_MS;

use super::*;
use crate::ids::{ChargeReference, ReservationId};
use crate::money::{DeclineReason, Money};
use crate::selling::claimant::HoldBounds;
use crate::selling::holding::UnpaidHold;
use crate::selling::jobs::LeaseHolder;

const EVENT: EventId = EventId([1; 16]);
const NOW: Timestamp = Timestamp(1_000);
const ENDS_AT: Timestamp = Timestamp(9_000);
const ENDED: [BookingState; 3] = [
    BookingState::Declined(DeclineReason::Card),
    BookingState::Refunded,
    BookingState::Abandoned,
];

fn price(minor: i64) -> Money {
    Money {
        minor,
        currency: "EUR".parse().unwrap(),
    }
}

fn reservation(state: ReservationState, expires_at: u64, minor: i64) -> Reservation {
    Reservation {
        id: ReservationId::draw(EVENT, NOW),
        state,
        lines: Vec::new(),
        amount: price(minor),
        expires_at: Timestamp(expires_at),
    }
}

fn request() -> BeginBooking {
    BeginBooking {
        booking: BookingId::draw(EVENT, NOW),
        charge: ChargeReference::draw(EVENT, NOW),
        reservation: ReservationId::draw(EVENT, NOW),
        idempotency_key: "key".to_owned(),
        request_hash: RequestHash([1; 32]),
        email: "ada@example.com".to_owned(),
        can_pay: true,
        believed_until: Some(ENDS_AT.plus_ms(AFTER_EVENT_MS)),
        holder: LeaseHolder([1; 16]),
        now: NOW,
    }
}

#[track_caller]
fn check(reservation: &Reservation, request: &BeginBooking, expected: Result<(), BeginRefusal>) {
    assert_eq!(may_begin(reservation, ENDS_AT, request), expected);
}

#[test]
fn what_is_held_and_on_sale_may_be_paid_for() {
    let held = |expires_at| reservation(ReservationState::Held, expires_at, 100);
    check(&held(1_001), &request(), Ok(()));
    check(&held(1_000), &request(), Err(BeginRefusal::Expired));
    for (state, refusal) in [
        (ReservationState::Paying, BeginRefusal::Paying),
        (ReservationState::Booked, BeginRefusal::Booked),
        (ReservationState::Released, BeginRefusal::Released),
    ] {
        check(&reservation(state, 1_000, 100), &request(), Err(refusal));
    }
}

#[test]
fn a_payment_begins_only_while_its_tickets_would_be_believed() {
    let late = BeginBooking {
        now: ENDS_AT,
        ..request()
    };
    let unbelieved = BeginBooking {
        believed_until: Some(ENDS_AT),
        ..request()
    };
    let held = reservation(ReservationState::Held, 99_000, 100);
    check(&held, &late, Err(BeginRefusal::SalesClosed));
    check(&held, &unbelieved, Err(BeginRefusal::SalesPaused));
}

#[test]
fn only_what_costs_nothing_needs_no_token() {
    let penniless = BeginBooking {
        can_pay: false,
        ..request()
    };
    let costing = |minor| reservation(ReservationState::Held, 2_000, minor);
    check(&costing(1), &penniless, Err(BeginRefusal::TokenMissing));
    check(&costing(0), &penniless, Ok(()));
}

fn booking() -> Booking {
    let request = request();
    Booking {
        id: request.booking,
        charge: request.charge,
        reservation: request.reservation,
        state: BookingState::Confirmed,
        email: request.email,
        amount: price(100),
        created_at: NOW,
        tickets: Vec::new(),
    }
}

#[test]
fn a_key_leads_to_its_booking_only_for_the_same_request_and_under_the_first_id() {
    let booking = booking();
    for (hash, is_renewed, expected) in [
        (1, false, BeginOutcome::Existing(booking.clone())),
        (1, true, BeginOutcome::Refused(BeginRefusal::Renewed)),
        (2, false, BeginOutcome::Refused(BeginRefusal::KeyReused)),
        (2, true, BeginOutcome::Refused(BeginRefusal::KeyReused)),
    ] {
        let earlier = EarlierRequest {
            hash: RequestHash([hash; 32]),
            is_renewed,
            booking: booking.clone(),
        };
        assert_eq!(repeated(earlier, &request()), expected, "{hash} {is_renewed}");
    }
}

#[test]
fn an_open_booking_is_confirmed_once_with_a_ticket_for_each_unit() {
    assert_eq!(may_confirm(BookingState::Paying, 2, 2), Ok(()));
    assert_eq!(may_confirm(BookingState::Paying, 2, 1), Err(ConfirmRefusal::Lost));
    assert_eq!(
        may_confirm(BookingState::Confirmed, 2, 2),
        Err(ConfirmRefusal::Confirmed)
    );
    for ended in ENDED {
        assert_eq!(may_confirm(ended, 2, 2), Err(ConfirmRefusal::Lost), "{ended:?}");
    }
}

#[track_caller]
fn check_closing(ending: Ending, held: u32, booking: BookingState, reservation: ReservationState) {
    let held = UnpaidHolds {
        of_session: vec![UnpaidHold {
            expires_at: Timestamp(2_000),
            units: held,
        }],
        of_address: Vec::new(),
    };
    let request = close(ending);
    let expected = Ok(Closing { booking, reservation });
    assert_eq!(may_close(BookingState::Paying, 2, &held, &request), expected);
}

fn close(ending: Ending) -> CloseBooking {
    CloseBooking {
        booking: BookingId::draw(EVENT, NOW),
        ending,
        bounds: HoldBounds {
            per_address: 9,
            per_session: 4,
        },
        now: NOW,
    }
}

#[test]
fn units_that_were_not_paid_for_go_back_only_as_far_as_their_claimant_may_hold_them() {
    let declined = Ending::Declined(DeclineReason::Card);
    let [was_declined, refunded, abandoned] = ENDED;
    check_closing(declined, 2, was_declined, ReservationState::Held);
    check_closing(declined, 3, was_declined, ReservationState::Released);
    check_closing(Ending::Abandoned, 2, abandoned, ReservationState::Held);
    check_closing(Ending::Abandoned, 3, abandoned, ReservationState::Released);
    check_closing(Ending::Refunded, 0, refunded, ReservationState::Released);
}

#[test]
fn what_has_ended_is_not_closed_again() {
    for state in ENDED.into_iter().chain([BookingState::Confirmed]) {
        let decided = may_close(state, 2, &UnpaidHolds::default(), &close(Ending::Refunded));
        assert_eq!(decided, Err(CloseOutcome::NotOpen), "{state:?}");
    }
}

#[test]
fn a_booking_is_given_a_new_id_once_its_payment_has_ended() {
    let since = BookingId::draw(EVENT, NOW);
    for state in ENDED.into_iter().chain([BookingState::Confirmed]) {
        assert_eq!(may_renew(Some(state), None), Ok(()), "{state:?}");
    }
    for (state, given, refusal) in [
        (Some(BookingState::Paying), None, RenewOutcome::Paying),
        (None, Some(since), RenewOutcome::Renewed(since)),
        (None, None, RenewOutcome::NotFound),
    ] {
        assert_eq!(may_renew(state, given), Err(refusal), "{state:?}");
    }
}
