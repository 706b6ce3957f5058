//! Which file may import which inside a crate: no circle of files, and none of the modules at the top, so that these have an
//! order in which each imports only lower ones. A name that a file only passes on is imported from where it is declared; what a
//! parent and its children have of each other by `super::` and `self::` does not count.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Breach, Tree, TreeFile};

/// What each file, or each module at the top of a crate, imports of its crate.
type Imports = BTreeMap<String, BTreeSet<String>>;
/// The code of each file of a crate, by its path from the crate's source folder.
type Codes<'a> = BTreeMap<&'a str, String>;

/// The world that the simulation plays: each file adds a part of it, and what the part does to the whole.
const ONE_WORLD: (&str, &str) = ("tests/src/", "sim/");
/// How many files may pass a name on before the rule gives up to follow it.
const MOST_PASSED_ON: usize = 8;

/// Refuses files, and modules at the top, that import each other in a circle.
pub fn circles(tree: &Tree) -> Vec<Breach> {
    let mut crates: BTreeMap<&str, BTreeMap<&str, &TreeFile>> = BTreeMap::new();
    for file in tree.rust() {
        let Some(at) = file.path.find("/src/") else {
            continue;
        };
        let (folder, path) = file.path.split_at(at + "/src/".len());
        let name = path.trim_end_matches(".rs");
        crates.entry(folder).or_default().insert(name, file);
    }
    let circles = crates.into_iter().flat_map(|(folder, files)| {
        let of_files = imports(&files);
        let of_modules = modules(&of_files);
        [of_files, of_modules]
            .iter()
            .flat_map(groups)
            .filter(|members| folder != ONE_WORLD.0 || !members[0].starts_with(ONE_WORLD.1))
            .filter_map(|members| {
                let is_first = |name: &&str| name.split('/').next() == members[0].split('/').next();
                let file = *files.get(files.keys().copied().find(is_first)?)?;
                let what = format!("imports itself in a circle of {}", members.join(", "));
                Some(Breach::at(file, 1, what))
            })
            .collect::<Vec<_>>()
    });
    circles.collect()
}

fn imports(files: &BTreeMap<&str, &TreeFile>) -> Imports {
    let codes: Codes = files.iter().map(|(name, file)| (*name, file.shipped())).collect();
    let imported = codes.iter().map(|(name, code)| {
        let targets = paths(code).into_iter().filter_map(|path| {
            let target = declared(&codes, (*name, &path), MOST_PASSED_ON)?;
            let is_family = is_under(target, name) || is_under(name, target);
            (target != *name && (path.starts_with("crate/") || !is_family)).then(|| target.to_owned())
        });
        ((*name).to_owned(), targets.collect())
    });
    imported.collect()
}

/// Tells whether a file is another or lies in its folder; everything lies in that of a crate's first file.
fn is_under(name: &str, outer: &str) -> bool {
    let behind = name.strip_prefix(module_of(outer));
    module_of(outer).is_empty() || behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the path of a file's module, empty for a crate's first file.
fn module_of(name: &str) -> &str {
    if matches!(name, "lib" | "main") { "" } else { name }
}

/// Returns the file in which that is declared which a file names by this path; `None` where it is of another crate, or of this
/// crate's first file.
fn declared<'a>(codes: &Codes<'a>, (name, path): (&str, &str), left: usize) -> Option<&'a str> {
    let mut module: Vec<&str> = module_of(name)
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next_if(|part| matches!(*part, "crate" | "self" | "super")) {
        match part {
            "crate" => module.clear(),
            "super" => drop(module.pop()),
            _ => {}
        }
    }
    while let Some(part) = parts.peek() {
        module.push(part);
        if !codes.contains_key(module.join("/").as_str()) {
            module.pop();
            break;
        }
        parts.next();
    }
    let module = module.join("/");
    let first = || codes.keys().copied().find(|name| module_of(name).is_empty());
    let file = codes
        .get_key_value(module.as_str())
        .map(|(name, _)| *name)
        .or_else(|| first().filter(|_| module.is_empty()))?;
    let passed_on = parts.peek().and_then(|item| passed_on(&codes[file], item));
    let further = passed_on
        .filter(|_| left > 0)
        .and_then(|path| declared(codes, (file, &path), left - 1));
    further.or(Some(file).filter(|file| !module_of(file).is_empty()))
}

/// Returns the path by which a file imports what it is asked for by that name.
fn passed_on(code: &str, item: &str) -> Option<String> {
    let imported = code
        .match_indices("use ")
        .filter(|(at, _)| is_start(code, *at))
        .flat_map(|(at, keyword)| {
            let mut found = Vec::new();
            read_path(&code[at + keyword.len()..], "", &mut found);
            found
        });
    imported
        .into_iter()
        .find(|path| path.rsplit('/').next() == Some(item) && path != item)
}

/// Puts the files of a module at the top together.
fn modules(files: &Imports) -> Imports {
    let top = |name: &str| name.split('/').next().unwrap_or(name).to_owned();
    let mut modules = Imports::new();
    for (name, targets) in files {
        let others = targets.iter().map(|target| top(target));
        let others = others.filter(|target| *target != top(name));
        modules.entry(top(name)).or_default().extend(others);
    }
    modules
}

/// Every path that begins with `crate::`, `super::` or `self::`, its parts joined by slashes and groups in braces resolved.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start).filter(|(at, _)| is_start(code, *at)) {
            read_path(&code[at..], "", &mut found);
        }
    }
    found
}

/// Tells whether a word begins there that is not behind a path's beginning.
fn is_start(code: &str, at: usize) -> bool {
    let before = code[..at].chars().next_back();
    before.is_none_or(|before| !before.is_alphanumeric() && !matches!(before, '_' | ':' | '$'))
}

/// Reads one path behind `before`, with all that its braces hold; returns what follows it.
fn read_path<'a>(code: &'a str, before: &str, found: &mut Vec<String>) -> &'a str {
    let code = code.trim_start();
    if let Some(mut inside) = code.strip_prefix('{') {
        loop {
            inside = inside.trim_start_matches([' ', '\n', ',']);
            match inside.strip_prefix('}') {
                Some(rest) => return rest,
                None if inside.is_empty() => return inside,
                None => inside = after_alias(read_path(inside, before, found)),
            }
        }
    }
    let end = code.find(|next: char| !next.is_alphanumeric() && next != '_');
    let (name, rest) = code.split_at(end.unwrap_or(code.len()));
    let path = format!("{before}{name}");
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() => read_path(rest, &format!("{path}/"), found),
        Some(_) | None => {
            found.push(path);
            rest
        }
    }
}

/// Steps over what no path consists of, such as ` as name`, up to the next path or the end of the group.
fn after_alias(rest: &str) -> &str {
    rest.find([',', '}']).map_or("", |at| &rest[at..])
}

/// The circles, each sorted: who reaches whom and is reached.
fn groups(imports: &Imports) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = imports
        .keys()
        .map(|name| (name, reachable(imports, name)))
        .collect();
    let mut groups = BTreeSet::new();
    for (name, targets) in &reached {
        let back = |other: &&&String| reached.get(**other).is_some_and(|from| from.contains(name));
        let members: Vec<String> = targets
            .iter()
            .filter(back)
            .map(|member| (*member).clone())
            .collect();
        if !members.is_empty() {
            groups.insert(members);
        }
    }
    groups.into_iter().collect()
}

fn reachable<'a>(imports: &'a Imports, from: &str) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&String> = imports.get(from).into_iter().flatten().collect();
    while let Some(next) = ahead.pop() {
        if reached.insert(next) {
            ahead.extend(imports.get(next).into_iter().flatten());
        }
    }
    reached
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let told: Vec<String> = circles(&Tree::of(files))
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(told, expected, "{files:?}");
}

#[test]
fn files_that_import_each_other_in_a_circle_are_found() {
    check(
        &[
            ("cloud/src/a.rs", "use crate::{c, b::{X, y::Y as Z}};"),
            ("cloud/src/b.rs", "fn f() -> crate::c::Thing { g() }"),
            ("cloud/src/c.rs", "use crate::a::{self, More};"),
        ],
        &["cloud/src/a.rs:1: imports itself in a circle of a, b, c"; 2],
    );
}

#[test]
fn modules_at_the_top_have_an_order_even_where_no_file_is_in_a_circle() {
    check(
        &[
            ("cloud/src/store.rs", "mod inner;"),
            ("cloud/src/store/inner.rs", "use crate::payment::Reason;"),
            ("cloud/src/payment.rs", "pub enum Reason {}"),
            ("cloud/src/payment/sandbox.rs", "use crate::store::Store;"),
        ],
        &["cloud/src/payment.rs:1: imports itself in a circle of payment, store"],
    );
}

#[test]
fn siblings_that_import_each_other_are_found_also_by_names_that_others_pass_on() {
    check(
        &[
            ("cloud/src/lib.rs", "pub use a::one::One; use a::Two; mod a;"),
            (
                "cloud/src/a.rs",
                "mod one; pub mod two; pub(crate) use two::{Two, Three};",
            ),
            ("cloud/src/a/one.rs", "use super::Two; pub struct One;"),
            ("cloud/src/a/two.rs", "pub struct Two(crate::One);"),
        ],
        &["cloud/src/a.rs:1: imports itself in a circle of a/one, a/two"],
    );
    check(
        &[
            ("cloud/src/a.rs", "mod one; mod two;"),
            ("cloud/src/a/one.rs", "use super::two::{self, Two};"),
            (
                "cloud/src/a/two.rs",
                "fn f() -> super::one::One { super::super::a::one::g() }",
            ),
        ],
        &["cloud/src/a.rs:1: imports itself in a circle of a/one, a/two"],
    );
}

#[test]
fn tests_comments_other_crates_and_a_parent_are_no_circle() {
    check(
        &[
            (
                "cloud/src/a.rs",
                "#[cfg(test)] mod tests { use crate::b::B; } // crate::b",
            ),
            ("cloud/src/b.rs", "use crate::a::A;"),
            ("cloud/src/b/inner.rs", "use super::B; use crate::b::B;"),
            ("gate-agent/src/a.rs", "use crate::b::B;"),
        ],
        &[],
    );
}
