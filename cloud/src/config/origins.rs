//! Which other sites may ask for what buyers ask for, from the browsers of their visitors.

use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

/// A site as browsers name it, such as `https://owls.example`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WebOrigin(String);

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a site such as https://owls.example, without a path or a slash at the end")]
pub struct NotAnOrigin;

impl WebOrigin {
    /// Returns its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebOrigin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let is_host =
            |char: u8| char.is_ascii_lowercase() || char.is_ascii_digit() || b".-:[]".contains(&char);
        rest.filter(|host| !host.is_empty() && host.bytes().all(is_host))
            .map(|_| Self(text.to_owned()))
            .ok_or(NotAnOrigin)
    }
}

impl TryFrom<String> for WebOrigin {
    type Error = NotAnOrigin;

    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for origin in ["https://owls.example", "http://127.0.0.1:8080", "http://[::1]:80"] {
            assert!(origin.parse::<WebOrigin>().is_ok(), "{origin}");
        }
        for other in [
            "*",
            "null",
            "owls.example",
            "https://",
            "https://Owls.example",
            "https://owls.example/",
        ] {
            assert_eq!(other.parse::<WebOrigin>(), Err(NotAnOrigin), "{other}");
        }
    }
}
