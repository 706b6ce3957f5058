//! How often shipped files say the same again, line by line: some repetition is cheaper than the tie between two places, much
//! of it is one idea without a place. Lines that are alike but for their names are left to reviewers.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Breach, Tree, TreeFile, accepts};

/// Lines of code that make a repetition when they stand in two places, one after the other.
const RUN_LINES: usize = 6;
/// Pairs of places, of two files or of one, that may have such lines in common.
const MOST_PAIRS: usize = 39;

/// One line of code that says something: its number from 1, and its words with single blanks between.
type CodeLine = (usize, String);

/// Two places, each a file's rank in the tree and a line, of which the first comes first.
type Pair = ((usize, usize), (usize, usize));

/// Refuses a tree whose shipped files repeat each other or themselves too often.
pub fn repetitions(tree: &Tree) -> Vec<Breach> {
    repetitions_beyond(tree, MOST_PAIRS)
}

fn repetitions_beyond(tree: &Tree, most: usize) -> Vec<Breach> {
    let files: Vec<&TreeFile> = tree.rust().filter(|file| file.is_shipped()).collect();
    let lines: Vec<Vec<CodeLine>> = files.iter().map(|file| code_lines(file)).collect();
    let pairs = pairs(&lines);
    if pairs.len() <= most {
        return Vec::new();
    }
    let told = pairs.iter().map(|((one, at), (other, also_at))| {
        let what = format!(
            "is said again at {}:{also_at}; {} pairs of places have {RUN_LINES} lines in common, the limit is {most}",
            files[*other].path,
            pairs.len()
        );
        Breach::at(files[*one], *at, what)
    });
    told.collect()
}

/// The first place of each pair of files that have a run of lines in common; a file is a pair with itself.
fn pairs(lines: &[Vec<CodeLine>]) -> Vec<Pair> {
    let mut places: BTreeMap<Vec<&str>, Vec<(usize, usize)>> = BTreeMap::new();
    for (file, lines) in lines.iter().enumerate() {
        for (at, run) in lines.windows(RUN_LINES).enumerate() {
            let said = run.iter().map(|(_, text)| text.as_str()).collect();
            places.entry(said).or_default().push((file, at));
        }
    }
    let mut seen = BTreeSet::new();
    let mut pairs = Vec::new();
    for found in places.values() {
        for (rank, (one, at)) in found.iter().enumerate() {
            for (other, also_at) in &found[rank + 1..] {
                let apart = one != other || also_at - at >= RUN_LINES;
                if apart && seen.insert((one, other)) {
                    pairs.push(((*one, lines[*one][*at].0), (*other, lines[*other][*also_at].0)));
                }
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// The lines that say something: no imports, and no brackets alone.
fn code_lines(file: &TreeFile) -> Vec<CodeLine> {
    let shipped = file.shipped();
    let mut lines = Vec::new();
    let mut in_import = false;
    for (number, (code, text)) in shipped.lines().zip(file.text.lines()).enumerate() {
        in_import |= ["use ", "pub use ", "mod ", "pub mod "]
            .iter()
            .any(|word| code.trim_start().starts_with(word));
        let says = code.chars().any(char::is_alphanumeric);
        if says && !in_import {
            let folded: Vec<&str> = text.split_whitespace().collect();
            lines.push((number + 1, folded.join(" ")));
        }
        in_import &= !code.contains(';');
    }
    lines
}

#[track_caller]
fn check(files: &[(&str, &str)], most: usize, expected: &[&str]) {
    let breaches = repetitions_beyond(&Tree::of(files), most);
    let told: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "{files:?}");
}

const SIX: &str =
    "fn a() {\n    one(\"x\");\n    two();\n\n    // Why.\n    three();\n    four();\n    five();\n}\n";

#[test]
fn lines_that_are_said_again_are_found() {
    let again = format!("//! B.\n\n{SIX}");
    let files = [("keys/src/a.rs", SIX), ("cloud/src/b.rs", &again)];
    let told = "keys/src/a.rs:1: is said again at cloud/src/b.rs:3; \
                1 pairs of places have 6 lines in common, the limit is 0";
    check(&files, 0, &[told]);
    check(&files, 1, &[]);
    let twice = format!("{SIX}{SIX}");
    let told = "keys/src/a.rs:1: is said again at keys/src/a.rs:10; \
                1 pairs of places have 6 lines in common, the limit is 0";
    check(&[("keys/src/a.rs", &twice)], 0, &[told]);
}

#[test]
fn tests_imports_and_other_values_may_be_alike() {
    let other = SIX.replace("\"x\"", "\"y\"");
    let imports = "use a::{\n    b,\n    c,\n    d,\n    e,\n    f,\n    g,\n};\n";
    check(&[("keys/src/a.rs", SIX), ("keys/src/b.rs", &other)], 0, &[]);
    check(&[("keys/src/a.rs", SIX), ("keys/src/b/tests.rs", SIX)], 0, &[]);
    check(&[("keys/src/a.rs", SIX), ("tests/src/b.rs", SIX)], 0, &[]);
    check(&[("keys/src/a.rs", imports), ("keys/src/b.rs", imports)], 0, &[]);
    accepts(repetitions, "keys/src/a.rs", SIX);
}
