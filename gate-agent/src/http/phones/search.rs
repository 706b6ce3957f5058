//! Finding a ticket without its QR code, by the eight characters printed beside it; names are not searched, since hubs have none.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use usher_link::Progress;
use usher_protocol::admission::Direction;
use usher_protocol::request::{TicketFacts, Told};
use usher_protocol::ticket::TicketCode;
use usher_words::hub::problems::HubProblem;

use super::PhoneDoor;
use super::answer::{checkin, position};
use super::asker::{Phone, detail};
use super::lists::{Page, page};
use super::scan::{Wishes, is_expanded, no_list};
use crate::http::problem::Problem;
use crate::lookup::LookupAsker;

/// When an app may ask again that has asked for too many codes there are not, in seconds.
const WAIT_S: &str = "30";

/// Searches in all lists of a phone.
pub async fn search(
    State(door): State<Arc<PhoneDoor>>,
    phone: Phone,
    Query(wishes): Wishes,
) -> Result<Json<Value>, Response> {
    found(&door, &phone, &wishes).await
}

/// Searches in one list.
pub async fn positions(
    State(door): State<Arc<PhoneDoor>>,
    phone: Phone,
    Path((_, list)): Path<(String, i64)>,
    Query(wishes): Wishes,
) -> Result<Json<Value>, Response> {
    phone.place(list).ok_or_else(|| no_list(Some(&list)))?;
    found(&door, &phone, &wishes).await
}

async fn found(
    door: &PhoneDoor,
    phone: &Phone,
    wishes: &[(String, String)],
) -> Result<Json<Value>, Response> {
    let wish = |wanted: &str| wishes.iter().find(|(name, _)| name == wanted);
    let term = wish("search").map(|(_, term)| term.trim());
    let asked = Page::of(wish("page").and_then(|(_, page)| page.parse().ok()));
    let Some(code) = term.and_then(|term| term.parse::<TicketCode>().ok()) else {
        return Ok(page(&asked, Vec::new()));
    };
    let asker = LookupAsker {
        id: phone.asker(),
        is_hub: false,
    };
    match phone
        .services
        .lookup
        .find(code, asker, &Progress::default())
        .await
    {
        Told::Ticket(text) => {
            let told = ticket(door, phone, (text, is_expanded(wishes))).await;
            let told = told.map_err(IntoResponse::into_response)?;
            Ok(page(&asked, told.into_iter().collect()))
        }
        Told::NoTicket => Ok(page(&asked, Vec::new())),
        Told::TooOften => {
            let words = HubProblem::TooManyGuesses.words();
            let told = detail(StatusCode::TOO_MANY_REQUESTS, &words);
            Err(([(header::RETRY_AFTER, WAIT_S)], told).into_response())
        }
        Told::NoCloud | Told::NotAllowed | Told::Hubs(_) => {
            Err(Problem::of(&HubProblem::NoLookups).into_response())
        }
    }
}

/// Says what a ticket is, with a handle in place of its text: whoever has that may go in at any gate, with or without this phone.
async fn ticket(
    door: &PhoneDoor,
    phone: &Phone,
    (text, is_expanded): (Vec<u8>, bool),
) -> Result<Option<Value>, Problem> {
    let replica = &phone.services.replica;
    let Ok(ticket) = replica.verify(&text) else {
        return Ok(None);
    };
    let facts = TicketFacts::from(ticket.ticket());
    let unit = facts.unit;
    let last = replica.inspect(move |ledger| {
        let last = ledger.last_passage(unit, true);
        last.map(|passage| (passage.gate, passage.at))
    });
    let last = last.await.map_err(|error| Problem::internal(&error))?;
    let checkins = last.map(|(gate, at)| checkin(i64::from(gate.0), at, Direction::In));
    let handle = door.recent.handle(text);
    let handle = handle.map_err(|error| Problem::internal(&error))?;
    let told = position(
        &facts,
        (&handle, is_expanded),
        checkins.into_iter().collect(),
        &phone.services.phrasebook(),
    );
    Ok(Some(json!(told)))
}
