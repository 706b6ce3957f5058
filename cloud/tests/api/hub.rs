//! A hub as small as it can be: it enrols, holds the logs in memory, lets people in without asking, and links.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use usher_cloud::clock::Clock;
use usher_keys::{
    Certificate, DeviceIdentity, EnrolmentCode, EnrolmentRequest, EventId, PublicKey, SealedGrant, SecretKey,
    SignedBundle, Timestamp,
};
use usher_link::{Announcer, Change, Changes, Endpoint, Outlook, Responder, SessionEnd, SyncStore, drive};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::ledger::{Entry, Ledger};
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::record::{Body, ShownPassage};
use usher_protocol::request::{Request, RequestError, Response};
use usher_protocol::state::State;
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::ticket::Rejection;
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Origin, ScanId, Seq, ZoneId};

use super::client::Cloud;
use super::patience::within_patience;

/// The gate that the usual event has, and the zone behind it.
const GATE: GateId = GateId(1);
const ZONE: ZoneId = ZoneId(1);

pub struct Hub {
    key: SecretKey,
    clock: Clock,
    /// How far the clock that it tells of is ahead of the right one.
    ahead_ms: AtomicU64,
    changes: Announcer,
    stored: Mutex<Stored>,
}

struct Stored {
    ledger: Ledger,
    identity: DeviceIdentity,
    entries: BTreeMap<Origin, Vec<Entry>>,
    heads: BTreeMap<Origin, BTreeMap<Seq, Head>>,
    scans: u8,
}

impl Hub {
    /// Enrols with a code and pins what it says.
    pub async fn enrol(cloud: &Cloud, code: &str, seed: u8) -> Arc<Self> {
        let key = SecretKey::from_seed(&[seed; 32]);
        let code: EnrolmentCode = code.parse().unwrap();
        let request = EnrolmentRequest::new(&code, format!("Hub {seed}"), &key).unwrap();
        let answer = cloud
            .post("/v1/enrolments", &serde_json::to_value(request).unwrap())
            .await
            .ok(200);
        let sealed: SealedGrant = serde_json::from_value(answer).unwrap();
        let clock = Clock::Manual(cloud.clock.clone());
        let (grant, _) = sealed.verify(&code, &key.public(), clock.now()).unwrap();
        let trust = Arc::new(Trust::pin(code.roots(), grant.bundle).unwrap());
        let ledger = Ledger::new(key.public(), Some(grant.identity.clone()), trust);
        Arc::new(Self {
            key,
            clock,
            ahead_ms: AtomicU64::new(0),
            changes: Announcer::default(),
            stored: Mutex::new(Stored::founded(ledger, grant.identity)),
        })
    }

    /// Makes a copy of its disk, from before it had heard or written anything.
    pub fn copy_as_enrolled(&self) -> Arc<Self> {
        let (key, stored) = (self.key.clone(), self.stored());
        let (identity, trust) = (stored.identity.clone(), Arc::clone(stored.ledger.trust()));
        let ledger = Ledger::new(key.public(), Some(identity.clone()), trust);
        Arc::new(Self {
            key,
            clock: self.clock.clone(),
            ahead_ms: AtomicU64::new(0),
            changes: Announcer::default(),
            stored: Mutex::new(Stored::founded(ledger, identity)),
        })
    }

    pub fn certificate_until(&self) -> Timestamp {
        self.stored().identity.unverified().window.until
    }

    /// Has the clock that it tells of be ahead of the right one from now on.
    pub fn set_ahead_ms(&self, ms: u64) {
        self.ahead_ms.store(ms, Ordering::SeqCst);
    }

    pub fn device(&self) -> PublicKey {
        self.key.public()
    }

    /// Links to the cloud and syncs until told to leave.
    pub async fn link(self: &Arc<Self>, cloud: &Cloud) -> Link {
        self.link_about(cloud, self.event()).await
    }

    /// Links to the cloud and names an event, its own or not.
    pub async fn link_about(self: &Arc<Self>, cloud: &Cloud, event: EventId) -> Link {
        let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap(), &self.key).unwrap();
        let uplink = cloud.server.listening().uplink.unwrap();
        let connection = endpoint.connect(uplink, event).await.unwrap();
        let leave = CancellationToken::new();
        let mut task = JoinSet::new();
        let (hub, cancel) = (Arc::clone(self), leave.clone());
        task.spawn(async move {
            let end = drive(connection, hub, Arc::new(NoAnswers), |_| {}, cancel).await;
            endpoint.close().await;
            end
        });
        Link { leave, task }
    }

    /// Reads a code as a gate does at a moment, and gives the generation of its ticket.
    pub fn verify(&self, code: &str, now: Timestamp) -> Result<u32, Rejection> {
        let stored = self.stored();
        let read = stored.ledger.trust().keyring().verify_text(code.as_bytes(), now);
        read.map(|verified| verified.ticket().generation.0)
    }

    /// Lets the people of a ticket in, whatever is known of it.
    pub fn admit(&self, payload: &str) {
        let mut stored = self.stored();
        let verified = stored
            .ledger
            .trust()
            .keyring()
            .verify_text(payload.as_bytes(), self.clock.now())
            .unwrap();
        stored.scans += 1;
        let mut scan = [0; 16];
        scan[..2].copy_from_slice(&[stored.scans, self.device().0[0]]);
        let passage = ShownPassage {
            scan: ScanId(scan),
            code: verified.code().to_owned(),
            persons: 1,
            gate: GATE,
            zone: ZONE,
            at: self.clock.now(),
            counterparts: Vec::new(),
        };
        let mut entries = stored.ledger.write_due_records(self.clock.now());
        entries.push(stored.ledger.write(Body::Admitted(passage), self.clock.now()));
        for entry in entries {
            stored.entries.entry(entry.origin).or_default().push(entry);
        }
        let head = stored.ledger.seal(&self.key).unwrap();
        stored
            .heads
            .entry(head.origin)
            .or_default()
            .insert(head.tail.seq, head.clone());
        drop(stored);
        self.announce(Change::Grew(head.into()));
    }

    /// Waits until the state is as wanted.
    pub async fn until(&self, condition: impl Fn(&State) -> bool) {
        let mut changes = self.changes.subscribe();
        within_patience("a state of the hub", async {
            while !condition(self.stored().ledger.state()) {
                // Lagging behind is as good a reason to look again.
                changes.next(Instant::now()).await;
            }
        })
        .await;
    }

    /// Waits until a version of the trust bundle is here.
    pub async fn believes(&self, version: u64) {
        let mut changes = self.changes.subscribe();
        within_patience("a trust bundle", async {
            while self.stored().ledger.trust().bundle().version < version {
                changes.next(Instant::now()).await;
            }
        })
        .await;
    }

    pub fn digest(&self) -> [u8; 32] {
        self.stored().ledger.state().digest()
    }

    fn announce(&self, change: Change) {
        self.changes.announce(change);
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap()
    }
}

impl Stored {
    /// What is there after the enrolment.
    fn founded(ledger: Ledger, identity: DeviceIdentity) -> Self {
        Self {
            ledger,
            identity,
            entries: BTreeMap::new(),
            heads: BTreeMap::new(),
            scans: 0,
        }
    }

    fn run(&self, origin: Origin, after: Seq) -> Option<Run> {
        let entries = self.entries.get(&origin)?;
        let (_, head) = self.heads.get(&origin)?.last_key_value()?;
        let skipped = usize::try_from(after.0).ok()?;
        let base = skipped
            .checked_sub(1)
            .map_or(Tail::default(), |last| entries[last].tail);
        let records = entries
            .get(skipped..)?
            .iter()
            .map(|entry| entry.bytes.clone())
            .collect();
        Some(Run {
            base,
            records,
            head: head.clone(),
        })
    }
}

/// A link that lasts until it is told to leave or dropped.
pub struct Link {
    leave: CancellationToken,
    task: JoinSet<SessionEnd>,
}

impl Link {
    /// Waits for the end of the link.
    pub async fn ends(mut self) -> SessionEnd {
        self.task.join_next().await.unwrap().unwrap()
    }

    /// Ends the link.
    pub async fn leave(self) -> SessionEnd {
        self.leave.cancel();
        self.ends().await
    }
}

impl SyncStore for Hub {
    fn event(&self) -> EventId {
        self.stored().ledger.event()
    }

    fn identity(&self) -> DeviceIdentity {
        self.stored().identity.clone()
    }

    fn own_log(&self) -> Origin {
        self.device()
    }

    fn held(&self) -> Vec<Held> {
        self.stored().ledger.heads().into_iter().map(Held::from).collect()
    }

    fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    fn outlook(&self) -> Outlook {
        let stored = self.stored();
        Outlook {
            now: self.clock.now(),
            clock: self.clock.now().plus_ms(self.ahead_ms.load(Ordering::SeqCst)),
            trust: Arc::clone(stored.ledger.trust()),
            register: stored.ledger.state().register(),
            assurance: None,
            unheard_forks: Arc::default(),
        }
    }

    async fn load(&self, origin: Origin, after: Seq) -> Result<Option<Arc<Run>>, LoadError> {
        Ok(self.stored().run(origin, after).map(Arc::new))
    }

    async fn load_checkpoint(&self) -> Option<SignedCheckpoint> {
        None
    }

    async fn store(&self, run: Run) -> Result<Held, NotStored> {
        let mut stored = self.stored();
        let accepted = stored.ledger.accept(&run, None, self.clock.now())?;
        stored
            .entries
            .entry(run.head.origin)
            .or_default()
            .extend(accepted.entries);
        let heads = stored.heads.entry(run.head.origin).or_default();
        heads.extend(accepted.head.map(|head| (head.tail.seq, head)));
        let held = Held::from(heads.last_key_value().unwrap().1.clone());
        drop(stored);
        self.announce(Change::Grew(held.clone()));
        Ok(held)
    }

    async fn store_checkpoint(&self, _checkpoint: SignedCheckpoint) {}

    async fn store_bundle(&self, bundle: SignedBundle) {
        if self.stored().ledger.renew_trust(bundle).is_ok() {
            self.announce(Change::Trust);
        }
    }

    async fn notice(&self, _peer: PublicKey, _notice: Notice) {}
}

struct NoAnswers;

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
