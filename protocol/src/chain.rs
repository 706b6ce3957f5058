//! What a log is made of: the hash chain, signed heads and runs of records; what is accepted of them is told in `log`.

use bincode::{Decode, Encode};
use usher_keys::codec;
use usher_keys::{Domain, EventId, KeyError, SecretKey, Signature};

use crate::ident::{Origin, Seq};

/// A link of the hash chain: BLAKE3.
pub type Hash = [u8; 32];

/// Most records in one run, and the most between two heads that a replica keeps.
pub const MAX_RUN_RECORDS: usize = 1_024;
/// Most record bytes between two heads that a replica keeps, so that a run always fits a frame.
pub const MAX_RUN_BYTES: usize = 256 * 1024;

/// Where a log ends: its last record's number and chain hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct Tail {
    /// The last record's number; 0 for an empty log.
    pub seq: Seq,
    /// The chain hash there; zeros for an empty log.
    pub hash: Hash,
}

impl Tail {
    /// Returns the tail after one more record.
    ///
    /// **Source**: docs/PROTOCOL.md, "Hash chain".
    pub fn push(&self, event: EventId, origin: &Origin, record: &[u8]) -> Self {
        self.push_hash(event, origin, &hash_of(record))
    }

    /// Returns the tail after one more record of which only the hash is known.
    pub fn push_hash(&self, event: EventId, origin: &Origin, record: &Hash) -> Self {
        let seq = self.seq.next();
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(&self.hash)
            .update(&event.0)
            .update(&origin.0)
            .update(&seq.0.to_le_bytes())
            .update(record);
        Self {
            seq,
            hash: *hasher.finalize().as_bytes(),
        }
    }
}

/// Hashes a record's bytes.
pub fn hash_of(record: &[u8]) -> Hash {
    *blake3::hash(record).as_bytes()
}

#[derive(Encode)]
struct HeadBody {
    event: EventId,
    origin: Origin,
    tail: Tail,
}

/// An origin's signature over its log up to a record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    pub origin: Origin,
    /// Up to where.
    pub tail: Tail,
    pub signature: Signature,
}

impl Head {
    /// Signs the head of one's own log.
    pub fn sign(event: EventId, tail: Tail, key: &SecretKey) -> Self {
        let origin = key.public();
        let signature = key.sign(Domain::Head, &codec::encode(&HeadBody { event, origin, tail }));
        Self {
            origin,
            tail,
            signature,
        }
    }

    /// Verifies the signature.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn verify(&self, event: EventId) -> Result<(), KeyError> {
        let body = HeadBody {
            event,
            origin: self.origin,
            tail: self.tail,
        };
        self.origin
            .verify(Domain::Head, &codec::encode(&body), &self.signature)
    }
}

/// Consecutive records of one log that end at a head.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Run {
    /// Where the log stood before the first of these records, in the sender's history.
    pub base: Tail,
    /// The records' bytes.
    pub records: Vec<Vec<u8>>,
    /// The head at the last of them.
    pub head: Head,
}
