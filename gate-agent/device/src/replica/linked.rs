//! The replica as sync sessions use it: what they store, load and tell; the sessions themselves are the protocol's.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::Arc;

use tokio::sync::oneshot;
use usher_keys::{DeviceIdentity, EventId, PublicKey, SignedBundle};
use usher_link::{Changes, Outlook};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::evidence::Evidence;
use usher_protocol::log::Run;
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::{Origin, Seq};

use super::command::WriterCommand;
use super::{Replica, ReplicaError, rows, stored_values};

/// Fewest records worth a thread of their own: ten times what handing them over and back takes.
const LEAST_SHARE: usize = 16;

impl usher_link::SyncStore for Replica {
    fn event(&self) -> EventId {
        self.event
    }

    fn identity(&self) -> DeviceIdentity {
        self.device_identity().as_ref().clone()
    }

    fn own_log(&self) -> Origin {
        self.me()
    }

    fn held(&self) -> Vec<Held> {
        self.view.held()
    }

    fn changes(&self) -> Changes {
        self.view.changes()
    }

    fn outlook(&self) -> Outlook {
        self.view.outlook((self.clock.now(), self.clock.own()))
    }

    async fn load(&self, origin: Origin, after: Seq) -> Result<Option<Arc<Run>>, LoadError> {
        let loading = async || {
            let run = self
                .readers
                .read(move |snapshot| Ok(rows::run_after(snapshot, origin, after)?));
            read(run.await)
        };
        let run = self.view.recent.run_after((origin, after), loading).await?;
        Ok(run)
    }

    async fn load_checkpoint(&self) -> Option<SignedCheckpoint> {
        let loading = self.readers.read(stored_values::read_checkpoint);
        read(loading.await).unwrap_or_default()
    }

    async fn store(&self, run: Run) -> Result<Held, NotStored> {
        let (run, evidence) = self.verified(run).await?;
        let (reply, stored) = oneshot::channel();
        let accept = WriterCommand::Accept { run, evidence, reply };
        let sent = self.commands.send(accept).await;
        sent.map_err(|_| NotStored::Unavailable)?;
        stored.await.unwrap_or(Err(NotStored::Unavailable))
    }

    async fn store_checkpoint(&self, checkpoint: SignedCheckpoint) {
        let checkpoint = Box::new(checkpoint);
        self.send(|reply| WriterCommand::Adopt { checkpoint, reply })
            .await;
    }

    async fn store_bundle(&self, bundle: SignedBundle) {
        let held = self.view.snapshot.load().trust.bundle().version;
        let newer = bundle.unverified().is_ok_and(|bundle| bundle.version > held);
        if newer {
            self.send(|reply| WriterCommand::Renew { bundle, reply }).await;
        }
    }

    async fn notice(&self, peer: PublicKey, notice: Notice) {
        match notice {
            Notice::Opened(certificate) => {
                tracing::info!(peer = %peer.id(), name = certificate.name, "a session is open");
            }
            Notice::Forked(found) => self.send(|reply| WriterCommand::Report { found, reply }).await,
            Notice::OwnPast(head) => self.send(|reply| WriterCommand::HearPast { head, reply }).await,
            Notice::Fresh(assurance) => {
                self.view.refresh(assurance, self.clock.now());
            }
            Notice::Clock(theirs) => self.clock.hear(peer, theirs),
            Notice::RunRefused(origin, error) => {
                tracing::warn!(peer = %peer.id(), origin = %origin.id(), %error, "a run was refused");
            }
        }
    }
}

impl Replica {
    /// Verifies what is signed inside a run's records, so that the writer need not: a long run on every core at once.
    async fn verified(&self, run: Run) -> Result<(Run, Evidence), NotStored> {
        let trust = Arc::clone(&self.view.snapshot.load().trust);
        let run = Arc::new(run);
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let parts = cores.min(run.records.len().div_ceil(LEAST_SHARE)).max(1);
        let share = run.records.len().div_ceil(parts);
        let mut verifying = Vec::new();
        for part in 0..parts {
            let (run, trust) = (Arc::clone(&run), Arc::clone(&trust));
            let records = part * share..(part + 1) * share;
            verifying.push(tokio::task::spawn_blocking(move || {
                Evidence::of_part(&run, records, &trust)
            }));
        }
        let mut evidence = Evidence::none(&trust);
        for part in verifying {
            evidence.add(part.await.map_err(|_| NotStored::Unavailable)?);
        }
        Ok((Arc::unwrap_or_clone(run), evidence))
    }

    /// Does what is due with the time, linked with these hubs.
    pub async fn tend(&self, linked: BTreeSet<PublicKey>) {
        self.send(|reply| WriterCommand::Tend { linked, reply }).await;
    }

    async fn send(&self, command: impl FnOnce(oneshot::Sender<()>) -> WriterCommand) {
        let (reply, done) = oneshot::channel();
        // Errors mean that the replica is closing: the session is about to hear of it.
        if self.commands.send(command(reply)).await.is_ok() {
            let _ = done.await;
        }
    }
}

fn read<T>(loaded: Result<T, ReplicaError>) -> Result<T, LoadError> {
    loaded.map_err(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the replica cannot be read");
        LoadError
    })
}
