//! Keys as text: PKCS#8 private keys, plain or under a passphrase, and SPKI public keys, as OpenSSL reads and writes them; draws no randomness.

mod key_files;

use ed25519_dalek::pkcs8::{ALGORITHM_OID, EncodePublicKey, PublicKeyBytes};
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{DecodePublicKey, EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::key::{PublicKey, SecretKey};

pub use crate::file::replace_file;
pub use key_files::{
    KeyFileError, MAX_KEY_FILE_BYTES, read_public, read_secret, replace_secret, write_public, write_secret,
};

/// Random bytes a write takes: 32 for the salt and 16 for the initialization vector of the encryption.
pub const RNG_BYTES: usize = 48;
/// Shortest passphrase, in bytes: OpenSSL's own prompt takes no shorter one.
pub const MIN_PASSPHRASE_BYTES: usize = 4;
/// Longest passphrase, in bytes: OpenSSL's own prompt takes no longer one.
pub const MAX_PASSPHRASE_BYTES: usize = 1024;

/// scrypt's cost when writing: 2^14 × 8 takes 16 MiB, the most that fits twice into OpenSSL's limit of 32 MiB.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_BLOCK_SIZE: u32 = 8;
/// scrypt's passes when writing: three take about a tenth of a second on the machines we know.
const SCRYPT_PASSES: u32 = 3;
/// Most memory scrypt may ask for when reading, in bytes: what OpenSSL allows, and a bound for hostile files.
const MAX_SCRYPT_BYTES: u64 = 32 * 1024 * 1024;
/// Most passes of scrypt when reading: OWASP's strongest choice for 16 MiB is 8.
const MAX_SCRYPT_PASSES: u16 = 16;
/// Most rounds of PBKDF2 when reading: above OWASP's 1.3 million and under five seconds.
const MAX_PBKDF2_ROUNDS: u32 = 5_000_000;

const PRIVATE_LABEL: &str = "PRIVATE KEY";
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// Why a text is not a key we can use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PemError {
    /// The text is not one PEM block of the kind asked for.
    #[error("not a PEM file with a {expected}")]
    NotPem {
        /// The label that was expected.
        expected: &'static str,
    },
    /// The key is of another algorithm, or damaged.
    #[error("not an Ed25519 key (make one with: usher-keys new-key, or openssl genpkey -algorithm ed25519)")]
    NotEd25519,
    /// The key is encrypted and no passphrase was given.
    #[error("the private key is encrypted: a passphrase is needed")]
    NeedsPassphrase,
    /// The passphrase does not open the key.
    #[error("the passphrase is wrong, or the file is damaged")]
    WrongPassphrase,
    /// The passphrase is too short or too long to encrypt with.
    #[error("a passphrase must have {MIN_PASSPHRASE_BYTES} to {MAX_PASSPHRASE_BYTES} bytes")]
    UnusablePassphrase,
    /// The file demands an unknown cipher or more work than a sane one.
    #[error(
        "the private key's encryption is unknown or too costly (write it anew with: openssl pkcs8 -topk8 -scrypt)"
    )]
    UnusableEncryption,
}

/// Returns a private key as PEM text, encrypted when there is a passphrase; wiped from memory when dropped.
///
/// **Shape**: PKCS#8 version 1 without the public half; encrypted with PBES2, scrypt and AES-256-CBC.
/// **Source**: RFC 8410, RFC 5958, RFC 8018, RFC 7914.
///
/// # Errors
///
/// [`PemError::UnusablePassphrase`].
pub fn secret_to_pem(
    key: &SecretKey,
    passphrase: Option<&str>,
    rng_bytes: &[u8; RNG_BYTES],
) -> Result<Zeroizing<String>, PemError> {
    let der = key.to_pkcs8_der();
    let (label, document) = match passphrase {
        None => (PRIVATE_LABEL, SecretDocument::try_from(der.as_slice())),
        Some(passphrase) => (ENCRYPTED_LABEL, Ok(encrypt(&der, passphrase, rng_bytes)?)),
    };
    let text = document.and_then(|document| document.to_pem(label, LineEnding::LF));
    Ok(text.expect("a DER document of ours has a PEM form"))
}

/// Reads a private key from PEM text.
///
/// # Errors
///
/// [`PemError`]; a passphrase for a key that is not encrypted is not used.
pub fn secret_from_pem(text: &str, passphrase: Option<&str>) -> Result<SecretKey, PemError> {
    let (label, document) = SecretDocument::from_pem(text).map_err(|_| PemError::NotPem {
        expected: PRIVATE_LABEL,
    })?;
    match (label, passphrase) {
        (PRIVATE_LABEL, _) => secret_from_der(document.as_bytes()).ok_or(PemError::NotEd25519),
        (ENCRYPTED_LABEL, None) => Err(PemError::NeedsPassphrase),
        (ENCRYPTED_LABEL, Some(passphrase)) => decrypt(document.as_bytes(), passphrase),
        _ => Err(PemError::NotPem {
            expected: PRIVATE_LABEL,
        }),
    }
}

/// Returns a public key as PEM text (SPKI, RFC 8410).
pub fn public_to_pem(key: &PublicKey) -> String {
    PublicKeyBytes(key.0)
        .to_public_key_pem(LineEnding::LF)
        .expect("32 bytes always have an SPKI form")
}

/// Reads a public key from PEM text (SPKI, RFC 8410); whether it is a strong point is left to [`PublicKey::verifier`].
///
/// # Errors
///
/// [`PemError::NotPem`], [`PemError::NotEd25519`].
pub fn public_from_pem(text: &str) -> Result<PublicKey, PemError> {
    let expected = "PUBLIC KEY";
    let (label, document) = pkcs8::Document::from_pem(text).map_err(|_| PemError::NotPem { expected })?;
    if label != expected {
        return Err(PemError::NotPem { expected });
    }
    PublicKeyBytes::from_public_key_der(document.as_bytes())
        .map(|bytes| PublicKey(bytes.to_bytes()))
        .map_err(|_| PemError::NotEd25519)
}

fn encrypt(der: &[u8], passphrase: &str, rng_bytes: &[u8; RNG_BYTES]) -> Result<SecretDocument, PemError> {
    if !(MIN_PASSPHRASE_BYTES..=MAX_PASSPHRASE_BYTES).contains(&passphrase.len()) {
        return Err(PemError::UnusablePassphrase);
    }
    let (salt, iv) = rng_bytes.split_at(32);
    let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_BLOCK_SIZE, SCRYPT_PASSES)
        .expect("the cost is within scrypt's limits");
    let iv = iv.try_into().expect("48 bytes less 32 are 16");
    let parameters =
        pbes2::Parameters::generate_scrypt_aes256cbc(cost, salt, iv).expect("a salt of 32 bytes is allowed");
    let document =
        PrivateKeyInfoRef::try_from(der).and_then(|info| info.encrypt_with_params(parameters, passphrase));
    Ok(document.expect("a key of ours can always be encrypted"))
}

fn decrypt(der: &[u8], passphrase: &str) -> Result<SecretKey, PemError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| PemError::UnusableEncryption)?;
    let affordable = info
        .encryption_algorithm
        .pbes2()
        .is_some_and(|parameters| is_affordable(&parameters.kdf));
    if !affordable {
        return Err(PemError::UnusableEncryption);
    }
    let document = info.decrypt(passphrase).map_err(|failed| {
        if is_unsupported(&failed) {
            PemError::UnusableEncryption
        } else {
            PemError::WrongPassphrase
        }
    })?;
    // A wrong key passes the padding check once in 256 times: what comes out then is no DER either.
    PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| PemError::WrongPassphrase)?;
    secret_from_der(document.as_bytes()).ok_or(PemError::NotEd25519)
}

fn is_unsupported(failed: &pkcs8::Error) -> bool {
    use pkcs8::pkcs5::Error::{AlgorithmParametersInvalid, UnsupportedAlgorithm};
    matches!(
        failed,
        pkcs8::Error::EncryptedPrivateKey(AlgorithmParametersInvalid { .. } | UnsupportedAlgorithm { .. })
    )
}

/// Bounds the work a file may demand; the decoder itself panics at a scrypt cost of zero.
fn is_affordable(kdf: &pbes2::Kdf) -> bool {
    if let Some(scrypt) = kdf.scrypt() {
        let memory = scrypt
            .cost_parameter
            .saturating_mul(128 * u64::from(scrypt.block_size));
        return scrypt.cost_parameter.is_power_of_two()
            && memory <= MAX_SCRYPT_BYTES
            && scrypt.parallelization <= MAX_SCRYPT_PASSES;
    }
    kdf.pbkdf2()
        .is_some_and(|pbkdf2| pbkdf2.iteration_count <= MAX_PBKDF2_ROUNDS)
}

/// Reads PKCS#8 version 1 or 2; in version 2 the public half must fit.
fn secret_from_der(der: &[u8]) -> Option<SecretKey> {
    let info = PrivateKeyInfoRef::try_from(der).ok()?;
    if info.algorithm.oid != ALGORITHM_OID || info.algorithm.parameters.is_some() {
        return None;
    }
    // The key is an OCTET STRING of 32 bytes inside the OCTET STRING of PKCS#8.
    let [0x04, 0x20, seed @ ..] = info.private_key.as_bytes() else {
        return None;
    };
    let key = SecretKey::from_seed(seed.try_into().ok()?);
    match info.public_key {
        Some(public) if public.as_bytes() != Some(&key.public().0[..]) => None,
        _ => Some(key),
    }
}

fn pem_text<'a>(bytes: &'a [u8], expected: &'static str) -> Result<&'a str, PemError> {
    std::str::from_utf8(bytes).map_err(|_| PemError::NotPem { expected })
}

#[cfg(test)]
mod tests;
