//! `/v1/organizer/events/{event_id}/disputes`: what banks have taken back for their buyers, and how that was decided.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params};
use crate::ids::{BookingId, DisputeId};
use crate::moment::Moment;
use crate::rights::{Operation, may};
use crate::selling::disputes::{Dispute, DisputeState, DisputesQuery};
use crate::state::AppState;

use super::owned::OwnEvent;

/// Disputes on one page.
const PAGE: u32 = 200;

/// Which disputes to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDisputes {
    /// Only those that stand so: `open`, `won` or `lost`.
    #[serde(default)]
    pub status: String,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: String,
}

/// Money that a bank has taken back for its buyer.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisputeView {
    /// Its id.
    #[schema(value_type = String)]
    pub dispute_id: DisputeId,
    /// What the payment service has named it: answer it there.
    #[schema(example = "du_1MtJUT2eZvKYlo2CNaw2HvEv")]
    pub name: String,
    /// The booking that it is about. Whoever knows it has its tickets: it is absent for roles that may not give refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub booking_id: Option<BookingId>,
    /// `open` (the bank has the money), `won` (it is yours again) or `lost` (the buyer has it).
    #[schema(example = "open")]
    pub status: &'static str,
    /// How much, in minor units of the currency, without the payment service's fee.
    pub amount: i64,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// When it was first heard of.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Moment,
}

/// A page of disputes.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisputesView {
    /// The disputes, the first one first.
    pub disputes: Vec<DisputeView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl DisputeView {
    fn of(dispute: Dispute, may_know: bool) -> Self {
        Self {
            dispute_id: dispute.id,
            name: dispute.name,
            booking_id: may_know.then_some(dispute.booking),
            status: dispute.state.word(),
            amount: dispute.amount.minor,
            currency: dispute.amount.currency.code().to_owned(),
            opened_at: Moment(dispute.opened_at),
        }
    }
}

impl ListDisputes {
    fn into_query(self, event: EventId) -> Result<DisputesQuery, ApiError> {
        let mut checks = Checks::default();
        let state = DisputeState::from_word(&self.status);
        checks.require(
            self.status.is_empty() || state.is_some(),
            "/status",
            "must be open, won or lost",
        );
        let after: Option<DisputeId> = self.cursor.parse().ok();
        checks.require(
            self.cursor.is_empty() || after.is_some(),
            "/cursor",
            "must be next_cursor of a page before",
        );
        checks.finish()?;
        Ok(DisputesQuery {
            event,
            state,
            after,
            limit: PAGE,
        })
    }
}

/// Lists the disputes of an event, the first one first. Nothing is given back of a booking while one is open, or after it is lost: the buyer
/// would have the money twice. Its tickets can be taken back by a refund of `amount` 0.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/disputes", tag = "organizer",
    params(("event_id" = String, Path), ListDisputes), security(("organizer_key" = [])), responses(
    (status = 200, body = DisputesView),
    (status = 422, description = "See `errors`"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, allowed): OwnEvent<may::SeeDisputes>,
    Params(list): Params<ListDisputes>,
) -> Result<Json<DisputesView>, ApiError> {
    let found = app.store.disputes(list.into_query(event.id)?).await?;
    let last = found.last().filter(|_| found.len() == PAGE as usize);
    let next_cursor = last.map(|last| last.id.to_string());
    let may_know = allowed.caller.grant.may(Operation::GiveRefund);
    let disputes = found
        .into_iter()
        .map(|dispute| DisputeView::of(dispute, may_know))
        .collect();
    Ok(Json(DisputesView {
        disputes,
        next_cursor,
    }))
}
