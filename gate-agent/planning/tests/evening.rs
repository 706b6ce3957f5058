//! The scenarios of the tree are played, and what must hold of any evening is held to.
#![expect(clippy::unwrap_used, reason = "tests")]

use usher_planning::{Evening, FailureKind, FailurePlan, Scenario, WhatIf, play};

const CLUB: &str = include_str!("../scenarios/club.toml");
const FESTIVAL: &str = include_str!("../scenarios/festival.toml");
const STADIUM: &str = include_str!("../scenarios/stadium.toml");

/// Two gates, each with a hub of its own, and many copies.
const TWO_HUBS: &str = r#"
name = "Two hubs"

[visitors]
tickets = 240
arrivals = [[0, 1], [20, 1]]
copies_percent = 20

[[tiers]]
name = "Entry"
offline = "strict"

[[hubs]]
name = "North"

[[hubs]]
name = "South"

[[gates]]
name = "North gate"
hub = "North"
lanes = 2
access_points = 2
desk_s = { p50 = 20, p95 = 30 }

[[gates]]
name = "South gate"
hub = "South"
lanes = 2
access_points = 2
desk_s = { p50 = 20, p95 = 30 }
"#;

fn read(text: &str) -> Scenario {
    Scenario::read(text).unwrap()
}

fn played(scenario: &Scenario) -> Evening {
    play(scenario, 1, &mut |_| {})
}

/// Makes a scenario smaller: people, and lanes with them.
fn smaller(text: &str, by: u32) -> Scenario {
    let mut scenario = read(text);
    scenario.visitors.tickets /= by;
    for gate in &mut scenario.gates {
        gate.lanes = gate.lanes.div_ceil(by as usize);
        gate.access_points = gate.access_points.min(gate.lanes);
    }
    scenario
}

fn failing(kind: FailureKind, (from_min, for_min): (f64, f64)) -> FailurePlan {
    FailurePlan {
        kind,
        from_min,
        for_min,
        hub: None,
        gate: None,
        access_point: None,
    }
}

fn referrals(evening: &Evening) -> u64 {
    evening.gates.iter().map(|gate| gate.referrals).sum()
}

#[test]
fn what_the_page_says_of_a_scenario_is_read_and_its_defaults_are_those() {
    let page = include_str!("../../../docs/PLANNING.md");
    let (_, told) = page.split_once("```toml\n").unwrap();
    let told = read(told.split_once("```").unwrap().0);
    let least = read(
        "name = \"Club\"\nvisitors = { tickets = 900, arrivals = [[0, 1], [1, 0]] }\ntiers = [{ name = \"Entry\" }]\nhubs = [{ name = \"Bar\" }]\n[[gates]]\nname = \"Door\"\nhub = \"Bar\"\nlanes = 2",
    );
    assert_eq!((told.gates, told.tiers), (least.gates, least.tiers));
    assert_eq!((told.network, told.doors), (least.network, least.doors));
    assert_eq!(told.visitors.copies_percent, least.visitors.copies_percent);
}

#[test]
fn the_same_seed_gives_the_same_evening_to_the_byte_and_another_one_does_not() {
    let club = smaller(CLUB, 4);
    let json = |seed| serde_json::to_string(&play(&club, seed, &mut |_| {})).unwrap();
    let first = json(1);
    assert_eq!(first, json(1));
    assert_ne!(first, json(2));
}

#[test]
fn a_lane_more_never_gives_a_longer_wait_in_the_club() {
    let mut club = read(CLUB);
    club.visitors.tickets = 800;
    club.gates[0].access_points = 1;
    // All within an hour, so that one lane is not enough.
    club.visitors.arrivals = vec![(0.0, 1.0), (60.0, 1.0)];
    let waits: Vec<_> = (1..=4)
        .map(|lanes| {
            club.gates[0].lanes = lanes;
            played(&club).gates[0].wait_p95_s
        })
        .collect();
    assert!(waits.is_sorted_by(|few, many| few >= many), "{waits:?}");
    assert!(waits[0] > 2 * waits[3], "{waits:?}");
}

#[test]
fn everybody_with_a_ticket_gets_in_and_nobody_with_a_copy_does_as_well_where_nothing_fails() {
    let evening = played(&read(TWO_HUBS));
    assert_eq!((referrals(&evening), evening.doubles), (0, 0));
    // Of a ticket and its copy whoever comes first is let in.
    assert_eq!(evening.let_in + evening.others_let_in, 240);
    assert!(evening.others_let_in > 5, "{evening:?}");
    let asked = evening.asked_the_home;
    assert!(asked < 5, "scanners ask the home themselves: {asked}");
}

#[test]
fn a_dead_hub_gives_referrals_and_no_doubles_under_strict_policy() {
    let mut scenario = read(TWO_HUBS);
    scenario.failures = vec![FailurePlan {
        hub: Some("North".to_owned()),
        ..failing(FailureKind::Hub, (5.0, 6.0))
    }];
    let evening = played(&scenario);
    assert!(referrals(&evening) > 20, "{evening:?}");
    assert_eq!(evening.doubles, 0);
    assert!(evening.let_in + evening.others_let_in <= 240);
}

#[test]
fn hubs_apart_under_available_policy_give_doubles_that_are_all_told() {
    let mut scenario = read(TWO_HUBS);
    scenario.tiers[0].offline = usher_planning::Offline::Available;
    let north = |kind| FailurePlan {
        hub: Some("North".to_owned()),
        ..failing(kind, (-1.0, 30.0))
    };
    // As long as both reach the cloud, each hears through it who is in at the other, some seconds later.
    scenario.failures = vec![north(FailureKind::HubLink)];
    assert!(played(&scenario).doubles < 3);
    scenario.failures.push(north(FailureKind::Uplink));
    let evening = played(&scenario);
    assert!(evening.doubles > 5, "{evening:?}");
    // Each of them is somebody who was let in beyond the tickets there are, and nobody else is.
    let beyond = evening.let_in + evening.others_let_in - 240;
    assert_eq!(evening.doubles as u64, beyond);
}

#[test]
fn people_wait_longer_where_a_lane_loses_its_access_point() {
    let mut scenario = read(TWO_HUBS);
    scenario.visitors.tickets = 400;
    let whole = played(&scenario);
    scenario.failures = vec![FailurePlan {
        gate: Some("North gate".to_owned()),
        access_point: Some(2),
        ..failing(FailureKind::AccessPoint, (4.0, 12.0))
    }];
    let broken = played(&scenario);
    let wait = |evening: &Evening| evening.gates[0].wait_p95_s;
    assert!(
        wait(&broken) > wait(&whole),
        "{} s, {} s before",
        wait(&broken),
        wait(&whole)
    );
    assert!(broken.gates[0].referrals > 0);
    assert_eq!(broken.gates[0].lane_scans.len(), 2);
    assert!(broken.gates[0].lane_scans[1] < whole.gates[0].lane_scans[1]);
    assert_eq!(broken.doubles, 0);
}

#[test]
fn at_a_festival_people_come_in_again_after_they_were_scanned_out() {
    let mut festival = smaller(FESTIVAL, 24);
    festival.failures.clear();
    let evening = played(&festival);
    let entries: u64 = evening.gates.iter().map(|gate| gate.let_in).sum();
    assert!(entries > 550, "{entries} entries of 500 tickets");
    assert_eq!(evening.doubles, 0);
    assert_eq!(evening.let_in + evening.own_tickets_not_let_in, 500);
}

#[test]
fn a_small_stadium_lets_all_in_and_its_failures_are_told() {
    let stadium = smaller(STADIUM, 100);
    let evening = played(&stadium);
    assert_eq!(evening.let_in + evening.own_tickets_not_let_in, 700);
    assert_eq!(evening.failures.len(), stadium.failures.len());
    assert_eq!(evening.gates.len(), 8);
    assert!(evening.gates.iter().all(|gate| gate.let_in > 40), "{evening:?}");
    assert!(
        stadium
            .variants()
            .iter()
            .any(|(change, _)| *change == WhatIf::HubMore)
    );
}
