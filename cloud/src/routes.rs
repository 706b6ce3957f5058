//! The one route table: every path the cloud answers on, by who it is for, with the limits that hold there; the OpenAPI document is made from it.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, header};
use axum::routing::{MethodRouter, get, post};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use usher_words::problems::{Missing, ProblemKind};
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::organizer::allowed::operation_of;
use crate::api::recording::{Recorder, recorded};
use crate::api::repeating::{Repeatable, repeatable};
use crate::api::{
    availability, binding, bookings, enrolments, events, keys, listening, my_tickets, oauth, organizer,
    printing, reservations, seats, status, suggestions, tickets, vouchers, waiting_list, waiting_room,
    webhooks,
};
use crate::headers::{
    LOADS_DOCS, LOADS_NOTHING, OPENER_POLICY, always, from_other_sites, only_tls, unless_said,
};
use crate::observe;
use crate::openapi::{self, Document, roles};
use crate::pages;
use crate::rights::Operation;
use crate::state::AppState;

type Api = OpenApiRouter<Arc<AppState>>;

/// For whoever looks around; anybody may ask, and caches may keep what its handler says.
fn public() -> Api {
    OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(suggestions::suggest))
        .routes(routes!(events::show))
        .routes(routes!(seats::show))
        .routes(routes!(availability::layout))
        .routes(routes!(availability::show))
        .routes(routes!(availability::changes))
        .routes(routes!(listening::listen))
        .routes(routes!(waiting_room::show))
        .routes(routes!(waiting_room::show_draw))
        .routes(routes!(keys::show))
        .routes(routes!(keys::jwks_of_event))
        .routes(routes!(keys::jwks_of_all))
}

/// For buyers: a secret id in the path or body is what lets them in, so that no cache on the way may keep an answer.
fn buyer(app: &Arc<AppState>) -> Api {
    OpenApiRouter::new()
        .routes(once(app, routes!(reservations::create), None))
        .routes(routes!(reservations::show, reservations::release))
        .routes(routes!(vouchers::check))
        .routes(routes!(waiting_list::join))
        .routes(routes!(waiting_list::show, waiting_list::leave))
        .routes(routes!(waiting_room::join))
        .routes(routes!(waiting_room::exchange))
        .routes(routes!(bookings::create))
        .routes(routes!(bookings::show))
        .routes(routes!(printing::tickets))
        .routes(routes!(printing::calendar))
        .routes(routes!(my_tickets::ask))
        .routes(routes!(tickets::show))
        .routes(routes!(binding::bind))
}

/// For programs of organizers, which their API key lets in.
fn machine() -> Api {
    OpenApiRouter::new()
        .routes(routes!(oauth::token))
        .routes(routes!(oauth::metadata))
}

/// For machines that become devices: an enrolment code lets them in.
fn device() -> Api {
    OpenApiRouter::new().routes(routes!(enrolments::create))
}

/// For whoever runs the server; anybody may ask.
fn operations() -> Api {
    OpenApiRouter::new()
        .routes(routes!(status::health))
        .routes(routes!(status::ready))
        .routes(routes!(status::metrics))
}

/// Puts handlers behind their routes; those alone that check what the caller may do and whose event it is.
macro_rules! checked {
    ($app:ident: $($handler:path,)+) => {
        OpenApiRouter::new()$(.routes(guarded($app, routes!($handler), operation_of($handler))))+
    };
}

/// Has routes tell who may use them, and what they change be written down.
fn guarded(
    app: &Arc<AppState>,
    routes: UtoipaMethodRouter<Arc<AppState>>,
    operation: Operation,
) -> UtoipaMethodRouter<Arc<AppState>> {
    let (schemas, paths, router) = roles::written(routes, operation);
    if !operation.is_recorded() {
        return (schemas, paths, router);
    }
    let recorder = Recorder {
        app: Arc::clone(app),
        operation,
    };
    let recording = middleware::from_fn_with_state(recorder, recorded);
    let routes = (schemas, paths, router.route_layer(recording));
    if operation.is_repeatable() {
        once(app, routes, Some(operation))
    } else {
        routes
    }
}

/// Has requests with an idempotency key done once.
fn once(
    app: &Arc<AppState>,
    (schemas, paths, router): UtoipaMethodRouter<Arc<AppState>>,
    operation: Option<Operation>,
) -> UtoipaMethodRouter<Arc<AppState>> {
    let of = Repeatable {
        app: Arc::clone(app),
        operation,
    };
    let repeating = middleware::from_fn_with_state(of, repeatable);
    (schemas, paths, router.route_layer(repeating))
}

/// For organizers: who may do something for them, and what was done.
fn people(app: &Arc<AppState>) -> Api {
    checked![app:
        organizer::acts::list,
        organizer::api_keys::create,
        organizer::api_keys::list,
        organizer::api_keys::revoke,
        organizer::staff::invite,
        organizer::staff::withdraw,
        organizer::staff::list,
        organizer::staff::change,
        organizer::staff::remove,
        organizer::staff::log_out,
    ]
}

/// For organizers: an API key lets them in, its role and [`organizer::owned`] to what they may do with their own events.
fn organizer(app: &Arc<AppState>) -> Api {
    checked![app:
        organizer::venues::create,
        organizer::venues::list,
        organizer::events::create,
        organizer::events::list,
        organizer::events::show,
        organizer::changing::change,
        organizer::events::publish,
        organizer::hold_bounds::show,
        organizer::hold_bounds::replace,
        organizer::waiting_room::show,
        organizer::waiting_room::replace,
        organizer::waiting_room::draw,
        organizer::waiting_room::close,
        organizer::blocks::create,
        organizer::blocks::list,
        organizer::blocks::release,
        organizer::comps::create,
        organizer::vouchers::create,
        organizer::vouchers::list,
        organizer::vouchers::stop,
        organizer::endpoints::create,
        organizer::endpoints::list,
        organizer::endpoints::remove,
        organizer::endpoints::rotate,
        organizer::endpoints::test,
        organizer::endpoints::webhooks,
        organizer::endpoints::replay,
        organizer::news::listen,
        organizer::letters::list,
        organizer::letters::replay,
        organizer::resending::resend,
        organizer::resending::correct,
        organizer::mailings::create,
        organizer::mailings::preview,
        organizer::mailings::list,
        organizer::moving::relocate,
        organizer::canceling::cancel,
        organizer::canceling::show,
        organizer::canceling::retry,
        organizer::policy::replace,
        organizer::keys::request,
        organizer::keys::upload,
        organizer::codes::create,
        organizer::devices::list,
        organizer::revoking::revoke,
        organizer::revoking::retire,
        organizer::revoking::settle,
    ]
}

/// For organizers too: what was sold, who came, and the money.
fn sold(app: &Arc<AppState>) -> Api {
    checked![app:
        organizer::tickets::revoke,
        organizer::tickets::reinstate,
        organizer::tickets::reissue,
        organizer::tickets::unbind,
        organizer::tickets::transfer,
        organizer::bookings::renew,
        organizer::refunds::create,
        organizer::refund_lists::list,
        organizer::refund_lists::list_all,
        organizer::refunds::retry,
        organizer::refunds::close,
        organizer::receipts::list,
        organizer::disputes::list,
        organizer::admissions::list,
        organizer::incidents::list,
        organizer::counts::show,
        organizer::booking_lists::list,
        organizer::booking_lists::search,
        organizer::exports::export,
        organizer::daily_report::show,
        organizer::tills::open,
        organizer::tills::list,
        organizer::tills::close,
        organizer::counter::sell,
        organizer::waiting_list::list,
        organizer::invoices::settle,
    ]
}

/// For payment services, which prove by a signature who they are.
fn gateways() -> Router<Arc<AppState>> {
    Router::new().route("/v1/webhooks/stripe", post(webhooks::stripe))
}

/// For buyers with a browser, each in their language.
fn buyer_pages(app: &Arc<AppState>) -> Router<Arc<AppState>> {
    let in_language = middleware::from_fn_with_state(Arc::clone(app), pages::reader::in_language);
    Router::new()
        .route("/", get(pages::events::index))
        .route("/events/{event_id}", get(pages::events::show))
        .route(
            "/events/{event_id}/wait",
            get(pages::waiting_room::show).post(pages::waiting_room::join),
        )
        .route("/bookings/{booking_id}", get(pages::tickets::booking))
        .route("/bookings/{booking_id}/print", get(pages::tickets::print))
        .route("/waiting/{waiter_id}", get(pages::waiting_list::show))
        .route("/tickets/{ticket_id}", get(pages::tickets::show))
        .route(
            "/my-tickets",
            get(pages::my_tickets::show).post(pages::my_tickets::ask),
        )
        .route("/my-tickets/leave", post(pages::my_tickets::leave))
        .route(
            "/my-tickets/links/{secret}",
            get(pages::my_tickets::show_link).post(pages::my_tickets::open),
        )
        .layer(in_language)
}

/// What pages load, the page of a scanner, and the bank that comes with the server.
fn pages() -> Router<Arc<AppState>> {
    Router::new()
        .route(
            "/sandbox/payments/{reference}",
            get(pages::sandbox::show).post(pages::sandbox::answer),
        )
        .route("/assets/ticket-worker.js", get(pages::assets::ticket_worker))
        .route("/assets/{file}", get(pages::assets::show))
        .route("/gate", get(pages::gate::show))
        .route("/gate/{file}", get(pages::gate::part))
}

/// A page of the console, or what a form of one does.
pub struct ConsoleRoute {
    /// `GET` of a page, `POST` of a form.
    pub method: Method,
    /// Where it is.
    pub path: &'static str,
    /// What it takes.
    pub operation: Operation,
    route: MethodRouter<Arc<AppState>>,
}

/// Lists pages and forms of the console; those alone that check what their visitor may do and whose event it is.
macro_rules! console_routes {
    (shown: $($page:literal $show:path,)+; done: $($form:literal $deed:path,)*) => {
        vec![
            $(ConsoleRoute {
                method: Method::GET,
                path: $page,
                operation: operation_of($show),
                route: get($show),
            },)+
            $(ConsoleRoute {
                method: Method::POST,
                path: $form,
                operation: operation_of($deed),
                route: post($deed),
            },)*
        ]
    };
}

/// The pages of the console, and what its forms do. All work without scripts.
pub fn console_routes() -> Vec<ConsoleRoute> {
    use pages::console;
    console_routes![shown:
        "/console" console::index,
        "/console/new" console::drafts::show,
        "/console/team" console::team::show,
        "/console/team/{staff_id}/remove" console::team::ask,
        "/console/events/{event_id}" console::sales::show,
        "/console/events/{event_id}/gates" console::gates::show,
        "/console/events/{event_id}/wallboard" console::gates::wallboard,
        "/console/events/{event_id}/bookings" console::bookings::list,
        "/console/events/{event_id}/bookings/{booking_id}" console::bookings::show,
        "/console/events/{event_id}/bookings/{booking_id}/refund" console::refunds::ask,
        "/console/events/{event_id}/blocks" console::blocks::list,
        "/console/events/{event_id}/blocks/{block_id}/release" console::blocks::ask,
        "/console/events/{event_id}/messages" console::messages::show,
        "/console/events/{event_id}/devices" console::devices::list,
        "/console/events/{event_id}/devices/{device}/revoke" console::devices::ask,
        "/console/events/{event_id}/keys" console::keys::show,
        ;
        done:
        "/console/team/invitations" console::team::invite,
        "/console/team/invitations/{invitation_id}/withdraw" console::team::withdraw,
        "/console/team/{staff_id}/role" console::team::change,
        "/console/team/{staff_id}/sessions" console::team::log_out,
        "/console/team/{staff_id}/remove" console::team::remove,
        "/console/venues" console::drafts::venue,
        "/console/new" console::drafts::create,
        "/console/events/{event_id}/keys" console::keys::request,
        "/console/events/{event_id}/trust-bundle" console::keys::hand_in,
        "/console/events/{event_id}/publish" console::keys::publish,
        "/console/events/{event_id}/bookings" console::bookings::search,
        "/console/events/{event_id}/bookings/{booking_id}/resend" console::bookings::resend,
        "/console/events/{event_id}/bookings/{booking_id}/refund" console::refunds::give,
        "/console/events/{event_id}/blocks" console::blocks::set_aside,
        "/console/events/{event_id}/blocks/{block_id}/release" console::blocks::release,
        "/console/events/{event_id}/blocks/comps" console::comps::give,
        "/console/events/{event_id}/messages" console::messages::preview,
        "/console/events/{event_id}/messages/send" console::messages::send,
        "/console/events/{event_id}/devices/codes" console::devices::code,
        "/console/events/{event_id}/devices/{device}/revoke" console::devices::revoke,
    ]
}

/// Lets people of organizers into their console, and writes down what they do there.
fn console(app: &Arc<AppState>) -> Router<Arc<AppState>> {
    let let_in = middleware::from_fn_with_state(app.clone(), pages::console::access::let_in);
    let all = console_routes().into_iter();
    let router = all.fold(Router::new(), |router, one| {
        let operation = one.operation;
        if one.method == Method::GET || !operation.is_recorded() {
            return router.route(one.path, one.route);
        }
        let app = Arc::clone(app);
        let recording = middleware::from_fn_with_state(Recorder { app, operation }, recorded);
        router.route(one.path, one.route.route_layer(recording))
    });
    router.layer(let_in)
}

/// For people of organizers with a browser. Pages of theirs work without scripts.
fn staff_pages() -> Router<Arc<AppState>> {
    use pages::staff;
    Router::new()
        .route("/staff", get(staff::show))
        .route("/staff/events/{event_id}/counter", get(staff::counter::show))
        .route("/staff/proof", post(staff::prove))
        .route("/staff/password", post(staff::password::change))
        .route("/staff/log-out", post(staff::log_out))
        .route("/staff/sessions/{session_id}/end", post(staff::end))
        .route(
            "/staff/log-in/{organizer_id}",
            get(staff::log_in::show).post(staff::log_in::answer),
        )
        .route(
            "/staff/invitations/{secret}",
            get(staff::invitations::show).post(staff::invitations::take),
        )
}

/// Puts the groups together, each with what holds for it alone, then what holds for every request.
///
/// A handler's arguments say what else it asks for. Bounds of connections, and how long one may be silent, are in
/// `server/serving.rs`.
pub fn router(state: Arc<AppState>) -> Router {
    let limits = &state.config.limits;
    let body = |kib: u32| DefaultBodyLimit::max(kib as usize * 1024);
    let (small, large) = (body(limits.public_body_kib), body(limits.organizer_body_kib));
    let api_key = middleware::from_extractor_with_state::<Caller, _>(state.clone());
    let (api, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(public().layer(small))
        .merge(
            buyer(&state)
                .layer(small)
                .layer(unless_said(header::CACHE_CONTROL, "no-store")),
        )
        .merge(machine().layer(small))
        .merge(device().layer(small))
        .merge(operations().layer(small))
        .merge(
            people(&state)
                .merge(organizer(&state))
                .merge(sold(&state))
                .layer(large)
                .layer(api_key),
        )
        .split_for_parts();
    openapi::complete(&mut document);
    let docs = Router::from(SwaggerUi::new("/docs").url("/openapi.json", document));
    Router::new()
        .merge(api)
        .merge(gateways().layer(small))
        .merge(buyer_pages(&state))
        .merge(pages())
        .merge(staff_pages().layer(small))
        .merge(console(&state).layer(large))
        .merge(docs.layer(unless_said(header::CONTENT_SECURITY_POLICY, LOADS_DOCS)))
        .fallback(async || ApiError::NotFound(Missing::Page))
        .method_not_allowed_fallback(async || ApiError::from(ProblemKind::WrongMethod))
        .layer(from_other_sites(&state.config.cors_origins))
        // A request has `limits.request_seconds`, its body included.
        .layer(middleware::from_fn_with_state(state.clone(), observe::request))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(only_tls(&state.public_url))
        .layer(always(OPENER_POLICY, "same-origin"))
        .layer(unless_said(header::CONTENT_SECURITY_POLICY, LOADS_NOTHING))
        // An address may be a secret: it is told to no other site.
        .layer(unless_said(header::REFERRER_POLICY, "no-referrer"))
        .with_state(state)
}
