//! `/staff/invitations/{secret}`: whoever is invited chooses a password, sets up one-time codes, and is logged in.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use usher_words::log_in::{LogInRefusal, refused};
use usher_words::problems::Missing;

use crate::api::claimant::network;
use crate::api::error::ApiError;
use crate::api::input::FormBody;
use crate::api::logged_in::{SECRET_PREFIX, set_cookie};
use crate::ids::{StaffId, StaffSessionId, draw};
use crate::qr::QrImage;
use crate::staff::one_time::{self, SECRET_BYTES};
use crate::staff::{
    Invitation, NewSession, RECOVERY_CODES, StaffMember, TakeInvitation, draw_recovery_code, password,
};
use crate::state::AppState;
use crate::store::organizing::KeyHash;

use super::super::{PageError, page, page_with};
use super::log_in::{OwnForm, hashing};

/// What the address of an invitation leads to when there is none.
const NONE: ApiError = ApiError::NotFound(Missing::Invitation);

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    secret: String,
    name: String,
    role: &'static str,
    /// What one-time codes are made of, for an app that takes no picture.
    one_time_secret: String,
    /// The same as a picture.
    svg: String,
    least_bytes: usize,
    /// What was wrong with what was entered.
    message: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryPage {
    name: String,
    codes: Vec<String>,
}

/// What somebody enters who takes an invitation.
#[derive(Deserialize)]
pub struct TakingForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    one_time_secret: String,
    #[serde(default)]
    code: String,
}

/// Shows the form. Nothing is taken by looking: programs that read mail look too.
pub async fn show(
    State(app): State<Arc<AppState>>,
    Path(secret): Path<String>,
) -> Result<Response, PageError> {
    let invitation = find(&app, &secret).await?;
    page(&form(secret, invitation, draw::<SECRET_BYTES>(), None)?)
}

async fn find(app: &AppState, secret: &str) -> Result<Invitation, ApiError> {
    let found = app.store.invitation(KeyHash::of(secret)).await?;
    let open = found.filter(|invitation| app.clock.now() < invitation.expires_at);
    open.ok_or(NONE)
}

fn form(
    secret: String,
    invitation: Invitation,
    one_time_secret: [u8; SECRET_BYTES],
    refusal: Option<LogInRefusal>,
) -> Result<InvitationPage, ApiError> {
    let address = one_time::app_address(&one_time_secret, &invitation.email);
    let image = QrImage::of_text(&address).map_err(|_| ApiError::Internal)?;
    Ok(InvitationPage {
        secret,
        name: invitation.name,
        role: invitation.role.word(),
        one_time_secret: one_time::secret_text(&one_time_secret),
        svg: image.to_svg(),
        least_bytes: *password::BYTES.start(),
        message: refusal.map(refused),
    })
}

/// Takes an invitation, and shows the recovery codes, this once.
pub async fn take(
    State(app): State<Arc<AppState>>,
    OwnForm(address): OwnForm,
    Path(secret): Path<String>,
    FormBody(entered): FormBody<TakingForm>,
) -> Result<Response, PageError> {
    let invitation = find(&app, &secret).await?;
    let now = app.clock.now();
    let one_time_secret = one_time::read_secret(&entered.one_time_secret).unwrap_or_else(draw);
    let code: String = entered.code.split_whitespace().collect();
    let checked = match one_time::step_of(&one_time_secret, &code, now) {
        _ if !password::BYTES.contains(&entered.password.len()) => Err(LogInRefusal::FirstPassword),
        None => Err(LogInRefusal::FirstCode),
        Some(step) => Ok(step),
    };
    let step = match checked {
        Ok(step) => step,
        Err(refusal) => {
            let again = form(secret, invitation, one_time_secret, Some(refusal))?;
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &again);
        }
    };
    let member = StaffMember {
        password: hashing(&app, move || password::hash(&entered.password)).await?,
        ..member(&app, &invitation, one_time_secret, step)
    };
    let from = network(address);
    begin(&app, KeyHash::of(&secret), member, from).await
}

/// Returns who an invitation makes, yet without a password.
fn member(app: &AppState, invitation: &Invitation, secret: [u8; SECRET_BYTES], step: u64) -> StaffMember {
    let now = app.clock.now();
    let id = StaffId::draw(now);
    StaffMember {
        id,
        organizer: invitation.organizer,
        name: invitation.name.clone(),
        email: invitation.email.clone(),
        role: invitation.role,
        password: Vec::new(),
        sealed: app.staff_secrets.seal(id, &secret),
        last_step: step,
        waits_until: None,
        created_at: now,
    }
}

async fn begin(
    app: &AppState,
    invitation: KeyHash,
    member: StaffMember,
    from: String,
) -> Result<Response, PageError> {
    let codes: Vec<_> = (0..RECOVERY_CODES)
        .map(|_| draw_recovery_code(member.id))
        .collect();
    let (codes, recovery) = codes.into_iter().unzip();
    let (secret, hash) = KeyHash::draw_with(SECRET_PREFIX);
    let now = app.clock.now();
    let id = StaffSessionId::draw(now);
    let name = member.name.clone();
    let request = TakeInvitation {
        hash: invitation,
        member,
        recovery,
        session: NewSession { hash, id, from },
        now,
    };
    if !app.store.take_invitation(request).await? {
        return Err(NONE.into());
    }
    let mut shown = page(&RecoveryPage { name, codes })?;
    let cookie = set_cookie(&secret);
    shown.headers_mut().insert(axum::http::header::SET_COOKIE, cookie);
    Ok(shown)
}
