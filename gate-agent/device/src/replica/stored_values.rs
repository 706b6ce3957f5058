//! What a device is and believes, as it is stored: certificate, pinned roots, bundle, uplink, checkpoint, freshness; whether to believe it is the caller's to check.
//!
//! Each value is stored behind the beginning of its hash, so that a damaged one is named and not taken for another.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_keys::codec;
use usher_keys::{DeviceIdentity, RootSet, SignedBundle, Timestamp};
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::{MAX_CHECKPOINT_BYTES, SignedCheckpoint};
use usher_protocol::freshness::HeardAssurance;
use usher_protocol::log::Head;

use super::error::ReplicaError;

/// Room for an encoded head, in bytes.
const HEAD_ROOM: usize = 256;
/// Room for a checkpoint's signature and lengths, in bytes.
const SIGNATURE_ROOM: usize = 256;
/// The largest signed checkpoint, in bytes.
const MAX_SIGNED_BYTES: usize = MAX_CHECKPOINT_BYTES + SIGNATURE_ROOM;

const IDENTITY: &str = "identity";
const ROOTS: &str = "roots";
const BUNDLE: &str = "bundle";
const UPLINK: &str = "uplink";
const CHECKPOINT: &str = "checkpoint";
const ASSURANCE: &str = "assurance";
const FRESH_AS_OF: &str = "fresh_as_of";
const COMMITS: &str = "commits";
const OWN_PAST: &str = "own_past";

/// Bytes of the hash before a value: enough to notice damage, which does not choose its bytes.
const HASH_BYTES: usize = 8;

/// What a device is and believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEnrolment {
    pub identity: DeviceIdentity,
    /// The roots that signed the bundle.
    pub roots: RootSet,
    pub bundle: SignedBundle,
    /// Where to link to, as `host:port`.
    pub uplink: Vec<String>,
}

impl StoredEnrolment {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::BadMeta`].
    pub fn read(connection: &Connection) -> Result<Self, ReplicaError> {
        Ok(Self {
            identity: read_json(connection, IDENTITY)?,
            roots: read_json(connection, ROOTS)?,
            bundle: read_json(connection, BUNDLE)?,
            uplink: read_json(connection, UPLINK)?,
        })
    }

    /// Tells whether there is one.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`] of a file that cannot be read.
    pub fn exists(connection: &Connection) -> Result<bool, ReplicaError> {
        Ok(read(connection, IDENTITY)?.is_some())
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        write_json(connection, IDENTITY, &self.identity)?;
        write_json(connection, UPLINK, &self.uplink)?;
        write_trust(connection, &self.roots, &self.bundle)
    }
}

/// Writes a renewed certificate.
pub fn write_identity(connection: &Connection, identity: &DeviceIdentity) -> rusqlite::Result<()> {
    write_json(connection, IDENTITY, identity)
}

/// Writes a bundle and the roots that signed it.
pub fn write_trust(connection: &Connection, roots: &RootSet, bundle: &SignedBundle) -> rusqlite::Result<()> {
    write_json(connection, ROOTS, roots)?;
    write_json(connection, BUNDLE, bundle)
}

/// Reads the checkpoint this replica began from, if it began from one.
pub fn read_checkpoint(connection: &Connection) -> Result<Option<SignedCheckpoint>, ReplicaError> {
    let Some(bytes) = read(connection, CHECKPOINT)? else {
        return Ok(None);
    };
    codec::decode::<MAX_SIGNED_BYTES, _>(&bytes)
        .map(Some)
        .map_err(|_| ReplicaError::BadMeta { name: CHECKPOINT })
}

/// Writes the checkpoint this replica begins from.
pub fn write_checkpoint(connection: &Connection, checkpoint: &SignedCheckpoint) -> rusqlite::Result<()> {
    write(connection, CHECKPOINT, &codec::encode(checkpoint))
}

/// Reads the newest assurance, as it was heard.
pub fn read_heard(connection: &Connection) -> Result<Option<HeardAssurance>, ReplicaError> {
    let Some(bytes) = read(connection, ASSURANCE)? else {
        return Ok(None);
    };
    let assurance: Assurance =
        codec::decode::<HEAD_ROOM, _>(&bytes).map_err(|_| ReplicaError::BadMeta { name: ASSURANCE })?;
    // Earlier programs did not keep when it was heard.
    let as_of = read_number(connection, FRESH_AS_OF)?.map_or(assurance.at, Timestamp);
    Ok(Some(HeardAssurance { assurance, as_of }))
}

/// Writes the newest assurance, as it was heard.
pub fn write_heard(connection: &Connection, heard: &HeardAssurance) -> rusqlite::Result<()> {
    write(connection, ASSURANCE, &codec::encode(&heard.assurance))?;
    write(connection, FRESH_AS_OF, &heard.as_of.0.to_le_bytes())
}

/// Reads the furthest head of our own log that a peer was seen to hold, if that was ever beyond ours.
pub fn read_own_past(connection: &Connection) -> Result<Option<Head>, ReplicaError> {
    let Some(bytes) = read(connection, OWN_PAST)? else {
        return Ok(None);
    };
    let head = codec::decode::<HEAD_ROOM, _>(&bytes);
    head.map(Some)
        .map_err(|_| ReplicaError::BadMeta { name: OWN_PAST })
}

/// Writes the furthest head of our own log that a peer was seen to hold, or that it was none of ours.
pub fn write_own_past(connection: &Connection, head: Option<&Head>) -> rusqlite::Result<()> {
    match head {
        Some(head) => write(connection, OWN_PAST, &codec::encode(head)),
        None => connection
            .execute("DELETE FROM meta WHERE name = ?1", [OWN_PAST])
            .map(|_| ()),
    }
}

/// Reads how many commits there were.
pub fn read_commits(connection: &Connection) -> Result<u64, ReplicaError> {
    Ok(read_number(connection, COMMITS)?.unwrap_or(0))
}

/// Writes how many commits there are with this one.
pub fn write_commits(connection: &Connection, commits: u64) -> rusqlite::Result<()> {
    write(connection, COMMITS, &commits.to_le_bytes())
}

fn read_number(connection: &Connection, name: &'static str) -> Result<Option<u64>, ReplicaError> {
    let number = |bytes: Vec<u8>| bytes.try_into().map(u64::from_le_bytes);
    let read = read(connection, name)?.map(number).transpose();
    read.map_err(|_| ReplicaError::BadMeta { name })
}

fn read_json<T: DeserializeOwned>(connection: &Connection, name: &'static str) -> Result<T, ReplicaError> {
    let bytes = read(connection, name)?.unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|_| ReplicaError::BadMeta { name })
}

fn write_json<T: Serialize>(connection: &Connection, name: &str, value: &T) -> rusqlite::Result<()> {
    let bytes = serde_json::to_vec(value).expect("our own types have a JSON form");
    write(connection, name, &bytes)
}

fn read(connection: &Connection, name: &'static str) -> Result<Option<Vec<u8>>, ReplicaError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    let stored: Option<Vec<u8>> = statement.query_row([name], |row| row.get(0)).optional()?;
    let Some(mut stored) = stored else {
        return Ok(None);
    };
    let value = stored.split_off(HASH_BYTES.min(stored.len()));
    if stored != hash(name, &value) {
        return Err(ReplicaError::BadMeta { name });
    }
    Ok(Some(value))
}

fn write(connection: &Connection, name: &str, value: &[u8]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    statement.execute((name, [&hash(name, value), value].concat()))?;
    Ok(())
}

/// Returns what stands before a value; with its name, so that one value is not taken for another.
fn hash(name: &str, value: &[u8]) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes()).update(&[0]).update(value);
    let mut start = [0; HASH_BYTES];
    start.copy_from_slice(&hasher.finalize().as_bytes()[..HASH_BYTES]);
    start
}
