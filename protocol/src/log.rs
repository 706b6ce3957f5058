//! The signed log: hash chain, heads and runs, and the check that accepts a run; storing records is left to the replica.

mod kept;

use bincode::{Decode, Encode};
use thiserror::Error;
use usher_keys::codec;
use usher_keys::{Domain, EventId, KeyError, SecretKey, Signature};

use crate::fork::ForkProof;
use crate::ident::{Origin, Seq};
use crate::record::MAX_RECORD_BYTES;
pub use kept::Stretch;

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
    /// Gives the tail after one more record.
    ///
    /// **Source**: docs/PROTOCOL.md, "Hash chain".
    pub fn push(&self, event: EventId, origin: &Origin, record: &[u8]) -> Self {
        self.push_hash(event, origin, &hash_of(record))
    }

    /// Gives the tail after one more record of which only the hash is known.
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
    /// Whose log.
    pub origin: Origin,
    /// Up to where.
    pub tail: Tail,
    /// The origin's signature.
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
    /// **Errors**: [`KeyError`].
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

/// Why a run is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RunError {
    /// Over the limits, or its numbers do not add up.
    #[error("a run over the limits, or whose numbers do not add up")]
    Malformed,
    /// The head's signature is false.
    #[error("a run whose head is not signed by its origin")]
    FalseHead,
    /// The records do not lead to the head: whoever sent them altered something.
    #[error("a run whose records do not lead to its head")]
    Altered,
    /// Records are missing between ours and these.
    #[error("a run that begins after record {base}, but only {ours} are here")]
    Gap {
        /// Where the run begins.
        base: Seq,
        /// Where our copy ends.
        ours: Seq,
    },
    /// The origin has two histories; without a proof when our side of it is not signed yet.
    #[error("an origin with two histories")]
    Forked(Option<Box<ForkProof>>),
    /// The origin is frozen until a person decides.
    #[error("an origin that is frozen because it has two histories")]
    Frozen,
    /// Nobody trusted vouches for the origin.
    #[error("an origin nobody trusted vouches for")]
    UnknownOrigin,
    /// As many logs are held as may be, of its issuer or in all.
    #[error("a log more than are kept of one issuer, or in all")]
    TooManyLogs,
    /// The log is as long as a device's may be.
    #[error("a log longer than any device's may be")]
    TooLong,
}

/// Records of a run that are new to us, each with the tail after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecords {
    /// Bytes and the tail after each.
    pub records: Vec<(Tail, Vec<u8>)>,
}

/// Our copy of a log, as far as checking a run needs it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Where it ends.
    pub tail: Tail,
    /// The origin's newest signature that we hold.
    pub head: Option<&'a Head>,
}

/// Checks a run against our copy of the log and gives what is new in it.
///
/// The signed head commits to every hash before it, so a run that is sound in itself but passes our tail's number with
/// another hash proves two histories; one that is not sound in itself only proves that its sender altered it.
///
/// **Errors**: [`RunError`].
pub fn check_run(event: EventId, ours: Known, run: &Run) -> Result<NewRecords, RunError> {
    check_shape(run)?;
    let end = ours.tail;
    if run.base.seq > end.seq {
        return Err(RunError::Gap {
            base: run.base.seq,
            ours: end.seq,
        });
    }
    run.head.verify(event).map_err(|_| RunError::FalseHead)?;
    let origin = run.head.origin;
    let mut tail = run.base;
    let mut passes_our_end = tail == end;
    let mut records = Vec::new();
    for bytes in &run.records {
        tail = tail.push(event, &origin, bytes);
        if tail.seq > end.seq {
            records.push((tail, bytes.clone()));
        }
        passes_our_end |= tail == end;
    }
    if tail != run.head.tail {
        return Err(RunError::Altered);
    }
    // What lies wholly before our end may belong to either history: it brings nothing new.
    if tail.seq >= end.seq && !passes_our_end {
        let proof = ours.head.and_then(|head| ForkProof::of_run(event, head, run));
        return Err(RunError::Forked(proof.map(Box::new)));
    }
    Ok(NewRecords { records })
}

fn check_shape(run: &Run) -> Result<(), RunError> {
    let count = run.records.len();
    let last = run.base.seq.0.checked_add(count as u64);
    let zero_base = run.base.seq.0 == 0 && run.base.hash != [0; 32];
    let fits =
        (1..=MAX_RUN_RECORDS).contains(&count) && run.records.iter().all(|r| r.len() <= MAX_RECORD_BYTES);
    if !fits || zero_base || last != Some(run.head.tail.seq.0) {
        return Err(RunError::Malformed);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
