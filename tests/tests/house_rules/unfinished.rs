//! What says "later": unfinished code and tests that do not run. Words in comments are left to reviewers.

use crate::source::{line_of, words};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// Macros that stand for code to come, or for a look while debugging.
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Refuses unfinished code and skipped tests, in tests too.
pub fn markers(tree: &Tree) -> Vec<Breach> {
    tree.rust().flat_map(markers_in).collect()
}

fn markers_in(file: &TreeFile) -> Vec<Breach> {
    let code = file.source().code;
    words(&code)
        .filter_map(|(offset, word)| {
            let what = objection(&code[..offset], word, &code[offset + word.len()..])?;
            Some(Breach::at(file, line_of(&code, offset), what))
        })
        .collect()
}

fn objection(before: &str, word: &str, after: &str) -> Option<String> {
    let attribute = before.ends_with("#[") || before.ends_with("#![");
    match word {
        word if MACROS.contains(&word) && after.starts_with('!') => Some(format!("{word}! is left in")),
        "ignore" if attribute => Some("a test that does not run proves nothing".to_owned()),
        "allow" if attribute => {
            Some("#[expect] with a reason goes away by itself, #[allow] does not".to_owned())
        }
        _ => None,
    }
}

#[test]
fn unfinished_code_is_found() {
    refuses(
        markers,
        "a.rs",
        "\nfn f() { todo!() }",
        "a.rs:2: todo! is left in",
    );
    refuses(
        markers,
        "a.rs",
        "fn f() { unimplemented!(\"later\") }",
        "unimplemented!",
    );
    refuses(
        markers,
        "a.rs",
        "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
        "a.rs:2: a test that does not run",
    );
    refuses(markers, "a.rs", "#[allow(dead_code)]\nfn f() {}", "#[expect]");
    accepts(
        markers,
        "a.rs",
        "// todo!()\nfn ignore() { self.allow(); let s = \"unimplemented!\"; }",
    );
}
