//! Banks that ask the buyer, say no or take their time, and gateways that are changed or gone meanwhile.

use super::*;

const PAY_TIME_MS: u64 = 15 * 60_000;

impl Office {
    /// Books with a card whose bank asks the buyer first.
    async fn asked(&self, reservation: ReservationId) -> Booking {
        let outcome = self.book(reservation, "key", "tok_action").await.unwrap();
        let BookOutcome::Waiting(booking) = outcome else {
            panic!("the bank asks: {outcome:?}")
        };
        assert_eq!(booking.state, BookingState::ActionRequired);
        assert!(booking.action.is_some());
        booking
    }

    async fn say_to_bank(&self, booking: &Booking, answer: BankAnswer) -> bool {
        let sandbox = self.desk.gateways().sandbox().unwrap();
        sandbox.answer(booking.charge, answer).await.unwrap()
    }

    async fn state(&self, booking: &Booking) -> BookingState {
        self.case.store.booking(booking.id).await.unwrap().unwrap().state
    }
}

#[tokio::test]
async fn a_bank_that_asks_the_buyer_keeps_the_units_until_it_is_answered() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let booking = office.asked(reservation).await;
    // The same request, from another tab, is told the same; so is whoever looks too soon.
    let again = office.book(reservation, "key", "tok_action").await.unwrap();
    assert!(matches!(again, BookOutcome::Waiting(same) if same.action == booking.action));
    office.clock.advance_ms(3_000);
    office.desk.check_payment(booking.id).await;
    assert_eq!(office.state(&booking).await, BookingState::ActionRequired);
    // Beyond the reservation's time, which ends for nobody who pays.
    office.clock.advance_ms(HOLD_MS + 60_000);
    assert_eq!(office.settle_due().await, ["waiting"]);
    assert!(office.say_to_bank(&booking, BankAnswer::Approved).await);
    office.desk.check_payment(booking.id).await;
    assert_eq!(office.state(&booking).await, BookingState::ActionRequired);
    office.clock.advance_ms(2_000);
    office.desk.check_payment(booking.id).await;
    assert_eq!(office.state(&booking).await, BookingState::Confirmed);
    assert!(!office.say_to_bank(&booking, BankAnswer::Refused).await);
    office.check_no_charge_without_a_ticket().await;
    assert_eq!(office.open_jobs().await, 0);
}

#[tokio::test]
async fn a_payment_that_the_buyer_refuses_is_declined_and_the_hold_stands() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let booking = office.asked(reservation).await;
    office.say_to_bank(&booking, BankAnswer::Refused).await;
    office.clock.advance_ms(60_000);
    assert_eq!(office.settle_due().await, ["declined"]);
    let declined = BookingState::Declined(DeclineReason::Card);
    assert_eq!(office.state(&booking).await, declined);
    // What was declined is given up too: nobody can pay it any more.
    assert!(!office.say_to_bank(&booking, BankAnswer::Approved).await);
    let other = office.book(reservation, "other", "tok_ok").await.unwrap();
    assert!(matches!(other, BookOutcome::Confirmed(_)));
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_payment_that_nobody_finishes_expires_and_cannot_be_charged_later() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let booking = office.asked(reservation).await;
    for minute in 0..15 {
        assert_eq!(
            office.case.seat(0, START.plus_ms(60_000 * minute)).await,
            Status::Held
        );
        office.clock.advance_ms(60_000);
        let expected = if minute < 14 { "waiting" } else { "refused" };
        assert_eq!(office.settle_due().await, [expected], "after {minute} minutes");
    }
    assert_eq!(office.state(&booking).await, BookingState::Expired);
    let late = START.plus_ms(PAY_TIME_MS);
    assert_eq!(office.case.seat(0, late).await, Status::Available);
    assert!(!office.say_to_bank(&booking, BankAnswer::Approved).await);
    assert_eq!(office.ledger.charged().await.unwrap(), []);
    let again = office.book(reservation, "key", "tok_action").await.unwrap();
    assert_eq!(again, BookOutcome::Expired);
}

#[tokio::test]
async fn a_bank_that_takes_its_time_is_waited_for() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let outcome = office.book(reservation, "key", "tok_processing").await.unwrap();
    assert!(matches!(outcome, BookOutcome::Waiting(booking) if booking.state == BookingState::Processing));
    office.clock.advance_ms(60_000);
    assert_eq!(office.settle_due().await, ["confirmed"]);
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn money_is_given_back_when_no_key_signs_the_tickets_for_half_an_hour() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    let dark = desk(&office.case, &office.clock, draw_event_id(START), PATIENCE);
    office.clock.advance_ms(2 * PAY_TIME_MS - 1);
    let error = dark.settle_due(open.id).await.unwrap_err();
    assert!(matches!(error, BookError::NoSigningKey(_)));
    office.clock.advance_ms(1);
    assert_eq!(
        dark.settle_due(open.id).await.unwrap(),
        Some(BookOutcome::Refunded)
    );
    assert_eq!(office.ledger.charged().await.unwrap(), []);
    let late = START.plus_ms(2 * PAY_TIME_MS);
    assert_eq!(office.case.seat(0, late).await, Status::Available);
}

#[tokio::test]
async fn no_money_is_given_back_while_the_event_is_halted() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    // The store was restored: this booking may have had its tickets in what was lost.
    let halted = parts(&office.case, &office.clock, office.case.event, PATIENCE);
    halted.signer.halt(office.case.event);
    let halted = BookingDesk::new(halted);
    office.clock.advance_ms(10 * PAY_TIME_MS);
    let error = halted.settle_due(open.id).await.unwrap_err();
    assert!(matches!(error, BookError::NoSigningKey(_)));
    assert_eq!(office.ledger.charged().await.unwrap(), [open.charge]);
    let resumed = office.desk.settle_due(open.id).await.unwrap();
    assert!(matches!(resumed, Some(BookOutcome::Confirmed(_))));
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn no_money_is_given_back_for_tickets_that_another_process_has_issued() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    office.desk.settle_due(open.id).await.unwrap();
    // A process without the key has slept since it read the booking.
    office.clock.advance_ms(2 * PAY_TIME_MS);
    let dark = desk(&office.case, &office.clock, draw_event_id(START), PATIENCE);
    let came_of = dark.follow(&open, None).await.unwrap();
    assert!(matches!(came_of, BookOutcome::Confirmed(_)), "{came_of:?}");
    assert_eq!(office.ledger.charged().await.unwrap(), [open.charge]);
}

#[tokio::test]
async fn a_payment_is_ended_at_the_gateway_that_has_it_whichever_takes_the_money_now() {
    let office = Office::open().await;
    let booking = office.asked(office.hold(PAID, 2).await).await;
    let other = silent_stripe(&office.case);
    let former = sandbox(&office.case, &Clock::Manual(office.clock.clone()));
    let office = office.with_gateways(other, vec![former]);
    assert!(office.say_to_bank(&booking, BankAnswer::Approved).await);
    office.clock.advance_ms(60_000);
    assert_eq!(office.settle_due().await, ["confirmed"]);
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_payment_at_a_gateway_that_is_not_set_up_stays_open_however_late_it_is() {
    let office = Office::open().await;
    let booking = office.asked(office.hold(PAID, 2).await).await;
    let other = silent_stripe(&office.case);
    let office = office.with_gateways(other, Vec::new());
    for _ in 0..3 {
        office.clock.advance_ms(3_600_000);
        let settled = office.desk.settle_due(booking.id).await;
        assert!(
            matches!(
                settled,
                Err(BookError::PaymentUnknown(GatewayError::NotSetUp(
                    GatewayKind::Sandbox
                )))
            ),
            "{settled:?}"
        );
        assert_eq!(office.state(&booking).await, BookingState::ActionRequired);
    }
    // What costs nothing has no gateway.
    let reservation = office.hold_at(FREE, 1).await;
    let outcome = office.book(reservation, "free", "").await.unwrap();
    assert!(matches!(outcome, BookOutcome::Confirmed(_)));
}
