//! `/healthz`, `/readyz` and `/metrics`: how the server is, for whoever watches it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;
use tokio::time::timeout;
use usher_words::problems::{ProblemDetail, ProblemKind};
use usher_words::server;
use utoipa::ToSchema;

use crate::halted;
use crate::jobs;
use crate::paused_sale;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::location::CellName;
use crate::test_sale;
use crate::wrong_clock;

use super::error::ApiError;

/// How long the store may take to answer before the server is said to be of no use for now: whoever spreads requests over several
/// servers must not wait for one whose database is away.
const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

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
))]
pub async fn health(State(app): State<Arc<AppState>>) -> Result<Json<Health>, ApiError> {
    soon(app.store.home().published(())).await?;
    if !app.store.is_alive() {
        return Err(ProblemDetail::NoWrites.into());
    }
    Ok(Json(Health { status: "ok" }))
}

/// Waits for the store only so long.
async fn soon<T>(asking: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let answer = timeout(STORE_ANSWERS_WITHIN, asking).await;
    answer.unwrap_or(Err(StoreError::Overloaded))
}

/// Whether the server can be used, and what about it somebody should know.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready`.
    #[schema(example = "ready")]
    pub status: &'static str,
    /// What is not as it should be where people really pay; none, if all is well.
    pub warnings: Vec<WarningView>,
}

/// Something that somebody should know.
#[derive(Debug, Serialize, ToSchema)]
pub struct WarningView {
    /// Names it, for programs: `test_cards`, `halted`, `sale_paused`, `clock`, `database_clock`, `cells_away`.
    #[schema(example = "test_cards")]
    pub code: &'static str,
    /// What it is.
    pub detail: String,
}

/// Tells whether the server can sell, as `/healthz` does, and names what whoever runs it must not miss: events that are on
/// sale against test cards, events that are halted because the store may be an older copy, events whose sale is paused because their ticket key ends before they do, a clock of
/// this server that is not that of the linked devices, one of its machine that is not the database's, and cells that do not answer: their events are away, the others are served. A server that was told to stop says so here at once, and still serves for a
/// while: whoever spreads requests over several servers sends it none any more.
#[utoipa::path(get, path = "/readyz", tag = "status", responses(
    (status = 200, body = Readiness),
))]
pub async fn ready(State(app): State<Arc<AppState>>) -> Result<Json<Readiness>, ApiError> {
    if app.draining.is_cancelled() {
        return Err(ProblemKind::Draining.into());
    }
    let Json(Health { .. }) = health(State(Arc::clone(&app))).await?;
    Ok(Json(Readiness {
        status: "ready",
        warnings: warnings(&app).await,
    }))
}

/// Returns what is wrong with a server that answers all the same.
async fn warnings(app: &AppState) -> Vec<WarningView> {
    let (test_cards, halted, paused) = tokio::join!(
        soon(test_sale::warning(app)),
        soon(halted::warning(app)),
        soon(paused_sale::warning(app))
    );
    // Home has just answered: what is not known in time is of another cell, which is named.
    let warnings = [
        ("test_cards", test_cards.unwrap_or_default()),
        ("halted", halted.unwrap_or_default()),
        ("sale_paused", paused.unwrap_or_default()),
        ("clock", wrong_clock::warning(app)),
        ("database_clock", wrong_clock::database_warning(app)),
        ("cells_away", cells_away(app)),
    ];
    let warnings = warnings.into_iter().filter_map(|(code, detail)| {
        let detail = detail?;
        Some(WarningView { code, detail })
    });
    warnings.collect()
}

/// Says which cells do not answer; `None` while all do.
fn cells_away(app: &AppState) -> Option<String> {
    let away = app.store.cells_away();
    let names: Vec<_> = away.iter().map(CellName::as_str).collect();
    (!names.is_empty()).then(|| server::cells_away(&names))
}

/// Returns the server's figures in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "status", responses((status = 200, body = String, content_type = "text/plain", description = "Figures, one a line")))]
pub async fn metrics(State(app): State<Arc<AppState>>) -> impl IntoResponse {
    wrong_clock::measure(&app);
    jobs::measure(&app).await;
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics.render(),
    )
}
