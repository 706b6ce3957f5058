//! The contract of the store calls all that the store offers: what it does not call is tried on one engine at most.

use crate::source::line_of;
use crate::tree::{Breach, Tree};

const STORE: &str = "cloud/src/store";
const CONTRACT: &str = "cloud/src/store/contract";
/// What begins a list of operations.
const LIST: &str = "\noperations! {";
/// What stands between the request of an operation and what it answers.
const ARROW: &str = ") -> ";

/// Refuses an operation of the store that no file of its contract calls.
pub fn calls_all(tree: &Tree) -> Vec<Breach> {
    let of_store = || tree.rust().filter(|file| file.path.starts_with(STORE));
    let contract = of_store().filter(|file| file.path.starts_with(CONTRACT));
    let mut calls = String::new();
    for file in contract {
        calls.extend(file.source().code.split_whitespace());
    }
    let mut breaches = Vec::new();
    for file in of_store() {
        let code = file.source().code;
        let Some(start) = code.find(LIST) else { continue };
        let start = start + LIST.len();
        for (offset, name) in operations(&code[start..]) {
            if !calls.contains(&format!(".{name}(")) {
                let line = line_of(&code, start + offset);
                breaches.push(Breach::at(
                    file,
                    line,
                    format!("the contract does not call {name}"),
                ));
            }
        }
    }
    breaches
}

/// The names of a list, each with where its line begins.
fn operations(list: &str) -> Vec<(usize, &str)> {
    let mut offset = 0;
    let mut names = Vec::new();
    for line in list.split_inclusive('\n') {
        let is_operation = line.contains(ARROW) && line.contains(" = operations::");
        if let Some((name, _)) = line.trim().split_once('(').filter(|_| is_operation) {
            names.push((offset, name));
        }
        offset += line.len();
    }
    names
}

#[test]
fn an_operation_that_the_contract_does_not_call_is_found() {
    let list = "mod a;\noperations! {\n    writes {\n        /// Sells.\n        sell(Sale) -> bool = operations::sell;\n    }
    reads {\n        sold(()) -> Vec<(u8, u8)> = operations::sold;\n    }\n}\n";
    let tree = |calls| {
        Tree::of(&[
            ("cloud/src/store.rs", list),
            ("cloud/src/store/contract/a.rs", calls),
        ])
    };
    assert!(calls_all(&tree("case.store.sell(x); case\n    .store\n    .sold(());")).is_empty());
    let told: Vec<String> = calls_all(&tree("case.sold(())"))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, ["cloud/src/store.rs:5: the contract does not call sell"]);
}
