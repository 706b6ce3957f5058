//! Bank transfers: awaited for days, paid whole or not at all, and never both paid and expired.

use crate::selling::invoices::{InvoiceOutcome, SettleInvoice};
use crate::selling::journal::Balances;
use crate::selling::sale::EventSale;
use crate::selling::{
    BeginBooking, BeginOutcome, BeginRefusal, BookingState, CloseOutcome, ConfirmOutcome, Ending,
    GatewayKind, OpenBooking, PaymentId,
};
use crate::store::finding::Finding;
use crate::store::organizing::EventChange;

use super::case::{Case, START, changed, unchanged};

async fn awaiting(case: &Case, seats: &[u32], key: &str) -> BeginOutcome {
    let held = case.held(seats, START).await;
    let request = BeginBooking {
        gateway: GatewayKind::Invoice,
        ..case.begin_request(held.id, key, START)
    };
    case.store.begin_booking(request).await.unwrap()
}

async fn takes_transfers(case: &Case, days: u16) {
    let sale = EventSale {
        invoice_days: Some(days),
        ..EventSale::default()
    };
    let change = EventChange {
        sale: Some(sale),
        ..unchanged(case.event)
    };
    changed(case, change).await;
}

async fn open(case: &Case, seats: &[u32], key: &str) -> OpenBooking {
    let outcome = awaiting(case, seats, key).await;
    let BeginOutcome::Started(open) = outcome else {
        panic!("not begun: {outcome:?}")
    };
    open
}

async fn transferred(case: &Case, open: &OpenBooking, amount: i64, reference: &str) -> InvoiceOutcome {
    let note = SettleInvoice {
        booking: open.id,
        amount,
        reference: PaymentId(reference.into()),
        now: START,
    };
    case.store.settle_invoice(note).await.unwrap()
}

pub async fn a_booking_awaits_its_transfer_for_days_and_is_paid_whole_or_not_at_all(case: Case) {
    let refused = BeginOutcome::Refused(BeginRefusal::NoInvoice);
    assert_eq!(awaiting(&case, &[5], "none").await, refused);
    takes_transfers(&case, 60).await;
    let first = open(&case, &[0, 1], "a").await;
    // Not beyond the event.
    assert_eq!(first.pay_by, START.plus_ms(90_000_000));
    assert_eq!(first.gateway, GatewayKind::Invoice);
    assert_eq!(
        transferred(&case, &first, 8_999, "x").await,
        InvoiceOutcome::TooLittle(1)
    );
    assert_eq!(
        transferred(&case, &first, 9_500, "x").await,
        InvoiceOutcome::TooMuch(500)
    );
    assert_eq!(
        transferred(&case, &first, 9_000, "x").await,
        InvoiceOutcome::Noted
    );
    assert_eq!(
        transferred(&case, &first, 9_000, "x").await,
        InvoiceOutcome::Noted
    );
    assert_eq!(
        transferred(&case, &first, 9_000, "y").await,
        InvoiceOutcome::NotAwaited
    );
    let known = case.store.open_booking(first.id).await.unwrap().unwrap();
    assert_eq!(known.payment, Some(PaymentId("x".into())));
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&known, START).await else {
        panic!("its units are its own")
    };
    assert_eq!(booking.receipt.map(|receipt| receipt.number), Some(1));
    let expected = Balances {
        bank: 9_000,
        sales: -9_000,
        ..Balances::default()
    };
    assert_eq!(case.store.balances(case.event).await.unwrap(), expected);
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let findings = case.audit().await.findings;
    assert!(findings.iter().all(is_signature), "{findings:?}");
}

pub async fn a_transfer_that_comes_as_the_time_ends_counts_once(case: Case) {
    takes_transfers(&case, 1).await;
    let paid = open(&case, &[0], "paid").await;
    assert_eq!(paid.pay_by, START.plus_ms(86_400_000));
    assert_eq!(transferred(&case, &paid, 4_500, "x").await, InvoiceOutcome::Noted);
    // Whoever ends it has read it before that.
    let closed = case.close(&paid, Ending::Expired, paid.pay_by).await;
    assert_eq!(closed, CloseOutcome::NotOpen);
    let late = open(&case, &[1], "late").await;
    let closed = case.close(&late, Ending::Expired, late.pay_by).await;
    assert_eq!(closed, CloseOutcome::Closed);
    assert_eq!(
        transferred(&case, &late, 4_500, "y").await,
        InvoiceOutcome::NotAwaited
    );
    let booking = case.store.booking(late.id).await.unwrap().unwrap();
    assert_eq!(booking.state, BookingState::Expired);
    case.held(&[1], late.pay_by).await;
}
