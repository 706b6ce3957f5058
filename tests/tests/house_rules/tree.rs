//! The files that the rules look at, and what a rule reports. Leaves out what git ignores; knows no rule itself.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::source::Source;

/// The crates that are shipped.
pub const PRODUCTS: [&str; 5] = ["keys/", "protocol/", "cloud/", "gate-agent/", "scanner-cli/"];

/// One house rule: finds what breaks it.
pub type Rule = fn(&Tree) -> Vec<Breach>;

/// One place where a rule is broken.
#[derive(Debug)]
pub struct Breach {
    file: String,
    line: usize,
    what: String,
}

impl Breach {
    /// Reports a breach at a line, counted from 1.
    pub fn at(file: &TreeFile, line: usize, what: impl Into<String>) -> Self {
        Self {
            file: file.path.clone(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// One text file, its path relative to the top with forward slashes.
pub struct TreeFile {
    pub path: String,
    pub text: String,
}

impl TreeFile {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the whole file is test code: integration tests, benches, and `tests.rs` beside a module.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || self.path.ends_with("/tests.rs")
    }

    /// Whether the file is part of a crate that is shipped: neither its tests nor the store's contract, which is called by them alone.
    pub fn is_shipped(&self) -> bool {
        let is_product = PRODUCTS.iter().any(|folder| self.path.starts_with(folder));
        is_product && self.path.contains("/src/") && !self.is_test() && !self.path.contains("/contract")
    }

    /// The file as Rust.
    pub fn source(&self) -> Source {
        Source::of(&self.text)
    }

    /// The code that is shipped: nothing of a test file, and no `#[cfg(test)]` part of another.
    pub fn shipped(&self) -> String {
        if self.is_test() {
            String::new()
        } else {
            self.source().shipped()
        }
    }
}

/// The files of the project, or of a sample.
pub struct Tree {
    files: Vec<TreeFile>,
}

impl Tree {
    /// Reads the project: what git tracks or would track, or, without git, everything but build results.
    pub fn of_the_project() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the tests are one folder below the top");
        let paths = listed_by_git(top).unwrap_or_else(|| walked(top));
        let files = paths.into_iter().filter_map(|path| {
            // Pictures and frames are not text, and a file deleted but not yet committed is gone: neither can break a rule.
            let text = fs::read_to_string(top.join(&path)).ok()?;
            Some(TreeFile { path, text })
        });
        Self {
            files: files.collect(),
        }
    }

    /// Makes a tree of one file.
    pub fn of_one(path: &str, text: &str) -> Self {
        Self::of(&[(path, text)])
    }

    /// Makes a tree of files, each a path and a text.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| TreeFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        });
        Self {
            files: files.collect(),
        }
    }

    /// Every text file.
    pub fn all(&self) -> impl Iterator<Item = &TreeFile> {
        self.files.iter()
    }

    /// Every Rust file.
    pub fn rust(&self) -> impl Iterator<Item = &TreeFile> {
        self.all().filter(|file| file.path.ends_with(".rs"))
    }

    /// Every file of a name, parsed as TOML.
    pub fn toml(&self, name: &'static str) -> impl Iterator<Item = (&TreeFile, toml::Table)> {
        self.all().filter(move |file| file.name() == name).map(|file| {
            let table = file
                .text
                .parse()
                .unwrap_or_else(|error| panic!("{}: {error}", file.path));
            (file, table)
        })
    }
}

fn listed_by_git(top: &Path) -> Option<Vec<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(top)
        .output()
        .ok()?;
    let names = String::from_utf8(listing.stdout).ok()?;
    let paths: Vec<String> = names
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    (listing.status.success() && !paths.is_empty()).then_some(paths)
}

fn walked(top: &Path) -> Vec<String> {
    let mut folders: Vec<PathBuf> = vec![top.to_owned()];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the project's folders can be read") {
            let path = entry.expect("the project's folders can be read").path();
            let relative = path
                .strip_prefix(top)
                .expect("found below the top")
                .to_string_lossy()
                .into_owned();
            if relative == "target" || relative == ".git" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                paths.push(relative);
            }
        }
    }
    paths
}

/// Asserts that a rule finds a file bad, and says why in these words.
#[track_caller]
pub fn refuses(rule: Rule, path: &str, text: &str, words: &str) {
    let breaches = rule(&Tree::of_one(path, text));
    let [breach] = breaches.as_slice() else {
        panic!("expected one breach in {path}, found {breaches:?}");
    };
    assert!(
        breach.to_string().contains(words),
        "'{breach}' does not say '{words}'"
    );
}

/// Asserts that a rule finds nothing wrong with a file.
#[track_caller]
pub fn accepts(rule: Rule, path: &str, text: &str) {
    let breaches = rule(&Tree::of_one(path, text));
    assert!(
        breaches.is_empty(),
        "expected no breach in {path}, found {breaches:?}"
    );
}

#[test]
fn walking_and_git_agree_on_the_sources() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are one folder below the top");
    let walked = walked(top);
    assert!(
        walked
            .iter()
            .any(|path| path == "tests/tests/house_rules/tree.rs")
    );
    assert!(!walked.iter().any(|path| path.starts_with("target/")));
    for path in listed_by_git(top).unwrap_or_default() {
        assert!(
            walked.contains(&path) || !top.join(&path).exists(),
            "only git knows {path}"
        );
    }
}

#[test]
fn test_files_are_told_from_shipped_ones() {
    let is_test = |path: &str| {
        TreeFile {
            path: path.to_owned(),
            text: String::new(),
        }
        .is_test()
    };
    assert!(
        is_test("tests/tests/e2e.rs")
            && is_test("cloud/src/api/tests.rs")
            && is_test("protocol/benches/ticket.rs")
    );
    assert!(!is_test("tests/src/simulation.rs") && !is_test("cloud/src/api.rs"));
}
