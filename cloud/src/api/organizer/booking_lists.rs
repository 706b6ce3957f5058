//! `/v1/organizer/events/{event_id}/bookings`: the bookings of an event, listed and looked for by people who help buyers.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody, Params};
use crate::ids::{BookingId, ChargeReference};
use crate::moment::Moment;
use crate::money::DeclineReason;
use crate::rights::{Operation, StaffRole, may};
use crate::selling::booking_lists::{BookingLine, BookingsPage, BookingsQuery, ListOrder, Sought};
use crate::selling::booking_status::{GivenBack, statuses};
use crate::selling::disputes::DisputeState;
use crate::selling::{BookingState, TierQuantity};
use crate::state::AppState;

use super::owned::OwnEvent;

/// Bookings on one page unless the request says otherwise.
const PAGE: usize = 50;
/// How many bookings may be asked for at once.
pub const BOOKINGS_ON_A_PAGE: RangeInclusive<usize> = 1..=200;
/// Length of what is looked for, in bytes: an address or an id.
pub const SOUGHT_BYTES: RangeInclusive<usize> = 3..=254;

/// Which bookings to list.
#[derive(Debug, Default, Deserialize, ToSchema, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListBookings {
    /// Only those that stand so: `paying`, `action_required`, `processing`, `confirmed`, `declined`, `expired`, `canceled`, `refunding`,
    /// `partly_refunded` or `refunded`.
    #[serde(default)]
    pub status: Option<String>,
    /// Only those with a place of this tier.
    #[serde(default)]
    pub tier: Option<u16>,
    /// Only those that were asked for at this time or later.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Moment>,
    /// Only those that were asked for before this time.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<Moment>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Bookings on a page, 1 to 200; 50 unless given.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// Looks for bookings by what somebody says of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "owl@example.org"}))]
pub struct SearchBookings {
    /// The buyer's address or name, or how it begins; a booking code or a ticket code, or at least three of its first digits; or the id of a booking or
    /// of a ticket.
    #[schema(example = "owl@example.org")]
    pub text: String,
    /// Which of those found to list; all, unless it is said.
    #[serde(default)]
    pub only: ListBookings,
}

/// A booking in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingLineView {
    /// Its id: whoever knows it has its tickets. It is absent, as the address is, for roles that do not help buyers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub booking_id: Option<BookingId>,
    /// By what people speak of it.
    #[schema(example = "7KM-94Q2")]
    pub code: String,
    /// What the payment service knows its charge by. It opens nothing.
    #[schema(value_type = String)]
    pub charge: ChargeReference,
    /// How it stands.
    #[schema(example = "confirmed")]
    pub status: &'static str,
    /// Of `declined`: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline: Option<&'static str>,
    /// The buyer's address; empty once it is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The buyer's name; empty if it is not known. It is absent where the address is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What was to be paid, in minor units of the currency.
    pub amount: i64,
    /// How much of it was given back after the sale.
    pub given_back: i64,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Of a payment that the buyer's bank has taken back: `open`, `won` or `lost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<&'static str>,
    /// What was asked for.
    pub tiers: Vec<TierQuantityView>,
    /// How many tickets it has; those that were transferred are in no booking.
    pub tickets: u32,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// When its payment was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Moment>,
}

/// So many places of a tier.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierQuantityView {
    /// The tier.
    pub tier: u16,
    /// How many places.
    pub quantity: u32,
}

impl From<&TierQuantity> for TierQuantityView {
    fn from(count: &TierQuantity) -> Self {
        Self {
            tier: count.tier.0,
            quantity: count.quantity,
        }
    }
}

/// A page of bookings.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingsView {
    /// The bookings, the newest first. There may be fewer than were asked for, also none, while there is a `next_cursor`.
    pub bookings: Vec<BookingLineView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Tells whether a role may know who the buyer is, and what opens their booking: those that help buyers.
pub fn may_know_buyers(role: StaffRole) -> bool {
    role.may(Operation::RenewBooking)
}

impl BookingLineView {
    fn of(line: BookingLine, may_know: bool) -> Self {
        let GivenBack { amount, .. } = line.facts.given_back;
        let state: BookingState = line.facts.state;
        Self {
            booking_id: may_know.then_some(line.id),
            code: line.code.to_string(),
            charge: line.charge,
            status: line.facts.word(),
            decline: state.decline().map(DeclineReason::word),
            email: may_know.then_some(line.email),
            name: may_know.then_some(line.name),
            amount: line.amount.minor,
            given_back: amount,
            currency: line.amount.currency.code().to_owned(),
            dispute: line.dispute.map(DisputeState::word),
            tiers: line.tiers.iter().map(Into::into).collect(),
            tickets: line.tickets,
            created_at: Moment(line.created_at),
            closed_at: line.closed_at.map(Moment),
        }
    }
}

impl BookingsView {
    fn of(page: BookingsPage, role: StaffRole) -> Self {
        let may_know = may_know_buyers(role);
        let lines = page.lines.into_iter();
        Self {
            bookings: lines.map(|line| BookingLineView::of(line, may_know)).collect(),
            next_cursor: page.next.map(|next| next.to_string()),
        }
    }
}

impl ListBookings {
    fn into_query(self, event: EventId, sought: Option<Sought>) -> Result<BookingsQuery, ApiError> {
        let mut checks = Checks::default();
        let status = self
            .status
            .as_deref()
            .map(|said| statuses().into_iter().find(|word| *word == said));
        let words = || format!("must be one of {}", statuses().join(", "));
        checks.require(status != Some(None), "/status", words());
        let beyond = self.cursor.map(|cursor| cursor.parse::<ChargeReference>());
        let is_place =
            |beyond: &Result<ChargeReference, _>| beyond.as_ref().is_ok_and(|at| at.event == event);
        checks.require(
            beyond.as_ref().is_none_or(is_place),
            "/cursor",
            "must be next_cursor of a page before",
        );
        let limit = self.limit.unwrap_or(PAGE);
        checks.range(limit, "/limit", BOOKINGS_ON_A_PAGE);
        checks.finish()?;
        Ok(BookingsQuery {
            event,
            sought,
            status: status.flatten(),
            tier: self.tier.map(TierId),
            opened: self.from.map_or(Timestamp(0), |from| from.0)
                ..self.until.map_or(Timestamp::FOREVER, |until| until.0),
            order: ListOrder::NewestFirst,
            beyond: beyond.and_then(Result::ok),
            limit,
        })
    }
}

/// Lists the bookings of an event, the newest first.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/bookings", tag = "organizer",
    params(("event_id" = String, Path), ListBookings), security(("organizer_key" = [])), responses(
    (status = 200, body = BookingsView),
    (status = 422, description = "See `errors`"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, allowed): OwnEvent<may::SeeBookings>,
    Params(list): Params<ListBookings>,
) -> Result<Json<BookingsView>, ApiError> {
    let page = app.store.bookings(list.into_query(event.id, None)?).await?;
    Ok(Json(BookingsView::of(page, allowed.caller.grant.role)))
}

/// Looks for bookings of an event, the newest first. What is looked for is in the body, because servers on the way write addresses of requests into
/// their logs.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/bookings/search", tag = "organizer",
    params(("event_id" = String, Path)), request_body = SearchBookings, security(("organizer_key" = [])), responses(
    (status = 200, body = BookingsView),
))]
pub async fn search(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, allowed): OwnEvent<may::SeeBookings>,
    JsonBody(search): JsonBody<SearchBookings>,
) -> Result<Json<BookingsView>, ApiError> {
    let mut checks = Checks::default();
    checks.text(&search.text, "/text", SOUGHT_BYTES);
    let sought = Sought::of(&search.text);
    checks.require(
        sought.is_some() || checks.failed(),
        "/text",
        "must be an address, a name, a code, at least three of its first characters, or the id of a booking or ticket",
    );
    checks.finish()?;
    let page = app
        .store
        .bookings(search.only.into_query(event.id, sought)?)
        .await?;
    Ok(Json(BookingsView::of(page, allowed.caller.grant.role)))
}
