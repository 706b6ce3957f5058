//! A refusal in the form of RFC 9457, with the values that some kinds carry and the headers that clients go by.

use std::borrow::Cow;

use altcha::Challenge;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use usher_words::problems::ProblemKind;
use utoipa::ToSchema;

use crate::selling::Shortage;
use crate::selling::buyer_bounds::BoundReached;

/// How long a client should wait before it asks again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// A quota of a client, as the headers `RateLimit-Policy` and `RateLimit` tell it
/// (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What of, for programs.
    pub name: &'static str,
    /// How much of it there is.
    pub most: u32,
    /// Within how many seconds, if it is so much of a time.
    pub window: Option<u64>,
    /// How much is left.
    pub left: u32,
}

impl Quota {
    /// Returns the quota of a bound that is reached, within so many seconds if it is so much of a time.
    pub fn of_bound(name: &'static str, reached: BoundReached, window: Option<u64>) -> Self {
        Self {
            name,
            most: reached.most,
            window,
            left: reached.most.saturating_sub(reached.used),
        }
    }

    /// Returns the values of the two headers.
    fn headers(self, retry_after: u64) -> [(HeaderName, String); 2] {
        let window = self
            .window
            .map_or_else(String::new, |seconds| format!(";w={seconds}"));
        let policy = format!("\"{}\";q={}{window}", self.name, self.most);
        let state = format!("\"{}\";r={};t={retry_after}", self.name, self.left);
        [
            (HeaderName::from_static("ratelimit-policy"), policy),
            (HeaderName::from_static("ratelimit"), state),
        ]
    }
}

/// What is wrong with one value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it is, as a JSON pointer (RFC 6901).
    #[schema(example = "/tiers/0/quantity")]
    pub pointer: String,
    /// What it must be.
    #[schema(value_type = String, example = "must be 1 to 20")]
    pub detail: Cow<'static, str>,
}

/// A tier that has fewer free units than were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShortageView {
    /// The tier.
    pub tier: u16,
    /// How many were asked for.
    pub requested: u32,
    /// How many are free.
    pub available: u32,
}

impl From<Shortage> for ShortageView {
    fn from(short: Shortage) -> Self {
        Self {
            tier: short.tier.0,
            requested: short.requested,
            available: short.available,
        }
    }
}

/// An error in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem, for programs.
    #[schema(value_type = String, example = "urn:usher:problem:units-taken")]
    pub r#type: String,
    /// The kind of problem in words.
    #[schema(value_type = String, example = "Conflict")]
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What to do about it.
    #[schema(value_type = String)]
    pub detail: Cow<'static, str>,
    /// Of `units-taken`: the seats that belong to someone else. None of the request's seats is held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<u32>,
    /// Of `units-short`: the tiers that do not have enough free units. Nothing is held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub short: Vec<ShortageView>,
    /// Of `invalid-request`: what is wrong with which value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Of `prove-first`: what to work on, as ALTCHA (version 2) has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub challenge: Option<Box<Challenge>>,
    /// What `type` names.
    #[serde(skip)]
    pub kind: ProblemKind,
    /// What the header Retry-After says, if not the usual.
    #[serde(skip)]
    pub retry_after: Option<u64>,
    /// What the headers RateLimit-Policy and RateLimit say.
    #[serde(skip)]
    pub quota: Option<Quota>,
}

/// How every `type` begins.
const TYPE_PREFIX: &str = "urn:usher:problem:";

/// Makes the problem of a kind that carries no values.
pub(super) fn problem(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Problem {
    let status = StatusCode::from_u16(kind.status());
    Problem {
        r#type: format!("{TYPE_PREFIX}{}", kind.slug()),
        title: status
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Error"),
        status: kind.status(),
        detail: detail.into(),
        taken: Vec::new(),
        short: Vec::new(),
        errors: Vec::new(),
        challenge: None,
        kind,
        retry_after: None,
        quota: None,
    }
}

/// What went wrong, as an answer carries it for a page that says it in its reader's language.
#[derive(Debug, Clone)]
pub struct PageProblem {
    pub kind: ProblemKind,
    /// What the API says of it.
    pub detail: String,
}

impl From<&Problem> for PageProblem {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: problem.kind,
            detail: problem.detail.clone().into_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let to_tell = PageProblem::from(&self);
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (retry_after, quota) = (self.retry_after, self.quota);
        let mut response = (status, Extension(to_tell), Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let told = quota
            .zip(retry_after)
            .map(|(quota, seconds)| quota.headers(seconds));
        for (name, text) in told.into_iter().flatten() {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        } else if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        } else if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
