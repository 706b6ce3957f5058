//! The one task that writes an event's logs: it decides, makes durable in groups, and only then lets anyone see or hear of it.
//!
//! Work runs one piece at a time, so that whatever it reads is what it changes. It drafts records and appends them to the store;
//! the ledger learns of them, and of what other processes append, by the store's feed alone. Of a write that fails or loses a
//! race nothing is left, and it is decided anew.

mod checkpoints;
mod devices;
mod foreign;
mod forks;
mod intake;
mod ledgers;
mod policy;
mod revoking;
mod survey;
mod tickets;
mod trust;
mod vouching;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use usher_keys::{DeviceIdentity, EventId, PublicKey, Purpose, SecretKey, Timestamp};
use usher_protocol::ledger::{Ledger, OwnDraft};
use usher_protocol::record::Body;
use usher_protocol::state::State;

use super::AuthorityError;
use super::key_safe::{EventKeys, KeySafe};
use super::view::{AuthorityView, Compared};
use crate::clock::Clock;
use crate::signing::TicketSigner;
use crate::store::Store;
use crate::store::authority::{Append, AppendOutcome, Halt, RowChange, Sealed, StoredCheckpoint};

pub use devices::EnrolOutcome;
pub use forks::{ForkHistory, SettleOutcome};
pub use intake::Intake;
pub use policy::PolicyVersion;
pub use revoking::{Consequences, RetireOutcome, Revocation, RevokeOutcome, Since};
pub use survey::{HaltSurvey, survey};
pub use tickets::TicketOutcome;
pub use trust::UploadOutcome;
pub use vouching::lasts_with_event;

/// Runs from peers in one commit: like the store's own groups, enough to spread the disk's flush thin.
const GROUP: usize = 64;

/// How often work that lost a race is retried. Each race has one winner, so the losers get fewer.
pub const RACES: usize = 16;

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
    pub keys: KeySafe,
    /// The cloud's name on the network.
    pub link: PublicKey,
}

/// A piece of work that wants the logs for itself.
pub type Work = Box<dyn for<'a> FnOnce(&'a mut LogWriter) -> BoxFuture<'a, ()> + Send>;

/// What a writer is asked.
pub enum WriterCommand {
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
    view: Arc<AuthorityView>,
    /// Our certificate under the ledger's trust.
    identity: Arc<DeviceIdentity>,
    checkpoint: Option<StoredCheckpoint>,
    /// Why nothing is sold or ordered, until the next start at least.
    halt: Option<Halt>,
}

/// Records on their way into the store, with what changes beside them.
#[derive(Default)]
struct Draft {
    /// Runs of others' logs.
    runs: Vec<Sealed>,
    /// What we write ourselves.
    own: Option<OwnDraft>,
    row_changes: Vec<RowChange>,
}

impl LogWriter {
    /// Works until told to stop, or until nobody can ask any more; `news` says that others have stored something.
    pub async fn run(
        mut self,
        mut commands: mpsc::Receiver<WriterCommand>,
        news: Arc<Notify>,
        stop: CancellationToken,
    ) {
        let mut next = None;
        loop {
            let command = match next.take() {
                Some(command) => Some(command),
                None => tokio::select! {
                    () = stop.cancelled() => None,
                    command = commands.recv() => command,
                    () = news.notified() => {
                        self.follow().await;
                        continue;
                    }
                },
            };
            match command {
                None => return,
                Some(WriterCommand::Work(work)) => work(&mut self).await,
                Some(WriterCommand::Intake(first)) => {
                    let (group, other) = gather(*first, &mut commands, &self.ledger);
                    next = other;
                    self.take_in(group).await;
                }
            }
        }
    }

    /// Returns the state, as it is stored by now.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn state(&mut self) -> Result<&State, AuthorityError> {
        self.catch_up().await?;
        Ok(self.ledger.state())
    }

    /// Catches up where nobody waits for it, and says all anew with a key that another process has taken and not used yet; what fails
    /// is tried again at the next occasion.
    async fn follow(&mut self) {
        let followed = match self.catch_up().await {
            Ok(()) => self.restate().await,
            Err(error) => Err(error),
        };
        // Two processes that meet a new key at once both want to say all anew.
        if let Err(error) = followed
            && !matches!(error, AuthorityError::Conflict)
        {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, event = %self.parts.event, "what is stored could not be read: gates hear of news later");
        }
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Writes a record for the authority log; it counts once the draft is committed. Before a new key has said all anew, nothing else
    /// is written with it: nobody would hear it, and it could not be said first any more.
    fn write(&self, draft: &mut Draft, body: Body) -> Result<(), AuthorityError> {
        if self.has_whole_log() && !self.is_heard() {
            return Err(AuthorityError::Conflict);
        }
        self.write_unheard(draft, body)
    }

    /// Writes a record whether the authority is heard or not. On what may be an older copy it says nothing, or it could have two
    /// histories and no device would hear it again.
    fn write_unheard(&self, draft: &mut Draft, body: Body) -> Result<(), AuthorityError> {
        if !self.has_whole_log() {
            return Err(AuthorityError::OldCopy);
        }
        self.own_key()?;
        let own = draft.own.get_or_insert_with(|| self.ledger.draft());
        own.write(body, self.now());
        Ok(())
    }

    /// Tells whether the authority can say anything now.
    fn may_write(&self) -> bool {
        self.has_whole_log() && self.is_heard() && self.own_key().is_ok()
    }

    /// Tells whether our words count: those of the first key at once, those of a later one when it has said all anew.
    fn is_heard(&self) -> bool {
        let first = self.ledger.trust().bundle().authority_keys.first();
        let me = self.ledger.me();
        first.is_some_and(|key| key.key == me) || self.ledger.state().has_restated(&me)
    }

    /// Tells whether the authority is sure that nobody holds more of its log than the store.
    fn has_whole_log(&self) -> bool {
        self.halt.is_none() && !self.ledger.is_behind_own_past()
    }

    /// Returns the key of the log that we write, while it may sign.
    fn own_key(&self) -> Result<&SecretKey, AuthorityError> {
        let purpose = Purpose::Authority;
        self.keys
            .in_use(purpose, self.ledger.trust().bundle(), self.now())
            .filter(|key| key.public() == self.ledger.me())
            .ok_or(AuthorityError::NoKey { purpose })
    }

    /// Makes a draft durable, takes it in as it is stored, and so makes it visible.
    async fn commit(&mut self, draft: Draft) -> Result<(), AuthorityError> {
        let Draft {
            runs: mut sealed,
            own,
            row_changes,
        } = draft;
        let is_own = own.is_some();
        if let Some(own) = own {
            let own = own.seal(self.own_key()?).into_iter();
            sealed.extend(own.map(|(entries, head)| Sealed { entries, head }));
        }
        if sealed.is_empty() && row_changes.is_empty() {
            return Ok(());
        }
        let at = self.now();
        let request = Append {
            event: self.parts.event,
            sealed: sealed.clone(),
            is_own,
            row_changes,
            now: at,
        };
        match self.parts.store.append(request).await? {
            AppendOutcome::Conflict => Err(AuthorityError::Conflict),
            AppendOutcome::Appended(version) => self.take_appended(sealed, Compared { version, at }).await,
        }
    }
}

/// Takes further runs that are waiting, up to the first command that goes by what they say, which comes next.
fn gather(
    first: Intake,
    commands: &mut mpsc::Receiver<WriterCommand>,
    ledger: &Ledger,
) -> (Vec<Intake>, Option<WriterCommand>) {
    let mut origins = BTreeSet::from([first.origin()]);
    let mut group = vec![first];
    while group.len() < GROUP {
        match commands.try_recv() {
            Ok(WriterCommand::Intake(intake)) => {
                // Two runs of one log follow each other, and how many strangers' logs there is room for depends on those before.
                let is_bounded = ledger.is_bounded(&intake.origin());
                if is_bounded || !origins.insert(intake.origin()) {
                    return (group, Some(WriterCommand::Intake(intake)));
                }
                group.push(*intake);
            }
            Ok(other @ WriterCommand::Work(_)) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}
