//! One payment on both sides, and each way in which they can differ.

use usher_keys::EventId;

use super::*;
use crate::money::DeclineReason;

const EVENT: EventId = EventId([1; 16]);
const OPENED: Timestamp = Timestamp(1_800_000_000_000);

fn eur(minor: i64) -> Money {
    Money {
        minor,
        currency: "EUR".parse().unwrap(),
    }
}

fn charge() -> ChargeReference {
    ChargeReference {
        event: EVENT,
        local: [2; 24],
    }
}

fn refund() -> RefundId {
    RefundId {
        event: EVENT,
        local: [3; 24],
    }
}

fn id() -> PaymentId {
    PaymentId("pi_1".into())
}

/// A sale of 90.00 EUR of which 40.00 were given back.
fn ours() -> KnownPayment {
    KnownPayment {
        charge: charge(),
        payment: id(),
        amount: eur(9_000),
        state: BookingState::Confirmed,
        refunds: vec![KnownRefund {
            id: refund(),
            amount: eur(4_000),
            state: RefundState::Given,
        }],
        opened_at: OPENED,
    }
}

fn theirs() -> GatewayList {
    GatewayList {
        payments: vec![ListedPayment {
            payment: id(),
            charge: Some(charge()),
            amount: Some(eur(9_000)),
            is_paid: true,
        }],
        refunds: vec![ListedRefund {
            name: "re_1".into(),
            payment: id(),
            reference: Some(refund().to_string()),
            amount: Some(eur(4_000)),
            has_failed: false,
        }],
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Vec<KnownPayment>, &mut GatewayList), expected: &[Difference]) {
    let (mut known, mut list) = (vec![ours()], theirs());
    change(&mut known, &mut list);
    let opened = OPENED..OPENED.plus_ms(1);
    assert_eq!(differences(&known, &list, &opened), expected);
}

#[test]
fn what_both_sides_say_alike_or_will_is_no_difference() {
    check(|_, _| {}, &[]);
    check(|known, _| known[0].state = BookingState::Paying, &[]);
    check(
        |known, list| {
            known[0].refunds[0].state = RefundState::Giving;
            list.refunds.clear();
        },
        &[],
    );
    check(|known, _| known[0].refunds[0].state = RefundState::Giving, &[]);
    // Opened before the time that is compared: the other list may begin later.
    check(
        |known, list| {
            known[0].opened_at = Timestamp(OPENED.0 - 1);
            list.payments.clear();
            list.refunds.clear();
        },
        &[],
    );
    // A payment that got no tickets is given back under the name of its charge.
    check(
        |known, list| {
            known[0].state = BookingState::Refunded;
            known[0].refunds.clear();
            list.refunds[0].reference = Some(charge().to_string());
        },
        &[],
    );
    let unpaid = |state: BookingState| {
        move |known: &mut Vec<KnownPayment>, list: &mut GatewayList| {
            known[0].state = state;
            known[0].refunds.clear();
            list.payments[0].is_paid = false;
            list.refunds.clear();
        }
    };
    check(unpaid(BookingState::Declined(DeclineReason::Card)), &[]);
    check(unpaid(BookingState::Expired), &[]);
}

#[test]
fn every_difference_of_a_payment_has_a_name() {
    check(|_, list| list.payments.clear(), &[Difference::NotListed(id())]);
    check(|known, _| known.clear(), &[Difference::NotKnown(id())]);
    check(
        |known, list| {
            known.clear();
            list.payments[0].charge = None;
        },
        &[Difference::NotOurs(id())],
    );
    check(
        |known, _| known[0].amount = eur(8_000),
        &[Difference::Amount {
            payment: id(),
            ours: eur(8_000),
            theirs: Some(eur(9_000)),
        }],
    );
    check(
        |_, list| list.payments[0].is_paid = false,
        &[Difference::SoldUnpaid(id())],
    );
    check(
        |known, list| {
            known[0].state = BookingState::Expired;
            known[0].refunds.clear();
            list.refunds.clear();
        },
        &[Difference::PaidUnsold(id())],
    );
}

#[test]
fn every_difference_of_a_refund_has_a_name() {
    check(
        |_, list| list.refunds.clear(),
        &[Difference::RefundNotListed(refund())],
    );
    check(
        |_, list| list.refunds[0].has_failed = true,
        &[Difference::RefundNotListed(refund())],
    );
    check(
        |_, list| list.refunds[0].amount = Some(eur(4_001)),
        &[Difference::RefundAmount {
            refund: refund(),
            ours: eur(4_000),
            theirs: Some(eur(4_001)),
        }],
    );
    let by_hand = Difference::RefundNotKnown {
        name: "re_2".into(),
        payment: id(),
    };
    check(
        |_, list| {
            list.refunds.push(ListedRefund {
                name: "re_2".into(),
                payment: id(),
                reference: None,
                amount: Some(eur(1)),
                has_failed: false,
            });
        },
        std::slice::from_ref(&by_hand),
    );
    assert_eq!(
        by_hand.to_string(),
        "refund re_2 of payment pi_1 was given there, and is not written down here"
    );
}

#[test]
fn a_dispute_that_one_side_does_not_have_or_has_otherwise_is_named() {
    let dispute = |name: &str, state, minor| ComparedDispute {
        name: name.into(),
        state,
        amount: Money {
            minor,
            currency: "EUR".parse().unwrap(),
        },
    };
    let same = dispute("dp_1", DisputeState::Open, 4_500);
    let known = [
        (same.clone(), OPENED),
        (dispute("dp_2", DisputeState::Open, 4_500), OPENED),
        (dispute("dp_3", DisputeState::Won, 100), OPENED),
        // Of one from before nothing is said.
        (dispute("dp_0", DisputeState::Won, 100), Timestamp(OPENED.0 - 1)),
    ];
    let listed = [
        same,
        dispute("dp_2", DisputeState::Lost, 4_500),
        dispute("dp_4", DisputeState::Open, 100),
    ];
    let told: Vec<_> = dispute_differences(&known, &listed, OPENED)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "dispute dp_2 is open about 45.00 EUR here, and lost about 45.00 EUR there",
            "dispute dp_4 is listed there, and not written down here",
            "dispute dp_3 is written down here, and not listed there",
        ]
    );
    assert_eq!(dispute_differences(&known[..1], &listed[..1], OPENED), []);
}
