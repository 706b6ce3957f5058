//! Words of names and texts as they are looked for: in lower case, without accents, and spelled as people type them who lack a letter.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

/// Letters of a word that count: more only cost room.
const WORD_LETTERS: usize = 32;
/// Marks with this combining class and more stand above or below a letter, as accents do; those with less are part of a syllable.
const FIRST_ACCENT: u8 = 200;

/// Returns the words of a text, folded: accents, case and apostrophes make no difference.
pub fn folded_words(text: &str) -> Vec<String> {
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfkd().flat_map(char::to_lowercase) {
        match letter {
            '\'' | '\u{2019}' => {}
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            mark if canonical_combining_class(mark) >= FIRST_ACCENT => {}
            letter => folded.push(letter),
        }
    }
    let words = folded.split(|letter: char| !letter.is_alphanumeric() && !is_combining_mark(letter));
    let words = words.filter(|word| !word.is_empty());
    words
        .map(|word| word.chars().take(WORD_LETTERS).collect())
        .collect()
}

/// Returns the words of a text under all their spellings: "Köln" is found as "koln" and as "koeln".
pub fn spelled_words(text: &str) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = folded_words(text).into_iter().collect();
    words.extend(folded_words(&without_umlauts(text)));
    words
}

/// Returns the ways to write a name in one word, such as that of a city.
pub fn spelled_whole(name: &str) -> BTreeSet<String> {
    [folded_words(name), folded_words(&without_umlauts(name))]
        .into_iter()
        .map(|words| words.concat())
        .collect()
}

fn without_umlauts(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfc().flat_map(char::to_lowercase) {
        match letter {
            'ä' => plain.push_str("ae"),
            'ö' | 'ø' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'å' => plain.push_str("aa"),
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &[&str]) {
        assert_eq!(folded_words(text), words, "{text}");
    }

    #[test]
    fn accents_case_and_apostrophes_make_no_difference() {
        check("Élan VITAL", &["elan", "vital"]);
        check("Großer Łódź-Ball", &["grosser", "lodz", "ball"]);
        check("Don\u{2019}t stop, Rock'n'Roll!", &["dont", "stop", "rocknroll"]);
        check("İstanbul ıssız", &["istanbul", "issiz"]);
        check("\u{FF21}\u{FF22} 2027", &["ab", "2027"]);
        check(" %_?\"' ", &[]);
    }

    #[test]
    fn other_scripts_keep_what_makes_their_words() {
        check("हिन्दी", &["हिन्दी"]);
        check("東京 公演", &["東京", "公演"]);
        check("Ночь Сов", &["ночь", "сов"]);
    }

    #[test]
    fn a_name_with_umlauts_has_two_spellings() {
        let both = |names: [&str; 2]| BTreeSet::from(names.map(str::to_owned));
        assert_eq!(spelled_words("Köln"), both(["koeln", "koln"]));
        assert_eq!(
            spelled_whole("Bad Säckingen"),
            both(["badsackingen", "badsaeckingen"])
        );
        assert_eq!(spelled_whole("New York"), BTreeSet::from(["newyork".to_owned()]));
    }

    #[test]
    fn a_word_has_so_many_letters_at_most() {
        assert_eq!(folded_words(&"é".repeat(100))[0].chars().count(), WORD_LETTERS);
    }
}
