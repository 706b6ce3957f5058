//! Reading every scan of every log, with the names people know; formats are the command line's.

use std::path::Path;

use usher_keys::{PublicKey, Timestamp};
use usher_protocol::dating::Dating;
use usher_protocol::labels::UnitLabel;
use usher_protocol::record::Record;
use usher_protocol::scans::WrittenScan;
use usher_protocol::{Origin, Seq};

use super::database;
use super::error::ReplicaError;
use super::replay::{self, read_seq};
use super::snapshot::Snapshot;
use super::stored_values::StoredEnrolment;

/// One scan as one device wrote it down, with the names of things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRow {
    pub scan: WrittenScan,
    /// The record's number in its log.
    pub seq: Seq,
    /// How people call the device.
    pub device_name: String,
    pub gate_name: String,
    /// What the unit is called, as printed on its ticket.
    pub place: String,
}

/// Reads every scan, log by log, also while the hub is running; stops when `take` fails.
///
/// # Errors
///
/// [`ReplicaError`] when the replica is damaged or cannot be read; else what `take` gives.
pub fn scans<E: From<ReplicaError>>(
    path: &Path,
    now: Timestamp,
    mut take: impl FnMut(ScanRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut connection = database::open_from_outside(path)?;
    let transaction = connection.transaction().map_err(ReplicaError::from)?;
    let me = StoredEnrolment::read(&transaction)?.identity.unverified().device;
    let names = Snapshot::of(&replay::rebuild(&transaction, me, now)?.ledger);
    let query = "SELECT origin, seq, bytes FROM records ORDER BY origin, seq";
    let mut statement = transaction.prepare(query).map_err(ReplicaError::from)?;
    let mut rows = statement.query([]).map_err(ReplicaError::from)?;
    let mut dating = Dating::default();
    while let Some(row) = rows.next().map_err(ReplicaError::from)? {
        let (device, seq) = read_place(row)?;
        let bytes: Vec<u8> = row.get(2).map_err(ReplicaError::from)?;
        let Ok(record) = Record::from_bytes(&bytes) else {
            continue;
        };
        if let Some(scan) = WrittenScan::read(device, record, &mut dating) {
            take(named(&names, scan, seq))?;
        }
    }
    Ok(())
}

fn read_place(row: &rusqlite::Row) -> Result<(Origin, Seq), ReplicaError> {
    Ok((PublicKey(row.get(0)?), read_seq(row, 1)?))
}

fn named(names: &Snapshot, scan: WrittenScan, seq: Seq) -> ScanRow {
    let policy = names.policy.as_deref();
    let gate = policy.and_then(|policy| policy.gate(scan.gate));
    let place = policy.map_or(UnitLabel::without_table(scan.unit), |policy| {
        policy.label(scan.unit)
    });
    ScanRow {
        seq,
        device_name: names.names.get(&scan.device).cloned().unwrap_or_default(),
        gate_name: gate.map(|gate| gate.name.clone()).unwrap_or_default(),
        place: place.to_string(),
        scan,
    }
}
