//! What the apps cannot do without, member by member, as pretixSCAN for Android and for iPhones read it: an answer that one of them could
//! not read fails here.
#![expect(
    dead_code,
    reason = "what the apps read is read, whether the tests look at it or not"
)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A moment as the app for iPhones reads one: to the second, in UTC.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(pub jiff::Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_plain = text.len() == "2026-12-24T18:00:00Z".len() && text.ends_with('Z');
        let moment = text.parse().ok().filter(|_| is_plain);
        moment.map(Self).ok_or_else(|| format!("{text} is no moment"))
    }
}

/// Text in some languages.
pub type Words = BTreeMap<String, String>;

/// A page of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    pub count: u64,
    pub next: Option<String>,
    pub results: Vec<T>,
}

/// Who a phone is.
#[derive(Deserialize)]
pub struct Device {
    pub organizer: String,
    pub device_id: i64,
    pub unique_serial: String,
    pub api_token: String,
    pub name: String,
    pub security_profile: Option<String>,
    pub gate: Option<DeviceGate>,
}

#[derive(Deserialize)]
pub struct DeviceGate {
    pub id: i64,
    pub name: String,
}

#[derive(Deserialize)]
pub struct Info {
    pub device: Device,
    pub server: Server,
    pub medium_key_sets: Vec<Value>,
}

#[derive(Deserialize)]
pub struct Server {
    pub version: Version,
}

#[derive(Deserialize)]
pub struct Version {
    pub pretix: String,
    pub pretix_numeric: i64,
}

#[derive(Deserialize)]
pub struct Event {
    pub name: Words,
    pub slug: String,
    pub currency: String,
    pub date_from: Moment,
    pub has_subevents: bool,
    pub live: bool,
    pub timezone: String,
    pub seat_category_mapping: BTreeMap<String, String>,
    pub valid_keys: ValidKeys,
}

#[derive(Deserialize)]
pub struct ValidKeys {
    pub pretix_sig1: Vec<String>,
}

#[derive(Deserialize)]
pub struct Item {
    pub id: i64,
    pub position: i64,
    pub name: Words,
    pub default_price: String,
    pub active: bool,
    pub free_price: bool,
    pub tax_rate: String,
    pub admission: bool,
    pub sales_channels: Vec<String>,
    pub require_voucher: bool,
    pub hide_without_voucher: bool,
    pub allow_cancel: bool,
    pub checkin_attention: bool,
    pub require_approval: bool,
    pub require_bundling: bool,
    pub has_variations: bool,
    pub variations: Vec<Value>,
    pub addons: Vec<Value>,
    pub bundles: Vec<Value>,
}

#[derive(Deserialize)]
pub struct List {
    pub id: i64,
    pub name: String,
    pub all_products: bool,
    pub limit_products: Vec<i64>,
    pub checkin_count: i64,
    pub position_count: i64,
    pub include_pending: bool,
    pub allow_entry_after_exit: bool,
    pub allow_multiple_entries: bool,
}

#[derive(Deserialize)]
pub struct Status {
    pub event: StatusEvent,
    pub checkin_count: i64,
    pub position_count: i64,
    pub inside_count: i64,
    pub items: Vec<Value>,
}

#[derive(Deserialize)]
pub struct StatusEvent {
    pub name: String,
}

/// What comes of a scan.
#[derive(Deserialize)]
pub struct Redeemed {
    pub status: String,
    pub reason: Option<String>,
    pub reason_explanation: Option<String>,
    pub require_attention: bool,
    pub checkin_texts: Vec<String>,
    pub list: RedeemedList,
    pub position: Option<Position>,
}

#[derive(Deserialize)]
pub struct RedeemedList {
    pub id: i64,
    pub event: String,
    pub include_pending: bool,
}

#[derive(Deserialize)]
pub struct Position {
    pub id: i64,
    pub order: String,
    pub positionid: i64,
    pub item: i64,
    pub price: String,
    pub secret: String,
    pub pseudonymization_id: String,
    pub checkins: Vec<Checkin>,
    pub seat: Option<Seat>,
}

#[derive(Deserialize)]
pub struct Checkin {
    pub list: i64,
    pub datetime: Moment,
    pub r#type: String,
}

#[derive(Deserialize)]
pub struct Seat {
    pub name: String,
}
