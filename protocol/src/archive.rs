//! The archive of an event: all that a replica holds of it, in one file that proves itself; files are the caller's.
//!
//! Begin with [`verify`], which reads one, and [`ArchiveWriter`], which makes one.
//!
//! **Source**: docs/PROTOCOL.md, "Archive".

mod check;
mod fault;
mod logs;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use bincode::{Decode, Encode};
use usher_keys::{
    DeviceIdentity, Domain, EventId, RootSet, SecretKey, Signature, SignedBundle, Timestamp, codec,
};

use crate::checkpoint::{MAX_CHECKPOINT_BYTES, SignedCheckpoint};
use crate::ident::{GateId, Origin};
use crate::ledger::MAX_STORED_LOGS;
use crate::log::{Hash, Head, hash_of};
use crate::state::State;

pub use check::CheckedArchive;
pub use fault::{ArchiveDamage, ArchiveFault, UnprovenArchive};
pub use logs::ArchivedLogs;
pub use reading::verify;

/// What an archive begins with; the digit is the version of the format.
pub const MAGIC: &[u8; 16] = b"usher archive 1\n";
/// Largest part, in bytes: a checkpoint, with the logs that it does not stand for.
pub const MAX_PART_BYTES: usize = MAX_CHECKPOINT_BYTES + 40 * MAX_STORED_LOGS;
/// Bytes of a part's length, in front of it.
const LENGTH_BYTES: usize = 4;

/// One part of an archive. The order of the variants is the format.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ArchivePart {
    /// What the event trusts: the first part.
    Trust {
        /// The roots that signed the bundle.
        roots: RootSet,
        bundle: SignedBundle,
    },
    /// Who made the archive: the second part.
    Maker {
        by: Origin,
        /// When, by the maker's clock.
        at: Timestamp,
        /// The maker's certificate; none if it is an authority.
        identity: Option<Box<DeviceIdentity>>,
    },
    /// What the maker began from, if it began from a checkpoint: the third part.
    Checkpoint {
        signed: SignedCheckpoint,
        /// The logs for which it does not stand, because another history of them counts.
        dropped: BTreeSet<Origin>,
    },
    /// A log begins, from its first record or from where the checkpoint ends; logs come in ascending order.
    Log { origin: Origin },
    /// The next record of the log.
    Record { bytes: Vec<u8> },
    /// The log's signature over all up to here; the last part of each log.
    Head(Head),
    /// What it all comes to.
    Sums(ArchiveSums),
    /// The maker's signature over everything before; the last part.
    Seal(Signature),
}

/// What the records of an archive come to, by its maker's count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct ArchiveSums {
    pub logs: u64,
    /// The records in the file; those that the checkpoint stands for are not among them.
    pub records: u64,
    /// Persons let in, by gate.
    pub admitted: BTreeMap<GateId, u64>,
    /// Persons let out, by gate.
    pub exited: BTreeMap<GateId, u64>,
    /// Scans that let nobody pass, in the records in the file.
    pub refused: u64,
    pub incidents: u64,
}

impl ArchiveSums {
    /// Sums a state up that so many records of so many logs have led to.
    pub fn of(state: &State, logs: u64, records: u64) -> Self {
        let counts = state.counts();
        Self {
            logs,
            records,
            admitted: counts.admitted,
            exited: counts.exited,
            refused: counts.refused.values().sum(),
            incidents: state.incidents().len() as u64,
        }
    }

    /// Returns the first of these that is not what was counted.
    fn differs_from(&self, counted: &Self) -> Option<ArchiveFault> {
        let differs = |what, said, counted| {
            (said != counted).then_some(ArchiveFault::OtherSums { what, said, counted })
        };
        let people =
            |gates: &BTreeMap<GateId, u64>| gates.values().fold(0_u64, |sum, one| sum.saturating_add(*one));
        let by_gate = |what, said: &BTreeMap<GateId, u64>, counted: &BTreeMap<GateId, u64>| {
            let (sum, counted_sum) = (people(said), people(counted));
            (said != counted).then_some(ArchiveFault::OtherSums {
                what,
                said: sum,
                counted: counted_sum,
            })
        };
        differs("logs", self.logs, counted.logs)
            .or_else(|| differs("records", self.records, counted.records))
            .or_else(|| by_gate("people let in at the gates", &self.admitted, &counted.admitted))
            .or_else(|| by_gate("people let out at the gates", &self.exited, &counted.exited))
            .or_else(|| differs("refusals", self.refused, counted.refused))
            .or_else(|| differs("incidents", self.incidents, counted.incidents))
    }
}

/// Puts an archive together, part by part; what it gives is to be written one behind the other.
pub struct ArchiveWriter {
    link: Hash,
}

impl Default for ArchiveWriter {
    fn default() -> Self {
        Self { link: hash_of(MAGIC) }
    }
}

impl ArchiveWriter {
    /// Returns the bytes of the next part.
    pub fn part(&mut self, part: &ArchivePart) -> Vec<u8> {
        let body = codec::encode(part);
        let length = u32::try_from(body.len()).expect("no part of ours is as large as 4 GiB");
        self.link = link(&self.link, length, &body);
        [&length.to_le_bytes(), body.as_slice(), &self.link].concat()
    }

    /// Returns the bytes of the last part: the maker's signature over all before.
    pub fn seal(mut self, event: EventId, maker: &SecretKey) -> Vec<u8> {
        let signature = maker.sign(Domain::Archive, &sealed(event, self.link));
        self.part(&ArchivePart::Seal(signature))
    }
}

/// What ties a part to all before it, and stands behind it.
fn link(before: &Hash, length: u32, body: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&length.to_le_bytes()).update(body);
    *hasher.finalize().as_bytes()
}

/// What the maker signs.
fn sealed(event: EventId, link: Hash) -> Vec<u8> {
    codec::encode(&(event, link))
}

#[cfg(test)]
mod tests;
