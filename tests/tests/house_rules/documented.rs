//! Which public things say what they are: types, their variants, functions, constants, the items of traits. Fields do not have to: their
//! name and type often say it all, and rustc's `missing_docs` cannot let them be.

use crate::source::{body_start, closed, line_of, words};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// What begins a declaration behind `pub`; modules begin with a line of their own, which another rule asks for.
const KEYWORDS: [&str; 8] = [
    "fn", "struct", "enum", "union", "trait", "type", "const", "static",
];
/// What may stand between `pub` and `fn`.
const QUALIFIERS: [&str; 3] = ["async", "unsafe", "const"];

/// Modules that are compiled for tests alone, whose functions are named like sentences.
const FOR_TESTS: [&str; 2] = ["protocol/src/rehearsal", "cloud/src/store/contract"];

/// Refuses public items and variants without a doc comment.
pub fn public_items(tree: &Tree) -> Vec<Breach> {
    let is_for_tests = |file: &&TreeFile| FOR_TESTS.iter().any(|module| file.path.starts_with(module));
    tree.rust()
        .filter(|file| !is_for_tests(file))
        .flat_map(undocumented)
        .collect()
}

fn undocumented(file: &TreeFile) -> Vec<Breach> {
    let code = file.shipped();
    let declared = declarations(&code);
    let bare = declared
        .into_iter()
        .filter(|(offset, _)| !is_documented(&file.text, &code, *offset));
    bare.map(|(offset, name)| {
        let what = format!("{name} is public and does not say what it is");
        Breach::at(file, line_of(&code, offset), what)
    })
    .collect()
}

/// The public declarations with what they declare, the variants of public enums and the items of public traits among them.
fn declarations(code: &str) -> Vec<(usize, &str)> {
    let all: Vec<(usize, &str)> = words(code).collect();
    let mut found = Vec::new();
    for (at, (offset, word)) in all.iter().enumerate() {
        if *word != "pub" {
            continue;
        }
        let mut rest = all[at + 1..].iter().peekable();
        let mut keyword = rest.next();
        while keyword.is_some_and(|(_, word)| QUALIFIERS.contains(word))
            && rest
                .peek()
                .is_some_and(|(_, next)| KEYWORDS.contains(next) || QUALIFIERS.contains(next))
        {
            keyword = rest.next();
        }
        let (Some((start, keyword)), Some((name_at, name))) = (keyword, rest.next()) else {
            continue;
        };
        // A restriction as in `pub(crate)` or a macro's `$name` stands between the words.
        let is_plain = |from: usize, to: usize| {
            code[from..to]
                .split_whitespace()
                .all(|word| words(word).count() == 1)
        };
        if !KEYWORDS.contains(keyword) || !is_plain(*offset, *name_at) {
            continue;
        }
        found.push((*offset, *name));
        match *keyword {
            "enum" => found.extend(parts(code, *start, |_| true)),
            "trait" => found.extend(parts(code, *start, |word| {
                matches!(word, "fn" | "const" | "type" | "async")
            })),
            _ => {}
        }
    }
    found
}

/// The first words of the parts between the braces of an item, where they are as wanted.
fn parts(code: &str, item: usize, wanted: fn(&str) -> bool) -> Vec<(usize, &str)> {
    let Some(open) = body_start(code, item) else {
        return Vec::new();
    };
    let end = closed(code, open) - 1;
    let (mut found, mut at, mut begins) = (Vec::new(), open + 1, true);
    while at < end {
        let rest = &code[at..end];
        match rest.as_bytes()[0] {
            b'#' => at = closed(code, at + 1),
            b'(' | b'[' | b'{' => {
                // The body of a method ends it; the fields of a variant are followed by a comma.
                begins = rest.starts_with('{');
                at = closed(code, at);
            }
            b',' | b';' => (begins, at) = (true, at + 1),
            byte if byte.is_ascii_alphabetic() => {
                let word = words(rest).next().map_or("", |(_, word)| word);
                if begins && wanted(word) {
                    found.push((at, word));
                }
                (begins, at) = (false, at + word.len());
            }
            _ => at += 1,
        }
    }
    found
}

/// Tells whether a doc comment stands before an item, or before its attributes.
fn is_documented(text: &str, code: &str, item: usize) -> bool {
    let before = text[..item].trim_end();
    let last = before.rsplit('\n').next().unwrap_or_default().trim_start();
    if last.starts_with("///") {
        return true;
    }
    let attribute = code[..before.len()]
        .rfind("#[")
        .filter(|at| closed(code, at + 1) == before.len());
    attribute.is_some_and(|at| text[at..].starts_with("#[doc") || is_documented(text, code, at))
}

#[test]
fn what_is_public_and_says_nothing_is_found() {
    for (code, name) in [
        ("pub fn f() {}", "f"),
        ("/// Counts.\npub struct A;\npub async fn g() {}", "g"),
        ("// Not a doc.\n#[derive(Debug)]\npub struct Seat;", "Seat"),
        (
            "/// Kinds.\npub enum E {\n    /// One.\n    A,\n    B { x: u8 },\n}",
            "B",
        ),
        (
            "/// Kinds.\npub enum E {\n    /// One.\n    A(u8),\n    #[default]\n    C,\n}",
            "C",
        ),
        (
            "/// Does.\npub trait T {\n    /// Once.\n    fn f() {}\n    fn g();\n}",
            "fn",
        ),
        (
            "/// A.\npub struct A;\nimpl A {\n    pub const fn g(self) {}\n}",
            "g",
        ),
    ] {
        let told = format!("{name} is public and does not say what it is");
        refuses(public_items, "cloud/src/a.rs", code, &told);
    }
}

#[test]
fn what_is_documented_private_or_a_field_is_let_be() {
    for code in [
        "/// A seat.\n#[derive(\n    Debug,\n)]\n#[serde(rename = \"a]\")]\npub struct Seat {\n    pub row: u8,\n}",
        "fn f() {}\nenum E { A }\nstruct S;\npub(crate) fn g() {}\npub use a::b;\npub mod c;",
        "/// Kinds.\npub enum E {\n    /// One.\n    A { x: u8, y: u8 } = 1,\n    #[doc = \"x\"]\n    B,\n}",
        "#[cfg(test)]\nmod tests { pub fn f() {} }",
    ] {
        accepts(public_items, "cloud/src/a.rs", code);
    }
    accepts(public_items, "cloud/src/a/tests.rs", "pub fn f() {}");
}
