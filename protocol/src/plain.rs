//! Plain text: what names, and what people say for the record, may be made of; how it is shown stays with each screen.

use crate::record::MAX_WORDS_BYTES;

/// Tells whether a letter would move a cursor, begin a line, or turn the order of the letters around it: on a screen, in a log or
/// in an export it makes other words of what stands there.
pub fn is_unruly(letter: char) -> bool {
    let is_bidi_mark = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_lines = matches!(letter, '\u{2028}' | '\u{2029}');
    letter.is_control() || is_bidi_mark || ends_lines
}

/// Tells whether nothing is to be seen of a letter.
fn is_unseen(letter: char) -> bool {
    let is_filler = matches!(
        letter,
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    );
    let has_no_width = matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    letter.is_whitespace() || is_filler || has_no_width
}

/// Tells whether a text is empty, or one line without blanks around it and with something to be seen.
pub fn is_plain(text: &str) -> bool {
    let is_seen = text.is_empty() || !text.chars().all(is_unseen);
    is_seen && text.trim() == text && !text.chars().any(is_unruly)
}

/// Takes what a person says for the record, a name or a reason, without the blanks around it; `None` where it is not plain, or
/// empty, or longer than [`MAX_WORDS_BYTES`].
pub fn said(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_fit = (1..=MAX_WORDS_BYTES).contains(&text.len()) && is_plain(text);
    is_fit.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_can_be_seen_and_stays_in_order() {
        for plain in [
            "",
            "North",
            "Gate 2",
            "Nørd–Öst",
            "שער צפון",
            "入口",
            "🎟",
            "a\u{200d}b",
        ] {
            assert!(is_plain(plain), "{plain:?}");
        }
        for not_plain in [
            "\u{1b}[2J",
            "a\nb",
            "a\tb",
            "  ",
            " North",
            "North ",
            "North\u{202e}",
            "\u{200f}a",
            "\u{2067}a",
            "a\u{2028}b",
            "\u{200b}",
            "\u{3164}\u{2060}",
            "\u{9b}31m",
        ] {
            assert!(!is_plain(not_plain), "{not_plain:?}");
        }
    }

    #[test]
    fn what_is_said_for_the_record_is_plain_and_never_empty() {
        let longest = "x".repeat(MAX_WORDS_BYTES);
        for (text, taken) in [
            ("  lost in the crowd ", Some("lost in the crowd")),
            (longest.as_str(), Some(longest.as_str())),
            (&format!("{longest}x"), None),
            ("", None),
            ("   ", None),
            ("one\ntwo", None),
            ("Ada\u{202e}", None),
        ] {
            assert_eq!(said(text), taken, "{text:?}");
        }
    }
}
