//! `/v1/bookings`: reservations that are paid for, and the tickets that come of it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_words::problems::{Missing, OrderDetail, ProblemDetail, ProblemKind};
use utoipa::ToSchema;

use crate::booking::{BookOutcome, BookRequest};
use crate::ids::{BookingId, ReservationId};
use crate::languages::Language;
use crate::money::DeclineReason;
use crate::payment::PaymentToken;
use crate::selling::Booking;
use crate::selling::buyer_bounds::BoundReached;
use crate::selling::disputes::DisputeState;
use crate::selling::money_steps::Account;
use crate::state::AppState;

use super::error::{ApiError, Quota};
use super::idempotency::IdempotencyHeader;
use super::input::{Checks, Id, JsonBody, TOKEN_BYTES};
use super::refusal::{declined, not_on_sale, seconds_until};
use super::tickets::TicketView;
use crate::moment::Moment;

/// Length of a buyer's name, in bytes: what a list has room for.
pub const BUYER_BYTES: RangeInclusive<usize> = 0..=120;
/// Length of an address, in bytes (RFC 5321).
pub const EMAIL_BYTES: RangeInclusive<usize> = 3..=254;

/// Asks for a reservation to become a booking.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reservation_id": "rsv_06e9pvb1pdqm380000000000000a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s",
    "payment_token": "tok_ok", "idempotency_key": "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8d9e", "email": "buyer@example.org",
}))]
pub struct NewBooking {
    /// The reservation.
    #[schema(value_type = String)]
    pub reservation_id: ReservationId,
    /// What the payment service gave for the buyer's card; not needed when there is nothing to pay.
    #[schema(example = "tok_ok")]
    pub payment_token: Option<String>,
    /// Whether the buyer transfers the money to the organizer's bank instead, where the event says for how many days that is awaited
    /// (`invoice_days`). The tickets come once the organizer has it.
    #[serde(default)]
    pub by_invoice: bool,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key gives the same
    /// booking.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8d9e")]
    pub idempotency_key: Option<String>,
    /// The buyer's address.
    #[schema(example = "buyer@example.org")]
    pub email: String,
    /// The buyer's name, by which staff find the booking; may be left out.
    #[serde(default)]
    #[schema(example = "Bea Buyer")]
    pub name: String,
    /// In which language the buyer reads: letters about the booking are in it. English if it is left out.
    #[serde(default)]
    #[schema(example = "de")]
    pub language: Option<Language>,
}

impl NewBooking {
    fn into_request(self, header: IdempotencyHeader) -> Result<BookRequest, ApiError> {
        let key = header.or(self.idempotency_key)?;
        let mut checks = Checks::default();
        if let Some(token) = &self.payment_token {
            checks.text(token, "/payment_token", TOKEN_BYTES);
        }
        checks.text(&self.email, "/email", EMAIL_BYTES);
        checks.require(
            is_address(&self.email),
            "/email",
            "must be an address such as name@example.org",
        );
        checks.text(&self.name, "/name", BUYER_BYTES);
        checks.require(
            !(self.by_invoice && self.payment_token.is_some()),
            "/by_invoice",
            "must be left out where there is a payment_token",
        );
        checks.finish()?;
        Ok(BookRequest {
            reservation: self.reservation_id,
            payment_token: self.payment_token.map(PaymentToken),
            by_invoice: self.by_invoice,
            idempotency_key: key,
            email: self.email,
            name: self.name,
            language: self.language.unwrap_or(Language::English),
        })
    }
}

/// Tells whether a text can be an address at all; whether it exists only a message to it would tell.
pub fn is_address(text: &str) -> bool {
    let plain = !text
        .chars()
        .any(|char| char.is_whitespace() || "<>()[],;:\\\"".contains(char));
    plain
        && text
            .rsplit_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !name.contains('@'))
}

/// A paid (or free) booking and its tickets.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingView {
    /// Its id: a secret, whoever knows it sees the tickets.
    #[schema(value_type = String)]
    pub booking_id: BookingId,
    /// By what people speak of it, to staff: it opens nothing.
    #[schema(example = "7KM-94Q2")]
    pub code: String,
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// The reservation it came from.
    #[schema(value_type = String)]
    pub reservation_id: ReservationId,
    /// `paying`, `action_required`, `processing`, `confirmed`, `declined`, `expired`, `canceled`, `refunding`, `partly_refunded` or `refunded`.
    #[schema(example = "confirmed")]
    pub status: &'static str,
    /// Of `declined`: why, in the word that the problem's `type` ends with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline: Option<&'static str>,
    /// Of `action_required`: what the buyer has to do before the bank pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionView>,
    /// Until when it can be paid.
    #[schema(value_type = String, format = DateTime)]
    pub pay_by: Moment,
    /// The buyer's address; empty if it is not known.
    pub email: String,
    /// The buyer's name, if it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Of what no payment service has: `cash` or `card_terminal`, paid at a counter, or `invoice`, paid by bank transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_by: Option<&'static str>,
    /// What was paid, in minor units of the currency.
    pub amount: i64,
    /// How much of that are service fees.
    pub fees: i64,
    /// How much of that are taxes.
    pub taxes: i64,
    /// How much of it was given back after the sale.
    pub given_back: i64,
    /// The number of its receipt, if it was paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "17")]
    pub receipt: Option<String>,
    /// Of a payment that the buyer's bank has taken back: `open`, `won` (it was given again) or `lost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<&'static str>,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// Its page, for the buyer.
    pub page: String,
    /// Its tickets.
    pub tickets: Vec<TicketView>,
}

/// What the buyer has to do before the bank pays.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionView {
    /// The page of the bank; it leads back to the event's page, which leads to the booking.
    pub redirect_to: String,
}

impl BookingView {
    /// Shows a booking to whoever knows its id.
    pub fn of(app: &AppState, booking: Booking) -> Self {
        let status = booking.word();
        Self {
            booking_id: booking.id,
            code: booking.code.to_string(),
            event_id: booking.id.event,
            reservation_id: booking.reservation,
            status,
            decline: booking.state.decline().map(DeclineReason::word),
            action: booking.action.map(|action| ActionView {
                redirect_to: action.url,
            }),
            pay_by: Moment(booking.pay_by),
            email: booking.email,
            name: booking.name,
            paid_by: (booking.gateway.account() != Account::Gateway).then(|| booking.gateway.word()),
            amount: booking.amount.minor,
            fees: booking.parts.fees,
            taxes: booking.parts.taxes,
            given_back: booking.given_back.amount,
            receipt: booking.receipt.map(|number| number.to_string()),
            dispute: booking.dispute.map(DisputeState::word),
            currency: booking.amount.currency.code().to_owned(),
            created_at: Moment(booking.created_at),
            page: app.link(&format!("/bookings/{}", booking.id)),
            tickets: booking
                .tickets
                .into_iter()
                .map(|ticket| TicketView::of(app, ticket))
                .collect(),
        }
    }
}

/// Pays for a reservation and issues its tickets, once for each idempotency key.
#[utoipa::path(post, path = "/v1/bookings", tag = "bookings", request_body = NewBooking, responses(
    (status = 201, body = BookingView, description = "Confirmed, now or by an earlier request with the same key"),
    (status = 202, body = BookingView, description = "Not paid yet: `action` says what the buyer has to do, or the bank takes its time. Ask for the booking until its status changes"),
    (status = 400, description = "The body is not JSON, or the time of the reservation or of its payment is over; nothing was charged"),
    (status = 402, description = "The payment was declined: as long as the reservation is held, try again with another token and a new key"),
    (status = 404, description = "No such reservation"),
    (status = 409, description = "The key was used for another request, the reservation under another key, the booking has been given a new id since, or the event is over"),
    (status = 503, description = "No outcome yet: ask again with the same key"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    header: IdempotencyHeader,
    JsonBody(request): JsonBody<NewBooking>,
) -> Result<Response, ApiError> {
    let outcome = app.desk.book(request.into_request(header)?).await?;
    let is_waiting = matches!(outcome, BookOutcome::Waiting(_));
    let booking = accept(outcome, app.clock.now())?;
    let status = if is_waiting {
        StatusCode::ACCEPTED
    } else {
        StatusCode::CREATED
    };
    let location = HeaderValue::from_str(&app.link(&format!("/v1/bookings/{}", booking.id)))
        .map_err(|_| ApiError::Internal)?;
    let view = Json(BookingView::of(&app, booking));
    Ok((status, [(header::LOCATION, location)], view).into_response())
}

/// Returns the booking that a request came to.
///
/// # Errors
///
/// Why there is none.
pub fn accept(outcome: BookOutcome, now: Timestamp) -> Result<Booking, ApiError> {
    match outcome {
        BookOutcome::Confirmed(booking) | BookOutcome::Waiting(booking) => Ok(booking),
        BookOutcome::Declined(reason) => Err(declined(reason).into()),
        BookOutcome::Expired | BookOutcome::Released => Err(ProblemKind::ReservationEnded.into()),
        BookOutcome::AlreadyBooked => Err(ProblemKind::AlreadyBooked.into()),
        BookOutcome::NotOnSale(status) => Err(not_on_sale(status).into()),
        BookOutcome::Renewed => Err(ProblemKind::BookingRenewed.into()),
        BookOutcome::KeyReused => Err(ProblemKind::KeyReused.into()),
        BookOutcome::Refunded => Err(ProblemKind::Refunded.into()),
        BookOutcome::NotFound => Err(ApiError::NotFound(Missing::Reservation)),
        BookOutcome::TooManyUnpaid(reached) => Err(too_many_unpaid(reached, now)),
        BookOutcome::NoInvoice => Err(ProblemKind::NoInvoice.into()),
        BookOutcome::PaymentFailed => Err(ProblemDetail::GatewaySilent.into()),
        BookOutcome::TokenMissing => {
            let mut checks = Checks::default();
            checks.require(
                false,
                "/payment_token",
                "must be given: this reservation is not free",
            );
            Err(checks.finish().err().unwrap_or(ApiError::Internal))
        }
    }
}

fn too_many_unpaid(reached: BoundReached, now: Timestamp) -> ApiError {
    let retry_after_seconds = seconds_until(reached.fits_at, now);
    let detail = OrderDetail::TooManyUnpaid {
        kept: reached.used,
        most: reached.most,
        retry_after_seconds,
    };
    let quota = Quota::of_bound("unpaid-places-of-buyer", reached, None);
    ApiError::quota_used(&detail, retry_after_seconds, quota)
}

/// Shows a booking and its tickets. While its payment waits for the buyer or the bank, the answer is of a few seconds ago at most.
#[utoipa::path(get, path = "/v1/bookings/{booking_id}", tag = "bookings", params(("booking_id" = String, Path)),
    responses(
    (status = 200, body = BookingView),
    (status = 404, description = "No such booking"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(id): Id<BookingId>,
) -> Result<Json<BookingView>, ApiError> {
    let find = || app.store.booking(id);
    let mut booking = find().await?.ok_or(ApiError::NotFound(Missing::Booking))?;
    if booking.state.is_open() {
        app.desk.check_payment(id).await;
        booking = find().await?.ok_or(ApiError::NotFound(Missing::Booking))?;
    }
    Ok(Json(BookingView::of(&app, booking)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(is_address(text), expected, "{text:?}");
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        check("a@b.org", true);
        check("first.last+tag@sub.example.org", true);
        for bad in [
            "",
            "a",
            "@b.org",
            "a@b",
            "a b@c.org",
            "<a@b.org>",
            "a@b@c.org",
            "a@b.org,c@d.org",
        ] {
            check(bad, false);
        }
    }
}
