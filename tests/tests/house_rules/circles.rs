//! Which file may import which inside a crate: no circle of files, and none of the modules at the top, so that these have an
//! order in which each imports only lower ones. Imports by `super::` stay in their family and do not count.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Breach, Tree, TreeFile};

/// What each file, or each module at the top of a crate, imports of its crate.
type Imports = BTreeMap<String, BTreeSet<String>>;

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
    let circles = crates.into_values().flat_map(|files| {
        let of_files = imports(&files);
        let of_modules = modules(&of_files);
        [of_files, of_modules]
            .iter()
            .flat_map(groups)
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
    let imported = files.iter().map(|(name, file)| {
        let targets = paths(&file.shipped()).into_iter().filter_map(|path| {
            let mut path = path.as_str();
            while !files.contains_key(path) {
                path = path.rsplit_once('/')?.0;
            }
            (path != *name).then(|| path.to_owned())
        });
        ((*name).to_owned(), targets.collect())
    });
    imported.collect()
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

/// Every path that begins with `crate::`, its parts joined by slashes and groups in braces resolved.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        read_path(&code[at + start.len()..], "", &mut found);
    }
    found
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
