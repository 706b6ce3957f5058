//! `GET /readyz`: whether this hub can let people in, for whatever watches over it; why not is the status's.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use usher_words::hub::{NotReady, not_ready};

use crate::services::{Services, warnings};

/// Whether the hub is ready; it names nobody, so anyone may ask.
#[derive(Serialize)]
pub struct Readiness {
    ready: bool,
    /// What keeps it from letting people in.
    missing: Vec<&'static str>,
    /// What should not stay as it is, and a wrong clock: people can be let in all the same.
    warnings: Vec<String>,
}

/// Tells: 200 when people can be let in, else 503.
pub async fn ready(State(services): State<Arc<Services>>) -> (StatusCode, Json<Readiness>) {
    let replica = &services.replica;
    let missing: Vec<_> = [
        (replica.figures().failing, NotReady::CannotSave),
        (!replica.may_judge(), NotReady::NoCertificate),
        (replica.snapshot().policy.is_none(), NotReady::NoPolicy),
    ]
    .into_iter()
    .filter(|(is_so, _)| *is_so)
    .map(|(_, why)| why)
    .chain(warnings::of_own_log(&services))
    .map(not_ready)
    .collect();
    let status = if missing.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let readiness = Readiness {
        ready: missing.is_empty(),
        missing,
        warnings: warnings(&services),
    };
    (status, Json(readiness))
}

fn warnings(services: &Services) -> Vec<String> {
    let mut warnings = warnings::now(services);
    warnings.extend(services.replica.clock_trouble());
    warnings
}
