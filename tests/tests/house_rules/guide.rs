//! The guide for newcomers and the proofs of promises: where CONTRIBUTING or ARCHITECTURE says that a file has a name, it does, and what
//! is named as a proof is one.

use crate::source::{functions, words};
use crate::tree::{Breach, Tree, TreeFile};

/// The pages that promise names.
const PAGES: [&str; 2] = ["docs/CONTRIBUTING.md", "docs/ARCHITECTURE.md"];

/// The header of the table of promises with their proofs.
const PROOFS: &str = "| promise | simulation, or rule | real programs |";

/// The rules that are broken on purpose, to see that it is noticed.
const SABOTAGE: &str = "tests/src/sim/sabotage.rs";

/// What the attribute of a test begins with.
const TEST: [&str; 2] = ["#[test]", "#[tokio::test"];

/// Refuses a name that one of the pages looks for in a file that has no such word.
pub fn names(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for page in tree.all().filter(|file| PAGES.contains(&file.path.as_str())) {
        for (number, line) in page.text.lines().enumerate() {
            for (path, name) in promises(line) {
                let code = code_of(tree, path);
                if !words(&code).any(|(_, word)| word == name) {
                    breaches.push(Breach::at(page, number + 1, format!("{path} has no {name}")));
                }
            }
        }
    }
    breaches
}

/// Refuses a proof of a promise that proves nothing: on the right what is no test, in the middle what is no test, no check and no rule that
/// is broken on purpose.
pub fn proofs(tree: &Tree) -> Vec<Breach> {
    let pages = tree.all().filter(|file| PAGES.contains(&file.path.as_str()));
    pages.flat_map(|page| unproven(tree, page)).collect()
}

fn unproven(tree: &Tree, page: &TreeFile) -> Vec<Breach> {
    let lines = page.text.lines().enumerate();
    let table = lines
        .skip_while(|(_, line)| *line != PROOFS)
        .skip(2)
        .take_while(|(_, line)| line.starts_with('|'));
    let mut breaches = Vec::new();
    for (number, line) in table {
        let cells: Vec<&str> = line.split('|').collect();
        let [_, _, rule, programs, _] = cells[..] else {
            breaches.push(Breach::at(page, number + 1, "is no row of three"));
            continue;
        };
        let is_test = |(path, name): (&str, &str)| tests(&code_of(tree, path)).any(|test| test == name);
        let is_rule = |(path, name): (&str, &str)| {
            let is_check = name.starts_with("check_");
            is_check || path == SABOTAGE || is_test((path, name))
        };
        let weak = promises(rule).into_iter().filter(|proof| !is_rule(*proof));
        let weak =
            weak.map(|(path, name)| format!("{name} of {path} is no check, no broken rule and no test"));
        let untested = promises(programs).into_iter().filter(|proof| !is_test(*proof));
        let untested = untested.map(|(path, name)| format!("{name} of {path} is no test"));
        breaches.extend(
            weak.chain(untested)
                .map(|what| Breach::at(page, number + 1, what)),
        );
    }
    breaches
}

fn code_of(tree: &Tree, path: &str) -> String {
    let found = tree.all().find(|file| file.path == path);
    found.map_or_else(String::new, |file| file.source().code)
}

/// The names of the functions that are tests.
fn tests(code: &str) -> impl Iterator<Item = String> {
    functions(code).into_iter().filter_map(move |function| {
        let before = code[..function.offset].rsplit(['}', ';', '{']).next()?;
        TEST.iter()
            .any(|mark| before.contains(mark))
            .then_some(function.name)
    })
}
/// The files of a line with the names that it says are there: `` `file`: `one`, `two` ``. Names of other files are none.
fn promises(line: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = line.split('`').collect();
    let mut promises = Vec::new();
    let mut file = "";
    for (before, quoted) in parts.iter().zip(parts.iter().skip(1)).step_by(2) {
        let is_name = match before.trim() {
            ":" => true,
            "," => promises.last().is_some_and(|(of, _)| *of == file),
            _ => false,
        };
        if quoted.ends_with(".rs") && !is_name {
            file = quoted;
        } else if is_name && !file.is_empty() && !quoted.contains('.') {
            promises.push((file, *quoted));
        }
    }
    promises
}

/// The header of the table of what is decided where.
const DECISIONS: &str = "| what | where |";

/// What stands before the name of an item that is declared.
const DECLARES: [&str; 8] = [
    "fn",
    "struct",
    "enum",
    "trait",
    "const",
    "static",
    "type",
    "macro_rules",
];

/// Refuses a row of the table of decisions that names a file in which the name is only used: a newcomer would have to search on.
pub fn declarations(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for page in tree.all().filter(|file| file.path == PAGES[0]) {
        let lines = page.text.lines().enumerate();
        let table = lines.skip_while(|(_, line)| *line != DECISIONS);
        for (number, line) in table.take_while(|(_, line)| line.starts_with('|')) {
            for (path, name) in promises(line) {
                let found = tree.all().find(|file| file.path == path);
                let code = found.map_or_else(String::new, |file| file.source().code);
                if !declares(&code, name) {
                    breaches.push(Breach::at(
                        page,
                        number + 1,
                        format!("{path} does not declare {name}"),
                    ));
                }
            }
        }
    }
    breaches
}

fn declares(code: &str, name: &str) -> bool {
    let mut pairs = words(code).zip(words(code).skip(1));
    pairs.any(|((_, before), (_, word))| word == name && DECLARES.contains(&before))
}

#[test]
fn a_name_that_is_only_used_where_the_guide_says_it_is_decided_is_found() {
    let guide = format!(
        "{DECISIONS}\n|---|---|\n| whether | `a.rs`: `may_sell`, `MOST` |\n\n| else | `a.rs`: `used` |"
    );
    let tree = |code| Tree::of(&[(PAGES[0], guide.as_str()), ("a.rs", code)]);
    assert!(declarations(&tree("pub const fn may_sell() {}\npub const MOST: u8 = 1;")).is_empty());
    let breaches = declarations(&tree("use b::may_sell;\n// const MOST went"));
    let told: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "docs/CONTRIBUTING.md:3: a.rs does not declare may_sell",
            "docs/CONTRIBUTING.md:3: a.rs does not declare MOST"
        ]
    );
}

#[test]
fn a_name_that_the_guide_promises_in_vain_is_found() {
    let guide = "| whether | `a.rs`: `may_sell`, `may_hold`; `b.rs`: `judge` |\nSee `a.rs`, `b.rs`.\n";
    let tree = |a| Tree::of(&[(PAGES[0], guide), ("a.rs", a), ("b.rs", "fn judge() {}")]);
    assert!(names(&tree("fn may_sell() {}\nfn may_hold() {}")).is_empty());
    let breaches = names(&tree("fn may_sell() {}\n// may_hold went"));
    let told: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["docs/CONTRIBUTING.md:1: a.rs has no may_hold"]);
}

#[test]
fn a_proof_that_proves_nothing_is_found() {
    let told = |rule: &str, programs: &str| -> Vec<String> {
        let page = format!(
            "{PROOFS}\n|---|---|---|\n| It holds | {rule} | {programs} |\n\n| else | `a.rs`: `other` | |"
        );
        let code = "fn check_it() {}\nfn other() {}\n#[tokio::test(flavor = \"x\")]\nasync fn it_holds() {}";
        let files = [
            (PAGES[1], page.as_str()),
            ("a.rs", code),
            (SABOTAGE, "enum Sabotage { Broken }"),
        ];
        let breaches = proofs(&Tree::of(&files));
        breaches.iter().map(ToString::to_string).collect()
    };
    let broken = format!("`{SABOTAGE}`: `Broken`");
    for rule in ["`a.rs`: `check_it`", "`a.rs`: `it_holds`", &broken, ""] {
        assert_eq!(told(rule, "`a.rs`: `it_holds`"), [""; 0], "{rule}");
    }
    assert_eq!(
        told("`a.rs`: `other`", "`a.rs`: `check_it`"),
        [
            "docs/ARCHITECTURE.md:3: other of a.rs is no check, no broken rule and no test",
            "docs/ARCHITECTURE.md:3: check_it of a.rs is no test"
        ]
    );
    assert_eq!(told("a | b", ""), ["docs/ARCHITECTURE.md:3: is no row of three"]);
}
