//! The proof that an origin has two histories: two of its own signatures that cannot both be true; who is believed then is a person's to say.

use bincode::{Decode, Encode};
use usher_keys::EventId;

use crate::chain::{Hash, Head, MAX_RUN_RECORDS, Run, Tail, hash_of};
use crate::ident::{Origin, Seq};

/// Two signed heads of one origin, and the chain that shows that the later one does not lead through the earlier one.
///
/// **Shape**: docs/PROTOCOL.md, "Fork proof"; at most some 32 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForkProof {
    /// The earlier head.
    pub one: Head,
    /// The chain hash that the other history has at that number.
    pub base: Hash,
    /// The hashes of the other history's records from there to its head.
    pub links: Vec<Hash>,
    /// The other history's head, at the same number or a later one.
    pub other: Head,
}

/// What remains of a proof once it was checked: where two histories of one origin differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Contradiction {
    pub origin: Origin,
    /// A number at which they differ.
    pub seq: Seq,
    /// The two chain hashes there, the smaller first.
    pub hashes: [Hash; 2],
}

impl ForkProof {
    /// Makes the proof from two heads at one number; `None` when they say the same, or speak of different things.
    pub fn of_heads(one: Head, other: Head) -> Option<Self> {
        let same_place = one.origin == other.origin && one.tail.seq == other.tail.seq;
        (same_place && one.tail.hash != other.tail.hash).then(|| Self {
            base: other.tail.hash,
            links: Vec::new(),
            one,
            other,
        })
    }

    /// Makes the proof from a head and a sound run of the other history; `None` when the run does not pass the head's number
    /// or passes it with the head's own hash.
    pub fn of_run(event: EventId, one: &Head, run: &Run) -> Option<Self> {
        let at = usize::try_from(one.tail.seq.0.checked_sub(run.base.seq.0)?).ok()?;
        let (before, after) = run.records.split_at_checked(at)?;
        let push = |tail: Tail, record: &Vec<u8>| tail.push(event, &one.origin, record);
        let base = before.iter().fold(run.base, push).hash;
        let differs = one.origin == run.head.origin && base != one.tail.hash;
        differs.then(|| Self {
            one: one.clone(),
            base,
            links: after.iter().map(|record| hash_of(record)).collect(),
            other: run.head.clone(),
        })
    }

    /// Checks the proof; whoever says it need not be believed.
    pub fn check(&self, event: EventId) -> Option<Contradiction> {
        let (origin, from) = (self.one.origin, self.one.tail);
        let fits = self.other.origin == origin && self.links.len() <= MAX_RUN_RECORDS;
        if !fits || self.base == from.hash || from.seq == Seq(0) {
            return None;
        }
        let begin = Tail {
            seq: from.seq,
            hash: self.base,
        };
        let push = |tail: Tail, link: &Hash| tail.push_hash(event, &origin, link);
        let leads_there = self.links.iter().fold(begin, push) == self.other.tail;
        let signed = leads_there && self.one.verify(event).is_ok() && self.other.verify(event).is_ok();
        signed.then(|| self.contradiction())
    }

    /// Returns where the histories differ, of a proof that was checked.
    pub fn contradiction(&self) -> Contradiction {
        let hash = self.one.tail.hash;
        Contradiction {
            origin: self.origin(),
            seq: self.one.tail.seq,
            hashes: [self.base.min(hash), self.base.max(hash)],
        }
    }

    /// Returns the origin that is spoken of.
    pub fn origin(&self) -> Origin {
        self.one.origin
    }
}

#[cfg(test)]
mod tests;
