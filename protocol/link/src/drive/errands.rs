//! Work of the replica for one session, one thing after the other and never in the way of the loop; what it means is the session's.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use usher_keys::{PublicKey, SignedBundle};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::log::Run;
use usher_protocol::sync::{Input, Notice};
use usher_protocol::{Origin, Seq};

use crate::sync_store::SyncStore;

/// One thing the replica shall do.
#[derive(Debug)]
pub(super) enum Errand {
    Load { origin: Origin, after: Seq },
    LoadCheckpoint,
    Store(Run),
    StoreCheckpoint(SignedCheckpoint),
    StoreBundle(SignedBundle),
    Tell(Notice),
}

type Running = Pin<Box<dyn Future<Output = Vec<Input>> + Send>>;

/// Errands in order, at most one of them under way.
#[derive(Default)]
pub(super) struct Errands {
    waiting: VecDeque<Errand>,
    running: Option<Running>,
}

impl Errands {
    pub(super) fn push(&mut self, errand: Errand) {
        self.waiting.push_back(errand);
    }

    /// Adds a load; one of the same log that still waits is replaced, so that there is at most one per log.
    pub(super) fn push_load(&mut self, origin: Origin, after: Seq) {
        let load = Errand::Load { origin, after };
        let same =
            |errand: &&mut Errand| matches!(errand, Errand::Load { origin: other, .. } if *other == origin);
        match self.waiting.iter_mut().find(same) {
            Some(earlier) => *earlier = load,
            None => self.waiting.push_back(load),
        }
    }

    /// Carries out what is left, for a session that has ended and is told nothing any more.
    pub(super) async fn finish<R: SyncStore>(&mut self, replica: &Arc<R>, peer: PublicKey) {
        loop {
            self.start_next(replica, peer);
            if self.running.is_none() {
                return;
            }
            self.done().await;
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Begins the next errand, if none is under way.
    pub(super) fn start_next<R: SyncStore>(&mut self, replica: &Arc<R>, peer: PublicKey) {
        if self.running.is_none() {
            self.running = self
                .waiting
                .pop_front()
                .map(|errand| Box::pin(carry_out(Arc::clone(replica), peer, errand)) as Running);
        }
    }

    /// Waits for the errand under way and gives what the session is to be told; for ever, if there is none.
    ///
    /// Dropping the wait loses nothing.
    pub(super) async fn done(&mut self) -> Vec<Input> {
        let Some(running) = &mut self.running else {
            return std::future::pending().await;
        };
        let inputs = running.await;
        self.running = None;
        inputs
    }
}

async fn carry_out<R: SyncStore>(replica: Arc<R>, peer: PublicKey, errand: Errand) -> Vec<Input> {
    match errand {
        Errand::Load { origin, after } => {
            let run = replica.load(origin, after).await;
            vec![Input::Loaded { origin, run }]
        }
        Errand::LoadCheckpoint => vec![Input::LoadedCheckpoint(replica.load_checkpoint().await)],
        Errand::Store(run) => {
            let origin = run.head.origin;
            let result = replica.store(run).await;
            vec![Input::Stored { origin, result }]
        }
        Errand::StoreCheckpoint(checkpoint) => {
            replica.store_checkpoint(checkpoint).await;
            let grew = replica.held().into_iter().map(Input::Grew);
            grew.chain([Input::StoredCheckpoint]).collect()
        }
        Errand::StoreBundle(bundle) => {
            replica.store_bundle(bundle).await;
            Vec::new()
        }
        Errand::Tell(notice) => {
            replica.notice(peer, notice).await;
            Vec::new()
        }
    }
}
