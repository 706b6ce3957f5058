//! The table of problem kinds in `docs/API.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use axum::http::StatusCode;
use usher_words::problems::ProblemKind;

const BEGIN: &str = "<!-- problem kinds: written by the test named above -->\n";
const END: &str = "<!-- end of problem kinds -->\n";

fn table() -> String {
    let mut table = String::from("\n| status and `title` | `type` | words |\n|---|---|---|\n");
    for kind in ProblemKind::ALL {
        let status = StatusCode::from_u16(kind.status()).unwrap();
        let (slug, words) = (kind.slug(), kind.words());
        writeln!(table, "| {status} | `{slug}` | {words} |").unwrap();
    }
    table + "\n"
}

#[test]
fn the_page_lists_every_kind_of_problem() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/API.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (told, after) = rest.split_once(END).unwrap();
    if told != table() {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("API.md");
        std::fs::write(&fresh, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        panic!(
            "docs/API.md tells other kinds of problems than the code; to refresh it: cp {} docs/API.md",
            fresh.display()
        );
    }
}

#[test]
fn a_kind_is_one_name_with_one_status() {
    let named: BTreeSet<_> = ProblemKind::ALL
        .iter()
        .map(|kind| (kind.slug(), kind.status()))
        .collect();
    assert_eq!(named.len(), ProblemKind::ALL.len());
}
