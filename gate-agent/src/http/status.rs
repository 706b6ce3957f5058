//! `GET /`, `GET /v1/status`: how the hub stands, for people and programs; shown to this machine only, unless the settings say otherwise.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use usher_words::hub::problems::HubProblem;

use super::problem::Problem;
use crate::services::Services;
use crate::services::status::HubStatus;

/// Lets the page load only what this hub serves.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "status.html")]
struct Page<'a> {
    name: &'a str,
}

/// Returns the status in JSON.
pub async fn json(
    State(services): State<Arc<Services>>,
    ConnectInfo(asker): ConnectInfo<SocketAddr>,
) -> Result<Json<HubStatus>, Problem> {
    Ok(Json(status(&services, asker).await?))
}

/// Returns the status page, which brings itself up to date each second.
pub async fn page(
    State(services): State<Arc<Services>>,
    ConnectInfo(asker): ConnectInfo<SocketAddr>,
) -> Result<Response, Problem> {
    check_asker(&services, asker)?;
    let page = Page {
        name: &services.replica.certificate().name,
    };
    let html = page.render().map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY)], Html(html)).into_response())
}

/// Returns the page's script.
pub async fn script() -> impl IntoResponse {
    let content_type = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (content_type, include_str!("../../templates/status.js"))
}

/// Returns the page's style.
pub async fn style() -> impl IntoResponse {
    let content_type = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (content_type, include_str!("../../templates/status.css"))
}

/// Returns the status to whoever may see it.
pub async fn status(services: &Services, asker: SocketAddr) -> Result<HubStatus, Problem> {
    check_asker(services, asker)?;
    HubStatus::of(services).await.map_err(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "no status");
        Problem::of(&HubProblem::NoStatus)
    })
}

/// Lets only this machine in, unless the settings say otherwise.
pub fn check_asker(services: &Services, asker: SocketAddr) -> Result<(), Problem> {
    if services.open_status || is_this_machine(services, asker) {
        return Ok(());
    }
    Err(Problem::of(&HubProblem::StatusElsewhere))
}

/// Tells whether whoever asks sits at the hub.
pub fn is_this_machine(services: &Services, asker: SocketAddr) -> bool {
    let asker = asker.ip().to_canonical();
    asker.is_loopback() || services.own_address == Some(asker)
}
