//! `/console/events/{event_id}/bookings/{booking_id}/refund`: asks once more before money is given back, and says what nobody can take back then.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::idempotency::IdempotencyHeader;
use crate::api::input::{Checks, JsonBody};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::owned::PartOfOwnEvent;
use crate::api::organizer::refunds::{self, NewRefund};
use crate::ids::{BookingId, draw};
use crate::money::Currency;
use crate::rights::may;
use crate::state::AppState;

use super::access::{ConsoleError, ConsoleForm, ForPage, done, shown};
use super::bookings::{TicketRow, money, tickets_of};
use super::frame::ConsoleFrame;

/// What the form says instead of a ticket's id when all are meant.
const ALL: &str = "all";

#[derive(Template)]
#[template(path = "console/refund.html")]
struct RefundPage {
    frame: ConsoleFrame,
    /// Where the booking is shown.
    path: String,
    code: String,
    paid: String,
    /// What is left of it.
    left: String,
    currency: String,
    tickets: Vec<TicketRow>,
    /// What makes a form that is sent twice one refund.
    idempotency_key: String,
}

/// Asks once more.
pub async fn ask(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::GiveRefund, BookingId>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let PartOfOwnEvent(event, id, _) = own;
    let booking = app.store.booking(id).await?.filter(|_| id.event == event.id);
    let booking = booking.ok_or(ApiError::NotFound(Missing::BookingOfEvent))?;
    let left = booking.amount.minor.saturating_sub(booking.given_back.amount);
    let tickets = tickets_of(&app, id).await?;
    shown(&RefundPage {
        frame: ConsoleFrame::of(&logged_in, &event, "/bookings"),
        path: format!("/console/events/{}/bookings/{id}", event.id),
        code: booking.code.to_string(),
        paid: booking.amount.to_string(),
        left: money(left, event.currency),
        currency: event.currency.code().to_owned(),
        tickets: tickets.into_iter().filter(|ticket| ticket.is_valid).collect(),
        idempotency_key: HEXLOWER.encode(&draw::<16>()),
    })
}

/// What somebody says who gives money back.
#[derive(Deserialize)]
pub struct RefundForm {
    #[serde(default)]
    idempotency_key: String,
    #[serde(default)]
    tickets: String,
    /// As people write it, such as `45.00`; empty for what the tickets cost.
    #[serde(default)]
    amount: String,
    #[serde(default)]
    places: String,
    #[serde(default)]
    sure: bool,
}

impl RefundForm {
    fn read(self, currency: Currency) -> Result<NewRefund, ApiError> {
        let mut checks = Checks::default();
        checks.require(self.sure, "/sure", "must be ticked: this cannot be taken back");
        let written = Some(self.amount.trim()).filter(|text| !text.is_empty());
        let amount = written.map(|text| minor_units(text, currency.decimals()));
        checks.require(amount != Some(None), "/amount", "must be an amount such as 45.00");
        let named = (self.tickets != ALL).then(|| self.tickets.parse());
        checks.require(
            named.as_ref().is_none_or(Result::is_ok),
            "/tickets",
            "must be all, or one of the booking's tickets",
        );
        checks.finish()?;
        Ok(NewRefund {
            tickets: named.and_then(Result::ok).map(|ticket| vec![ticket]),
            amount: amount.flatten(),
            keep_units: match self.places.as_str() {
                "keep" => Some(true),
                "sell" => Some(false),
                _ => None,
            },
            till_id: None,
            idempotency_key: Some(self.idempotency_key),
        })
    }
}

/// Reads an amount as people write it, with a point or a comma, in minor units of a currency with so many decimals.
pub fn minor_units(text: &str, decimals: usize) -> Option<i64> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_plain(whole) || !is_plain(part) || part.len() > decimals {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

/// Gives the money back.
pub async fn give(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::GiveRefund, BookingId>>,
    ConsoleForm(form): ConsoleForm<RefundForm>,
) -> Result<Response, ConsoleError> {
    let back = format!("/console/events/{}/bookings/{}", own.0.id, own.1);
    let request = form.read(own.0.currency)?;
    let none = IdempotencyHeader::of(&HeaderMap::new());
    let (_, Json(refund)) = refunds::create(State(app), own, none, JsonBody(request)).await?;
    Ok(done(&refund, &back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let read = |text: &str| minor_units(text, 2);
        assert_eq!(
            ["45", "45.5", "45,50", "0.05"].map(read),
            [4_500, 4_550, 4_550, 5].map(Some)
        );
        for bad in [
            "",
            ".5",
            "-1",
            "45.001",
            "1e3",
            "4 5",
            "1.2.3",
            "99999999999999999999",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!((minor_units("45", 0), minor_units("4.5", 0)), (Some(45), None));
    }
}
