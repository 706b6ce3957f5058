//! Checking every page, chain and head of a replica, and naming the exact record that is wrong; repairing is a person's decision.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use usher_disk::{DatabaseLocation, complaints};
use usher_protocol::trust::Trust;
use usher_protocol::{Origin, Seq};

use super::database;
use super::error::{Finding, ReplicaError};
use super::replay::{self, ReplayStep, walk};
use super::stored_values::{self, StoredEnrolment};

/// What was found in one log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditedLog {
    /// Sound records.
    pub records: u64,
    /// Up to which record a sound head vouches.
    pub signed_up_to: Seq,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Every log with a sound record.
    pub logs: BTreeMap<Origin, AuditedLog>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

/// Audits the replica in a file, also while it is running.
///
/// # Errors
///
/// [`ReplicaError`] when the file cannot be read at all.
pub fn audit(path: &Path) -> Result<Audit, ReplicaError> {
    // Before the database is looked at, which may grow meanwhile.
    let noted = database::noted(&DatabaseLocation::File(path.to_owned()));
    let mut connection = database::open_from_outside(path)?;
    let transaction = connection.transaction()?;
    let complaints = complaints(&transaction)?.into_iter().map(Finding::File);
    let mut findings: Vec<Finding> = complaints.collect();
    let mut take = |checked: Result<(), ReplicaError>| match checked {
        Err(ReplicaError::Damaged(finding)) => {
            findings.push(finding);
            Ok(())
        }
        checked => checked,
    };
    take(database::check_tables(&transaction).map_err(ReplicaError::from))?;
    take(database::check_commits(&transaction, noted))?;
    let enrolment = StoredEnrolment::read(&transaction)?;
    stored_values::read_heard(&transaction)?;
    let event = enrolment.identity.unverified().event;
    let trust = Trust::pin(&enrolment.roots, enrolment.bundle)?;
    if let Some(checkpoint) = stored_values::read_checkpoint(&transaction)? {
        let checkpoint = checkpoint.verify_stored(&trust)?;
        take(replay::check_covered(
            &checkpoint,
            &replay::read_covered(&transaction)?,
        ))?;
    }
    let mut logs: BTreeMap<Origin, AuditedLog> = BTreeMap::new();
    findings.extend(walk(
        &transaction,
        (event, &BTreeSet::new()),
        &mut |step| match step {
            ReplayStep::Record(entry) => logs.entry(entry.origin).or_default().records += 1,
            ReplayStep::Head(head, _) => logs.entry(head.origin).or_default().signed_up_to = head.tail.seq,
        },
    )?);
    Ok(Audit { logs, findings })
}
