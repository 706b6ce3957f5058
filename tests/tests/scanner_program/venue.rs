//! An event with real hubs in this process, and scanners enrolled at them; the tickets are signed here, there is no cloud.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use usher_device::clock::Clock;
use usher_device::directory::{DataDirectory, DirectoryError};
use usher_device::enrol::NewCode;
use usher_device::replica::{Replica, ReplicaError, ScannerTerms, StoredEnrolment};
use usher_gate_agent::config::Config;
use usher_gate_agent::hub::Hub;
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, KeyId, PublicKey, Role, RootSet, SecretKey,
    SignedBundle, TrustBundle, TrustedKey, Window,
};
use usher_protocol::assurance::Assurance;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Run, Tail};
use usher_protocol::policy::{EntryRule, Gate, Offline, Policy, Tier, Zone};
use usher_protocol::record::Body;
use usher_protocol::ticket::{Ticket, TicketFlags};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};

use crate::scanner::{Scanner, finished, program};

const EVENT: EventId = EventId([7; 16]);
/// A tier that is referred when its home cannot be reached.
pub const STRICT: TierId = TierId(1);
/// A tier that is admitted then.
pub const AVAILABLE: TierId = TierId(2);

/// How long anything that happens in the background may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

const ROOT: u8 = 101;
const TICKETS: u8 = 102;
const AUTHORITY: u8 = 103;
const ISSUING: u8 = 104;

/// Makes the key of a number.
pub fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

/// A hub: its folder, and the hub itself while it runs.
struct Site {
    directory: DataDirectory,
    listen: SocketAddr,
    hub: Option<Hub>,
}

/// An event, its hub and a folder for everything.
pub struct Venue {
    runtime: Runtime,
    folder: TempDir,
    site: Site,
}

impl Venue {
    /// Opens a venue with one hub, which runs.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::at(&folder.path().join("hub"));
        directory.create().unwrap();
        let hub = directory.make_key().unwrap().public();
        Replica::found(&directory.replica_path(), &enrolment(hub, Role::Hub, "Hub A")).unwrap();
        let site = Site {
            directory,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            hub: None,
        };
        let runtime = Runtime::new().unwrap();
        let mut venue = Self {
            runtime,
            folder,
            site,
        };
        venue.start_hub();
        let run = authority_log(hub);
        let replica = venue.replica();
        let stored = venue
            .runtime
            .block_on(usher_link::SyncStore::store(replica.as_ref(), run));
        stored.unwrap();
        venue
    }

    /// Starts the hub, at the address it had before if it had one.
    pub fn start_hub(&mut self) {
        let config = Config {
            listen: self.site.listen,
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            enrolments: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..Config::default()
        };
        let directory = &self.site.directory;
        let starting = async { tokio::time::timeout(PATIENCE, start(directory, &config)).await };
        let hub = self.runtime.block_on(starting).expect("the hub starts");
        self.site.listen = hub.listening().quic.parse().unwrap();
        self.site.hub = Some(hub);
    }

    /// Stops the hub.
    pub fn stop_hub(&mut self) {
        let hub = self.site.hub.take().unwrap();
        self.runtime.block_on(hub.shutdown());
    }

    fn hub(&self) -> &Hub {
        self.site.hub.as_ref().unwrap()
    }

    fn replica(&self) -> Arc<Replica> {
        Arc::clone(&self.hub().services().replica)
    }

    /// Makes a code with which a scanner enrols at the hub, for longer than a day.
    pub fn code(&self, gates: &[u16], override_refusals: bool) -> String {
        self.code_for_hours(48, gates, override_refusals)
    }

    /// Makes a code with which a scanner enrols at the hub for so many hours.
    pub fn code_for_hours(&self, hours: u64, gates: &[u16], override_refusals: bool) -> String {
        let replica = self.replica();
        let code = NewCode {
            hub: &replica.certificate(),
            roots: &replica.enrolment().roots,
            url: &format!("http://{}", self.hub().listening().enrolments.as_ref().unwrap()),
            terms: ScannerTerms {
                gates: gates.to_vec(),
                override_refusals,
                valid_ms: Some(hours * 3_600_000),
            },
        };
        let made = code.make(&self.hub().services().access, replica.clock().now());
        made.unwrap().to_string()
    }

    /// Enrols a scanner for these gates; none means every gate.
    pub fn scanner(&self, name: &str, gates: &[u16], override_refusals: bool) -> Scanner {
        let scanner = Scanner::at(self.folder.path().join(name));
        let code = self.code(gates, override_refusals);
        let enrolled = scanner.call("enroll", &[&code, "--name", name]);
        assert_eq!(enrolled.code, Some(0), "{enrolled:?}");
        scanner
    }

    /// Returns a folder that holds no scanner.
    pub fn stranger(&self) -> Scanner {
        Scanner::at(self.folder.path().join("stranger"))
    }

    /// Writes a picture of a ticket.
    pub fn picture(&self, unit: u32, tier: TierId) -> String {
        self.picture_of(&format!("ticket-{unit}.png"), &ticket(unit, tier))
    }

    /// Writes a picture of any text.
    pub fn picture_of(&self, name: &str, text: &str) -> String {
        let path = crate::pictures::picture_of(self.folder.path(), name, text.as_bytes());
        path.to_str().unwrap().to_owned()
    }

    /// Writes a picture without a code.
    pub fn blank(&self) -> String {
        let path = crate::pictures::blank(self.folder.path(), "blank.png");
        path.to_str().unwrap().to_owned()
    }

    /// Tells how often the hub knows a unit's ticket to have let somebody in.
    pub fn admitted(&self, unit: u32) -> usize {
        self.runtime.block_on(passages(&self.replica(), unit))
    }

    /// Waits until the hub knows that a unit's ticket let somebody in.
    pub fn wait_for_admission(&self, unit: u32) {
        let replica = self.replica();
        let mut changes = usher_link::SyncStore::changes(replica.as_ref());
        let heard = async {
            while passages(&replica, unit).await == 0 {
                changes.next(tokio::time::Instant::now()).await;
                changes.take_grown();
            }
        };
        let waiting = async { tokio::time::timeout(PATIENCE, heard).await };
        self.runtime
            .block_on(waiting)
            .expect("the record reaches the hub");
    }

    /// Has the authority's word reach the hub that nothing is missing.
    pub fn refresh(&self) {
        let (replica, now) = (self.replica(), Clock::system().now());
        let authority = key(AUTHORITY);
        let assurance = Assurance::sign(EVENT, now, Tail::default(), &authority);
        let notice = usher_protocol::sync::Notice::Fresh(assurance);
        let heard = usher_link::SyncStore::notice(replica.as_ref(), authority.public(), notice);
        self.runtime.block_on(heard);
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        if let Some(hub) = self.site.hub.take() {
            self.runtime.block_on(hub.shutdown());
        }
    }
}

/// Starts a hub. A process that another test is just starting holds the files of this one for a moment, also the lock of
/// a replica that was closed here: then it is tried again.
async fn start(directory: &DataDirectory, config: &Config) -> Hub {
    loop {
        let error = match Hub::start(directory, config, Clock::system()).await {
            Ok(hub) => return hub,
            Err(error) => error,
        };
        let in_use = matches!(
            error.downcast_ref(),
            Some(DirectoryError::Replica(ReplicaError::InUse { .. }))
        );
        assert!(in_use, "{error:?}");
        tokio::task::yield_now().await;
    }
}

async fn passages(replica: &Replica, unit: u32) -> usize {
    let looking = replica.inspect(move |ledger| ledger.state().passages(Unit(unit)).count());
    looking.await.unwrap()
}

/// Makes the ticket of a unit, as the text in its code.
pub fn ticket(unit: u32, tier: TierId) -> String {
    signed_by(&key(TICKETS), unit, tier)
}

/// Makes the ticket of a unit that lets in several people.
pub fn group_ticket(unit: u32, admits: u8) -> String {
    let ticket = Ticket {
        admits,
        ..unsigned(unit, STRICT)
    };
    ticket.sign(&key(TICKETS)).to_text()
}

/// Makes a ticket that somebody signed whom nobody trusts.
pub fn forged_ticket(unit: u32) -> String {
    signed_by(&key(99), unit, AVAILABLE)
}

fn signed_by(signer: &SecretKey, unit: u32, tier: TierId) -> String {
    unsigned(unit, tier).sign(signer).to_text()
}

fn unsigned(unit: u32, tier: TierId) -> Ticket {
    Ticket {
        key: KeyId([0; 4]),
        unit: Unit(unit),
        generation: Generation(1),
        tier,
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    }
}

fn bundle() -> SignedBundle {
    let trusted = |n: u8| vec![TrustedKey::active(key(n).public(), Window::ALWAYS)];
    let bundle = TrustBundle {
        event: EVENT,
        version: 1,
        roots: RootSet::single(key(ROOT).public()),
        ticket_keys: trusted(TICKETS),
        authority_keys: trusted(AUTHORITY),
        issuing_keys: trusted(ISSUING),
    };
    bundle.sign(&[&key(ROOT)])
}

/// Returns what a device of that role is and believes.
pub fn enrolment(device: PublicKey, role: Role, name: &str) -> StoredEnrolment {
    enrolment_within(device, role, name, Window::ALWAYS)
}

/// Returns what a device is and believes whose certificate is valid in a window.
pub fn enrolment_within(device: PublicKey, role: Role, name: &str, window: Window) -> StoredEnrolment {
    let certificate = Certificate {
        event: EVENT,
        device,
        role,
        name: name.to_owned(),
        gates: Vec::new(),
        capabilities: Capabilities {
            enrol_scanners: role == Role::Hub,
            override_refusals: true,
        },
        window,
    };
    StoredEnrolment {
        identity: DeviceIdentity {
            certificate: certificate.sign(&key(ISSUING)),
            via: None,
        },
        roots: RootSet::single(key(ROOT).public()),
        bundle: bundle(),
        uplink: Vec::new(),
    }
}

/// Writes the policy, the roster and a revocation, as the cloud would.
fn authority_log(hub: PublicKey) -> Run {
    authority_run(vec![
        Body::Policy {
            version: 1,
            policy: policy(),
        },
        Body::Roster {
            epoch: 1,
            hubs: vec![hub],
        },
        Body::Revoked {
            unit: Unit(REVOKED),
            generation: Generation(1),
        },
    ])
}

/// Writes an authority log.
pub fn authority_run(bodies: Vec<Body>) -> Run {
    let trust = Trust::pin(&RootSet::single(key(ROOT).public()), bundle()).unwrap();
    let mut ledger = Ledger::new(key(AUTHORITY).public(), None, Arc::new(trust));
    let now = Clock::system().now();
    let records = bodies
        .into_iter()
        .map(|body| ledger.write(body, now).bytes)
        .collect();
    ledger.seal(&key(AUTHORITY));
    Run {
        base: Tail::default(),
        records,
        head: ledger.heads().pop().unwrap(),
    }
}

/// The unit whose ticket is void.
pub const REVOKED: u32 = 666;

fn policy() -> Policy {
    let tier = |id, name: &str, offline| Tier {
        id,
        name: name.to_owned(),
        zones: vec![ZoneId(1)],
        windows: Vec::new(),
        entry: EntryRule::Single,
        offline,
    };
    let gate = |id, name: &str, zone| Gate {
        id: GateId(id),
        name: name.to_owned(),
        zone: ZoneId(zone),
        leaves: None,
    };
    let zone = |id, name: &str| Zone {
        id: ZoneId(id),
        name: name.to_owned(),
        capacity: None,
        time_slots: None,
        inside: None,
    };
    Policy {
        name: "Festival".to_owned(),
        utc_offset_minutes: 60,
        time_zone: String::new(),
        offset_changes: Vec::new(),
        day_start_minutes: 0,
        zones: vec![zone(1, "Arena"), zone(2, "Backstage")],
        gates: vec![
            gate(3, "Stage door", 2),
            gate(1, "Gate North", 1),
            gate(2, "Gate South", 1),
        ],
        tiers: vec![
            tier(STRICT, "Seated", Offline::Strict),
            tier(AVAILABLE, "Standing", Offline::Available),
        ],
        labels: None,
    }
}

/// Runs the program without any scanner's folder.
pub fn bare(arguments: &[&str]) -> std::process::Output {
    finished(program().args(arguments))
}
