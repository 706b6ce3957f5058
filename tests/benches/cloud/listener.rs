//! A hub that only listens: it has a log of one record, holds the ends of the others', believes what its session lets through, and says when it heard of a revocation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, SecretKey, SignedBundle, Timestamp};
use usher_link::{Announcer, Change, Changes, Outlook, Responder, SyncStore};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::record::{Body, Record};
use usher_protocol::request::{Request, RequestError, Response};
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::trust::Trust;
use usher_protocol::{Hlc, Origin, Seq, Unit};

/// A hub has heard that a ticket was revoked.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    /// The ticket's event.
    pub event: EventId,
    pub unit: Unit,
    pub at: Instant,
}

/// A hub that only listens.
pub struct Listener {
    identity: DeviceIdentity,
    /// Its own log.
    log: Run,
    trust: Arc<Trust>,
    changes: Announcer,
    /// Where each log ends.
    held: Mutex<BTreeMap<Origin, Held>>,
    heard: mpsc::Sender<Heard>,
}

impl Listener {
    /// Makes a hub that holds nothing but a log of its own.
    pub fn new(
        key: &SecretKey,
        identity: DeviceIdentity,
        trust: Arc<Trust>,
        heard: mpsc::Sender<Heard>,
    ) -> Self {
        let log = opened(key, identity.clone(), trust.event());
        let own = Held::from(log.head.clone());
        Self {
            identity,
            log,
            trust,
            changes: Announcer::default(),
            held: Mutex::new(BTreeMap::from([(own.origin, own)])),
            heard,
        }
    }

    /// Counts the logs it holds.
    pub fn log_count(&self) -> usize {
        self.logs().len()
    }

    fn logs(&self) -> MutexGuard<'_, BTreeMap<Origin, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the log of a hub that has only just come into being.
fn opened(key: &SecretKey, identity: DeviceIdentity, event: EventId) -> Run {
    let hlc = Hlc::default().tick(now());
    let body = Body::Opened { identity };
    let record = Record::new(hlc, body).to_bytes();
    let base = Tail::default();
    let tail = base.push(event, &key.public(), &record);
    Run {
        base,
        records: vec![record],
        head: Head::sign(event, tail, key),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl SyncStore for Listener {
    fn event(&self) -> EventId {
        self.trust.event()
    }

    fn identity(&self) -> DeviceIdentity {
        self.identity.clone()
    }

    fn own_log(&self) -> Origin {
        self.log.head.origin
    }

    fn held(&self) -> Vec<Held> {
        self.logs().values().cloned().collect()
    }

    fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    fn outlook(&self) -> Outlook {
        Outlook {
            now: now(),
            clock: now(),
            trust: Arc::clone(&self.trust),
            register: Arc::default(),
            assurance: None,
            unheard_forks: Arc::default(),
        }
    }

    async fn load(&self, origin: Origin, after: Seq) -> Result<Option<Arc<Run>>, LoadError> {
        Ok(
            (origin == self.log.head.origin && after == self.log.base.seq)
                .then(|| Arc::new(self.log.clone())),
        )
    }

    async fn load_checkpoint(&self) -> Option<SignedCheckpoint> {
        None
    }

    async fn store(&self, run: Run) -> Result<Held, NotStored> {
        let at = Instant::now();
        let ours = self
            .logs()
            .get(&run.head.origin)
            .map_or(0, |held| held.tail.seq.0);
        // A run whose acknowledgement was late is sent again.
        let known = usize::try_from(ours.saturating_sub(run.base.seq.0)).unwrap_or(usize::MAX);
        for record in run.records.iter().skip(known) {
            if let Ok(Record {
                body: Body::Revoked { unit, .. },
                ..
            }) = Record::from_bytes(record)
            {
                let heard = Heard {
                    event: self.event(),
                    unit,
                    at,
                };
                // An error means that the bench is over.
                let _ = self.heard.send(heard).await;
            }
        }
        let held = Held::from(run.head);
        if held.tail.seq.0 > ours {
            self.logs().insert(held.origin, held.clone());
        }
        Ok(held)
    }

    async fn store_checkpoint(&self, checkpoint: SignedCheckpoint) {
        let Ok(checkpoint) = checkpoint.verify(&self.trust) else {
            return;
        };
        for held in checkpoint.covered.into_iter().map(Held::from) {
            self.logs().insert(held.origin, held.clone());
            self.changes.announce(Change::Grew(held));
        }
    }

    async fn store_bundle(&self, _bundle: SignedBundle) {}

    async fn notice(&self, _peer: PublicKey, _notice: Notice) {}
}

/// Answers nothing: nobody asks.
pub struct NoAnswers;

impl Responder for NoAnswers {
    async fn respond(
        &self,
        _peer: &Certificate,
        _request: Request,
        _progress: &usher_link::Progress,
    ) -> Response {
        Err(RequestError::NotAllowed)
    }
}
