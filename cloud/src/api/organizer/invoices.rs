//! `/v1/organizer/events/{event_id}/bookings/{booking_id}/invoice-payment`: bank transfers that have come, after which there are tickets.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_words::problems::{Missing, OrderDetail, ProblemKind};
use utoipa::ToSchema;

use crate::api::bookings::BookingView;
use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::ids::BookingId;
use crate::money::MAX_ORDER;
use crate::rights::may;
use crate::selling::PaymentId;
use crate::selling::invoices::{InvoiceOutcome, SettleInvoice};
use crate::state::AppState;

use super::owned::PartOfOwnEvent;

/// Length of what a transfer is found by, in bytes: a line of a statement.
pub const REFERENCE_BYTES: RangeInclusive<usize> = 1..=140;

/// Says that a bank transfer has come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 9000, "reference": "Statement 7/2027, line 3"}))]
pub struct InvoicePaymentRequest {
    /// How much has come, in minor units of the currency: all of the booking's amount, neither less nor more.
    pub amount: i64,
    /// By what you find it at your bank.
    pub reference: String,
}

/// Says that the bank transfer of a booking has come: its tickets are issued. Saying the same again changes nothing. A transfer of another amount
/// is refused with the difference, and one for a booking whose time is over with that: such money is given back, or made up, by a person.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/bookings/{booking_id}/invoice-payment", tag = "organizer",
    params(("event_id" = String, Path), ("booking_id" = String, Path)), request_body = InvoicePaymentRequest,
    security(("organizer_key" = [])), responses(
    (status = 200, body = BookingView, description = "It is written down: `status` is `confirmed` once the tickets are there"),
    (status = 404, description = "No such booking of this event"),
    (status = 409, description = "The amount is another (`wrong-invoice-amount`), or the booking awaits no transfer, or none any more (`not-awaiting-payment`)"),
))]
pub async fn settle(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, booking, _): PartOfOwnEvent<may::SettleInvoice, BookingId>,
    JsonBody(request): JsonBody<InvoicePaymentRequest>,
) -> Result<Json<BookingView>, ApiError> {
    let not_found = ApiError::NotFound(Missing::BookingOfEvent);
    if booking.event != event.id {
        return Err(not_found);
    }
    let mut checks = Checks::default();
    checks.range(request.amount, "/amount", 1..=MAX_ORDER);
    checks.text(&request.reference, "/reference", REFERENCE_BYTES);
    checks.finish()?;
    let note = SettleInvoice {
        booking,
        amount: request.amount,
        reference: PaymentId(request.reference),
        now: app.clock.now(),
    };
    match app.store.settle_invoice(note).await? {
        InvoiceOutcome::Noted => {}
        InvoiceOutcome::NotFound => return Err(not_found),
        InvoiceOutcome::NotAwaited => return Err(ProblemKind::NotAwaitingPayment.into()),
        InvoiceOutcome::TooLittle(missing) => return Err(OrderDetail::PaidTooLittle { missing }.into()),
        InvoiceOutcome::TooMuch(excess) => return Err(OrderDetail::PaidTooMuch { excess }.into()),
    }
    app.desk.settle_now(booking).await;
    let found = app.store.booking(booking).await?.ok_or(not_found)?;
    Ok(Json(BookingView::of(&app, found)))
}
