//! `/v1/organizer/events/{event_id}/policy`: what gates go by, and changing it while the event runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_keys::{EventId, Timestamp};
use usher_protocol::policy::Policy;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::catalogue::{Event, EventStatus};
use crate::local_time;
use crate::rights::may;
use crate::state::AppState;
use crate::store::organizing::EventChange;

use super::draft::{OFFSET_FOLLOWS, OPENS_NOTHING, check_names, check_zone};
use super::owned::OwnEvent;
use super::policy_spec::PolicySpec;

/// What gates go by.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    /// Which policy of the event it is in the authority log, from 1; absent before the event is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The policy.
    pub policy: PolicySpec,
}

/// Replaces the policy. Gates of a published event hear of it as soon as they are linked.
#[utoipa::path(put, path = "/v1/organizer/events/{event_id}/policy", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])),
    request_body(content = PolicySpec, description = "The policy as `GET /v1/organizer/events/{event_id}` shows it"), responses(
    (status = 200, body = PolicyView),
    (status = 422, description = "It makes no sense, or its tiers are not those on sale"),
))]
pub async fn replace(
    State(app): State<Arc<AppState>>,
    own: OwnEvent<may::ChangePolicy>,
    JsonBody(wanted): JsonBody<PolicySpec>,
) -> Result<Json<PolicyView>, ApiError> {
    let own = own.reread(&app).await?;
    let OwnEvent(event, _) = &own;
    let mut checks = Checks::default();
    for (index, tier) in wanted.tiers.iter().enumerate() {
        tier.live.unwrap_or_default().check(&mut checks, index);
    }
    let wanted = wanted.into_policy(event.starts_at);
    let policy = local_time::with_offsets(wanted.clone(), event.starts_at, event.ends_at);
    check_time(&mut checks, (&wanted, &policy), event);
    check(checks, &policy, event)?;
    let change = change(event.id, policy, app.clock.now());
    app.store.change_event(change).await?;
    let OwnEvent(event, _) = own.reread(&app).await?;
    let version = app
        .authorities
        .publish_policy(&event)
        .await?
        .map(|version| version.0);
    Ok(Json(PolicyView {
        version,
        policy: event.policy.into(),
    }))
}

/// Checks that nothing is said of local time that would be ignored: beside a time zone, what follows from it is left out, or
/// stands there as it was shown.
fn check_time(checks: &mut Checks, (wanted, told): (&Policy, &Policy), event: &Event) {
    check_zone(checks, &wanted.time_zone);
    let follows = !wanted.time_zone.is_empty();
    let offset = wanted.utc_offset_minutes;
    // One that is left out reads as 0.
    let offsets = [0, told.utc_offset_minutes, event.policy.utc_offset_minutes];
    checks.require(
        !follows || offsets.contains(&offset),
        "/utc_offset_minutes",
        OFFSET_FOLLOWS,
    );
    let changes = &wanted.offset_changes;
    let is_shown = [&told.offset_changes, &event.policy.offset_changes].contains(&changes);
    checks.require(
        !follows || changes.is_empty() || is_shown,
        "/offset_changes",
        "follow from time_zone: leave them out",
    );
}

fn check(mut checks: Checks, policy: &Policy, event: &Event) -> Result<(), ApiError> {
    check_names(&mut checks, policy);
    if let Err(error) = policy.check() {
        checks.require(false, "", error.to_string());
    }
    let on_sale: BTreeSet<_> = event.tiers.iter().map(|tier| tier.id).collect();
    let named: BTreeSet<_> = policy.tiers.iter().map(|tier| tier.id).collect();
    checks.require(on_sale == named, "/tiers", "must be the tiers on sale, each once");
    for (index, tier) in policy.tiers.iter().enumerate() {
        checks.require(
            !tier.zones.is_empty(),
            format!("/tiers/{index}/zones"),
            OPENS_NOTHING,
        );
    }
    // Sums of past days lie in checkpoints, and they cannot be taken apart again.
    let days = |policy: &Policy| {
        let zone = policy.time_zone.clone();
        (zone, policy.utc_offset_minutes, policy.day_start_minutes)
    };
    let is_draft = event.status == EventStatus::Draft;
    let days_stand = is_draft || days(policy) == days(&event.policy);
    if let Err(error) = event.policy.check_successor(policy)
        && !is_draft
    {
        checks.require(false, "", error.to_string());
    }
    checks.require(
        days_stand,
        "/utc_offset_minutes",
        "time_zone and day_start_minutes stay as they were when the event was published: scans were counted by them",
    );
    checks.finish()
}

fn change(event: EventId, policy: Policy, now: Timestamp) -> EventChange {
    EventChange {
        policy: Some(policy),
        ..EventChange::nothing(event, now)
    }
}
