//! Errors as problem documents (RFC 9457), and the reading of JSON bodies that fails with one; what failed inside is only logged.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_words::hub::problems::HubProblem;

/// Largest request body, in bytes: an enrolment request takes one KiB, a scan half of one.
const MAX_BODY_BYTES: usize = 2 * 1024;
/// Most of a body over the limit that is read and dropped, in bytes; beyond it the connection is simply closed.
const MAX_DROPPED_BYTES: usize = 16 * 1024 * 1024;

/// An error as the asker sees it.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
}

#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    /// Makes a problem of the hub's own.
    pub fn of(problem: &HubProblem<'_>) -> Self {
        let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, problem.words())
    }

    /// Makes a problem; the detail says what to do.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
        }
    }

    /// Hides an error of ours behind a problem, and logs it.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed");
        Self::of(&HubProblem::Internal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            title: self.status.canonical_reason().unwrap_or("error"),
            status: self.status.as_u16(),
            detail: &self.detail,
        };
        let body = serde_json::to_vec(&document).expect("two strings and a number have a JSON form");
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Reads a JSON body.
///
/// # Errors
///
/// A [`Problem`] that says what is wrong with it, and where.
pub async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = collect(body, MAX_BODY_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let status = if error.is_data() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        };
        Problem::new(status, error.to_string())
    })
}

/// Collects a body of at most so many bytes. One that is longer is read to its end and dropped: an answer in the middle of it would be
/// lost.
///
/// # Errors
///
/// It is too long, or breaks off.
pub async fn collect(body: Body, most_bytes: usize) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut total) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::of(&HubProblem::BrokeOff))?;
        total += chunk.len();
        if total <= most_bytes {
            bytes.extend_from_slice(&chunk);
        } else if total > MAX_DROPPED_BYTES {
            break;
        }
    }
    if total > most_bytes {
        return Err(Problem::of(&HubProblem::TooLong { most_bytes }));
    }
    Ok(bytes)
}
