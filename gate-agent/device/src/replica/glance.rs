//! A look at a replica from outside, also while another program runs on it; it changes nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use usher_keys::{Certificate, Timestamp};
use usher_protocol::Origin;
use usher_protocol::ledger::Ledger;
use usher_protocol::sync::Held;

use super::database;
use super::error::ReplicaError;
use super::replay::{self, ReplayStep};
use super::snapshot::Snapshot;
use super::stored_values::{self, StoredEnrolment};
use super::view::ReplicaView;

/// What a replica's file says at a moment.
pub struct Glance {
    /// What may be looked at of its state.
    pub snapshot: Arc<Snapshot>,
    /// Where the device links to, by its enrolment.
    pub uplink: Vec<String>,
    /// What is held of every log.
    pub held: Vec<Held>,
    /// Up to when every authority record is here, if our clock can tell.
    pub fresh_as_of: Option<Timestamp>,
    /// The cloud's own time when it was last heard.
    pub cloud_heard: Option<Timestamp>,
}

impl Glance {
    /// Returns the device's newest certificate.
    pub fn certificate(&self) -> &Certificate {
        self.snapshot.identity.unverified()
    }

    /// Returns the device's own log.
    pub fn me(&self) -> Origin {
        self.certificate().device
    }
}

/// Looks at the replica in a file.
///
/// # Errors
///
/// [`ReplicaError`]; a damaged file is refused with what is wrong.
pub fn glance(path: &Path, now: Timestamp) -> Result<Glance, ReplicaError> {
    let mut connection = database::open_from_outside(path)?;
    // One moment of a file that another program may be writing to.
    let transaction = connection.transaction()?;
    let enrolment = StoredEnrolment::read(&transaction)?;
    let me = enrolment.identity.unverified().device;
    let heard = stored_values::read_heard(&transaction)?;
    let view = ReplicaView::new(&replay::rebuild(&transaction, me, now)?.ledger, heard);
    Ok(Glance {
        snapshot: view.snapshot.load_full(),
        uplink: enrolment.uplink,
        held: view.held(),
        fresh_as_of: view.fresh_as_of(now),
        cloud_heard: view.last_heard(),
    })
}

/// Rebuilds the ledger of the replica in a file.
///
/// # Errors
///
/// [`ReplicaError`]; a damaged file is refused with what is wrong.
pub fn ledger(path: &Path, now: Timestamp) -> Result<Ledger, ReplicaError> {
    let mut connection = database::open_from_outside(path)?;
    let transaction = connection.transaction()?;
    let me = StoredEnrolment::read(&transaction)?.identity.unverified().device;
    Ok(replay::rebuild(&transaction, me, now)?.ledger)
}

/// Rebuilds the ledger of the replica in a file, and shows the bytes of every record that is stored, log by log.
///
/// # Errors
///
/// [`ReplicaError`]; a damaged file is refused with what is wrong.
pub fn review(
    path: &Path,
    now: Timestamp,
    visit: &mut dyn FnMut(Origin, &[u8]),
) -> Result<Ledger, ReplicaError> {
    let mut connection = database::open_from_outside(path)?;
    let transaction = connection.transaction()?;
    let me = StoredEnrolment::read(&transaction)?.identity.unverified().device;
    let ledger = replay::rebuild(&transaction, me, now)?.ledger;
    replay::walk(
        &transaction,
        (ledger.event(), &BTreeSet::new()),
        &mut |step| match step {
            ReplayStep::Record(entry) => visit(entry.origin, &entry.bytes),
            ReplayStep::Head(..) => {}
        },
    )?;
    Ok(ledger)
}
