//! `/staff/password`: a member puts another password in place of the old one, with that and a code; whoever else is logged in as them is not any more.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use usher_words::log_in::LogInRefusal;

use crate::api::input::FormBody;
use crate::api::logged_in::LoggedIn;
use crate::staff::{EnteredCode, ProofUse, ProveStaff, password};
use crate::state::AppState;

use super::super::{PageError, page_with};
use super::log_in::{hashing, password_is_right};
use super::{account, code_of};

/// What somebody enters who changes their password.
#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    form_token: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    new_password: String,
    #[serde(default)]
    code: String,
}

/// Changes the password. A wrong old one counts as a wrong code does: nobody finds it by trying from an open browser.
pub async fn change(
    State(app): State<Arc<AppState>>,
    logged_in: LoggedIn,
    FormBody(form): FormBody<PasswordForm>,
) -> Result<Response, PageError> {
    logged_in.check(&form.form_token)?;
    if !password::BYTES.contains(&form.new_password.len()) {
        let again = account(&app, logged_in, Some(LogInRefusal::NewPassword)).await?;
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &again);
    }
    let (member, code) = code_of(&app, &logged_in, &form.code).await?;
    let is_right = password_is_right(&app, form.password, member.password).await?;
    let new = hashing(&app, move || password::hash(&form.new_password)).await?;
    let proof = ProveStaff {
        staff: member.id,
        code: if is_right || code == EnteredCode::Waits {
            code
        } else {
            EnteredCode::Wrong
        },
        used_for: ProofUse::ChangePassword {
            password: new,
            session: logged_in.session.id,
        },
        now: app.clock.now(),
    };
    if app.store.prove_staff(proof).await? {
        return Ok(Redirect::to("/staff").into_response());
    }
    let again = account(&app, logged_in, Some(LogInRefusal::PasswordOrCode)).await?;
    page_with(StatusCode::FORBIDDEN, &again)
}
