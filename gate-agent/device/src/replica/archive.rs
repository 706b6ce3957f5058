//! The archive of an event out of a device's replica, also while a program runs on it; what it proves is the protocol's.

use std::path::Path;

use rusqlite::Connection;
use usher_keys::{SecretKey, Timestamp};
use usher_protocol::Origin;
use usher_protocol::archive::{ArchivePart, ArchiveSums, ArchiveWriter, MAGIC};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::Head;

use super::database;
use super::error::ReplicaError;
use super::replay::{self, ReplayStep};
use super::stored_values::{self, StoredEnrolment};

/// Makes the archive of all that a replica holds at one moment, sealed with the device's key; stops when `write` fails.
///
/// # Errors
///
/// [`ReplicaError::OtherKey`], or that the replica is damaged or cannot be read; else what `write` gives.
pub fn archive<E: From<ReplicaError>>(
    path: &Path,
    key: &SecretKey,
    now: Timestamp,
    mut write: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<ArchiveSums, E> {
    let mut connection = database::open_from_outside(path)?;
    // One moment of a file that a hub may be writing to.
    let transaction = connection.transaction().map_err(ReplicaError::from)?;
    let enrolment = StoredEnrolment::read(&transaction)?;
    if enrolment.identity.unverified().device != key.public() {
        return Err(ReplicaError::OtherKey.into());
    }
    let rebuilt = replay::rebuild(&transaction, key.public(), now)?;
    write(MAGIC)?;
    let mut writer = ArchiveWriter::default();
    let mut put = |part: &ArchivePart| write(&writer.part(part));
    for part in first_parts(&transaction, enrolment, now)? {
        put(&part)?;
    }
    let sums = put_logs(&transaction, &rebuilt.ledger, &mut put)?;
    put(&ArchivePart::Sums(sums.clone()))?;
    write(&writer.seal(rebuilt.ledger.event(), key))?;
    Ok(sums)
}

/// Returns what stands before the logs.
fn first_parts(
    connection: &Connection,
    enrolment: StoredEnrolment,
    now: Timestamp,
) -> Result<Vec<ArchivePart>, ReplicaError> {
    let trust = ArchivePart::Trust {
        roots: enrolment.roots,
        bundle: enrolment.bundle,
    };
    let maker = ArchivePart::Maker {
        by: enrolment.identity.unverified().device,
        at: now,
        identity: Some(Box::new(enrolment.identity)),
    };
    let mut parts = vec![trust, maker];
    if let Some(signed) = stored_values::read_checkpoint(connection)? {
        let standing = replay::read_covered(connection)?;
        let covered = signed.unverified()?.covered.into_iter();
        let dropped = covered
            .map(|head| head.origin)
            .filter(|origin| !standing.contains_key(origin));
        parts.push(ArchivePart::Checkpoint {
            dropped: dropped.collect(),
            signed,
        });
    }
    Ok(parts)
}

/// Puts every log, its heads behind the records that they cover.
fn put_logs<E: From<ReplicaError>>(
    connection: &Connection,
    ledger: &Ledger,
    put: &mut dyn FnMut(&ArchivePart) -> Result<(), E>,
) -> Result<ArchiveSums, E> {
    let (mut logs, mut records) = (0, 0);
    let mut log: Option<Origin> = None;
    let mut heads: Vec<Head> = Vec::new();
    let mut failed = None;
    let mut put = |part: ArchivePart| {
        if failed.is_none() {
            failed = put(&part).err();
        }
    };
    // The walk shows a head before the record at which it stands.
    let logs_in_order = (ledger.event(), &replay::read_first(ledger.trust()));
    let walked = replay::walk(connection, logs_in_order, &mut |step| match step {
        ReplayStep::Head(head, _) => heads.push(head.clone()),
        ReplayStep::Record(entry) => {
            if log.replace(entry.origin) != Some(entry.origin) {
                logs += 1;
                put(ArchivePart::Log { origin: entry.origin });
            }
            records += 1;
            let bytes = entry.bytes.clone();
            put(ArchivePart::Record { bytes });
            for head in heads.drain(..) {
                put(ArchivePart::Head(head));
            }
        }
    });
    let findings = walked.map_err(ReplicaError::from)?;
    if let Some(finding) = findings.into_iter().next() {
        return Err(ReplicaError::Damaged(finding).into());
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(ArchiveSums::of(ledger.state(), logs, records)),
    }
}
