//! Records that repeat another's scan: one scan is one passage, whoever tells of it again, and what that one changes is nothing.

use usher_keys::Timestamp;

use super::*;
use crate::rehearsal::{AVAILABLE, HOUR_MS, NOW, TWICE_A_DAY, capable, identity, scanner};

const DAY_MS: u64 = 24 * HOUR_MS;
const EARLIER: Timestamp = Timestamp(NOW.0 - HOUR_MS);

/// A scanner that repeats these records an hour before they were written, with what it makes of them.
fn earlier(records: impl IntoIterator<Item = Body>) -> Machine {
    let mut liar = Machine::with_identity(scanner(1), capable(&scanner(1), Role::Scanner));
    liar.write_due_records_at(EARLIER);
    for body in records {
        liar.write_at(body, EARLIER);
    }
    liar
}

fn an_hour_ago(scan: u8) -> Body {
    Body::Admitted(ShownPassage {
        at: EARLIER,
        ..shown(scan, ticket(u32::from(scan), AVAILABLE), NORTH)
    })
}

fn lets_in(hub: &mut Machine, scan: u8) -> bool {
    let verdict = hub.judge(
        &asked(scan, ticket(u32::from(scan), AVAILABLE)),
        JudgingAs::CutOff,
    );
    matches!(verdict, Verdict::Admit { .. })
}

#[test]
fn a_slot_is_as_full_as_it_was_before_somebody_said_that_it_was_an_earlier_one() {
    let mut cloud = Machine::cloud(&[1]);
    let mut policy = policy();
    policy.zones[0].time_slots = Some(TimeSlots {
        minutes: 10,
        persons: 2,
    });
    cloud.write(Body::Policy { version: 2, policy });
    let mut hub = Machine::hub(1, &cloud);
    assert!(lets_in(&mut hub, 1) && lets_in(&mut hub, 2));
    hub.hear(&earlier([an_hour_ago(1), an_hour_ago(2)]));
    assert!(!lets_in(&mut hub, 3));
    let arrivals = hub.ledger.state().arrivals(ZONE, NOW);
    assert_eq!(arrivals, 2);
}

#[test]
fn a_hub_has_no_place_back_because_somebody_repeats_whom_it_let_in() {
    let mut cloud = Machine::cloud(&[1, 2]);
    let mut policy = policy();
    policy.zones[0].capacity = Some(4);
    cloud.write(Body::Policy { version: 2, policy });
    let mut first = Machine::hub(1, &cloud);
    first.write(lent(&hub(2), 2, PlacesOf::Room));
    let mut second = Machine::hub(2, &cloud);
    second.hear(&first);
    assert!(lets_in(&mut second, 1) && lets_in(&mut second, 2));
    assert!(!lets_in(&mut second, 3));
    second.hear(&earlier([an_hour_ago(1), an_hour_ago(2)]));
    assert!(!lets_in(&mut second, 4));
    assert_eq!(second.ledger.state().occupancy(ZONE), 2);
}

/// Somebody who has heard that two hubs let a ticket in, the first one by every other of these scans.
fn told_of_two_hubs(tier: u16, scans: u8) -> Machine {
    let cloud = Machine::cloud(&[1, 2]);
    let mut hubs = [1, 2].map(|number| Machine::hub(number, &cloud));
    for scan in 0..scans {
        let passage = shown(scan, ticket(7, tier), NORTH);
        hubs[usize::from(scan % 2)].write(Body::Admitted(passage));
    }
    let mut witness = Machine::new(hub(3), Role::Hub);
    witness.listen(&cloud);
    hubs.iter().for_each(|hub| witness.listen(hub));
    witness
}

fn doubles(machine: &Machine) -> usize {
    let incidents = machine.ledger.state().incidents();
    let is_double = |incident: &&Incident| matches!(incident, Incident::DoubleAdmission { .. });
    incidents.iter().filter(is_double).count()
}

#[test]
fn a_double_stays_one_though_somebody_says_that_a_supervisor_ordered_it() {
    let mut witness = told_of_two_hubs(AVAILABLE, 2);
    assert_eq!(doubles(&witness), 1);
    let overridden = |scan| Body::Overridden {
        passage: shown(scan, ticket(7, AVAILABLE), NORTH),
        by: "Ada".to_owned(),
        why: "it was so".to_owned(),
    };
    witness.listen(&earlier([overridden(0), overridden(1)]));
    assert_eq!(doubles(&witness), 1);
}

#[test]
fn a_double_stays_one_though_somebody_says_that_it_was_on_another_day() {
    let mut witness = told_of_two_hubs(TWICE_A_DAY, 3);
    assert_eq!(doubles(&witness), 1);
    let mut liar = Machine::opened(scanner(1), identity(&scanner(1), Role::Scanner), &witness);
    for scan in 0..3 {
        let at = NOW.plus_ms((5 + u64::from(scan)) * DAY_MS);
        let passage = shown(scan, ticket(7, TWICE_A_DAY), NORTH);
        liar.write(Body::Admitted(ShownPassage { at, ..passage }));
    }
    witness.listen(&liar);
    assert_eq!(doubles(&witness), 1);
}
