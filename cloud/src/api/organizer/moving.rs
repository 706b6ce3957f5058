//! `/v1/organizer/events/{event_id}/move`: what depends on an event's date and what becomes of it, first as a plan and then done.

mod dependents;
mod survey;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::authority::AuthorityError;
use crate::catalogue::{Event, EventStatus};
use crate::moment::Moment;
use crate::moving::{Dates, moved_policy};
use crate::rights::may;
use crate::state::AppState;
use crate::store::organizing::{MoveEvent, MoveOutcome};
pub use dependents::DependentView;
use survey::Survey;

use super::draft::check_times;
use super::owned::OwnEvent;
use super::signing::ToSignView;

/// Asks what moving an event to another date would do, or does it.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"starts_at": "2027-07-02T18:00:00Z", "ends_at": "2027-07-02T23:00:00Z"}))]
pub struct MoveRequest {
    /// Its new start.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// Its new end, not in the past.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Moment,
    /// Its new offset of local time from UTC, in minutes; the one it has unless given. Once people were let in it stays.
    pub utc_offset_minutes: Option<i16>,
    /// Whether to do it. Unless it is true, nothing changes and the answer is a plan.
    #[serde(default)]
    pub apply: bool,
}

/// When an event takes place.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatesView {
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Moment,
    /// Offset of its local time from UTC, in minutes.
    pub utc_offset_minutes: i16,
}

impl From<Dates> for DatesView {
    fn from(dates: Dates) -> Self {
        Self {
            starts_at: Moment(dates.starts_at),
            ends_at: Moment(dates.ends_at),
            utc_offset_minutes: dates.utc_offset_minutes,
        }
    }
}

/// What moving an event does or has done.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoveView {
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// Whether it is done; otherwise this is a plan.
    pub applied: bool,
    /// When it took place before.
    pub from: DatesView,
    /// When it takes place then.
    pub to: DatesView,
    /// Everything that depends on its date, and what becomes of it.
    pub dependents: Vec<DependentView>,
    /// What the offline roots are to sign; absent when nothing is. The event shows it until it is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_sign: Option<ToSignView>,
    /// Which policy of the event gates go by from then on; absent in a plan, for a draft, and while no authority key may sign:
    /// gates hear of it when the keys are prolonged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<u32>,
}

impl MoveRequest {
    fn dates(&self, event: &Event) -> Dates {
        let offset = self.utc_offset_minutes;
        Dates {
            starts_at: self.starts_at.0,
            ends_at: self.ends_at.0,
            utc_offset_minutes: offset.unwrap_or(event.policy.utc_offset_minutes),
        }
    }

    fn check(&self, survey: &Survey, now: Timestamp) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        check_times(&mut checks, self.starts_at, self.ends_at);
        checks.require(
            now < self.ends_at.0,
            "/ends_at",
            "must be later than now: an event is not moved into the past",
        );
        let (event, to) = (&survey.event, survey.to);
        // Sums of past days lie in checkpoints, and they cannot be taken apart again.
        let is_counted = event.status == EventStatus::Published && survey.admitted > 0;
        checks.require(
            !is_counted || to.utc_offset_minutes == event.policy.utc_offset_minutes,
            "/utc_offset_minutes",
            "stays as it is: people were let in, and their days are counted by it",
        );
        checks.require(
            event.policy.time_zone.is_empty() || self.utc_offset_minutes.is_none(),
            "/utc_offset_minutes",
            "follows from the event's time_zone: leave it out",
        );
        if !checks.failed()
            && let Err(error) = moved_policy(event, to).check()
        {
            checks.require(false, "", format!("moved that far, {error}"));
        }
        checks.finish()
    }
}

/// Moves an event to another date, or tells what that would do. Windows keep their distance from the start, devices'
/// certificates their distance from the end, tickets stay good, and what is held and not paid for is given back: nobody
/// shall pay for a date they have not seen. What the offline roots must sign for it is in `to_sign`; until it is signed,
/// nothing is sold. Doing it again changes nothing more.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/move", tag = "organizer", params(("event_id" = String, Path)),
    request_body = MoveRequest, security(("organizer_key" = [])), responses(
    (status = 200, body = MoveView),
    (status = 409, description = "It is canceled; or it is moved, but its gates have not heard: the server runs on an older copy of its data. Move it again once that is mended"),
    (status = 422, description = "The dates make no sense: see `errors`"),
))]
pub async fn relocate(
    State(app): State<Arc<AppState>>,
    own: OwnEvent<may::MoveEvent>,
    JsonBody(request): JsonBody<MoveRequest>,
) -> Result<Json<MoveView>, ApiError> {
    let own = own.reread(&app).await?;
    let id = own.0.id;
    let survey = Survey::of(&app, (own.0.clone(), request)).await?;
    request.check(&survey, app.clock.now())?;
    let policy_version = if request.apply {
        apply(&app, &survey, own).await?
    } else {
        None
    };
    Ok(Json(MoveView {
        event_id: id,
        applied: request.apply,
        from: Dates::of(&survey.event).into(),
        to: survey.to.into(),
        dependents: dependents::list(&survey),
        to_sign: survey.to_sign(&app),
        policy_version,
    }))
}

/// Moves it in one transaction and tells its gates by one policy.
async fn apply(
    app: &Arc<AppState>,
    survey: &Survey,
    own: OwnEvent<may::MoveEvent>,
) -> Result<Option<u32>, ApiError> {
    let id = survey.event.id;
    let request = MoveEvent {
        event: id,
        to: survey.to,
        mails: app.mailer.is_some(),
        now: app.clock.now(),
    };
    let outcome = app.store.move_event(request).await?;
    app.seat_maps.forget(id);
    match outcome {
        MoveOutcome::NotFound => return Err(ApiError::NotFound(Missing::OwnEvent)),
        MoveOutcome::Canceled => return Err(ProblemKind::EventCanceled.into()),
        MoveOutcome::Moved { freed } => tracing::info!(event = %id, freed, "an event was moved"),
    }
    let OwnEvent(event, _) = own.reread(app).await?;
    match app.authorities.publish_policy(&event).await {
        Ok(version) => Ok(version.map(|version| version.0)),
        // It ran out before the event was moved: the bundle that prolongs it brings the policy along.
        Err(AuthorityError::NoKey { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
