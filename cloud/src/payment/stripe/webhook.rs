//! Whether a webhook is Stripe's, and which payment it is about. What else it says is not believed: it only makes us look.
//!
//! **Source**: <https://docs.stripe.com/webhooks>, and `_webhook.py` of Stripe's client for Python.

use data_encoding::HEXLOWER_PERMISSIVE;
use ring::hmac;
use serde::Deserialize;
use usher_keys::Timestamp;

use crate::ids::ChargeReference;
use crate::selling::PaymentId;

/// How old a webhook may be, and how far ahead of our clock, in seconds.
const TOLERANCE_S: u64 = 300;

/// Tells whether a body was signed with the endpoint's secret, just now; `signature` is the header `Stripe-Signature`.
pub fn is_signed(secret: &str, signature: &str, body: &[u8], now: Timestamp) -> bool {
    let fields = || signature.split(',').filter_map(|field| field.split_once('='));
    let stamp = fields().find(|(name, _)| *name == "t").map(|(_, stamp)| stamp);
    let Some(signed_at) = stamp.and_then(|stamp| stamp.parse::<u64>().ok()) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut signed = format!("{}.", stamp.unwrap_or_default()).into_bytes();
    signed.extend_from_slice(body);
    // While a secret is replaced there are several; signatures of other versions are not looked at.
    let is_ours = |tag: &str| {
        let tag = HEXLOWER_PERMISSIVE.decode(tag.as_bytes());
        tag.is_ok_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    };
    let is_fresh = signed_at.abs_diff(now.0 / 1_000) <= TOLERANCE_S;
    is_fresh && fields().any(|(name, tag)| name == "v1" && is_ours(tag))
}

/// Finds which payment of ours a webhook is about; `None` if it is about none.
pub fn reference(body: &[u8]) -> Option<ChargeReference> {
    let told: Told = serde_json::from_slice(body).ok()?;
    told.data.object.metadata.charge?.parse().ok()
}

/// Finds which payment is disputed; `None` if a webhook is about something else.
pub fn disputed(body: &[u8]) -> Option<PaymentId> {
    let told: Told = serde_json::from_slice(body).ok()?;
    let is_dispute = told.data.object.object == "dispute";
    let payment = told.data.object.payment_intent.filter(|_| is_dispute)?;
    Some(PaymentId(payment))
}

#[derive(Deserialize)]
struct Told {
    data: TellsOf,
}

#[derive(Deserialize)]
struct TellsOf {
    object: TellsOfObject,
}

#[derive(Deserialize)]
struct TellsOfObject {
    #[serde(default)]
    object: String,
    #[serde(default)]
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    charge: Option<String>,
}

#[cfg(test)]
mod tests {
    use usher_keys::EventId;

    use super::*;

    const SECRET: &str = "whsec_test_secret";
    const BODY: &[u8] = br#"{"id": "evt_1", "object": "event"}"#;
    const AT: u64 = 1_700_000_000;

    fn tag(secret: &str, stamp: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signed = [format!("{stamp}.").as_bytes(), BODY].concat();
        data_encoding::HEXLOWER.encode(hmac::sign(&key, &signed).as_ref())
    }

    #[track_caller]
    fn check(signature: &str, seconds: u64, expected: bool) {
        let now = Timestamp(seconds * 1_000);
        assert_eq!(is_signed(SECRET, signature, BODY, now), expected, "{signature}");
    }

    #[test]
    fn a_signature_counts_for_five_minutes_and_for_its_body_alone() {
        let good = tag(SECRET, AT);
        let header = format!("t={AT},v1={good}");
        check(&header, AT, true);
        check(&header, AT + 300, true);
        check(&header, AT + 301, false);
        check(&header, AT - 301, false);
        check(&format!("t={AT},v1=00ff,v1={good},v0=1"), AT, true);
        check(&format!("t={AT},v0={good}"), AT, false);
        check(&format!("t={},v1={good}", AT + 1), AT, false);
        check(&format!("t={AT},v1={}", tag("whsec_other", AT)), AT, false);
        for nonsense in ["", "t=", "v1=", "t=x,v1=00", &format!("v1={good}")] {
            check(nonsense, AT, false);
        }
        assert!(!is_signed(SECRET, &header, b"{}", Timestamp(AT * 1_000)));
    }

    #[test]
    fn a_dispute_names_the_payment_to_look_at() {
        let body = |object: &str| format!(r#"{{"data": {{"object": {object}}}}}"#);
        let dispute = body(r#"{"object": "dispute", "payment_intent": "pi_1", "metadata": {}}"#);
        assert_eq!(disputed(dispute.as_bytes()), Some(PaymentId("pi_1".into())));
        for other in [
            r#"{"object": "refund", "payment_intent": "pi_1"}"#,
            r#"{"object": "dispute", "payment_intent": null}"#,
            "{}",
        ] {
            assert_eq!(disputed(body(other).as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn only_a_payment_of_ours_is_found_in_it() {
        let id = ChargeReference::draw(EventId([1; 16]), Timestamp(1));
        let body = format!(r#"{{"data": {{"object": {{"metadata": {{"charge": "{id}"}}}}}}}}"#);
        assert_eq!(reference(body.as_bytes()), Some(id));
        for other in [
            "",
            "{}",
            r#"{"data": {"object": {}}}"#,
            r#"{"data": {"object": {"metadata": {"charge": "1"}}}}"#,
        ] {
            assert_eq!(reference(other.as_bytes()), None, "{other}");
        }
    }
}
