//! The observer at work: rules broken on purpose are found, and a failing seed is made small.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use clap::ValueEnum;
use usher_tests::sim::shrink::{Failing, shrink};
use usher_tests::sim::{self, Broken, Kind, Sabotage, Shape, Tape};

/// Within how many seeds a broken rule must be found.
const SEEDS: u64 = 300;

/// Finds the first seed in which a broken rule is seen as what it is; before that it may have broken something else.
#[track_caller]
fn find(from: u64, shape: impl Fn(u64) -> Shape, complaints: &[&str]) -> (u64, Broken) {
    let is_expected = |broken: &Broken| complaints.iter().any(|words| broken.complaint.contains(words));
    let play = |seed| sim::attempt(seed, &shape(seed)).err();
    let found = (from..SEEDS).find_map(|seed| Some((seed, play(seed).filter(is_expected)?)));
    found.unwrap_or_else(|| panic!("{:?} goes unseen", shape(0).sabotage))
}

/// What is said where something counts that should not.
const FALSE: &[&str] = &["counts a passage that is plainly false", "the first false record"];

/// Each broken rule, the seed from which on it is looked for so that the suite stays short, and what is said of it.
const RULES: [(Sabotage, u64, &[&str]); 70] = [
    (Sabotage::NobodyWithdraws, 1, &["let nobody in by it"]),
    (Sabotage::PlacesAreNotCounted, 6, &["in a zone for"]),
    (Sabotage::CutOffSaysYes, 0, &["people in, not"]),
    (Sabotage::FormerHomesAreForgotten, 1, &["as its home, and so may"]),
    (Sabotage::MissingRostersSayYes, 20, &["though it lacks a roster"]),
    (Sabotage::RetiredHubsSayYes, 16, &["though it was retired"]),
    (Sabotage::ForkedDevicesSayYes, 3, &["though it has two histories"]),
    (Sabotage::OwnPastIsNotAwaited, 143, &["beside its own past"]),
    (
        Sabotage::PowersAreNotAsked,
        44,
        &["that is not in its certificate", "the first false record"],
    ),
    (Sabotage::ClosedTiersStayOpen, 2, &["that it knows to be closed"]),
    (Sabotage::AnswerTooEarly, 9, &["was answered and is lost"]),
    (Sabotage::ForksAreIgnored, 3, &["has two histories"]),
    (
        Sabotage::ForksAreNotProven,
        3,
        &["differs from another", "the first false record"],
    ),
    (
        Sabotage::OtherHistoriesAreKept,
        20,
        &["did not catch up", "does not know that"],
    ),
    (
        Sabotage::AlteredRunsAreStored,
        0,
        &["stores a record that nobody wrote"],
    ),
    (
        Sabotage::SignaturesAreBelieved,
        1,
        &["differs from another", "the first false record"],
    ),
    (
        Sabotage::RevokedDevicesAreWelcome,
        1,
        &["which it knows to be revoked"],
    ),
    (
        Sabotage::TrustIsRolledBack,
        9,
        &[
            "not the authority that writes",
            "went back from trust bundle",
            "differs from another",
        ],
    ),
    (
        Sabotage::OrphansAreWelcome,
        2,
        &["whose hub it knows to be revoked"],
    ),
    (Sabotage::FreshnessIsBelieved, 0, &["believes that it is fresh"]),
    (Sabotage::StruckKeysAreBelieved, 1, &["does not vouch for"]),
    (
        Sabotage::DevicesAreAuthorities,
        3,
        &["differs from another", "not the authority that writes"],
    ),
    (Sabotage::RestatementForgets, 299, &["forgot a revocation"]),
    (Sabotage::NobodyVouches, 10, &["did not catch up"]),
    (Sabotage::EverybodyOverrides, 12, &["the first false record"]),
    (
        Sabotage::CheckpointsRunAhead,
        2,
        &["sums up what is not durable yet"],
    ),
    (Sabotage::FailedReadsAreAbsences, 0, &["did not catch up"]),
    (Sabotage::GatesAreNotAsked, 1, FALSE),
    (Sabotage::RightsAreNotAsked, 30, FALSE),
    (Sabotage::RolesAreNotAsked, 13, FALSE),
    (Sabotage::TimesAreNotAsked, 10, FALSE),
    (Sabotage::TicketsAdmitAnyNumber, 5, FALSE),
    (
        Sabotage::LivePartsAreNotAsked,
        28,
        &[
            "counts a passage that is plainly false",
            "the first false record",
            "differs from another",
        ],
    ),
    (Sabotage::CutsAreNotKept, 44, &["that was revoked before"]),
    (
        Sabotage::DevicesRuleOnTickets,
        3,
        &["which nobody has used", "forgot a revocation"],
    ),
    (Sabotage::DevicesListCodes, 5, &["that nobody has listed"]),
    (Sabotage::AnybodyWithdraws, 25, &["was answered and is lost"]),
    (Sabotage::AnybodyAnnuls, 14, &["was answered and is lost"]),
    (
        Sabotage::ExitsCloseOthers,
        104,
        &["in a zone for", "people in, not", "double under strict"],
    ),
    (Sabotage::ExitsAreNotWritten, 0, &["by the records, and"]),
    (Sabotage::RostersMayBeMissing, 20, &["does not know roster"]),
    (
        Sabotage::VouchingIsNotBounded,
        119,
        &["vouches for more devices of one hub"],
    ),
    (Sabotage::IssuersAreNotBounded, 119, &["more logs of one issuer"]),
    (
        Sabotage::OverridesPassOverTheHome,
        12,
        &["passes over the ticket's home"],
    ),
    (Sabotage::CountsAreIgnored, 6, &["are said to be in zone"]),
    (Sabotage::CountsAreTakenTwice, 2, &["are said to be in zone"]),
    (Sabotage::ClocksAreNotCompared, 2, &["judges by a wrong clock"]),
    (Sabotage::CountsDoNotWait, 3, &["covers less of the log of"]),
    (Sabotage::InnerZonesAreEnteredAgain, 6, &["on level 1"]),
    (Sabotage::InnerPlacesAreNotCounted, 4, &["in a zone for"]),
    (Sabotage::LoweredCapacitiesAreIgnored, 5, &["in a zone for"]),
    (Sabotage::TimeSlotsAreNotCounted, 89, &["within a time slot for"]),
    (Sabotage::PlacesAreKept, 17, &["finds no place in zone"]),
    (Sabotage::RenewalsAreNotAsked, 5, &["that did not enrol it"]),
    (Sabotage::OpeningsAreNotAsked, 41, &["under a struck issuing key"]),
    (Sabotage::CertificatesOfALogAreNotBounded, 49, FALSE),
    (Sabotage::CountsOfALogAreNotBounded, 8, FALSE),
    (Sabotage::PassagesOfATicketAreNotBounded, 1, FALSE),
    (Sabotage::LoansOfALogAreNotBounded, 5, FALSE),
    (Sabotage::AdoptionsOfALogAreNotBounded, 5, FALSE),
    (Sabotage::RenewalsOfALogAreNotBounded, 5, FALSE),
    (Sabotage::ForksOfALogAreNotBounded, 1, FALSE),
    (Sabotage::NamesInCountsAreNotBounded, 4, FALSE),
    (Sabotage::MatchesOfALogAreNotBounded, 5, FALSE),
    (Sabotage::BytesOfALogAreNotBounded, 1, FALSE),
    (
        Sabotage::SupersededCheckpointsAreBelieved,
        25,
        &["by an authority that was taken over from"],
    ),
    (Sabotage::DaysGoByUtc, 6, &["(Strict per day) let"]),
    (Sabotage::WindowsNeverEnd, 6, &["that it knows to be closed"]),
    (Sabotage::RestatementForgetsLists, 21, &["which is listed"]),
    (
        Sabotage::MissedListsAreNotReadAgain,
        11,
        &["differs from another"],
    ),
];

#[test]
fn every_broken_rule_is_found() {
    let next = AtomicUsize::new(0);
    let find_some = || {
        while let Some((sabotage, from, complaints)) = RULES.get(next.fetch_add(1, Ordering::Relaxed)) {
            find(*from, |seed| Shape::sabotaged(seed, *sabotage), complaints);
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(find_some);
        }
    });
}

#[test]
fn every_rule_that_can_be_broken_is_in_the_table() {
    for rule in Sabotage::value_variants() {
        assert!(RULES.iter().any(|(one, ..)| one == rule), "{rule:?}");
    }
}

#[test]
fn a_failing_seed_is_shrunk_to_a_story_one_can_read() {
    // Without relays, so that something has to go wrong first.
    let shape = |seed| Shape {
        relays: false,
        ..Shape::sabotaged(seed, Sabotage::CutOffSaysYes)
    };
    let (seed, broken) = find(1, shape, &["people in, not"]);
    let shape = shape(seed);
    let failing = shrink(seed, &shape).expect("it failed a moment ago");
    let kinds = Kind::ALL.len() - Kind::LATER.len();
    assert!(failing.shape.faults.len() <= kinds / 4, "{failing:?}");
    assert!(
        failing.shape.hubs <= 2 && failing.shape.scanners <= 2,
        "{failing:?}"
    );
    let dropped = failing.shape.dropped.range(..=failing.broken.acts).count() as u64;
    assert!(failing.broken.acts - dropped < broken.acts, "{failing:?}");
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
