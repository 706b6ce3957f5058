//! The hub's local HTTP: every route on one page, limits and shutdown; what a route does is in its own file.

mod enrolments;
mod events;
mod listener;
mod metrics;
mod problem;
mod scans;
mod status;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::hub::Services;
use crate::hub::doors::Doors;
use listener::BoundedListener;
use problem::Problem;

/// How long a request may take: a scan takes milliseconds, an upload over a bad radio some seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the HTTP of every event until cancelled; requests under way are finished.
pub async fn serve(listener: TcpListener, doors: Arc<Doors>, cancel: CancellationToken) {
    let app = Router::new().fallback(events::lead).with_state(doors);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    // Tapping does nothing but give handlers the peer's address, which axum gives only for listeners it knows.
    let listener = BoundedListener::new(listener).tap_io(|_| {});
    let serving = axum::serve(listener, app).with_graceful_shutdown(cancel.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "HTTP has ended");
    }
}

/// Puts the routes of one event's hub together, with their limits.
pub fn routes(services: Arc<Services>) -> Router {
    Router::new()
        .route("/v1/scans", post(scans::judge))
        .route("/v1/enrolments", post(enrolments::enrol))
        .route("/v1/status", get(status::json))
        .route("/metrics", get(metrics::text))
        .route("/", get(status::page))
        .route("/status.js", get(status::script))
        .route("/status.css", get(status::style))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this address takes another method",
            )
        })
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(CatchPanicLayer::new())
        .with_state(services)
}
