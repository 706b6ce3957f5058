//! What the driver needs of a replica and of whoever answers requests: the two seams that cloud, hub and scanner fill in.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, SignedBundle, Timestamp};
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::correction::{CorrectionOutcome, PinnedCorrection};
use usher_protocol::fork::ForkProof;
use usher_protocol::log::Run;
use usher_protocol::request::{Inquiry, Request, RequestError, Response, Told};
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::trust::{Register, Trust};
use usher_protocol::{Origin, Seq};

use crate::changes::Changes;
use crate::connection::Pending;

/// How the world looks to a replica at a moment.
#[derive(Clone)]
pub struct Outlook {
    /// The wall clock.
    pub now: Timestamp,
    /// Our own clock, not corrected by others.
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

    /// Takes note that the response was heard: by the peer's machine, or by whoever the peer asked on behalf of. Whoever does not
    /// care leaves it at this.
    fn heard(&self, _peer: &Certificate, _response: &Response) {}

    /// Takes note that the peer wanted the response no more when it came. Whoever does not care leaves it at this.
    fn given_up(&self, _peer: &Certificate, _response: &Response) {}

    /// Answers an inquiry of such a peer. Whoever has nothing to tell leaves it at this.
    fn answer(
        &self,
        _peer: &Certificate,
        _inquiry: Inquiry,
        _progress: &Progress,
    ) -> impl Future<Output = Told> + Send {
        async { Told::NotAllowed }
    }

    /// Corrects what was written for such a peer, by a supervisor's PIN. Whoever knows no supervisors leaves it at this.
    fn correct(
        &self,
        _peer: &Certificate,
        _pinned: PinnedCorrection,
        _progress: &Progress,
    ) -> impl Future<Output = Result<CorrectionOutcome, RequestError>> + Send {
        async { Err(RequestError::NotAllowed) }
    }
}

/// What stands between whoever waits for an answer and whoever else is asked for it: the former is told that somebody is asked (a
/// peer that hangs by itself shows no sign of life), the latter that the answer was heard.
#[derive(Default)]
pub struct Progress {
    is_asking: AtomicBool,
    /// Those whose word the answer is; never held across an await.
    answered_by: Mutex<Vec<Pending>>,
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

    /// Takes those whose word the answer is.
    pub(crate) fn answered_by(&self, answered: Vec<Pending>) {
        *self.locked() = answered;
    }

    /// Tells those whose word the answer is that it was heard. Whoever drops this without a word tells them that it was not.
    pub fn heard(&self) {
        std::mem::take(&mut *self.locked())
            .into_iter()
            .for_each(Pending::heard);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Pending>> {
        self.answered_by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
