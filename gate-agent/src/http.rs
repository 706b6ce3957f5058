//! The hub's local HTTP: every route on one page, limits and shutdown; what a route does is in its own file.

mod annulments;
mod enrolments;
mod events;
mod listener;
mod lookups;
mod metrics;
mod phone_codes;
mod phones;
mod problem;
mod readiness;
mod scans;
mod status;
pub mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::serve::{Listener, ListenerExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use usher_words::hub::problems::HubProblem;

use crate::doors::Doors;
use crate::services::Services;
use listener::BoundedListener;
use problem::Problem;
use tls::Tls;

pub use events::enrolments_entrance;

/// How long a request may take: a scan takes milliseconds, an upload over a bad radio some seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the HTTP of every event until cancelled, over TLS if there is any; requests under way are finished.
pub async fn serve(listener: TcpListener, tls: Option<Tls>, doors: Arc<Doors>, cancel: CancellationToken) {
    let (listener, routes) = (BoundedListener::new(listener), events::entrance(doors));
    match tls {
        Some(tls) => serve_on(tls.on(listener), routes, cancel).await,
        None => serve_on(listener, routes, cancel).await,
    }
}

/// Serves the phones of every event until cancelled, over TLS if there is any.
pub async fn serve_phones(
    listener: TcpListener,
    tls: Option<Tls>,
    doors: Arc<Doors>,
    cancel: CancellationToken,
) {
    let (listener, routes) = (BoundedListener::new(listener), phones::entrance(doors));
    match tls {
        Some(tls) => serve_on(tls.on(listener), routes, cancel).await,
        None => serve_on(listener, routes, cancel).await,
    }
}

/// Serves the enrolments of every event and nothing else until cancelled. It needs no TLS: what travels is no secret, and
/// neither side believes what was altered on its way.
pub async fn serve_enrolments(listener: TcpListener, doors: Arc<Doors>, cancel: CancellationToken) {
    let (listener, routes) = (
        BoundedListener::for_enrolments(listener),
        enrolments_entrance(doors),
    );
    serve_on(listener, routes, cancel).await;
}

async fn serve_on(listener: impl Listener<Addr = SocketAddr>, routes: Router, cancel: CancellationToken) {
    let app = routes.into_make_service_with_connect_info::<SocketAddr>();
    // Tapping does nothing but give handlers the peer's address, which axum gives only for listeners it knows.
    let serving = axum::serve(listener.tap_io(|_| {}), app).with_graceful_shutdown(cancel.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "HTTP has ended");
    }
}

/// Puts the routes of one event's hub together, with their limits.
pub fn routes(services: Arc<Services>) -> Router {
    let routes = Router::new()
        .route("/v1/scans", post(scans::judge))
        .route("/v1/annulments", post(annulments::annul))
        .route("/v1/enrolments", post(enrolments::enrol))
        .route("/v1/lookups", post(lookups::look_up))
        .route("/v1/phone-codes", post(phone_codes::make))
        .route("/v1/status", get(status::json))
        .route("/metrics", get(metrics::text))
        .route("/readyz", get(readiness::ready))
        .route("/", get(status::page))
        .route("/status.js", get(status::script))
        .route("/status.css", get(status::style));
    finished(routes, services)
}

/// Puts together what new scanners need of one event's hub.
pub fn enrolment_routes(services: Arc<Services>) -> Router {
    let routes = Router::new().route("/v1/enrolments", post(enrolments::enrol));
    finished(routes, services)
}

/// Returns routes the limits and answers that all have.
fn finished(routes: Router<Arc<Services>>, services: Arc<Services>) -> Router {
    routes
        .fallback(|| async { Problem::of(&HubProblem::NothingHere) })
        .method_not_allowed_fallback(|| async { Problem::of(&HubProblem::OtherMethod) })
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(CatchPanicLayer::new())
        .with_state(services)
}
