//! The one task that writes an event's logs: it decides, makes durable in groups, and only then lets anyone see or hear of it.
//!
//! Work runs one piece at a time, so that whatever it reads is what it changes. When a write fails, nothing of it may
//! linger in memory: the ledger is built anew from the store before anything else happens.

mod checkpoints;
mod devices;
mod forks;
mod intake;
mod ledgers;
mod policy;
mod revoking;
mod tickets;
mod trust;
mod vouching;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use usher_keys::{EventId, PublicKey, Purpose, Timestamp};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::Head;
use usher_protocol::record::Body;
use usher_protocol::state::State;
use usher_protocol::sync::Held;

use super::AuthorityError;
use super::key_files::{EventKeys, KeyFiles};
use super::view::AuthorityView;
use crate::clock::Clock;
use crate::signing::TicketSigner;
use crate::store::Store;
use crate::store::authority::{Append, AppendOutcome, RowChange, Sealed, StoredCheckpoint};

pub use devices::EnrolOutcome;
pub use forks::{ForkHistory, SettleOutcome};
pub use intake::Intake;
pub use policy::PolicyVersion;
pub use revoking::{Consequences, RetireOutcome, Revocation, RevokeOutcome, Since};
pub use tickets::TicketOutcome;
pub use trust::UploadOutcome;
pub use vouching::lasts_with_event;

/// Runs from peers in one commit: like the store's own groups, enough to spread the disk's flush thin.
const GROUP: usize = 64;

/// What a writer works with.
#[derive(Clone)]
pub struct LogWriterParts {
    /// The event.
    pub event: EventId,
    /// Where it writes.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Who signs tickets, and is told of new keys.
    pub signer: TicketSigner,
    /// Where the event's keys are.
    pub key_files: KeyFiles,
    /// The cloud's name on the network.
    pub link: PublicKey,
}

/// A piece of work that wants the logs for itself.
pub type Work = Box<dyn for<'a> FnOnce(&'a mut LogWriter) -> BoxFuture<'a, ()> + Send>;

/// What a writer is asked.
pub enum LogCommand {
    /// Take in a run that a peer sent.
    Intake(Box<Intake>),
    /// Do this.
    Work(Work),
}

/// The owner of one event's ledger.
pub struct LogWriter {
    parts: LogWriterParts,
    keys: EventKeys,
    ledger: Ledger,
    /// Whether the ledger is what is stored; if not, it is built anew first.
    is_sound: bool,
    view: Arc<AuthorityView>,
    checkpoint: Option<StoredCheckpoint>,
    /// The head of our own log, beyond our copy, that a device was seen to hold: our database is an older copy.
    past: Option<Head>,
}

/// Records on their way into the store, with what changes beside them.
#[derive(Default)]
struct Draft {
    sealed: Vec<Sealed>,
    row_changes: Vec<RowChange>,
}

impl LogWriter {
    /// Works until told to stop, or until nobody can ask any more.
    pub async fn run(mut self, mut commands: mpsc::Receiver<LogCommand>, stop: CancellationToken) {
        let mut next = None;
        loop {
            let command = match next.take() {
                Some(command) => Some(command),
                None => stop.run_until_cancelled(commands.recv()).await.flatten(),
            };
            match command {
                None => return,
                Some(LogCommand::Work(work)) => work(&mut self).await,
                Some(LogCommand::Intake(first)) => {
                    let (group, other) = gather(*first, &mut commands);
                    next = other;
                    self.take_in(group).await;
                }
            }
        }
    }

    /// Returns the state, once it is sure to be what is stored.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn state(&mut self) -> Result<&State, AuthorityError> {
        self.ready().await?;
        Ok(self.ledger.state())
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Makes sure that ledger, keys and trust are what is stored.
    async fn ready(&mut self) -> Result<(), AuthorityError> {
        if !self.is_sound {
            self.rebuild().await?;
        }
        Ok(())
    }

    /// Writes a record to the authority log; it counts once the draft is committed. Behind its own past the authority says
    /// nothing, or it would have two histories and no device would hear it again.
    fn write(&mut self, draft: &mut Draft, body: Body) -> Result<(), AuthorityError> {
        if self.ledger.is_behind_own_past() {
            return Err(AuthorityError::OldCopy);
        }
        let now = self.now();
        let purpose = Purpose::Authority;
        let key = self
            .keys
            .in_use(purpose, self.ledger.trust().bundle(), now)
            .filter(|key| key.public() == self.ledger.me())
            .ok_or(AuthorityError::NoKey { purpose })?;
        let entry = self.ledger.write(body, now);
        let head = self
            .ledger
            .seal(key)
            .expect("a record was just written behind the last head");
        draft.sealed.push(Sealed {
            entries: vec![entry],
            head,
        });
        Ok(())
    }

    /// Makes a draft durable and then visible.
    async fn commit(&mut self, draft: Draft) -> Result<(), AuthorityError> {
        let Draft { sealed, row_changes } = draft;
        if sealed.is_empty() && row_changes.is_empty() {
            return Ok(());
        }
        let grown: Vec<_> = sealed
            .iter()
            .map(|sealed| Held::from(sealed.head.clone()))
            .collect();
        // Should this future be dropped half-way, the ledger is ahead of what is known to be stored.
        self.is_sound = false;
        let request = Append {
            event: self.parts.event,
            sealed,
            row_changes,
            now: self.now(),
        };
        match self.parts.store.append(request).await? {
            AppendOutcome::Conflict => Err(AuthorityError::Conflict),
            AppendOutcome::Appended => {
                self.is_sound = true;
                self.view.grow(grown);
                self.view.register_in(self.ledger.state().register());
                self.show_voice();
                Ok(())
            }
        }
    }
}

/// Takes further runs that are waiting, up to the first command of another kind, which comes next.
fn gather(first: Intake, commands: &mut mpsc::Receiver<LogCommand>) -> (Vec<Intake>, Option<LogCommand>) {
    let mut group = vec![first];
    while group.len() < GROUP {
        match commands.try_recv() {
            Ok(LogCommand::Intake(intake)) => group.push(*intake),
            Ok(other @ LogCommand::Work(_)) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}
