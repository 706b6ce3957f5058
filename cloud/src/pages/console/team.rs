//! `/console/team`: an organizer's people and what each may do, those who are invited, and changing it.

mod role_words;

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody, Params};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::allowed::Allowed;
use crate::api::organizer::owned::Named;
use crate::api::organizer::staff::{self, InvitationRequest, InvitationView, StaffPatch, StaffView};
use crate::ids::{InvitationId, StaffId};
use crate::local_time::day_and_time;
use crate::rights::{Operation, StaffRole, may};
use crate::state::AppState;

use super::access::{ConsoleError, ConsoleForm, ForPage, done, shown, told};
use super::frame::ConsoleFrame;
use role_words::{RoleLine, name_of, role_lines};

/// Where the page is.
const PATH: &str = "/console/team";

#[derive(Template)]
#[template(path = "console/team.html")]
struct TeamPage {
    frame: ConsoleFrame,
    /// What was done just now.
    news: Option<&'static str>,
    people: Vec<PersonCard>,
    invitations: Vec<InvitationCard>,
    /// The roles, each with what it is and its operations.
    roles: Vec<RoleLine>,
    /// Where people log in.
    log_in: String,
    has_mail: bool,
    may_change: bool,
    /// Whether a fresh one-time code is to be entered before anything is changed.
    wants_code: bool,
}

/// What the page says of somebody.
struct PersonCard {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    /// Its word in forms.
    role_word: &'static str,
    since: String,
    sessions: u32,
    is_me: bool,
}

impl PersonCard {
    fn of(view: StaffView, me: StaffId) -> Self {
        Self {
            id: view.staff_id.to_string(),
            name: view.name,
            email: view.email,
            role: name_of(view.role),
            role_word: view.role.word(),
            since: day_and_time(view.created_at.0, 0),
            sessions: view.sessions,
            is_me: view.staff_id == me,
        }
    }
}

/// What the page says of an invitation.
struct InvitationCard {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    until: String,
    /// What became of its letter.
    letter: &'static str,
}

impl From<InvitationView> for InvitationCard {
    fn from(view: InvitationView) -> Self {
        Self {
            id: view.invitation_id.to_string(),
            name: view.name,
            email: view.email,
            role: name_of(view.role),
            until: day_and_time(view.expires_at.0, 0),
            letter: match view.letter {
                None => "The link was shown, to be handed over.",
                Some("waiting") => "The letter with the link waits to be sent.",
                Some("sent") => "The letter with the link was sent.",
                Some(_) => "The letter could not be sent: invite them again, and hand the link over.",
            },
        }
    }
}

/// What the page was led to by.
#[derive(Default, Deserialize)]
pub struct TeamParams {
    #[serde(default)]
    done: String,
}

/// Says what was done just now.
fn news(done: &str) -> Option<&'static str> {
    match done {
        "invited" => Some("The letter with the link is on its way."),
        "withdrawn" => Some("The invitation is taken back: its link opens nothing any more."),
        "changed" => Some("The role is changed. It counts at once."),
        "ended" => Some("They are logged out everywhere."),
        "removed" => Some("They are taken out, and logged out everywhere."),
        _ => None,
    }
}

fn led_to(done: &str) -> String {
    format!("{PATH}?done={done}")
}

/// Shows who is in.
pub async fn show(
    State(app): State<Arc<AppState>>,
    ForPage(allowed): ForPage<Allowed<may::SeeStaff>>,
    logged_in: LoggedIn,
    ForPage(Params(said)): ForPage<Params<TeamParams>>,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::plain(&logged_in);
    let (me, has_mail) = (logged_in.session.staff, app.mailer.is_some());
    let is_fresh = logged_in.session.is_fresh(app.clock.now());
    let Json(listed) = staff::list(State(app), allowed).await?;
    let people = listed.staff.into_iter();
    shown(&TeamPage {
        news: news(&said.done),
        people: people.map(|view| PersonCard::of(view, me)).collect(),
        invitations: listed.invitations.into_iter().map(Into::into).collect(),
        roles: role_lines(),
        log_in: listed.log_in,
        has_mail,
        may_change: frame.may(Operation::ChangeStaff),
        wants_code: frame.may(Operation::ChangeStaff) && !is_fresh,
        frame,
    })
}

fn role_of(word: &str, checks: &mut Checks) -> StaffRole {
    let role = StaffRole::from_word(word);
    checks.require(role.is_some(), "/role", "must be one of the roles");
    role.unwrap_or(StaffRole::Viewer)
}

/// What somebody says of whom they invite.
#[derive(Deserialize)]
pub struct InviteForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    /// Whether the link is shown instead of mailed.
    #[serde(default)]
    show: bool,
}

#[derive(Template)]
#[template(path = "console/invited.html")]
struct InvitedPage {
    frame: ConsoleFrame,
    name: String,
    role: &'static str,
    link: String,
    until: String,
}

/// Invites somebody: by mail, or with a link that is shown, this once.
pub async fn invite(
    State(app): State<Arc<AppState>>,
    ForPage(allowed): ForPage<Allowed<may::InviteStaff>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<InviteForm>,
) -> Result<Response, ConsoleError> {
    let mut checks = Checks::default();
    let role = role_of(&form.role, &mut checks);
    checks.finish()?;
    let request = InvitationRequest {
        name: form.name.trim().to_owned(),
        email: form.email.trim().to_owned(),
        role,
        send: !form.show,
    };
    let (_, Json(made)) = staff::invite(State(app), allowed, JsonBody(request)).await?;
    if made.invitation.letter.is_some() {
        return Ok(done(&made.invitation, &led_to("invited")));
    }
    let page = shown(&InvitedPage {
        frame: ConsoleFrame::plain(&logged_in),
        name: made.invitation.name.clone(),
        role: name_of(role),
        link: made.link,
        until: day_and_time(made.invitation.expires_at.0, 0),
    })?;
    Ok(told(page, &made.invitation))
}

/// Takes an invitation back.
pub async fn withdraw(
    State(app): State<Arc<AppState>>,
    ForPage(named): ForPage<Named<may::InviteStaff, InvitationId>>,
) -> Result<Response, ConsoleError> {
    staff::withdraw(State(app), named).await?;
    Ok(done(&(), &led_to("withdrawn")))
}

/// What somebody's role is to be.
#[derive(Deserialize)]
pub struct RoleForm {
    #[serde(default)]
    role: String,
}

/// Gives somebody another role.
pub async fn change(
    State(app): State<Arc<AppState>>,
    ForPage(named): ForPage<Named<may::ChangeStaff, StaffId>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<RoleForm>,
) -> Result<Response, ConsoleError> {
    let mut checks = Checks::default();
    let role = role_of(&form.role, &mut checks);
    checks.finish()?;
    let Json(changed) = staff::change(State(app), named, JsonBody(StaffPatch { role })).await?;
    let stays = changed.staff_id != logged_in.session.staff || role.may(Operation::SeeStaff);
    let to = if stays {
        led_to("changed")
    } else {
        "/console".to_owned()
    };
    Ok(done(&changed, &to))
}

/// Logs somebody out everywhere.
pub async fn log_out(
    State(app): State<Arc<AppState>>,
    ForPage(named): ForPage<Named<may::ChangeStaff, StaffId>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let to = or_log_in("ended", &logged_in, named.0);
    staff::log_out(State(app), named).await?;
    Ok(done(&(), &to))
}

/// Leads on after somebody was logged out: whoever that was themselves, to where they log in.
fn or_log_in(done: &str, logged_in: &LoggedIn, who: StaffId) -> String {
    let session = &logged_in.session;
    if who == session.staff {
        format!("/staff/log-in/{}", session.organizer)
    } else {
        led_to(done)
    }
}

#[derive(Template)]
#[template(path = "console/remove_person.html")]
struct RemovePage {
    frame: ConsoleFrame,
    person: PersonCard,
}

/// Asks once more before somebody is taken out.
pub async fn ask(
    State(app): State<Arc<AppState>>,
    ForPage(Named(id, allowed)): ForPage<Named<may::ChangeStaff, StaffId>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let nobody = ApiError::NotFound(Missing::Person);
    let Some(seen) = allowed.also::<may::SeeStaff>() else {
        return Err(nobody.into());
    };
    let Json(listed) = staff::list(State(app), seen).await?;
    let person = listed.staff.into_iter().find(|view| view.staff_id == id);
    shown(&RemovePage {
        person: PersonCard::of(person.ok_or(nobody)?, logged_in.session.staff),
        frame: ConsoleFrame::plain(&logged_in),
    })
}

/// What somebody says who takes a person out.
#[derive(Deserialize)]
pub struct RemoveForm {
    #[serde(default)]
    sure: bool,
}

/// Takes somebody out.
pub async fn remove(
    State(app): State<Arc<AppState>>,
    ForPage(named): ForPage<Named<may::ChangeStaff, StaffId>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<RemoveForm>,
) -> Result<Response, ConsoleError> {
    let mut checks = Checks::default();
    checks.require(form.sure, "/sure", "must be ticked: this cannot be taken back");
    checks.finish()?;
    let to = or_log_in("removed", &logged_in, named.0);
    staff::remove(State(app), named).await?;
    Ok(done(&(), &to))
}
