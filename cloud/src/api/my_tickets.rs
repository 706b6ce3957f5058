//! `/v1/my-tickets`: a link to all that was bought with an address, mailed to it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use usher_keys::EventId;
use usher_words::problems::ProblemKind;
use utoipa::ToSchema;

use crate::buyers::{AskForLink, AskOutcome, BuyerSession, LINK_FOR, address_key};
use crate::ids::LinkLetterId;
use crate::key_hash::KeyHash;
use crate::languages::Language;
use crate::letters::ms;
use crate::link_letters::{LinkKind, LinkLetter};
use crate::state::AppState;

use super::claimant::{AskedFrom, cookie_named};
use super::error::ApiError;
use super::input::{Checks, JsonBody};
use super::organizer::resending::check_address;

/// The cookie of a session. A browser takes one that is called so over TLS alone (or from its own machine), for this host.
pub const COOKIE: &str = "__Host-usher_buyer";

/// What the secret in a link begins with.
const PREFIX: &str = "utl_";

/// Asks for a link to what was bought with an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "buyer@example.org"}))]
pub struct LinkRequest {
    /// The address that tickets were bought with.
    #[schema(example = "buyer@example.org")]
    pub email: String,
    /// In which language the letter is to be. English if it is left out.
    #[serde(default)]
    #[schema(example = "de")]
    pub language: Option<Language>,
    /// Of whose places somebody cannot show the proof of work that it asks for: then the link goes to any address, and whoever has opened it holds
    /// places without one.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: Option<EventId>,
}

/// Mails a link to an address that shows all tickets bought with it, once, for an hour. The answer is the same, and as quick, when nothing was.
#[utoipa::path(post, path = "/v1/my-tickets", tag = "bookings", request_body = LinkRequest, responses(
    (status = 202, description = "If anything was bought with the address, a link is on its way to it"),
    (status = 409, description = "This server sends no mail"),
    (status = 429, description = "Too many links were asked for from here"),
))]
pub async fn ask(
    State(app): State<Arc<AppState>>,
    AskedFrom(client): AskedFrom,
    JsonBody(request): JsonBody<LinkRequest>,
) -> Result<StatusCode, ApiError> {
    let language = request.language.unwrap_or(Language::English);
    ask_from(&app, client, (&request.email, language), request.event_id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Asks for a link. Whether anything was bought with the address is found out when the letter is written, after the answer.
///
/// # Errors
///
/// When the address is none, the server sends no mail, or the client has asked too often.
pub async fn ask_from(
    app: &AppState,
    client: IpAddr,
    (email, language): (&str, Language),
    event: Option<EventId>,
) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    check_address(&mut checks, email);
    checks.finish()?;
    if app.mailer.is_none() {
        return Err(ProblemKind::NoMail.into());
    }
    let now = app.clock.now();
    let (secret, hash) = KeyHash::draw_with(PREFIX);
    let id = LinkLetterId::draw(now);
    let email = address_key(email);
    let letter = LinkLetter {
        sealed: app.link_secrets.seal(id, &secret),
        recipient: email.clone(),
        language,
        expires_at: now.plus_ms(ms(LINK_FOR)),
        ..LinkLetter::new(id, kind(app, event).await?, now)
    };
    let ask = AskForLink {
        hash,
        email,
        client: client.into(),
        letter,
        now,
    };
    match app.store.ask_for_link(ask).await? {
        AskOutcome::Asked => Ok(()),
        AskOutcome::TooMany(fits_at) => {
            let seconds = fits_at.0.saturating_sub(now.0).div_ceil(1000);
            Err(ApiError::too_many(ProblemKind::TooManyLinks, seconds))
        }
    }
}

/// Nobody mails a link to people who have bought nothing, unless an event of theirs needs it.
async fn kind(app: &AppState, event: Option<EventId>) -> Result<LinkKind, ApiError> {
    let needs_proof = match event {
        Some(event) => app.store.proof_secret(event).await?.is_some(),
        None => false,
    };
    Ok(if needs_proof {
        LinkKind::AddressAsked
    } else {
        LinkKind::TicketsAsked
    })
}

/// Finds the session of whoever has opened a link, from their cookie.
///
/// # Errors
///
/// [`ApiError::Store`].
pub async fn session(app: &AppState, headers: &HeaderMap) -> Result<Option<BuyerSession>, ApiError> {
    let Some(secret) = cookie_named(headers, COOKIE) else {
        return Ok(None);
    };
    let found = app.store.buyer_session(KeyHash::of(secret)).await?;
    Ok(found.filter(|session| app.clock.now() < session.expires_at))
}
