//! Text from outside, made harmless for a terminal.

/// Replaces what would move the cursor, colour or reorder the text: words may come from a ticket or the network.
#[must_use]
pub fn printable(text: &str) -> String {
    let reorders = |letter| matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|letter| {
            if letter.is_control() || reorders(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}
