//! The observer at work: rules broken on purpose are found, and a failing seed is made small.

use std::sync::mpsc;

use usher_tests::sim::shrink::{Failing, shrink};
use usher_tests::sim::{self, Broken, Sabotage, Shape, Tape};

/// Within how many seeds a broken rule must be found.
const SEEDS: u64 = 300;

fn sabotaged(seed: u64, sabotage: Sabotage) -> Shape {
    Shape {
        sabotage: Some(sabotage),
        ..Shape::drawn(seed)
    }
}

/// Finds the first seed in which a broken rule is seen as what it is; before that it may have broken something else.
#[track_caller]
fn find(shape: impl Fn(u64) -> Shape, complaints: &[&str]) -> (u64, Broken) {
    let is_expected = |broken: &Broken| complaints.iter().any(|words| broken.complaint.contains(words));
    let play = |seed| sim::attempt(seed, &shape(seed)).err();
    let found = (0..SEEDS).find_map(|seed| Some((seed, play(seed).filter(is_expected)?)));
    found.unwrap_or_else(|| panic!("{:?} goes unseen", shape(0).sabotage))
}

#[track_caller]
fn check_found(sabotage: Sabotage, complaints: &[&str]) {
    find(|seed| sabotaged(seed, sabotage), complaints);
}

#[test]
fn a_yes_without_the_home_is_found() {
    check_found(Sabotage::CutOffSaysYes, &["people in, not"]);
}

#[test]
fn an_answer_before_the_disk_is_found() {
    check_found(Sabotage::AnswerTooEarly, &["was answered and is lost"]);
}

#[test]
fn a_fork_nobody_speaks_of_is_found() {
    check_found(Sabotage::ForksAreIgnored, &["has two histories"]);
}

#[test]
fn an_altered_record_on_a_disk_is_found() {
    check_found(
        Sabotage::AlteredRunsAreStored,
        &["stores a record that nobody wrote"],
    );
}

#[test]
fn a_talk_with_a_revoked_device_is_found() {
    check_found(
        Sabotage::RevokedDevicesAreWelcome,
        &["which it knows to be revoked"],
    );
}

#[test]
fn a_trust_bundle_that_goes_back_is_found() {
    // The same records under another bundle may also make another state.
    let complaints = ["went back from trust bundle", "differs from another"];
    check_found(Sabotage::TrustIsRolledBack, &complaints);
}

#[test]
fn a_failing_seed_is_shrunk_to_a_story_one_can_read() {
    // Without relays, so that something has to go wrong first.
    let shape = |seed| Shape {
        relays: false,
        ..sabotaged(seed, Sabotage::CutOffSaysYes)
    };
    let (seed, broken) = find(shape, &["people in, not"]);
    let shape = shape(seed);
    let failing = shrink(seed, &shape).expect("it failed a moment ago");
    assert!(failing.shape.faults.len() <= 2, "{failing:?}");
    assert!(
        failing.shape.hubs <= 2 && failing.shape.scanners <= 2,
        "{failing:?}"
    );
    assert!(failing.broken.acts < broken.acts, "{failing:?}");
    let story = story_of(&failing);
    assert!(story.len() <= 40, "{story:#?}");
    for part in ["judges unit", "shows Admit", "CutOff"] {
        assert!(story.iter().any(|line| line.contains(part)), "{part}: {story:#?}");
    }
}

fn story_of(failing: &Failing) -> Vec<String> {
    let (tape, story) = mpsc::channel();
    let shape = Shape {
        tape: Tape::Story(tape),
        ..failing.shape.clone()
    };
    assert_eq!(sim::attempt(failing.seed, &shape), Err(failing.broken.clone()));
    drop(shape);
    story.iter().collect()
}
