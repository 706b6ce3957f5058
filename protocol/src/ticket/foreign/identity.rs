//! What of a foreign code's text tells it from all others, by how its seller makes codes; whether it is listed is known elsewhere.

use bincode::{Decode, Encode};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use usher_keys::{PublicKey, Signature};

use crate::ticket::SIGNATURE_BYTES;

/// Longest text of a foreign code, in bytes.
pub const MAX_IDENTITY_BYTES: usize = 256;
/// Longest payload of a signed code, in bytes.
pub const MAX_SIGNED_BYTES: usize = 64;
/// What stands in front of the payload of a signed code: the version, and the lengths of the payload and the signature.
const SIGNED_FRONT_BYTES: usize = 5;
/// Most letters of the random seed in a signed code.
const MAX_SEED_BYTES: usize = 32;
/// How the field of the seed begins: number 1, of bytes.
const SEED_FIELD: u8 = 0x0a;
/// The label under which identities are hashed.
const LABEL: &[u8] = b"usher/foreign/1\0";
/// A UUID with its hyphens, before the slash.
const UUID_CHARS: usize = 36;

/// What tells a foreign code from all others. The order of variants is the number of the scheme: only ever append.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CodeIdentity {
    /// The text, without blanks around it.
    Text(Vec<u8>),
    /// The payload of a code that its seller has signed: pretix's `sig1`. Other texts with the same payload are the same code.
    Signed(Vec<u8>),
    /// The SHA-256 of what follows the UUID of alf.io's codes.
    Hashed(Vec<u8>),
}

/// The salted hash of a code's identity: whoever has the list cannot make codes of it.
///
/// **Source**: docs/PROTOCOL.md, "Foreign codes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct CodeHash(pub [u8; 16]);

/// Finds what a text is the code of; `None` for none at all and for one that is too long.
///
/// **Source**: docs/PROTOCOL.md, "Foreign codes".
pub fn identify(text: &[u8]) -> Option<CodeIdentity> {
    let text = text.trim_ascii();
    if text.is_empty() || text.len() > MAX_IDENTITY_BYTES {
        return None;
    }
    if let Some((payload, _)) = signed(text) {
        return Some(CodeIdentity::Signed(payload));
    }
    if let Some(proof) = behind_uuid(text) {
        return Some(CodeIdentity::Hashed(Sha256::digest(proof).to_vec()));
    }
    Some(CodeIdentity::Text(text.to_owned()))
}

impl CodeIdentity {
    /// Returns its hash under an event's salt.
    pub fn hash(&self, salt: &[u8; 32]) -> CodeHash {
        let (scheme, identity) = match self {
            Self::Text(text) => (0, text),
            Self::Signed(payload) => (1, payload),
            Self::Hashed(hash) => (2, hash),
        };
        let mut hasher = blake3::Hasher::new_keyed(salt);
        hasher.update(LABEL).update(&[scheme]).update(identity);
        let mut code = [0; 16];
        hasher.finalize_xof().fill(&mut code);
        CodeHash(code)
    }

    /// Tells whether one of the sellers has signed the code in this text; of codes without a signature nothing is asked.
    pub fn is_signed_by(&self, text: &[u8], sellers: &[PublicKey]) -> bool {
        match self {
            Self::Text(_) | Self::Hashed(_) => true,
            Self::Signed(_) => signed(text.trim_ascii()).is_some_and(|(payload, signature)| {
                let has_signed = |seller: &PublicKey| {
                    let key = seller.verifier();
                    key.is_ok_and(|key| key.verify_plain(&payload, &signature).is_ok())
                };
                sellers.iter().any(has_signed)
            }),
        }
    }

    /// Tells whether some text has this identity.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Text(text) => identify(text).as_ref() == Some(self),
            Self::Signed(payload) => payload.len() <= MAX_SIGNED_BYTES && is_payload(payload),
            Self::Hashed(hash) => hash.len() == 32,
        }
    }
}

/// Takes a signed code apart, strictly: its payload and signature. Everything has one form, so that no other text is the code too.
fn signed(text: &[u8]) -> Option<(Vec<u8>, Signature)> {
    let turned: Vec<u8> = text.iter().rev().copied().collect();
    let bytes = BASE64.decode(&turned).ok()?;
    let (front, rest) = bytes.split_first_chunk::<SIGNED_FRONT_BYTES>()?;
    let [1, high, low, 0, 64] = *front else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_SIGNED_BYTES || rest.len() != length + SIGNATURE_BYTES {
        return None;
    }
    let (payload, signature) = rest.split_last_chunk::<SIGNATURE_BYTES>()?;
    is_payload(payload).then(|| (payload.to_owned(), Signature(*signature)))
}

/// Tells whether a payload is the protocol buffer that it must be: the fields 1 to 6 in their order, each at most once, every number
/// as short as it can be.
fn is_payload(payload: &[u8]) -> bool {
    fields(payload).is_some()
}

fn fields(payload: &[u8]) -> Option<()> {
    // Without its seed it would be the same for all tickets of an item.
    if payload.first() != Some(&SEED_FIELD) {
        return None;
    }
    let (mut rest, mut last) = (payload, 0);
    while let [key, after @ ..] = rest {
        let (field, form) = (key >> 3, key & 7);
        if !(1..=6).contains(&field) || field <= last {
            return None;
        }
        last = field;
        rest = match (field, form) {
            (1, 2) => seed(after)?,
            (2..=6, 0) => number(after)?,
            _ => return None,
        };
    }
    Some(())
}

fn seed(bytes: &[u8]) -> Option<&[u8]> {
    let (length, after) = bytes.split_first()?;
    let length = usize::from(*length);
    let seed = after.get(..length)?;
    let is_seed = (1..=MAX_SEED_BYTES).contains(&length) && seed.iter().all(u8::is_ascii_graphic);
    is_seed.then(|| &after[length..])
}

/// Reads a number of at most 64 bits over.
fn number(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let number = &bytes[..=end];
    let is_short = end == 0 || number[end] != 0;
    let fits = end < 9 || (end == 9 && number[end] <= 1);
    (is_short && fits).then(|| &bytes[end + 1..])
}

/// Returns what follows the UUID in a code of alf.io's: the base64 of 32 bytes.
fn behind_uuid(text: &[u8]) -> Option<&[u8]> {
    let (uuid, rest) = text.split_at_checked(UUID_CHARS)?;
    let proof = rest.strip_prefix(b"/")?;
    let is_uuid = uuid.iter().enumerate().all(|(at, letter)| match at {
        8 | 13 | 18 | 23 => *letter == b'-',
        _ => letter.is_ascii_hexdigit(),
    });
    let bytes = BASE64.decode(proof).ok()?;
    (is_uuid && bytes.len() == 32).then_some(proof)
}
