//! What a phone syncs: the event, its gates as check-in lists, its tiers as items, counts, and empty pages for all that a hub does not
//! give away. Nothing by which a phone could let people in by itself is among it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_keys::Timestamp;
use usher_protocol::GateId;
use usher_protocol::policy::{Gate, Policy, TierRules};
use usher_words::hub::phones as words;

use super::asker::Phone;
use super::nothing_here;
use crate::services::status::HubStatus;

/// What is added to a gate's number for the list at which all people of a ticket pass by one scan.
const WHOLE_GROUP: i64 = 100_000;

/// Which page is asked for. There is one of everything.
#[derive(Deserialize)]
pub struct Page {
    page: Option<u64>,
}

impl Page {
    /// Asks for that page, or the first one.
    pub fn of(page: Option<u64>) -> Self {
        Self { page }
    }
}

/// What a list is at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPlace {
    /// The list's number in the API.
    pub list: i64,
    pub gate: GateId,
    /// Whether all people of a ticket pass by one scan.
    pub is_whole_group: bool,
}

impl Phone {
    /// Returns the policy, once the hub has heard of one.
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.services.replica.snapshot().policy.clone()
    }

    /// Returns what one of this phone's lists is.
    pub fn place(&self, list: i64) -> Option<ListPlace> {
        let is_whole_group = list >= WHOLE_GROUP;
        let number = if is_whole_group { list - WHOLE_GROUP } else { list };
        let gate = GateId(u16::try_from(number).ok()?);
        self.policy()?.gate(gate).filter(|gate| self.serves(gate))?;
        Some(ListPlace {
            list,
            gate,
            is_whole_group,
        })
    }

    fn serves(&self, gate: &Gate) -> bool {
        let hub = self.services.replica.certificate();
        self.row.holder.serves(gate.id.0) && hub.serves(gate.id.0)
    }
}

/// Puts all there is on one page. A policy has at most some hundred parts.
pub fn page(asked: &Page, results: Vec<Value>) -> Json<Value> {
    let count = results.len();
    let results = if asked.page.unwrap_or(1) > 1 {
        Vec::new()
    } else {
        results
    };
    Json(json!({ "count": count, "next": null, "previous": null, "results": results }))
}

/// Gives a page with nothing on it.
pub async fn nothing(_: Phone) -> Json<Value> {
    page(&Page { page: None }, Vec::new())
}

/// Returns empty settings.
pub async fn settings(_: Phone) -> Json<Value> {
    Json(json!({}))
}

/// Lists the event the phone is set up for.
pub async fn events(phone: Phone, Query(asked): Query<Page>) -> Json<Value> {
    page(&asked, vec![event_of(&phone)])
}

/// Gives the event.
pub async fn event(phone: Phone) -> Json<Value> {
    Json(event_of(&phone))
}

fn event_of(phone: &Phone) -> Value {
    let (policy, slug) = (phone.policy(), phone.event().to_string());
    let policy = policy.as_deref();
    let window = phone.services.replica.certificate().window;
    let windows = || policy.into_iter().flat_map(|policy| &policy.tiers);
    let windows = || windows().flat_map(|tier| &tier.windows);
    let from = windows().map(|window| window.from).min().unwrap_or(window.from);
    let until = windows().map(|window| window.until).max();
    let zone = policy.map_or("UTC", |policy| policy.time_zone.as_str());
    let zone = TimeZone::get(zone).map_or("UTC", |_| zone);
    json!({
        "name": { "en": policy.map_or(slug.as_str(), |policy| policy.name.as_str()) },
        "slug": slug,
        "live": true,
        "testmode": false,
        "currency": "EUR",
        "date_from": moment(from),
        "date_to": until.map(moment),
        "date_admission": null,
        "has_subevents": false,
        "timezone": zone,
        "seat_category_mapping": {},
        "seating_plan": null,
        "plugins": [],
        // Without keys no phone can tell a ticket from a text, and none lets anybody in by itself.
        "valid_keys": { "pretix_sig1": [] },
    })
}

/// Writes a moment as every app reads it. What lies beyond all calendars is the last day of this one.
pub fn moment(at: Timestamp) -> String {
    let at = i64::try_from(at.0).ok();
    let at = at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let said = at.and_then(|at| strtime::format("%Y-%m-%dT%H:%M:%SZ", at).ok());
    said.unwrap_or_else(|| "9999-12-31T00:00:00Z".to_owned())
}

/// Lists the tiers.
pub async fn items(phone: Phone, Query(asked): Query<Page>) -> Json<Value> {
    let policy = phone.policy();
    let tiers = policy.iter().flat_map(|policy| &policy.tiers);
    page(&asked, tiers.enumerate().map(item).collect())
}

fn item((position, tier): (usize, &TierRules)) -> Value {
    json!({
        "id": tier.id.0,
        "name": { "en": tier.name },
        "internal_name": null, "category": null, "active": true, "admission": true, "personalized": false,
        "position": position,
        "default_price": "0.00", "free_price": false, "tax_rate": "0.00", "tax_rule": null,
        "description": null, "picture": null, "sales_channels": ["web"],
        "available_from": null, "available_until": null,
        "require_voucher": false, "hide_without_voucher": false, "allow_cancel": true,
        "min_per_order": null, "max_per_order": null,
        "checkin_attention": false, "checkin_text": null,
        "original_price": null, "require_approval": false, "require_bundling": false,
        "generate_tickets": true, "issue_giftcard": false,
        "has_variations": false, "variations": [], "addons": [], "bundles": [],
        "media_policy": null, "media_type": null,
    })
}

/// Lists the gates that the phone may serve, and each once more for whole groups.
pub async fn lists(phone: Phone, Query(asked): Query<Page>) -> Result<Json<Value>, Response> {
    let counts = counts(&phone).await?;
    let policy = phone.policy();
    let gates = policy.iter().flat_map(|policy| &policy.gates);
    let served: Vec<&Gate> = gates.filter(|gate| phone.serves(gate)).collect();
    let single = served
        .iter()
        .map(|gate| list_of(gate.id, (0, gate.name.clone()), &counts));
    let whole = served
        .iter()
        .map(|gate| list_of(gate.id, (WHOLE_GROUP, words::whole_group(&gate.name)), &counts));
    Ok(page(&asked, single.chain(whole).collect()))
}

/// Gives one of them.
pub async fn list(phone: Phone, Path((_, list)): Path<(String, String)>) -> Result<Json<Value>, Response> {
    let (place, gate) = found(&phone, &list).ok_or_else(nothing_here)?;
    let counts = counts(&phone).await?;
    let (offset, name) = match place.is_whole_group {
        true => (WHOLE_GROUP, words::whole_group(&gate.name)),
        false => (0, gate.name),
    };
    Ok(Json(list_of(place.gate, (offset, name), &counts)))
}

fn found(phone: &Phone, list: &str) -> Option<(ListPlace, Gate)> {
    let place = phone.place(list.parse().ok()?)?;
    let policy = phone.policy()?;
    Some((place, policy.gate(place.gate)?.clone()))
}

async fn counts(phone: &Phone) -> Result<HubStatus, Response> {
    let status = HubStatus::of(&phone.services).await;
    status.map_err(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

fn admitted(gate: GateId, counts: &HubStatus) -> u64 {
    let line = counts.gates.iter().find(|line| line.id == gate);
    line.map_or(0, |line| line.admitted)
}

/// How many tickets were sold no hub knows: as many as have come.
fn list_of(gate: GateId, (offset, name): (i64, String), counts: &HubStatus) -> Value {
    let admitted = admitted(gate, counts);
    json!({
        "id": i64::from(gate.0) + offset,
        "name": name,
        "all_products": true, "limit_products": [], "subevent": null,
        "checkin_count": admitted, "position_count": admitted,
        "include_pending": false,
        "allow_multiple_entries": false, "allow_entry_after_exit": true,
        "rules": {}, "exit_all_at": null, "addon_match": false,
        "ignore_in_statistics": false, "consider_tickets_used": true,
    })
}

/// Says how many people have come by a gate, and how many are in the zone behind it.
pub async fn status(phone: Phone, Path((_, list)): Path<(String, String)>) -> Result<Json<Value>, Response> {
    let (place, gate) = found(&phone, &list).ok_or_else(nothing_here)?;
    let counts = counts(&phone).await?;
    let zone = counts.zones.iter().find(|zone| zone.id == gate.zone);
    let admitted = admitted(place.gate, &counts);
    Ok(Json(json!({
        "event": { "name": counts.event_name.clone().unwrap_or_default() },
        "checkin_count": admitted,
        "position_count": admitted,
        "inside_count": zone.map_or(0, |zone| zone.occupancy.max(0)),
        // People are counted by gate, not by tier.
        "items": [],
    })))
}
