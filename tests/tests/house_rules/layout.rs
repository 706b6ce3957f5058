//! Where things lie: the top level, the first line of a file, pages that exist, no trace of the machine that wrote
//! them.

use std::collections::BTreeSet;

use crate::tree::{Breach, Tree, accepts, refuses};

/// The crates, and files that people and tools expect at the top of a project.
const TOP_LEVEL: [&str; 21] = [
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "clippy.toml",
    "cloud",
    "deny.toml",
    "deploy",
    "docs",
    "gate-agent",
    "keys",
    "protocol",
    "rustfmt.toml",
    "scanner-cli",
];
const TESTS: &str = "tests";

/// Folders that exist on one machine and not on the reader's. The trees that people install into are not among them.
const MACHINE_FOLDERS: [&str; 4] = ["/work/", "/root/", "/home/", "/Users/"];

/// This folder has to name them.
const RULES: &str = "tests/tests/house_rules/";

/// Crates of one file, which is read from the top.
const SMALL_CRATES: [&str; 2] = ["tests/fuzz/src/lib.rs", "tests/postgres/src/lib.rs"];

/// Refuses a Rust file that does not begin with a sentence on what it is for.
pub fn first_line(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| Breach::at(file, 1, "starts without `//!` and a sentence on what it is for"))
        .collect()
}

/// Refuses the page of a crate that is shipped, or shared by tests, that does not say where to begin.
pub fn crate_pages(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter(|file| file.path.ends_with("src/lib.rs") && !SMALL_CRATES.contains(&file.path.as_str()))
        .filter(|file| {
            let mut page = file.text.lines().take_while(|line| line.starts_with("//!"));
            !page.any(|line| line.contains("Begin with "))
        })
        .map(|file| Breach::at(file, 1, "does not say where to begin: `Begin with` and a name"))
        .collect()
}

/// Refuses entries at the top level that nobody expects there.
pub fn top_level(tree: &Tree) -> Vec<Breach> {
    tree.all()
        .filter(|file| {
            let entry = file.path.split('/').next().unwrap_or_default();
            entry != TESTS && !TOP_LEVEL.contains(&entry)
        })
        .map(|file| Breach::at(file, 1, "does not belong at the top level"))
        .collect()
}

/// Refuses paths that only the writer's machine has.
pub fn machine_paths(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in tree.all().filter(|file| !file.path.starts_with(RULES)) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(folder) = MACHINE_FOLDERS.iter().find(|folder| names_folder(line, folder)) {
                breaches.push(Breach::at(
                    file,
                    number + 1,
                    format!("names a path below {folder}"),
                ));
            }
        }
    }
    breaches
}

/// Refuses the name of a page that the project does not have.
pub fn pages(tree: &Tree) -> Vec<Breach> {
    let known: BTreeSet<&str> = tree.all().map(|file| file.path.as_str()).collect();
    let mut breaches = Vec::new();
    for file in tree.all().filter(|file| !file.path.starts_with(RULES)) {
        let folder = file.path.rfind('/').map_or("", |end| &file.path[..=end]);
        for (number, line) in file.text.lines().enumerate() {
            let missing = pages_named(line).filter(|page| {
                let page = page.trim_start_matches("./").trim_start_matches("../");
                !["", folder, "docs/"]
                    .iter()
                    .any(|base| known.contains(format!("{base}{page}").as_str()))
            });
            breaches
                .extend(missing.map(|page| Breach::at(file, number + 1, format!("there is no page {page}"))));
        }
    }
    breaches
}

/// Refuses a path in backticks on a page, from a crate's folder on, where the project has no such file or folder.
pub fn paths_on_pages(tree: &Tree) -> Vec<Breach> {
    let crates = [
        "cloud/",
        "gate-agent/",
        "keys/",
        "protocol/",
        "scanner-cli/",
        "tests/",
        ".ci/",
    ];
    let is_known = |path: &str| {
        let folder = format!("{}/", path.trim_end_matches('/'));
        tree.all()
            .any(|file| file.path == path || file.path.starts_with(&folder))
    };
    let mut breaches = Vec::new();
    for page in tree.all().filter(|file| file.path.ends_with(".md")) {
        for (number, line) in page.text.lines().enumerate() {
            let quoted = line.split('`').skip(1).step_by(2);
            let paths = quoted.filter(|path| crates.iter().any(|folder| path.starts_with(folder)));
            let missing = paths.filter(|path| !path.contains([' ', '*', '<']) && !is_known(path));
            breaches.extend(
                missing
                    .map(|path| Breach::at(page, number + 1, format!("there is no file or folder {path}"))),
            );
        }
    }
    breaches
}

/// The names of Markdown pages in a line, addresses on the web left out.
fn pages_named(line: &str) -> impl Iterator<Item = &str> {
    let is_path = |character: char| character.is_alphanumeric() || "_-./:".contains(character);
    line.split(move |character| !is_path(character))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| word.ends_with(".md") && word.len() > ".md".len() && !word.contains("://"))
}

/// Whether a line has a path that starts with the folder, not one that has it in the middle.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !"._-}/*".contains(before))
    })
}

#[test]
fn a_file_without_a_first_sentence_is_found() {
    refuses(
        first_line,
        "cloud/src/sales.rs",
        "use std::fmt;\n",
        "starts without `//!`",
    );
    refuses(
        first_line,
        "cloud/src/sales.rs",
        "//!\n//! Late.\n",
        "starts without `//!`",
    );
    accepts(first_line, "cloud/src/sales.rs", "//! Sells.\n");
}

#[test]
fn a_stray_entry_at_the_top_is_found() {
    refuses(top_level, "notes.txt", "", "notes.txt:1: does not belong");
    refuses(top_level, "scripts/run.sh", "", "does not belong");
    accepts(top_level, "tests/tests/house_rules.rs", "");
    accepts(top_level, "Makefile", "");
}

#[test]
fn a_path_on_a_page_that_leads_nowhere_is_found() {
    let page = "docs/ARCHITECTURE.md";
    refuses(
        paths_on_pages,
        page,
        "Prices are in `cloud/src/money.rs`.\n",
        "docs/ARCHITECTURE.md:1: there is no file or folder cloud/src/money.rs",
    );
    accepts(
        paths_on_pages,
        page,
        "`docs/ARCHITECTURE.md`, `sync`, `tests/*`\n",
    );
}

#[test]
fn a_page_that_does_not_exist_is_found() {
    refuses(
        pages,
        "cloud/src/sales.rs",
        "//! Sells.\n//! See `docs/SELLING.md`.",
        "sales.rs:2: there is no page docs/SELLING.md",
    );
    refuses(
        pages,
        "docs/API.md",
        "[the walk](WALK.md#one)",
        "there is no page WALK.md",
    );
    accepts(
        pages,
        "docs/API.md",
        "API.md, ../docs/API.md. https://example.org/README.md and *.md",
    );
}

#[test]
fn a_path_of_the_writers_machine_is_found() {
    refuses(
        machine_paths,
        "docs/API.md",
        "one\nsee `/home/ann/usher`",
        "API.md:2: names a path below /home/",
    );
    refuses(
        machine_paths,
        "cloud/src/sales.rs",
        "const A: &str = \"/root/x\";",
        "/root/",
    );
    accepts(
        machine_paths,
        "docs/API.md",
        "https://example.org/home/ and target/work/a and /var/lib/usher",
    );
}

#[test]
fn a_crate_that_does_not_say_where_to_begin_is_found() {
    let begins = "//! Sells.\n//!\n//! Begin with [`sales`].\n";
    refuses(
        crate_pages,
        "cloud/src/lib.rs",
        "//! Sells.\n// Begin with sales.",
        "where to begin",
    );
    accepts(crate_pages, "cloud/src/lib.rs", begins);
    accepts(crate_pages, "cloud/src/sales.rs", "//! Sells.");
}
