//! Tickets that are given away: a whole list of people, or nobody.

use usher_keys::Timestamp;
use usher_protocol::Unit;

use crate::ids::{BookingId, ChargeReference, ReservationId, draw};
use crate::selling::blocks::{BlockLacks, OfBlock};
use crate::selling::booking_code::BookingCode;
use crate::selling::comps::{BeginComps, BeginCompsOutcome, CompRefusal, CompUnits, CompsRefusal, NewComp};
use crate::selling::jobs::JobId;
use crate::selling::{
    BookingState, Claim, ConfirmOutcome, ErasePersonalData, GatewayKind, HoldOutcome, OpenBooking,
    RequestHash, TierQuantity,
};
use crate::store::finding::Finding;

use super::blocks::{blocked, seats};
use super::case::{Case, HOLDER, STANDING, START};

fn comp(case: &Case, units: CompUnits) -> NewComp {
    NewComp {
        booking: BookingId::draw(case.event, START),
        charge: ChargeReference::draw(case.event, START),
        reservation: ReservationId::draw(case.event, START),
        code: BookingCode::draw_from(u64::from_le_bytes(draw())),
        email: "ann@example.org".into(),
        name: "Ann".into(),
        units,
    }
}

fn list(case: &Case, key: &str, units: Vec<CompUnits>) -> BeginComps {
    BeginComps {
        event: case.event,
        idempotency_key: key.into(),
        request_hash: RequestHash([1; 32]),
        comps: units.into_iter().map(|units| comp(case, units)).collect(),
        gateway: GatewayKind::Sandbox,
        believed_until: Some(Timestamp::FOREVER),
        holder: HOLDER,
        now: START,
    }
}

async fn begin(case: &Case, key: &str, units: Vec<CompUnits>) -> BeginCompsOutcome {
    case.store.begin_comps(list(case, key, units)).await.unwrap()
}

async fn begun(case: &Case, key: &str, units: Vec<CompUnits>) -> Vec<OpenBooking> {
    match begin(case, key, units).await {
        BeginCompsOutcome::Begun(open) => open,
        refused @ (BeginCompsOutcome::Existing(_) | BeginCompsOutcome::Refused(_)) => {
            panic!("not begun: {refused:?}")
        }
    }
}

fn free(claim: Claim) -> CompUnits {
    CompUnits::Free(claim)
}

fn standing(quantity: u32) -> Vec<TierQuantity> {
    let tier = STANDING;
    vec![TierQuantity { tier, quantity }]
}

async fn check_sound(case: &Case) {
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let audit = case.audit().await;
    assert!(audit.findings.iter().all(is_signature), "{:?}", audit.findings);
}

pub async fn a_list_gets_bookings_that_cost_nothing_or_nobody_gets_one(case: Case) {
    case.held(&[3], START).await;
    let units = vec![free(seats(&[0])), free(seats(&[1, 3]))];
    let taken = CompRefusal::Units(HoldOutcome::Taken(vec![Unit(3)]));
    assert_eq!(
        begin(&case, "a", units).await,
        BeginCompsOutcome::Refused(CompsRefusal::Comp(1, taken))
    );
    case.held(&[0], START).await;
    let unknown = CompRefusal::Units(HoldOutcome::UnknownSeats(vec![Unit(6)]));
    assert_eq!(
        begin(&case, "a", vec![free(seats(&[6]))]).await,
        BeginCompsOutcome::Refused(CompsRefusal::Comp(0, unknown))
    );
    let open = begun(
        &case,
        "a",
        vec![free(seats(&[1, 2])), free(Claim::Tiers(standing(4)))],
    )
    .await;
    assert_eq!(open.len(), 2);
    for open in &open {
        assert_eq!(open.amount.minor, 0);
        assert!(
            case.store
                .job(JobId::SettleBooking(open.id))
                .await
                .unwrap()
                .is_some()
        );
        let ConfirmOutcome::Confirmed(booking) = case.confirm(open, START).await else {
            panic!("its units are its own")
        };
        assert_eq!((booking.amount.minor, &*booking.email), (0, "ann@example.org"));
    }
    assert_eq!(case.store.balances(case.event).await.unwrap().sales, 0);
    check_sound(&case).await;
}

pub async fn the_same_list_again_is_the_same_bookings(case: Case) {
    let units = || vec![free(seats(&[0])), free(seats(&[1]))];
    let open = begun(&case, "a", units()).await;
    let ids: Vec<_> = open.iter().map(|open| open.id).collect();
    assert_eq!(
        begin(&case, "a", units()).await,
        BeginCompsOutcome::Existing(ids.clone())
    );
    for open in &open {
        case.confirm(open, START).await;
    }
    assert_eq!(
        begin(&case, "a", units()).await,
        BeginCompsOutcome::Existing(ids.clone())
    );
    let other = BeginComps {
        request_hash: RequestHash([2; 32]),
        ..list(&case, "a", units())
    };
    let reused = case.store.begin_comps(other).await.unwrap();
    assert_eq!(reused, BeginCompsOutcome::Refused(CompsRefusal::KeyReused));
    // Names are erased with addresses.
    let erase = ErasePersonalData {
        event: case.event,
        ended_by: Timestamp(u64::from(u32::MAX) * 1_000),
        limit: 10,
    };
    assert_eq!(case.store.erase_personal_data(erase).await.unwrap(), 2);
    let booking = case.store.booking(ids[0]).await.unwrap().unwrap();
    assert_eq!((booking.state, &*booking.email), (BookingState::Confirmed, ""));
    check_sound(&case).await;
}

pub async fn a_list_takes_units_out_of_a_block(case: Case) {
    let block = blocked(&case, seats(&[0, 1, 2])).await;
    let of = |seats: &[u32]| {
        let seats = seats.iter().copied().map(Unit).collect();
        CompUnits::OfBlock(block.id, OfBlock::Seats(seats))
    };
    let lacks = CompRefusal::Lacks(BlockLacks::Seats(vec![Unit(1)]));
    assert_eq!(
        begin(&case, "a", vec![of(&[1]), of(&[1, 2])]).await,
        BeginCompsOutcome::Refused(CompsRefusal::Comp(1, lacks))
    );
    let open = begun(&case, "a", vec![of(&[1])]).await;
    assert!(matches!(
        case.confirm(&open[0], START).await,
        ConfirmOutcome::Confirmed(_)
    ));
    let left = case.store.blocks(case.event).await.unwrap();
    let units: Vec<_> = left[0].lines.iter().map(|line| line.unit.0).collect();
    assert_eq!(units, [0, 2]);
    check_sound(&case).await;
    begun(&case, "b", vec![of(&[0, 2])]).await;
    assert_eq!(case.store.blocks(case.event).await.unwrap(), []);
    assert_eq!(
        begin(&case, "c", vec![of(&[0])]).await,
        BeginCompsOutcome::Refused(CompsRefusal::Comp(0, CompRefusal::NoSuchBlock))
    );
    check_sound(&case).await;
}
