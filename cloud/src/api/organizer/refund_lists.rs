//! `/v1/organizer/events/{event_id}/refunds`: what was given back, of a booking or of an event, and what a person has to look into.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params};
use crate::ids::{BookingId, RefundId};
use crate::rights::{Operation, may};
use crate::selling::refunds::{RefundState, RefundsQuery};
use crate::state::AppState;

use super::owned::{OwnEvent, PartOfOwnEvent};
use super::refunds::RefundView;

/// Refunds on one page.
const PAGE: u32 = 200;

/// Lists the refunds of a booking, the first one first.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/bookings/{booking_id}/refunds", tag = "organizer",
    params(("event_id" = String, Path), ("booking_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = Vec<RefundView>, description = "Its refunds"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, booking, _): PartOfOwnEvent<may::SeeRefunds, BookingId>,
) -> Result<Json<Vec<RefundView>>, ApiError> {
    if booking.event != event.id {
        return Err(ApiError::NotFound(Missing::BookingOfEvent));
    }
    let refunds = app.store.refunds_of(booking).await?;
    Ok(Json(refunds.into_iter().map(Into::into).collect()))
}

/// Which refunds to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRefunds {
    /// Only those that stand so: `refused` are those that a person has to look into.
    #[serde(default)]
    pub status: String,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: String,
}

/// A page of refunds.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundsView {
    /// The refunds, the first one first.
    pub refunds: Vec<RefundView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl ListRefunds {
    fn into_query(self, event: EventId) -> Result<RefundsQuery, ApiError> {
        let mut checks = Checks::default();
        let state = RefundState::from_word(&self.status);
        checks.require(
            self.status.is_empty() || state.is_some(),
            "/status",
            "must be revoking, giving, given, refused or given_outside",
        );
        let after: Option<RefundId> = self.cursor.parse().ok();
        checks.require(
            self.cursor.is_empty() || after.is_some(),
            "/cursor",
            "must be next_cursor of a page before",
        );
        checks.finish()?;
        Ok(RefundsQuery {
            event,
            state,
            after,
            limit: PAGE,
        })
    }
}

/// Lists the refunds of an event, the first one first.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/refunds", tag = "organizer",
    params(("event_id" = String, Path), ListRefunds), security(("organizer_key" = [])), responses(
    (status = 200, body = RefundsView),
    (status = 422, description = "See `errors`"),
))]
pub async fn list_all(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, allowed): OwnEvent<may::SeeRefunds>,
    Params(list): Params<ListRefunds>,
) -> Result<Json<RefundsView>, ApiError> {
    let refunds = app.store.refunds(list.into_query(event.id)?).await?;
    let is_full = refunds.len() == PAGE as usize;
    let last = refunds.last().filter(|_| is_full);
    let next_cursor = last.map(|last| last.id.to_string());
    // Ids of bookings open their tickets. Who asks for the refunds of one booking knows it; who lists an event's may have no business there.
    let may_know = allowed.caller.grant.may(Operation::GiveRefund);
    let views = refunds.into_iter().map(RefundView::from);
    let refunds = if may_know {
        views.collect()
    } else {
        views.map(RefundView::without_secrets).collect()
    };
    Ok(Json(RefundsView { refunds, next_cursor }))
}
