//! Passwords, kept as Argon2id hashes: slow to make, so that a stolen database gives none away soon.
//!
//! **Source**: RFC 9106

use argon2::{Algorithm, Argon2, Params, Version};
use ring::hmac;
use thiserror::Error;

use crate::ids::draw;

/// Length of a password in bytes: what is shorter is guessed, what is longer is no password.
pub const BYTES: std::ops::RangeInclusive<usize> = 12..=200;

/// Memory for one hash, in KiB; with [`PASSES`] it is what OWASP asks for.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Which of the costs above a hash was made with; another number when they rise.
const COSTS: u8 = 1;

/// A password could not be hashed: there is no memory for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a password could not be hashed")]
pub struct CannotHash;

/// Hashes a password with a salt of its own. It takes some tens of milliseconds.
///
/// **Shape**: 1 byte of costs, 16 of salt, 32 of hash.
///
/// # Errors
///
/// [`CannotHash`].
pub fn hash(password: &str) -> Result<Vec<u8>, CannotHash> {
    let salt: [u8; SALT_BYTES] = draw();
    let hash = derive(password, &salt)?;
    Ok([&[COSTS][..], &salt, &hash].concat())
}

/// Tells whether a password is the one of a hash. What is no hash is nobody's, and takes as long.
///
/// # Errors
///
/// [`CannotHash`].
pub fn is_right(password: &str, kept: &[u8]) -> Result<bool, CannotHash> {
    let is_known = kept.len() == 1 + SALT_BYTES + HASH_BYTES && kept[0] == COSTS;
    let nobodys = [0; 1 + SALT_BYTES + HASH_BYTES];
    let kept = if is_known { kept } else { &nobodys };
    let (salt, expected) = kept[1..].split_at(SALT_BYTES);
    let hash = derive(password, salt)?;
    Ok(is_same(&hash, expected) && is_known)
}

fn derive(password: &str, salt: &[u8]) -> Result<[u8; HASH_BYTES], CannotHash> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(|_| CannotHash)?;
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .map_err(|_| CannotHash)?;
    Ok(hash)
}

/// Compares in a time that does not tell where two differ.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &draw::<32>());
    hmac::verify(&key, one, hmac::sign(&key, other).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_its_own_hash_and_no_other() {
        let kept = hash("correct horse battery").unwrap();
        assert_eq!(is_right("correct horse battery", &kept), Ok(true));
        assert_eq!(is_right("correct horse batterz", &kept), Ok(false));
        assert_ne!(hash("correct horse battery").unwrap(), kept);
        for nobodys in [&[][..], &kept[..40], &[0; 49]] {
            assert_eq!(is_right("correct horse battery", nobodys), Ok(false));
        }
        assert!(is_same(b"a", b"a") && !is_same(b"a", b"b") && !is_same(b"a", b""));
    }
}
