//! Names that say nothing, for files and for what is declared in them. That the words come from the glossary is for
//! reviewers.

use crate::source::{line_of, trait_impls, words};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// Folders, files and modules that collect what has found no place.
const BANNED_FILES: [&str; 9] = [
    "mod", "util", "utils", "common", "helper", "helpers", "types", "misc", "manager",
];

/// Words that no type carries.
const BANNED_IN_TYPES: [&str; 5] = ["Manager", "Helper", "Util", "Misc", "Common"];

/// Words that mislead: each once stood for something that has a term of the field. Nothing that is declared carries one.
const MISLEADING: [&str; 11] = [
    "vault", "scribe", "doorstep", "decree", "chores", "lanes", "shelf", "meta", "bow", "bend", "doom",
];

/// Words that mislead in a program: what was called so has a term of the field too. Tests and the festival that they play may have
/// standing places.
const MISLEADING_IN_PROGRAMS: [&str; 2] = ["standing", "telling"];

/// Functions of programs that say nothing by these words alone: who looks at what and what follows, who is told, beside what. In longer
/// names they are English.
const MISLEADING_ALONE: [&str; 4] = ["look", "tell", "take_up", "beside"];

/// Refuses files and folders with a name that says nothing.
pub fn files(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter_map(|file| {
            let stem = file.path.trim_end_matches(".rs");
            let banned = stem.split('/').find(|part| BANNED_FILES.contains(part))?;
            Some(Breach::at(
                file,
                1,
                format!("'{banned}' is not a name for a file or folder"),
            ))
        })
        .collect()
}

/// Refuses declarations with a name that says nothing.
pub fn declarations(tree: &Tree) -> Vec<Breach> {
    let everywhere = tree
        .rust()
        .flat_map(|file| breaches(file, &file.source().code, objection));
    let shipped = tree.rust().filter(|file| file.is_shipped());
    let in_programs = shipped.flat_map(|file| breaches(file, &file.shipped(), objection_in_programs));
    everywhere.chain(in_programs).collect()
}

/// Says what is wrong with a name that is declared with a keyword, if anything is.
type Objection = fn(&str, &str) -> Option<&'static str>;

fn breaches(file: &TreeFile, code: &str, objection: Objection) -> Vec<Breach> {
    let names = words(code).skip(1);
    let foreign = trait_impls(code);
    words(code)
        .zip(names)
        .filter(|((offset, _), _)| !foreign.iter().any(|range| range.contains(offset)))
        .filter_map(|((offset, keyword), (name_offset, name))| {
            let declared = code[offset + keyword.len()..name_offset].trim().is_empty();
            let why = declared.then(|| objection(keyword, name)).flatten()?;
            Some(Breach::at(
                file,
                line_of(code, offset),
                format!("{keyword} {name}: {why}"),
            ))
        })
        .collect()
}

fn objection(keyword: &str, name: &str) -> Option<&'static str> {
    match keyword {
        "fn" | "mod" | "struct" | "enum" | "trait" | "type" | "union" if misleads(name, &MISLEADING) => {
            Some("the field has a term for it")
        }
        "fn" if name.starts_with("get_") => Some("a getter is named after what it gives"),
        "mod" if BANNED_FILES.contains(&name) => Some("a module is named after its one idea"),
        "struct" | "enum" | "trait" | "type" | "union"
            if BANNED_IN_TYPES.iter().any(|word| has_word(name, word)) =>
        {
            Some("a type is named after what it is")
        }
        _ => None,
    }
}

fn objection_in_programs(keyword: &str, name: &str) -> Option<&'static str> {
    match keyword {
        "fn" | "mod" | "struct" | "enum" | "trait" | "type" | "union"
            if misleads(name, &MISLEADING_IN_PROGRAMS) =>
        {
            Some("the field has a term for it")
        }
        "fn" if MISLEADING_ALONE.contains(&name) => Some("a function is named after what it does"),
        _ => None,
    }
}

/// Whether one of the words of a name, in CamelCase or snake_case, is a misleading one.
fn misleads(name: &str, misleading: &[&str]) -> bool {
    let mut apart = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            apart.push('_');
        }
        apart.extend(letter.to_lowercase());
    }
    apart.split('_').any(|word| misleading.contains(&word))
}

/// Whether a name in CamelCase carries a word whole: `UtilBelt` and `SeatUtils` do, `Utility` does not.
fn has_word(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        let rest = &name[at + word.len()..];
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        !rest.starts_with(|next: char| next.is_lowercase())
    })
}

#[test]
fn a_file_that_says_nothing_is_found() {
    refuses(files, "cloud/src/api/mod.rs", "", "'mod' is not a name");
    refuses(files, "cloud/src/utils/money.rs", "", "'utils' is not a name");
    refuses(files, "protocol/src/types.rs", "", "'types' is not a name");
    accepts(files, "cloud/src/api/models.rs", "");
}

#[test]
fn a_declaration_that_says_nothing_is_found() {
    refuses(
        declarations,
        "a.rs",
        "\npub struct SeatManager;",
        "a.rs:2: struct SeatManager",
    );
    refuses(
        declarations,
        "a.rs",
        "pub(crate) async fn get_seat() {}",
        "fn get_seat",
    );
    refuses(
        declarations,
        "a.rs",
        "struct KeyVault;",
        "the field has a term for it",
    );
    refuses(declarations, "a.rs", "fn open_vault() {}", "fn open_vault");
    accepts(declarations, "a.rs", "struct Bowl; fn bending(metadata: u8) {}");
    refuses(declarations, "a.rs", "mod helpers;", "mod helpers");
    refuses(declarations, "a.rs", "enum QrUtils {}", "enum QrUtils");
    accepts(
        declarations,
        "a.rs",
        "struct Utility; fn getaway() { row.get_ref(0); } // struct SeatManager",
    );
    refuses(
        declarations,
        "a.rs",
        "impl Seats { fn get_seat(&self) {} }",
        "fn get_seat",
    );
    refuses(
        declarations,
        "a.rs",
        "fn f(s: impl for<'a> Fn(&'a u8)) {} fn get_seat() {}",
        "fn get_seat",
    );
    accepts(
        declarations,
        "a.rs",
        "impl<T> Image for Frame<T> { fn get_pixel(&self) {} }",
    );
    accepts(declarations, "a.rs", "fn gets(f: fn(Common)) { map.get_mut(1) }");
}

#[test]
fn a_name_that_misleads_in_a_program_is_found() {
    let standing = "pub struct PageStanding;";
    refuses(
        declarations,
        "cloud/src/a.rs",
        standing,
        "the field has a term for it",
    );
    accepts(declarations, "cloud/tests/a.rs", standing);
    accepts(
        declarations,
        "cloud/src/a.rs",
        "#[cfg(test)] mod tests { fn standing() {} }",
    );
    refuses(
        declarations,
        "cloud/src/a.rs",
        "async fn look() {}",
        "what it does",
    );
    accepts(declarations, "cloud/src/a.rs", "fn look_up() {}");
}
