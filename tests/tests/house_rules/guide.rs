//! The guide for newcomers and the proofs of promises: where CONTRIBUTING or ARCHITECTURE says that a file has a name, it does.

use crate::source::words;
use crate::tree::{Breach, Tree};

/// The pages that promise names.
const PAGES: [&str; 2] = ["docs/CONTRIBUTING.md", "docs/ARCHITECTURE.md"];

/// Refuses a name that one of the pages looks for in a file that has no such word.
pub fn names(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for page in tree.all().filter(|file| PAGES.contains(&file.path.as_str())) {
        for (number, line) in page.text.lines().enumerate() {
            for (path, name) in promises(line) {
                let found = tree.all().find(|file| file.path == path);
                let code = found.map_or_else(String::new, |file| file.source().code);
                if !words(&code).any(|(_, word)| word == name) {
                    breaches.push(Breach::at(page, number + 1, format!("{path} has no {name}")));
                }
            }
        }
    }
    breaches
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

#[test]
fn a_name_that_the_guide_promises_in_vain_is_found() {
    let guide = "| whether | `a.rs`: `may_sell`, `may_hold`; `b.rs`: `judge` |\nSee `a.rs`, `b.rs`.\n";
    let tree = |a| Tree::of(&[(PAGES[0], guide), ("a.rs", a), ("b.rs", "fn judge() {}")]);
    assert!(names(&tree("fn may_sell() {}\nfn may_hold() {}")).is_empty());
    let breaches = names(&tree("fn may_sell() {}\n// may_hold went"));
    let told: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["docs/CONTRIBUTING.md:1: a.rs has no may_hold"]);
}
