//! From one zone into the one beside it go those who are in the first: not those of whom a device of other gates says so.

use super::*;
use crate::ident::GateId;
use crate::ledger::ScanQuestion;
use crate::policy::{Gate, Zone};
use crate::rehearsal::{
    AVAILABLE, REENTRY, STAIRS, STRICT, TWICE_A_DAY, certificate, identity_by, issuing, scanner,
};

/// The zone beside the first one.
const BESIDE: ZoneId = ZoneId(3);
/// The gate from the first zone into it.
const PASSAGE: GateId = GateId(4);
/// The gate into it from outside.
const DOOR: GateId = GateId(5);

fn with_two_zones() -> Machine {
    let mut cloud = Machine::cloud(&[1]);
    let mut policy = policy();
    policy.zones.push(Zone {
        id: BESIDE,
        name: "Beside".to_owned(),
        capacity: None,
        time_slots: None,
        inside: None,
    });
    for (id, leaves) in [(PASSAGE, Some(ZONE)), (DOOR, None)] {
        let (name, zone) = (format!("Gate {id}"), BESIDE);
        policy.gates.push(Gate {
            id,
            name,
            zone,
            leaves,
        });
    }
    policy.tiers.iter_mut().for_each(|tier| tier.zones.push(BESIDE));
    cloud.write(Body::Policy { version: 2, policy });
    cloud
}

fn at(gate: GateId, scan: u8, tier: u16) -> ScanQuestion {
    ScanQuestion {
        gate,
        ..asked(scan, ticket(7, tier))
    }
}

fn is_let_in(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Admit { .. })
}

/// A scanner of one gate that says of unit 7 that it went into the first zone there.
fn liar_at(gate: GateId, tier: u16, cloud: &Machine) -> Machine {
    let mut certificate = certificate(&scanner(1), Role::Scanner);
    certificate.gates = vec![gate.0];
    let mut liar = Machine::opened(scanner(1), identity_by(&issuing(), certificate), cloud);
    liar.write(Body::Admitted(ShownPassage {
        zone: ZONE,
        ..shown(50, ticket(7, tier), gate)
    }));
    liar
}

#[test]
fn whoever_is_in_a_zone_goes_on_into_the_next_once() {
    for tier in [STRICT, AVAILABLE, REENTRY, TWICE_A_DAY] {
        let cloud = with_two_zones();
        let mut home = Machine::hub(1, &cloud);
        assert!(
            is_let_in(home.judge(&at(NORTH, 1, tier), JudgingAs::Home)),
            "{tier}"
        );
        assert!(
            is_let_in(home.judge(&at(PASSAGE, 2, tier), JudgingAs::Home)),
            "{tier}"
        );
        let copy = home.judge(&at(PASSAGE, 3, tier), JudgingAs::Home);
        assert_eq!(is_let_in(copy), tier == TWICE_A_DAY, "{tier}: {copy:?}");
    }
}

#[test]
fn nobody_goes_on_from_a_zone_in_which_a_scanner_of_another_gate_has_seen_them() {
    for tier in [STRICT, AVAILABLE, REENTRY, TWICE_A_DAY] {
        let cloud = with_two_zones();
        let mut home = Machine::hub(1, &cloud);
        assert!(
            is_let_in(home.judge(&at(DOOR, 1, tier), JudgingAs::Home)),
            "{tier}"
        );
        home.hear(&liar_at(STAIRS, tier, &cloud));
        let copy = home.judge(&at(PASSAGE, 2, tier), JudgingAs::Home);
        assert!(!is_let_in(copy), "{tier}: {copy:?}");
    }
}

#[test]
fn a_strict_ticket_that_two_people_are_in_with_takes_nobody_on() {
    for tier in [STRICT, REENTRY] {
        let cloud = with_two_zones();
        let mut home = Machine::hub(1, &cloud);
        assert!(
            is_let_in(home.judge(&at(DOOR, 1, tier), JudgingAs::Home)),
            "{tier}"
        );
        home.hear(&liar_at(NORTH, tier, &cloud));
        let copy = home.judge(&at(PASSAGE, 2, tier), JudgingAs::Home);
        assert!(is_used(&copy), "{tier}: {copy:?}");
    }
}

#[test]
fn an_entry_that_a_liar_says_went_on_from_nowhere_counts_as_an_entry() {
    let cloud = with_two_zones();
    let mut home = Machine::hub(1, &cloud);
    assert!(is_let_in(home.judge(&at(PASSAGE, 1, STRICT), JudgingAs::Home)));
    let mut liar = liar_at(STAIRS, STRICT, &cloud);
    let scan = shown(50, ticket(7, STRICT), STAIRS).scan;
    let followed = crate::record::Counterpart { scan, persons: 1 };
    liar.write(Body::Admitted(ShownPassage {
        counterparts: vec![followed],
        ..shown(1, ticket(7, STRICT), PASSAGE)
    }));
    home.hear(&liar);
    for gate in [PASSAGE, DOOR] {
        let copy = home.judge(&at(gate, 2, STRICT), JudgingAs::Home);
        assert!(is_used(&copy), "{copy:?}");
    }
}
