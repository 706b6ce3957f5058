//! The signed log: the check that accepts a run, and which heads are kept; storing records is left to the replica.

mod kept;
mod kept_heads;

use thiserror::Error;
use usher_keys::EventId;

pub use crate::chain::{Hash, Head, MAX_RUN_BYTES, MAX_RUN_RECORDS, Run, Tail, hash_of};
use crate::fork::ForkProof;
use crate::ident::Seq;
use crate::record::MAX_RECORD_BYTES;
pub use kept::Stretch;
pub use kept_heads::KeptHeads;

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

/// Checks a run against our copy of the log and returns what is new in it.
///
/// The signed head commits to every hash before it, so a run that is sound in itself but passes our tail's number with
/// another hash proves two histories; one that is not sound in itself only proves that its sender altered it.
///
/// # Errors
///
/// [`RunError`].
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
