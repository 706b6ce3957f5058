//! `/v1/organizer/events/{event_id}/counts`: how many people are in, by gate and zone, and why others are not.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_keys::Timestamp;
use usher_protocol::ZoneId;
use usher_protocol::policy::Policy;
use usher_protocol::state;
use usher_words::organizer::UNNAMED;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::moment::Moment;
use crate::rights::may;
use crate::state::AppState;

use super::names::DeviceName;
use super::owned::OwnEvent;

/// Counts of each zone that are listed: an evening's, one every quarter of an hour.
const COUNTS_SHOWN: usize = 20;

/// What has been counted at the gates, as far as it has reached this server.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsView {
    /// By zone.
    pub zones: Vec<ZoneCountView>,
    /// By gate.
    pub gates: Vec<GateCountView>,
    /// Scans that let nobody pass, by reason.
    pub refused: BTreeMap<String, u64>,
    /// How many records of all logs this server holds.
    pub records: u64,
}

/// How full a zone is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZoneCountView {
    /// The zone.
    pub zone: u16,
    /// Its name.
    pub name: String,
    /// People inside; below zero when exits were recorded and entries are still on their way.
    pub inside: i64,
    /// How many it holds, if it is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// How many went in within the slot of time that runs, if that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<TimeSlotView>,
    /// The last 20 times that people were counted there, newest first.
    pub counted: Vec<CountedView>,
}

/// The slot of time that runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimeSlotView {
    /// People who went in.
    pub arrived: i64,
    /// How many may.
    pub persons: u32,
    /// When the next slot begins.
    #[schema(value_type = String, format = DateTime)]
    pub until: Moment,
}

/// A count of people, signed by the device at which it was typed.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountedView {
    /// When they were counted.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
    /// The device that signed it.
    pub device: DeviceName,
    /// How many people were counted.
    pub inside: u32,
    /// How many it was before, by the gates' records and the count before; told by what is known now.
    pub replaced: i64,
    /// Whether this is the count by which the zone goes now; the others are history.
    pub in_force: bool,
}

/// What a gate has done.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateCountView {
    /// The gate.
    pub gate: u16,
    /// Its name.
    pub name: String,
    /// People let in.
    pub admitted: u64,
    /// People let out.
    pub exited: u64,
}

/// Counts the people let in and out of an event, and the scans that let nobody pass.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/counts", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = CountsView),
    (status = 409, description = "No trust bundle yet"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeCounts>,
) -> Result<Json<CountsView>, ApiError> {
    let id = event.id;
    let authority = app.authorities.of(id)?;
    let records = authority.view().record_count();
    let (policy, now) = (event.policy, app.clock.now());
    let counted = authority
        .ask(move |writer| {
            let policy = policy.clone();
            Box::pin(async move { Ok(count(writer.state().await?, &policy, now, records)) })
        })
        .await?;
    Ok(Json(counted))
}

fn counted(state: &state::State, zone: ZoneId) -> Vec<CountedView> {
    let name = |device| {
        let identity = state.device(&device);
        identity.map_or_else(|| UNNAMED.to_owned(), |one| one.unverified().name.clone())
    };
    let counts = state.last_counts(zone, COUNTS_SHOWN);
    let views = counts.into_iter().map(|one| CountedView {
        at: Moment(one.count.at),
        device: DeviceName {
            device: one.by,
            name: name(one.by),
        },
        inside: one.count.inside,
        replaced: one.replaced,
        in_force: one.is_in_force,
    });
    views.collect()
}

fn count(state: &state::State, policy: &Policy, now: Timestamp, records: u64) -> CountsView {
    let counts = state.counts();
    let zones = policy.zones.iter().map(|zone| ZoneCountView {
        zone: zone.id.0,
        name: zone.name.clone(),
        inside: state.occupancy(zone.id),
        capacity: zone.capacity,
        slot: policy.time_slot(zone.id, now).map(|(limit, slot)| TimeSlotView {
            arrived: state.arrivals(zone.id, now),
            persons: limit.persons,
            until: Moment(slot.until),
        }),
        counted: counted(state, zone.id),
    });
    let gates = policy.gates.iter().map(|gate| GateCountView {
        gate: gate.id.0,
        name: gate.name.clone(),
        admitted: counts.admitted.get(&gate.id).copied().unwrap_or(0),
        exited: counts.exited.get(&gate.id).copied().unwrap_or(0),
    });
    let refused = counts.refused.iter();
    CountsView {
        zones: zones.collect(),
        gates: gates.collect(),
        refused: refused
            .map(|(kind, scans)| (kind.name().to_owned(), *scans))
            .collect(),
        records,
    }
}
