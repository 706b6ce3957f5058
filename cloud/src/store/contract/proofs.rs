//! Proofs of work: asked for where an organizer says so, and good once.

use usher_protocol::Unit;

use crate::selling::claimant::OwnBounds;
use crate::selling::proof_of_work::{ShownProof, WorkProof};
use crate::selling::{Claim, HoldOutcome, HoldRequest};
use crate::store::organizing::SetBounds;

use super::case::{Case, START};

pub async fn where_a_proof_of_work_is_asked_for_each_holds_places_once(case: Case) {
    let own = OwnBounds {
        proof_of_work: true,
        ..OwnBounds::default()
    };
    let set = SetBounds {
        event: case.event,
        bounds: own,
        proof_secret: Some([7; 32]),
        of_buyers: Default::default(),
    };
    assert_eq!(case.store.proof_secret(case.event).await.unwrap(), None);
    case.store.set_bounds(set).await.unwrap();
    assert_eq!(case.store.own_bounds(case.event).await.unwrap(), own);
    assert_eq!(case.store.proof_secret(case.event).await.unwrap(), Some([7; 32]));
    let seat = |unit| Claim::Seats(vec![Unit(unit)]);
    let hold = async |unit, proof, now| {
        let request = case.hold_request(seat(unit), now);
        case.store.hold(HoldRequest { proof, ..request }).await.unwrap()
    };
    let until = START.plus_ms(1_000);
    let work = |id| ShownProof::Work(WorkProof { id: [id; 32], until });
    assert_eq!(hold(0, ShownProof::Nothing, START).await, HoldOutcome::NotProven);
    assert!(matches!(hold(0, work(1), START).await, HoldOutcome::Held(_)));
    assert_eq!(hold(1, work(1), START).await, HoldOutcome::NotProven);
    // What held nothing is good still.
    assert_eq!(hold(0, work(2), START).await, HoldOutcome::Taken(vec![Unit(0)]));
    assert!(matches!(hold(1, work(2), START).await, HoldOutcome::Held(_)));
    assert!(matches!(
        hold(2, ShownProof::Address, START).await,
        HoldOutcome::Held(_)
    ));
    // Those that are spent are forgotten when nobody would take them any more.
    assert!(matches!(hold(3, work(1), until).await, HoldOutcome::Held(_)));
    let none = SetBounds {
        bounds: OwnBounds::default(),
        proof_secret: None,
        ..set
    };
    case.store.set_bounds(none).await.unwrap();
    assert!(matches!(
        hold(4, ShownProof::Nothing, until).await,
        HoldOutcome::Held(_)
    ));
}
