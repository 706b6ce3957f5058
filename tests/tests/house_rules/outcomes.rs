//! The outcomes of scans are names for scripts: `usher-scan run --help` promises all of them, and no other.

use std::collections::BTreeSet;

use crate::source::Literal;
use crate::tree::{Breach, Tree, TreeFile};

/// The help that promises them, the text in it and its end.
const HELP: &str = "scanner-cli/src/cli/run.rs";
const BEGINS: &str = "Outcomes: ";
const ENDS: &str = ". `kept`";

/// The files that name them.
const NAMING: [&str; 4] = [
    "protocol/src/admission/refusal_kind.rs",
    "protocol/words/src/scanner/outcome.rs",
    "protocol/words/src/scanner/outcome/corrected.rs",
    "scanner-cli/src/presentation.rs",
];

/// What a screen alone shows, while an answer is waited for: no line says so.
const SHOWN_ONLY: &str = "waiting";

/// Refuses a name of an outcome that the help leaves out, and one in the help that nothing has.
pub fn promised(tree: &Tree) -> Vec<Breach> {
    let Some(help) = tree.all().find(|file| file.path == HELP) else {
        return Vec::new();
    };
    let promised = promises(help);
    let naming = tree.rust().filter(|file| NAMING.contains(&file.path.as_str()));
    let named: BTreeSet<String> = naming.flat_map(names).collect();
    let left_out = named
        .difference(&promised)
        .map(|name| format!("leaves out {name}"));
    let made_up = promised
        .difference(&named)
        .map(|name| format!("promises {name}, which no scan comes to"));
    left_out
        .chain(made_up)
        .map(|what| Breach::at(help, 1, what))
        .collect()
}

fn promises(help: &TreeFile) -> BTreeSet<String> {
    let from = help.text.split_once(BEGINS).map_or("", |(_, rest)| rest);
    let list = from.split_once(ENDS).map_or("", |(list, _)| list);
    let parts = list.split([',', ';']);
    // `of ticket codes mistyped`: what it is of comes before the name.
    parts
        .filter_map(|part| part.split_whitespace().last())
        .map(str::to_owned)
        .collect()
}

fn names(file: &TreeFile) -> Vec<String> {
    let source = file.source();
    let is_name = |literal: &Literal| {
        let is_attribute = source.code[..literal.offset]
            .rsplit('\n')
            .next()
            .is_some_and(|line| line.trim_start().starts_with("#["));
        let is_snake = literal
            .text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_snake && !literal.text.is_empty() && !is_attribute && literal.text != SHOWN_ONLY
    };
    let found = source.literals.iter().filter(|literal| is_name(literal));
    found.map(|literal| literal.text.clone()).collect()
}

#[test]
fn an_outcome_that_the_help_leaves_out_or_makes_up_is_found() {
    let told = |help: &str, named: &str| -> Vec<String> {
        let breaches = promised(&Tree::of(&[(HELP, help), (NAMING[1], named)]));
        breaches.iter().map(ToString::to_string).collect()
    };
    let help = "Outcomes: admitted,\nexited; of ticket codes mistyped. `kept` counts";
    let named = "#[serde(rename_all = \"lowercase\")]\n[\"admitted\", \"exited\", \"mistyped\", \"waiting\", \"In words\"]";
    assert_eq!(told(help, named), [""; 0]);
    assert_eq!(
        told(help, "[\"admitted\", \"annulled\", \"mistyped\"]"),
        [
            "scanner-cli/src/cli/run.rs:1: leaves out annulled",
            "scanner-cli/src/cli/run.rs:1: promises exited, which no scan comes to"
        ]
    );
}
