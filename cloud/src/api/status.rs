//! `/healthz` and `/metrics`: how the server is, for whoever watches it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

use super::error::{ApiError, Problem};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// Tells whether the server can sell: the store reads and takes writes.
#[utoipa::path(get, path = "/healthz", tag = "status", responses(
    (status = 200, body = Health),
    (status = 503, body = Problem, content_type = "application/problem+json"),
))]
pub async fn health(State(app): State<Arc<AppState>>) -> Result<Json<Health>, ApiError> {
    app.store.published(()).await?;
    if !app.store.is_alive() {
        return Err(ApiError::Unavailable("The store takes no writes."));
    }
    Ok(Json(Health { status: "ok" }))
}

/// Gives the server's figures in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "status", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(State(app): State<Arc<AppState>>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics.render(),
    )
}
