//! The trust bundle's public keys as a JSON Web Key Set for foreign software; serving it is left to the cloud, trusting it to nobody of ours.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::bundle::{KeyStatus, Purpose, TrustBundle, TrustedKey};
use crate::ident::Timestamp;

/// Returns the keys of the bundle that are still believed as a JWKS.
///
/// Struck keys are left out: a reader that knows JWKS but not our `status` would go on believing them. Retired keys
/// are in, since what they signed is believed while their window lasts.
///
/// **Shape**: `kty`, `crv`, `x`, `kid`, `use`, `alg` as standardized; `nbf` and `exp` in seconds as in a JWT, rounded
/// into the window, `exp` absent when there is no end; `purpose` (ticket, authority, issuing) and `status` (active,
/// retired) are our own. Our signatures are domain-separated, so they are no JWS signatures.
/// **Source**: RFC 7517, RFC 8037, docs/PROTOCOL.md.
pub fn jwks(bundle: &TrustBundle) -> Value {
    let keys: Vec<_> = bundle
        .keys()
        .filter_map(|(purpose, trusted)| Some(jwk(purpose, trusted, status(trusted)?)))
        .collect();
    json!({ "keys": keys })
}

fn jwk(purpose: Purpose, trusted: &TrustedKey, status: &str) -> Value {
    let mut jwk = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "x": BASE64URL_NOPAD.encode(&trusted.key.0),
        "kid": trusted.key.id().to_string(),
        "use": "sig",
        "alg": "EdDSA",
        "purpose": purpose,
        "status": status,
        "nbf": trusted.window.from.0.div_ceil(1000),
    });
    if trusted.window.until != Timestamp::FOREVER {
        jwk["exp"] = (trusted.window.until.0 / 1000).into();
    }
    jwk
}

fn status(trusted: &TrustedKey) -> Option<&'static str> {
    match trusted.status {
        KeyStatus::Active => Some("active"),
        KeyStatus::Retired(_) => Some("retired"),
        KeyStatus::Struck(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::RootSet;
    use crate::ident::{EventId, Window};
    use crate::key::{PublicKey, SecretKey};

    fn public(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    fn bundle(ticket_keys: Vec<TrustedKey>) -> TrustBundle {
        TrustBundle {
            event: EventId([1; 16]),
            version: 1,
            roots: RootSet::single(public(1)),
            ticket_keys,
            authority_keys: vec![TrustedKey::active(public(50), Window::ALWAYS)],
            issuing_keys: vec![],
        }
    }

    #[test]
    fn a_key_is_written_as_rfc_8037_does() {
        // The key of RFC 8037, appendix A.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = PublicKey(BASE64URL_NOPAD.decode(x.as_bytes()).unwrap().try_into().unwrap());
        let window = Window {
            from: Timestamp(1_500),
            until: Timestamp(9_999),
        };
        assert_eq!(
            jwks(&bundle(vec![TrustedKey::active(key, window)]))["keys"][0],
            json!({
                "kty": "OKP", "crv": "Ed25519", "x": x, "kid": key.id().to_string(), "use": "sig", "alg": "EdDSA",
                "purpose": "ticket", "status": "active", "nbf": 2, "exp": 9,
            })
        );
    }

    #[test]
    fn struck_keys_are_left_out_and_retired_ones_are_told() {
        let with = |seed, status| TrustedKey {
            key: public(seed),
            window: Window::ALWAYS,
            status,
        };
        let set = jwks(&bundle(vec![
            with(10, KeyStatus::Struck(Timestamp(5))),
            with(11, KeyStatus::Retired(Timestamp(5))),
        ]));
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0]["kid"], public(11).id().to_string());
        assert_eq!(keys[0]["status"], "retired");
        assert_eq!(keys[1]["purpose"], "authority");
        assert_eq!(keys[1].get("exp"), None, "a window without end has no exp");
    }
}
