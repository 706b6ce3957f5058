//! Prices that rise in steps, and that whatever they become, what is held or sold keeps its own.

use std::collections::BTreeMap;

use crate::ids::ReservationId;
use crate::selling::charges::Charges;
use crate::selling::inventory::TierSale;
use crate::selling::price_steps::{PriceStep, PriceSteps};
use crate::selling::sale::EventSale;
use crate::selling::{ConfirmOutcome, HoldOutcome, PriceLine, ReleaseRequest, Reservation};
use crate::store::finding::Finding;
use crate::store::organizing::EventChange;

use super::case::{Case, HOLD_MS, STALLS, STANDING, START, changed, unchanged};

fn step(price: i64, until_ms: Option<u64>, taken: Option<u32>) -> PriceStep {
    PriceStep {
        price,
        until: until_ms.map(|ms| START.plus_ms(ms)),
        taken,
    }
}

fn with(steps: &[PriceStep], charges: Charges) -> TierSale {
    TierSale {
        steps: PriceSteps::of(steps),
        charges,
        ..TierSale::default()
    }
}

async fn set(case: &Case, tier: usher_protocol::TierId, (price, sale): (i64, TierSale)) {
    let change = EventChange {
        prices: vec![(tier, price)],
        tier_sales: vec![(tier, sale)],
        ..unchanged(case.event)
    };
    changed(case, change).await;
}

async fn held(case: &Case, quantity: u32, ms: u64) -> Reservation {
    let outcome = case.hold_tier(STANDING, quantity, START.plus_ms(ms)).await;
    let HoldOutcome::Held(reservation) = outcome else {
        panic!("not held: {outcome:?}")
    };
    reservation
}

fn prices(reservation: &Reservation) -> Vec<i64> {
    reservation.lines.iter().map(|line| line.price).collect()
}

pub async fn a_price_rises_as_units_are_taken_and_as_time_goes_by(case: Case) {
    let steps = [step(1_000, None, Some(2)), step(1_500, Some(50_000), None)];
    set(&case, STANDING, (2_500, with(&steps, Charges::default()))).await;
    // One order may cross the step.
    let first = held(&case, 3, 0).await;
    assert_eq!(prices(&first), [1_000, 1_000, 1_500]);
    assert_eq!(first.amount.minor, 3_500);
    // What is given back is taken by nobody.
    let release = ReleaseRequest {
        reservation: first.id,
        now: START.plus_ms(1),
    };
    case.store.release(release).await.unwrap();
    let second = held(&case, 1, 2).await;
    assert_eq!(prices(&second), [1_000]);
    let open = case.begun(second.id, "a", START.plus_ms(3)).await;
    assert!(matches!(
        case.confirm(&open, START.plus_ms(3)).await,
        ConfirmOutcome::Confirmed(_)
    ));
    assert_eq!(prices(&held(&case, 2, 49_999).await), [1_000, 1_500]);
    assert_eq!(prices(&held(&case, 1, 50_000).await), [2_500]);
    let event = case.store.event(case.event).await.unwrap().unwrap();
    assert_eq!(event.tier(STANDING).unwrap().sale.steps, PriceSteps::of(&steps));
    // What has expired is taken by nobody either.
    let late = HOLD_MS + 50_000;
    let steps = [step(1_000, None, Some(2))];
    set(&case, STANDING, (2_500, with(&steps, Charges::default()))).await;
    assert_eq!(prices(&held(&case, 2, late).await), [1_000, 2_500]);
}

/// Draws numbers, the same each time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

pub async fn whatever_prices_become_what_is_held_or_sold_keeps_its_own(case: Case) {
    let mut drawn = Drawn(0x9e37_79b9_7f4a_7c15);
    let mut kept: BTreeMap<ReservationId, (Vec<PriceLine>, i64)> = BTreeMap::new();
    let mut free_seats: Vec<u32> = (0..6).collect();
    for turn in 0..24 {
        let now = START.plus_ms(turn);
        match drawn.below(3) {
            0 if !free_seats.is_empty() => {
                let seat = free_seats.remove(0);
                let held = case.held(&[seat], now).await;
                kept.insert(held.id, (held.lines.clone(), held.amount.minor));
                if drawn.below(2) == 0 {
                    let open = case.begun(held.id, &format!("key {turn}"), now).await;
                    assert_eq!(open.amount.minor, held.amount.minor);
                    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, now).await else {
                        panic!("its units are its own")
                    };
                    assert_eq!(booking.amount.minor, held.amount.minor);
                }
            }
            _ => {
                let number = |drawn: &mut Drawn| i64::try_from(drawn.below(9_000)).unwrap();
                let steps = [
                    step(number(&mut drawn), None, Some(1)),
                    step(number(&mut drawn), Some(turn), None),
                ];
                let charges = Charges {
                    fee: number(&mut drawn),
                    fee_added: drawn.below(2) == 0,
                    tax: u16::try_from(drawn.below(3_000)).unwrap(),
                    tax_added: drawn.below(2) == 0,
                };
                set(&case, STALLS, (number(&mut drawn), with(&steps, charges))).await;
            }
        }
        for (id, (lines, amount)) in &kept {
            let reservation = case.store.reservation(*id).await.unwrap().unwrap();
            assert_eq!(
                (&reservation.lines, reservation.amount.minor),
                (lines, *amount),
                "turn {turn}"
            );
        }
    }
    assert!(kept.len() > 3, "{}", kept.len());
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let findings = case.audit().await.findings;
    assert!(findings.iter().all(is_signature), "{findings:?}");
}

pub async fn an_order_has_so_many_units_of_the_event_at_most(case: Case) {
    let sale = EventSale {
        order_max: Some(2),
        ..EventSale::default()
    };
    let change = EventChange {
        sale: Some(sale),
        ..unchanged(case.event)
    };
    changed(&case, change).await;
    assert_eq!(
        case.hold_tier(STANDING, 3, START).await,
        HoldOutcome::OrderTooLarge(2)
    );
    held(&case, 2, 1).await;
}
