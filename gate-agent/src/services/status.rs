//! What people are shown of a hub: links, freshness, counts, incidents, in numbers and words; pages and formats are the HTTP side's.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Mutex;
use usher_device::replica::{FiguresNow, Replica, ReplicaError};
use usher_keys::{PublicKey, Role, Timestamp};
use usher_protocol::admission::RefusalKind;
use usher_protocol::clock::ClockHealth;
use usher_protocol::ledger::Ledger;
use usher_protocol::policy::{Policy, Zone};
use usher_protocol::state::{Counts, Incident};
use usher_protocol::{GateId, ZoneId};
use usher_words::gate::{self, Phrasebook};

use super::certificates::{self, CertificateLine, ScannerFacts};
use super::devices::{self, DeviceFacts, DeviceLine};
use super::{Services, warnings};
use crate::links::{DialFacts, LinkFacts, LinkSide};

/// How long a look at the ledger serves: pages ask each second, and the writer has people to let in.
const VIEW_AGE: Duration = Duration::from_millis(900);
/// How long the list of incidents serves: finding them goes through every unit used more than once.
const INCIDENTS_AGE: Duration = Duration::from_secs(4);
/// Most incidents listed: a screenful of scrolling; all of them are in the export.
pub const MAX_INCIDENTS: usize = 100;

/// What is seen in the ledger.
#[derive(Debug, Clone, Default)]
pub struct LedgerView {
    /// The event's totals, over all hubs as far as they are known here.
    pub counts: Counts,
    /// People in each zone.
    pub occupancy: BTreeMap<ZoneId, i64>,
    /// People who went into each zone within the slot of time that runs.
    pub arrivals: BTreeMap<ZoneId, i64>,
    /// Records of all logs.
    pub records: u64,
    pub logs: usize,
    /// Scanners, with the ends of their certificates.
    pub scanners: BTreeMap<PublicKey, ScannerFacts>,
    /// Every device, as the logs know it.
    pub devices: BTreeMap<PublicKey, DeviceFacts>,
    /// The version of the policy in force.
    pub policy_version: Option<u32>,
}

impl LedgerView {
    fn of(ledger: &Ledger, hub: PublicKey, now: Timestamp) -> Self {
        let state = ledger.state();
        let zones = state
            .policy()
            .map(|(_, policy)| policy.zones.as_slice())
            .unwrap_or_default();
        let vector = ledger.vector();
        Self {
            counts: state.counts().clone(),
            occupancy: zones
                .iter()
                .map(|zone| (zone.id, state.occupancy(zone.id)))
                .collect(),
            arrivals: zones
                .iter()
                .map(|zone| (zone.id, state.arrivals(zone.id, now)))
                .collect(),
            records: vector.values().map(|seq| seq.0).sum(),
            logs: vector.len(),
            scanners: certificates::scanners(ledger, hub),
            devices: devices::known(ledger),
            policy_version: state.policy().map(|(version, _)| version),
        }
    }
}

/// Remembers the last look, so that many pages cost no more than one.
#[derive(Default)]
pub struct StatusBoard {
    /// Held while one page looks and the others wait for what it sees.
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    view: Option<(Instant, Arc<LedgerView>)>,
    incidents: Option<(Instant, Arc<Vec<Incident>>)>,
}

impl StatusBoard {
    async fn read(&self, replica: &Replica) -> Result<(Arc<LedgerView>, Arc<Vec<Incident>>), ReplicaError> {
        let mut seen = self.seen.lock().await;
        let view = match young(&seen.view, VIEW_AGE) {
            Some(view) => view,
            None => {
                let (hub, now) = (replica.me(), replica.clock().now());
                let view = replica.inspect(move |ledger| LedgerView::of(ledger, hub, now));
                Arc::new(view.await?)
            }
        };
        let incidents = match young(&seen.incidents, INCIDENTS_AGE) {
            Some(incidents) => incidents,
            None => Arc::new(find_incidents(replica).await?),
        };
        renew(&mut seen.view, &view);
        renew(&mut seen.incidents, &incidents);
        Ok((view, incidents))
    }
}

fn young<T>(seen: &Option<(Instant, Arc<T>)>, limit: Duration) -> Option<Arc<T>> {
    let (at, held) = seen.as_ref()?;
    (at.elapsed() < limit).then(|| Arc::clone(held))
}

/// Keeps what was just seen; what was kept before keeps its age.
fn renew<T>(seen: &mut Option<(Instant, Arc<T>)>, now: &Arc<T>) {
    if seen.as_ref().is_none_or(|(_, held)| !Arc::ptr_eq(held, now)) {
        *seen = Some((Instant::now(), Arc::clone(now)));
    }
}

/// Finds every incident, the newest first; that a device was copied or lies is always news.
async fn find_incidents(replica: &Replica) -> Result<Vec<Incident>, ReplicaError> {
    let mut found = replica.inspect(|ledger| ledger.state().incidents()).await?;
    found.sort_by_key(|incident| {
        Reverse(match incident {
            Incident::DoubleAdmission { second_at, .. } => *second_at,
            Incident::ExitTooMany { at, .. } => *at,
            Incident::Forked { .. } | Incident::FalseRecord { .. } => Timestamp::FOREVER,
        })
    });
    Ok(found)
}

/// A hub's status.
#[derive(Debug, Serialize)]
pub struct HubStatus {
    /// How people call the hub.
    pub name: String,
    /// Its key, which is its log's name.
    pub device: String,
    pub event: String,
    /// The event's name, once a policy is here.
    pub event_name: Option<String>,
    /// The version of the program that runs.
    pub version: &'static str,
    /// The versions of the trust bundle and of the policy in force.
    pub bundle_version: u64,
    pub policy_version: Option<u32>,
    /// When this was made, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Whether decisions can be made durable.
    pub storage_ok: bool,
    /// Whether this hub may judge: its certificate has not run out and it was not revoked.
    pub may_judge: bool,
    /// Up to when every authority record is here.
    pub fresh_as_of_ms: Option<u64>,
    /// The same in words.
    pub freshness: String,
    /// When this hub's certificate ends, in milliseconds since the Unix epoch.
    pub certificate_until_ms: u64,
    /// Certificates that end soon, have ended or were renewed: this hub's, and those of its scanners.
    pub certificates: Vec<CertificateLine>,
    /// That this machine's clock is wrong, in words.
    pub clock: Option<String>,
    /// How far it is ahead of the time that is gone by, in milliseconds; 0 when nothing is known to be wrong.
    pub clock_ahead_ms: i64,
    /// Whether nobody can tell which clock is right.
    pub clock_in_doubt: bool,
    /// What time it is here, and with how many others that was compared.
    pub clock_says: String,
    /// Whether phones are served.
    pub serves_phones: bool,
    /// What should not stay as it is, in words: first what is wrong with the hub's own log, which lets nobody in.
    pub warnings: Vec<String>,
    /// Addresses we keep dialling.
    pub dials: Vec<DialLine>,
    /// Links that stand.
    pub links: Vec<LinkLine>,
    /// Every device of the event, judged.
    pub devices: Vec<DeviceLine>,
    /// Hubs that were linked and are not.
    pub missing: Vec<MissingLine>,
    /// Gates of the event.
    pub gates: Vec<GateLine>,
    /// Zones of the event.
    pub zones: Vec<ZoneLine>,
    /// Scans that let nobody pass, in the whole event.
    pub refused: Vec<CountLine>,
    /// How the scans at this hub came out.
    pub here: BTreeMap<&'static str, u64>,
    /// Contradictions, the newest first.
    pub incidents: Vec<String>,
    /// How many there are in all.
    pub incidents_total: usize,
    /// Logs and their records.
    pub logs: usize,
    /// Records of all logs.
    pub records: u64,
    /// Figures of the replica's writer.
    pub figures: FigureLine,
}

/// An address we keep dialling.
#[derive(Debug, Serialize)]
pub struct DialLine {
    pub address: String,
    pub is_linked: bool,
    /// To whom, or why not.
    pub detail: String,
}

/// A link.
#[derive(Debug, Serialize)]
pub struct LinkLine {
    /// How people call the peer.
    pub name: String,
    pub role: Role,
    pub address: String,
    /// Whether we dialled.
    pub is_dialled: bool,
    /// Since when, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// The same in words.
    pub since: String,
}

/// A hub that is not heard.
#[derive(Debug, Serialize)]
pub struct MissingLine {
    /// How people call it.
    pub name: String,
    /// For how long, in words.
    pub words: String,
}

/// A gate.
#[derive(Debug, Serialize)]
pub struct GateLine {
    pub id: GateId,
    pub name: String,
    /// Persons let in.
    pub admitted: u64,
    /// Persons let out.
    pub exited: u64,
}

/// A zone.
#[derive(Debug, Serialize)]
pub struct ZoneLine {
    pub id: ZoneId,
    pub name: String,
    /// People in it.
    pub occupancy: i64,
    /// How many it holds.
    pub capacity: Option<u32>,
    /// How many went in within the slot of time that runs, if that is limited.
    pub slot: Option<TimeSlotLine>,
}

/// The slot of time that runs.
#[derive(Debug, Serialize)]
pub struct TimeSlotLine {
    /// People who went in.
    pub arrived: i64,
    /// How many may.
    pub persons: u32,
    /// When the next slot begins, in milliseconds since the Unix epoch.
    pub until_ms: u64,
    /// The same in words.
    pub words: String,
}

/// A count with its name.
#[derive(Debug, Serialize)]
pub struct CountLine {
    /// The short name.
    pub reason: &'static str,
    pub words: &'static str,
    pub count: u64,
}

/// Figures of the replica's writer.
#[derive(Debug, Serialize)]
pub struct FigureLine {
    /// Commits since the start.
    pub commits: u64,
    /// Time spent in them, in microseconds.
    pub commit_micros: u64,
    pub commit_failures: u64,
    /// Commands waiting for the writer.
    pub queue: usize,
}

impl From<FiguresNow> for FigureLine {
    fn from(figures: FiguresNow) -> Self {
        Self {
            commits: figures.commits,
            commit_micros: figures.commit_micros,
            commit_failures: figures.failures,
            queue: figures.queue,
        }
    }
}

impl HubStatus {
    /// Makes the status now.
    ///
    /// # Errors
    ///
    /// The replica is closed, or cannot be read.
    pub async fn of(services: &Services) -> Result<Self, ReplicaError> {
        let replica = &services.replica;
        let (view, incidents) = services.board.read(replica).await?;
        let (snapshot, now) = (replica.snapshot(), replica.clock().now());
        let phrasebook = snapshot.phrasebook(now);
        let (certificate, figures) = (replica.certificate(), replica.figures());
        let policy = snapshot.policy.as_deref();
        let links = services.links.facts();
        Ok(Self {
            name: certificate.name.clone(),
            device: certificate.device.to_string(),
            event: certificate.event.to_string(),
            event_name: policy.map(|policy| policy.name.clone()),
            version: env!("CARGO_PKG_VERSION"),
            bundle_version: snapshot.trust.bundle().version,
            policy_version: view.policy_version,
            now_ms: now.0,
            storage_ok: !figures.failing,
            may_judge: replica.may_judge(),
            fresh_as_of_ms: replica.fresh_as_of().map(|at| at.0),
            freshness: phrasebook.freshness(replica.fresh_as_of(), replica.cloud_heard()),
            certificate_until_ms: certificate.window.until.0,
            certificates: services
                .certificates
                .lines(replica, &view.scanners, &links, &phrasebook),
            clock: replica.clock_trouble(),
            clock_ahead_ms: replica.clock_health().ahead_ms(),
            clock_in_doubt: matches!(replica.clock_health(), ClockHealth::InDoubt(_)),
            clock_says: phrasebook.clock(replica.clock().compared()),
            serves_phones: services.door.is_some(),
            warnings: warnings::all(services),
            dials: dials(services, &links),
            links: links.into_iter().map(|link| link_line(link, now)).collect(),
            devices: devices::lines(services, &view.devices),
            missing: missing(services, &phrasebook),
            gates: policy.map_or_else(Vec::new, |policy| gates(policy, &view)),
            zones: policy.map_or_else(Vec::new, |policy| zones(policy, &view, (&phrasebook, now))),
            refused: refused(&view),
            here: services.path.tally(),
            incidents_total: incidents.len(),
            incidents: incidents
                .iter()
                .take(MAX_INCIDENTS)
                .map(|found| phrasebook.incident(found))
                .collect(),
            logs: view.logs,
            records: view.records,
            figures: figures.into(),
        })
    }
}

fn dials(services: &Services, links: &[LinkFacts]) -> Vec<DialLine> {
    let named = |peer| {
        links
            .iter()
            .find(|link| link.peer == peer)
            .map(|link| link.name.clone())
    };
    let line = |(address, facts): (String, DialFacts)| DialLine {
        address,
        is_linked: matches!(facts, DialFacts::Linked(_)),
        detail: match facts {
            DialFacts::Linked(peer) => named(peer).unwrap_or_else(|| gate::UNNAMED.to_owned()),
            DialFacts::Connecting => "connecting".to_owned(),
            DialFacts::Down { why, .. } => why,
        },
    };
    services.links.dials().into_iter().map(line).collect()
}

fn missing(services: &Services, phrasebook: &Phrasebook) -> Vec<MissingLine> {
    let silent = services.links.silent(Instant::now()).into_iter();
    let lines = silent.map(|(hub, silent_ms)| MissingLine {
        name: phrasebook.device(&hub),
        words: gate::not_heard(silent_ms),
    });
    lines.collect()
}

fn link_line(link: LinkFacts, now: Timestamp) -> LinkLine {
    LinkLine {
        name: link.name,
        role: link.role,
        address: link.address.to_string(),
        is_dialled: link.side == LinkSide::Dialled,
        since_ms: link.since.0,
        since: gate::ago(now.since_ms(link.since)),
    }
}

fn gates(policy: &Policy, view: &LedgerView) -> Vec<GateLine> {
    let total = |counts: &BTreeMap<GateId, u64>, gate| counts.get(&gate).copied().unwrap_or(0);
    let line = |gate: &usher_protocol::policy::Gate| GateLine {
        id: gate.id,
        name: gate.name.clone(),
        admitted: total(&view.counts.admitted, gate.id),
        exited: total(&view.counts.exited, gate.id),
    };
    policy.gates.iter().map(line).collect()
}

fn zones(policy: &Policy, view: &LedgerView, (phrasebook, now): (&Phrasebook, Timestamp)) -> Vec<ZoneLine> {
    let slot = |zone: ZoneId| {
        let (limit, slot) = policy.time_slot(zone, now)?;
        let arrived = view.arrivals.get(&zone).copied().unwrap_or(0);
        Some(TimeSlotLine {
            arrived,
            persons: limit.persons,
            until_ms: slot.until.0,
            words: gate::slot_filled(arrived, limit.persons, &phrasebook.time(slot.until)),
        })
    };
    let line = |zone: &Zone| ZoneLine {
        id: zone.id,
        name: zone.name.clone(),
        occupancy: view.occupancy.get(&zone.id).copied().unwrap_or(0),
        capacity: zone.capacity,
        slot: slot(zone.id),
    };
    policy.zones.iter().map(line).collect()
}

fn refused(view: &LedgerView) -> Vec<CountLine> {
    let line = |(kind, count): (&RefusalKind, &u64)| CountLine {
        reason: kind.name(),
        words: gate::refusal(*kind),
        count: *count,
    };
    let mut lines: Vec<_> = view.counts.refused.iter().map(line).collect();
    lines.sort_by_key(|line| Reverse(line.count));
    lines
}
