//! Requests and forms that come again with their idempotency key: done once, answered alike for a day. Their handlers know nothing of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{self, Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::time::sleep;
use usher_words::problems::{ProblemDetail, ProblemKind};

use crate::ids::OrganizerId;
use crate::kept_answers::{ClaimKey, ClaimOutcome, FreeKey, KeepAnswer, KeptAnswer, KeyDigest};
use crate::rights::Operation;
use crate::selling::RequestHash;
use crate::selling::claimant::ClientAddress;
use crate::state::AppState;
use crate::store::StoreError;

use super::caller::Caller;
use super::claimant::address_of;
use super::error::ApiError;
use super::idempotency::{IdempotencyHeader, MEMBER};
use super::input::TOKEN_BYTES;

/// Length of a key of whoever shows no API key, in bytes: who guesses one hears what was answered to a neighbour.
pub const PUBLIC_KEY_BYTES: usize = 16;
/// Longer answers are not kept: those of what is repeatable are some kilobytes.
const MAX_ANSWER: usize = 256 * 1024;
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// When to ask again for the answer of a request that is being done, in seconds.
const RETRY_AFTER: u64 = 2;
/// How often somebody who sent a form twice waits for the answer of the first, and for how long each time.
const FORM_WAITS: u32 = 100;
const FORM_WAIT: Duration = Duration::from_millis(100);

/// What a route does, for [`repeatable`].
#[derive(Debug, Clone)]
pub struct Repeatable {
    /// The server.
    pub app: Arc<AppState>,
    /// What the route does; nothing if anybody may ask.
    pub operation: Option<Operation>,
}

/// Whose key it is.
enum Owner {
    Organizer(OrganizerId),
    /// Whoever asks from there.
    Network(ClientAddress),
}

/// Does a request with an idempotency key once. One that has none, or comes from somebody who may not make it, is handed on.
pub async fn repeatable(State(of): State<Repeatable>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let owner = match (of.operation, parts.extensions.get::<Caller>()) {
        (None, _) => Owner::Network(address_of(&parts, &of.app).into()),
        (Some(operation), Some(caller)) if caller.may_now(operation).is_ok() => {
            Owner::Organizer(caller.organizer)
        }
        (Some(_), _) => return next.run(Request::from_parts(parts, body)).await,
    };
    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let Ok(bytes) = whole else {
        return ApiError::from(ProblemKind::TooLarge).into_response();
    };
    let claim = match claim(&of.app, &owner, (&parts, &bytes)) {
        Ok(claim) => claim,
        Err(error) => return error.into_response(),
    };
    let request = Request::from_parts(parts, bytes.into());
    let Some(claim) = claim else {
        return next.run(request).await;
    };
    // A client that goes away does not stop it half-way.
    let doing = of
        .app
        .answering
        .spawn(once(Arc::clone(&of.app), claim, request, next));
    doing.await.unwrap_or_else(|_| ApiError::Internal.into_response())
}

/// Does what a form says once, however often it is sent with its key by people of an organizer; the same form with other content is another
/// one. Whoever sends it again before it is done waits, and is led where the first was led.
///
/// # Errors
///
/// [`ApiError::Internal`]; that it takes long.
pub async fn done_once(
    app: Arc<AppState>,
    (organizer, key): (OrganizerId, &str),
    (request, body): (Request, Bytes),
    next: Next,
) -> Result<Response, ApiError> {
    let content = String::from_utf8_lossy(&body);
    let names = [organizer.to_string(), key.to_owned(), request.uri().to_string()];
    let names = hashed(&[&names[0], &names[1], &names[2], &content]);
    let claim = ClaimKey {
        key: KeyDigest(names),
        request: RequestHash(names),
        now: app.clock.now(),
    };
    // Whoever clicks again lets go of the first request, which may have its claim by then: it goes on without them.
    let doing = app
        .answering
        .spawn(claimed(Arc::clone(&app), claim, request, next));
    doing.await.unwrap_or(Err(ApiError::Internal))
}

async fn claimed(
    app: Arc<AppState>,
    claim: ClaimKey,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    for _ in 0..FORM_WAITS {
        match app.store.claim_key(claim).await {
            Ok(ClaimOutcome::Running) => sleep(FORM_WAIT).await,
            Err(error) => return Err(error.into()),
            claimed => return Ok(answered(app, (claim, claimed), request, next).await),
        }
    }
    Err(ProblemDetail::FormRunning.into())
}

/// Reads the key of a request, and what it asks for; nothing if it has no key.
fn claim(
    app: &AppState,
    owner: &Owner,
    (parts, body): (&axum::http::request::Parts, &Bytes),
) -> Result<Option<ClaimKey>, ApiError> {
    let header = IdempotencyHeader::of(&parts.headers);
    let mut said: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = said.as_object_mut().and_then(|members| members.remove(MEMBER));
    // What is there and no text, or none that is taken, is for the handler to refuse.
    let member = match member {
        Some(Value::String(member)) if !member.contains('\0') => Some(member),
        Some(_) => return Ok(None),
        None => None,
    };
    if header.is_none() && member.is_none() {
        return Ok(None);
    }
    let least = match owner {
        Owner::Organizer(_) => *TOKEN_BYTES.start(),
        Owner::Network(_) => PUBLIC_KEY_BYTES,
    };
    let key = header.or_member(member, least..=*TOKEN_BYTES.end())?;
    let path = parts.uri.path();
    let asked = if said.is_null() {
        hashed(&[parts.method.as_str(), path, &String::from_utf8_lossy(body)])
    } else {
        hashed(&[parts.method.as_str(), path, &said.to_string()])
    };
    let owner = match owner {
        Owner::Organizer(organizer) => organizer.to_string(),
        Owner::Network(address) => format!("{:?}", address.network()),
    };
    Ok(Some(ClaimKey {
        key: KeyDigest(hashed(&[&owner, &key])),
        request: RequestHash(asked),
        now: app.clock.now(),
    }))
}

/// Hashes texts; each is preceded by its length, so that no two lists run together.
fn hashed(texts: &[&str]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

async fn once(app: Arc<AppState>, claim: ClaimKey, request: Request, next: Next) -> Response {
    let claimed = app.store.claim_key(claim).await;
    answered(app, (claim, claimed), request, next).await
}

/// Does what was claimed, or answers as whoever has claimed it does.
async fn answered(
    app: Arc<AppState>,
    (claim, claimed): (ClaimKey, Result<ClaimOutcome, StoreError>),
    request: Request,
    next: Next,
) -> Response {
    match claimed {
        Ok(ClaimOutcome::Begun) => keep(&app, claim, next.run(request).await).await,
        Ok(ClaimOutcome::Answered(answer)) => replayed(answer),
        Ok(ClaimOutcome::Running) => {
            ApiError::too_many(ProblemKind::RequestRunning, RETRY_AFTER).into_response()
        }
        Ok(ClaimOutcome::KeyReused) => ApiError::from(ProblemKind::KeyReused).into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Keeps the answer of what was done; what was refused or failed may be asked for again.
async fn keep(app: &AppState, claim: ClaimKey, answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let Ok(bytes) = body::to_bytes(body, MAX_ANSWER).await else {
        return ApiError::Internal.into_response();
    };
    let location = parts.headers.get(header::LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let kept = match std::str::from_utf8(&bytes) {
        Ok(text) if is_kept(&parts) => {
            let answer = KeptAnswer {
                status: parts.status.as_u16(),
                body: text.to_owned(),
                location: location.map(str::to_owned),
            };
            app.store
                .keep_answer(KeepAnswer { claim, answer })
                .await
                .map(|_| ())
        }
        _ => app.store.free_key(FreeKey { claim }).await,
    };
    if let Err(error) = kept {
        // It is done; asked again, it is done again after a while.
        let error = &error as &dyn std::error::Error;
        tracing::error!(
            error,
            "the answer to a request with an idempotency key was not kept"
        );
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Tells whether something was done: what is made is told of, and a form leads on.
fn is_kept(parts: &axum::http::response::Parts) -> bool {
    let is_page = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|is| is.as_bytes().starts_with(b"text/html"));
    parts.status == StatusCode::SEE_OTHER || parts.status.is_success() && !is_page
}

fn replayed(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(location) = answer.location.and_then(|location| location.parse().ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}
