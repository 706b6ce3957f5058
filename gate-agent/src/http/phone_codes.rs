//! `POST /v1/phone-codes`: a code that sets a phone up, for whoever sits at the hub and nobody else, whatever the settings say.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use usher_device::replica::TokenHolder;
use usher_keys::certificate::MAX_NAME_BYTES;
use usher_protocol::plain;
use usher_words::hub::phones as words;
use usher_words::hub::problems::HubProblem;

use super::lookups::check_is_json;
use super::problem::{self, Problem};
use super::status::is_this_machine;
use crate::phone_codes::PhoneCode;
use crate::services::Services;

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneCodeRequest {
    /// How people call the phone.
    name: String,
    /// The gates it may serve; every gate of the hub when there are none.
    #[serde(default)]
    gates: Vec<u16>,
}

/// The body of an answer.
#[derive(Serialize)]
pub struct PhoneCodeAnswer {
    /// What the app reads.
    code: String,
    /// The same as a picture, in SVG.
    picture: String,
    words: String,
}

/// Makes a code.
pub async fn make(
    State(services): State<Arc<Services>>,
    ConnectInfo(asker): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PhoneCodeAnswer>, Problem> {
    // A proxy on this machine speaks for others.
    if !is_this_machine(&services, asker) || headers.contains_key("x-forwarded-for") {
        return Err(Problem::of(&HubProblem::StatusElsewhere));
    }
    check_is_json(&headers)?;
    let request: PhoneCodeRequest = problem::read(body).await?;
    let door = services
        .door
        .clone()
        .ok_or_else(|| Problem::of(&HubProblem::DoorShut))?;
    let holder = holder(&services, request)?;
    let (access, now) = (services.access.clone(), services.replica.clock().now());
    let wanted = holder.clone();
    let making = tokio::task::spawn_blocking(move || PhoneCode::make((&access, &door), &wanted, now));
    let made = making.await.map_err(|error| Problem::internal(&error))?;
    let made = made.map_err(|error| Problem::internal(&error))?;
    let phrasebook = services.phrasebook();
    let times = [made.until, holder.expires].map(|at| phrasebook.date(at));
    let [until, phone_until] = &times;
    Ok(Json(PhoneCodeAnswer {
        picture: made.svg(),
        code: made.text,
        words: words::code_made(&holder.name, &holder.gates, [until, phone_until]),
    }))
}

/// Returns what the phone may do: no more than the hub itself, and no longer.
fn holder(services: &Services, request: PhoneCodeRequest) -> Result<TokenHolder, Problem> {
    let PhoneCodeRequest { name, gates } = request;
    let hub = services.replica.certificate();
    let is_name = (1..=MAX_NAME_BYTES).contains(&name.len()) && plain::is_plain(&name);
    let other = gates.iter().find(|gate| !hub.serves(**gate));
    match (is_name, other) {
        (false, _) => Err(Problem::of(&HubProblem::NoName {
            most_bytes: MAX_NAME_BYTES,
        })),
        (true, Some(gate)) => Err(Problem::of(&HubProblem::NotOurGate {
            hub: &hub.gates,
            gate: *gate,
        })),
        (true, None) => Ok(TokenHolder {
            name,
            gates: if gates.is_empty() {
                hub.gates.clone()
            } else {
                gates
            },
            expires: hub.window.until,
        }),
    }
}
