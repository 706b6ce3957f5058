//! Fees and taxes of what is sold, and the receipts that say them.

use crate::selling::ConfirmOutcome;
use crate::selling::charges::{ChargeParts, Charges};
use crate::selling::inventory::TierSale;
use crate::selling::journal::Balances;
use crate::selling::receipts::ReceiptsQuery;
use crate::store::finding::Finding;
use crate::store::organizing::EventChange;

use super::case::{Case, GUESTS, STALLS, START, changed, unchanged};

const CHARGES: Charges = Charges {
    fee: 200,
    fee_added: true,
    tax: 700,
    tax_added: true,
};

async fn charge(case: &Case) {
    let sale = TierSale {
        charges: CHARGES,
        ..TierSale::default()
    };
    let change = EventChange {
        tier_sales: vec![(STALLS, sale)],
        ..unchanged(case.event)
    };
    changed(case, change).await;
}

pub async fn fees_and_taxes_are_part_of_what_is_sold_and_what_was_held_keeps_its_own(case: Case) {
    let before = case.held(&[0], START).await;
    charge(&case).await;
    let held = case.held(&[1, 2], START).await;
    assert_eq!(before.amount.minor, 4_500);
    assert_eq!(held.amount.minor, 2 * 5_029);
    let parts = ChargeParts {
        fees: 400,
        taxes: 658,
    };
    assert_eq!(ChargeParts::of(held.lines.iter()), parts);
    let open = case.begun(held.id, "a", START).await;
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START).await else {
        panic!("its units are its own")
    };
    assert_eq!(booking.parts, parts);
    let expected = Balances {
        gateway: 10_058,
        sales: -9_000,
        fees: -400,
        taxes: -658,
        ..Balances::default()
    };
    assert_eq!(case.store.balances(case.event).await.unwrap(), expected);
    check_sound(&case).await;
}

pub async fn each_sale_has_one_receipt_and_no_number_is_left_out(case: Case) {
    charge(&case).await;
    let mut numbers = Vec::new();
    for (seat, key) in [(0, "a"), (1, "b")] {
        let held = case.held(&[seat], START).await;
        let open = case.begun(held.id, key, START).await;
        for _ in 0..2 {
            let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START).await else {
                panic!("its units are its own")
            };
            numbers.push(booking.receipt.map(|receipt| receipt.number));
        }
    }
    assert_eq!(numbers, [Some(1), Some(1), Some(2), Some(2)]);
    let crate::selling::HoldOutcome::Held(free) = case.hold_tier(GUESTS, 1, START).await else {
        panic!("there are two")
    };
    let open = case.begun(free.id, "c", START).await;
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START).await else {
        panic!("its unit is its own")
    };
    assert_eq!(booking.receipt, None);
    let query = ReceiptsQuery {
        event: case.event,
        after: None,
        limit: 1,
    };
    let first = case.store.receipts(query).await.unwrap();
    let after = Some(first[0].id);
    let second = case
        .store
        .receipts(ReceiptsQuery {
            after,
            limit: 10,
            ..query
        })
        .await
        .unwrap();
    let told: Vec<_> = first.iter().chain(&second).collect();
    assert_eq!(told.len(), 2);
    for receipt in told {
        assert_eq!((receipt.amount.minor, receipt.parts.fees), (5_029, 200));
        assert_eq!(receipt.annuls, None);
    }
    check_sound(&case).await;
}

async fn check_sound(case: &Case) {
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let audit = case.audit().await;
    assert!(audit.findings.iter().all(is_signature), "{:?}", audit.findings);
}
