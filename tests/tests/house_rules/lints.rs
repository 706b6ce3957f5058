//! That lints reach every crate: cargo and clippy take them only where a crate asks for them or repeats them.

use toml::{Table, Value};

use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// The method that every clippy.toml refuses. The other methods differ by crate.
const SHARED_METHOD: &str = "std::process::exit";

/// The settings that every clippy.toml has.
const SHARED_SETTINGS: [&str; 4] = [
    "allow-unwrap-in-tests",
    "allow-expect-in-tests",
    "allow-print-in-tests",
    "too-many-arguments-threshold",
];

/// Refuses a crate that does not take the lints of the workspace.
pub fn inherited(tree: &Tree) -> Vec<Breach> {
    tree.toml("Cargo.toml")
        .filter(|(_, table)| table.contains_key("package"))
        .filter(|(_, table)| lookup(table, "lints", "workspace") != Some(&Value::Boolean(true)))
        .map(|(file, _)| Breach::at(file, 1, "lacks `[lints] workspace = true`"))
        .collect()
}

/// Refuses a clippy.toml without the shared lines: a crate's file replaces the root's.
pub fn shared_clippy_lines(tree: &Tree) -> Vec<Breach> {
    tree.toml("clippy.toml")
        .flat_map(|(file, table)| missing_lines(file, &table))
        .collect()
}

fn missing_lines(file: &TreeFile, table: &Table) -> Vec<Breach> {
    let settings = SHARED_SETTINGS
        .iter()
        .filter(|setting| !table.contains_key(**setting));
    let methods = table.get("disallowed-methods").and_then(Value::as_array);
    let has_method = methods
        .into_iter()
        .flatten()
        .any(|method| method.get("path").and_then(Value::as_str) == Some(SHARED_METHOD));
    let method = (!has_method).then_some(&SHARED_METHOD);
    settings
        .chain(method)
        .map(|line| Breach::at(file, 1, format!("lacks the shared line {line}")))
        .collect()
}

fn lookup<'a>(table: &'a Table, section: &str, key: &str) -> Option<&'a Value> {
    table.get(section)?.get(key)
}

#[test]
fn a_crate_without_the_lints_is_found() {
    refuses(
        inherited,
        "cloud/Cargo.toml",
        "[package]\nname = \"usher-cloud\"\n",
        "lacks `[lints]",
    );
    accepts(
        inherited,
        "cloud/Cargo.toml",
        "[package]\nname = \"usher-cloud\"\n[lints]\nworkspace = true\n",
    );
    accepts(inherited, "Cargo.toml", "[workspace]\nmembers = []\n");
}

#[test]
fn a_clippy_file_without_a_shared_line_is_found() {
    let full = "allow-unwrap-in-tests = true\nallow-expect-in-tests = true\nallow-print-in-tests = true\n\
                too-many-arguments-threshold = 5\ndisallowed-methods = [{ path = \"std::process::exit\" }]\n";
    accepts(shared_clippy_lines, "keys/clippy.toml", full);
    let short = full.replace("allow-unwrap-in-tests = true\n", "");
    refuses(
        shared_clippy_lines,
        "keys/clippy.toml",
        &short,
        "lacks the shared line allow-unwrap-in-tests",
    );
    let other = full.replace("std::process::exit", "std::process::abort");
    refuses(
        shared_clippy_lines,
        "keys/clippy.toml",
        &other,
        "lacks the shared line std::process::exit",
    );
}
