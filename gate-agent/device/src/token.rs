//! The token a turnstile or foreign handheld shows at the hub's HTTP: drawn here, kept only as a hash; what it allows is stored beside the hash.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use thiserror::Error;

/// What every token begins with, so that nobody takes it for something else.
const PREFIX: &str = "usher-http-";

/// A device's secret for the local HTTP.
pub struct DeviceToken([u8; 20]);

/// A text that is not a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a device token: expected {PREFIX} and 40 hexadecimal digits")]
pub struct InvalidToken;

impl DeviceToken {
    /// Draws a new one.
    ///
    /// # Errors
    ///
    /// The system's random source failed.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Returns what is stored in its place.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }

    /// Returns the text for the person who sets the device up; it is not shown again.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

impl FromStr for DeviceToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let body = text.strip_prefix(PREFIX).ok_or(InvalidToken)?;
        let bytes = HEXLOWER.decode(body.as_bytes()).map_err(|_| InvalidToken)?;
        bytes.try_into().map(Self).map_err(|_| InvalidToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_way_to_text_and_never_prints_itself() {
        let token = DeviceToken::draw().unwrap();
        let again: DeviceToken = token.reveal().parse().unwrap();
        assert_eq!(again.hash(), token.hash());
        assert_eq!(format!("{token:?}"), "DeviceToken(..)");
        assert!("usher-http-00".parse::<DeviceToken>().is_err());
    }
}
