//! What may become of a booking, row by row.

use usher_keys::expiry::AFTER_EVENT_MS;
use usher_keys::{EventId, Timestamp};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{Generation, TierId, Unit};

use super::*;
use crate::ids::{ChargeReference, ReservationId};
use crate::languages::Language;
use crate::money::{DeclineReason, Money};
use crate::selling::booking_code::BookingCode;
use crate::selling::booking_status::GivenBack;
use crate::selling::charges::ChargeParts;
use crate::selling::claimant::HoldBounds;
use crate::selling::holding::UnpaidHold;
use crate::selling::jobs::LeaseHolder;
use crate::selling::sale::{EventSale, SaleFacts, SaleStatus, SaleWindow};
use crate::selling::{GatewayKind, PaymentId, UnitToIssue};

const EVENT: EventId = EventId([1; 16]);
const NOW: Timestamp = Timestamp(1_000);
const ENDS_AT: Timestamp = Timestamp(9_000);
const ENDED: [BookingState; 4] = [
    BookingState::Declined(DeclineReason::Card),
    BookingState::Refunded,
    BookingState::Canceled,
    BookingState::Expired,
];
const OPEN: [BookingState; 3] = [
    BookingState::Paying,
    BookingState::ActionRequired,
    BookingState::Processing,
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
        code: BookingCode::draw_from(7),
        charge: ChargeReference::draw(EVENT, NOW),
        gateway: GatewayKind::Sandbox,
        reservation: ReservationId::draw(EVENT, NOW),
        idempotency_key: "key".to_owned(),
        request_hash: RequestHash([1; 32]),
        email: "ada@example.com".to_owned(),
        name: String::new(),
        language: Language::English,
        can_pay: true,
        believed_until: Some(ENDS_AT.plus_ms(AFTER_EVENT_MS)),
        holder: LeaseHolder([1; 16]),
        now: NOW,
    }
}

/// An event that sells.
const SELLS: SaleFacts = SaleFacts {
    ends_at: ENDS_AT,
    is_halted: false,
    is_canceled: false,
    sale: EventSale {
        window: SaleWindow {
            from: None,
            until: None,
        },
        is_stopped: false,
        invoice_days: None,
        order_max: None,
    },
};

#[track_caller]
fn check(reservation: &Reservation, request: &BeginBooking, expected: Result<(), BeginRefusal>) {
    assert_eq!(may_begin(reservation, SELLS, request), expected);
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
    check(&held, &late, Err(BeginRefusal::NotOnSale(SaleStatus::Over)));
    check(
        &held,
        &unbelieved,
        Err(BeginRefusal::NotOnSale(SaleStatus::Paused)),
    );
}

#[test]
fn what_is_held_may_be_paid_for_though_its_organizer_has_stopped_the_sale_since() {
    let stopped = SaleFacts {
        sale: EventSale {
            is_stopped: true,
            ..SELLS.sale
        },
        ..SELLS
    };
    let held = reservation(ReservationState::Held, 99_000, 100);
    assert_eq!(may_begin(&held, stopped, &request()), Ok(()));
}

#[test]
fn nothing_of_an_event_that_is_canceled_is_paid_for_and_what_was_paid_gets_no_tickets() {
    let canceled = SaleFacts {
        is_canceled: true,
        ..SELLS
    };
    let held = reservation(ReservationState::Held, 99_000, 100);
    assert_eq!(
        may_begin(&held, canceled, &request()),
        Err(BeginRefusal::NotOnSale(SaleStatus::Canceled))
    );
    for (sale, refusal) in [
        (canceled, ConfirmRefusal::Lost),
        // Nobody knows whether it had its tickets before.
        (
            SaleFacts {
                is_halted: true,
                ..canceled
            },
            ConfirmRefusal::Halted,
        ),
    ] {
        assert_eq!(may_confirm(BookingState::Paying, sale, (2, 2)), Err(refusal));
    }
}

#[test]
fn nothing_of_an_event_that_is_halted_is_paid_for_or_turned_into_tickets() {
    let halted = SaleFacts {
        is_halted: true,
        ..SELLS
    };
    let held = reservation(ReservationState::Held, 99_000, 100);
    assert_eq!(
        may_begin(&held, halted, &request()),
        Err(BeginRefusal::NotOnSale(SaleStatus::Paused))
    );
    assert_eq!(
        may_confirm(BookingState::Paying, halted, (2, 2)),
        Err(ConfirmRefusal::Halted)
    );
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
        code: request.code,
        charge: request.charge,
        reservation: request.reservation,
        state: BookingState::Confirmed,
        action: None,
        pay_by: NOW,
        email: request.email,
        name: String::new(),
        language: Language::English,
        gateway: GatewayKind::Sandbox,
        amount: price(100),
        parts: ChargeParts::default(),
        created_at: NOW,
        tickets: Vec::new(),
        given_back: GivenBack::default(),
        receipt: None,
        dispute: None,
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
    for open in OPEN {
        assert_eq!(may_confirm(open, SELLS, (2, 2)), Ok(()));
        assert_eq!(may_confirm(open, SELLS, (2, 1)), Err(ConfirmRefusal::Lost));
    }
    assert_eq!(
        may_confirm(BookingState::Refunding, SELLS, (2, 2)),
        Err(ConfirmRefusal::Lost)
    );
    assert_eq!(
        may_confirm(BookingState::Confirmed, SELLS, (2, 2)),
        Err(ConfirmRefusal::Confirmed)
    );
    for ended in ENDED {
        assert_eq!(
            may_confirm(ended, SELLS, (2, 2)),
            Err(ConfirmRefusal::Lost),
            "{ended:?}"
        );
    }
}

/// A booking of two units.
fn open(state: BookingState) -> OpenBooking {
    let unit = |number| UnitToIssue {
        unit: Unit(number),
        tier: TierId(1),
        generation: Generation(1),
        admits: 1,
        flags: TicketFlags::default(),
    };
    OpenBooking {
        id: BookingId::draw(EVENT, NOW),
        charge: ChargeReference::draw(EVENT, NOW),
        payment: None,
        gateway: GatewayKind::Sandbox,
        reservation: ReservationId::draw(EVENT, NOW),
        state,
        pay_by: NOW,
        amount: price(100),
        units: vec![unit(0), unit(1)],
    }
}

fn opened(id: &str) -> OpenBooking {
    OpenBooking {
        payment: Some(PaymentId(id.into())),
        ..open(BookingState::Paying)
    }
}

#[track_caller]
fn check_closing(ending: Ending, held: u32, booking: BookingState, reservation: ReservationState) {
    let held = UnpaidHolds {
        of_session: vec![UnpaidHold {
            began_at: Timestamp(0),
            expires_at: Timestamp(2_000),
            is_paying: false,
            units: held,
        }],
        ..UnpaidHolds::default()
    };
    let request = close(ending);
    let expected = Ok(Closing { booking, reservation });
    assert_eq!(
        may_close(&open(BookingState::Paying), (&held, BOUNDS), &request),
        expected
    );
}

const BOUNDS: HoldBounds = HoldBounds {
    per_session: 4,
    per_address: 9,
    per_network: 9,
    network_percent: 0,
    minutes_in_vain: 60,
};

fn close(ending: Ending) -> CloseBooking {
    CloseBooking {
        booking: BookingId::draw(EVENT, NOW),
        payment: None,
        ending,
        bounds: BOUNDS,
        now: NOW,
    }
}

#[test]
fn units_that_were_not_paid_for_go_back_only_as_far_as_their_claimant_may_hold_them() {
    let declined = Ending::Declined(DeclineReason::Card);
    let [was_declined, refunded, canceled, expired] = ENDED;
    check_closing(Ending::Expired, 2, expired, ReservationState::Released);
    check_closing(declined, 2, was_declined, ReservationState::Held);
    check_closing(declined, 3, was_declined, ReservationState::Released);
    check_closing(Ending::Canceled, 2, canceled, ReservationState::Held);
    check_closing(Ending::Canceled, 3, canceled, ReservationState::Released);
    check_closing(Ending::Refunded, 0, refunded, ReservationState::Released);
}

#[test]
fn what_has_ended_is_not_closed_again() {
    for state in ENDED.into_iter().chain([BookingState::Confirmed]) {
        let decided = may_close(
            &open(state),
            (&UnpaidHolds::default(), BOUNDS),
            &close(Ending::Refunded),
        );
        assert_eq!(decided, Err(CloseOutcome::NotOpen), "{state:?}");
    }
}

#[test]
fn a_booking_whose_payment_another_process_has_opened_meanwhile_does_not_end() {
    let holds = UnpaidHolds::default();
    let unopened = close(Ending::Canceled);
    assert_eq!(
        may_close(&opened("pi_1"), (&holds, BOUNDS), &unopened),
        Err(CloseOutcome::NotOpen)
    );
    let known = CloseBooking {
        payment: Some(PaymentId("pi_1".into())),
        ..unopened
    };
    assert!(may_close(&opened("pi_1"), (&holds, BOUNDS), &known).is_ok());
}

#[test]
fn what_is_to_be_given_back_ends_with_that_alone() {
    let refunding = open(BookingState::Refunding);
    let decided = |ending| may_close(&refunding, (&UnpaidHolds::default(), BOUNDS), &close(ending));
    assert_eq!(
        decided(Ending::Refunded).map(|closing| closing.booking),
        Ok(BookingState::Refunded)
    );
    for ending in [
        Ending::Canceled,
        Ending::Expired,
        Ending::Declined(DeclineReason::Card),
    ] {
        assert_eq!(decided(ending), Err(CloseOutcome::NotOpen), "{ending:?}");
    }
}

#[test]
fn how_a_payment_goes_on_is_written_down_as_long_as_it_is_open() {
    let overtaken = Err(NoteOutcome::Overtaken);
    let another = PaymentNote::Opened(PaymentId("pi_2".into()));
    assert_eq!(
        may_note(&open(BookingState::Paying), &another),
        Ok(BookingState::Paying)
    );
    assert_eq!(may_note(&opened("pi_1"), &another), overtaken);
    let refund = PaymentNote::Waits(WaitFor::Refund);
    for state in OPEN {
        let noted = |note| may_note(&open(state), note);
        assert_eq!(
            noted(&PaymentNote::Waits(WaitFor::Bank)),
            Ok(BookingState::Processing)
        );
        assert_eq!(noted(&PaymentNote::Refunding), Ok(BookingState::Refunding));
        assert_eq!(noted(&refund), overtaken);
    }
    let refunding = open(BookingState::Refunding);
    assert_eq!(may_note(&refunding, &refund), Ok(BookingState::Refunding));
    for note in [another, PaymentNote::Waits(WaitFor::Bank), PaymentNote::Refunding] {
        assert_eq!(may_note(&refunding, &note), overtaken, "{note:?}");
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
