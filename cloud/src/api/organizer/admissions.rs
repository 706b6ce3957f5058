//! `/v1/organizer/events/{event_id}/admissions`: every scan that has reached the cloud, in the order in which it came.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use usher_protocol::scans::{ScanKind, WrittenScan};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params, read_digits};
use crate::authority::scans;
use crate::moment::Moment;
use crate::rights::may;
use crate::state::AppState;
use crate::store::authority::RecordsQuery;

use super::names::{DeviceName, GateView, Names, UnitView};
use super::owned::OwnEvent;

/// Records looked at for one page unless the request says otherwise.
const PAGE: u32 = 200;
/// How many records may be looked at for one page.
pub const RECORDS_ON_A_PAGE: RangeInclusive<u32> = 1..=1_000;

/// Which scans to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAdmissions {
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: String,
    /// Records looked at for one page, 1 to 1,000; 200 unless given.
    pub limit: Option<u32>,
}

/// A page of scans.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdmissionsView {
    /// The scans, in the order in which they came.
    pub admissions: Vec<AdmissionView>,
    /// Where the next page begins. On the last page it is where scans that are still to come will be.
    pub next_cursor: String,
    /// Whether there is more to read now.
    pub more: bool,
}

/// A scan.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdmissionView {
    /// When it was.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
    /// By whose word: `judge`, the time that the device which judged it went by, or `log`: that of the scan before it in the device's log,
    /// because its clock stood still after it had been ahead.
    #[schema(example = "judge")]
    pub at_by: &'static str,
    /// `admitted`, `exited`, `denied`, `referred`, `overridden`, or `withdrawn` or `annulled`: nobody passed by that scan, whoever wrote so.
    #[schema(example = "admitted")]
    pub kind: &'static str,
    /// The scan's id: several devices may tell of one scan.
    #[schema(value_type = String, example = "00112233445566778899aabbccddeeff")]
    pub scan: String,
    /// Why nobody passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "already_used")]
    pub reason: Option<&'static str>,
    /// The gate.
    pub gate: GateView,
    /// The ticket's unit.
    pub unit: UnitView,
    /// The ticket's generation.
    pub generation: u32,
    /// How many passed.
    pub persons: u8,
    /// Who wrote it down.
    pub device: DeviceName,
    /// Of `overridden`: the supervisor; of `annulled`: who said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of `overridden` and `annulled`: the reason given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl AdmissionView {
    fn of(scan: WrittenScan, names: &Names) -> Self {
        let (kind, reason, by, why) = match scan.kind {
            ScanKind::Admitted => ("admitted", None, None, None),
            ScanKind::Exited => ("exited", None, None, None),
            ScanKind::Denied(kind) => ("denied", Some(kind.name()), None, None),
            ScanKind::Referred(kind) => ("referred", Some(kind.name()), None, None),
            ScanKind::Overridden { by, why } => ("overridden", None, Some(by), Some(why)),
            ScanKind::Withdrawn => ("withdrawn", None, None, None),
            ScanKind::Annulled { by, why } => ("annulled", None, Some(by), Some(why)),
        };
        Self {
            at: Moment(scan.dated.at()),
            at_by: scan.dated.word(),
            kind,
            scan: format!("{:?}", scan.id),
            reason,
            gate: names.gate(scan.gate),
            unit: names.unit(scan.unit),
            generation: scan.generation.0,
            persons: scan.persons,
            device: names.device(scan.device),
            by,
            why,
        }
    }
}

impl ListAdmissions {
    fn into_query(self, event: EventId) -> Result<RecordsQuery, ApiError> {
        let mut checks = Checks::default();
        let limit = self.limit.unwrap_or(PAGE);
        checks.range(limit, "/limit", RECORDS_ON_A_PAGE);
        let after = if self.cursor.is_empty() {
            Some(0)
        } else {
            read_digits(&self.cursor)
        };
        checks.require(after.is_some(), "/cursor", "must be next_cursor of a page before");
        checks.finish()?;
        Ok(RecordsQuery {
            event,
            after: after.unwrap_or(0),
            limit,
        })
    }
}

/// Lists the scans of an event, in the order in which they reached this server.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/admissions", tag = "organizer",
    params(("event_id" = String, Path), ListAdmissions), security(("organizer_key" = [])), responses(
    (status = 200, body = AdmissionsView),
    (status = 409, description = "No trust bundle yet"),
    (status = 422, description = "See `errors`"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeAdmissions>,
    Params(list): Params<ListAdmissions>,
) -> Result<Json<AdmissionsView>, ApiError> {
    let id = event.id;
    let authority = app.authorities.of(id)?;
    let query = list.into_query(id)?;
    let records = app.store.records(query).await?;
    let scans = scans::read_all(&records);
    let names = Names::of(event, &authority, scans.iter().map(|scan| scan.unit).collect()).await?;
    Ok(Json(AdmissionsView {
        admissions: scans
            .into_iter()
            .map(|scan| AdmissionView::of(scan, &names))
            .collect(),
        next_cursor: records
            .last()
            .map_or(query.after, |record| record.position)
            .to_string(),
        more: records.len() as u64 == u64::from(query.limit),
    }))
}
