//! Trust bundles and checkpoints: the newest of each event, kept as the bytes that were signed.

use usher_keys::bundle::MAX_BUNDLE_BYTES;
use usher_keys::{EventId, codec};
use usher_protocol::sync::MAX_FRAME_BYTES;

use crate::store::StoreError;
use crate::store::authority::{KeepCheckpoint, NewBundle, NewBundleOutcome, PinnedBundle, StoredCheckpoint};
use crate::store::operations::Effect;
use crate::store::operations::column::ms;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::{changes, count, read_count};

/// Largest stored bundle, in bytes: the bundle itself and its roots' signatures.
const MAX_STORED_BUNDLE_BYTES: usize = 2 * MAX_BUNDLE_BYTES;

/// Adds the next version of an event's trust bundle.
pub fn add_bundle(connection: &Sql<'_>, request: &NewBundle) -> Result<Effect<NewBundleOutcome>, StoreError> {
    let version = count(request.version);
    let added = connection
        .prepare_cached(
            "INSERT INTO trust_bundles (event_id, version, roots, signed, stored_at)
             SELECT ?1, ?2, ?3, ?4, ?5
             WHERE NOT EXISTS (SELECT 1 FROM trust_bundles WHERE event_id = ?1 AND version >= ?2)",
        )?
        .execute(params![
            request.event.0,
            version,
            codec::encode(&request.bundle.roots),
            codec::encode(&request.bundle.signed),
            ms(request.now),
        ])?;
    Ok(match added {
        0 => Effect::Undo(NewBundleOutcome::NotNewer),
        _ => {
            changes::advance(connection, request.event)?;
            Effect::Keep(NewBundleOutcome::Added)
        }
    })
}

/// Finds the newest trust bundle of an event.
pub fn trust_bundle(connection: &Sql<'_>, event: &EventId) -> Result<Option<PinnedBundle>, StoreError> {
    let found: Option<(Vec<u8>, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT roots, signed FROM trust_bundles WHERE event_id = ?1 ORDER BY version DESC LIMIT 1",
        )?
        .query_row([event.0], |row| row.try_into())
        .optional()?;
    let Some((roots, signed)) = found else {
        return Ok(None);
    };
    let unreadable = |_| StoreError::Unreadable { what: "trust bundle" };
    Ok(Some(PinnedBundle {
        roots: codec::decode::<MAX_STORED_BUNDLE_BYTES, _>(&roots).map_err(unreadable)?,
        signed: codec::decode::<MAX_STORED_BUNDLE_BYTES, _>(&signed).map_err(unreadable)?,
    }))
}

/// Keeps a checkpoint in place of the one before.
pub fn keep_checkpoint(connection: &Sql<'_>, request: &KeepCheckpoint) -> Result<Effect<()>, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO checkpoints (event_id, record_count, signed, made_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (event_id) DO UPDATE
                 SET record_count = excluded.record_count, signed = excluded.signed, made_at = excluded.made_at",
        )?
        .execute(params![
            request.event.0,
            count(request.checkpoint.record_count),
            codec::encode(&request.checkpoint.signed),
            ms(request.now),
        ])?;
    Ok(Effect::Keep(()))
}

/// Finds the newest checkpoint of an event.
pub fn checkpoint(connection: &Sql<'_>, event: &EventId) -> Result<Option<StoredCheckpoint>, StoreError> {
    let found: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT record_count, signed FROM checkpoints WHERE event_id = ?1")?
        .query_row([event.0], |row| row.try_into())
        .optional()?;
    let Some((record_count, signed)) = found else {
        return Ok(None);
    };
    let signed = codec::decode::<MAX_FRAME_BYTES, _>(&signed)
        .map_err(|_| StoreError::Unreadable { what: "checkpoint" })?;
    Ok(Some(StoredCheckpoint {
        record_count: read_count(record_count)?,
        signed,
    }))
}
