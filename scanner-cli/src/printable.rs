//! Text from outside, made harmless for a terminal.

use usher_protocol::plain;

/// Replaces what would move the cursor, colour or reorder the text: words may come from a ticket or the network.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if plain::is_unruly(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}
