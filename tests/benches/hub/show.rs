//! The event the hubs of the bench are at: keys, bundle, authority log, tickets and devices' folders, made here and not by a cloud, which would take minutes.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{Replica, StoredEnrolment};
use usher_fixtures::{gate, tier};
use usher_keys::pem;
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, PublicKey, Role, RootSet, SecretKey, SignedBundle,
    Timestamp, TrustBundle, TrustedKey, Window,
};
use usher_protocol::admission::Direction;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::Run;
use usher_protocol::policy::{Offline, Policy};
use usher_protocol::record::{Body, ShownPassage};
use usher_protocol::request::Scan;
use usher_protocol::ticket::{Payload, Ticket};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, ScanId, Seq, TierId, Unit, ZoneId};

/// The event.
pub const EVENT: EventId = EventId(*b"a measured event");
/// The gate everybody comes in by.
pub const GATE: GateId = GateId(1);
/// Records in one run: below the limit of a run in number and bytes.
const RECORDS_PER_RUN: usize = 1_000;
const AN_HOUR_MS: i64 = 60 * 60 * 1000;

const TIER: TierId = TierId(1);
const ZONE: ZoneId = ZoneId(1);
const ROOT: u16 = 1;
const TICKETS: u16 = 2;
const AUTHORITY: u16 = 3;
const ISSUING: u16 = 4;

/// Makes the key of a number; devices have those from 100.
pub fn key(number: u16) -> SecretKey {
    let mut seed = [0x5a; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SecretKey::from_seed(&seed)
}

/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Returns the time.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// An event.
pub struct Show {
    bundle: SignedBundle,
    log: Vec<Run>,
}

impl Show {
    /// Makes an event whose units these hubs share, and has the first so many units' tickets revoked.
    pub fn new(hubs: &[u16], revoked: u32) -> anyhow::Result<Self> {
        let bundle = bundle();
        let trust = trust(&bundle)?;
        let policy = Body::Policy {
            version: 1,
            policy: policy(),
        };
        let hubs = hubs.iter().map(|number| key(*number).public()).collect();
        let roster = Body::Roster { epoch: 1, hubs };
        let revocations = (0..revoked).map(|unit| Body::Revoked {
            unit: Unit(unit),
            generation: Generation(1),
        });
        let bodies = [policy, roster].into_iter().chain(revocations);
        let ledger = Ledger::new(key(AUTHORITY).public(), None, Arc::new(trust));
        let log = runs(ledger, &key(AUTHORITY), bodies, an_hour_ago().now());
        Ok(Self { bundle, log })
    }

    /// Returns the trust in force.
    pub fn trust(&self) -> anyhow::Result<Arc<Trust>> {
        Ok(Arc::new(trust(&self.bundle)?))
    }

    /// Makes a device's folder as an enrolment would, with the authority's log in it, and has it admit with tickets of these
    /// units an hour ago.
    pub async fn enrol(
        &self,
        (number, role): (u16, Role),
        folder: &Path,
        units: Range<u32>,
    ) -> anyhow::Result<()> {
        let directory = DataDirectory::at(folder);
        directory.create()?;
        pem::write_secret(&directory.key_path(), &key(number), None, &[0; pem::RNG_BYTES])?;
        let enrolment = StoredEnrolment {
            identity: identity(number, role),
            roots: RootSet::single(key(ROOT).public()),
            bundle: self.bundle.clone(),
            uplink: Vec::new(),
        };
        Replica::found(&directory.replica_path(), &enrolment)?;
        let replica = directory.open_replica(an_hour_ago())?;
        for run in &self.log {
            let stored = usher_link::SyncStore::store(&replica, run.clone()).await;
            stored.context("storing the authority's log")?;
        }
        let passages = units.map(|unit| passage((unit, TIER), &key(TICKETS)));
        admit_earlier(&replica, &key(number), passages).await?;
        replica.close().await;
        Ok(())
    }
}

/// Makes the certificate of a device.
pub fn identity(number: u16, role: Role) -> DeviceIdentity {
    let certificate = Certificate {
        event: EVENT,
        device: key(number).public(),
        role,
        name: format!("{role:?} {number}"),
        gates: Vec::new(),
        capabilities: Capabilities {
            enrol_scanners: role == Role::Hub,
            override_refusals: false,
        },
        window: Window {
            from: Timestamp(0),
            // A hub whose certificate has no end enrols no scanner without being told for how long. The same all day.
            until: Timestamp((now().0 / DAY_MS + 300) * DAY_MS),
        },
    };
    DeviceIdentity {
        certificate: certificate.sign(&key(ISSUING)),
        via: None,
    }
}

/// Makes the scan of a unit's ticket at the gate.
pub fn scan(unit: u32) -> Scan {
    Scan {
        id: scan_id(unit),
        code: payload((unit, TIER), &key(TICKETS)).to_text().into_bytes(),
        gate: GATE,
        direction: Direction::In,
        persons: 1,
    }
}

fn payload((unit, tier): (u32, TierId), tickets: &SecretKey) -> Payload {
    let ticket = Ticket {
        key: tickets.public().id(),
        ..usher_fixtures::ticket(unit, tier)
    };
    ticket.sign(tickets)
}

fn scan_id(unit: u32) -> ScanId {
    // As drawn by a scanner: no two begin alike.
    let hash = blake3::hash(&unit.to_le_bytes());
    ScanId(*hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
}

/// Returns a clock for what happened before a bench: a log's first record must not be younger than the next.
pub fn an_hour_ago() -> Clock {
    let clock = Clock::system();
    clock.shift_ms(-AN_HOUR_MS);
    clock
}

/// Makes the passage of one person with a unit's ticket that this key signed.
pub fn passage((unit, tier): (u32, TierId), tickets: &SecretKey) -> ShownPassage {
    ShownPassage {
        scan: scan_id(unit),
        code: payload((unit, tier), tickets).bytes().to_vec(),
        persons: 1,
        gate: GATE,
        zone: ZONE,
        at: Timestamp(0),
        counterparts: Vec::new(),
    }
}

/// Has a device that is not running write passages into its log, as if it had let these people in an hour ago.
pub async fn admit_earlier(
    replica: &Replica,
    key: &SecretKey,
    passages: impl Iterator<Item = ShownPassage>,
) -> anyhow::Result<()> {
    let earlier = an_hour_ago().now();
    let trust = Arc::clone(&replica.snapshot().trust);
    let mut ledger = Ledger::new(
        key.public(),
        Some(replica.device_identity().as_ref().clone()),
        trust,
    );
    // Its own opening comes before anything it is asked.
    replica.inspect(|_| ()).await?;
    let opening = usher_link::SyncStore::load(replica, key.public(), Seq(0)).await?;
    let opening = opening.context("a device opens its log itself")?;
    ledger.accept(&opening, None, earlier)?;
    for run in runs(ledger, key, passages.map(Body::Admitted), earlier) {
        let stored = usher_link::SyncStore::store(replica, run).await;
        stored.context("storing earlier passages")?;
    }
    Ok(())
}

fn runs(mut ledger: Ledger, key: &SecretKey, bodies: impl Iterator<Item = Body>, at: Timestamp) -> Vec<Run> {
    let (mut runs, mut records) = (Vec::new(), Vec::new());
    let mut base = ledger.tail(&key.public());
    let mut bodies = bodies.peekable();
    while let Some(body) = bodies.next() {
        records.push(ledger.write(body, at).bytes);
        if records.len() < RECORDS_PER_RUN && bodies.peek().is_some() {
            continue;
        }
        if let Some(head) = ledger.seal(key) {
            let next_base = head.tail;
            let records = std::mem::take(&mut records);
            runs.push(Run { base, records, head });
            base = next_base;
        }
    }
    runs
}

fn trust(bundle: &SignedBundle) -> anyhow::Result<Trust> {
    Ok(Trust::pin(&RootSet::single(key(ROOT).public()), bundle.clone())?)
}

fn bundle() -> SignedBundle {
    let trusted = |number| vec![TrustedKey::active(public(number), Window::ALWAYS)];
    let bundle = TrustBundle {
        event: EVENT,
        version: 1,
        roots: RootSet::single(public(ROOT)),
        ticket_keys: trusted(TICKETS),
        authority_keys: trusted(AUTHORITY),
        issuing_keys: trusted(ISSUING),
    };
    bundle.sign(&[&key(ROOT)])
}

fn public(number: u16) -> PublicKey {
    key(number).public()
}

fn policy() -> Policy {
    Policy {
        name: "Measured".to_owned(),
        utc_offset_minutes: 0,
        gates: vec![gate(GATE, "North", ZONE.0)],
        tiers: vec![tier(TIER, "Regular", Offline::Strict)],
        ..usher_fixtures::policy()
    }
}
