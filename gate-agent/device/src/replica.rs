//! The durable replica of one event on SQLite, for hubs and scanners: state from signed logs, one writer, group commit; the network is not here.

mod access;
mod archive;
mod audit;
mod command;
mod counting;
mod database;
mod error;
mod export;
mod glance;
mod inherit;
mod judging;
mod linked;
mod naming;
mod recent;
mod replay;
mod rows;
mod snapshot;
mod stored_values;
mod undoing;
mod view;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;
use usher_disk::{CommitNote, DatabaseLocation, Readers, Writer};
use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, SecretKey, Timestamp};
use usher_protocol::Origin;
use usher_protocol::admission::Verdict;
use usher_protocol::clock::ClockHealth;
use usher_protocol::ledger::{Ledger, ScanQuestion};
use usher_protocol::log::Tail;
use usher_protocol::request::Scan;
use usher_protocol::ticket::{Rejection, VerifiedTicket};
use usher_words::clock::{clock_behind, clock_off};

pub use access::{
    Access, KeptPin, NewPhone, PhoneFacts, PhoneRow, ScannerCode, ScannerTerms, Supervisor, TokenHolder,
    TokenRow,
};
pub use archive::archive;
pub use audit::{Audit, AuditedLog, audit};
pub use command::Annulment;
pub use counting::record_count;
pub use error::{Finding, ReplicaError};
pub use export::{ScanRow, scans};
pub use glance::{Glance, glance, ledger, review};
pub use naming::event_name;
pub use snapshot::Snapshot;
pub use stored_values::StoredEnrolment;
pub use view::FiguresNow;

use crate::clock::Clock;
use command::WriterCommand;
use replay::Rebuilt;
use view::ReplicaView;
use writer::ReplicaWriter;

/// The durable replica of one event.
pub struct Replica {
    event: EventId,
    enrolment: StoredEnrolment,
    clock: Clock,
    commands: Writer<WriterCommand>,
    view: Arc<ReplicaView>,
    readers: Readers,
}

impl Replica {
    /// Makes the replica of a device that has just been enrolled.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::AlreadyFounded`] when there is one, and the rest of [`ReplicaError`].
    pub fn found(path: &Path, enrolment: &StoredEnrolment) -> Result<(), ReplicaError> {
        let location = DatabaseLocation::File(path.to_owned());
        let _lock = database::lock(&location)?;
        let mut connection = database::open_writer(&location, true)?;
        let transaction = connection.transaction()?;
        if StoredEnrolment::exists(&transaction)? {
            return Err(ReplicaError::AlreadyFounded {
                path: path.to_owned(),
            });
        }
        enrolment.write(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// Tells whether a file holds a device's replica; one that an enrolment left unfinished does not.
    pub fn is_founded(path: &Path) -> bool {
        path.exists()
            && !database::open_from_outside(path)
                .is_ok_and(|connection| matches!(StoredEnrolment::exists(&connection), Ok(false)))
    }

    /// Reads what a device is and believes, also while it is running.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::NotFounded`] and the rest of [`ReplicaError`].
    pub fn read_enrolment(path: &Path) -> Result<StoredEnrolment, ReplicaError> {
        StoredEnrolment::read(&database::open_from_outside(path)?)
    }

    /// Opens the replica in a file and rebuilds its state.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`]; a damaged file is refused with the record that is wrong.
    pub fn open(path: &Path, key: SecretKey, clock: Clock) -> Result<Self, ReplicaError> {
        let location = DatabaseLocation::File(path.to_owned());
        let note = database::lock(&location)?;
        let connection = database::open_writer(&location, false)?;
        Self::start(&location, connection, note, (key, clock))
    }

    /// Makes a replica in memory, for tests.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`].
    pub fn open_in_memory(
        enrolment: &StoredEnrolment,
        key: SecretKey,
        clock: Clock,
    ) -> Result<Self, ReplicaError> {
        let location = DatabaseLocation::in_memory();
        let connection = database::open_writer(&location, true)?;
        enrolment.write(&connection)?;
        Self::start(&location, connection, None, (key, clock))
    }

    fn start(
        location: &DatabaseLocation,
        connection: Connection,
        note: Option<CommitNote>,
        (key, clock): (SecretKey, Clock),
    ) -> Result<Self, ReplicaError> {
        database::check_commits(&connection, database::noted(location))?;
        let enrolment = StoredEnrolment::read(&connection)?;
        if enrolment.identity.unverified().device != key.public() {
            return Err(ReplicaError::OtherKey);
        }
        // Nobody certifies a device before the key for it is there.
        clock.is_past(enrolment.identity.unverified().window.from);
        let (now, commits) = (clock.now(), stored_values::read_commits(&connection)?);
        let Rebuilt { ledger, kept_heads } = replay::rebuild(&connection, key.public(), now)?;
        let view = Arc::new(ReplicaView::new(&ledger, stored_values::read_heard(&connection)?));
        let event = ledger.event();
        let writer = ReplicaWriter {
            connection,
            ledger: Some(ledger),
            kept_heads,
            key,
            clock: clock.clone(),
            view: Arc::clone(&view),
            note,
            commits,
            failing: false,
            latest: now,
            past: None,
            forks: Vec::new(),
        };
        let readers = Readers::open(location)?;
        let commands = Writer::start("replica-writer", move |groups| writer.serve(groups))?;
        Ok(Self {
            event,
            enrolment,
            clock,
            commands,
            view,
            readers,
        })
    }

    /// Lets the commands before this one finish, and waits until the file is closed.
    pub async fn close(&self) {
        self.readers.close().await;
        self.commands.close().await;
    }

    /// Verifies the code of a ticket: format, key, signature, event; or another seller's code that the authority has listed.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub fn verify(&self, code: &[u8]) -> Result<VerifiedTicket, Rejection> {
        let snapshot = self.view.snapshot.load();
        snapshot.read(code, self.clock.now())
    }

    /// Verifies a code that was shown some time ago, for whoever takes back what came of it.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub fn verify_earlier(&self, code: &[u8]) -> Result<VerifiedTicket, Rejection> {
        let (snapshot, now) = (self.view.snapshot.load(), self.clock.now());
        match snapshot.read(code, now) {
            Err(Rejection::NotLive) => snapshot.trust.keyring().verify_earlier(code, now),
            read => read,
        }
    }

    /// Returns the earlier answer to a scan whose live code has expired; a retry carries the code of the first attempt.
    pub async fn answered_before(&self, scan: &Scan) -> Option<(VerifiedTicket, Verdict)> {
        let (ticket, now) = (self.verify_earlier(&scan.code).ok()?, self.clock.now());
        let asked = asked(scan, ticket.clone());
        let looked = self.inspect(move |ledger| ledger.judged_before(&asked, now));
        Some((ticket, looked.await.ok()??))
    }

    /// Looks at the ledger between two groups.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Closed`], also while the disk cannot be read.
    pub async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Ledger) -> T + Send + 'static,
    ) -> Result<T, ReplicaError> {
        let (reply, seen) = oneshot::channel();
        let look = Box::new(move |ledger: Option<&Ledger>| {
            // An error means that the asker no longer waits.
            let _ = reply.send(ledger.map(look));
        });
        self.commands.send(WriterCommand::Inspect(look)).await?;
        seen.await.ok().flatten().ok_or(ReplicaError::Closed)
    }

    /// Returns what may be looked at without asking the writer.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.view.snapshot.load_full()
    }

    /// Returns figures of the writer's work.
    pub fn figures(&self) -> FiguresNow {
        self.view.figures.now(self.commands.waiting())
    }

    /// Returns up to when every authority record is here.
    pub fn fresh_as_of(&self) -> Option<Timestamp> {
        self.view.fresh_as_of(self.clock.now())
    }

    /// Returns the cloud's own time when it was last heard, whatever our clock says of it.
    pub fn cloud_heard(&self) -> Option<Timestamp> {
        self.view.last_heard()
    }

    /// Returns what this machine's own clock is worth.
    pub fn clock_health(&self) -> ClockHealth {
        self.clock.health()
    }

    /// Says what is wrong with this machine's clock, if that can be told.
    pub fn clock_trouble(&self) -> Option<String> {
        let (now, compared) = (self.clock.now(), self.clock.compared());
        let alone = || self.cloud_heard().filter(|_| compared == 0);
        clock_off(self.clock_health(), compared).or_else(|| clock_behind(now, alone()?))
    }

    /// Returns what the device is and believed at start.
    pub fn enrolment(&self) -> &StoredEnrolment {
        &self.enrolment
    }

    /// Returns our newest certificate.
    pub fn certificate(&self) -> Certificate {
        self.device_identity().unverified().clone()
    }

    /// Tells whether we may judge: a device that has run out or was revoked, as far as it has heard, lets nobody in.
    pub fn may_judge(&self) -> bool {
        let certificate = self.certificate();
        let register = &self.view.snapshot.load().register;
        let is_revoked = register.revoked.contains_key(&certificate.device);
        certificate.window.contains(self.clock.now()) && !is_revoked
    }

    /// Returns our newest certificate with its signatures.
    pub fn device_identity(&self) -> Arc<DeviceIdentity> {
        Arc::clone(&self.view.snapshot.load().identity)
    }

    /// Tells whether anything of a device's log is durably held.
    pub fn holds_log_of(&self, device: &PublicKey) -> bool {
        let held = self.view.held_of(device);
        held.is_some_and(|held| held.tail != Tail::default())
    }

    /// Returns our own origin.
    pub fn me(&self) -> Origin {
        self.enrolment.identity.unverified().device
    }

    /// Returns the clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// Makes the question of a scan whose ticket was verified.
pub fn asked(scan: &Scan, ticket: VerifiedTicket) -> ScanQuestion {
    ScanQuestion::of(scan, ticket)
}

#[cfg(test)]
mod tests;
