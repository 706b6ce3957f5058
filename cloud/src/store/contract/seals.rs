//! Seals of how an event is sold: what another program, an older one or a disk changes is noticed, and what the store changes is not.

use usher_protocol::{TierId, Unit};

use crate::ids::{BlockId, ReservationId, VoucherId};
use crate::selling::Claim;
use crate::selling::blocks::{NewBlock, NewBlockOutcome, OfBlock, ReleaseBlock};
use crate::selling::claimant::OwnBounds;
use crate::selling::inventory::TierSale;
use crate::selling::sale::SaleWindow;
use crate::selling::vouchers::{NewVouchers, NewVouchersOutcome, VoucherTerms};
use crate::store::finding::{Finding, SealedPart};
use crate::store::organizing::{EventChange, SetBounds};

use super::case::{Case, STALLS, START, changed, unchanged};

async fn voucher(case: &Case, code: &str) -> VoucherId {
    let id = VoucherId::draw(case.event, START);
    let terms = VoucherTerms {
        name: "Owls".into(),
        discount: None,
        unlocks: true,
        tiers: Some(vec![STALLS]),
        max_uses: Some(3),
        max_per_order: None,
        valid: SaleWindow::default(),
    };
    let new = NewVouchers {
        event: case.event,
        codes: vec![(id, code.parse().unwrap())],
        terms,
        now: START,
    };
    let outcome = case.store.add_vouchers(new).await.unwrap();
    assert!(matches!(outcome, NewVouchersOutcome::Added(_)), "{outcome:?}");
    id
}

async fn block(case: &Case, name: &str, seats: &[u32]) -> BlockId {
    let new = NewBlock {
        id: BlockId::draw(case.event, START),
        reservation: ReservationId::draw(case.event, START),
        name: name.into(),
        claim: Claim::Seats(seats.iter().copied().map(Unit).collect()),
        now: START,
    };
    let id = new.id;
    let outcome = case.store.add_block(new).await.unwrap();
    assert!(matches!(outcome, NewBlockOutcome::Blocked(_)), "{outcome:?}");
    id
}

/// Sells an event in every way that is sealed, and changes each of them.
async fn sold_in_every_way(case: &Case) {
    let sale = TierSale {
        order_max: Some(4),
        ..TierSale::default()
    };
    let change = EventChange {
        tier_sales: vec![(STALLS, sale)],
        ..unchanged(case.event)
    };
    changed(case, change).await;
    let bounds = OwnBounds {
        per_session: Some(3),
        ..OwnBounds::default()
    };
    let event = case.event;
    case.store
        .set_bounds(SetBounds {
            event,
            bounds,
            proof_secret: None,
            of_buyers: Default::default(),
        })
        .await
        .unwrap();
    voucher(case, "OWLS").await;
    let stopped = voucher(case, "STOPPED").await;
    assert!(case.store.stop_voucher(stopped).await.unwrap());
    block(case, "Production", &[0, 1]).await;
    for seats in [[2, 3], [4, 5]] {
        let block = block(case, "Promoter", &seats).await;
        let of = match seats {
            [2, 3] => OfBlock::All,
            _ => OfBlock::Seats(vec![Unit(4)]),
        };
        let now = START;
        let release = ReleaseBlock { block, of, now };
        case.store.release_block(release).await.unwrap();
    }
    assert_eq!(case.store.blocks(event).await.unwrap().len(), 2);
}

async fn altered(case: &Case) -> Vec<SealedPart> {
    let parts = |finding: Finding| {
        if let Finding::Sealed { event, part } = finding
            && event == case.event
        {
            Some(part)
        } else {
            None
        }
    };
    case.audit()
        .await
        .findings
        .into_iter()
        .filter_map(parts)
        .collect()
}

pub async fn what_is_altered_past_the_store_is_found_whatever_is_changed_later(case: Case) {
    sold_in_every_way(&case).await;
    assert_eq!(altered(&case).await, []);
    let TierId(stalls) = STALLS;
    for (part, alteration, back) in [
        (SealedPart::Sale, "tiers SET fee = 1", "tiers SET fee = 0"),
        (SealedPart::Sale, "tiers SET tax = 700", "tiers SET tax = 0"),
        (SealedPart::Sale, "tiers SET hidden = 1", "tiers SET hidden = 0"),
        (
            SealedPart::Sale,
            "events SET sale_stopped = 1",
            "events SET sale_stopped = 0",
        ),
        (
            SealedPart::Sale,
            "hold_bounds SET per_session = 99",
            "hold_bounds SET per_session = 3",
        ),
        (
            SealedPart::Vouchers,
            "vouchers SET max_uses = 99",
            "vouchers SET max_uses = 3",
        ),
        (
            SealedPart::Vouchers,
            "vouchers SET unlocks = 0",
            "vouchers SET unlocks = 1",
        ),
        (
            SealedPart::Blocks,
            "blocks SET created_at = 1 + created_at",
            "blocks SET created_at = created_at - 1",
        ),
    ] {
        let of_tier = match alteration.starts_with("tiers") {
            true => format!(" WHERE tier = {stalls}"),
            false => String::new(),
        };
        case.alter_event(&format!("UPDATE {alteration}{of_tier}"));
        assert_eq!(altered(&case).await, [part], "{alteration}");
        case.alter_event(&format!("UPDATE {back}{of_tier}"));
        assert_eq!(altered(&case).await, [], "{back}");
    }
    case.alter_event("DELETE FROM vouchers WHERE stopped = 1");
    assert_eq!(altered(&case).await, [SealedPart::Vouchers]);
    // What the store does itself with the others hides nothing.
    let another = voucher(&case, "LATER").await;
    assert!(case.store.stop_voucher(another).await.unwrap());
    assert_eq!(altered(&case).await, [SealedPart::Vouchers]);
}

pub async fn an_event_from_before_is_sealed_when_the_store_is_opened(case: Case) {
    sold_in_every_way(&case).await;
    case.alter_event("UPDATE seals SET sale = NULL, vouchers = NULL, blocks = NULL");
    let all = [SealedPart::Sale, SealedPart::Vouchers, SealedPart::Blocks];
    assert_eq!(altered(&case).await, all);
    let case = case.reopened().await;
    assert_eq!(altered(&case).await, []);
    case.alter_event("UPDATE vouchers SET max_uses = 99");
    let case = case.reopened().await;
    assert_eq!(altered(&case).await, [SealedPart::Vouchers]);
}
