//! `usher-gate-agent simulate` as a person uses it: a table, a page, figures, and what it says of a scenario that cannot be played.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SMALL: &str = r#"
name = "Hall"
doors = "20:00"
visitors = { tickets = 30, arrivals = [[0, 1], [10, 1]] }
tiers = [{ name = "Entry" }]
hubs = [{ name = "North" }]

[[gates]]
name = "Door"
hub = "North"
lanes = 2

[[failures]]
kind = "uplink"
from_min = 2
for_min = 3
"#;

fn simulate(folder: &Path, scenario: &str, args: &[&str]) -> Output {
    fs::write(folder.join("evening.toml"), scenario).unwrap();
    Command::new(env!("CARGO_BIN_EXE_usher-gate-agent"))
        .current_dir(folder)
        .args(["simulate", "evening.toml"])
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn an_evening_is_told_as_a_table_a_page_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--what-if", "--json", "evening.json", "--report", "evening.html"];
    let output = simulate(folder.path(), SMALL, &args);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let table = String::from_utf8(output.stdout).unwrap();
    for words in [
        "Hall: 30 tickets, 1 gates, 1 hubs, doors at 20:00, seed 1",
        "30 of 30 people with a ticket were let in",
        "From 20:02 to 20:05: no line to the cloud.",
        "A lane more at each gate",
        "Nothing fails",
    ] {
        assert!(table.contains(words), "{words:?} is not in:\n{table}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("evening.json")).unwrap()).unwrap();
    assert_eq!(json["evening"]["let_in"], 30);
    assert_eq!(json["what_if"].as_array().unwrap().len(), 5);
    let page = fs::read_to_string(folder.path().join("evening.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 3, "{page}");
    assert!(page.contains("20:05"), "the plots tell the time of day");
}

#[test]
fn a_scenario_that_cannot_be_played_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let output = simulate(folder.path(), &SMALL.replace("lanes = 2", "lanes = 0"), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("evening.toml cannot be played"), "{said}");
    assert!(said.contains("line 8: lanes: 0 are too few"), "{said}");
}
