//! How a phone becomes a scanner of this hub and ceases to be one: `device/…` of the API. Who it is from then on says its token.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use usher_device::phone_secret::PhoneSecret;
use usher_device::replica::{NewPhone, PhoneFacts, PhoneRow};
use usher_protocol::GateId;
use usher_protocol::plain::is_unruly;
use usher_words::hub::phones as words;

use super::asker::{self, Phone, detail};
use super::{ORGANIZER, PhoneDoor};
use crate::http::problem::Problem;
use crate::services::Services;

/// The version of pretix whose API this is. Apps go by the number, which is made of its parts.
const VERSION: &str = "2026.8.0";
/// Year times 10^10, month times 10^7, patch times 10^4, and 5000 for a release.
const VERSION_NUMBER: u64 = 20_260_080_005_000;
/// What apps allow themselves: scanning and searching, without a copy of the orders.
const PROFILE: &str = "pretixscan_online_noorders";
/// Longest that is kept of what a phone says of itself, in letters.
const MAX_FACT: usize = 64;
/// How long whoever tried too many codes is to wait, in seconds.
const WAIT_S: &str = "30";

/// What a phone says of itself.
#[derive(Deserialize)]
pub struct PhoneRequest {
    /// The set-up code.
    #[serde(default)]
    token: String,
    #[serde(default)]
    hardware_brand: Option<String>,
    #[serde(default)]
    hardware_model: Option<String>,
    #[serde(default)]
    software_brand: Option<String>,
    #[serde(default)]
    software_version: Option<String>,
}

impl PhoneRequest {
    fn facts(&self) -> PhoneFacts {
        PhoneFacts {
            model: plain(&self.hardware_brand, &self.hardware_model),
            software: plain(&self.software_brand, &self.software_version),
        }
    }
}

/// Keeps what a list can show of two words.
fn plain(brand: &Option<String>, name: &Option<String>) -> String {
    let both = [brand, name].map(|word| word.as_deref().unwrap_or_default());
    let said = both.join(" ");
    let letters = said.chars().filter(|letter| !is_unruly(*letter));
    let kept: String = letters.take(MAX_FACT).collect();
    kept.trim().to_owned()
}

/// Sets a phone up by its code.
pub async fn initialize(
    State(door): State<Arc<PhoneDoor>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    body: Body,
) -> Result<Response, Response> {
    let said: PhoneRequest = asker::read(body).await?;
    let address = *blake3::hash(from.ip().to_canonical().to_string().as_bytes()).as_bytes();
    if !may_try(&door, address) {
        let wait = [(header::RETRY_AFTER, WAIT_S)];
        return Err((wait, detail(StatusCode::TOO_MANY_REQUESTS, words::TOO_MANY_CODES)).into_response());
    }
    let code = PhoneSecret::shown(&said.token).hash();
    for (_, way) in door.doors.all() {
        let set_up = set_up(&way.services, code, said.facts()).await;
        if let Some((row, token)) = set_up.map_err(IntoResponse::into_response)? {
            was_right(&door, address);
            tracing::info!(
                phone = row.holder.name,
                model = row.facts.model,
                "a phone was set up"
            );
            return Ok(Json(described(&way.services, &row, &token)).into_response());
        }
    }
    Err((
        StatusCode::BAD_REQUEST,
        Json(json!({ "token": [words::UNKNOWN_CODE] })),
    )
        .into_response())
}

fn may_try(door: &PhoneDoor, address: [u8; 32]) -> bool {
    let now_ms = u64::try_from(door.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut wrong = door.wrong_codes.lock().unwrap_or_else(PoisonError::into_inner);
    wrong.begin(address, now_ms)
}

fn was_right(door: &PhoneDoor, address: [u8; 32]) {
    let mut wrong = door.wrong_codes.lock().unwrap_or_else(PoisonError::into_inner);
    wrong.was_right(address);
}

async fn set_up(
    services: &Services,
    code: [u8; 32],
    facts: PhoneFacts,
) -> Result<Option<(PhoneRow, PhoneSecret)>, Problem> {
    let token = PhoneSecret::draw_token().map_err(|error| Problem::internal(&error))?;
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|error| Problem::internal(&error))?;
    let phone = NewPhone {
        serial,
        token_hash: token.hash(),
    };
    let (access, now) = (services.access.clone(), services.replica.clock().now());
    let working = tokio::task::spawn_blocking(move || access.set_phone_up(code, (phone, &facts), now));
    let done = working.await.map_err(|error| Problem::internal(&error))?;
    let row = done.map_err(|error| Problem::internal(&error))?;
    Ok(row.map(|row| (row, token)))
}

/// Says who a phone is, with its token: an app keeps whatever it is told.
fn described(services: &Services, row: &PhoneRow, token: &PhoneSecret) -> Value {
    let policy = services.replica.snapshot().policy.clone();
    let only = match row.holder.gates.as_slice() {
        [only] => policy.as_deref().and_then(|policy| policy.gate(GateId(*only))),
        _ => None,
    };
    let gate = only
        .map(|gate| json!({ "id": gate.id.0, "name": gate.name.clone(), "identifier": gate.id.to_string() }));
    json!({
        "organizer": ORGANIZER,
        "device_id": row.id,
        "unique_serial": data_encoding::HEXUPPER.encode(&row.serial),
        "api_token": token.reveal(),
        "name": row.holder.name,
        "security_profile": PROFILE,
        "gate": gate,
    })
}

/// Says who a phone is and which API this is.
pub async fn info(phone: Phone) -> Json<Value> {
    Json(json!({
        "device": described(&phone.services, &phone.row, &phone.token),
        "server": { "version": { "pretix": VERSION, "pretix_numeric": VERSION_NUMBER } },
        "medium_key_sets": [],
    }))
}

/// Says which API this is, to whoever asks.
pub async fn version() -> Json<Value> {
    Json(json!({ "pretix": VERSION, "pretix_numeric": VERSION_NUMBER }))
}

/// Notes what a phone says of itself now.
pub async fn update(phone: Phone, body: Body) -> Result<Json<Value>, Response> {
    let said: PhoneRequest = asker::read(body).await?;
    let facts = said.facts();
    let noted = phone
        .access(move |access, id| access.note_phone(id, &facts))
        .await;
    noted.map_err(IntoResponse::into_response)?;
    Ok(Json(described(&phone.services, &phone.row, &phone.token)))
}

/// Gives a phone another token.
pub async fn roll(phone: Phone) -> Result<Json<Value>, Problem> {
    let token = PhoneSecret::draw_token().map_err(|error| Problem::internal(&error))?;
    let hash = token.hash();
    phone
        .access(move |access, id| access.roll_phone(id, hash))
        .await?;
    Ok(Json(described(&phone.services, &phone.row, &token)))
}

/// Revokes a phone that says goodbye.
pub async fn revoke(phone: Phone) -> Result<Json<Value>, Problem> {
    let (name, now) = (
        phone.row.holder.name.clone(),
        phone.services.replica.clock().now(),
    );
    phone
        .access(move |access, _| access.revoke_phones(&name, now))
        .await?;
    Ok(Json(described(&phone.services, &phone.row, &phone.token)))
}

/// Returns the phone's own event: it cannot change.
pub async fn event_selection(_: Phone) -> StatusCode {
    StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_phone_says_of_itself_stays_in_its_line_and_in_order() {
        let said = |brand: &str| plain(&Some(brand.to_owned()), &Some("TC22".to_owned()));
        assert_eq!(said("Zebra"), "Zebra TC22");
        assert_eq!(said("Ze\u{1b}[2Jbra\r\n\u{202e}\u{2028}"), "Ze[2Jbra TC22");
        assert_eq!(said(&"x".repeat(500)).len(), MAX_FACT);
    }
}
