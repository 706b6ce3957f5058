//! What surrounds every request: its time limit, its figures, and an answer even when a handler panics.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use usher_words::problems::ProblemDetail;

use crate::api::error::ApiError;
use crate::state::AppState;

/// Bounds the time of a request, ends its connection where the server is about to stop, and records how long it took, by its route's pattern.
pub async fn request(State(app): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    // A connection of HTTP/2 is told once, by the server.
    let is_one_by_one = request.version() <= Version::HTTP_11;
    let route = request.extensions().get::<MatchedPath>().cloned();
    let limit = Duration::from_secs(app.config.limits.request_seconds.into());
    let mut response = timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| ApiError::from(ProblemDetail::TookTooLong).into_response());
    if is_one_by_one && app.draining.is_cancelled() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.metrics
        .answered(route, response.status().as_u16(), started.elapsed());
    response
}

/// Answers for a handler that panicked; what it said goes to the log only.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let said = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(said, "a handler panicked");
    ApiError::Internal.into_response()
}
