//! Signatures of webhooks, and their secrets as text.
//!
//! **Source**: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use data_encoding::BASE64;
use ring::hmac;
use usher_keys::Timestamp;

/// Length of a secret, in bytes: the scheme has 24 to 64.
pub const SECRET_BYTES: usize = 32;

/// Returns the text of a secret, as the libraries of the scheme read it.
pub fn secret_text(secret: &[u8]) -> String {
    format!("whsec_{}", BASE64.encode(secret))
}

/// Returns the header `webhook-timestamp`.
pub fn timestamp(now: Timestamp) -> String {
    (now.0 / 1000).to_string()
}

/// Returns the header `webhook-signature`: one signature for each secret.
pub fn signatures<'a>(
    secrets: impl IntoIterator<Item = &'a [u8]>,
    (id, timestamp, body): (&str, &str, &str),
) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let signatures = secrets.into_iter().map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        format!(
            "v1,{}",
            BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref())
        )
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_scheme_is_signed_as_it_says() {
        let secret = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = signatures(
            [secret.as_slice()],
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body),
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret_text(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}
