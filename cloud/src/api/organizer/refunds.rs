//! `/v1/organizer/events/{event_id}/bookings/{booking_id}/refunds`: giving money back after the sale, and what became of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use usher_protocol::Unit;
use usher_words::problems::{Missing, OrderDetail, ProblemKind};
use utoipa::ToSchema;

use crate::acts::Actor;
use crate::api::error::ApiError;
use crate::api::idempotency::IdempotencyHeader;
use crate::api::input::{Checks, JsonBody};
use crate::ids::{BookingId, RefundId, TicketId, TillId};
use crate::moment::Moment;
use crate::money::{Currency, MAX_ORDER};
use crate::rights::may;
use crate::selling::RequestHash;
use crate::selling::refunds::{
    BeginRefund, BeginRefundOutcome, Refund, RefundOf, RefundRefusal, RefundState,
};
use crate::selling::tills::AtTill;
use crate::state::AppState;

use super::owned::PartOfOwnEvent;
use super::tills;

/// Most tickets that a request may name: more than the largest booking has.
const MAX_TICKETS: usize = 1_000;

/// Asks to give money of a booking back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"idempotency_key": "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8d9f"}))]
pub struct NewRefund {
    /// The tickets that are taken back: void from then on, for good. All that are left, unless it is said; none, if the list is empty.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub tickets: Option<Vec<TicketId>>,
    /// How much, in minor units of the currency; what the tickets cost, unless it is said: less keeps a fee.
    #[serde(default)]
    #[schema(example = 4500)]
    pub amount: Option<i64>,
    /// Whether the places of the tickets are kept back; else they are for sale again once the money is given. Unless it is said, they are
    /// kept if somebody has gone in with one of the tickets: the next buyer would be refused there.
    #[serde(default)]
    pub keep_units: Option<bool>,
    /// Of what was paid at a counter: the caller's open till, out of which the money is handed at once, in cash or by the card terminal as it was
    /// paid. Without it, somebody gives the money by another way and says so.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub till_id: Option<TillId>,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key is one refund.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8d9f")]
    pub idempotency_key: Option<String>,
}

/// Money that is given back.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundView {
    /// Its id; the payment service knows it by that too.
    #[schema(value_type = String)]
    pub refund_id: RefundId,
    /// The booking that it is of. Whoever knows it has its tickets: in the list of an event it is absent for roles that only see refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub booking_id: Option<BookingId>,
    /// `revoking` (its tickets are being revoked), `giving` (the money is on its way), `given`, `refused`: the payment service has
    /// refused for good, and somebody has to look into it, or `given_outside`: somebody has, and gave the money by another way.
    #[schema(example = "given")]
    pub status: &'static str,
    /// How much, in minor units of the currency.
    pub amount: i64,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The tickets that it takes back; absent where the booking is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub tickets: Option<Vec<TicketId>>,
    /// Whether their places are kept back.
    pub keep_units: bool,
    /// How often it was tried by request.
    pub attempt: u32,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
}

impl From<Refund> for RefundView {
    fn from(refund: Refund) -> Self {
        Self {
            refund_id: refund.id,
            booking_id: Some(refund.booking),
            status: refund.state.word(),
            amount: refund.amount.minor,
            currency: refund.amount.currency.code().to_owned(),
            tickets: Some(refund.tickets.iter().map(|(ticket, _)| *ticket).collect()),
            keep_units: !refund.frees_units,
            attempt: refund.attempt,
            created_at: Moment(refund.created_at),
        }
    }
}

impl RefundView {
    /// Leaves out the ids that open something.
    pub fn without_secrets(self) -> Self {
        Self {
            booking_id: None,
            tickets: None,
            ..self
        }
    }
}

/// Tells whether an amount takes a fresh one-time code of somebody who is logged in: from `large` on, in whole units of the currency.
fn is_large(minor: i64, currency: Currency, large: u32) -> bool {
    minor >= i64::from(large) * 10_i64.pow(u32::try_from(currency.decimals()).unwrap_or(0))
}

impl NewRefund {
    fn check(&self) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        if let Some(tickets) = &self.tickets {
            checks.range(tickets.len(), "/tickets", 0..=MAX_TICKETS);
        }
        if let Some(amount) = self.amount {
            checks.range(amount, "/amount", 0..=MAX_ORDER);
        }
        checks.finish()
    }

    /// Returns how much it may come to at most, in minor units.
    async fn wanted(&self, app: &AppState, booking: BookingId) -> Result<i64, ApiError> {
        if let Some(amount) = self.amount {
            return Ok(amount);
        }
        let booking = app.store.booking(booking).await?;
        Ok(booking.map_or(0, |booking| booking.amount.minor))
    }

    /// Hashes what makes two requests the same.
    fn hash(&self, booking: BookingId) -> RequestHash {
        let mut hasher = blake3::Hasher::new();
        let said = (booking, &self.tickets, self.amount, self.keep_units);
        let said = serde_json::to_string(&said).expect("ids and numbers are plain");
        hasher.update(said.as_bytes());
        if let Some(till) = self.till_id {
            hasher.update(till.to_string().as_bytes());
        }
        RequestHash(*hasher.finalize().as_bytes())
    }

    /// Tells whether the places are kept back: as it is said, or else if somebody has gone in with one of the tickets.
    async fn keeps_units(&self, app: &AppState, booking: BookingId) -> Result<bool, ApiError> {
        if let Some(keeps) = self.keep_units {
            return Ok(keeps);
        }
        let Some(booking) = app.store.booking(booking).await? else {
            return Ok(false);
        };
        let named = |id: &TicketId| self.tickets.as_ref().is_none_or(|tickets| tickets.contains(id));
        let tickets = booking.tickets.iter().filter(|ticket| named(&ticket.id));
        let units: Vec<Unit> = tickets.map(|ticket| ticket.unit).collect();
        let authority = app.authorities.of(booking.id.event)?;
        let asked = authority.ask(move |writer| {
            let units = units.clone();
            Box::pin(async move { writer.were_used(&units).await })
        });
        Ok(asked.await?)
    }

    fn into_request(
        self,
        app: &AppState,
        (booking, keeps_units): (BookingId, bool),
        (key, by): (String, Actor),
    ) -> BeginRefund {
        let now = app.clock.now();
        BeginRefund {
            refund: RefundId::draw(booking.event, now),
            booking,
            idempotency_key: key,
            request_hash: self.hash(booking),
            of: self.tickets.map_or(RefundOf::All, RefundOf::Tickets),
            amount: self.amount,
            frees_units: !keeps_units,
            till: self.till_id.map(|till| AtTill {
                till,
                by: by.to_string(),
            }),
            holder: app.holder,
            now,
        }
    }
}

/// Gives money of a booking back: its tickets are revoked first, then the payment service gives the money back, and then the places are
/// for sale again. What cannot be done now is done later, once; ask how it stands.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/bookings/{booking_id}/refunds", tag = "organizer",
    params(("event_id" = String, Path), ("booking_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewRefund, security(("organizer_key" = [])), responses(
    (status = 201, body = RefundView, description = "Begun, now or by an earlier request with the same key: `status` says how far it has come"),
    (status = 404, description = "No such booking of your event, or no such ticket of it"),
    (status = 409, description = "Nothing was paid, more is asked for than is left of it, or a bank has taken it back; another refund is on its way; a ticket was given back before; the event is halted; the till is closed, another person's, or gives no money of such a booking; or the key was used for another request"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, booking, allowed): PartOfOwnEvent<may::GiveRefund, BookingId>,
    header: IdempotencyHeader,
    JsonBody(mut request): JsonBody<NewRefund>,
) -> Result<(StatusCode, Json<RefundView>), ApiError> {
    if booking.event != event.id {
        return Err(ApiError::NotFound(Missing::BookingOfEvent));
    }
    request.check()?;
    let large = app.config.payments.large_refund;
    if is_large(request.wanted(&app, booking).await?, event.currency, large) {
        allowed.caller.has_fresh_code()?;
    }
    let key = header.or(request.idempotency_key.take())?;
    let keeps_units = request.keeps_units(&app, booking).await?;
    let request = request.into_request(&app, (booking, keeps_units), (key, allowed.caller.by));
    let begun = app.desk.refund(request).await?;
    let refund = match begun {
        BeginRefundOutcome::Begun(refund) => refund,
        BeginRefundOutcome::Refused(refusal) => return Err(refused(refusal)),
    };
    // It may have come further since.
    let refund = app.store.refund(refund.id).await?.unwrap_or(refund);
    Ok((StatusCode::CREATED, Json(refund.into())))
}

/// Tries a refund again that the payment service has refused, after somebody has looked into it.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/refunds/{refund_id}/retry", tag = "organizer",
    params(("event_id" = String, Path), ("refund_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), security(("organizer_key" = [])), responses(
    (status = 200, body = RefundView, description = "It is tried again: `status` says how far it has come"),
    (status = 409, description = "It was not refused"),
))]
pub async fn retry(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::RetryRefund, RefundId>,
) -> Result<Json<RefundView>, ApiError> {
    shown(&app, event.id, id).await?;
    if !app.desk.retry_refund(id).await? {
        return Err(ProblemKind::RefundNotRefused.into());
    }
    Ok(Json(shown(&app, event.id, id).await?))
}

/// Says that somebody has given the money of a refund by another way, such as a bank transfer, after the payment service has refused: it
/// is over then, and its places are for sale again unless they are kept.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/refunds/{refund_id}/given-outside", tag = "organizer",
    params(("event_id" = String, Path), ("refund_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), security(("organizer_key" = [])), responses(
    (status = 200, body = RefundView, description = "It is `given_outside`, for good"),
    (status = 409, description = "It was not refused"),
))]
pub async fn close(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::CloseRefund, RefundId>,
) -> Result<Json<RefundView>, ApiError> {
    let refund = shown(&app, event.id, id).await?;
    // Whoever says it twice has said the same.
    if refund.status != RefundState::GivenOutside.word() && !app.desk.given_outside(id).await? {
        return Err(ProblemKind::RefundNotRefused.into());
    }
    Ok(Json(shown(&app, event.id, id).await?))
}

async fn shown(app: &AppState, event: EventId, id: RefundId) -> Result<RefundView, ApiError> {
    let refund = match id.event == event {
        true => app.store.refund(id).await?,
        false => None,
    };
    Ok(refund.ok_or(ApiError::NotFound(Missing::RefundOfEvent))?.into())
}

fn refused(refusal: RefundRefusal) -> ApiError {
    match refusal {
        RefundRefusal::NotFound => ApiError::NotFound(Missing::BookingOfEvent),
        RefundRefusal::NotConfirmed | RefundRefusal::Nothing => ProblemKind::NotRefundable.into(),
        RefundRefusal::KeyReused => ProblemKind::KeyReused.into(),
        RefundRefusal::Halted => ProblemKind::OldCopy.into(),
        RefundRefusal::Running => ProblemKind::RefundRunning.into(),
        RefundRefusal::NotItsTicket => ApiError::NotFound(Missing::TicketOfBooking),
        RefundRefusal::NotAtCounter => ProblemKind::NotPaidAtCounter.into(),
        RefundRefusal::Till(refusal) => tills::refused(refusal),
        RefundRefusal::Disputed => ProblemKind::BookingDisputed.into(),
        RefundRefusal::TicketRefunded => ProblemKind::TicketRefunded.into(),
        RefundRefusal::TooMuch { left } => OrderDetail::RefundTooMuch { left }.into(),
    }
}
