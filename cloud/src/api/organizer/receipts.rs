//! `/v1/organizer/events/{event_id}/receipts`: what was paid and given back, numbered without gaps.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params};
use crate::ids::ReceiptId;
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::receipts::{Receipt, ReceiptsQuery};
use crate::state::AppState;

use super::owned::OwnEvent;

/// Receipts on one page.
const PAGE: u32 = 500;

/// Which receipts to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListReceipts {
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: String,
}

/// A receipt, or one that annuls another.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptView {
    /// Its id. It opens nothing.
    #[schema(value_type = String)]
    pub receipt_id: ReceiptId,
    /// Its number: yours alone, and no number is left out. Of an event in another cell it begins with the cell's name.
    #[schema(example = "17")]
    pub number: String,
    /// `sale` or `annulment`.
    #[schema(example = "sale")]
    pub kind: &'static str,
    /// Of an annulment: the receipt of the sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub annuls: Option<ReceiptId>,
    /// How much was paid or given back, in minor units of the currency.
    pub amount: i64,
    /// How much of that are service fees.
    pub fees: i64,
    /// How much of that are taxes.
    pub taxes: i64,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Moment,
}

/// A page of receipts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptsView {
    /// The receipts, the first sale or refund first.
    pub receipts: Vec<ReceiptView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl From<Receipt> for ReceiptView {
    fn from(receipt: Receipt) -> Self {
        Self {
            receipt_id: receipt.id,
            number: receipt.number.to_string(),
            kind: if receipt.annuls.is_some() {
                "annulment"
            } else {
                "sale"
            },
            annuls: receipt.annuls,
            amount: receipt.amount.minor,
            fees: receipt.parts.fees,
            taxes: receipt.parts.taxes,
            currency: receipt.amount.currency.code().to_owned(),
            issued_at: Moment(receipt.issued_at),
        }
    }
}

impl ListReceipts {
    fn into_query(self, event: EventId) -> Result<ReceiptsQuery, ApiError> {
        let after: Option<ReceiptId> = self.cursor.parse().ok();
        let mut checks = Checks::default();
        checks.require(
            self.cursor.is_empty() || after.is_some(),
            "/cursor",
            "must be next_cursor of a page before",
        );
        checks.finish()?;
        let limit = PAGE;
        Ok(ReceiptsQuery { event, after, limit })
    }
}

/// Lists the receipts of an event, 500 at a time: one for each booking that was paid for, and one for each refund that annuls some of it. Their
/// numbers are those of all your events, taken when tickets are issued and when money is given back. What costs nothing has none.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/receipts", tag = "organizer",
    params(("event_id" = String, Path), ListReceipts), security(("organizer_key" = [])), responses(
    (status = 200, body = ReceiptsView),
    (status = 422, description = "See `errors`"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeReceipts>,
    Params(list): Params<ListReceipts>,
) -> Result<Json<ReceiptsView>, ApiError> {
    let found = app.store.receipts(list.into_query(event.id)?).await?;
    let last = found.last().filter(|_| found.len() == PAGE as usize);
    let next_cursor = last.map(|last| last.id.to_string());
    let receipts = found.into_iter().map(Into::into).collect();
    Ok(Json(ReceiptsView {
        receipts,
        next_cursor,
    }))
}
