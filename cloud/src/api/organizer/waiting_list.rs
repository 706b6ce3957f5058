//! `/v1/organizer/events/{event_id}/waiting-list`: who waits for places of a tier, and who was offered some.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_protocol::TierId;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params};
use crate::api::waiting_list::WaiterView;
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::waiting_list::{Waiter, WaitersQuery};
use crate::state::AppState;

use super::booking_lists::may_know_buyers;
use super::owned::OwnEvent;

/// How many are on a page.
const PAGE: u32 = 200;

/// Whose list to show.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitingListParams {
    /// The tier.
    pub tier: u16,
    /// The position of the last one of the page before.
    #[serde(default)]
    pub beyond: u32,
}

/// Who waits for places of a tier.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingListView {
    /// Those who wait and those who were offered places, in their order; at most 200.
    pub waiting: Vec<WaitingLineView>,
}

/// Somebody on a waiting list.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingLineView {
    /// Their number in the line; those who have gone keep theirs.
    pub position: u32,
    /// Their address; absent for roles that do not help buyers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// How many places they want.
    pub quantity: u32,
    /// How it stands with them.
    #[schema(example = "waiting")]
    pub status: &'static str,
    /// Their page, to be sent to them; absent where the address is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// When they began to wait.
    #[schema(value_type = String, format = DateTime)]
    pub joined_at: Moment,
}

impl WaitingLineView {
    fn of(app: &AppState, (waiter, email): (Waiter, String), may_know: bool) -> Self {
        let position = waiter.position;
        let view = WaiterView::of(app, waiter);
        Self {
            position,
            email: may_know.then_some(email),
            quantity: view.quantity,
            status: view.status,
            page: may_know.then_some(view.page),
            joined_at: view.joined_at,
        }
    }
}

/// Lists who waits for places of a tier, in their order.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/waiting-list", tag = "organizer",
    params(("event_id" = String, Path), WaitingListParams), security(("organizer_key" = [])), responses(
    (status = 200, body = WaitingListView),
    (status = 422, description = "See `errors`"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, allowed): OwnEvent<may::SeeWaitingList>,
    Params(params): Params<WaitingListParams>,
) -> Result<Json<WaitingListView>, ApiError> {
    let mut checks = Checks::default();
    let tier = TierId(params.tier);
    checks.require(
        event.tier(tier).is_some(),
        "/tier",
        "must be one of the event's tiers",
    );
    checks.finish()?;
    let query = WaitersQuery {
        event: event.id,
        tier,
        beyond: params.beyond,
        limit: PAGE,
        now: app.clock.now(),
    };
    let found = app.store.waiters(query).await?;
    let may_know = may_know_buyers(allowed.caller.grant.role);
    let lines = found.into_iter();
    let lines = lines.map(|(waiter, email)| WaitingLineView::of(&app, (waiter, email), may_know));
    Ok(Json(WaitingListView {
        waiting: lines.collect(),
    }))
}
