//! Reads an archive part by part, in bounded memory; what a part proves is the check's.

use usher_keys::{PublicKey, codec};

use super::check::{ArchiveCheck, CheckedArchive};
use super::fault::{ArchiveDamage, ArchiveFault, UnprovenArchive};
use super::{ArchivePart, LENGTH_BYTES, MAGIC, MAX_PART_BYTES, link};
use crate::ident::{Origin, Seq};
use crate::log::{Hash, hash_of};

/// Largest part that is no checkpoint, in bytes: a record, or a trust bundle with its signatures.
const MAX_OTHER_BYTES: usize = 128 * 1024;
/// The kind of a checkpoint, the first byte of its part.
const CHECKPOINT: u8 = 2;

/// Verifies an archive: every signature, chain, head and certificate up to the root, and that its records come to its sums.
///
/// `more` gives so many of the next bytes, or fewer at the end. All of the `roots` must have signed the trust bundle; with none,
/// the archive is held against itself alone, and whose it is stays for the caller to ask. `visit` is shown each record whose place in its log is sound, a
/// head's signature over it still to come: what it was shown is good only once all is.
///
/// # Errors
///
/// [`UnprovenArchive`], with the first part that is wrong; never panics, and holds no more at once than one part and the state that the records
/// come to.
pub fn verify<E>(
    more: impl FnMut(usize) -> Result<Vec<u8>, E>,
    roots: &[PublicKey],
    visit: &mut dyn FnMut(Origin, Seq, &[u8]),
) -> Result<CheckedArchive, UnprovenArchive<E>> {
    let mut reading = Reading {
        more,
        at: 0,
        link: hash_of(MAGIC),
    };
    let mut check = ArchiveCheck::new(roots);
    let damaged = |at, check: &ArchiveCheck, fault| {
        let behind = check.behind();
        UnprovenArchive::Damaged(ArchiveDamage { at, behind, fault })
    };
    let beginning = reading.bytes(MAGIC.len())?;
    if !MAGIC.starts_with(&beginning) {
        return Err(damaged(0, &check, ArchiveFault::NotAnArchive));
    }
    while !check.is_sealed() {
        let (at, before) = (reading.at, reading.link);
        let part = reading.part()?;
        let part = part.map_err(|fault| {
            let at = if fault == ArchiveFault::CutOff {
                reading.at
            } else {
                at
            };
            damaged(at, &check, fault)
        })?;
        let taken = check.take(part, before, visit);
        taken.map_err(|fault| damaged(at, &check, fault))?;
    }
    let end = reading.at;
    if !reading.bytes(1)?.is_empty() {
        return Err(damaged(end, &check, ArchiveFault::Extended));
    }
    check
        .end()
        .ok_or_else(|| damaged(end, &ArchiveCheck::new(&[]), ArchiveFault::CutOff))
}

struct Reading<M> {
    more: M,
    at: u64,
    link: Hash,
}

impl<E, M: FnMut(usize) -> Result<Vec<u8>, E>> Reading<M> {
    fn bytes(&mut self, count: usize) -> Result<Vec<u8>, UnprovenArchive<E>> {
        let bytes = (self.more)(count).map_err(UnprovenArchive::Unreadable)?;
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok(bytes)
    }

    /// Reads the next part, with what ties it to those before it.
    fn part(&mut self) -> Result<Result<ArchivePart, ArchiveFault>, UnprovenArchive<E>> {
        let Ok(length) = self.bytes(LENGTH_BYTES)?.try_into() else {
            return Ok(Err(ArchiveFault::CutOff));
        };
        let length = u32::from_le_bytes(length);
        let Some(count) = usize::try_from(length)
            .ok()
            .filter(|count| *count <= MAX_PART_BYTES)
        else {
            let bytes = u64::from(length);
            return Ok(Err(ArchiveFault::TooLong { bytes }));
        };
        let body = self.bytes(count)?;
        if body.len() < count {
            return Ok(Err(ArchiveFault::CutOff));
        }
        let behind = self.bytes(self.link.len())?;
        if behind.len() < self.link.len() {
            return Ok(Err(ArchiveFault::CutOff));
        }
        let link = link(&self.link, length, &body);
        if behind != link {
            return Ok(Err(ArchiveFault::Altered));
        }
        self.link = link;
        let part = if body.first() == Some(&CHECKPOINT) {
            codec::decode::<MAX_PART_BYTES, _>(&body)
        } else {
            codec::decode::<MAX_OTHER_BYTES, _>(&body)
        };
        Ok(part.map_err(|_| ArchiveFault::Malformed))
    }
}
