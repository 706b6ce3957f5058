//! One public type name, one meaning, over all product crates, and once more over the crate of tests that all programs of tests share:
//! that one shows programs as they are seen from outside, under the names that they have inside. What is private, or public inside its
//! crate alone, is left to reviewers.

use std::collections::BTreeMap;

use crate::source::{line_of, words};
use crate::tree::{Breach, PRODUCTS, Tree, TreeFile};

/// The names of one role that several programs play, each in its own way, and how many do. The same role has the same name in
/// cloud and hub; a name that stands for two things has no place here.
const SAME_ROLE: &[(&str, usize)] = &[
    // What a program finds wrong with its own tables, and one such thing.
    ("Audit", 2),
    ("Finding", 2),
    // A program's command line.
    ("Cli", 3),
    // What finds the ticket of a ticket code for whoever asks a hub, or the cloud, and lets nobody try codes out.
    ("CodeLookup", 2),
    // What a program reads the time from: the cloud's may stand still for tests, a device's is corrected by its peers'.
    ("Clock", 2),
    // A program's settings, and what may be wrong with them.
    ("Config", 2),
    ("ConfigError", 2),
    // The addresses that a running program has bound, as its file tells them.
    ("Listening", 2),
    // How a program's HTTP refuses a request, and what it answers at `/readyz`.
    ("Problem", 2),
    ("Readiness", 2),
    // What everybody but an event's writer sees of its state, as far as that seldom changes.
    ("Snapshot", 2),
    // What the one writer of an event's logs is asked: a run to take in, a command to carry out.
    ("WriterCommand", 2),
];

/// Where one name is declared: the file and the line.
type Declarations<'a> = Vec<(&'a TreeFile, usize)>;

/// Refuses a public type name that is declared more than once, but for one role in several programs, and a list of those that is out of date.
pub fn doubles(tree: &Tree) -> Vec<Breach> {
    let mut breaches = doubles_beyond(tree, is_product, SAME_ROLE);
    breaches.extend(doubles_beyond(tree, is_shared_by_tests, &[]));
    breaches
}

fn doubles_beyond(tree: &Tree, counts: fn(&TreeFile) -> bool, same_role: &[(&str, usize)]) -> Vec<Breach> {
    let mut declared: BTreeMap<String, Declarations<'_>> = BTreeMap::new();
    for file in tree.rust().filter(|file| counts(file)) {
        for (name, line) in public_types(&file.shipped()) {
            declared.entry(name).or_default().push((file, line));
        }
    }
    let mut breaches: Vec<Breach> = declared
        .iter()
        .filter_map(|(name, places)| objection(name, places, same_role))
        .collect();
    let gone = same_role.iter().filter(|(name, _)| !declared.contains_key(*name));
    let list = tree
        .rust()
        .find(|file| file.path.ends_with("house_rules/meanings.rs"));
    breaches.extend(gone.filter_map(|(name, _)| {
        let what = format!("{name} is no public type any more: take it out of the list");
        Some(Breach::at(list?, 1, what))
    }));
    breaches
}

fn is_product(file: &TreeFile) -> bool {
    PRODUCTS.iter().any(|folder| file.path.starts_with(folder)) && file.path.contains("/src/")
}

fn is_shared_by_tests(file: &TreeFile) -> bool {
    file.path.starts_with("tests/src/") || file.path.starts_with("tests/fixtures/")
}

fn objection(name: &str, places: &Declarations<'_>, same_role: &[(&str, usize)]) -> Option<Breach> {
    let listed = same_role.iter().find(|(listed, _)| *listed == name);
    let allowed = listed.map_or(1, |(_, count)| *count);
    let (file, line) = *places.last()?;
    let found = places.len();
    let what = if found > allowed {
        let all: Vec<&str> = places.iter().map(|(file, _)| file.path.as_str()).collect();
        format!("{name} stands for {found} things: {}", all.join(", "))
    } else if listed.is_some() && found < 2 {
        format!("{name} stands for one thing: take it out of the list")
    } else if found < allowed {
        format!("{name} stands for {found} things and not {allowed}: say so in the list")
    } else {
        return None;
    };
    Some(Breach::at(file, line, what))
}

/// The names and lines of the types, enums, traits and aliases that are `pub` without a restriction.
pub fn public_types(code: &str) -> Vec<(String, usize)> {
    let all: Vec<(usize, &str)> = words(code).collect();
    let declared = all.windows(3).filter_map(|three| {
        let [(start, visibility), (_, keyword), (end, name)] = three else {
            return None;
        };
        let is_type = matches!(*keyword, "struct" | "enum" | "trait" | "type" | "union");
        // A restriction, a path or a macro's `$name` stands between the words.
        let apart = code[*start..*end].split_whitespace().eq([*visibility, *keyword]);
        (*visibility == "pub" && is_type && apart).then(|| ((*name).to_owned(), line_of(code, *start)))
    });
    declared.collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], same_role: &[(&str, usize)], expected: &[&str]) {
    let told: Vec<String> = doubles_beyond(&Tree::of(files), is_product, same_role)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, expected, "{files:?} {same_role:?}");
}

const TWO_SEATS: [(&str, &str); 2] = [
    ("cloud/src/a.rs", "pub struct Seat;"),
    ("gate-agent/device/src/b.rs", "\npub enum Seat {}"),
];

#[test]
fn a_name_with_two_meanings_is_found() {
    let told =
        "gate-agent/device/src/b.rs:2: Seat stands for 2 things: cloud/src/a.rs, gate-agent/device/src/b.rs";
    check(&TWO_SEATS, &[], &[told]);
    check(
        &[(
            "keys/src/a.rs",
            "mod x { pub trait Key {} } mod y { pub type Key = u8; }",
        )],
        &[],
        &["keys/src/a.rs:1: Key stands for 2 things: keys/src/a.rs, keys/src/a.rs"],
    );
}

#[test]
fn the_crate_of_tests_has_each_name_once_and_may_say_what_products_say() {
    let twice = [
        ("cloud/src/a.rs", "pub struct Seat;"),
        ("tests/src/a.rs", "pub struct Seat;"),
        ("tests/src/b.rs", "pub enum Seat {}"),
    ];
    let told = |files: &[(&str, &str)]| -> Vec<String> {
        let breaches = doubles(&Tree::of(files));
        breaches.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told(&twice),
        ["tests/src/b.rs:1: Seat stands for 2 things: tests/src/a.rs, tests/src/b.rs"]
    );
    assert_eq!(told(&twice[..2]), [""; 0]);
}

#[test]
fn the_programs_of_one_role_are_told_exactly() {
    check(&TWO_SEATS, &[("Seat", 2)], &[]);
    check(
        &TWO_SEATS,
        &[("Seat", 3)],
        &["gate-agent/device/src/b.rs:2: Seat stands for 2 things and not 3: say so in the list"],
    );
    check(
        &TWO_SEATS[..1],
        &[("Seat", 2)],
        &["cloud/src/a.rs:1: Seat stands for one thing: take it out of the list"],
    );
    check(
        &[("tests/tests/house_rules/meanings.rs", "")],
        &[("Seat", 2)],
        &["tests/tests/house_rules/meanings.rs:1: Seat is no public type any more: take it out of the list"],
    );
}

#[test]
fn private_names_tests_and_other_crates_may_say_it_again() {
    check(
        &[
            TWO_SEATS[0],
            (
                "cloud/src/b.rs",
                "struct Seat; pub(crate) struct Seat; pub use x::Seat; // pub struct Seat",
            ),
            ("cloud/src/c.rs", "#[cfg(test)] mod tests { pub struct Seat; }"),
            ("cloud/src/c/tests.rs", "pub struct Seat;"),
            ("tests/src/sim.rs", "pub struct Seat;"),
            (
                "keys/src/a.rs",
                "pub fn Seat() {} pub struct Seats; macro! { pub struct $Seat; }",
            ),
        ],
        &[],
        &[],
    );
}
