//! What the driver needs of a replica and of whoever answers requests: the two seams that cloud, hub and scanner fill in.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, SignedBundle, Timestamp};
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::fork::ForkProof;
use usher_protocol::log::Run;
use usher_protocol::request::{Inquiry, Request, Response, Told};
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::trust::{Register, Trust};
use usher_protocol::{Origin, Seq};

use crate::changes::Changes;

/// How the world looks to a replica at a moment.
#[derive(Clone)]
pub struct Outlook {
    /// The wall clock.
    pub now: Timestamp,
    /// Our own clock, uncorrected by others'.
    pub clock: Timestamp,
    /// The trust in force.
    pub trust: Arc<Trust>,
    /// What the authority has said of devices.
    pub register: Arc<Register>,
    /// The newest assurance that we know of and that counts; the cloud makes it.
    pub assurance: Option<Assurance>,
    /// Forks of which nobody takes our written word.
    pub unheard_forks: Arc<Vec<ForkProof>>,
}

/// A durable replica of one event, as sessions use it.
///
/// Whatever [`SyncStore::store`] and its kin answer must be durable before they answer.
pub trait SyncStore: Send + Sync + 'static {
    /// Returns the event.
    fn event(&self) -> EventId;

    /// Returns our certificate.
    fn identity(&self) -> DeviceIdentity;

    /// Returns the log that we write ourselves.
    fn own_log(&self) -> Origin;

    /// Returns what is durably held of every log. Call it after [`SyncStore::changes`], so that nothing falls in between.
    fn held(&self) -> Vec<Held>;

    /// Returns what changes from now on.
    fn changes(&self) -> Changes;

    /// Returns how the world looks now.
    fn outlook(&self) -> Outlook;

    /// Loads the records of a log after that number, up to a head that is kept; `None` when they are not here.
    ///
    /// # Errors
    ///
    /// [`LoadError`], after which the session asks again.
    fn load(
        &self,
        origin: Origin,
        after: Seq,
    ) -> impl Future<Output = Result<Option<Arc<Run>>, LoadError>> + Send;

    /// Loads the newest checkpoint, if there is one.
    fn load_checkpoint(&self) -> impl Future<Output = Option<SignedCheckpoint>> + Send;

    /// Checks and stores a run; says where our copy then ends.
    fn store(&self, run: Run) -> impl Future<Output = Result<Held, NotStored>> + Send;

    /// Checks and stores a checkpoint, if it is of use here.
    fn store_checkpoint(&self, checkpoint: SignedCheckpoint) -> impl Future<Output = ()> + Send;

    /// Checks and stores a trust bundle, if it is newer.
    fn store_bundle(&self, bundle: SignedBundle) -> impl Future<Output = ()> + Send;

    /// Takes note of what a session tells.
    fn notice(&self, peer: PublicKey, notice: Notice) -> impl Future<Output = ()> + Send;
}

/// Answers the requests that peers make beside the session.
pub trait Responder: Send + Sync + 'static {
    /// Answers one request of a peer whose certificate was checked.
    fn respond(
        &self,
        peer: &Certificate,
        request: Request,
        progress: &Progress,
    ) -> impl Future<Output = Response> + Send;

    /// Takes note that a response is on its way. Whoever does not care leaves it at this.
    fn sent(&self, _peer: &Certificate, _response: &Response) {}

    /// Takes note that a peer's machine has the response.
    fn heard(&self, _peer: &Certificate, _response: &Response) {}

    /// Answers an inquiry of such a peer. Whoever has nothing to tell leaves it at this.
    fn answer(
        &self,
        _peer: &Certificate,
        _inquiry: Inquiry,
        _progress: &Progress,
    ) -> impl Future<Output = Told> + Send {
        async { Told::NotAllowed }
    }
}

/// What whoever waits for an answer is told meanwhile: that somebody else was asked. A peer that hangs by itself shows no sign
/// of life.
#[derive(Debug, Default)]
pub struct Progress {
    is_asking: AtomicBool,
}

impl Progress {
    /// Waits for somebody else's answer.
    pub async fn asking<T>(&self, answer: impl Future<Output = T>) -> T {
        self.is_asking.store(true, Ordering::Relaxed);
        let answer = answer.await;
        self.is_asking.store(false, Ordering::Relaxed);
        answer
    }

    /// Tells whether somebody else was asked and has not answered yet.
    pub fn is_asking(&self) -> bool {
        self.is_asking.load(Ordering::Relaxed)
    }
}
