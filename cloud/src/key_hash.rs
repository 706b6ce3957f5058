//! Secrets that open something: texts with 32 random bytes, of which only a hash is kept.

use data_encoding::BASE32HEX_NOPAD;

use crate::ids::draw;

/// The BLAKE3 hash of the text of an API key, or of something else with 32 random bytes that opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// Hashes a key's text.
    pub fn of(text: &str) -> Self {
        Self(*blake3::hash(text.as_bytes()).as_bytes())
    }

    /// Draws a key: its text, which holds 32 random bytes, and the hash that is kept.
    pub fn draw() -> (String, Self) {
        Self::draw_with("uok_")
    }

    /// Draws a secret whose text begins so.
    pub fn draw_with(prefix: &str) -> (String, Self) {
        let random = BASE32HEX_NOPAD.encode(&draw::<32>()).to_ascii_lowercase();
        let text = format!("{prefix}{random}");
        let hash = Self::of(&text);
        (text, hash)
    }
}
