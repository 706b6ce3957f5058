//! Ed25519 keys and domain-separated signatures, verified strictly; making a seed is the caller's business.

use std::fmt;

use bincode::{Decode, Encode};
use data_encoding::HEXLOWER_PERMISSIVE;
use ed25519_dalek::pkcs8::{ALGORITHM_ID, OctetStringRef};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use pkcs8::{EncodePrivateKey, PrivateKeyInfoRef};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

/// What a signature is about; its label is signed too, so a signature never means something else.
///
/// **Shape**: the signed message is the label, one zero byte, then the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// A ticket payload.
    Ticket,
    /// The moving part of a live ticket.
    Live,
    /// The head of a log.
    Head,
    /// A trust bundle, signed by a root.
    Bundle,
    /// A device certificate.
    Certificate,
    /// A checkpoint of an event's state.
    Checkpoint,
    /// A device's request to be enrolled.
    Enrolment,
    /// How far an authority's log had come at a moment.
    Assurance,
    /// The archive of an event, signed by whoever made it.
    Archive,
    /// What a page and its hub say to prove their keys to each other.
    Web,
}

impl Domain {
    /// Returns the label that is signed in front of the body.
    pub fn label(self) -> &'static [u8] {
        match self {
            Self::Ticket => b"usher/ticket/1",
            Self::Live => b"usher/live/1",
            Self::Head => b"usher/head/1",
            Self::Bundle => b"usher/bundle/1",
            Self::Certificate => b"usher/certificate/1",
            Self::Checkpoint => b"usher/checkpoint/1",
            Self::Enrolment => b"usher/enrolment/2",
            Self::Assurance => b"usher/assurance/1",
            Self::Archive => b"usher/archive/1",
            Self::Web => b"usher/web/1",
        }
    }

    fn message(self, body: &[u8]) -> Vec<u8> {
        let label = self.label();
        let mut message = Vec::with_capacity(label.len() + 1 + body.len());
        message.extend_from_slice(label);
        message.push(0);
        message.extend_from_slice(body);
        message
    }
}

/// Why a key or a signature is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The 32 bytes are not a point on the curve.
    #[error("not an Ed25519 public key")]
    NotAPoint,
    /// The point has small order: signatures under it prove nothing.
    #[error("a weak Ed25519 public key (small order) that anyone can sign for")]
    Weak,
    /// The signature does not verify strictly.
    #[error("the signature does not verify")]
    BadSignature,
    /// The text is not the hexadecimal form of a key or signature.
    #[error("expected {expected_bytes} bytes in hexadecimal")]
    NotHex {
        /// The length that was expected, in bytes.
        expected_bytes: usize,
    },
}

/// Names a key by the first four bytes of the BLAKE3 hash of its public half.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    /// Reads the hexadecimal form.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotHex`].
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        hex_array(text).map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The 32 bytes of an Ed25519 public key, not yet checked to be a point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Returns the short name of the key.
    pub fn id(&self) -> KeyId {
        let hash = blake3::hash(&self.0);
        KeyId(*hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
    }

    /// Checks the key once and returns its verifier.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotAPoint`], [`KeyError::Weak`].
    pub fn verifier(&self) -> Result<Verifier, KeyError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Verifier(key))
    }

    /// Verifies one signature; keep a [`Verifier`] where there are many.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn verify(&self, domain: Domain, body: &[u8], signature: &Signature) -> Result<(), KeyError> {
        self.verifier()?.verify(domain, body, signature)
    }

    /// Reads the hexadecimal form.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotHex`].
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        hex_array(text).map(Self)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id())
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::from_hex(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// The 64 bytes of an Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// Reads the hexadecimal form.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotHex`].
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        hex_array(text).map(Self)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

impl TryFrom<String> for Signature {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::from_hex(&text)
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        data_encoding::HEXLOWER.encode(&signature.0)
    }
}

/// A public key that was checked to be a strong point, ready to verify many signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier(VerifyingKey);

impl Verifier {
    /// Verifies a domain-separated signature strictly (no malleable or small-order forms).
    ///
    /// # Errors
    ///
    /// [`KeyError::BadSignature`].
    pub fn verify(&self, domain: Domain, body: &[u8], signature: &Signature) -> Result<(), KeyError> {
        self.verify_plain(&domain.message(body), signature)
    }

    /// Verifies a signature over bare bytes, without a domain: for published test vectors.
    ///
    /// # Errors
    ///
    /// [`KeyError::BadSignature`].
    pub fn verify_plain(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| KeyError::BadSignature)
    }

    /// Returns the key back as bytes.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.to_bytes())
    }
}

/// A private key; zeroized when dropped, never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Makes the key of a 32-byte seed, which must come from a secure random source.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Returns the public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a body in a domain.
    pub fn sign(&self, domain: Domain, body: &[u8]) -> Signature {
        Signature(self.0.sign(&domain.message(body)).to_bytes())
    }

    /// Signs bare bytes, without a domain, as other sellers do: for stand-ins of theirs, and never for anything of ours.
    pub fn sign_plain(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// Returns the PKCS#8 DER form, for key files and TLS libraries; wiped from memory when dropped.
    ///
    /// **Shape**: version 1, without the public half, as every OpenSSL reads it.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        // An OCTET STRING of 32 bytes, which PKCS#8 wraps in another one.
        let mut octets = Zeroizing::new([0; 34]);
        octets[..2].copy_from_slice(&[0x04, 0x20]);
        octets[2..].copy_from_slice(self.0.as_bytes());
        let document = OctetStringRef::new(octets.as_slice())
            .map(|octets| PrivateKeyInfoRef::new(ALGORITHM_ID, octets))
            .map_err(pkcs8::Error::from)
            .and_then(|info| info.to_pkcs8_der());
        document
            .expect("an Ed25519 key always has a PKCS#8 form")
            .to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public().id())
    }
}

fn hex_array<const N: usize>(text: &str) -> Result<[u8; N], KeyError> {
    let bytes = HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|_| KeyError::NotHex { expected_bytes: N })?;
    bytes
        .try_into()
        .map_err(|_| KeyError::NotHex { expected_bytes: N })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_in_its_own_domain_only() {
        let key = SecretKey::from_seed(&[3; 32]);
        let signature = key.sign(Domain::Ticket, b"body");
        assert_eq!(key.public().verify(Domain::Ticket, b"body", &signature), Ok(()));
        assert_eq!(
            key.public().verify(Domain::Head, b"body", &signature),
            Err(KeyError::BadSignature)
        );
        assert_eq!(
            key.public().verify(Domain::Ticket, b"bodY", &signature),
            Err(KeyError::BadSignature)
        );
    }

    #[test]
    fn small_order_keys_are_refused_before_any_signature_is_looked_at() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey(identity).verifier().unwrap_err(), KeyError::Weak);
        assert_eq!(PublicKey([0; 32]).verifier().unwrap_err(), KeyError::Weak);
    }

    #[test]
    fn a_secret_key_never_prints_itself() {
        let key = SecretKey::from_seed(&[0xab; 32]);
        assert!(!format!("{key:?}").contains("abab"));
    }
}
