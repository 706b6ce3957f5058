//! Scanners at the gates, held by the bench: real links and sessions, but a replica that only nods, because each scanner's own work is done on a machine of its own.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, Role, SignedBundle};
use usher_link::{Announcer, Changes, Connection, Endpoint, Opened, Outlook, Responder, SyncStore, drive};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::log::Run;
use usher_protocol::request::{Request, RequestError, Response};
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::trust::Trust;
use usher_protocol::{Origin, Seq};

use crate::show::{EVENT, Show, identity, key, now};

/// The number of the first scanner's key.
const FIRST_SCANNER: u16 = 1_000;

/// Scanners that are linked to a hub; dropped, they are gone.
pub struct Crowd {
    /// Their connections, to ask over.
    pub connections: Vec<Connection>,
    heard: Arc<Heard>,
    _endpoints: Vec<Endpoint>,
    _sessions: JoinSet<()>,
}

/// What all scanners were sent.
#[derive(Debug, Default)]
struct Heard {
    runs: AtomicU64,
    records: AtomicU64,
}

impl Crowd {
    /// Links so many scanners to a hub.
    pub async fn gather(show: &Show, hub: SocketAddr, count: u16) -> anyhow::Result<Self> {
        let (trust, heard) = (show.trust()?, Arc::<Heard>::default());
        let (mut connections, mut endpoints, mut sessions) = (Vec::new(), Vec::new(), JoinSet::new());
        for number in FIRST_SCANNER..FIRST_SCANNER + count {
            let endpoint = Endpoint::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), &key(number))?;
            let connection = endpoint.connect(hub, EVENT).await?;
            let replica = Arc::new(Nodding::new(number, Arc::clone(&trust), Arc::clone(&heard)));
            let (open, opened) = oneshot::channel();
            sessions.spawn(async move {
                let opened = |opened: Opened| drop(open.send(opened.connection));
                drive(
                    connection,
                    replica,
                    Arc::new(Mute),
                    opened,
                    CancellationToken::new(),
                )
                .await;
            });
            connections.push(opened.await.context("a hub refused a scanner")?);
            endpoints.push(endpoint);
        }
        Ok(Self {
            connections,
            heard,
            _endpoints: endpoints,
            _sessions: sessions,
        })
    }

    /// Returns how many runs all of them were sent together, and how many records were in them.
    pub fn heard(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.heard.runs), read(&self.heard.records))
    }
}

/// Says that it holds whatever it is sent.
struct Nodding {
    identity: DeviceIdentity,
    trust: Arc<Trust>,
    heard: Arc<Heard>,
    /// Guards what it says it holds; never held across an await.
    held: Mutex<BTreeMap<Origin, Held>>,
    changes: Announcer,
}

impl Nodding {
    fn new(number: u16, trust: Arc<Trust>, heard: Arc<Heard>) -> Self {
        Self {
            identity: identity(number, Role::Scanner),
            trust,
            heard,
            held: Mutex::default(),
            changes: Announcer::default(),
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Origin, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SyncStore for Nodding {
    fn event(&self) -> EventId {
        EVENT
    }

    fn identity(&self) -> DeviceIdentity {
        self.identity.clone()
    }

    fn own_log(&self) -> Origin {
        self.identity.unverified().device
    }

    fn held(&self) -> Vec<Held> {
        self.locked().values().cloned().collect()
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

    async fn load(&self, _origin: Origin, _after: Seq) -> Result<Option<Arc<Run>>, LoadError> {
        Ok(None)
    }

    async fn load_checkpoint(&self) -> Option<SignedCheckpoint> {
        None
    }

    async fn store(&self, run: Run) -> Result<Held, NotStored> {
        self.heard.runs.fetch_add(1, Ordering::Relaxed);
        self.heard
            .records
            .fetch_add(run.records.len() as u64, Ordering::Relaxed);
        let held = Held::from(run.head);
        self.locked().insert(held.origin, held.clone());
        Ok(held)
    }

    async fn store_checkpoint(&self, _checkpoint: SignedCheckpoint) {}

    async fn store_bundle(&self, _bundle: SignedBundle) {}

    async fn notice(&self, _peer: PublicKey, _notice: Notice) {}
}

/// A scanner answers nobody's requests.
struct Mute;

impl Responder for Mute {
    async fn respond(
        &self,
        _peer: &Certificate,
        _request: Request,
        _progress: &usher_link::Progress,
    ) -> Response {
        Err(RequestError::NotAllowed)
    }
}
