//! The client's key of a request that creates or moves money: as a header or in the body, so that any client can send it.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::error::ApiError;
use super::input::{Checks, TOKEN_BYTES};

/// The header, in lower case as HTTP/2 writes it.
pub const HEADER: &str = "idempotency-key";
/// The member of a body.
pub const MEMBER: &str = "idempotency_key";

/// What the header `Idempotency-Key` says; `None` if there is none.
#[derive(Debug)]
pub struct IdempotencyHeader(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl IdempotencyHeader {
    /// Reads the header. What is no text is none that a client can have meant; it is refused as one that is too odd.
    pub fn of(headers: &HeaderMap) -> Self {
        let said = headers.get(HEADER);
        Self(said.map(|said| String::from_utf8_lossy(said.as_bytes()).into_owned()))
    }

    /// Tells whether there is none.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the key of a request whose body may name it too.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`] when there is none, when the two differ, or when it cannot be a key.
    pub fn or(self, body: Option<String>) -> Result<String, ApiError> {
        self.or_member(body, TOKEN_BYTES)
    }

    /// Returns the key of a request whose body may name it too; its length in bytes must lie in a range.
    ///
    /// # Errors
    ///
    /// As [`Self::or`].
    pub fn or_member(self, body: Option<String>, bytes: RangeInclusive<usize>) -> Result<String, ApiError> {
        let mut checks = Checks::default();
        let differ = matches!((&self.0, &body), (Some(header), Some(body)) if header != body);
        checks.require(
            !differ,
            "/idempotency_key",
            "must be the same as the header Idempotency-Key, or be left out",
        );
        let key = self.0.or(body);
        checks.require(
            key.is_some(),
            "/idempotency_key",
            "must be given, here or as the header Idempotency-Key",
        );
        let key = key.unwrap_or_else(|| "none".into());
        checks.text(&key, "/idempotency_key", bytes);
        checks.finish()?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: Option<&str>, body: Option<&str>, expected: Option<&str>) {
        let header = IdempotencyHeader(header.map(str::to_owned));
        let key = header.or(body.map(str::to_owned));
        assert_eq!(key.ok().as_deref(), expected);
    }

    #[test]
    fn a_key_comes_from_the_header_or_the_body_and_from_both_only_if_they_agree() {
        check(Some("a"), None, Some("a"));
        check(None, Some("b"), Some("b"));
        check(Some("c"), Some("c"), Some("c"));
        check(Some("a"), Some("b"), None);
        check(None, None, None);
        check(Some(""), None, None);
    }
}
