//! The event of `usher-fixtures` on devices, for tests: enrolments, replicas, scans, without a cloud; what is tested is elsewhere.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use usher_fixtures::SHOW;
pub use usher_fixtures::{AVAILABLE, NORTH, SOUTH, STRICT, key, policy};
use usher_keys::pem;
use usher_keys::{Capabilities, Certificate, DeviceIdentity, EventId, PublicKey, Role, SignedBundle};
use usher_protocol::admission::Direction;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::Run;
use usher_protocol::record::Body;
use usher_protocol::request::{Response, Scan};
use usher_protocol::{ScanId, TierId, Unit, home};

use crate::clock::Clock;
use crate::directory::DataDirectory;
use crate::replica::{Replica, StoredEnrolment};

/// The event of the tests.
pub const EVENT: EventId = SHOW.id;
/// The number of the authority's key.
pub const AUTHORITY: u8 = 103;

/// An event and its authority.
pub struct Show {
    /// The bundle in force.
    pub bundle: SignedBundle,
    pub clock: Clock,
    ledger: Ledger,
    records: Vec<Vec<u8>>,
}

impl Show {
    /// Makes an event with its policy; hubs with these key numbers share the units.
    pub fn new(hubs: &[u8]) -> Self {
        let mut show = Self {
            bundle: bundle(1),
            clock: Clock::system(),
            ledger: Ledger::new(key(AUTHORITY).public(), None, SHOW.trust()),
            records: Vec::new(),
        };
        show.write(Body::Policy {
            version: 1,
            policy: policy(),
        });
        let hubs = hubs.iter().map(|n| key(*n).public()).collect();
        show.write(Body::Roster { epoch: 1, hubs });
        show
    }

    /// Writes a record of the authority.
    pub fn write(&mut self, body: Body) {
        let entry = self.ledger.write(body, self.clock.now());
        self.records.push(entry.bytes);
    }

    /// Returns the whole authority log.
    pub fn run(&mut self) -> Run {
        self.ledger.seal(&key(AUTHORITY));
        let heads = self.ledger.heads();
        Run {
            base: usher_protocol::log::Tail::default(),
            records: self.records.clone(),
            head: heads.into_iter().next().unwrap(),
        }
    }

    /// Returns a checkpoint of what a replica holds, signed by the authority.
    pub async fn checkpoint(&self, replica: &Replica) -> usher_protocol::checkpoint::SignedCheckpoint {
        let now = self.clock.now();
        let checkpoint = replica.inspect(move |ledger| {
            let (state, trust) = (ledger.state(), ledger.trust());
            usher_protocol::checkpoint::Checkpoint::of(state, trust, ledger.heads(), now)
        });
        checkpoint.await.unwrap().sign(&key(AUTHORITY))
    }

    /// Returns what a device with that key number is and believes.
    pub fn enrolment(&self, n: u8, role: Role) -> StoredEnrolment {
        let capabilities = SHOW.certificate(key(n).public(), role).capabilities;
        StoredEnrolment {
            identity: identity(&certificate(n, role, capabilities)),
            roots: SHOW.roots(),
            bundle: self.bundle.clone(),
            uplink: Vec::new(),
        }
    }

    /// Opens a hub's replica in memory, with the authority log in it.
    pub async fn hub(&mut self, n: u8) -> Arc<Replica> {
        let enrolment = self.enrolment(n, Role::Hub);
        let replica = Replica::open_in_memory(&enrolment, key(n), self.clock.clone()).unwrap();
        usher_link::SyncStore::store(&replica, self.run()).await.unwrap();
        Arc::new(replica)
    }
}

/// Makes a bundle of that version.
pub fn bundle(version: u64) -> SignedBundle {
    SHOW.bundle(version)
}

/// Makes the certificate of a device with that key number.
pub fn certificate(n: u8, role: Role, capabilities: Capabilities) -> Certificate {
    Certificate {
        name: format!("{role:?} {n}"),
        capabilities,
        ..SHOW.certificate(key(n).public(), role)
    }
}

/// Has the event's issuing key sign a certificate.
pub fn identity(certificate: &Certificate) -> DeviceIdentity {
    SHOW.identity(certificate.clone())
}

/// Makes the ticket of a unit, as the text in its code.
pub fn ticket(unit: u32, tier: TierId) -> Vec<u8> {
    SHOW.code(&usher_fixtures::ticket(unit, tier)).into_bytes()
}

/// Makes a scan at the north gate; its number is also its id.
pub fn scan(id: u32, unit: u32, tier: TierId) -> Scan {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&id.to_le_bytes());
    Scan {
        id: ScanId(bytes),
        code: ticket(unit, tier),
        gate: NORTH,
        direction: Direction::In,
        persons: 1,
    }
}

/// Finds a unit whose home is that hub.
pub fn unit_at(hub: u8, hubs: &[u8]) -> u32 {
    units_at(hub, hubs).next().unwrap()
}

/// Returns the units whose home is one of these hubs.
pub fn units_at(hub: u8, hubs: &[u8]) -> impl Iterator<Item = u32> {
    let hubs: Vec<PublicKey> = hubs.iter().map(|n| key(*n).public()).collect();
    let home = Some(key(hub).public());
    (0..).filter(move |unit| home::home_of(EVENT, Unit(*unit), &hubs) == home)
}

/// A directory with the key and replica of a device that was enrolled.
pub fn enrolled(show: &Show, n: u8, role: Role) -> (tempfile::TempDir, DataDirectory) {
    founded(n, &show.enrolment(n, role))
}

/// The same for a device that is and believes this.
pub fn founded(n: u8, enrolment: &StoredEnrolment) -> (tempfile::TempDir, DataDirectory) {
    let kept = tempfile::tempdir().unwrap();
    let directory = DataDirectory::at(kept.path());
    directory.create().unwrap();
    pem::write_secret(&directory.key_path(), &key(n), None, &[0; pem::RNG_BYTES]).unwrap();
    Replica::found(&directory.replica_path(), enrolment).unwrap();
    (kept, directory)
}

/// Waits until something is so; says where it gave up.
#[track_caller]
pub fn until<F: AsyncFnMut() -> bool>(mut is_so: F) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let mut look = tokio::time::interval(Duration::from_millis(10));
        let waiting = async {
            while !is_so().await {
                look.tick().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(waited.is_ok(), "waited in vain at {place}");
    }
}

/// Has a scan judged by a replica with nobody to ask.
///
/// # Errors
///
/// As [`Replica::judge_alone`].
pub async fn alone(replica: &Replica, scan: Scan) -> Response {
    replica.judge_alone(&scan, replica.verify(&scan.code)).await
}
