//! One-time codes of six digits, as authenticator apps show them.
//!
//! **Source**: RFC 6238 (TOTP), RFC 4226 (HOTP); addresses for apps: <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>

use data_encoding::BASE32_NOPAD;
use ring::hmac;
use usher_keys::Timestamp;

/// Length of a secret, in bytes: as long as the hash, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// How long a code is shown, in milliseconds.
const STEP_MS: u64 = 30_000;
/// Steps that a clock may be behind or ahead.
const LENIENCE: u64 = 1;
const DIGITS: usize = 6;

/// Returns the number of the step at a time.
pub fn step_at(now: Timestamp) -> u64 {
    now.0 / STEP_MS
}

/// Returns the code of a step.
pub fn code(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let from = usize::from(tag[tag.len() - 1] & 0xf);
    let number = tag[from..from + 4]
        .iter()
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:0DIGITS$}", (number & 0x7fff_ffff) % 1_000_000)
}

/// Finds the step whose code this is, among those around now.
pub fn step_of(secret: &[u8], text: &str, now: Timestamp) -> Option<u64> {
    let now = step_at(now);
    let mut around = now.saturating_sub(LENIENCE)..=now + LENIENCE;
    around.find(|step| code(secret, *step) == text)
}

/// Writes a secret as people type it.
pub fn secret_text(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// Reads a secret of the right length.
pub fn read_secret(text: &str) -> Option<[u8; SECRET_BYTES]> {
    BASE32_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// Returns the address that an app reads a secret from, as text or QR code.
pub fn app_address(secret: &[u8], account: &str) -> String {
    let account: String = account
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'@' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    format!(
        "otpauth://totp/Usher:{account}?secret={}&issuer=Usher",
        secret_text(secret)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_6238_have_the_last_six_of_their_digits() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp(seconds * 1000);
            assert_eq!(code(secret, step_at(now)), expected);
            assert_eq!(step_of(secret, expected, now), Some(step_at(now)));
            assert_eq!(step_of(secret, expected, now.plus_ms(30_000)), Some(step_at(now)));
            assert_eq!(step_of(secret, expected, now.plus_ms(60_000)), None);
        }
    }

    #[test]
    fn a_secret_is_read_as_it_is_written_and_told_to_apps() {
        let secret = [7; SECRET_BYTES];
        assert_eq!(read_secret(&secret_text(&secret)), Some(secret));
        for other in ["", "AAAA", "a", "1111111111111111"] {
            assert_eq!(read_secret(other), None);
        }
        let address = app_address(&secret, "ada+1@owls.example");
        assert_eq!(
            address,
            format!(
                "otpauth://totp/Usher:ada%2B1@owls.example?secret={}&issuer=Usher",
                secret_text(&secret)
            )
        );
    }
}
