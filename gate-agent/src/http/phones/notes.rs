//! What phones tell after a scan: that nobody passed by it, that one failed, that something was printed. Only the first changes anything.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use usher_device::replica::Annulment;
use usher_protocol::ScanId;
use usher_protocol::admission::Direction;
use usher_protocol::record::RightToAnnul;
use usher_protocol::request::Scan;
use usher_words::gate;
use usher_words::hub::phones as words;

use super::PhoneDoor;
use super::asker::{self, Phone, detail};
use super::scan::{no_list, secret_of};
use crate::http::{annulments, scans};

/// The body of an annulment.
#[derive(Deserialize)]
pub struct AnnulRequest {
    lists: Vec<i64>,
    nonce: String,
    error_explanation: Option<String>,
}

/// Takes a scan of this phone's back: nobody passed by it.
pub async fn annul(
    State(door): State<Arc<PhoneDoor>>,
    phone: Phone,
    body: Body,
) -> Result<Json<Value>, Response> {
    let request: AnnulRequest = asker::read(body).await?;
    let place = request.lists.iter().find_map(|list| phone.place(*list));
    let place = place.ok_or_else(|| no_list(request.lists.first()))?;
    let secret = secret_of(&phone, &request.nonce);
    let id = ScanId::of_a_turnstile(place.gate, &secret.named());
    let scan = door.recent.scan(id);
    let scan = scan.ok_or_else(|| detail(StatusCode::NOT_FOUND, words::UNKNOWN_SCAN))?;
    let why = annulments::reason(request.error_explanation.as_deref());
    let annulment = Annulment {
        scan: Scan {
            id,
            code: scan.code,
            gate: place.gate,
            direction: Direction::In,
            persons: 1,
        },
        right: RightToAnnul::Turnstile(secret),
        by: phone.row.holder.name.clone(),
        why: why.map_err(IntoResponse::into_response)?,
    };
    let replica = &phone.services.replica;
    annulments::hear_of(replica, &annulment.scan).await;
    match replica.annul(annulment).await {
        Ok(Ok(_)) => Ok(Json(json!({ "status": "ok" }))),
        Ok(Err(why)) => {
            let told = json!({ "non_field_errors": [gate::not_annulled(why).line()] });
            Err((StatusCode::BAD_REQUEST, Json(told)).into_response())
        }
        Err(error) => Err(scans::refused(error, &phone.services.phrasebook()).into_response()),
    }
}

/// The body of a scan that failed. The code is not kept: it may be a stranger's.
#[derive(Deserialize)]
pub struct RefusedScan {
    error_reason: Option<String>,
}

/// Longest reason that is noted, in bytes: apps send a word.
const MAX_REASON_BYTES: usize = 32;

/// Notes in the log that a scan failed on the phone.
pub async fn failed(
    phone: Phone,
    Path((_, list)): Path<(String, i64)>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Response> {
    let request: RefusedScan = asker::read(body).await?;
    let is_word = |reason: &&str| {
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        reason.len() <= MAX_REASON_BYTES && reason.bytes().all(letters)
    };
    let reason = request.error_reason.as_deref().filter(is_word);
    let name = phone.row.holder.name.as_str();
    tracing::info!(phone = name, list, reason, "a scan failed on a phone");
    Ok((StatusCode::CREATED, Json(json!({}))))
}

/// Takes note that a phone has printed something, which is nothing to a hub.
pub async fn printed(_: Phone) -> (StatusCode, Json<Value>) {
    (StatusCode::CREATED, Json(json!({})))
}

/// Says that no card or wristband is known.
pub async fn no_medium(_: Phone) -> Json<Value> {
    Json(json!({ "result": null }))
}
