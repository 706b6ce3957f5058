//! Vouchers: how often they may be used, what they give back, and what guessing costs.

use tokio::task::JoinSet;
use usher_protocol::Unit;

use crate::ids::{ReservationId, VoucherId};
use crate::selling::claimant::HoldBounds;
use crate::selling::inventory::TierSale;
use crate::selling::sale::{EventSale, SaleStatus, SaleWindow};
use crate::selling::vouchers::{
    CodeCheck, CodeCheckOutcome, Discount, NewVouchers, NewVouchersOutcome, Voucher, VoucherRefusal,
    VoucherTerms, VouchersQuery,
};
use crate::selling::{
    Claim, ConfirmOutcome, HoldOutcome, HoldRequest, ReleaseRequest, Reservation, TierQuantity,
};
use crate::store::organizing::EventChange;

use super::case::{CLAIMANT, Case, GUESTS, HOLD_MS, STALLS, STANDING, START, UNBOUNDED, changed, unchanged};

fn half() -> VoucherTerms {
    VoucherTerms {
        name: "Owls".into(),
        discount: Some(Discount::Percent(50)),
        unlocks: false,
        tiers: Some(vec![STALLS]),
        max_uses: Some(1),
        max_per_order: None,
        valid: SaleWindow::default(),
    }
}

async fn add(case: &Case, codes: &[&str], terms: VoucherTerms) -> NewVouchersOutcome {
    let codes = codes
        .iter()
        .map(|code| (VoucherId::draw(case.event, START), code.parse().unwrap()));
    let new = NewVouchers {
        event: case.event,
        codes: codes.collect(),
        terms,
        now: START,
    };
    case.store.add_vouchers(new).await.unwrap()
}

async fn added(case: &Case, code: &str, terms: VoucherTerms) -> Voucher {
    match add(case, &[code], terms).await {
        NewVouchersOutcome::Added(mut added) => added.remove(0),
        refused @ (NewVouchersOutcome::Taken(_) | NewVouchersOutcome::TooMany) => {
            panic!("not added: {refused:?}")
        }
    }
}

fn with(case: &Case, seats: &[u32], code: &str, ms: u64) -> HoldRequest {
    let claim = Claim::Seats(seats.iter().copied().map(Unit).collect());
    HoldRequest {
        voucher: Some(code.parse().unwrap()),
        ..case.hold_request(claim, START.plus_ms(ms))
    }
}

async fn hold(case: &Case, seats: &[u32], code: &str, ms: u64) -> HoldOutcome {
    case.store.hold(with(case, seats, code, ms)).await.unwrap()
}

async fn held(case: &Case, seats: &[u32], code: &str, ms: u64) -> Reservation {
    let outcome = hold(case, seats, code, ms).await;
    let HoldOutcome::Held(reservation) = outcome else {
        panic!("not held: {outcome:?}")
    };
    reservation
}

async fn uses(case: &Case, ms: u64) -> u32 {
    let query = VouchersQuery {
        event: case.event,
        after: None,
        limit: 10,
        now: START.plus_ms(ms),
    };
    case.store.vouchers(query).await.unwrap()[0].uses
}

const USED_UP: HoldOutcome = HoldOutcome::Voucher(VoucherRefusal::UsedUp);

pub async fn a_voucher_is_used_so_often_and_what_lapses_gives_its_use_back(case: Case) {
    added(&case, "OWLS", half()).await;
    let first = held(&case, &[0, 1], "owls", 0).await;
    assert_eq!(first.lines[0].price, 2_250);
    assert_eq!(first.amount.minor, 4_500);
    assert_eq!(hold(&case, &[2], "OWLS", 1).await, USED_UP);
    assert_eq!(uses(&case, 1).await, 1);
    // Nothing was held by what was refused.
    let release = ReleaseRequest {
        reservation: first.id,
        now: START.plus_ms(2),
    };
    case.store.release(release).await.unwrap();
    let second = held(&case, &[2], "OWLS", 3).await;
    assert_eq!(hold(&case, &[3], "OWLS", 3 + HOLD_MS - 1).await, USED_UP);
    let third = held(&case, &[3], "OWLS", 3 + HOLD_MS).await;
    let late = case.begin(second.id, "a", START.plus_ms(3 + HOLD_MS)).await;
    assert!(
        matches!(late, crate::selling::BeginOutcome::Refused(_)),
        "{late:?}"
    );
    // What is paid for stays used.
    let open = case.begun(third.id, "b", START.plus_ms(4 + HOLD_MS)).await;
    assert_eq!(open.amount.minor, 2_250);
    let confirmed = case.confirm(&open, START.plus_ms(4 + HOLD_MS)).await;
    assert!(matches!(confirmed, ConfirmOutcome::Confirmed(_)));
    assert_eq!(hold(&case, &[4], "OWLS", 9 * HOLD_MS).await, USED_UP);
    assert_eq!(uses(&case, 9 * HOLD_MS).await, 1);
}

pub async fn many_who_use_a_voucher_at_once_use_it_as_often_as_it_says(case: Case) {
    let three = VoucherTerms {
        max_uses: Some(3),
        ..half()
    };
    added(&case, "OWLS", three).await;
    let mut claims = JoinSet::new();
    for seat in 0..6 {
        let (store, request) = (case.store.clone(), with(&case, &[seat], "OWLS", 0));
        claims.spawn(async move { store.hold(request).await.unwrap() });
    }
    let outcomes = claims.join_all().await;
    let (held, refused): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .partition(|outcome| matches!(outcome, HoldOutcome::Held(_)));
    assert_eq!((held.len(), refused), (3, vec![USED_UP; 3]));
}

pub async fn a_code_unlocks_hidden_tiers_and_the_time_before_the_sale(case: Case) {
    let presale = VoucherTerms {
        discount: None,
        unlocks: true,
        max_uses: None,
        ..half()
    };
    added(&case, "CLUB", presale).await;
    let hidden = TierSale {
        is_hidden: true,
        ..TierSale::default()
    };
    let later = EventSale {
        window: SaleWindow {
            from: Some(START.plus_ms(1_000)),
            until: None,
        },
        ..EventSale::default()
    };
    let change = EventChange {
        sale: Some(later),
        tier_sales: vec![(STALLS, hidden)],
        ..unchanged(case.event)
    };
    changed(&case, change).await;
    let not_yet = HoldOutcome::NotOnSale(SaleStatus::NotYet);
    assert_eq!(case.hold_seats(&[0], START).await, not_yet);
    let early = held(&case, &[0], "CLUB", 0).await;
    assert_eq!(early.amount.minor, 4_500);
    let hidden = HoldOutcome::UnknownTiers(vec![STALLS]);
    assert_eq!(case.hold_seats(&[1], START.plus_ms(1_000)).await, hidden);
    held(&case, &[1], "CLUB", 1_000).await;
    // It opens its own tiers alone, also beside others.
    let one_of = |tier| TierQuantity { tier, quantity: 1 };
    for tiers in [vec![one_of(STANDING)], vec![one_of(STALLS), one_of(STANDING)]] {
        let request = HoldRequest {
            voucher: Some("CLUB".parse().unwrap()),
            ..case.hold_request(Claim::Tiers(tiers), START)
        };
        assert_eq!(case.store.hold(request).await.unwrap(), not_yet);
    }
    let standing = HoldRequest {
        voucher: Some("CLUB".parse().unwrap()),
        ..case.hold_request(Claim::Tiers(vec![one_of(STANDING)]), START.plus_ms(1_000))
    };
    let refused = case.store.hold(standing).await.unwrap();
    assert_eq!(refused, HoldOutcome::Voucher(VoucherRefusal::NotForThese));
}

pub async fn a_code_is_taken_once_and_stopped_for_good(case: Case) {
    let voucher = added(&case, "OWLS", half()).await;
    let taken = NewVouchersOutcome::Taken(vec!["OWLS".parse().unwrap()]);
    assert_eq!(add(&case, &["BATS", "OWLS"], half()).await, taken);
    let query = VouchersQuery {
        event: case.event,
        after: None,
        limit: 10,
        now: START,
    };
    assert_eq!(
        case.store.vouchers(query).await.unwrap(),
        std::slice::from_ref(&voucher)
    );
    let beyond = VouchersQuery {
        after: Some(voucher.id),
        ..query
    };
    assert_eq!(case.store.vouchers(beyond).await.unwrap(), []);
    assert!(case.store.stop_voucher(voucher.id).await.unwrap());
    let unknown = HoldOutcome::Voucher(VoucherRefusal::Unknown);
    assert_eq!(hold(&case, &[0], "OWLS", 0).await, unknown);
    let nothing = VoucherId::draw(case.event, START);
    assert!(!case.store.stop_voucher(nothing).await.unwrap());
}

pub async fn wrong_codes_count_as_places_that_were_held_in_vain(case: Case) {
    added(&case, "OWLS", half()).await;
    let bounds = HoldBounds {
        per_session: 1,
        minutes_in_vain: 3,
        ..UNBOUNDED
    };
    let check_code = async |code: &str| {
        let request = CodeCheck {
            guess: ReservationId::draw(case.event, START),
            code: code.parse().unwrap(),
            claimant: CLAIMANT,
            bounds,
            now: START,
        };
        case.store.check_code(request).await.unwrap()
    };
    let unknown = CodeCheckOutcome::Refused(VoucherRefusal::Unknown);
    assert!(matches!(check_code("OWLS").await, CodeCheckOutcome::Good(_)));
    assert_eq!(check_code("OWL1").await, unknown);
    assert_eq!(check_code("OWL2").await, unknown);
    let guessed = HoldRequest {
        bounds,
        ..with(&case, &[0], "OWL3", 0)
    };
    let outcome = case.store.hold(guessed).await.unwrap();
    assert_eq!(outcome, HoldOutcome::Voucher(VoucherRefusal::Unknown));
    // Who has guessed so often waits, also with the right one and without any.
    assert!(matches!(check_code("OWLS").await, CodeCheckOutcome::InVain(_)));
    let free = Claim::Tiers(vec![TierQuantity {
        tier: GUESTS,
        quantity: 1,
    }]);
    let request = HoldRequest {
        bounds,
        ..case.hold_request(free, START)
    };
    let outcome = case.store.hold(request).await.unwrap();
    assert!(matches!(outcome, HoldOutcome::InVain(_)), "{outcome:?}");
    assert_eq!(case.occupancy(START).await.tiers[0].available, 6);
}
