//! What goes over the wire to Stripe and back: forms, and the few members of its objects that count.

use std::fmt::Write;

use serde::Deserialize;

use crate::money::DeclineReason;
use crate::payment::{GatewayError, ToldDispute};
use crate::selling::course::{BuyerAction, PaymentStatus, RefundStatus};
use crate::selling::disputes::DisputeState;

use super::amount;

/// A form as Stripe takes it.
#[derive(Default)]
pub struct Form(String);

impl Form {
    /// Adds a field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        escape(&mut self.0, name);
        self.0.push('=');
        escape(&mut self.0, value);
        self
    }

    /// Returns its text.
    pub fn text(self) -> String {
        self.0
    }
}

/// Writes a text so that nothing of it means anything in a form (WHATWG URL, `application/x-www-form-urlencoded`).
fn escape(to: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

/// A PaymentIntent.
#[derive(Debug, Clone, Deserialize)]
pub struct Intent {
    pub id: String,
    status: String,
    #[serde(default)]
    next_action: Option<NextAction>,
    #[serde(default)]
    last_payment_error: Option<Declined>,
    #[serde(default)]
    latest_charge: Option<LatestCharge>,
}

/// What the buyer has to do.
#[derive(Debug, Clone, Deserialize)]
struct NextAction {
    #[serde(default)]
    redirect_to_url: Option<RedirectToUrl>,
}

#[derive(Debug, Clone, Deserialize)]
struct RedirectToUrl {
    url: String,
}

/// Why a card was declined.
#[derive(Debug, Clone, Deserialize)]
struct Declined {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
}

/// The last charge: itself if it was asked for, and else its id.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum LatestCharge {
    Whole {
        refunded: bool,
    },
    #[expect(dead_code, reason = "it is told apart from a whole charge, and not read")]
    Id(String),
}

impl Intent {
    /// Says in our words how it stands.
    ///
    /// # Errors
    ///
    /// [`GatewayError::Unreadable`] for a status or an action of a later version of the API.
    pub fn status(self) -> Result<PaymentStatus, GatewayError> {
        let declined = self.last_payment_error.as_ref().map(Declined::reason);
        match self.status.as_str() {
            "requires_payment_method" | "requires_confirmation" => {
                Ok(declined.map_or(PaymentStatus::Unpaid, PaymentStatus::Declined))
            }
            "requires_action" => {
                let redirect = self.next_action.and_then(|action| action.redirect_to_url);
                let redirect = redirect.ok_or(GatewayError::Unreadable)?;
                Ok(PaymentStatus::ActionRequired(BuyerAction { url: redirect.url }))
            }
            "processing" => Ok(PaymentStatus::Processing),
            "succeeded" => Ok(match self.latest_charge {
                Some(LatestCharge::Whole { refunded: true }) => PaymentStatus::Refunded,
                Some(LatestCharge::Whole { refunded: false } | LatestCharge::Id(_)) | None => {
                    PaymentStatus::Paid
                }
            }),
            "canceled" => Ok(PaymentStatus::Canceled(declined)),
            _ => Err(GatewayError::Unreadable),
        }
    }
}

impl Declined {
    fn reason(&self) -> DeclineReason {
        let said = self.decline_code.as_deref().or(self.code.as_deref());
        match said.unwrap_or_default() {
            "insufficient_funds" => DeclineReason::InsufficientFunds,
            "expired_card" => DeclineReason::ExpiredCard,
            "incorrect_cvc" | "invalid_cvc" | "incorrect_number" | "invalid_expiry_year" => {
                DeclineReason::WrongNumbers
            }
            "payment_intent_authentication_failure" | "authentication_required" => {
                DeclineReason::NotAuthenticated
            }
            _ => DeclineReason::Card,
        }
    }
}

/// The WireRefunds of a PaymentIntent, the last one first.
#[derive(Debug, Deserialize)]
pub struct WireRefunds {
    pub data: Vec<WireRefund>,
}

/// A Refund.
#[derive(Debug, Deserialize)]
pub struct WireRefund {
    status: String,
    #[serde(default)]
    metadata: Option<RefundMetadata>,
}

#[derive(Debug, Deserialize)]
struct RefundMetadata {
    #[serde(default)]
    charge: Option<String>,
    #[serde(default)]
    attempt: Option<String>,
}

impl WireRefunds {
    /// Returns the status of a refund that we may have asked for before; `None` if it is still to be asked for. It has failed
    /// only if this attempt has: what a person had tried again is not judged by earlier attempts, and without an attempt no
    /// failure counts.
    pub fn status_of(&self, name: &str, attempt: Option<u32>) -> Option<RefundStatus> {
        let ours = || self.data.iter().filter(|refund| refund.is_of(name));
        let going_well = ours()
            .map(WireRefund::status)
            .find(|status| *status != RefundStatus::Failed);
        let has_failed = attempt.is_some_and(|attempt| ours().any(|refund| refund.is_of_attempt(attempt)));
        going_well.or_else(|| has_failed.then_some(RefundStatus::Failed))
    }
}

impl WireRefund {
    /// Tells whether it is ours, and of the payment that we have named so; people may have made others.
    fn is_of(&self, reference: &str) -> bool {
        let metadata = self.metadata.as_ref();
        metadata.and_then(|metadata| metadata.charge.as_deref()) == Some(reference)
    }

    fn is_of_attempt(&self, attempt: u32) -> bool {
        let metadata = self.metadata.as_ref();
        let said = metadata.and_then(|metadata| metadata.attempt.as_deref());
        said == Some(attempt.to_string().as_str())
    }

    /// Says in our words how it stands.
    pub fn status(&self) -> RefundStatus {
        match self.status.as_str() {
            "succeeded" => RefundStatus::Given,
            "pending" | "requires_action" => RefundStatus::Pending,
            _ => RefundStatus::Failed,
        }
    }
}

/// A page of disputes, the last one first.
#[derive(Debug, Deserialize)]
pub struct WireDisputes {
    pub data: Vec<WireDispute>,
    #[serde(default)]
    pub has_more: bool,
}

/// A Dispute, with its PaymentIntent whole.
#[derive(Debug, Deserialize)]
pub struct WireDispute {
    pub id: String,
    amount: i64,
    currency: String,
    status: String,
    #[serde(default)]
    payment_intent: Option<DisputedIntent>,
}

#[derive(Debug, Deserialize)]
struct DisputedIntent {
    #[serde(default)]
    metadata: DisputedMetadata,
}

#[derive(Debug, Default, Deserialize)]
struct DisputedMetadata {
    #[serde(default)]
    charge: Option<String>,
}

impl WireDispute {
    /// Says it in our words; `None` if it is about no payment of ours, or nothing was taken back.
    pub fn of_ours(&self) -> Option<ToldDispute> {
        let intent = self.payment_intent.as_ref()?;
        let state = match self.status.as_str() {
            "won" => DisputeState::Won,
            "lost" => DisputeState::Lost,
            "needs_response" | "under_review" => DisputeState::Open,
            // The bank has only asked, or it was settled before anything was taken.
            _ => return None,
        };
        Some(ToldDispute {
            name: self.id.clone(),
            charge: intent.metadata.charge.as_ref()?.parse().ok()?,
            amount: amount::of_ours(self.amount, self.currency.to_ascii_uppercase().parse().ok()?)?,
            state,
        })
    }
}

/// An answer that refuses.
#[derive(Deserialize)]
pub struct WireRefusal {
    pub error: WireError,
}

/// What Stripe says about a request that it refuses: codes, and no text, which may hold what the buyer has typed.
#[derive(Debug, Clone, Deserialize)]
pub struct WireError {
    /// The kind of error, in Stripe's word.
    pub r#type: String,
    /// Which error, in Stripe's word.
    #[serde(default)]
    pub code: Option<String>,
    /// Which field of the request it is about.
    #[serde(default)]
    pub param: Option<String>,
    /// The payment, if it is about one.
    #[serde(default)]
    pub payment_intent: Option<Intent>,
}

impl WireError {
    /// Tells whether the buyer's token is none that Stripe knows: it looks that up before it does anything else.
    pub fn is_of_token(&self) -> bool {
        self.is("resource_missing")
            && matches!(
                self.param.as_deref(),
                Some("payment_method" | "confirmation_token")
            )
    }

    /// Tells whether it is that error.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_sent_ends_its_field() {
        let form = Form::default().with("metadata[a]", "x&y=ü").with("b", "1");
        assert_eq!(form.text(), "metadata%5Ba%5D=x%26y%3D%C3%BC&b=1");
    }

    #[track_caller]
    fn check(json: &str, status: &PaymentStatus) {
        let intent: Intent = serde_json::from_str(json).unwrap();
        assert_eq!(intent.status().unwrap(), *status, "{json}");
    }

    #[test]
    fn each_status_has_our_word() {
        check(
            r#"{"id": "pi_1", "status": "requires_payment_method", "last_payment_error": null}"#,
            &PaymentStatus::Unpaid,
        );
        let funds = DeclineReason::InsufficientFunds;
        check(
            r#"{"id": "pi_1", "status": "requires_payment_method",
                "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"}}"#,
            &PaymentStatus::Declined(funds),
        );
        check(
            r#"{"id": "pi_1", "status": "canceled", "last_payment_error": {"code": "expired_card"}}"#,
            &PaymentStatus::Canceled(Some(DeclineReason::ExpiredCard)),
        );
        check(
            r#"{"id": "pi_1", "status": "succeeded", "latest_charge": "ch_1"}"#,
            &PaymentStatus::Paid,
        );
        check(
            r#"{"id": "pi_1", "status": "succeeded", "latest_charge": {"refunded": true}}"#,
            &PaymentStatus::Refunded,
        );
        let later: Intent = serde_json::from_str(r#"{"id": "pi_1", "status": "requires_blessing"}"#).unwrap();
        assert!(matches!(later.status(), Err(GatewayError::Unreadable)));
    }

    #[track_caller]
    fn check_refund(json: &str, attempt: Option<u32>, status: Option<RefundStatus>) {
        let refunds: WireRefunds = serde_json::from_str(&format!(r#"{{"data": [{json}]}}"#)).unwrap();
        assert_eq!(refunds.status_of("ours", attempt), status, "{json}");
    }

    #[test]
    fn a_refund_that_failed_later_is_told_as_failed_until_a_person_tries_it_again() {
        use RefundStatus::{Failed, Given, Pending};
        let refund = |name: &str, attempt: u32, status: &str| {
            format!(r#"{{"status": "{status}", "metadata": {{"charge": "{name}", "attempt": "{attempt}"}}}}"#)
        };
        check_refund("", Some(1), None);
        check_refund(&refund("theirs", 1, "succeeded"), Some(1), None);
        check_refund(&refund("ours", 1, "pending"), Some(1), Some(Pending));
        let failed = refund("ours", 1, "failed");
        check_refund(&failed, Some(1), Some(Failed));
        check_refund(&failed, Some(2), None);
        let again = format!("{}, {failed}", refund("ours", 2, "succeeded"));
        check_refund(&again, Some(2), Some(Given));
        // Whoever has paid and got nothing is given the money back without a person.
        check_refund(&failed, None, None);
    }
}
