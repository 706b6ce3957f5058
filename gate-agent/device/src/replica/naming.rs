//! What people call the event of a replica, read from its file without rebuilding the state; running programs know it from their own.

use std::path::Path;

use rusqlite::Connection;
use usher_keys::PublicKey;
use usher_protocol::record::{Body, Record};

use super::database;
use super::error::ReplicaError;
use super::stored_values::StoredEnrolment;

/// Reads the event's name from the newest policy in the authority's log, also while the replica is in use; nothing when
/// none is there as a record.
///
/// # Errors
///
/// [`ReplicaError`].
pub fn event_name(path: &Path) -> Result<Option<String>, ReplicaError> {
    let connection = database::open_from_outside(path)?;
    let enrolment = StoredEnrolment::read(&connection)?;
    let bundle = enrolment.bundle.verify(&enrolment.roots)?;
    let mut newest = None;
    for authority in &bundle.authority_keys {
        newest = newest.max(last_policy(&connection, &authority.key)?);
    }
    Ok(newest.map(|(_, name)| name))
}

/// Returns version and name of the last policy in a log.
fn last_policy(connection: &Connection, origin: &PublicKey) -> Result<Option<(u32, String)>, ReplicaError> {
    let mut statement =
        connection.prepare("SELECT bytes FROM records WHERE origin = ?1 ORDER BY seq DESC")?;
    let mut rows = statement.query([origin.0])?;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        let Ok(record) = Record::from_bytes(&bytes) else {
            continue;
        };
        if let Body::Policy { version, policy } = record.body {
            return Ok(Some((version, policy.name)));
        }
    }
    Ok(None)
}
