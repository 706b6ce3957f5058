//! `/staff`: what somebody who is logged in sees of themselves: their sessions, and the field for a fresh one-time code.

pub mod counter;
pub mod invitations;
pub mod log_in;
pub mod password;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use usher_words::log_in::{LogInRefusal, refused};
use usher_words::problems::ProblemKind;

use crate::api::error::ApiError;
use crate::api::input::{FormBody, Id};
use crate::api::logged_in::{LoggedIn, set_cookie};
use crate::ids::StaffSessionId;
use crate::moment::Moment;
use crate::staff::password::BYTES;
use crate::staff::{EndSession, EnteredCode, FRESH_FOR, ProofUse, ProveStaff, StaffMember, entered};
use crate::state::AppState;

use super::{PageError, page, page_with};

#[derive(Template)]
#[template(path = "staff.html")]
struct StaffPage {
    name: String,
    role: &'static str,
    form_token: String,
    /// Whether a one-time code was entered just now.
    is_fresh: bool,
    fresh_minutes: u64,
    /// How long a password is at least.
    least_bytes: usize,
    /// What was wrong with the code that was entered.
    message: Option<&'static str>,
    sessions: Vec<SessionLine>,
}

/// What the page says of a session.
struct SessionLine {
    id: StaffSessionId,
    from: String,
    since: String,
    until: String,
    is_this: bool,
}

/// What a form says that needs nothing else.
#[derive(Deserialize)]
pub struct PlainForm {
    #[serde(default)]
    form_token: String,
}

/// A one-time code.
#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    form_token: String,
    #[serde(default)]
    code: String,
}

/// Shows who is logged in.
pub async fn show(State(app): State<Arc<AppState>>, logged_in: LoggedIn) -> Result<Response, PageError> {
    page(&account(&app, logged_in, None).await?)
}

async fn account(
    app: &AppState,
    logged_in: LoggedIn,
    refusal: Option<LogInRefusal>,
) -> Result<StaffPage, ApiError> {
    let session = logged_in.session;
    let sessions = app.store.sessions_of(session.staff).await?;
    let now = app.clock.now();
    let lines = sessions.into_iter().filter(|listed| listed.is_good(now));
    let lines = lines.map(|listed| SessionLine {
        id: listed.id,
        since: Moment(listed.created_at).to_string(),
        until: Moment(listed.expires_at).to_string(),
        is_this: listed.id == session.id,
        from: listed.from,
    });
    Ok(StaffPage {
        is_fresh: session.is_fresh(now),
        fresh_minutes: FRESH_FOR.as_secs() / 60,
        least_bytes: *BYTES.start(),
        role: session.role.word(),
        name: session.name,
        form_token: logged_in.form_token,
        message: refusal.map(refused),
        sessions: lines.collect(),
    })
}

/// Takes a fresh one-time code.
pub async fn prove(
    State(app): State<Arc<AppState>>,
    logged_in: LoggedIn,
    FormBody(form): FormBody<CodeForm>,
) -> Result<Response, PageError> {
    logged_in.check(&form.form_token)?;
    let (member, code) = code_of(&app, &logged_in, &form.code).await?;
    let proof = ProveStaff {
        staff: member.id,
        code,
        used_for: ProofUse::Refresh(logged_in.session.id),
        now: app.clock.now(),
    };
    if app.store.prove_staff(proof).await? {
        return Ok(Redirect::to("/staff").into_response());
    }
    let again = account(&app, logged_in, Some(refusal(code))).await?;
    page_with(StatusCode::FORBIDDEN, &again)
}

/// Finds who is logged in, and what came of a code that they have entered; a recovery code is for coming in, and wrong here.
async fn code_of(
    app: &AppState,
    logged_in: &LoggedIn,
    text: &str,
) -> Result<(StaffMember, EnteredCode), ApiError> {
    let session = &logged_in.session;
    let staff = app.store.staff(session.organizer).await?;
    let member = staff.into_iter().find(|member| member.id == session.staff);
    let member = member.ok_or(ProblemKind::LogInNeeded)?;
    let secret = log_in::secret(app, &member)?;
    let code = match entered(&member, &secret, text, app.clock.now()) {
        EnteredCode::Recovery(_) => EnteredCode::Wrong,
        code @ (EnteredCode::Wrong | EnteredCode::Waits | EnteredCode::OfStep(_)) => code,
    };
    Ok((member, code))
}

/// Returns what was wrong with a code of somebody who is logged in.
fn refusal(code: EnteredCode) -> LogInRefusal {
    match code {
        EnteredCode::Waits => LogInRefusal::CodesWait,
        EnteredCode::Wrong | EnteredCode::OfStep(_) | EnteredCode::Recovery(_) => LogInRefusal::Code,
    }
}

/// Ends one of somebody's sessions.
pub async fn end(
    State(app): State<Arc<AppState>>,
    logged_in: LoggedIn,
    Id(id): Id<StaffSessionId>,
    FormBody(form): FormBody<PlainForm>,
) -> Result<Response, PageError> {
    logged_in.check(&form.form_token)?;
    let staff = logged_in.session.staff;
    // One that has ended already is as good.
    app.store.end_session(EndSession { staff, id }).await?;
    Ok(Redirect::to("/staff").into_response())
}

/// Logs somebody out.
pub async fn log_out(
    State(app): State<Arc<AppState>>,
    logged_in: LoggedIn,
    FormBody(form): FormBody<PlainForm>,
) -> Result<Response, PageError> {
    logged_in.check(&form.form_token)?;
    let session = logged_in.session;
    let ended = EndSession {
        staff: session.staff,
        id: session.id,
    };
    app.store.end_session(ended).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, set_cookie(""));
    let to = format!("/staff/log-in/{}", session.organizer);
    Ok((headers, Redirect::to(&to)).into_response())
}
