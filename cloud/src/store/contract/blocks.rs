//! Units that an organizer sets aside: not free to anybody, until they are released.

use usher_protocol::Unit;

use crate::catalogue::{Status, TierCount};
use crate::ids::{BlockId, ReservationId};
use crate::moving::Dates;
use crate::selling::blocks::{
    BLOCKED_UNTIL, Block, BlockLacks, NewBlock, NewBlockOutcome, OfBlock, ReleaseBlock, ReleaseBlockOutcome,
};
use crate::selling::known_seats::KnownSeats;
use crate::selling::{
    BeginOutcome, BeginRefusal, Claim, Forget, HoldOutcome, ReleaseOutcome, ReleaseRequest, Shortage, Tidy,
    TierQuantity,
};
use crate::store::finding::Finding;
use crate::store::organizing::{MoveEvent, MoveOutcome};

use super::case::{Case, HOLD_MS, STALLS, STANDING, START};

async fn add(case: &Case, claim: Claim) -> NewBlockOutcome {
    let block = NewBlock {
        id: BlockId::draw(case.event, START),
        reservation: ReservationId::draw(case.event, START),
        name: "Production".into(),
        claim,
        now: START,
    };
    case.store.add_block(block).await.unwrap()
}

pub async fn blocked(case: &Case, claim: Claim) -> Block {
    match add(case, claim).await {
        NewBlockOutcome::Blocked(block) => *block,
        refused @ (NewBlockOutcome::Refused(_) | NewBlockOutcome::TooMany) => {
            panic!("not blocked: {refused:?}")
        }
    }
}

pub fn seats(seats: &[u32]) -> Claim {
    Claim::Seats(seats.iter().copied().map(Unit).collect())
}

fn standing(quantity: u32) -> Vec<TierQuantity> {
    let tier = STANDING;
    vec![TierQuantity { tier, quantity }]
}

async fn release(case: &Case, block: &Block, of: OfBlock) -> ReleaseBlockOutcome {
    let release = ReleaseBlock {
        block: block.id,
        of,
        now: START,
    };
    case.store.release_block(release).await.unwrap()
}

fn left(outcome: ReleaseBlockOutcome) -> Vec<u32> {
    match outcome {
        ReleaseBlockOutcome::Released(block) => block.lines.iter().map(|line| line.unit.0).collect(),
        refused @ (ReleaseBlockOutcome::NotFound | ReleaseBlockOutcome::Lacks(_)) => {
            panic!("not released: {refused:?}")
        }
    }
}

async fn check_sound(case: &Case) {
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let audit = case.audit().await;
    assert!(audit.findings.iter().all(is_signature), "{:?}", audit.findings);
}

pub async fn blocked_units_are_free_to_nobody_until_they_are_released(case: Case) {
    let block = blocked(&case, seats(&[0, 1, 2])).await;
    assert_eq!(
        case.store.blocks(case.event).await.unwrap(),
        std::slice::from_ref(&block)
    );
    assert_eq!(
        case.hold_seats(&[1, 3], START).await,
        HoldOutcome::Taken(vec![Unit(1)])
    );
    let known = KnownSeats::default();
    assert!(matches!(
        case.hold_best(4, &known, START).await,
        HoldOutcome::Short(_)
    ));
    // Time alone frees nothing, and neither does whoever tidies up.
    let later = START.plus_ms(HOLD_MS * 1_000);
    let (event, now, limit) = (case.event, later, 100);
    assert_eq!(case.store.tidy(Tidy { event, now, limit }).await.unwrap(), 0);
    let ended_by = later;
    let forget = Forget {
        event,
        ended_by,
        limit,
    };
    assert_eq!(case.store.forget(forget).await.unwrap(), 0);
    let occupancy = case.occupancy(later).await;
    assert_eq!(
        occupancy.seats[..4],
        [Status::Held, Status::Held, Status::Held, Status::Available]
    );
    assert_eq!(occupancy.good_until, BLOCKED_UNTIL);
    let count = TierCount {
        available: 3,
        blocked: 3,
        ..TierCount::none_of(STALLS)
    };
    assert_eq!(occupancy.tiers[0], count);
    check_sound(&case).await;

    assert_eq!(
        left(release(&case, &block, OfBlock::Seats(vec![Unit(1)])).await),
        [0, 2]
    );
    case.held(&[1], START).await;
    let lacks = BlockLacks::Seats(vec![Unit(1)]);
    assert_eq!(
        release(&case, &block, OfBlock::Seats(vec![Unit(0), Unit(1)])).await,
        ReleaseBlockOutcome::Lacks(lacks)
    );
    assert_eq!(left(release(&case, &block, OfBlock::All).await), [0; 0]);
    assert_eq!(case.store.blocks(case.event).await.unwrap(), []);
    assert_eq!(
        release(&case, &block, OfBlock::All).await,
        ReleaseBlockOutcome::NotFound
    );
    case.held(&[0, 2], START).await;
    check_sound(&case).await;
}

pub async fn places_of_a_tier_are_blocked_and_released_by_number(case: Case) {
    let block = blocked(&case, Claim::Tiers(standing(3))).await;
    let short = |requested, available| {
        let tier = STANDING;
        vec![Shortage {
            tier,
            requested,
            available,
        }]
    };
    assert_eq!(
        case.hold_tier(STANDING, 2, START).await,
        HoldOutcome::Short(short(2, 1))
    );
    assert_eq!(
        left(release(&case, &block, OfBlock::Tiers(standing(1))).await),
        [7, 8]
    );
    assert_eq!(
        release(&case, &block, OfBlock::Tiers(standing(3))).await,
        ReleaseBlockOutcome::Lacks(BlockLacks::Units(short(3, 2)))
    );
    assert!(matches!(
        case.hold_tier(STANDING, 2, START).await,
        HoldOutcome::Held(_)
    ));
    check_sound(&case).await;
}

pub async fn a_block_takes_nothing_that_somebody_has_and_is_sold_to_nobody(case: Case) {
    case.held(&[0], START).await;
    assert_eq!(
        add(&case, seats(&[0, 1])).await,
        NewBlockOutcome::Refused(HoldOutcome::Taken(vec![Unit(0)]))
    );
    assert_eq!(
        add(&case, seats(&[6])).await,
        NewBlockOutcome::Refused(HoldOutcome::UnknownSeats(vec![Unit(6)]))
    );
    let block = blocked(&case, seats(&[1, 2])).await;
    // Whoever came to know the reservation of a block could do nothing with it.
    assert_eq!(
        case.begin(block.reservation, "a", START).await,
        BeginOutcome::Refused(BeginRefusal::NotFound)
    );
    let reservation = block.reservation;
    let given_back = case.store.release(ReleaseRequest {
        reservation,
        now: START,
    });
    assert_eq!(given_back.await.unwrap(), ReleaseOutcome::NotFound);
    let event = case.store.event(case.event).await.unwrap().unwrap();
    let to = Dates {
        starts_at: event.starts_at.plus_ms(86_400_000),
        ends_at: event.ends_at.plus_ms(86_400_000),
        ..Dates::of(&event)
    };
    let moved = case.store.move_event(MoveEvent {
        event: case.event,
        to,
        mails: false,
        now: START,
    });
    assert_eq!(moved.await.unwrap(), MoveOutcome::Moved { freed: 1 });
    assert_eq!(case.store.blocks(case.event).await.unwrap(), [block]);
    check_sound(&case).await;
}
