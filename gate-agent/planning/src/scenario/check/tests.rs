//! What is wrong in a scenario is told with its line and what to write instead.

use super::*;

const GOOD: &str = r#"name = "A"

[visitors]
tickets = 10
arrivals = [[0, 1], [10, 1]]

[[tiers]]
name = "Entry"

[[hubs]]
name = "North"

[[gates]]
name = "Door"
hub = "North"
lanes = 2

[[failures]]
kind = "hub"
hub = "North"
from_min = 1
for_min = 2
"#;

#[track_caller]
fn check(from: &str, to: &str, told: &[&str]) {
    assert!(GOOD.contains(from), "nothing to replace: {from}");
    let error = Scenario::read(&GOOD.replacen(from, to, 1))
        .unwrap_err()
        .to_string();
    for words in told {
        assert!(error.contains(words), "{words:?} is not in: {error}");
    }
}

#[test]
fn a_scenario_with_all_it_needs_is_read_and_the_rest_has_defaults() {
    let scenario = Scenario::read(GOOD).unwrap();
    assert_eq!(scenario.gates[0].access_points, 1);
    assert_eq!(scenario.doors_min(), 19 * 60);
    assert_eq!(scenario.network.handover_every_ms, 1_000);
}

#[test]
fn what_is_misspelled_is_named_with_its_line() {
    check("lanes = 2", "lane = 2", &["line 16", "lane"]);
    check("kind = \"hub\"", "kind = \"flood\"", &["line 19", "access_point"]);
    check("tickets = 10", "", &["tickets"]);
}

#[test]
fn what_cannot_be_is_told_with_its_line_and_what_can() {
    check("tickets = 10", "tickets = 0", &["line 3", "200000"]);
    check(
        "[[0, 1], [10, 1]]",
        "[[10, 1], [0, 1]]",
        &["line 3", "later than the one before"],
    );
    check(
        "hub = \"North\"\nlanes",
        "hub = \"South\"\nlanes",
        &["line 13", "\"South\"", "[[hubs]]"],
    );
    check("lanes = 2", "lanes = 0", &["line 13", "from 1 to 200"]);
    check(
        "lanes = 2",
        "lanes = 2\nscan_s = { p50 = 9, p95 = 3 }",
        &["line 13", "p95 is not below p50"],
    );
    check("hub = \"North\"\nfrom", "from", &["line 18", "needs hub"]);
    check(
        "kind = \"hub\"",
        "kind = \"access_point\"\ngate = \"Door\"\naccess_point = 2",
        &["line 18", "1 to 1"],
    );
    check("name = \"A\"", "name = \"A\"\ndoors = \"late\"", &["19:30"]);
    check(
        "name = \"A\"",
        "name = \"A\"\nnetwork = { radio_ms = [5, 2] }",
        &["radio_ms"],
    );
}

#[test]
fn an_evening_has_names_and_scanners_as_an_event_can_have_them() {
    // A hub's name is in its certificate, which has less room than the policy.
    let named = |bytes| format!("name = \"{}\"", "n".repeat(bytes));
    check("name = \"North\"", &named(65), &["longer than 64 bytes"]);
    check("name = \"Door\"", &named(81), &["longer than 80 bytes"]);
    check(
        "lanes = 2",
        "lanes = 180\nscanners_per_lane = 18",
        &["3240", "scanners of all lanes", "3056"],
    );
}
