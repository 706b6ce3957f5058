//! A replica in memory: the ledger, its records and heads; it forgets everything, which is all that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use usher_keys::{DeviceIdentity, EventId, PublicKey, SecretKey, SignedBundle, Timestamp};
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::ledger::{Entry, Ledger};
use usher_protocol::log::{Head, MAX_RUN_BYTES, MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::record::Body;
use usher_protocol::sync::{Held, LoadError, NotStored, Notice};
use usher_protocol::trust::Register;
use usher_protocol::{Origin, Seq};

use crate::changes::{Announcer, Change, Changes};
use crate::sync_store::{Outlook, SyncStore};

pub(super) struct Memory {
    writer: SecretKey,
    identity: DeviceIdentity,
    event: EventId,
    /// Guards everything that changes.
    stored: Mutex<Stored>,
    changes: Announcer,
}

struct Stored {
    ledger: Ledger,
    entries: BTreeMap<Origin, Vec<Entry>>,
    heads: BTreeMap<Origin, BTreeMap<Seq, Head>>,
    checkpoint: Option<SignedCheckpoint>,
    register: Arc<Register>,
    notices: Vec<(PublicKey, Notice)>,
}

impl Memory {
    /// Makes a replica whose own log is written with `writer`.
    pub(super) fn new(ledger: Ledger, writer: SecretKey, identity: DeviceIdentity) -> Arc<Self> {
        let memory = Self {
            writer,
            identity,
            event: ledger.event(),
            stored: Mutex::new(Stored {
                ledger,
                entries: BTreeMap::new(),
                heads: BTreeMap::new(),
                checkpoint: None,
                register: Arc::default(),
                notices: Vec::new(),
            }),
            changes: Announcer::default(),
        };
        let mut stored = memory.stored();
        for entry in stored.ledger.write_due_records(now()) {
            stored.keep(entry);
        }
        stored.seal(&memory.writer);
        drop(stored);
        Arc::new(memory)
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap()
    }

    /// Writes and seals records, one group commit.
    pub(super) fn write(&self, bodies: impl IntoIterator<Item = Body>) {
        let mut stored = self.stored();
        for body in bodies {
            let entry = stored.ledger.write(body, now());
            stored.keep(entry);
        }
        if let Some(head) = stored.seal(&self.writer) {
            self.changes.grew(head.into(), stored.ledger.trust());
        }
    }

    pub(super) fn me(&self) -> Origin {
        self.writer.public()
    }

    pub(super) fn seq(&self, origin: Origin) -> Seq {
        self.stored().ledger.tail(&origin).seq
    }

    pub(super) fn has_logs_of(&self, origins: &[Origin]) -> bool {
        let vector = self.stored().ledger.vector();
        vector.keys().copied().collect::<BTreeSet<_>>() == origins.iter().copied().collect()
    }

    /// Waits until this replica holds as much of a log as another does.
    pub(super) async fn catches_up(&self, other: &Self, origin: Origin) {
        let wanted = other.stored().ledger.tail(&origin);
        self.until(|ledger| ledger.tail(&origin) == wanted).await;
    }

    pub(super) async fn until(&self, condition: impl Fn(&Ledger) -> bool) {
        let mut changes = self.changes.subscribe();
        while !condition(&self.stored().ledger) {
            // Lagging behind is as good a reason to look again.
            changes.next(Instant::now()).await;
        }
    }

    /// Sums the present state up, signed by our own log's key, which must be an authority's.
    pub(super) fn make_checkpoint(&self) {
        let mut stored = self.stored();
        let (state, trust) = (stored.ledger.state(), stored.ledger.trust());
        let checkpoint = Checkpoint::of(state, trust, stored.ledger.heads(), now());
        stored.checkpoint = Some(checkpoint.sign(&self.writer));
    }

    pub(super) fn records_kept(&self, origin: Origin) -> usize {
        self.stored().entries.get(&origin).map_or(0, Vec::len)
    }

    /// Hands that on as the newest checkpoint, whatever it says.
    pub(super) fn keep_checkpoint(&self, checkpoint: SignedCheckpoint) {
        self.stored().checkpoint = Some(checkpoint);
    }

    pub(super) fn revoke(&self, device: PublicKey) {
        let register = Register {
            revoked: BTreeMap::from([(device, Seq(0))]),
            ..Register::default()
        };
        self.stored().register = Arc::new(register);
        self.announce(Change::Trust);
    }

    pub(super) fn notices(&self) -> Vec<(PublicKey, Notice)> {
        self.stored().notices.clone()
    }

    fn announce(&self, change: Change) {
        self.changes.announce(change);
    }
}

impl Stored {
    fn keep(&mut self, entry: Entry) {
        self.entries.entry(entry.origin).or_default().push(entry);
    }

    fn keep_head(&mut self, head: Head) {
        self.heads
            .entry(head.origin)
            .or_default()
            .insert(head.tail.seq, head);
    }

    fn seal(&mut self, key: &SecretKey) -> Option<Head> {
        let head = self.ledger.seal(key)?;
        self.keep_head(head.clone());
        Some(head)
    }

    fn run(&self, origin: Origin, after: Seq) -> Option<Run> {
        let entries = self.entries.get(&origin)?;
        let first = entries.first()?.tail.seq.0;
        let skipped = usize::try_from((after.0 + 1).checked_sub(first)?).ok()?;
        let base = match skipped {
            0 if first == 1 => Tail::default(),
            0 => return None,
            some => entries.get(some - 1)?.tail,
        };
        let mut bytes = 0;
        let fitting = entries[skipped..]
            .iter()
            .take(MAX_RUN_RECORDS)
            .take_while(|entry| {
                bytes += entry.bytes.len();
                bytes <= MAX_RUN_BYTES
            });
        let last = fitting.last()?.tail.seq;
        let (_, head) = self.heads.get(&origin)?.range(after.next()..=last).next_back()?;
        let count = usize::try_from(head.tail.seq.0 - after.0).ok()?;
        let records = entries[skipped..skipped + count]
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

impl SyncStore for Memory {
    fn event(&self) -> EventId {
        self.event
    }

    fn identity(&self) -> DeviceIdentity {
        self.identity.clone()
    }

    fn own_log(&self) -> Origin {
        self.me()
    }

    fn held(&self) -> Vec<Held> {
        let stored = self.stored();
        let heads: BTreeMap<_, _> = stored
            .ledger
            .heads()
            .into_iter()
            .map(|head| (head.origin, head))
            .collect();
        let tails = stored.ledger.tails().into_iter();
        tails
            .map(|(origin, tail)| match heads.get(&origin) {
                Some(head) => head.clone().into(),
                None => Held {
                    origin,
                    tail,
                    signature: None,
                },
            })
            .collect()
    }

    fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    fn outlook(&self) -> Outlook {
        let stored = self.stored();
        Outlook {
            now: now(),
            clock: now(),
            trust: Arc::clone(stored.ledger.trust()),
            register: Arc::clone(&stored.register),
            assurance: None,
            unheard_forks: Arc::default(),
        }
    }

    async fn load(&self, origin: Origin, after: Seq) -> Result<Option<Arc<Run>>, LoadError> {
        Ok(self.stored().run(origin, after).map(Arc::new))
    }

    async fn load_checkpoint(&self) -> Option<SignedCheckpoint> {
        self.stored().checkpoint.clone()
    }

    async fn store(&self, run: Run) -> Result<Held, NotStored> {
        let origin = run.head.origin;
        let mut stored = self.stored();
        let accepted = stored.ledger.accept(&run, None, now())?;
        for entry in accepted.entries {
            stored.keep(entry);
        }
        if let Some(head) = accepted.head {
            stored.keep_head(head.clone());
            self.changes.grew(head.into(), stored.ledger.trust());
        }
        let held = stored
            .ledger
            .heads()
            .into_iter()
            .find(|head| head.origin == origin);
        Ok(held.expect("a run was accepted").into())
    }

    async fn store_checkpoint(&self, checkpoint: SignedCheckpoint) {
        let mut stored = self.stored();
        if stored.ledger.adopt(&checkpoint).is_ok() {
            stored.checkpoint = Some(checkpoint);
        }
    }

    async fn store_bundle(&self, bundle: SignedBundle) {
        if self.stored().ledger.renew_trust(bundle).is_ok() {
            self.announce(Change::Trust);
        }
    }

    async fn notice(&self, peer: PublicKey, notice: Notice) {
        self.stored().notices.push((peer, notice));
    }
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}
