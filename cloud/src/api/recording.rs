//! Writes down every act of an organizer: that it is asked for before it is done, and what came of it afterwards.

mod seen;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{self, Body};
use axum::extract::{RawPathParams, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::acts::Act;
use crate::ids::{BlockId, BookingId, RefundId, TicketId, TillId, VoucherId};
use crate::rights::Operation;
use crate::state::AppState;
use crate::store::acts::NewAct;

use super::caller::Caller;
use super::claimant::{address_of, network};
use super::error::ApiError;
use seen::SeenValues;

/// What an answer may name that belongs into the act: ids that open nothing, and from where on something counts.
const NAMED: [&str; 17] = [
    "event_id",
    "block_id",
    "till_id",
    "difference",
    "voucher_id",
    "refund_id",
    "venue_id",
    "key_id",
    "staff_id",
    "invitation_id",
    "version",
    "policy_version",
    "counts_up_to",
    "record",
    "applied",
    "amount",
    "currency",
];
/// Answers longer than that are not looked into: those of changes are some kilobytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// What a route does, for [`recorded`].
#[derive(Debug, Clone)]
pub struct Recorder {
    /// The server.
    pub app: Arc<AppState>,
    /// What the route does.
    pub operation: Operation,
}

/// Writes down what a caller does who may. If it cannot be written down, it is not done.
pub async fn recorded(
    State(Recorder { app, operation }): State<Recorder>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>().copied();
    let Some(caller) = caller.filter(|caller| caller.may_now(operation).is_ok()) else {
        // Its handler refuses it.
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let mut recording = Recording {
        app: &app,
        caller,
        about: params
            .iter()
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect(),
        asked: 0,
        before: SeenValues::default(),
    };
    let from = network(address_of(&parts, &app));
    if let Err(error) = recording.begin(operation, from).await {
        return error.into_response();
    }
    let answer = next.run(Request::from_parts(parts, body)).await;
    let (answer, named) = named(answer).await;
    recording.end(answer.status(), named).await;
    answer
}

/// An act while it is done.
struct Recording<'a> {
    app: &'a AppState,
    caller: Caller,
    /// The ids in the path, by name.
    about: BTreeMap<String, String>,
    /// The line in which it was asked for.
    asked: u64,
    /// What was seen before it.
    before: SeenValues,
}

impl Recording<'_> {
    async fn begin(&mut self, operation: Operation, from: String) -> Result<(), ApiError> {
        self.before = self.read_seen().await?;
        let asked = Act::Asked {
            operation: operation.name(),
            by: self.caller.by,
            role: self.caller.grant.role,
            from,
            of: self.about.iter().filter_map(openly).collect(),
        };
        self.asked = self.write(asked).await?;
        Ok(())
    }

    /// Writes down what came of it. It is done: should this fail, the act stays without its end.
    async fn end(self, status: StatusCode, answer: BTreeMap<String, Value>) {
        let changed = match self.read_seen().await {
            Ok(after) => self.before.changes(&after),
            Err(_) => BTreeMap::new(),
        };
        let ended = Act::Ended {
            asked: self.asked,
            status: status.as_u16(),
            changed,
            answer,
        };
        if let Err(error) = self.write(ended).await {
            let error = &error as &dyn std::error::Error;
            let (organizer, asked) = (self.caller.organizer, self.asked);
            tracing::error!(error, %organizer, asked, "what came of an act was not written down");
        }
    }

    async fn read_seen(&self) -> Result<SeenValues, ApiError> {
        SeenValues::read(self.app, self.caller.organizer, &self.about).await
    }

    async fn write(&self, act: Act) -> Result<u64, ApiError> {
        let new = NewAct {
            organizer: self.caller.organizer,
            at: self.app.clock.now(),
            act,
        };
        Ok(self.app.store.add_act(new).await?)
    }
}

/// What the API would have answered, beside a page that says it to a person: an act names the same of either.
#[derive(Debug, Clone)]
pub struct ToldAnswer(pub Value);

/// Returns an id of the path as it may be seen. Those of tickets and bookings open something: what is left of them tells them apart.
fn openly((name, id): (&String, &String)) -> Option<(String, String)> {
    let id = match name.as_str() {
        "ticket_id" => format!("{:?}", id.parse::<TicketId>().ok()?),
        "booking_id" => format!("{:?}", id.parse::<BookingId>().ok()?),
        "refund_id" => format!("{:?}", id.parse::<RefundId>().ok()?),
        "voucher_id" => format!("{:?}", id.parse::<VoucherId>().ok()?),
        "block_id" => format!("{:?}", id.parse::<BlockId>().ok()?),
        "till_id" => format!("{:?}", id.parse::<TillId>().ok()?),
        "event_id" | "key_id" | "staff_id" | "invitation_id" | "device" => id.clone(),
        _ => return None,
    };
    Some((name.clone(), id))
}

fn is_json(answer: &Response) -> bool {
    let media_type = answer.headers().get(header::CONTENT_TYPE);
    media_type.is_some_and(|media_type| media_type.as_bytes().ends_with(b"json"))
}

/// Reads from an answer what it names.
async fn named(mut answer: Response) -> (Response, BTreeMap<String, Value>) {
    if let Some(ToldAnswer(told)) = answer.extensions_mut().remove() {
        return (answer, members(&told));
    }
    // A file of an export names nothing, and is still being written.
    if !is_json(&answer) {
        return (answer, BTreeMap::new());
    }
    let (parts, body) = answer.into_parts();
    let Ok(bytes) = body::to_bytes(body, MAX_ANSWER).await else {
        let internal = StatusCode::INTERNAL_SERVER_ERROR;
        return ((internal, Body::empty()).into_response(), BTreeMap::new());
    };
    let read: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let named = members(&read);
    (Response::from_parts(parts, bytes.into()), named)
}

fn members(read: &Value) -> BTreeMap<String, Value> {
    let members = [read, &read["api_key"], &read["invitation"]]
        .map(Value::as_object)
        .into_iter();
    let named = members
        .flatten()
        .flatten()
        .filter(|(name, value)| NAMED.contains(&name.as_str()) && !value.is_object());
    named.map(|(name, value)| (name.clone(), value.clone())).collect()
}
