//! Our side of a session, which also watches how much of our own log a hub has taken; storing is the replica's.

use std::sync::{Arc, Mutex, MutexGuard};

use usher_device::replica::Replica;
use usher_keys::{DeviceIdentity, EventId, PublicKey, SignedBundle};
use usher_link::{Changes, Outlook};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::log::Run;
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::{Origin, Seq};

/// The replica as sessions see it.
pub struct Handover {
    replica: Arc<Replica>,
    /// How much of our log a hub has, as far as we can tell; nothing while no session was open. Never held across an await.
    taken: Mutex<Option<Seq>>,
}

impl Handover {
    /// Watches over that replica.
    pub fn new(replica: Arc<Replica>) -> Self {
        let taken = Mutex::default();
        Self { replica, taken }
    }

    /// Takes note that a session opened. What its peer lacks of our log is asked for right after this.
    pub fn opened(&self) {
        let up_to = self.written();
        let mut taken = self.taken();
        // Said before the first load of the session, which then says how little it was.
        *taken = Some(taken.unwrap_or_default().max(up_to));
    }

    /// Returns how many records of our log the hub lacks that was linked last; none before one was linked.
    pub fn kept(&self) -> u64 {
        let taken = *self.taken();
        taken.map_or(0, |taken| self.written().0.saturating_sub(taken.0))
    }

    /// Returns the number of the last durable record of our log.
    fn written(&self) -> Seq {
        let me = self.replica.me();
        let held = usher_link::SyncStore::held(self.replica.as_ref());
        held.iter()
            .find(|held| held.origin == me)
            .map_or(Seq(0), |held| held.tail.seq)
    }

    fn takes(&self, up_to: Seq) {
        *self.taken() = Some(up_to);
    }

    fn taken(&self) -> MutexGuard<'_, Option<Seq>> {
        self.taken.lock().expect("nothing panics while it holds this")
    }
}

impl usher_link::SyncStore for Handover {
    fn event(&self) -> EventId {
        usher_link::SyncStore::event(self.replica.as_ref())
    }

    fn identity(&self) -> DeviceIdentity {
        self.replica.device_identity().as_ref().clone()
    }

    fn own_log(&self) -> Origin {
        self.replica.me()
    }

    fn held(&self) -> Vec<Held> {
        usher_link::SyncStore::held(self.replica.as_ref())
    }

    fn changes(&self) -> Changes {
        usher_link::SyncStore::changes(self.replica.as_ref())
    }

    fn outlook(&self) -> Outlook {
        usher_link::SyncStore::outlook(self.replica.as_ref())
    }

    async fn load(&self, origin: Origin, after: Seq) -> Result<Option<Arc<Run>>, LoadError> {
        let ours = origin == self.replica.me();
        if ours {
            self.takes(after);
        }
        let run = usher_link::SyncStore::load(self.replica.as_ref(), origin, after).await?;
        if let Some(run) = run.as_ref().filter(|_| ours) {
            self.takes(run.head.tail.seq);
        }
        Ok(run)
    }

    async fn load_checkpoint(&self) -> Option<SignedCheckpoint> {
        usher_link::SyncStore::load_checkpoint(self.replica.as_ref()).await
    }

    async fn store(&self, run: Run) -> Result<Held, NotStored> {
        usher_link::SyncStore::store(self.replica.as_ref(), run).await
    }

    async fn store_checkpoint(&self, checkpoint: SignedCheckpoint) {
        usher_link::SyncStore::store_checkpoint(self.replica.as_ref(), checkpoint).await;
    }

    async fn store_bundle(&self, bundle: SignedBundle) {
        usher_link::SyncStore::store_bundle(self.replica.as_ref(), bundle).await;
    }

    async fn notice(&self, peer: PublicKey, notice: Notice) {
        usher_link::SyncStore::notice(self.replica.as_ref(), peer, notice).await;
    }
}
