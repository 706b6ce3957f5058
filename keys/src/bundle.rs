//! The trust bundle: which keys an event trusts, signed by its offline roots; storing and sending it is left to others.

mod extension;

use std::collections::BTreeSet;
use std::fmt;

use bincode::{Decode, Encode};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::codec::{self, CodecError};
use crate::ident::{EventId, Timestamp, Window};
use crate::key::{Domain, KeyId, PublicKey, SecretKey, Signature};
pub use extension::ExtendError;

/// Largest encoded trust bundle, in bytes: hundreds of keys, far from anything an event needs.
pub const MAX_BUNDLE_BYTES: usize = 32 * 1024;
/// Most root keys and most root signatures of one bundle.
pub const MAX_ROOTS: usize = 16;
/// Most keys of one kind in a bundle.
pub const MAX_KEYS: usize = 128;

/// The organizer's root keys and how many of them must sign.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootSet {
    /// How many different roots must sign a bundle.
    pub threshold: u8,
    pub keys: Vec<PublicKey>,
}

impl RootSet {
    /// Makes the set of a single root.
    pub fn single(root: PublicKey) -> Self {
        Self {
            threshold: 1,
            keys: vec![root],
        }
    }

    /// Checks the set's own shape: 1 to [`MAX_ROOTS`] different strong keys and a threshold within them.
    ///
    /// # Errors
    ///
    /// [`BundleError::BadRootSet`], [`BundleError::BadKey`].
    pub fn check(&self) -> Result<(), BundleError> {
        let distinct: BTreeSet<_> = self.keys.iter().collect();
        let fits = distinct.len() == self.keys.len() && self.keys.len() <= MAX_ROOTS;
        if !fits || self.threshold == 0 || usize::from(self.threshold) > self.keys.len() {
            return Err(BundleError::BadRootSet);
        }
        match self.keys.iter().find(|key| key.verifier().is_err()) {
            Some(key) => Err(BundleError::BadKey { id: key.id() }),
            None => Ok(()),
        }
    }
}

/// Where a trusted key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// Signs and is believed.
    Active,
    /// Signs no more since that moment; what it signed is believed while its window lasts.
    Retired(Timestamp),
    /// Compromised since that moment; nothing it signed is believed any more.
    Struck(Timestamp),
}

/// A key with the window in which it is believed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    pub key: PublicKey,
    /// When it is believed.
    pub window: Window,
    /// Where it is in its life.
    pub status: KeyStatus,
}

impl TrustedKey {
    /// Makes an active key.
    pub fn active(key: PublicKey, window: Window) -> Self {
        Self {
            key,
            window,
            status: KeyStatus::Active,
        }
    }

    /// Tells whether the key was struck out.
    pub fn is_struck(&self) -> bool {
        matches!(self.status, KeyStatus::Struck(_))
    }

    /// Tells whether what the key signed is believed at that moment.
    pub fn believed_at(&self, now: Timestamp) -> bool {
        !self.is_struck() && self.window.contains(now)
    }
}

/// What a key of the bundle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Signs tickets.
    Ticket,
    /// Writes the authority log.
    Authority,
    /// Signs device certificates.
    Issuing,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ticket => "ticket",
            Self::Authority => "authority",
            Self::Issuing => "issuing",
        })
    }
}

/// What an event trusts: one version of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustBundle {
    pub event: EventId,
    /// Rises strictly; a replica refuses a lower one.
    pub version: u64,
    /// The roots that may sign the next version.
    pub roots: RootSet,
    /// Keys that sign tickets.
    pub ticket_keys: Vec<TrustedKey>,
    /// Keys that write the authority log.
    pub authority_keys: Vec<TrustedKey>,
    /// Keys that sign device certificates.
    pub issuing_keys: Vec<TrustedKey>,
}

/// Why a bundle is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The bytes are not a bundle.
    #[error("the trust bundle does not decode")]
    Malformed(#[source] CodecError),
    /// The text is not base64.
    #[error("the trust bundle's text is not base64")]
    NotBase64,
    /// Too few of the pinned roots signed.
    #[error("{valid} of the {needed} needed root signatures are valid")]
    TooFewSignatures {
        /// How many different pinned roots signed validly.
        valid: usize,
        /// How many must.
        needed: usize,
    },
    /// The root set has no keys, a repeated key or an impossible threshold.
    #[error("the root set needs 1 to {MAX_ROOTS} different keys and a threshold within them")]
    BadRootSet,
    /// Two keys share a key id, a key is weak, or there are too many.
    #[error("key {id} is weak, repeated or shares its id with another key")]
    BadKey {
        /// The offending key's id.
        id: KeyId,
    },
    /// More keys of one kind than the limit.
    #[error("more than {MAX_KEYS} keys of one kind")]
    TooManyKeys,
    /// The bundle is of another event.
    #[error("the trust bundle is of another event")]
    OtherEvent,
    /// A key that was trusted is no longer named, stands in another order, or is no longer struck out.
    #[error(
        "the trust bundle must name {purpose} key {id} where the version before did: a key may be retired or struck out, not forgotten"
    )]
    ForgetsKey {
        /// What the key is for.
        purpose: Purpose,
        id: KeyId,
    },
    /// The version does not rise.
    #[error("the trust bundle has version {offered}, but version {held} is already known")]
    NotNewer {
        /// The version held.
        held: u64,
        /// The version offered.
        offered: u64,
    },
}

impl TrustBundle {
    /// Checks the bundle's own shape: limits, root set, no weak and no ambiguous keys.
    ///
    /// # Errors
    ///
    /// [`BundleError`].
    pub fn check(&self) -> Result<(), BundleError> {
        self.roots.check()?;
        for kind in [&self.ticket_keys, &self.authority_keys, &self.issuing_keys] {
            if kind.len() > MAX_KEYS {
                return Err(BundleError::TooManyKeys);
            }
            let mut ids = BTreeSet::new();
            for trusted in kind {
                let id = trusted.key.id();
                if trusted.key.verifier().is_err() || !ids.insert(id) {
                    return Err(BundleError::BadKey { id });
                }
            }
        }
        Ok(())
    }

    /// Checks that this version forgets nothing of the one before. Logs are judged by all keys that there ever were, and the
    /// order of authority keys says which one takes over from which. So each list must begin as it did before, and a key that
    /// is struck out must stay so.
    ///
    /// # Errors
    ///
    /// [`BundleError::ForgetsKey`].
    pub fn check_follows(&self, before: &Self) -> Result<(), BundleError> {
        let kinds = [
            (Purpose::Ticket, &self.ticket_keys, &before.ticket_keys),
            (Purpose::Authority, &self.authority_keys, &before.authority_keys),
            (Purpose::Issuing, &self.issuing_keys, &before.issuing_keys),
        ];
        for (purpose, now, before) in kinds {
            for (at, old) in before.iter().enumerate() {
                let kept = |new: &TrustedKey| new.key == old.key && (new.is_struck() || !old.is_struck());
                if !now.get(at).is_some_and(kept) {
                    let id = old.key.id();
                    return Err(BundleError::ForgetsKey { purpose, id });
                }
            }
        }
        Ok(())
    }

    /// Signs the bundle with the given roots.
    pub fn sign(&self, roots: &[&SecretKey]) -> SignedBundle {
        let bytes = codec::encode(self);
        let signatures = roots
            .iter()
            .map(|root| RootSignature {
                root: root.public(),
                signature: root.sign(Domain::Bundle, &bytes),
            })
            .collect();
        SignedBundle { bytes, signatures }
    }

    /// Returns every key with what it is for, struck or not.
    pub fn keys(&self) -> impl Iterator<Item = (Purpose, &TrustedKey)> {
        let of = |purpose| move |trusted| (purpose, trusted);
        let tickets = self.ticket_keys.iter().map(of(Purpose::Ticket));
        let authority = self.authority_keys.iter().map(of(Purpose::Authority));
        let issuing = self.issuing_keys.iter().map(of(Purpose::Issuing));
        tickets.chain(authority).chain(issuing)
    }

    /// Returns the bundle that follows with nothing changed but its version.
    fn successor(&self) -> Self {
        Self {
            version: self.version.saturating_add(1),
            ..self.clone()
        }
    }

    fn keys_mut(&mut self) -> impl Iterator<Item = &mut TrustedKey> {
        let kinds = [
            &mut self.ticket_keys,
            &mut self.authority_keys,
            &mut self.issuing_keys,
        ];
        kinds.into_iter().flatten()
    }

    /// Returns the bundle that follows with that key struck out, whatever it was for.
    ///
    /// Nothing to strike, because no such key is there or it is struck already, gives nothing.
    pub fn strike(&self, id: KeyId, now: Timestamp) -> Option<Self> {
        let mut next = self.successor();
        let mut struck_any = false;
        for trusted in next.keys_mut() {
            if trusted.key.id() == id && !trusted.is_struck() {
                trusted.status = KeyStatus::Struck(now);
                struck_any = true;
            }
        }
        struck_any.then_some(next)
    }

    /// Finds the ticket key with that id.
    pub fn ticket_key(&self, id: KeyId) -> Option<&TrustedKey> {
        self.ticket_keys.iter().find(|trusted| trusted.key.id() == id)
    }

    /// Finds the authority key, struck or not.
    pub fn authority_key(&self, key: &PublicKey) -> Option<&TrustedKey> {
        self.authority_keys.iter().find(|trusted| trusted.key == *key)
    }

    /// Finds the issuing key, struck or not.
    pub fn issuing_key(&self, key: &PublicKey) -> Option<&TrustedKey> {
        self.issuing_keys.iter().find(|trusted| trusted.key == *key)
    }
}

/// One root's signature of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootSignature {
    /// The root that signed.
    pub root: PublicKey,
    /// Its signature over the bundle's bytes in the bundle domain.
    pub signature: Signature,
}

/// A bundle as it travels: its exact bytes and the roots' signatures over them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(try_from = "BundleFile", into = "BundleFile")]
pub struct SignedBundle {
    bytes: Vec<u8>,
    signatures: Vec<RootSignature>,
}

/// The JSON form of a signed bundle: the bytes in base64, the signatures in hexadecimal.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleFile {
    bundle: String,
    signatures: Vec<RootSignature>,
}

impl TryFrom<BundleFile> for SignedBundle {
    type Error = BundleError;

    fn try_from(file: BundleFile) -> Result<Self, BundleError> {
        let bytes = BASE64
            .decode(file.bundle.as_bytes())
            .map_err(|_| BundleError::NotBase64)?;
        Ok(Self {
            bytes,
            signatures: file.signatures,
        })
    }
}

impl From<SignedBundle> for BundleFile {
    fn from(signed: SignedBundle) -> Self {
        Self {
            bundle: BASE64.encode(&signed.bytes),
            signatures: signed.signatures,
        }
    }
}

impl SignedBundle {
    /// Verifies the signatures against the pinned roots and gives the bundle.
    ///
    /// # Errors
    ///
    /// [`BundleError`].
    pub fn verify(&self, pinned: &RootSet) -> Result<TrustBundle, BundleError> {
        pinned.check()?;
        let signed: BTreeSet<_> = self
            .signatures
            .iter()
            .take(MAX_ROOTS)
            .filter(|s| pinned.keys.contains(&s.root))
            .filter(|s| self.is_signed_by(s))
            .map(|s| s.root)
            .collect();
        let needed = usize::from(pinned.threshold);
        if signed.len() < needed {
            return Err(BundleError::TooFewSignatures {
                valid: signed.len(),
                needed,
            });
        }
        let bundle = self.unverified()?;
        bundle.check()?;
        Ok(bundle)
    }

    /// Tells whether a signature is good for these bytes; whose root it is and what that is worth is another matter.
    pub fn is_signed_by(&self, by: &RootSignature) -> bool {
        by.root.verify(Domain::Bundle, &self.bytes, &by.signature).is_ok()
    }

    /// Decodes the bundle without believing it: for display, and for adding a further signature.
    ///
    /// # Errors
    ///
    /// [`BundleError::Malformed`].
    pub fn unverified(&self) -> Result<TrustBundle, BundleError> {
        codec::decode::<MAX_BUNDLE_BYTES, _>(&self.bytes).map_err(BundleError::Malformed)
    }

    /// Returns the signatures, for display.
    pub fn signatures(&self) -> &[RootSignature] {
        &self.signatures
    }

    /// Adds another root's signature, replacing an earlier one of the same root.
    pub fn cosign(&mut self, root: &SecretKey) {
        let signature = root.sign(Domain::Bundle, &self.bytes);
        self.signatures.retain(|s| s.root != root.public());
        self.signatures.push(RootSignature {
            root: root.public(),
            signature,
        });
    }
}

#[cfg(test)]
mod tests;
