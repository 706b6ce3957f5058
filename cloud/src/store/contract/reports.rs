//! What lists, the daily report and the comparison with a gateway read of what was sold and given back: whole, and page by page.

use std::collections::BTreeMap;

use usher_keys::Timestamp;

use crate::local_time::LocalDays;
use crate::money::Money;
use crate::selling::daily_report::{DayFigures, TierFigures};
use crate::selling::disputes::DisputeState;
use crate::selling::money_steps::{Account, MoneyStep};
use crate::selling::reconciliation::{KnownPayment, KnownRefund, PaymentsQuery};
use crate::selling::refunds::{RefundOf, RefundState, RefundsQuery};
use crate::selling::sales_lists::{MoneyQuery, MoneySource, TicketsQuery};
use crate::selling::{
    Booking, BookingState, ConfirmOutcome, GatewayKind, NoteOutcome, NotePayment, PaymentId, PaymentNote,
};
use crate::store::DailyQuery;

use super::case::{Case, HOLDER, STALLS, START};
use super::refunds::{begun, dispute, request};

/// What a seat costs.
const PRICE: i64 = 4_500;
/// The day after the case's first one.
const NEXT_DAY: Timestamp = Timestamp(START.0 + 80_000_000);

/// Sells seats whose payment a gateway knows by a name.
async fn sold(case: &Case, seats: &[u32], payment: &str, now: Timestamp) -> Booking {
    let held = case.held(seats, now).await;
    let open = case.begun(held.id, payment, now).await;
    let opened = NotePayment {
        booking: open.id,
        note: PaymentNote::Opened(PaymentId(payment.into())),
        holder: HOLDER,
        now,
    };
    assert_eq!(case.store.note_payment(opened).await.unwrap(), NoteOutcome::Noted);
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, now).await else {
        panic!("nothing speaks against it")
    };
    booking
}

pub async fn a_daily_report_has_each_day_what_was_sold_and_taken_back_on_it(case: Case) {
    let first = sold(&case, &[0, 1], "a", START).await;
    sold(&case, &[2], "b", NEXT_DAY).await;
    begun(
        &case,
        request(&first, "r", RefundOf::Tickets(vec![first.tickets[0].id])),
    )
    .await;
    let last = sold(&case, &[3], "c", NEXT_DAY).await;
    assert!(dispute(&case, &last, "du_1", DisputeState::Lost).await);
    let event = case.store.event(case.event).await.unwrap().unwrap();
    let days = LocalDays::of(&event.policy);
    let (day, next) = (days.day(START), days.day(NEXT_DAY));
    assert_ne!(day, next);
    let query = DailyQuery {
        event: case.event,
        days,
    };
    let report = case.store.daily_report(query).await.unwrap();
    let figures = |sold: u32, taken_back: u32, rest: DayFigures| {
        let tier = TierFigures {
            sold,
            sold_amount: PRICE * i64::from(sold),
            taken_back,
            taken_back_amount: PRICE * i64::from(taken_back),
        };
        DayFigures {
            tiers: BTreeMap::from([(STALLS, tier)]),
            charged: tier.sold_amount,
            ways: BTreeMap::from([(GatewayKind::Sandbox, tier.sold_amount)]),
            refunded: tier.taken_back_amount,
            ..rest
        }
    };
    // Refunds and disputes were heard of on the first day.
    let on_first = DayFigures {
        bookings: 1,
        disputes_lost: PRICE,
        ..DayFigures::default()
    };
    let on_next = DayFigures {
        bookings: 2,
        ..DayFigures::default()
    };
    let expected = [(day, figures(2, 1, on_first)), (next, figures(2, 0, on_next))];
    assert_eq!(report.days, BTreeMap::from(expected));
}

pub async fn tickets_are_listed_page_by_page_with_what_was_paid_for_them(case: Case) {
    let bookings = [
        sold(&case, &[0, 1], "a", START).await,
        sold(&case, &[2], "b", NEXT_DAY).await,
    ];
    let price = Some(Money {
        minor: PRICE,
        ..bookings[0].amount
    });
    let mut expected: Vec<_> = bookings
        .iter()
        .flat_map(|booking| {
            booking
                .tickets
                .iter()
                .map(move |ticket| (ticket, Some(booking.code)))
        })
        .collect();
    expected.sort_by_key(|(ticket, _)| ticket.id);
    let mut query = TicketsQuery {
        event: case.event,
        before: NEXT_DAY.plus_ms(1),
        beyond: None,
        limit: 1,
    };
    for (ticket, code) in expected {
        let page = case.store.tickets(query).await.unwrap();
        let [line] = page.as_slice() else {
            panic!("{page:?}")
        };
        assert_eq!((&line.ticket, line.booking, line.price), (ticket, code, price));
        query.beyond = Some(line.ticket.id);
    }
    assert_eq!(case.store.tickets(query).await.unwrap(), []);
    let earlier = TicketsQuery {
        before: NEXT_DAY,
        beyond: None,
        limit: 9,
        ..query
    };
    assert_eq!(case.store.tickets(earlier).await.unwrap().len(), 2);
}

pub async fn money_that_has_moved_is_listed_page_by_page_with_both_its_sides(case: Case) {
    let booking = sold(&case, &[0, 1], "a", START).await;
    let back = begun(
        &case,
        request(&booking, "r", RefundOf::Tickets(vec![booking.tickets[0].id])),
    )
    .await;
    let mut query = MoneyQuery {
        event: case.event,
        before: NEXT_DAY,
        beyond: None,
        limit: 1,
    };
    let mut moved = Vec::new();
    while let [line] = case.store.money(query).await.unwrap().as_slice() {
        query.beyond = Some((line.subject, line.step));
        assert_eq!((line.booking, line.moved_at), (Some(booking.code), START));
        moved.push((line.amount.minor, line.step, line.subject, line.sides));
    }
    // Ids of the same millisecond are in no order.
    moved.sort_by_key(|(amount, ..)| *amount);
    let taken_back = (
        PRICE,
        MoneyStep::TakenBack,
        MoneySource::Refund(back.id),
        (Account::Sales, Account::Owed),
    );
    let gained = (
        2 * PRICE,
        MoneyStep::Sold,
        MoneySource::Charge(booking.charge),
        (Account::Gateway, Account::Sales),
    );
    assert_eq!(moved, [taken_back, gained]);
    let earlier = MoneyQuery {
        before: START,
        beyond: None,
        ..query
    };
    assert_eq!(case.store.money(earlier).await.unwrap(), []);
}

pub async fn refunds_are_listed_page_by_page_and_by_how_they_stand(case: Case) {
    let mut refunds = Vec::new();
    for (seat, key) in [(0, "a"), (1, "b")] {
        let booking = sold(&case, &[seat], key, START).await;
        refunds.push(begun(&case, request(&booking, key, RefundOf::All)).await);
    }
    refunds.sort_by_key(|refund| refund.id);
    let mut query = RefundsQuery {
        event: case.event,
        state: None,
        after: None,
        limit: 1,
    };
    for refund in refunds {
        let page = case.store.refunds(query).await.unwrap();
        assert_eq!(page, std::slice::from_ref(&refund));
        query.after = Some(refund.id);
    }
    assert_eq!(case.store.refunds(query).await.unwrap(), []);
    for (state, count) in [(RefundState::Revoking, 2), (RefundState::Given, 0)] {
        let query = RefundsQuery {
            state: Some(state),
            after: None,
            limit: 9,
            ..query
        };
        assert_eq!(case.store.refunds(query).await.unwrap().len(), count, "{state:?}");
    }
}

pub async fn what_a_gateway_knows_payments_by_is_listed_with_what_was_given_back(case: Case) {
    let (first, second) = (
        sold(&case, &[0, 1], "a", START).await,
        sold(&case, &[2], "b", NEXT_DAY).await,
    );
    // Of this one no gateway knows anything yet.
    let held = case.held(&[3], START).await;
    case.begun(held.id, "c", START).await;
    let back = begun(&case, request(&first, "r", RefundOf::All)).await;
    let known = |booking: &Booking, payment: &str, refunds| KnownPayment {
        charge: booking.charge,
        payment: PaymentId(payment.into()),
        amount: booking.amount,
        state: BookingState::Confirmed,
        refunds,
        opened_at: booking.created_at,
    };
    let given = KnownRefund {
        id: back.id,
        amount: back.amount,
        state: RefundState::Revoking,
    };
    let listed = async |gateway, since| {
        let query = PaymentsQuery { gateway, since };
        case.store.gateway_payments(query).await.unwrap()
    };
    let second = known(&second, "b", Vec::new());
    let both = [known(&first, "a", vec![given]), second.clone()];
    assert_eq!(listed(GatewayKind::Sandbox, START).await, both);
    assert_eq!(listed(GatewayKind::Sandbox, NEXT_DAY).await, [second]);
    assert_eq!(listed(GatewayKind::Stripe, START).await, []);
}
