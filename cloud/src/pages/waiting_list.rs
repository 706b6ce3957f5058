//! `/waiting/{waiter_id}`: how it stands with somebody on a waiting list, and the way to what is offered to them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use usher_keys::EventId;
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::api::waiting_list::WaiterView;
use crate::ids::WaiterId;
use crate::languages::Text;
use crate::state::AppState;

use super::reader::PageReader;
use super::{PageError, page};

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    event_id: EventId,
    event: String,
    tier: String,
    /// How it stands, for the choice of words.
    status: &'static str,
    /// How many are before them.
    ahead: u64,
    /// How many places are held, until when, and by which reservation.
    offer: Option<(u64, String, String)>,
    reader: PageReader,
}

/// Shows how it stands with somebody on a waiting list.
pub async fn show(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Id(id): Id<WaiterId>,
) -> Result<Response, PageError> {
    let waiter = WaiterView::find(&app, id).await?;
    let event = app.store.event(id.event).await?;
    let event = event.ok_or(ApiError::NotFound(Missing::Event))?;
    let tier = event.tiers.iter().find(|tier| tier.id.0 == waiter.tier);
    let offset = event.policy.offset_at(app.clock.now());
    page(&WaitingPage {
        event_id: id.event,
        tier: tier.map(|tier| tier.name.clone()).unwrap_or_default(),
        status: waiter.status,
        ahead: waiter.ahead.unwrap_or(0).into(),
        offer: waiter.offer.map(|offer| {
            let until = reader.language.day_and_time(offer.until.0, offset);
            let quantity = u64::try_from(offer.quantity).unwrap_or(u64::MAX);
            (quantity, until, offer.reservation_id.to_string())
        }),
        event: event.name,
        reader,
    })
}
