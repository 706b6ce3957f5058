//! Fees and taxes of what is sold.

use crate::selling::ConfirmOutcome;
use crate::selling::charges::{ChargeParts, Charges};
use crate::selling::inventory::TierSale;
use crate::selling::journal::Balances;
use crate::store::finding::Finding;
use crate::store::organizing::EventChange;

use super::case::{Case, STALLS, START, changed, unchanged};

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

async fn check_sound(case: &Case) {
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let audit = case.audit().await;
    assert!(audit.findings.iter().all(is_signature), "{:?}", audit.findings);
}
