//! What a device is and believes, as it is stored: certificate, pinned roots, bundle, uplink, checkpoint, freshness; checking them is the caller's.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_keys::codec;
use usher_keys::{DeviceIdentity, RootSet, SignedBundle, Timestamp};
use usher_protocol::checkpoint::{MAX_CHECKPOINT_BYTES, SignedCheckpoint};

use super::error::ReplicaError;

/// Room for a checkpoint's signature and lengths, in bytes.
const SIGNATURE_ROOM: usize = 256;
/// The largest signed checkpoint, in bytes.
const MAX_SIGNED_BYTES: usize = MAX_CHECKPOINT_BYTES + SIGNATURE_ROOM;

const IDENTITY: &str = "identity";
const ROOTS: &str = "roots";
const BUNDLE: &str = "bundle";
const UPLINK: &str = "uplink";
const CHECKPOINT: &str = "checkpoint";
const FRESH_AS_OF: &str = "fresh_as_of";

/// What a device is and believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Its certificate.
    pub identity: DeviceIdentity,
    /// The roots that signed the bundle.
    pub roots: RootSet,
    /// The newest bundle.
    pub bundle: SignedBundle,
    /// Where to link to, as `host:port`.
    pub uplink: Vec<String>,
}

impl Meta {
    /// Reads it.
    ///
    /// **Errors**: [`ReplicaError::BadMeta`].
    pub fn read(connection: &Connection) -> Result<Self, ReplicaError> {
        Ok(Self {
            identity: read_json(connection, IDENTITY)?,
            roots: read_json(connection, ROOTS)?,
            bundle: read_json(connection, BUNDLE)?,
            uplink: read_json(connection, UPLINK)?,
        })
    }

    /// Tells whether there is one.
    pub fn exists(connection: &Connection) -> rusqlite::Result<bool> {
        Ok(read(connection, IDENTITY)?.is_some())
    }

    /// Writes it.
    pub fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        write_json(connection, IDENTITY, &self.identity)?;
        write_json(connection, UPLINK, &self.uplink)?;
        write_trust(connection, &self.roots, &self.bundle)
    }
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

/// Reads up to when every authority record was known to be here.
pub fn read_fresh_as_of(connection: &Connection) -> Result<Option<Timestamp>, ReplicaError> {
    let bytes = read(connection, FRESH_AS_OF)?;
    let ms = bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_le_bytes);
    Ok(ms.map(Timestamp))
}

/// Writes up to when every authority record is known to be here.
pub fn write_fresh_as_of(connection: &Connection, at: Timestamp) -> rusqlite::Result<()> {
    write(connection, FRESH_AS_OF, &at.0.to_le_bytes())
}

fn read_json<T: DeserializeOwned>(connection: &Connection, name: &'static str) -> Result<T, ReplicaError> {
    let bytes = read(connection, name)?.unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|_| ReplicaError::BadMeta { name })
}

fn write_json<T: Serialize>(connection: &Connection, name: &str, value: &T) -> rusqlite::Result<()> {
    let bytes = serde_json::to_vec(value).expect("our own types have a JSON form");
    write(connection, name, &bytes)
}

fn read(connection: &Connection, name: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).optional()
}

fn write(connection: &Connection, name: &str, value: &[u8]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    statement.execute((name, value))?;
    Ok(())
}
