//! What is told of somebody on a waiting list to whoever knows their id.

use serde::Serialize;
use usher_keys::EventId;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::ids::{ReservationId, WaiterId};
use crate::moment::Moment;
use crate::selling::waiting_list::{Waiter, WaiterQuery, WaiterState};
use crate::state::AppState;

/// Somebody on a waiting list.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaiterView {
    /// Their id: a secret, whoever knows it may take what is offered to them, or leave for them.
    #[schema(value_type = String)]
    pub waiter_id: WaiterId,
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// The tier.
    pub tier: u16,
    /// How many places they want.
    pub quantity: u32,
    /// `waiting`; `offered`: places are held for them; `taken`: they have them, or are paying for them; `lapsed`: their offer was not taken in
    /// time; or `left`.
    #[schema(example = "waiting")]
    pub status: &'static str,
    /// Of `waiting`: how many are before them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<u32>,
    /// What is offered, while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferView>,
    /// When they began to wait.
    #[schema(value_type = String, format = DateTime)]
    pub joined_at: Moment,
    /// Their page.
    pub page: String,
}

/// Places that are held for somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferView {
    /// The reservation: pay for it as for any other, or give it back.
    #[schema(value_type = String)]
    pub reservation_id: ReservationId,
    /// How many places.
    pub quantity: usize,
    /// What they cost together, in minor units of the currency.
    pub amount: i64,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Until when they are held; then those who come next are offered them.
    #[schema(value_type = String, format = DateTime)]
    pub until: Moment,
}

impl WaiterView {
    /// Shows somebody on a waiting list to whoever knows their id.
    pub fn of(app: &AppState, waiter: Waiter) -> Self {
        let is_offered = waiter.state == WaiterState::Offered;
        let offer = waiter.offer.filter(|_| is_offered);
        Self {
            waiter_id: waiter.id,
            event_id: waiter.id.event,
            tier: waiter.tier.0,
            quantity: waiter.quantity,
            status: waiter.state.word(),
            ahead: match waiter.state {
                WaiterState::Waits { ahead } => Some(ahead),
                WaiterState::Offered | WaiterState::Taken | WaiterState::Lapsed | WaiterState::Left => None,
            },
            offer: offer.map(|offer| OfferView {
                reservation_id: offer.id,
                quantity: offer.lines.len(),
                amount: offer.amount.minor,
                currency: offer.amount.currency.code().to_owned(),
                until: Moment(offer.expires_at),
            }),
            joined_at: Moment(waiter.joined_at),
            page: app.link(&format!("/waiting/{}", waiter.id)),
        }
    }

    /// Finds somebody on a waiting list.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`], [`ApiError::Store`].
    pub async fn find(app: &AppState, waiter: WaiterId) -> Result<Self, ApiError> {
        let now = app.clock.now();
        let found = app.store.waiter(WaiterQuery { waiter, now }).await?;
        let found = found.ok_or(ApiError::NotFound(Missing::Waiter))?;
        Ok(Self::of(app, found))
    }
}
