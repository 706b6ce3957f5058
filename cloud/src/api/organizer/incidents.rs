//! `/v1/organizer/events/{event_id}/incidents`: the contradictions that merging has brought to light, in words.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_keys::Timestamp;
use usher_protocol::state::Incident;
use usher_protocol::{GateId, Unit};
use usher_words::organizer::{self, Passed};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::moment::Moment;
use crate::rights::may;
use crate::state::AppState;

use super::names::{DeviceName, GateView, Names, UnitView};
use super::owned::OwnEvent;

/// The incidents of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentsView {
    /// The incidents; each keeps its id for ever.
    pub incidents: Vec<IncidentView>,
}

/// A contradiction.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentView {
    /// Names it: the same on every replica.
    pub id: String,
    /// `double_admission`, `exit_too_many`, `forked` or `false_record`.
    #[schema(example = "double_admission")]
    pub kind: &'static str,
    /// What happened, in a sentence, with times as they are at the event.
    pub words: String,
    /// Of `double_admission` and `exit_too_many`: the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitView>,
    /// Of `double_admission`: the ticket's generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// Of `double_admission`: the name of the zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_name: Option<String>,
    /// Of `double_admission`: when and where people went in before, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<PassageView>,
    /// When and where one went in, or out, too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<PassageView>,
    /// The device that let them in, that has two histories, or that claims what it cannot prove.
    pub device: DeviceName,
}

/// When and where people went in or out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PassageView {
    /// When, by the clock that the device which judged it went by.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
    /// Where.
    pub gate: GateView,
}

impl PassageView {
    fn of((at, gate): (Timestamp, GateId), names: &Names) -> Self {
        Self {
            at: Moment(at),
            gate: names.gate(gate),
        }
    }
}

/// Lists the incidents of an event: tickets that let in more people than they should, devices with two histories.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/incidents", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = IncidentsView),
    (status = 409, description = "No trust bundle yet"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeIncidents>,
) -> Result<Json<IncidentsView>, ApiError> {
    let id = event.id;
    let authority = app.authorities.of(id)?;
    let incidents = authority
        .ask(|writer| Box::pin(async move { Ok(writer.state().await?.incidents()) }))
        .await?;
    let names = Names::of(event, &authority, incidents.iter().filter_map(unit_of).collect()).await?;
    let incidents = incidents.iter().map(|incident| view(incident, &names)).collect();
    Ok(Json(IncidentsView { incidents }))
}

fn unit_of(incident: &Incident) -> Option<Unit> {
    match incident {
        Incident::DoubleAdmission { unit, .. } | Incident::ExitTooMany { unit, .. } => Some(*unit),
        Incident::Forked { .. } | Incident::FalseRecord { .. } => None,
    }
}

fn view(incident: &Incident, names: &Names) -> IncidentView {
    match incident {
        Incident::DoubleAdmission {
            unit,
            generation,
            zone,
            second,
            second_gate,
            second_at,
            first,
        } => {
            let (unit, zone_name) = (names.unit(*unit), names.zone(*zone));
            let second_passage = PassageView::of((*second_at, *second_gate), names);
            let first = first.map(|first| PassageView::of(first, names));
            let words = organizer::double_admission(
                (&unit.words(), &zone_name),
                first.as_ref().map(|first| passed(first, names)).as_ref(),
                &passed(&second_passage, names),
            );
            IncidentView {
                id: format!("double-{}-{}", second.origin.id(), second.seq),
                kind: "double_admission",
                words,
                unit: Some(unit),
                generation: Some(generation.0),
                zone_name: Some(zone_name),
                first,
                second: Some(second_passage),
                device: names.device(second.origin),
            }
        }
        Incident::ExitTooMany { unit, exit, gate, at } => {
            let (unit, passage) = (names.unit(*unit), PassageView::of((*at, *gate), names));
            IncidentView {
                words: organizer::exit_too_many(&unit.words(), &passed(&passage, names)),
                unit: Some(unit),
                second: Some(passage),
                ..of_device(
                    ("exit_too_many", format!("exit-{}-{}", exit.origin.id(), exit.seq)),
                    names.device(exit.origin),
                    |_| String::new(),
                )
            }
        }
        Incident::Forked { origin } => of_device(
            ("forked", format!("forked-{}", origin.id())),
            names.device(*origin),
            organizer::forked,
        ),
        Incident::FalseRecord { origin, seq } => of_device(
            ("false_record", format!("false-{}-{seq}", origin.id())),
            names.device(*origin),
            organizer::false_record,
        ),
    }
}

fn of_device(
    (kind, id): (&'static str, String),
    device: DeviceName,
    words: fn(&str) -> String,
) -> IncidentView {
    IncidentView {
        id,
        kind,
        words: words(&device.name),
        unit: None,
        generation: None,
        zone_name: None,
        first: None,
        second: None,
        device,
    }
}

/// Puts a passage in words in the event's own time, as its gates say it; `at` of the view has the same in UTC, for programs.
fn passed(passage: &PassageView, names: &Names) -> Passed {
    Passed {
        gate: passage.gate.name.clone(),
        at: names.time(passage.at.0),
    }
}
