//! What an organizer lets be sold: windows, a stop, hidden tiers, quantities of one order, and units that come and go.

use usher_keys::Timestamp;

use crate::selling::inventory::{ResizeRefusal, TierSale, WrongQuantity};
use crate::selling::sale::{EventSale, SaleStatus, SaleWindow};
use crate::selling::{BeginOutcome, ConfirmOutcome, HoldOutcome, TierQuantity};
use crate::store::finding::Finding;
use crate::store::organizing::{ChangeOutcome, EventChange};

use super::case::{Case, HOLD_MS, STALLS, STANDING, START, changed, unchanged};

async fn sell(case: &Case, sale: EventSale) {
    let change = EventChange {
        sale: Some(sale),
        ..unchanged(case.event)
    };
    changed(case, change).await;
}

async fn sell_standing(case: &Case, sale: TierSale) {
    let change = EventChange {
        tier_sales: vec![(STANDING, sale)],
        ..unchanged(case.event)
    };
    changed(case, change).await;
}

async fn standing(case: &Case, quantity: u32, now: Timestamp) -> HoldOutcome {
    case.hold_tier(STANDING, quantity, now).await
}

async fn resized(case: &Case, capacity: u32) -> ChangeOutcome {
    let change = EventChange {
        capacities: vec![(STANDING, capacity)],
        ..unchanged(case.event)
    };
    case.store.change_event(change).await.unwrap()
}

pub async fn an_event_sells_within_its_window_and_until_it_is_stopped(case: Case) {
    let window = SaleWindow {
        from: Some(START.plus_ms(10)),
        until: Some(START.plus_ms(20)),
    };
    let open = EventSale {
        window,
        ..EventSale::default()
    };
    sell(&case, open).await;
    for (at, refused) in [
        (9, Some(SaleStatus::NotYet)),
        (10, None),
        (20, Some(SaleStatus::Stopped)),
    ] {
        let outcome = case.hold_seats(&[0], START.plus_ms(at)).await;
        match refused {
            Some(status) => assert_eq!(outcome, HoldOutcome::NotOnSale(status)),
            None => assert!(matches!(outcome, HoldOutcome::Held(_)), "{outcome:?}"),
        }
    }
    // What is held may be paid for, though the sale is over or stopped by then.
    let held = case.held(&[1], START.plus_ms(15)).await;
    let stopped = EventSale {
        is_stopped: true,
        ..EventSale::default()
    };
    sell(&case, stopped).await;
    assert_eq!(
        case.hold_seats(&[2], START).await,
        HoldOutcome::NotOnSale(SaleStatus::Stopped)
    );
    let begun = case.begin(held.id, "a", START.plus_ms(25)).await;
    assert!(matches!(begun, BeginOutcome::Started(_)), "{begun:?}");
    sell(&case, EventSale::default()).await;
    case.held(&[2], START).await;
}

pub async fn a_tier_sells_as_its_organizer_says_and_hides(case: Case) {
    let few = TierSale {
        order_min: 2,
        order_max: Some(3),
        ..TierSale::default()
    };
    sell_standing(&case, few).await;
    let wrong = HoldOutcome::WrongQuantity(WrongQuantity {
        tier: STANDING,
        min: 2,
        max: Some(3),
    });
    assert_eq!(standing(&case, 1, START).await, wrong);
    assert_eq!(standing(&case, 4, START).await, wrong);
    assert!(matches!(standing(&case, 2, START).await, HoldOutcome::Held(_)));
    let later = TierSale {
        window: SaleWindow {
            from: Some(START.plus_ms(10)),
            until: None,
        },
        ..TierSale::default()
    };
    sell_standing(&case, later).await;
    assert_eq!(
        standing(&case, 1, START).await,
        HoldOutcome::NotOnSale(SaleStatus::NotYet)
    );
    // Nothing was held by what was refused.
    let available = case.occupancy(START).await.tiers[1].available;
    assert_eq!(available, 2);
    let hidden = TierSale {
        is_hidden: true,
        ..TierSale::default()
    };
    sell_standing(&case, hidden).await;
    assert_eq!(
        standing(&case, 1, START).await,
        HoldOutcome::UnknownTiers(vec![STANDING])
    );
    let event = case.store.event(case.event).await.unwrap().unwrap();
    assert_eq!(event.tier(STANDING).unwrap().sale, hidden);
    assert_eq!(event.tier(STALLS).unwrap().sale, TierSale::default());
}

pub async fn a_tier_of_slots_gets_more_units_or_fewer_but_never_than_are_held_or_sold(case: Case) {
    let tier = |quantity| {
        crate::selling::Claim::Tiers(vec![TierQuantity {
            tier: STANDING,
            quantity,
        }])
    };
    let HoldOutcome::Held(first) = case.hold(tier(1), START).await else {
        panic!("there are four")
    };
    let open = case.begun(first.id, "a", START).await;
    assert!(matches!(
        case.confirm(&open, START).await,
        ConfirmOutcome::Confirmed(_)
    ));
    let HoldOutcome::Held(_) = case.hold(tier(1), START).await else {
        panic!("there are three left")
    };
    let least = ChangeOutcome::NotResized(STANDING, ResizeRefusal::Least(2));
    assert_eq!(resized(&case, 1).await, least);
    assert_eq!(resized(&case, 2).await, ChangeOutcome::Changed);
    assert!(matches!(standing(&case, 1, START).await, HoldOutcome::Short(_)));
    assert_eq!(resized(&case, 5).await, ChangeOutcome::Changed);
    let HoldOutcome::Held(more) = standing(&case, 3, START).await else {
        panic!("three were added")
    };
    // New numbers come behind all that there are, and what has expired counts as free.
    assert!(more.lines.iter().all(|line| line.unit.0 >= 12), "{more:?}");
    let expired = EventChange {
        capacities: vec![(STANDING, 1)],
        now: START.plus_ms(HOLD_MS),
        ..unchanged(case.event)
    };
    assert_eq!(
        case.store.change_event(expired).await.unwrap(),
        ChangeOutcome::Changed
    );
    let event = case.store.event(case.event).await.unwrap().unwrap();
    assert_eq!(event.unit_count, 9);
    let too_many = ChangeOutcome::NotResized(STANDING, ResizeRefusal::TooMany);
    assert_eq!(resized(&case, 100).await, too_many);
    let seats = EventChange {
        capacities: vec![(STALLS, 7)],
        prices: vec![(STALLS, 1)],
        ..unchanged(case.event)
    };
    assert_eq!(
        case.store.change_event(seats).await.unwrap(),
        ChangeOutcome::NotResized(STALLS, ResizeRefusal::Seats)
    );
    // All of a change or nothing.
    let event = case.store.event(case.event).await.unwrap().unwrap();
    assert_eq!(event.tier(STALLS).unwrap().price, 4_500);
    let altered = |finding: &Finding| matches!(finding, Finding::Layout { .. } | Finding::Terms { .. });
    assert!(!case.audit().await.findings.iter().any(altered));
}
