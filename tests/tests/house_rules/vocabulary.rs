//! The words that files and public types of the products are named with: those of the glossary, or plain English ones. Which
//! meaning a word has is the glossary's; that one name has one is `meanings`'s.

use std::collections::BTreeSet;

use crate::meanings::public_types;
use crate::tree::{Breach, Tree, TreeFile};

/// Words that every programmer of the language knows, one a line: a word that has a meaning of its own here belongs into the glossary.
const PLAIN: &str = include_str!("plain_words.txt");
const GLOSSARY: &str = "docs/GLOSSARY.md";
/// What a word may end with and still be the same.
const ENDINGS: [&str; 11] = [
    "s", "es", "d", "ed", "ing", "er", "ers", "or", "ion", "ions", "ment",
];

/// Refuses a word that is neither in the glossary nor plain.
pub fn names(tree: &Tree) -> Vec<Breach> {
    let glossary = tree.all().find(|file| file.path == GLOSSARY);
    let glossary = glossary.map_or_else(String::new, |file| file.text.to_lowercase());
    let known: BTreeSet<&str> = glossary
        .split(|character: char| !character.is_ascii_alphabetic())
        .chain(PLAIN.lines())
        .collect();
    let shipped = tree.rust().filter(|file| file.is_shipped());
    shipped.flat_map(|file| unknown(file, &known)).collect()
}

/// Refuses a headword of the glossary that is explained a second time: one word means one thing, or it is said which of two is meant.
pub fn headwords(tree: &Tree) -> Vec<Breach> {
    let Some(glossary) = tree.all().find(|file| file.path == GLOSSARY) else {
        return Vec::new();
    };
    let mut known = BTreeSet::new();
    let mut breaches = Vec::new();
    for (line, text) in (1..).zip(glossary.text.lines()) {
        let Some((heads, _)) = text.strip_prefix("| ").and_then(|row| row.split_once(" |")) else {
            continue;
        };
        // The head and the rule of a table.
        if heads == "word" || heads.starts_with("---") {
            continue;
        }
        for head in heads.split(", ") {
            let plain = head.to_lowercase().replace(['-', ' '], "");
            if !known.insert(plain) {
                let what = format!("\"{head}\" is explained twice: say which one, or use another word");
                breaches.push(Breach::at(glossary, line, what));
            }
        }
    }
    breaches
}

fn unknown(file: &TreeFile, known: &BTreeSet<&str>) -> Vec<Breach> {
    let (_, path) = file.path.split_once("/src/").unwrap_or_default();
    let of_path = path.trim_end_matches(".rs").split(['/', '_']);
    let mut words: Vec<(usize, String)> = of_path.map(|word| (1, word.to_owned())).collect();
    for (name, line) in public_types(&file.shipped()) {
        words.extend(parts(&name).into_iter().map(|word| (line, word)));
    }
    let strange = words.into_iter().filter(|(_, word)| !is_known(word, known));
    strange
        .map(|(line, word)| {
            let what = format!(
                "\"{word}\" is neither in {GLOSSARY} nor a plain word: take one that is, explain it there, or add it to plain_words.txt"
            );
            Breach::at(file, line, what)
        })
        .collect()
}

/// The words of a type's name, in small letters.
fn parts(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for character in name.chars().filter(char::is_ascii_alphabetic) {
        match words.last_mut() {
            Some(word) if character.is_ascii_lowercase() => word.push(character),
            _ => words.push(character.to_ascii_lowercase().to_string()),
        }
    }
    words
}

fn is_known(word: &str, known: &BTreeSet<&str>) -> bool {
    let has = |word: &str| known.contains(word);
    has(word)
        || ENDINGS.iter().any(|ending| {
            let is_longer = word
                .strip_suffix(ending)
                .is_some_and(|stem| has(stem) || has(&format!("{stem}e")));
            is_longer || has(&format!("{word}{ending}"))
        })
}

#[test]
fn a_headword_that_is_explained_twice_is_found() {
    let told = |glossary: &str| -> Vec<String> {
        let breaches = headwords(&Tree::of(&[(GLOSSARY, glossary)]));
        breaches.iter().map(ToString::to_string).collect()
    };
    let tables = "## Selling\n\n| word | means |\n|---|---|\n| map, seat list | a |\n\n## At the gate\n\n| word | means |\n|---|---|\n";
    assert_eq!(told(&format!("{tables}| list | b |\n")), [""; 0]);
    let why = "is explained twice: say which one, or use another word";
    assert_eq!(
        told(&format!("{tables}| level, Map | b |\n| Seat-list | c |\n")),
        [
            format!("docs/GLOSSARY.md:11: \"Map\" {why}"),
            format!("docs/GLOSSARY.md:12: \"Seat-list\" {why}")
        ]
    );
}

#[test]
fn a_word_that_nobody_explains_is_found() {
    let glossary = "| key files | the secret keys that a program holds |\n";
    let told = |path, text| -> Vec<String> {
        let breaches = names(&Tree::of(&[(GLOSSARY, glossary), (path, text)]));
        breaches.iter().map(ToString::to_string).collect()
    };
    assert_eq!(told("keys/src/key.rs", "pub struct SecretKeys;"), [""; 0]);
    assert_eq!(told("keys/tests/vault.rs", "pub struct Vault;"), [""; 0]);
    let what = "\"vault\" is neither in docs/GLOSSARY.md nor a plain word: take one that is, explain it there, or add it to plain_words.txt";
    assert_eq!(
        told("keys/src/vault.rs", "//! Files.\npub struct VaultKey;"),
        [
            format!("keys/src/vault.rs:1: {what}"),
            format!("keys/src/vault.rs:2: {what}")
        ]
    );
}
