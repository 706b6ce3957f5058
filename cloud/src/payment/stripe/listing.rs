//! Stripe's own list of payments and refunds, page by page.

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use usher_keys::Timestamp;

use crate::money::Money;
use crate::payment::GatewayError;
use crate::selling::PaymentId;
use crate::selling::reconciliation::{GatewayList, ListedPayment, ListedRefund};

use super::wire::Form;
use super::{Stripe, amount};

/// A page of a list, the last one first.
#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

/// Something that has an id, after which the next page begins.
trait Listed {
    fn id(&self) -> &str;
}

#[derive(Deserialize)]
struct WireIntent {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct WireGiven {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

/// What we have named it.
#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    charge: Option<String>,
}

impl Listed for WireIntent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for WireGiven {
    fn id(&self) -> &str {
        &self.id
    }
}

fn money(scaled: i64, currency: &str) -> Option<Money> {
    amount::of_ours(scaled, currency.to_ascii_uppercase().parse().ok()?)
}

impl From<WireIntent> for ListedPayment {
    fn from(intent: WireIntent) -> Self {
        Self {
            amount: money(intent.amount, &intent.currency),
            charge: intent.metadata.charge.and_then(|name| name.parse().ok()),
            is_paid: intent.status == "succeeded",
            payment: PaymentId(intent.id),
        }
    }
}

impl WireGiven {
    /// Says it in our words; `None` if it is of no payment that is told, but of a charge alone: none of ours.
    fn listed(self) -> Option<ListedRefund> {
        Some(ListedRefund {
            amount: money(self.amount, &self.currency),
            name: self.id,
            payment: PaymentId(self.payment_intent?),
            reference: self.metadata.and_then(|metadata| metadata.charge),
            has_failed: matches!(self.status.as_str(), "failed" | "canceled"),
        })
    }
}

impl Stripe {
    /// Lists payments and refunds that were made there since a moment.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; ask again.
    pub async fn list(&self, since: Timestamp) -> Result<GatewayList, GatewayError> {
        let payments: Vec<WireIntent> = self.list_all("/v1/payment_intents", since).await?;
        let refunds: Vec<WireGiven> = self.list_all("/v1/refunds", since).await?;
        Ok(GatewayList {
            payments: payments.into_iter().map(Into::into).collect(),
            refunds: refunds.into_iter().filter_map(WireGiven::listed).collect(),
        })
    }

    async fn list_all<T: Listed + DeserializeOwned>(
        &self,
        path: &str,
        since: Timestamp,
    ) -> Result<Vec<T>, GatewayError> {
        let mut listed: Vec<T> = Vec::new();
        loop {
            let form = Form::default()
                .with("limit", "100")
                .with("created[gte]", &(since.0 / 1_000).to_string());
            let form = match listed.last() {
                Some(last) => form.with("starting_after", last.id()),
                None => form,
            };
            let path = format!("{path}?{}", form.text());
            let page: Page<T> = self.ask(Method::GET, &path, None, None).await?;
            let is_last = page.data.is_empty() || !page.has_more;
            listed.extend(page.data);
            if is_last {
                return Ok(listed);
            }
        }
    }
}
