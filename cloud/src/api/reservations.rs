//! `/v1/reservations`: timed claims on units before payment.

mod proof;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use usher_words::problems::{Missing, OrderDetail, ProblemKind};
use utoipa::ToSchema;

use crate::ids::{BookingId, ReservationId};
use crate::selling::charges::ChargeParts;
use crate::selling::inventory::WrongQuantity;
use crate::selling::known_seats::KnownSeats;
use crate::selling::{
    Booking, Claim, HoldOutcome, HoldRequest, ReleaseOutcome, ReleaseRequest, Reservation, ReservationState,
    TierQuantity,
};
use crate::state::AppState;

use super::claimant::Asking;
use super::claims::{self, TierRequest};
use super::error::{ApiError, ShortageView};
use super::input::{Checks, Id, JsonBody};
use super::refusal::{held_in_vain, not_on_sale, too_many_held};
use super::vouchers;
use super::waiting_room::carried;
use crate::moment::Moment;

/// Asks for units to be held: either seats, or quantities of tiers, or the best seats of a tier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event_id": "evt_06e9pvb1pdqm38000000000000", "tiers": [{"tier": 2, "quantity": 2}]}))]
pub struct NewReservation {
    /// The event.
    #[schema(value_type = String, example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: EventId,
    /// These seats, by their `seat_id`.
    pub seat_ids: Option<Vec<u32>>,
    /// Any free units of these tiers.
    pub tiers: Option<Vec<TierRequest>>,
    /// The best free seats of a tier, beside each other where that can be.
    pub best_available: Option<BestRequest>,
    /// A code that lowers the price or unlocks what others do not see yet; its price is fixed with the hold.
    #[serde(default)]
    #[schema(example = "OWLS-27")]
    pub voucher: Option<String>,
    /// Of an event with a waiting room: what a pass was changed for once it was its turn. A browser may send the cookie instead that it got.
    pub sale_token: Option<String>,
    /// Of an event that asks for a proof of work: the answer to the `challenge` of an earlier refusal, as ALTCHA (version 2) has it. Each is good
    /// for one reservation.
    pub proof: Option<String>,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key within a day is
    /// done once and answered as it was.
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da0")]
    pub idempotency_key: Option<String>,
}

/// Asks for the best free seats of a tier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BestRequest {
    /// The tier.
    pub tier: u16,
    /// How many seats.
    pub count: u32,
}

impl NewReservation {
    /// Reads which units are asked for, so many at most.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`].
    pub fn into_claim(
        self,
        max_units: u32,
        known_seats: impl FnOnce(EventId) -> KnownSeats,
    ) -> Result<Claim, ApiError> {
        let mut checks = Checks::default();
        let claim = match (self.seat_ids, self.tiers, self.best_available) {
            (Some(seats), None, None) => Claim::Seats(claims::seats(&mut checks, ("", seats), max_units)),
            (None, Some(tiers), None) => Claim::Tiers(claims::tiers(&mut checks, ("", tiers), max_units)),
            (None, None, Some(best)) => {
                checks.range(best.count, "/best_available/count", 1..=max_units);
                let tier = TierId(best.tier);
                let quantity = best.count;
                Claim::Best(TierQuantity { tier, quantity }, known_seats(self.event_id))
            }
            _ => {
                checks.require(false, "", "must have one of seat_ids, tiers and best_available");
                Claim::Seats(Vec::new())
            }
        };
        checks.finish().map(|()| claim)
    }
}

/// A timed claim on units.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReservationView {
    /// Its id: a secret, whoever knows it may book it or give it back.
    #[schema(value_type = String)]
    pub reservation_id: ReservationId,
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// `held`, `paying`, `booked`, `released` or `expired`.
    #[schema(example = "held")]
    pub status: &'static str,
    /// When it ends unless it is booked.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Moment,
    /// How long that is from now, in milliseconds: for whose clock may be wrong.
    #[schema(example = 600_000)]
    pub expires_in_ms: u64,
    /// Its units, at the price they will be booked for.
    pub units: Vec<LineView>,
    /// What they cost together, in minor units of the currency.
    pub amount: i64,
    /// How much of that are service fees.
    pub fees: i64,
    /// How much of that are taxes.
    pub taxes: i64,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Its last booking, if there was an attempt to pay for it; none once that was given a new id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booking: Option<ReservationBooking>,
}

/// The booking of a reservation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReservationBooking {
    /// Its id: a secret, whoever knows it sees the tickets.
    #[schema(value_type = String)]
    pub booking_id: BookingId,
    /// How it stands, as the booking says itself.
    #[schema(example = "confirmed")]
    pub status: &'static str,
}

/// One unit of a reservation.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    /// The unit; of a seat, its `seat_id`.
    pub unit: u32,
    /// Its tier.
    pub tier: u16,
    /// Its price in minor units, with all that comes on top.
    pub price: i64,
    /// How much of that is the service fee.
    pub fee: i64,
    /// How much of that is tax.
    pub tax: i64,
}

impl ReservationView {
    fn of(reservation: &Reservation, booking: Option<&Booking>, now: Timestamp) -> Self {
        let status = match reservation.state {
            ReservationState::Held if reservation.is_expired(now) => "expired",
            state @ (ReservationState::Held
            | ReservationState::Paying
            | ReservationState::Booked
            | ReservationState::Released) => state.word(),
        };
        let parts = ChargeParts::of(reservation.lines.iter());
        let units = reservation.lines.iter().map(|line| LineView {
            unit: line.unit.0,
            tier: line.tier.0,
            price: line.price,
            fee: line.fee,
            tax: line.tax,
        });
        Self {
            reservation_id: reservation.id,
            event_id: reservation.id.event,
            status,
            expires_at: Moment(reservation.expires_at),
            expires_in_ms: reservation.expires_at.0.saturating_sub(now.0),
            units: units.collect(),
            amount: reservation.amount.minor,
            fees: parts.fees,
            taxes: parts.taxes,
            currency: reservation.amount.currency.code().to_owned(),
            booking: booking.map(|booking| ReservationBooking {
                booking_id: booking.id,
                status: booking.state.word(),
            }),
        }
    }
}

/// Holds units for the event's reservation time, all of them or none. The answer to a client without a session begins one:
/// a cookie, by which its unpaid holds are counted.
#[utoipa::path(post, path = "/v1/reservations", tag = "reservations",
    params(("Idempotency-Key" = Option<String>, Header)), request_body = NewReservation, responses(
    (status = 201, body = ReservationView),
    (status = 403, description = "The event has a waiting room, and whoever asks was not let through, or their ten minutes are over (`wait-first`); or it asks for a proof of work, of which the `challenge` is here (`prove-first`)"),
    (status = 404, description = "No such event is on sale, or it has no such voucher (`unknown-voucher`)"),
    (status = 409, description = "Units are taken: see `taken` or `short`; the event is over (`sales-closed`), or its sale is paused (`sales-paused`); or whoever was let through holds places already (`one-at-a-time`). Nothing is held"),
    (status = 422, description = "No such seat or tier, or too many units"),
    (status = 429, headers(("Retry-After" = u64), ("RateLimit-Policy" = String), ("RateLimit" = String)),
        description = "Too many units are held without being paid for (`too-many-held`), or were and were not paid for in the end (`held-in-vain`): in this session, which is a cookie, from this address (of IPv6 its /64) or from its network (/24, /56). Pay for them or give them back, or wait as long as Retry-After says"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    asking: Asking,
    headers: HeaderMap,
    JsonBody(request): JsonBody<NewReservation>,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let event = request.event_id;
    let pass = carried::let_through(&app, event, (&headers, request.sale_token.as_deref())).await?;
    let proof = proof::shown(&app, (event, request.proof.as_deref()), now).await?;
    let voucher = request.voucher.as_deref().map(vouchers::code).transpose()?;
    let known_seats = |event| app.seat_maps.known_seats(event);
    let claim = request.into_claim(app.config.reservations.max_units, known_seats)?;
    let hold = HoldRequest {
        reservation: ReservationId::draw(event, now),
        claim,
        claimant: asking.claimant,
        bounds: app.config.reservations.hold_bounds(),
        voucher,
        pass,
        proof,
        believed_until: app.signer.believed_until(event),
        now,
    };
    let reservation = held(&app, hold, &headers).await?;
    created(&app, &reservation, (asking.new_cookie, now))
}

async fn held(app: &AppState, request: HoldRequest, headers: &HeaderMap) -> Result<Reservation, ApiError> {
    let (event, now) = (request.reservation.event, request.now);
    let outcome = proof::hold(app, request, headers).await?;
    app.metrics.held(outcome.label());
    if outcome == HoldOutcome::NoSuchEvent {
        app.seat_maps.forget(event);
    }
    let reservation = accept(outcome, now)?;
    app.seat_maps.changed(event);
    Ok(reservation)
}

fn created(
    app: &AppState,
    reservation: &Reservation,
    (new_cookie, now): (Option<HeaderValue>, Timestamp),
) -> Result<Response, ApiError> {
    let location = HeaderValue::from_str(&app.link(&format!("/v1/reservations/{}", reservation.id)))
        .map_err(|_| ApiError::Internal)?;
    let view = Json(ReservationView::of(reservation, None, now));
    let mut response = (StatusCode::CREATED, [(header::LOCATION, location)], view).into_response();
    if let Some(cookie) = new_cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn accept(outcome: HoldOutcome, now: Timestamp) -> Result<Reservation, ApiError> {
    let HoldOutcome::Held(reservation) = outcome else {
        return Err(not_held(outcome, now));
    };
    Ok(reservation)
}

/// Says why nothing is held.
pub fn not_held(refusal: HoldOutcome, now: Timestamp) -> ApiError {
    match refusal {
        HoldOutcome::Held(_) => ApiError::Internal,
        HoldOutcome::Taken(units) => ApiError::Taken(units.into_iter().map(|unit| unit.0).collect()),
        HoldOutcome::Short(tiers) => ApiError::Short(tiers.into_iter().map(ShortageView::from).collect()),
        HoldOutcome::UnknownSeats(units) => unknown("/seat_ids", "seat", units.iter().map(|unit| unit.0)),
        HoldOutcome::UnknownTiers(tiers) => {
            unknown("/tiers", "tier", tiers.iter().map(|tier| u32::from(tier.0)))
        }
        HoldOutcome::TooMany(too_many) => too_many_held(&too_many, now),
        HoldOutcome::InVain(in_vain) => held_in_vain(&in_vain, now),
        HoldOutcome::MoreThanOne(most) => more_than_one(most),
        HoldOutcome::NoSuchEvent => ApiError::NotFound(Missing::EventOnSale),
        HoldOutcome::NotLetThrough => ProblemKind::WaitFirst.into(),
        HoldOutcome::OneAtATime => ProblemKind::OneAtATime.into(),
        // Whoever sells over the counter is asked for none.
        HoldOutcome::NotProven => ApiError::Internal,
        HoldOutcome::Awaited(_) => ProblemKind::OthersWait.into(),
        HoldOutcome::OrderTooLarge(most) => OrderDetail::OrderTooLarge { most }.into(),
        HoldOutcome::WrongQuantity(WrongQuantity { min, max, .. }) => {
            OrderDetail::WrongQuantity { min, max }.into()
        }
        HoldOutcome::NotOnSale(status) => not_on_sale(status).into(),
        HoldOutcome::Voucher(refusal) => vouchers::refused(refusal),
    }
}

fn more_than_one(most: u32) -> ApiError {
    let mut checks = Checks::default();
    checks.require(
        false,
        "",
        format!("must ask for at most {most} places of this event"),
    );
    checks.finish().err().unwrap_or(ApiError::Internal)
}

fn unknown(pointer: &str, thing: &str, numbers: impl Iterator<Item = u32>) -> ApiError {
    let mut checks = Checks::default();
    for number in numbers {
        checks.require(false, pointer, format!("the event has no {thing} {number}"));
    }
    checks.finish().err().unwrap_or(ApiError::Internal)
}

/// Shows a reservation.
#[utoipa::path(get, path = "/v1/reservations/{reservation_id}", tag = "reservations",
    params(("reservation_id" = String, Path)), responses(
    (status = 200, body = ReservationView),
    (status = 404, description = "No such reservation"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(id): Id<ReservationId>,
) -> Result<Json<ReservationView>, ApiError> {
    let reservation = app
        .store
        .reservation(id)
        .await?
        .ok_or(ApiError::NotFound(Missing::Reservation))?;
    let booking = app.store.booking_of_reservation(id).await?;
    Ok(Json(ReservationView::of(
        &reservation,
        booking.as_ref(),
        app.clock.now(),
    )))
}

/// Gives a reservation's units back. Doing it again, or after it has expired, changes nothing.
#[utoipa::path(delete, path = "/v1/reservations/{reservation_id}", tag = "reservations",
    params(("reservation_id" = String, Path)), responses(
    (status = 204, description = "The units are free, or were before"),
    (status = 404, description = "No such reservation"),
    (status = 409, description = "It is being paid or has become a booking"),
))]
pub async fn release(
    State(app): State<Arc<AppState>>,
    Id(id): Id<ReservationId>,
) -> Result<StatusCode, ApiError> {
    let request = ReleaseRequest {
        reservation: id,
        now: app.clock.now(),
    };
    let outcome = app.store.release(request).await?;
    app.seat_maps.changed(id.event);
    match outcome {
        ReleaseOutcome::Released => Ok(StatusCode::NO_CONTENT),
        ReleaseOutcome::NotFound => Err(ApiError::NotFound(Missing::Reservation)),
        ReleaseOutcome::Paying => Err(ProblemKind::BeingPaid.into()),
        ReleaseOutcome::Booked => Err(ProblemKind::AlreadyBooked.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(body: &str) {
        let body = body.replace("EVT", &EventId([1; 16]).to_string());
        let request: NewReservation = serde_json::from_str(&body).unwrap();
        assert!(
            matches!(
                request.into_claim(4, |_| KnownSeats::default()),
                Err(ApiError::Invalid(_))
            ),
            "{body}"
        );
    }

    #[test]
    fn a_claim_names_each_unit_once_and_not_too_many() {
        check_refused(r#"{"event_id": "EVT"}"#);
        check_refused(r#"{"event_id": "EVT", "seat_ids": []}"#);
        check_refused(r#"{"event_id": "EVT", "seat_ids": [1, 1]}"#);
        check_refused(r#"{"event_id": "EVT", "seat_ids": [1, 2, 3, 4, 5]}"#);
        check_refused(r#"{"event_id": "EVT", "seat_ids": [1], "tiers": [{"tier": 1, "quantity": 1}]}"#);
        check_refused(r#"{"event_id": "EVT", "best_available": {"tier": 1, "count": 5}}"#);
        check_refused(r#"{"event_id": "EVT", "best_available": {"tier": 1, "count": 0}}"#);
        check_refused(r#"{"event_id": "EVT", "seat_ids": [1], "best_available": {"tier": 1, "count": 1}}"#);
        check_refused(r#"{"event_id": "EVT", "tiers": []}"#);
        check_refused(r#"{"event_id": "EVT", "tiers": [{"tier": 1, "quantity": 0}]}"#);
        check_refused(r#"{"event_id": "EVT", "tiers": [{"tier": 1, "quantity": 4294967295}]}"#);
        check_refused(
            r#"{"event_id": "EVT", "tiers": [{"tier": 1, "quantity": 1}, {"tier": 1, "quantity": 1}]}"#,
        );
    }
}
