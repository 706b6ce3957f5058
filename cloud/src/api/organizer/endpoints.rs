//! `/v1/organizer/events/{event_id}/endpoints` and `/webhooks`: which programs of the organizer's are told what happens, and what came of it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody, Params};
use crate::catalogue::Event;
use crate::ids::{EndpointId, WebhookId};
use crate::moment::Moment;
use crate::rights::may;
use crate::state::AppState;
use crate::webhooks::signature::secret_text;
use crate::webhooks::{
    NewEndpoint, RemoveEndpoint, ReplayWebhook, RotateSecret, TestEndpoint, Webhook, WebhookEndpoint,
    WebhookState, WebhooksQuery,
};

use super::owned::{OwnEvent, PartOfOwnEvent};

/// Length of the address of an endpoint, in bytes.
pub const URL_BYTES: RangeInclusive<usize> = 1..=1_000;
/// Webhooks that are listed.
const LISTED: u32 = 200;

/// Asks for an endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://owls.example/usher"}))]
pub struct EndpointRequest {
    /// Where it is told: an address with `https://`, without a name or password before the host.
    #[schema(example = "https://owls.example/usher")]
    pub url: String,
}

/// A program that is told what happens at an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointView {
    /// Its id, which opens nothing.
    #[schema(value_type = String)]
    pub endpoint_id: EndpointId,
    /// Where it is told.
    pub url: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
}

impl From<WebhookEndpoint> for EndpointView {
    fn from(endpoint: WebhookEndpoint) -> Self {
        Self {
            endpoint_id: endpoint.id,
            url: endpoint.url,
            created_at: Moment(endpoint.created_at),
        }
    }
}

/// An endpoint with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewEndpointView {
    /// What webhooks to it are signed with: a secret, which is not shown again.
    #[schema(example = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")]
    pub secret: String,
    /// What it is.
    pub endpoint: EndpointView,
}

/// The endpoints of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointsView {
    /// The endpoints, the first one first.
    pub endpoints: Vec<EndpointView>,
}

/// A webhook of an endpoint, sent or still to be sent, without its content.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id, as the header `webhook-id` has it.
    #[schema(value_type = String)]
    pub webhook_id: WebhookId,
    /// What happened.
    #[schema(example = "booking.confirmed")]
    pub r#type: &'static str,
    /// `waiting`, `taken` or `given_up`.
    #[schema(example = "taken")]
    pub status: &'static str,
    /// How often it was not taken since it was begun.
    pub failures: u32,
    /// What came of the last try: the status of the answer, or why there was none; absent before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "200")]
    pub answer: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// When it is tried next, of one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime)]
    pub next_at: Option<Moment>,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        let is_waiting = webhook.state == WebhookState::Waiting;
        Self {
            webhook_id: webhook.id,
            r#type: webhook.kind.word(),
            status: webhook.state.word(),
            failures: webhook.failures,
            answer: webhook.answer,
            created_at: Moment(webhook.created_at),
            next_at: is_waiting.then_some(Moment(webhook.next_at)),
        }
    }
}

/// Webhooks of an endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhooksView {
    /// The newest 200, the newest first.
    pub webhooks: Vec<WebhookView>,
}

/// Which webhooks to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListWebhooks {
    /// Only those that stand so: `given_up` are those that a person has to look into.
    #[serde(default)]
    pub status: String,
}

fn check_url(text: &str) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    checks.text(text, "/url", URL_BYTES);
    let is_address = text.parse::<Url>().is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    checks.require(
        is_address,
        "/url",
        "must be an address that begins with https://, without a name or password",
    );
    checks.finish()
}

fn of_event(event: &Event, id: EndpointId) -> Result<EndpointId, ApiError> {
    let is_own = id.event == event.id;
    is_own.then_some(id).ok_or(ApiError::NotFound(Missing::Endpoint))
}

/// Has a program be told what happens at the event from now on, and shows its secret, this once.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/endpoints", tag = "organizer",
    params(("event_id" = String, Path)), request_body = EndpointRequest, security(("organizer_key" = [])), responses(
    (status = 201, body = NewEndpointView),
    (status = 409, description = "The event has as many endpoints as it can"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeEndpoints>,
    JsonBody(request): JsonBody<EndpointRequest>,
) -> Result<(StatusCode, Json<NewEndpointView>), ApiError> {
    check_url(&request.url)?;
    let now = app.clock.now();
    let id = EndpointId::draw(event.id, now);
    let (secret, sealed) = app.endpoint_secrets.draw(id);
    let new = NewEndpoint {
        id,
        url: request.url.clone(),
        sealed,
        now,
    };
    if !app.store.add_endpoint(new).await? {
        return Err(ProblemKind::TooManyEndpoints.into());
    }
    let endpoint = EndpointView {
        endpoint_id: id,
        url: request.url,
        created_at: Moment(now),
    };
    let secret = secret_text(&secret);
    Ok((StatusCode::CREATED, Json(NewEndpointView { secret, endpoint })))
}

/// Lists the programs that are told what happens at the event.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/endpoints", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = EndpointsView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeEndpoints>,
) -> Result<Json<EndpointsView>, ApiError> {
    let endpoints = app.store.endpoints(event.id).await?;
    Ok(Json(EndpointsView {
        endpoints: endpoints.into_iter().map(Into::into).collect(),
    }))
}

/// Tells a program nothing any more, also not what it was still to be told.
#[utoipa::path(delete, path = "/v1/organizer/events/{event_id}/endpoints/{endpoint_id}", tag = "organizer",
    params(("event_id" = String, Path), ("endpoint_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 204, description = "It is told nothing any more"),
))]
pub async fn remove(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ChangeEndpoints, EndpointId>,
) -> Result<StatusCode, ApiError> {
    let id = of_event(&event, id)?;
    if app.store.remove_endpoint(RemoveEndpoint { id }).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound(Missing::Endpoint))
    }
}

/// Gives an endpoint a new secret and shows it, this once. The former one signs too for a day.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/endpoints/{endpoint_id}/rotate", tag = "organizer",
    params(("event_id" = String, Path), ("endpoint_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = NewEndpointView),
))]
pub async fn rotate(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ChangeEndpoints, EndpointId>,
) -> Result<Json<NewEndpointView>, ApiError> {
    let id = of_event(&event, id)?;
    let (secret, sealed) = app.endpoint_secrets.draw(id);
    let now = app.clock.now();
    app.store.rotate_secret(RotateSecret { id, sealed, now }).await?;
    let endpoint = app.store.endpoint(id).await?;
    let endpoint = endpoint.ok_or(ApiError::NotFound(Missing::Endpoint))?;
    Ok(Json(NewEndpointView {
        secret: secret_text(&secret),
        endpoint: endpoint.into(),
    }))
}

/// Tells an endpoint a webhook of the type `test`, to see whether it hears.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/endpoints/{endpoint_id}/test", tag = "organizer",
    params(("event_id" = String, Path), ("endpoint_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 202, body = WebhookView, description = "It is told within seconds"),
))]
pub async fn test(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ChangeEndpoints, EndpointId>,
) -> Result<(StatusCode, Json<WebhookView>), ApiError> {
    let id = of_event(&event, id)?;
    let now = app.clock.now();
    let made = app.store.test_endpoint(TestEndpoint { id, now }).await?;
    let made = made.ok_or(ApiError::NotFound(Missing::Endpoint))?;
    let webhook = app.store.webhook(made).await?.ok_or(ApiError::Internal)?;
    Ok((StatusCode::ACCEPTED, Json(webhook.into())))
}

/// Lists what an endpoint was told and is to be told.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/endpoints/{endpoint_id}/webhooks", tag = "organizer",
    params(("event_id" = String, Path), ("endpoint_id" = String, Path), ListWebhooks), security(("organizer_key" = [])),
    responses(
    (status = 200, body = WebhooksView),
    (status = 422, description = "No such status"),
))]
pub async fn webhooks(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::SeeEndpoints, EndpointId>,
    Params(listed): Params<ListWebhooks>,
) -> Result<Json<WebhooksView>, ApiError> {
    let endpoint = of_event(&event, id)?;
    let mut checks = Checks::default();
    let state = WebhookState::from_word(&listed.status);
    checks.require(
        listed.status.is_empty() || state.is_some(),
        "/status",
        "must be waiting, taken or given_up",
    );
    checks.finish()?;
    let query = WebhooksQuery {
        endpoint,
        state,
        limit: LISTED,
    };
    let webhooks = app.store.webhooks(query).await?;
    Ok(Json(WebhooksView {
        webhooks: webhooks.into_iter().map(Into::into).collect(),
    }))
}

/// Tells a webhook again that was taken or given up, for another three days if need be. One that waits is left as it is.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/webhooks/{webhook_id}/replay", tag = "organizer",
    params(("event_id" = String, Path), ("webhook_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = WebhookView),
))]
pub async fn replay(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ChangeEndpoints, WebhookId>,
) -> Result<Json<WebhookView>, ApiError> {
    let not_found = ApiError::NotFound(Missing::Webhook);
    if id.event != event.id {
        return Err(not_found);
    }
    let now = app.clock.now();
    app.store.replay_webhook(ReplayWebhook { id, now }).await?;
    let webhook = app.store.webhook(id).await?.ok_or(not_found)?;
    Ok(Json(webhook.into()))
}
