//! The objects of the service, and how they look in JSON.

use serde_json::{Value, json};

/// How an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentStatus {
    /// It waits for a card.
    RequiresPaymentMethod,
    /// It waits for the buyer, on the bank's page.
    RequiresAction,
    /// It waits for the bank.
    Processing,
    /// The money was taken.
    Succeeded,
    /// It never will be.
    Canceled,
}

impl IntentStatus {
    /// Returns Stripe's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// Why a card was declined: Stripe's code and decline code.
pub type Decline = (&'static str, Option<&'static str>);

/// A PaymentIntent.
#[derive(Debug, Clone)]
pub struct PspIntent {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: IntentStatus,
    pub declined: Option<Decline>,
    pub return_url: Option<String>,
    /// What its owner has named it.
    pub charge: Option<String>,
    pub refunded: i64,
    /// How its dispute stands: Stripe's word, if there is one.
    pub dispute: Option<&'static str>,
    /// Whether its bank takes its time, also to give back.
    pub is_slow: bool,
    /// When it was made, in seconds.
    pub created: u64,
}

impl PspIntent {
    /// Shows it; `bank` is where the pages of its bank are, and the charge is told whole or by its id.
    pub fn json(&self, bank: &str, is_expanded: bool) -> Value {
        let is_paid = self.status == IntentStatus::Succeeded;
        let charge = self.id.replacen("pi_", "ch_", 1);
        let charge = match (is_paid, is_expanded) {
            (false, _) => Value::Null,
            (true, false) => json!(charge),
            (true, true) => json!({
                "id": charge, "object": "charge", "amount": self.amount, "amount_refunded": self.refunded,
                "refunded": self.refunded == self.amount, "disputed": self.dispute.is_some(),
            }),
        };
        let action = (self.status == IntentStatus::RequiresAction).then(|| {
            json!({
                "type": "redirect_to_url",
                "redirect_to_url": {"url": format!("{bank}/{}", self.id), "return_url": self.return_url},
            })
        });
        json!({
            "id": self.id, "object": "payment_intent", "amount": self.amount, "currency": self.currency, "created": self.created,
            "amount_received": if is_paid { self.amount } else { 0 }, "livemode": false,
            "metadata": {"charge": self.charge}, "status": self.status.word(), "next_action": action, "latest_charge": charge,
            "client_secret": format!("{}_secret_{}", self.id, self.amount), "last_payment_error": self.declined.map(declined),
        })
    }
}

impl PspIntent {
    /// Shows its dispute; the intent is told whole or by its id.
    pub fn dispute_json(&self, bank: &str, is_expanded: bool) -> Value {
        let intent = if is_expanded {
            self.json(bank, false)
        } else {
            json!(self.id)
        };
        json!({
            "id": self.dispute_id(), "object": "dispute", "amount": self.amount, "charge": self.id.replacen("pi_", "ch_", 1),
            "currency": self.currency, "payment_intent": intent, "reason": "fraudulent", "status": self.dispute, "livemode": false,
            "metadata": {},
        })
    }

    /// Returns the id of its dispute.
    pub fn dispute_id(&self) -> String {
        self.id.replacen("pi_", "du_", 1)
    }

    /// Tells whether its bank has taken the money back.
    pub fn is_taken_back(&self) -> bool {
        self.dispute.is_some_and(|status| status != "won")
    }
}

/// Shows why a card was declined.
pub fn declined((code, decline_code): Decline) -> Value {
    json!({"type": "card_error", "code": code, "decline_code": decline_code, "message": "Your card was declined."})
}
