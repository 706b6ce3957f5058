//! SQL and its driver live in the stores, the web does not. What the stores do with SQL is their own tests'.

use crate::source::{line_of, words};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// Where SQL belongs: the shell around SQLite, and what keeps something with it. The project's own tests may tamper with a database, as an attacker would.
const STORES: [&str; 6] = [
    "protocol/disk/src/",
    "cloud/src/store",
    "cloud/migrations/",
    // The sandbox plays a payment service, and such a service has its own record.
    "cloud/src/payment/sandbox/",
    "gate-agent/device/src/replica",
    "gate-agent/device/migrations/",
];
const TESTS: &str = "tests/";

/// How statements begin; the second word, if there is one, must follow somewhere.
const STATEMENTS: [(&str, &str); 10] = [
    ("SELECT", ""),
    ("INSERT", "INTO"),
    ("UPDATE", "SET"),
    ("DELETE", "FROM"),
    ("REPLACE", "INTO"),
    ("WITH", "AS"),
    ("CREATE", "TABLE"),
    ("ALTER", "TABLE"),
    ("DROP", "TABLE"),
    ("PRAGMA", ""),
];

/// Refuses SQL, and the driver that runs it, outside the stores.
pub fn sql(tree: &Tree) -> Vec<Breach> {
    let outside = |file: &&TreeFile| !is_store(file) && !file.path.starts_with(TESTS);
    let files = tree
        .all()
        .filter(outside)
        .filter(|file| file.path.ends_with(".sql"));
    let files = files.map(|file| Breach::at(file, 1, "SQL belongs to the stores"));
    files
        .chain(tree.rust().filter(outside).flat_map(sql_in))
        .collect()
}

/// Refuses the web inside the stores.
pub fn web(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter(|file| is_store(file))
        .flat_map(|file| named(file, &["axum", "tower_http"], "has no place in a store"))
        .collect()
}

fn is_store(file: &TreeFile) -> bool {
    STORES.iter().any(|store| file.path.starts_with(store))
}

fn sql_in(file: &TreeFile) -> Vec<Breach> {
    let shipped = file.shipped();
    let mut breaches = named(file, &["rusqlite", "tokio_postgres"], "belongs to the stores");
    let literals = file.source().literals;
    let statements = literals
        .iter()
        .filter(|literal| is_shipped(&shipped, literal.offset) && is_statement(&literal.text));
    breaches.extend(statements.map(|literal| {
        Breach::at(
            file,
            line_of(&file.text, literal.offset),
            "SQL belongs to the stores",
        )
    }));
    breaches
}

/// Tests are blanked in shipped code, so their quotes are gone.
fn is_shipped(shipped: &str, offset: usize) -> bool {
    shipped.as_bytes().get(offset).is_some_and(|byte| *byte != b' ')
}

/// Whether a literal starts like SQL, in capitals or in small letters: a sentence has one capital.
fn is_statement(text: &str) -> bool {
    let mut found = words(text.trim_start_matches(['\\', 'n', ' ', '\n'])).map(|(_, word)| word);
    let Some(first) = found.next() else { return false };
    let small = first.chars().all(char::is_lowercase);
    let rest: Vec<String> = found.map(str::to_uppercase).collect();
    STATEMENTS.iter().any(|(start, then)| {
        let starts = first == *start
            || small
                && first.to_uppercase() == *start
                && (rest.contains(&"FROM".to_owned()) || !then.is_empty());
        starts && !rest.is_empty() && (then.is_empty() || rest.iter().any(|word| word == then))
    })
}

fn named(file: &TreeFile, banned: &[&str], why: &str) -> Vec<Breach> {
    let code = file.shipped();
    words(&code)
        .filter(|(_, word)| banned.contains(word))
        .map(|(offset, word)| Breach::at(file, line_of(&code, offset), format!("{word} {why}")))
        .collect()
}

#[test]
fn sql_outside_a_store_is_found() {
    refuses(
        sql,
        "cloud/src/api/events.rs",
        "\nlet q = \"SELECT 1 FROM unit\";",
        "events.rs:2: SQL belongs to the stores",
    );
    refuses(
        sql,
        "cloud/src/sales.rs",
        "let q = \"\\n  update unit set held = 1\";",
        "SQL",
    );
    refuses(
        sql,
        "cloud/src/sales.rs",
        "let q = r#\"WITH a AS (SELECT 1) SELECT * FROM a\"#;",
        "SQL",
    );
    refuses(
        sql,
        "gate-agent/src/hub.rs",
        "fn f(c: &rusqlite::Connection) {}",
        "rusqlite belongs to the stores",
    );
    refuses(sql, "docs/schema.sql", "CREATE TABLE unit (id INTEGER)", "SQL");
}

#[test]
fn stores_tests_and_sentences_may_say_select() {
    accepts(
        sql,
        "cloud/src/store/sqlite/events.rs",
        "use rusqlite::Row; let q = \"SELECT 1\";",
    );
    accepts(
        sql,
        "gate-agent/device/src/replica.rs",
        "let q = \"DELETE FROM scan\";",
    );
    accepts(sql, "tests/tests/hostile.rs", "let q = \"DROP TABLE unit\";");
    accepts(
        sql,
        "cloud/src/sales.rs",
        "#[cfg(test)]\nmod tests { const Q: &str = \"SELECT 1\"; }",
    );
    accepts(
        sql,
        "gate-agent/src/pages.rs",
        "let a = \"Select a gate from the list\"; let b = \"delete\"; let c = \"with care\";",
    );
}

#[test]
fn the_web_inside_a_store_is_found() {
    refuses(
        web,
        "cloud/src/store/sqlite.rs",
        "use axum::Json;",
        "axum has no place in a store",
    );
    accepts(web, "cloud/src/api/events.rs", "use axum::Json;");
}
