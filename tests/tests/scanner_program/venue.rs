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
pub use usher_fixtures::{AVAILABLE, STRICT, key};
use usher_fixtures::{SHOW, gate, zone};
use usher_gate_agent::config::Config;
use usher_gate_agent::hub::Hub;
use usher_keys::{Certificate, PublicKey, Role, Window};
use usher_protocol::assurance::Assurance;
use usher_protocol::log::{Run, Tail};
use usher_protocol::pin::Pin;
use usher_protocol::policy::Policy;
use usher_protocol::record::Body;
use usher_protocol::scans::ScanKind;
use usher_protocol::ticket::Ticket;
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};

use crate::scanner::{Scanner, finished, program};

/// How long anything that happens in the background may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

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

    /// Returns how often the hub knows a unit's ticket to have let somebody in.
    pub fn admitted(&self, unit: u32) -> usize {
        self.runtime.block_on(passages(&self.replica(), unit))
    }

    /// Sets a supervisor's PIN at the hub.
    pub fn set_pin(&self, name: &str, pin: &str) {
        let (pin, now) = (Pin::typed(pin).unwrap(), Clock::system().now());
        let access = &self.hub().services().access;
        access.set_pin(name, &pin, [7; 16], now).unwrap();
    }

    /// Returns who let people in against the rules, by the hub's records.
    pub fn overridden_by(&self) -> Vec<String> {
        self.said_by(|kind| {
            if let ScanKind::Overridden { by, .. } = kind {
                Some(by)
            } else {
                None
            }
        })
    }

    fn said_by(&self, who: fn(ScanKind) -> Option<String>) -> Vec<String> {
        let mut by = Vec::new();
        let path = self.site.directory.replica_path();
        let listed = usher_device::replica::scans(&path, Clock::system().now(), |row| {
            by.extend(who(row.scan.kind));
            Ok::<(), ReplicaError>(())
        });
        listed.unwrap();
        by
    }

    /// Returns who took scans back, by the hub's records.
    pub fn annulled_by(&self) -> Vec<String> {
        self.said_by(|kind| {
            if let ScanKind::Annulled { by, .. } = kind {
                Some(by)
            } else {
                None
            }
        })
    }

    /// Returns how many people are in a zone, as the hub knows.
    pub fn inside(&self, zone: ZoneId) -> i64 {
        let replica = self.replica();
        let look = replica.inspect(move |ledger| ledger.state().occupancy(zone));
        self.runtime.block_on(look).unwrap()
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
        let authority = SHOW.authority();
        let assurance = Assurance::sign(SHOW.id, now, Tail::default(), &authority);
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
    SHOW.code(&usher_fixtures::ticket(unit, tier))
}

/// Makes the ticket of a unit that lets in several people.
pub fn group_ticket(unit: u32, admits: u8) -> String {
    SHOW.code(&Ticket {
        admits,
        ..usher_fixtures::ticket(unit, STRICT)
    })
}

/// Makes a ticket that somebody signed whom nobody trusts.
pub fn forged_ticket(unit: u32) -> String {
    usher_fixtures::ticket(unit, AVAILABLE).sign(&key(99)).to_text()
}

/// Returns what a device of that role is and believes.
pub fn enrolment(device: PublicKey, role: Role, name: &str) -> StoredEnrolment {
    enrolment_within(device, role, name, Window::ALWAYS)
}

/// Returns what a device is and believes whose certificate is valid in a window.
pub fn enrolment_within(device: PublicKey, role: Role, name: &str, window: Window) -> StoredEnrolment {
    let certificate = Certificate {
        name: name.to_owned(),
        window,
        ..SHOW.certificate(device, role)
    };
    StoredEnrolment {
        identity: SHOW.identity(certificate),
        roots: SHOW.roots(),
        bundle: SHOW.bundle(1),
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
    SHOW.authority_log(bodies, Clock::system().now())
}

/// The unit whose ticket is void.
pub const REVOKED: u32 = 666;

fn policy() -> Policy {
    let mut policy = usher_fixtures::policy();
    policy.zones.push(zone(2, "Backstage"));
    policy.gates.insert(0, gate(GateId(3), "Stage door", 2));
    policy
}

/// Runs the program without any scanner's folder.
pub fn bare(arguments: &[&str]) -> std::process::Output {
    finished(program().args(arguments))
}
