//! The authority as a replica on the network: what a session with one device loads, stores and hears of, and the one thing it is asked.

use std::sync::Arc;

use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, Role, SignedBundle};
use usher_link::{Changes, Outlook, Responder, SyncStore};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::log::Run;
use usher_protocol::request::{Inquiry, Request, RequestError, Response, Told};
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::{Origin, Seq};

use super::event::EventAuthority;
use super::presence::UploadProgress;
use crate::store::authority::RunQuery;

/// One device's link to the authority of its event.
pub struct LinkedReplica {
    authority: Arc<EventAuthority>,
    progress: Arc<UploadProgress>,
}

impl LinkedReplica {
    /// Makes the replica of one link.
    pub fn new(authority: Arc<EventAuthority>) -> Self {
        Self {
            authority,
            progress: Arc::default(),
        }
    }

    /// Returns how far the link has come.
    pub fn progress(&self) -> &Arc<UploadProgress> {
        &self.progress
    }
}

impl SyncStore for LinkedReplica {
    fn event(&self) -> EventId {
        self.authority.event()
    }

    fn identity(&self) -> DeviceIdentity {
        self.authority.view().identity()
    }

    fn own_log(&self) -> Origin {
        self.authority.view().own_log()
    }

    fn held(&self) -> Vec<Held> {
        self.authority.view().held()
    }

    fn changes(&self) -> Changes {
        self.authority.view().changes()
    }

    fn outlook(&self) -> Outlook {
        let view = self.authority.view();
        let now = self.authority.clock.now();
        Outlook {
            now,
            clock: now,
            trust: view.trust(),
            register: view.register(),
            assurance: view.assurance(),
            // What the authority writes is heard.
            unheard_forks: Arc::default(),
        }
    }

    async fn load(&self, origin: Origin, after: Seq) -> Result<Option<Arc<Run>>, LoadError> {
        let query = RunQuery {
            event: self.authority.event(),
            origin,
            after,
        };
        let run = self.authority.store.run(query).await.map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a run could not be loaded"
            );
            LoadError
        })?;
        let Some(run) = run else {
            return Ok(None);
        };
        self.progress
            .note(origin, after, run.head.tail.seq, self.authority.clock.now());
        self.authority
            .metrics
            .add("usher_records_sent_total", run.records.len() as u64);
        Ok(Some(Arc::new(run)))
    }

    async fn load_checkpoint(&self) -> Option<SignedCheckpoint> {
        match self.authority.ask(|writer| Box::pin(writer.checkpoint())).await {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no checkpoint could be made"
                );
                None
            }
        }
    }

    async fn store(&self, run: Run) -> Result<Held, NotStored> {
        let records = run.records.len() as u64;
        let held = self.authority.take_in(run).await?;
        self.authority
            .metrics
            .add("usher_records_received_total", records);
        Ok(held)
    }

    async fn store_checkpoint(&self, _checkpoint: SignedCheckpoint) {
        // Checkpoints are made here: one that a device sends says nothing the logs do not.
    }

    async fn store_bundle(&self, bundle: SignedBundle) {
        let version = self.authority.view().trust().bundle().version;
        if bundle.unverified().is_ok_and(|offered| offered.version > version) {
            // Newer than ours when ours came from a backup: the roots' signatures decide.
            let renewed = self
                .authority
                .ask(move |writer| Box::pin(writer.renew_trust(bundle.clone())))
                .await;
            if let Err(error) = renewed {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a trust bundle was not stored"
                );
            }
        }
    }

    async fn notice(&self, peer: PublicKey, notice: Notice) {
        match notice {
            Notice::Forked(found) => {
                let reported = self
                    .authority
                    .ask(move |writer| Box::pin(writer.report_fork((*found).clone())))
                    .await;
                if let Err(error) = reported {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "two histories were not written down"
                    );
                }
            }
            Notice::OwnPast(head) => {
                let heard = self
                    .authority
                    .ask(move |writer| Box::pin(writer.hear_own_past(head.clone())))
                    .await;
                if let Err(error) = heard {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "an older copy was not taken note of"
                    );
                }
            }
            Notice::RunRefused(origin, error) => {
                tracing::warn!(peer = %peer.id(), origin = %origin.id(), %error, "a run was refused");
            }
            Notice::Clock(theirs) => {
                self.authority
                    .presence()
                    .hear_clock(&peer, theirs, self.authority.clock.now())
            }
            Notice::Opened(_) | Notice::Fresh(_) => {}
        }
    }
}

/// Answers hubs that ask for a ticket by its code. It judges nothing: the cloud lets nobody in.
pub struct CodeResponder {
    authority: Arc<EventAuthority>,
}

impl CodeResponder {
    /// Makes the responder of an event.
    pub fn new(authority: Arc<EventAuthority>) -> Self {
        Self { authority }
    }
}

impl Responder for CodeResponder {
    async fn respond(
        &self,
        _peer: &Certificate,
        _request: Request,
        _progress: &usher_link::Progress,
    ) -> Response {
        Err(RequestError::NotAllowed)
    }

    async fn answer(&self, peer: &Certificate, inquiry: Inquiry, _progress: &usher_link::Progress) -> Told {
        match inquiry {
            Inquiry::Ticket(code) if peer.role == Role::Hub => {
                let asker = peer.device;
                self.authority
                    .lookup
                    .find(self.authority.event(), code, asker)
                    .await
            }
            Inquiry::Ticket(_) | Inquiry::Hubs => Told::NotAllowed,
        }
    }
}
