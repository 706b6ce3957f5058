//! `/oauth/token` and `/.well-known/oauth-authorization-server`: programs trade their API key for a token that is good for some minutes.
//!
//! **Source**: RFC 6749 (client credentials), RFC 8414 (metadata)

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use usher_words::problems::ProblemKind;
use utoipa::ToSchema;

use crate::rights::{Operation, Scopes};
use crate::selling::claimant::ClientAddress;
use crate::state::AppState;
use crate::store::access_tokens::{GOOD_FOR, NewAccessToken, PREFIX};
use crate::store::api_keys::ApiKey;
use crate::store::organizing::KeyHash;

use super::caller::good_key;
use super::claimant::address_of;
use super::error::ApiError;

/// The one way to a token.
const GRANT_TYPE: &str = "client_credentials";

/// Asks for a token. Other members are passed over, as RFC 6749 wants it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials`.
    #[schema(value_type = String, example = "client_credentials")]
    pub grant_type: Option<String>,
    /// Operations with blanks between them; all that the key allows, if not said.
    #[schema(example = "see_events see_counts")]
    pub scope: Option<String>,
    /// The id of an API key, if not said in `Authorization: Basic`.
    #[schema(example = "key_06e9pvb1pdqm38000000000000")]
    pub client_id: Option<String>,
    /// The key itself.
    pub client_secret: Option<String>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// What goes into `Authorization: Bearer`: a secret.
    #[schema(example = "uat_0123456789abcdefghijklmnopqrstuv0123456789abcdefghij")]
    pub access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// How long it is good, in seconds.
    #[schema(example = 600)]
    pub expires_in: u64,
    /// What it is for: operations with blanks between them.
    #[schema(example = "see_events see_counts")]
    pub scope: String,
}

/// Why there is no token, in the form of RFC 6749.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenRefusal {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    #[schema(example = "invalid_scope")]
    pub error: &'static str,
    /// What to do about it.
    pub error_description: &'static str,
}

/// What the server says of itself, in the form of RFC 8414.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerMetadata {
    /// Who gives the tokens.
    #[schema(example = "https://tickets.example")]
    pub issuer: String,
    /// Where.
    #[schema(example = "https://tickets.example/oauth/token")]
    pub token_endpoint: String,
    /// How a program says who it is.
    pub token_endpoint_auth_methods_supported: [&'static str; 2],
    /// What for.
    pub grant_types_supported: [&'static str; 1],
    /// None: there is nowhere to send a person to.
    #[schema(value_type = Vec<String>)]
    pub response_types_supported: [&'static str; 0],
    /// All operations.
    pub scopes_supported: Vec<&'static str>,
    /// The page to read.
    #[schema(example = "https://tickets.example/docs")]
    pub service_documentation: String,
}

/// Why there is no token.
#[derive(Debug)]
pub enum TokenError {
    /// As RFC 6749 has it.
    Refused(TokenRefusal),
    /// As everywhere.
    Other(ApiError),
}

impl From<ApiError> for TokenError {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Other(error) => return error.into_response(),
        };
        if refusal.error != INVALID_CLIENT.error {
            return (StatusCode::BAD_REQUEST, Json(refusal)).into_response();
        }
        let basic = HeaderValue::from_static("Basic realm=\"usher\"");
        let headers = [(header::WWW_AUTHENTICATE, basic)];
        (StatusCode::UNAUTHORIZED, headers, Json(refusal)).into_response()
    }
}

const INVALID_CLIENT: TokenRefusal = TokenRefusal {
    error: "invalid_client",
    error_description: "Send the id of an API key as client_id and the key as client_secret, in Authorization: Basic or in the body.",
};
const TWO_WAYS: TokenRefusal = TokenRefusal {
    error: "invalid_request",
    error_description: "Say who you are in one way: in Authorization: Basic, or in the body.",
};
const UNREADABLE: TokenRefusal = TokenRefusal {
    error: "invalid_request",
    error_description: "Send a form (application/x-www-form-urlencoded) with each member once.",
};
const NO_GRANT_TYPE: TokenRefusal = TokenRefusal {
    error: "invalid_request",
    error_description: "Say grant_type=client_credentials.",
};
const OTHER_GRANT_TYPE: TokenRefusal = TokenRefusal {
    error: "unsupported_grant_type",
    error_description: "Only grant_type=client_credentials is known here.",
};
const INVALID_SCOPE: TokenRefusal = TokenRefusal {
    error: "invalid_scope",
    error_description: "Name operations that the API key allows, with blanks between them.",
};

/// Who asks for a token, as the head of the request has it.
#[derive(Debug)]
pub struct AskingProgram {
    address: ClientAddress,
    /// What is in `Authorization`, if anything.
    header: Option<HeaderValue>,
}

impl FromRequestParts<Arc<AppState>> for AskingProgram {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Self::Rejection> {
        Ok(Self {
            address: address_of(parts, app).into(),
            header: parts.headers.get(header::AUTHORIZATION).cloned(),
        })
    }
}

/// Gives a program a token for its API key: `client_id` is the key's id, `client_secret` the key. It is good for ten minutes, or until the key
/// is not, for the operations of its `scope`.
#[utoipa::path(post, path = "/oauth/token", tag = "machines",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, body = TokenView),
    (status = 400, body = TokenRefusal),
    (status = 401, body = TokenRefusal),
    (status = 429, description = "Too many wrong API keys came from this address"),
))]
pub async fn token(
    State(app): State<Arc<AppState>>,
    asking: AskingProgram,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Result<(HeaderMap, Json<TokenView>), TokenError> {
    let Form(request) = form.map_err(unread)?;
    let is_said = |member: &Option<String>| member.as_deref().is_some_and(|text| !text.is_empty());
    if !is_said(&request.grant_type) {
        return Err(TokenError::Refused(NO_GRANT_TYPE));
    }
    let key = client(&asking, &request, &app).await?;
    if request.grant_type.as_deref() != Some(GRANT_TYPE) {
        return Err(TokenError::Refused(OTHER_GRANT_TYPE));
    }
    let scopes = scopes(&key, request.scope.as_deref()).ok_or(TokenError::Refused(INVALID_SCOPE))?;
    let text = give(&app, &key, scopes).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let view = TokenView {
        access_token: text,
        token_type: "Bearer",
        expires_in: GOOD_FOR.as_secs(),
        scope: scopes.to_string(),
    };
    Ok((headers, Json(view)))
}

fn unread(rejection: FormRejection) -> TokenError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::from(ProblemKind::TooLarge).into();
    }
    TokenError::Refused(UNREADABLE)
}

/// Finds the key that a program shows in one way or the other.
async fn client(
    asking: &AskingProgram,
    request: &TokenRequest,
    app: &AppState,
) -> Result<ApiKey, TokenError> {
    let in_body = request.client_id.as_deref().zip(request.client_secret.as_deref());
    let basic = asking.header.as_ref().map(basic);
    let (id, secret) = match (&basic, in_body) {
        (Some(_), Some(_)) => return Err(TokenError::Refused(TWO_WAYS)),
        (Some(Some((id, secret))), None) => (id.as_str(), secret.as_str()),
        (None, Some(pair)) => pair,
        (Some(None) | None, None) => return Err(TokenError::Refused(INVALID_CLIENT)),
    };
    let found = good_key(Some(secret), asking.address, app).await;
    let key = found.map_err(|error| {
        if error.is_of(ProblemKind::Unauthorized) {
            TokenError::Refused(INVALID_CLIENT)
        } else {
            error.into()
        }
    })?;
    if key.id.to_string() == id {
        Ok(key)
    } else {
        Err(TokenError::Refused(INVALID_CLIENT))
    }
}

/// Reads id and secret of `Authorization: Basic`. Neither has a character that a form would write otherwise.
fn basic(value: &HeaderValue) -> Option<(String, String)> {
    let encoded = value.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Returns what a token is for; `None` if that is unknown, nothing, or more than its key allows.
fn scopes(key: &ApiKey, wanted: Option<&str>) -> Option<Scopes> {
    let allowed = key.grant().operations();
    let wanted = match wanted.filter(|text| !text.is_empty()) {
        Some(text) => Scopes::read(text)?,
        None => allowed,
    };
    (wanted.are_within(allowed) && !wanted.is_empty()).then_some(wanted)
}

async fn give(app: &AppState, key: &ApiKey, scopes: Scopes) -> Result<String, ApiError> {
    let (text, hash) = KeyHash::draw_with(PREFIX);
    let now = app.clock.now();
    let new = NewAccessToken {
        hash,
        key: key.id,
        scopes,
        expires_at: now.plus_ms(GOOD_FOR.as_secs() * 1000),
        now,
    };
    app.store.add_access_token(new).await?;
    Ok(text)
}

/// Tells programs where and how tokens are given.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "machines", responses(
    (status = 200, body = ServerMetadata),
))]
pub async fn metadata(State(app): State<Arc<AppState>>) -> Json<ServerMetadata> {
    Json(ServerMetadata {
        issuer: app.public_url.clone(),
        token_endpoint: app.link("/oauth/token"),
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        grant_types_supported: [GRANT_TYPE],
        response_types_supported: [],
        scopes_supported: Operation::ALL.iter().map(|operation| operation.name()).collect(),
        service_documentation: app.link("/docs"),
    })
}
