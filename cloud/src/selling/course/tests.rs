//! The course of a payment, step by step; what it promises under faults is the simulation's.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);
const PAY_BY: Timestamp = Timestamp(2_000_000);
const LATE: Timestamp = PAY_BY;

fn facts(state: BookingState) -> PaymentFacts {
    PaymentFacts {
        state,
        is_free: false,
        is_opened: true,
        pay_by: PAY_BY,
    }
}

fn action() -> BuyerAction {
    BuyerAction {
        url: "https://bank.example/1".into(),
    }
}

/// Takes a booking up, and tells its first step and what follows from each result.
#[track_caller]
fn check(facts: PaymentFacts, can_charge: bool, first: &PaymentStep, then: &[(StepResult, PaymentStep)]) {
    check_at(NOW, facts, can_charge, first, then);
}

#[track_caller]
fn check_at(
    now: Timestamp,
    facts: PaymentFacts,
    can_charge: bool,
    first: &PaymentStep,
    then: &[(StepResult, PaymentStep)],
) {
    let mut course = PaymentCourse::new(facts, can_charge);
    assert_eq!(course.first(now), *first);
    for (result, step) in then {
        assert_eq!(course.next(result.clone(), now), *step, "after {result:?}");
    }
}

fn stands(status: PaymentStatus) -> StepResult {
    StepResult::Stands(status)
}

#[test]
fn a_payment_is_opened_and_written_down_before_it_is_charged() {
    let unopened = PaymentFacts {
        is_opened: false,
        ..facts(BookingState::Paying)
    };
    check(
        unopened,
        true,
        &PaymentStep::Open,
        &[
            (StepResult::Opened, PaymentStep::Charge),
            (stands(PaymentStatus::Paid), PaymentStep::Issue),
        ],
    );
    // Whoever has no token, or finds out that another has written one down, charges nothing.
    check(unopened, false, &PaymentStep::End(Ending::Canceled), &[]);
    check(
        unopened,
        true,
        &PaymentStep::Open,
        &[(StepResult::Overtaken, PaymentStep::Leave)],
    );
    let silent = (StepResult::Silent, PaymentStep::End(Ending::Canceled));
    check(unopened, true, &PaymentStep::Open, &[silent]);
    let silent = (StepResult::Silent, PaymentStep::End(Ending::Expired));
    check_at(LATE, unopened, true, &PaymentStep::Open, &[silent]);
}

#[test]
fn a_booking_is_declined_only_when_nobody_can_pay_it_any_more() {
    let reason = DeclineReason::Card;
    let declined = PaymentStep::End(Ending::Declined(reason));
    for canceled in [None, Some(reason)] {
        check(
            facts(BookingState::Paying),
            true,
            &PaymentStep::Charge,
            &[
                (stands(PaymentStatus::Declined(reason)), PaymentStep::Cancel),
                (stands(PaymentStatus::Canceled(canceled)), declined.clone()),
            ],
        );
    }
    // The buyer has paid with another card meanwhile.
    check(
        facts(BookingState::ActionRequired),
        false,
        &PaymentStep::Fetch,
        &[
            (stands(PaymentStatus::Declined(reason)), PaymentStep::Cancel),
            (stands(PaymentStatus::Paid), PaymentStep::Issue),
        ],
    );
}

#[test]
fn a_charge_without_an_answer_is_asked_for_and_given_up_before_the_units_are_free() {
    check(
        facts(BookingState::Paying),
        true,
        &PaymentStep::Charge,
        &[
            (StepResult::Silent, PaymentStep::Fetch),
            (stands(PaymentStatus::Unpaid), PaymentStep::Cancel),
            (StepResult::Silent, PaymentStep::PutOff),
        ],
    );
    check(
        facts(BookingState::Paying),
        false,
        &PaymentStep::Fetch,
        &[
            (stands(PaymentStatus::Unpaid), PaymentStep::Cancel),
            (stands(PaymentStatus::Unpaid), PaymentStep::PutOff),
        ],
    );
}

#[test]
fn a_payment_that_is_not_understood_is_given_up_after_its_time() {
    let state = facts(BookingState::Paying);
    let silent = StepResult::Silent;
    let later = [(silent.clone(), PaymentStep::PutOff)];
    check(state, false, &PaymentStep::Fetch, &later);
    let given_up = [
        (silent.clone(), PaymentStep::Cancel),
        (
            stands(PaymentStatus::Canceled(None)),
            PaymentStep::End(Ending::Expired),
        ),
    ];
    check_at(LATE, state, false, &PaymentStep::Fetch, &given_up);
    let unreachable = [
        (silent.clone(), PaymentStep::Cancel),
        (silent, PaymentStep::PutOff),
    ];
    check_at(LATE, state, false, &PaymentStep::Fetch, &unreachable);
}

#[test]
fn what_waits_for_buyer_or_bank_does_so_until_its_time_is_over() {
    let for_buyer = PaymentStep::Await(WaitFor::Buyer(action()));
    let asked = stands(PaymentStatus::ActionRequired(action()));
    let busy = stands(PaymentStatus::Processing);
    let state = facts(BookingState::ActionRequired);
    check(
        state,
        false,
        &PaymentStep::Fetch,
        &[(asked.clone(), for_buyer.clone())],
    );
    let for_bank = PaymentStep::Await(WaitFor::Bank);
    check(
        state,
        false,
        &PaymentStep::Fetch,
        &[(busy.clone(), for_bank.clone())],
    );
    let expired = PaymentStep::End(Ending::Expired);
    check_at(
        LATE,
        state,
        false,
        &PaymentStep::Fetch,
        &[
            (asked, PaymentStep::Cancel),
            (stands(PaymentStatus::Canceled(None)), expired),
        ],
    );
    // A bank that is at it cannot be stopped; its last word is waited for however long it takes.
    check_at(
        LATE,
        state,
        false,
        &PaymentStep::Fetch,
        &[(busy.clone(), PaymentStep::Cancel), (busy, for_bank)],
    );
}

#[test]
fn what_costs_nothing_goes_to_no_gateway() {
    let free = PaymentFacts {
        is_free: true,
        is_opened: false,
        ..facts(BookingState::Paying)
    };
    check(free, true, &PaymentStep::Issue, &[]);
    check(free, false, &PaymentStep::Issue, &[]);
    let too_late = PAY_BY.plus_ms(ms(ISSUE_TIME));
    let no_key = (StepResult::NoKey, PaymentStep::End(Ending::Expired));
    check_at(too_late, free, false, &PaymentStep::Issue, &[no_key]);
    let lost = (StepResult::UnitsLost, PaymentStep::End(Ending::Canceled));
    check(free, false, &PaymentStep::Issue, &[lost]);
}

#[test]
fn money_for_which_no_tickets_can_be_had_is_given_back() {
    let paid = (stands(PaymentStatus::Paid), PaymentStep::Issue);
    let refund = [
        (StepResult::RefundNoted, PaymentStep::Refund),
        (
            StepResult::RefundStands(RefundStatus::Given),
            PaymentStep::End(Ending::Refunded),
        ),
    ];
    let state = facts(BookingState::Paying);
    let lost = (StepResult::UnitsLost, PaymentStep::NoteRefund);
    let course = [paid.clone(), lost.clone()].into_iter().chain(refund.clone());
    check(state, false, &PaymentStep::Fetch, &course.collect::<Vec<_>>());
    let later = [paid.clone(), (StepResult::NoKey, PaymentStep::PutOff)];
    check(state, false, &PaymentStep::Fetch, &later);
    let too_late = PAY_BY.plus_ms(ms(ISSUE_TIME));
    let course = [paid.clone(), (StepResult::NoKey, PaymentStep::NoteRefund)]
        .into_iter()
        .chain(refund);
    check_at(
        too_late,
        state,
        false,
        &PaymentStep::Fetch,
        &course.collect::<Vec<_>>(),
    );
    // Closed by somebody who did not know of the money.
    let closed = [
        paid.clone(),
        lost.clone(),
        (StepResult::Overtaken, PaymentStep::Refund),
    ];
    check(state, false, &PaymentStep::Fetch, &closed);
    // Closed by somebody who has issued the tickets.
    let issued = [paid, lost, (StepResult::HasTickets, PaymentStep::Leave)];
    check(state, false, &PaymentStep::Fetch, &issued);
}

#[test]
fn a_refund_is_followed_to_its_end() {
    let state = facts(BookingState::Refunding);
    for (status, step) in [
        (RefundStatus::Given, PaymentStep::End(Ending::Refunded)),
        (RefundStatus::Pending, PaymentStep::Await(WaitFor::Refund)),
        (RefundStatus::Failed, PaymentStep::PutOff),
    ] {
        let result = StepResult::RefundStands(status);
        check(state, false, &PaymentStep::Refund, &[(result, step)]);
    }
    check(
        state,
        false,
        &PaymentStep::Refund,
        &[(StepResult::Silent, PaymentStep::PutOff)],
    );
}

#[test]
fn what_has_ended_is_left_alone() {
    for state in [
        BookingState::Confirmed,
        BookingState::Declined(DeclineReason::Card),
        BookingState::Expired,
        BookingState::Canceled,
        BookingState::Refunded,
    ] {
        check(facts(state), true, &PaymentStep::Leave, &[]);
    }
}

fn status() -> impl Strategy<Value = PaymentStatus> {
    prop_oneof![
        Just(PaymentStatus::Unpaid),
        Just(PaymentStatus::Declined(DeclineReason::Card)),
        Just(PaymentStatus::ActionRequired(action())),
        Just(PaymentStatus::Processing),
        Just(PaymentStatus::Paid),
        Just(PaymentStatus::Refunded),
        Just(PaymentStatus::Canceled(None)),
        Just(PaymentStatus::Canceled(Some(DeclineReason::Card))),
    ]
}

fn result() -> impl Strategy<Value = StepResult> {
    prop_oneof![
        6 => status().prop_map(StepResult::Stands),
        2 => Just(StepResult::Silent),
        1 => Just(StepResult::UnitsLost),
        1 => Just(StepResult::NoKey),
        1 => Just(StepResult::Overtaken),
    ]
}

proptest! {
    /// Whatever a gateway says, in whatever order: one charge at most, and no end without tickets before the last word on the money.
    #[test]
    fn no_course_charges_twice_or_ends_without_the_gateways_last_word(
        results in proptest::collection::vec((result(), 0..2_u64), 0..20),
        can_charge: bool,
    ) {
        let mut course = PaymentCourse::new(facts(BookingState::Paying), can_charge);
        let mut step = course.first(NOW);
        let mut charges = 0;
        for (result, minutes) in results {
            charges += u32::from(step == PaymentStep::Charge);
            let is_last_word = matches!(result, StepResult::Stands(PaymentStatus::Canceled(_) | PaymentStatus::Refunded));
            step = course.next(result, NOW.plus_ms(minutes * 900_000));
            prop_assert!(!matches!(step, PaymentStep::End(_)) || is_last_word, "{step:?}");
        }
        prop_assert!(charges <= u32::from(can_charge));
    }
}
