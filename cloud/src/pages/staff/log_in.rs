//! `/staff/log-in/{organizer_id}`: address, password and one-time code. What of them is wrong is not said, and takes as long.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use usher_words::log_in::{LogInRefusal, refused};
use usher_words::problems::ProblemKind;

use crate::api::claimant::{address_of, network};
use crate::api::error::ApiError;
use crate::api::input::{FormBody, Id};
use crate::api::logged_in::{SECRET_PREFIX, set_cookie};
use crate::ids::{OrganizerId, StaffSessionId};
use crate::staff::{FindStaff, NewSession, ProofUse, ProveStaff, StaffMember, entered, password};
use crate::state::AppState;
use crate::store::organizing::KeyHash;

use super::super::{PageError, page, page_with};

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage {
    organizer: OrganizerId,
    /// What was wrong with what was entered.
    message: Option<&'static str>,
}

/// What somebody enters to log in.
#[derive(Deserialize)]
pub struct LogInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
}

/// Where a form comes from. Browsers say whether another site has sent it; ours alone may log somebody in.
#[derive(Debug)]
pub struct OwnForm(pub IpAddr);

impl FromRequestParts<Arc<AppState>> for OwnForm {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, PageError> {
        let said = parts.headers.get("sec-fetch-site");
        if said.is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(ProblemKind::ForeignRequest.into());
        }
        Ok(Self(address_of(parts, app)))
    }
}

/// Shows the form.
pub async fn show(Id(organizer): Id<OrganizerId>) -> Result<Response, PageError> {
    page(&LogInPage {
        organizer,
        message: None,
    })
}

/// Logs somebody in.
pub async fn answer(
    State(app): State<Arc<AppState>>,
    OwnForm(address): OwnForm,
    Id(organizer): Id<OrganizerId>,
    FormBody(form): FormBody<LogInForm>,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    if let Some(retry_after) = app.wrong_log_ins.wait(address.into(), now) {
        return Err(ApiError::too_many(ProblemKind::TooManyLogIns, retry_after).into());
    }
    let (secret, hash) = KeyHash::draw_with(SECRET_PREFIX);
    let session = NewSession {
        hash,
        id: StaffSessionId::draw(now),
        from: network(address),
    };
    if !prove(&app, organizer, form, session).await? {
        app.metrics.add("usher_wrong_log_ins_total", 1);
        if app.wrong_log_ins.count(address.into(), now) {
            tracing::warn!("an address has tried to log in so often that it has to wait");
        }
        let message = Some(refused(LogInRefusal::LogIn));
        return page_with(StatusCode::FORBIDDEN, &LogInPage { organizer, message });
    }
    Ok(begun(&secret, "/staff"))
}

/// Leads somebody who is logged in from now on to a page.
pub fn begun(secret: &str, to: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, set_cookie(secret));
    (headers, Redirect::to(to)).into_response()
}

/// Begins a session if everything is right; tells whether it is.
async fn prove(
    app: &AppState,
    organizer: OrganizerId,
    form: LogInForm,
    session: NewSession,
) -> Result<bool, ApiError> {
    let email = form.email.trim().to_lowercase();
    let member = app.store.staff_member(FindStaff { organizer, email }).await?;
    let kept = member.as_ref().map(|member| member.password.clone());
    let is_right = password_is_right(app, form.password, kept.unwrap_or_default()).await?;
    let Some(member) = member.filter(|_| is_right) else {
        return Ok(false);
    };
    let now = app.clock.now();
    let code = entered(&member, &secret(app, &member)?, &form.code, now);
    let proof = ProveStaff {
        staff: member.id,
        code,
        used_for: ProofUse::Begin(session),
        now,
    };
    Ok(app.store.prove_staff(proof).await?)
}

/// Opens what somebody's one-time codes are made of.
pub fn secret(app: &AppState, member: &StaffMember) -> Result<Vec<u8>, ApiError> {
    app.staff_secrets.open(member.id, &member.sealed).map_err(|_| {
        tracing::error!("the secret of somebody's one-time codes does not open: give this server the master key that it was sealed with");
        ApiError::Internal
    })
}

/// Checks a password beside the requests, a few at a time: each takes 19 MiB.
pub async fn password_is_right(app: &AppState, text: String, kept: Vec<u8>) -> Result<bool, ApiError> {
    hashing(app, move || password::is_right(&text, &kept)).await
}

/// Hashes beside the requests, a few at a time.
pub async fn hashing<T: Send + 'static>(
    app: &AppState,
    work: impl FnOnce() -> Result<T, password::CannotHash> + Send + 'static,
) -> Result<T, ApiError> {
    let permit = app.hashing.acquire().await.map_err(|_| ApiError::Internal)?;
    let hashed = tokio::task::spawn_blocking(work).await;
    drop(permit);
    hashed
        .map_err(|_| ApiError::Internal)?
        .map_err(|_| ApiError::Internal)
}
