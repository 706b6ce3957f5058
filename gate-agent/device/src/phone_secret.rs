//! What a phone shows at the hub's door: a set-up code, once, and a token from then on; drawn here, kept only as hashes.

use std::fmt;

use data_encoding::BASE32_NOPAD;

/// Bytes of a set-up code: 80 bits, which become sixteen letters and digits that a person can type.
const CODE_BYTES: usize = 10;
/// Bytes of a token, which nobody types.
const TOKEN_BYTES: usize = 20;

/// A secret of a phone, as text of lower-case letters and digits.
pub struct PhoneSecret(String);

impl PhoneSecret {
    /// Draws a set-up code.
    ///
    /// # Errors
    ///
    /// The system's random source failed.
    pub fn draw_code() -> Result<Self, getrandom::Error> {
        Self::draw::<CODE_BYTES>()
    }

    /// Draws a token.
    ///
    /// # Errors
    ///
    /// The system's random source failed.
    pub fn draw_token() -> Result<Self, getrandom::Error> {
        Self::draw::<TOKEN_BYTES>()
    }

    /// Takes what somebody shows.
    pub fn shown(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns what is stored in its place.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }

    /// Returns the text for the phone; it is not shown again.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn draw<const BYTES: usize>() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()))
    }
}

impl fmt::Debug for PhoneSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_sixteen_letters_and_digits_and_never_prints_itself() {
        let code = PhoneSecret::draw_code().unwrap();
        assert_eq!(code.reveal().len(), 16);
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(code.reveal().bytes().all(is_plain), "{}", code.reveal());
        assert_eq!(PhoneSecret::shown(code.reveal()).hash(), code.hash());
        assert_ne!(PhoneSecret::draw_code().unwrap().hash(), code.hash());
        assert_eq!(format!("{code:?}"), "PhoneSecret(..)");
    }
}
