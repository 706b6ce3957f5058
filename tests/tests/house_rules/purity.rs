//! What the pure crates, and the decisions of selling, must not name: clocks, files, sockets, threads, tasks. Methods with the same effects are
//! refused by clippy.toml, dependencies by the import rules.

use crate::source::{line_of, words};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// Where the code is pure.
const PURE_FOLDERS: [&str; 6] = [
    "cloud/src/selling/",
    "protocol/src/",
    "protocol/words/src/",
    "keys/src/",
    "scanner-cli/eyes/src/",
    "scanner-cli/phone/src/",
];

/// What in `keys` is not: key files and private folders.
const KEYS_RIM: [&str; 3] = ["keys/src/pem", "keys/src/file", "keys/src/private"];

/// Modules of `std` that have effects.
const EFFECTS: [&str; 6] = ["fs", "net", "thread", "env", "process", "io"];

/// Words that bring effects wherever they stand.
const WORDS: [&str; 6] = ["SystemTime", "Instant", "tokio", "async", "await", "rand"];

/// Refuses effects in the pure crates.
pub fn effects(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter(|file| PURE_FOLDERS.iter().any(|folder| file.path.starts_with(folder)))
        .filter(|file| !KEYS_RIM.iter().any(|rim| file.path.starts_with(rim)))
        .flat_map(effects_in)
        .collect()
}

fn effects_in(file: &TreeFile) -> Vec<Breach> {
    let code = file.shipped();
    let breach = |offset: usize, what: &str| {
        Breach::at(
            file,
            line_of(&code, offset),
            format!("{what} has effects: let the caller have them"),
        )
    };
    let named = words(&code)
        .filter(|(_, word)| WORDS.contains(word))
        .map(|(offset, word)| breach(offset, word));
    let modules = std_modules(&code)
        .into_iter()
        .filter(|(_, module)| EFFECTS.contains(module))
        .map(|(offset, module)| breach(offset, &format!("std::{module}")));
    named.chain(modules).collect()
}

/// The modules of `std` that code names, alone or in braces.
fn std_modules(code: &str) -> Vec<(usize, &str)> {
    let mut modules = Vec::new();
    for (offset, _) in code.match_indices("std::") {
        let rest = &code[offset + "std::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => modules.extend(first_segments(group).into_iter().map(|module| (offset, module))),
            None => modules.extend(words(rest).next().map(|(_, module)| (offset, module))),
        }
    }
    modules
}

/// The first segments of the paths in a group of imports that has just been opened.
fn first_segments(group: &str) -> Vec<&str> {
    let mut depth = 1_usize;
    let mut start = 0;
    let mut segments = Vec::new();
    for (at, byte) in group.bytes().enumerate() {
        let separates = depth == 1 && matches!(byte, b',' | b'}');
        if separates {
            segments.extend(words(&group[start..at]).next().map(|(_, segment)| segment));
            start = at + 1;
        }
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    segments
}

#[test]
fn an_effect_in_a_pure_crate_is_found() {
    refuses(
        effects,
        "protocol/src/log.rs",
        "\nuse std::fs;",
        "log.rs:2: std::fs has effects",
    );
    refuses(
        effects,
        "protocol/src/log.rs",
        "fn f() { std::thread::yield_now() }",
        "std::thread",
    );
    refuses(
        effects,
        "protocol/src/log.rs",
        "use std::{fmt, collections::{BTreeMap as net}, net::IpAddr};",
        "std::net",
    );
    refuses(effects, "protocol/src/log.rs", "fn f(now: Instant) {}", "Instant");
    refuses(
        effects,
        "keys/src/bundle.rs",
        "fn f() -> SystemTime {}",
        "SystemTime",
    );
    refuses(effects, "protocol/src/sync.rs", "async fn f() {}", "async");
    refuses(
        effects,
        "scanner-cli/eyes/src/plan.rs",
        "use std::time::Instant;",
        "Instant",
    );
}

#[test]
fn pure_code_tests_and_key_files_are_let_be() {
    accepts(
        effects,
        "protocol/src/log.rs",
        "use std::{fmt, collections::BTreeMap}; // std::fs\nlet a = \"tokio\";",
    );
    accepts(
        effects,
        "protocol/src/log.rs",
        "#[cfg(test)]\nmod tests { use std::fs; }",
    );
    accepts(effects, "keys/src/pem.rs", "use std::fs;");
    accepts(effects, "cloud/src/server.rs", "use std::net::SocketAddr;");
}
