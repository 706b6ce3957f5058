//! What comes in with a request, read strictly: every failure to read is a problem with a sentence that says what to do.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection, QueryRejection};
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use usher_protocol::plain;
use usher_words::problems::{Missing, ProblemDetail, ProblemKind};

use super::error::{ApiError, FieldError};

/// Length of a payment token or an idempotency key, in bytes: more than any service or random text has.
pub const TOKEN_BYTES: RangeInclusive<usize> = 1..=255;

/// Reads a JSON body.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = whole.map_err(JsonRejection::from)?;
        if writes_nul(&bytes) {
            return Err(ProblemDetail::NulCharacter.into());
        }
        let Json(read) = Json::from_request(Request::from_parts(parts, bytes.into()), state).await?;
        Ok(Self(read))
    }
}

/// Reads a JSON body that may be left out.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = whole.map_err(JsonRejection::from)?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        let JsonBody(read) = JsonBody::from_request(Request::from_parts(parts, bytes.into()), state).await?;
        Ok(Self(Some(read)))
    }
}

/// Reads a form that a page of ours has sent.
#[derive(Debug)]
pub struct FormBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for FormBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = whole.map_err(JsonRejection::from)?;
        if bytes.windows(3).any(|three| three == b"%00") {
            return Err(ProblemDetail::NulCharacter.into());
        }
        let form = Form::from_request(Request::from_parts(parts, bytes.into()), state).await;
        let Form(read) = form.map_err(|_| ProblemKind::Unreadable)?;
        Ok(Self(read))
    }
}

/// Tells whether a text of a JSON document has a NUL character, which can only be written as an escape: PostgreSQL stores none, so
/// that neither engine is given one.
fn writes_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        if let JsonRejection::BytesRejection(BytesRejection::FailedToBufferBody(_)) = &rejection
            && rejection.status() == StatusCode::PAYLOAD_TOO_LARGE
        {
            return ProblemKind::TooLarge.into();
        }
        Self::said_by(ProblemKind::of_unread(rejection.status().as_u16()), &rejection)
    }
}

/// Reads the query string.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(ProblemDetail::NulCharacter.into());
        }
        let Query(read) = Query::from_request_parts(parts, state).await?;
        Ok(Self(read))
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::said_by(ProblemKind::of_unread(rejection.status().as_u16()), &rejection)
    }
}

/// Reads which event of a stream a client has had last; a text that is no number names none.
#[derive(Debug)]
pub struct LastEventId(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let said = parts.headers.get("last-event-id");
        Ok(Self(said.and_then(|id| id.to_str().ok()?.parse().ok())))
    }
}

/// Reads the id in the path; a text that is no id of the kind names nothing.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::NotFound(Missing::Page))?;
        text.parse()
            .map(Self)
            .map_err(|_| ApiError::NotFound(Missing::Id))
    }
}

/// Digits of a number in a text at most: so many always fit into 64 bits, with a sign or without.
pub const MOST_DIGITS: usize = 18;

/// Reads a number that is written in digits alone, without a sign.
pub fn read_digits(text: &str) -> Option<u64> {
    let is_fit = text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_fit)
}

/// Gathers what is wrong with the values of a request, so that the client hears of all of it at once.
#[derive(Debug, Default)]
pub struct Checks {
    errors: Vec<FieldError>,
}

/// Errors reported at most: enough to mend a request by, bounded for one that is wrong everywhere.
pub const ERRORS_REPORTED: usize = 20;

impl Checks {
    /// Notes an error unless a condition holds.
    pub fn require(&mut self, holds: bool, pointer: impl Into<String>, detail: impl Into<Cow<'static, str>>) {
        if !holds && self.errors.len() < ERRORS_REPORTED {
            self.errors.push(FieldError {
                pointer: pointer.into(),
                detail: detail.into(),
            });
        }
    }

    /// Requires a plain text of a length in bytes: one line, as screens, logs and exports show it.
    pub fn text(&mut self, text: &str, pointer: impl Into<String>, bytes: RangeInclusive<usize>) {
        let detail = format!(
            "must be {} to {} bytes of plain text in one line, without blanks around it, control characters or marks that turn the order of letters",
            bytes.start(),
            bytes.end()
        );
        let is_fit = plain::is_plain(text) && bytes.contains(&text.len());
        self.require(is_fit, pointer, detail);
    }

    /// Requires a text of any number of lines and a length in bytes, without control characters or blanks around it.
    pub fn prose(&mut self, text: &str, pointer: impl Into<String>, bytes: RangeInclusive<usize>) {
        let clean = text.trim() == text && !text.chars().any(|char| char.is_control() && char != '\n');
        let detail = format!(
            "must be {} to {} bytes of text, without blanks around it or control characters",
            bytes.start(),
            bytes.end()
        );
        self.require(clean && bytes.contains(&text.len()), pointer, detail);
    }

    /// Requires a number in a range.
    pub fn range<N: PartialOrd + std::fmt::Display>(
        &mut self,
        number: N,
        pointer: impl Into<String>,
        range: RangeInclusive<N>,
    ) {
        let detail = format!("must be {} to {}", range.start(), range.end());
        self.require(range.contains(&number), pointer, detail);
    }

    /// Notes what was found elsewhere, as it is to be told here.
    pub fn take_over(&mut self, found: Self, told: impl Fn(FieldError) -> FieldError) {
        for FieldError { pointer, detail } in found.errors.into_iter().map(told) {
            self.require(false, pointer, detail);
        }
    }

    /// Tells whether something was wrong.
    pub fn failed(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Returns what was wrong, if anything.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`].
    pub fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Invalid(self.errors))
        }
    }
}
