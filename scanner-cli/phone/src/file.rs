//! The one file of a page: what was stored, group after group, so that whatever end is lost leaves the groups before it; writing it is the page's.
//!
//! **Shape**: 16 bytes, then groups. Each is its length (4 bytes, little-endian), so many bytes, and 16 bytes of a BLAKE3 hash over
//! these and the hash of the group before: a group counts only behind all that stood before it.

use bincode::{Decode, Encode};
use thiserror::Error;
use usher_keys::{DeviceIdentity, RootSet, SignedBundle, Timestamp, codec};
use usher_protocol::Origin;
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::log::Head;

/// What the file begins with.
pub const MAGIC: [u8; 16] = *b"usher page log 1";
/// Largest group, in bytes: one with the largest checkpoint.
const MAX_GROUP_BYTES: usize = 16 * 1024 * 1024;
const LENGTH_BYTES: usize = 4;
const HASH_BYTES: usize = 16;

/// What a device was given when it was enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Founding {
    pub identity: DeviceIdentity,
    /// The pinned roots.
    pub roots: RootSet,
    pub bundle: SignedBundle,
}

/// One record, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GroupRecord {
    pub origin: Origin,
    pub bytes: Vec<u8>,
    /// What the signatures in it are worth, by [`usher_protocol::evidence::Worth::code`].
    pub worth: u8,
}

/// Everything that becomes durable together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Group {
    /// The enrolment; in the first group alone.
    pub founding: Option<Founding>,
    /// Logs that are dropped, because another history of them counts.
    pub dropped: Vec<Origin>,
    /// The checkpoint that the replica begins from.
    pub checkpoint: Option<SignedCheckpoint>,
    /// New records, each log in its order.
    pub records: Vec<GroupRecord>,
    /// New heads, each log in its order.
    pub heads: Vec<Head>,
    /// A newer certificate of our own.
    pub identity: Option<DeviceIdentity>,
    /// A head of our own log that is beyond our copy, or that there is none after all.
    pub own_past: Option<Option<Head>>,
    /// A newer bundle and the roots that signed it.
    pub trust: Option<(RootSet, SignedBundle)>,
    /// The newest assurance, and as of when everything is here by it; alone it is no reason for a group.
    pub heard: Option<(Assurance, Timestamp)>,
}

impl Group {
    /// Tells whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            founding,
            dropped,
            checkpoint,
            records,
            heads,
            identity,
            own_past,
            trust,
            heard: _,
        } = self;
        let has_lists = !dropped.is_empty() || !records.is_empty() || !heads.is_empty();
        let has_values = founding.is_some() || checkpoint.is_some() || identity.is_some();
        !has_lists && !has_values && own_past.is_none() && trust.is_none()
    }
}

/// Why a file is none of a page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LogFileError {
    /// It does not begin as one.
    #[error("the stored log does not begin as one of a page: enrol this device anew")]
    NotALog,
    /// A group does not hold what groups hold.
    #[error(
        "the stored log was written by another version of this page: load the page anew, or enrol this device anew"
    )]
    Unknown,
}

/// Writes groups, each behind the ones before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupWriter {
    last: [u8; HASH_BYTES],
    has_begun: bool,
}

impl GroupWriter {
    /// Returns the bytes that append a group.
    #[must_use]
    pub fn append(&mut self, group: &Group) -> Vec<u8> {
        let body = codec::encode(group);
        let length = u32::try_from(body.len()).expect("groups are far below 4 GiB");
        let mut bytes = Vec::with_capacity(MAGIC.len() + LENGTH_BYTES + body.len() + HASH_BYTES);
        if !self.has_begun {
            bytes.extend(MAGIC);
        }
        self.has_begun = true;
        self.last = hash(&self.last, &body);
        bytes.extend(length.to_le_bytes());
        bytes.extend(body);
        bytes.extend(self.last);
        bytes
    }
}

/// What a file holds, up to where it is whole.
#[derive(Debug, Default)]
pub struct FileContents {
    pub groups: Vec<Group>,
    /// How many bytes of the file are whole groups: what follows was being written when the page ended, and is to be cut off.
    pub whole_bytes: usize,
    /// Goes on behind them.
    pub writer: GroupWriter,
}

/// Reads a file.
///
/// # Errors
///
/// [`LogFileError`].
pub fn read(file: &[u8]) -> Result<FileContents, LogFileError> {
    let mut contents = FileContents::default();
    let Some(mut rest) = file.strip_prefix(&MAGIC[..]) else {
        let is_cut_off = MAGIC.starts_with(file);
        return is_cut_off.then_some(contents).ok_or(LogFileError::NotALog);
    };
    contents.whole_bytes = MAGIC.len();
    contents.writer.has_begun = true;
    while let Some((body, told, after)) = next(rest) {
        let found = hash(&contents.writer.last, body);
        if found != told {
            break;
        }
        let group = codec::decode::<MAX_GROUP_BYTES, Group>(body).map_err(|_| LogFileError::Unknown)?;
        contents.groups.push(group);
        contents.writer.last = found;
        contents.whole_bytes += rest.len() - after.len();
        rest = after;
    }
    Ok(contents)
}

/// The next body, the hash behind it and what follows; none where the file ends before.
fn next(rest: &[u8]) -> Option<(&[u8], [u8; HASH_BYTES], &[u8])> {
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    let (told, rest) = rest.split_first_chunk::<HASH_BYTES>()?;
    Some((body, *told, rest))
}

fn hash(before: &[u8; HASH_BYTES], body: &[u8]) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(body);
    let mut hash = [0; HASH_BYTES];
    hasher.finalize_xof().fill(&mut hash);
    hash
}
