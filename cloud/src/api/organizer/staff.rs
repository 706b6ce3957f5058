//! `/v1/organizer/staff`: the people of an organizer who log in, and those who are invited to.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_keys::Timestamp;
use usher_words::problems::{Missing, ProblemDetail, ProblemKind};
use utoipa::ToSchema;

use crate::acts::Actor;
use crate::api::bookings::{EMAIL_BYTES, is_address};
use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::ids::{InvitationId, LinkLetterId, OrganizerId, StaffId};
use crate::letters::LetterState;
use crate::link_letters::{LinkKind, LinkLetter};
use crate::moment::Moment;
use crate::rights::{Grant, StaffRole, may};
use crate::staff::{
    ChangeStaff, ChangeStaffOutcome, EndSessions, INVITED_FOR, Invitation, InviteOutcome, NewInvitation,
    RemoveStaff, SessionCounts, StaffMember, WithdrawInvitation, millis,
};
use crate::state::AppState;
use crate::store::organizing::KeyHash;

use super::allowed::Allowed;
use super::owned::Named;
use super::venues::NAME_BYTES;

/// What the secret in an invitation's address begins with.
const PREFIX: &str = "uin_";
const NOBODY: ApiError = ApiError::NotFound(Missing::Person);

/// Invites somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ada", "email": "ada@owls.example", "role": "box_office"}))]
pub struct InvitationRequest {
    /// Their name, 1 to 80 bytes.
    #[schema(example = "Ada")]
    pub name: String,
    /// Their e-mail address, with which they log in.
    #[schema(example = "ada@owls.example")]
    pub email: String,
    /// What they may do.
    #[schema(value_type = String, example = "box_office")]
    pub role: StaffRole,
    /// Whether the link is mailed to them, where the server has a mail server.
    #[serde(default = "is_usual")]
    #[schema(default = true)]
    pub send: bool,
}

fn is_usual() -> bool {
    true
}

impl InvitationRequest {
    fn check(&self) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        checks.text(&self.name, "/name", NAME_BYTES);
        checks.text(&self.email, "/email", EMAIL_BYTES);
        checks.require(is_address(&self.email), "/email", "must be an e-mail address");
        checks.finish()
    }

    fn invitation_of(self, organizer: OrganizerId, now: Timestamp) -> Invitation {
        Invitation {
            id: InvitationId::draw(now),
            organizer,
            name: self.name,
            email: self.email.to_lowercase(),
            role: self.role,
            created_at: now,
            expires_at: now.plus_ms(millis(INVITED_FOR)),
            letter: None,
        }
    }
}

/// Changes somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "viewer"}))]
pub struct StaffPatch {
    /// What they may do from now on.
    #[schema(value_type = String, example = "viewer")]
    pub role: StaffRole,
}

/// Somebody of the organizer's.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffView {
    /// Their id, which opens nothing.
    #[schema(value_type = String)]
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// What they may do.
    #[schema(value_type = String, example = "box_office")]
    pub role: StaffRole,
    /// When they took their invitation.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// In how many browsers they are logged in.
    pub sessions: u32,
}

impl StaffView {
    fn of(member: StaffMember, sessions: u32) -> Self {
        Self {
            sessions,
            staff_id: member.id,
            name: member.name,
            email: member.email,
            role: member.role,
            created_at: Moment(member.created_at),
        }
    }
}

/// An invitation that nobody has taken yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationView {
    /// Its id, which opens nothing.
    #[schema(value_type = String)]
    pub invitation_id: InvitationId,
    /// Who is invited.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// What they would be.
    #[schema(value_type = String, example = "box_office")]
    pub role: StaffRole,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Moment,
    /// What became of the letter with its link, if one was written: `waiting`, `sent` or `given_up`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sent")]
    pub letter: Option<&'static str>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            invitation_id: invitation.id,
            name: invitation.name,
            email: invitation.email,
            role: invitation.role,
            expires_at: Moment(invitation.expires_at),
            letter: invitation.letter.map(LetterState::word),
        }
    }
}

/// An invitation that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewInvitationView {
    /// The address to give to who is invited, and to nobody else: a secret, which is not shown again.
    #[schema(
        example = "https://tickets.example/staff/invitations/uin_0123456789abcdefghijklmnopqrstuv0123456789abcdefghij"
    )]
    pub link: String,
    /// What it is.
    pub invitation: InvitationView,
}

/// The people of an organizer.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffListView {
    /// Where they log in.
    #[schema(example = "https://tickets.example/staff/log-in/org_06e9pvb1pdqm38000000000000")]
    pub log_in: String,
    /// The people, the first one first.
    pub staff: Vec<StaffView>,
    /// Those who are invited.
    pub invitations: Vec<InvitationView>,
}

/// Invites somebody to be one of the organizer's people: mails them a link, where there is mail, and shows it, this once. An earlier one for the
/// same address ends.
#[utoipa::path(post, path = "/v1/organizer/staff/invitations", tag = "organizer", request_body = InvitationRequest,
    security(("organizer_key" = [])), responses(
    (status = 201, body = NewInvitationView),
    (status = 409, description = "Somebody has this address already, or there are as many people as there can be"),
))]
pub async fn invite(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::InviteStaff>,
    JsonBody(request): JsonBody<InvitationRequest>,
) -> Result<(StatusCode, Json<NewInvitationView>), ApiError> {
    request.check()?;
    if !allowed.caller.grant.covers(Grant::whole(request.role)) {
        return Err(ProblemDetail::KeyTooWide.into());
    }
    let sends = request.send && app.mailer.is_some();
    let mut invitation = request.invitation_of(allowed.caller.organizer, app.clock.now());
    invitation.letter = sends.then_some(LetterState::Waiting);
    let (text, hash) = KeyHash::draw_with(PREFIX);
    let new = NewInvitation {
        invitation: invitation.clone(),
        hash,
        letter: sends.then(|| letter_of(&app, &invitation, &text)),
    };
    match app.store.invite_staff(new).await? {
        InviteOutcome::IsMember => Err(ProblemKind::AlreadyStaff.into()),
        InviteOutcome::TooMany => Err(ProblemKind::TooManyStaff.into()),
        InviteOutcome::Invited => {
            let link = app.link(&format!("/staff/invitations/{text}"));
            let invitation = invitation.into();
            Ok((StatusCode::CREATED, Json(NewInvitationView { link, invitation })))
        }
    }
}

/// Makes the letter with an invitation's link; it goes by the invitation's id.
fn letter_of(app: &AppState, invitation: &Invitation, secret: &str) -> LinkLetter {
    let id = LinkLetterId(invitation.id.0);
    LinkLetter {
        organizer: Some(invitation.organizer),
        recipient: invitation.email.clone(),
        sealed: app.link_secrets.seal(id, secret),
        expires_at: invitation.expires_at,
        ..LinkLetter::new(id, LinkKind::StaffInvited, invitation.created_at)
    }
}

/// Takes an invitation back that nobody has taken yet; a letter with its link that waits is not sent.
#[utoipa::path(delete, path = "/v1/organizer/staff/invitations/{invitation_id}", tag = "organizer",
    params(("invitation_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 204, description = "It opens nothing any more"),
))]
pub async fn withdraw(
    State(app): State<Arc<AppState>>,
    Named(id, allowed): Named<may::InviteStaff, InvitationId>,
) -> Result<StatusCode, ApiError> {
    let organizer = allowed.caller.organizer;
    let request = WithdrawInvitation { organizer, id };
    if app.store.withdraw_invitation(request).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound(Missing::OwnInvitation))
    }
}

/// Lists the organizer's people, and those who are invited.
#[utoipa::path(get, path = "/v1/organizer/staff", tag = "organizer", security(("organizer_key" = [])), responses(
    (status = 200, body = StaffListView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::SeeStaff>,
) -> Result<Json<StaffListView>, ApiError> {
    let organizer = allowed.caller.organizer;
    let now = app.clock.now();
    let invitations = app.store.invitations(organizer).await?.into_iter();
    let open = invitations.filter(|invitation| now < invitation.expires_at);
    Ok(Json(StaffListView {
        log_in: app.link(&format!("/staff/log-in/{organizer}")),
        staff: people(&app, organizer).await?,
        invitations: open.map(InvitationView::from).collect(),
    }))
}

/// Lists an organizer's people, the first one first.
async fn people(app: &AppState, organizer: OrganizerId) -> Result<Vec<StaffView>, ApiError> {
    let counts = SessionCounts {
        organizer,
        now: app.clock.now(),
    };
    let counts: BTreeMap<StaffId, u32> = app.store.session_counts(counts).await?.into_iter().collect();
    let staff = app.store.staff(organizer).await?.into_iter();
    let views = staff.map(|member| {
        let sessions = counts.get(&member.id).copied();
        StaffView::of(member, sessions.unwrap_or_default())
    });
    Ok(views.collect())
}

/// Gives somebody another role, which counts from their next request on.
#[utoipa::path(patch, path = "/v1/organizer/staff/{staff_id}", tag = "organizer", params(("staff_id" = String, Path)),
    request_body = StaffPatch, security(("organizer_key" = [])), responses(
    (status = 200, body = StaffView),
    (status = 409, description = "They are the last owner, and somebody who is logged in asks"),
))]
pub async fn change(
    State(app): State<Arc<AppState>>,
    Named(id, allowed): Named<may::ChangeStaff, StaffId>,
    JsonBody(request): JsonBody<StaffPatch>,
) -> Result<Json<StaffView>, ApiError> {
    if !allowed.caller.grant.covers(Grant::whole(request.role)) {
        return Err(ProblemDetail::KeyTooWide.into());
    }
    let organizer = allowed.caller.organizer;
    let change = ChangeStaff {
        organizer,
        id,
        role: request.role,
        keeps_owner: keeps_owner(allowed.caller.by),
    };
    is_done(app.store.change_staff(change).await?)?;
    let staff = people(&app, organizer).await?;
    let member = staff.into_iter().find(|member| member.staff_id == id);
    Ok(Json(member.ok_or(NOBODY)?))
}

/// Tells whether the last owner stays: nobody who is logged in locks everybody out. A key that may do so is kept somewhere else, and takes out
/// an owner whose password somebody else knows.
fn keeps_owner(by: Actor) -> bool {
    match by {
        Actor::Staff(_) => true,
        Actor::Key(_) => false,
    }
}

fn is_done(outcome: ChangeStaffOutcome) -> Result<(), ApiError> {
    match outcome {
        ChangeStaffOutcome::Changed => Ok(()),
        ChangeStaffOutcome::NotFound => Err(NOBODY),
        ChangeStaffOutcome::LastOwner => Err(ProblemKind::LastOwner.into()),
    }
}

/// Forgets somebody: they are logged out everywhere, and nothing is kept of them but the acts that name their id.
#[utoipa::path(delete, path = "/v1/organizer/staff/{staff_id}", tag = "organizer", params(("staff_id" = String, Path)),
    security(("organizer_key" = [])), responses(
    (status = 204, description = "They are none of yours any more"),
    (status = 409, description = "They are the last owner, and somebody who is logged in asks"),
))]
pub async fn remove(
    State(app): State<Arc<AppState>>,
    Named(id, allowed): Named<may::ChangeStaff, StaffId>,
) -> Result<StatusCode, ApiError> {
    let remove = RemoveStaff {
        organizer: allowed.caller.organizer,
        id,
        keeps_owner: keeps_owner(allowed.caller.by),
    };
    is_done(app.store.remove_staff(remove).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Logs somebody out wherever they are logged in: of a phone that is lost, say. With their password and a one-time code they come in again.
#[utoipa::path(delete, path = "/v1/organizer/staff/{staff_id}/sessions", tag = "organizer", params(("staff_id" = String, Path)),
    security(("organizer_key" = [])), responses(
    (status = 204, description = "They are logged in nowhere"),
))]
pub async fn log_out(
    State(app): State<Arc<AppState>>,
    Named(id, allowed): Named<may::ChangeStaff, StaffId>,
) -> Result<StatusCode, ApiError> {
    let organizer = allowed.caller.organizer;
    if app.store.end_sessions(EndSessions { organizer, id }).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(NOBODY)
    }
}
