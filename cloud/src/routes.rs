//! The one route table: every path the cloud answers on, from which the OpenAPI document is made.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::routing::get;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::api::error::ApiError;
use crate::api::problem_kinds::ProblemKind;
use crate::api::{bookings, enrolments, events, keys, organizer, reservations, seats, status, tickets};
use crate::observe;
use crate::openapi::{self, Document};
use crate::pages;
use crate::state::AppState;

type Api = OpenApiRouter<Arc<AppState>>;

/// Reservations, bookings and tickets: each is reached by a secret id, so that no cache on the way may keep an answer.
fn secret() -> Api {
    OpenApiRouter::new()
        .routes(routes!(reservations::create))
        .routes(routes!(reservations::show, reservations::release))
        .routes(routes!(bookings::create))
        .routes(routes!(bookings::show))
        .routes(routes!(tickets::show))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
}

/// For buyers and whoever builds something for them.
fn public() -> Api {
    OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(events::show))
        .routes(routes!(seats::show))
        .routes(routes!(keys::show))
        .routes(routes!(keys::jwks_of_event))
        .routes(routes!(keys::jwks_of_all))
        .routes(routes!(enrolments::create))
        .routes(routes!(status::health))
        .routes(routes!(status::ready))
        .routes(routes!(status::metrics))
}

/// For organizers, with an API key.
fn organizer() -> Api {
    OpenApiRouter::new()
        .routes(routes!(organizer::venues::create, organizer::venues::list))
        .routes(routes!(organizer::events::create, organizer::events::list))
        .routes(routes!(organizer::events::show, organizer::events::change))
        .routes(routes!(organizer::events::publish))
        .routes(routes!(organizer::moving::relocate))
        .routes(routes!(organizer::policy::replace))
        .routes(routes!(organizer::keys::request))
        .routes(routes!(organizer::keys::upload))
        .routes(routes!(organizer::codes::create))
        .routes(routes!(organizer::devices::list))
        .routes(routes!(organizer::revoking::revoke))
        .routes(routes!(organizer::revoking::retire))
        .routes(routes!(organizer::revoking::settle))
        .routes(routes!(organizer::tickets::revoke))
        .routes(routes!(organizer::tickets::reinstate))
        .routes(routes!(organizer::tickets::reissue))
        .routes(routes!(organizer::tickets::transfer))
        .routes(routes!(organizer::bookings::renew))
        .routes(routes!(organizer::admissions::list))
        .routes(routes!(organizer::incidents::list))
        .routes(routes!(organizer::counts::show))
}

/// For people with a browser.
fn pages() -> Router<Arc<AppState>> {
    Router::new()
        .route("/", get(pages::events::index))
        .route("/events/{event_id}", get(pages::events::show))
        .route("/bookings/{booking_id}", get(pages::tickets::booking))
        .route("/tickets/{ticket_id}", get(pages::tickets::show))
        .route("/assets/{file}", get(pages::assets::show))
}

/// Puts the table together with its limits.
pub fn router(state: Arc<AppState>) -> Router {
    let limits = &state.config.limits;
    let kib = |kib: u32| DefaultBodyLimit::max(kib as usize * 1024);
    let (api, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(public().merge(secret()).layer(kib(limits.public_body_kib)))
        .merge(organizer().layer(kib(limits.organizer_body_kib)))
        .split_for_parts();
    openapi::complete(&mut document);
    let nosniff = SetResponseHeaderLayer::overriding(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // An address may be a secret: it is told to no other site.
    let referrer = SetResponseHeaderLayer::if_not_present(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    Router::new()
        .merge(api)
        .merge(pages())
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .fallback(async || ApiError::NotFound("page"))
        .method_not_allowed_fallback(async || ApiError::from(ProblemKind::WrongMethod))
        .layer(middleware::from_fn_with_state(state.clone(), observe::request))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(nosniff)
        .layer(referrer)
        .with_state(state)
}
