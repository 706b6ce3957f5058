//! A hub's data folder before it is damaged: a replica with logs of authority, hub and neighbour, and what is true of it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use tempfile::TempDir;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{Access, Replica, ScannerCode, ScannerTerms, StoredEnrolment, asked};
use usher_keys::pem::{self, RNG_BYTES};
use usher_keys::{
    Certificate, DeviceIdentity, EnrolmentId, EnrolmentKey, Role, SecretKey, Timestamp, Window,
};
use usher_link::SyncStore as _;
use usher_protocol::admission::{Direction, Reason, Verdict};
use usher_protocol::ledger::{JudgingAs, Ledger};
use usher_protocol::log::{Run, Tail};
use usher_protocol::record::Body;
use usher_protocol::request::Scan;
use usher_protocol::sync::Held;
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, ScanId, Seq, Unit};
use usher_tests::sim::random::Random;
use usher_tests::sim::setting::{Powers, Setting};

use super::damage;

/// The files of a hub that has stopped in good order.
pub const STOPPED: [&str; 3] = ["device.pem", "replica.db", "access.db"];
/// The files of a hub that was killed: what it last wrote is still in its write-ahead logs.
pub const KILLED: [&str; 8] = [
    "device.pem",
    "replica.db",
    "replica.db-wal",
    "replica.db-shm",
    "replica.lock",
    "access.db",
    "access.db-wal",
    "access.db-shm",
];
/// What may be damaged in either: the databases with their logs.
pub const DATABASES: [&str; 4] = ["replica.db", "replica.db-wal", "replica.db-shm", "access.db"];

/// Places whose tickets were used at this hub.
const USED: std::ops::Range<u32> = 0..120;
/// Places whose tickets were used at the hub beside it.
const USED_BESIDE: std::ops::Range<u32> = 200..260;
/// Places whose tickets were revoked.
const REVOKED: std::ops::Range<u32> = 300..340;
/// A place whose ticket was not used.
const FRESH: u32 = 600;
/// The hub's gate.
const GATE: GateId = GateId(0);
/// Marks the scans before the damage.
const FIRST: u8 = 1;
/// Marks the scans after it: another reading of the same tickets.
const AGAIN: u8 = 2;

/// A data folder, once after an orderly stop and once as a kill left it.
pub struct Original {
    /// After an orderly stop.
    pub stopped: TempDir,
    /// As a kill left it.
    pub killed: TempDir,
    setting: Setting,
    key: SecretKey,
    clock: Clock,
    truth: Truth,
}

/// What a replica holds and believes, in short.
#[derive(Debug, PartialEq, Eq)]
struct Truth {
    digest: [u8; 32],
    held: Vec<Held>,
    enrolment: StoredEnrolment,
    fresh_as_of: Option<Timestamp>,
}

impl Original {
    /// Fills a folder.
    ///
    /// # Errors
    ///
    /// When the replica does not do what it should.
    pub async fn make(seed: u64) -> anyhow::Result<Self> {
        let mut random = Random::new(seed);
        let setting = Setting::new(&mut random);
        let [key, beside] = [random.seed(), random.seed()].map(|seed| SecretKey::from_seed(&seed));
        let clock = Clock::system();
        let stopped = tempfile::tempdir()?;
        let directory = DataDirectory::at(stopped.path());
        directory.create()?;
        pem::write_secret(&directory.key_path(), &key, None, &[0; RNG_BYTES])?;
        Replica::found(&directory.replica_path(), &enrolment(&setting, &key, "Hub North"))?;
        let replica = directory.open_replica(clock.clone())?;
        let authority = authority_log(&setting, [&key, &beside], clock.now());
        stored(&replica, authority.clone()).await?;
        stored(
            &replica,
            log_of_neighbour(&setting, &beside, authority, &clock).await?,
        )
        .await?;
        for n in USED {
            let verdict = judge(&replica, &setting, n, FIRST).await?;
            ensure!(is_in(verdict), "place {n}: {verdict:?}");
        }
        let truth = Truth::of(&replica).await?;
        let access = hand_out_a_code(&directory, clock.now())?;
        let killed = tempfile::tempdir()?;
        damage::copy(stopped.path(), &KILLED, killed.path())?;
        replica.close().await;
        drop((replica, access));
        Ok(Self {
            stopped,
            killed,
            setting,
            key,
            clock,
            truth,
        })
    }

    /// Opens a copy and demands that it is refused, or holds and believes exactly what the original did and lets
    /// nobody in who should not be. Returns why it was refused.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub async fn open_copy(&self, folder: &Path) -> anyhow::Result<Option<String>> {
        let path = DataDirectory::at(folder).replica_path();
        let replica = match Replica::open(&path, self.key.clone(), self.clock.clone()) {
            Ok(replica) => replica,
            Err(error) => return Ok(Some(format!("{:#}", anyhow!(error)))),
        };
        let checked = self.check(&replica).await;
        replica.close().await;
        checked.map(|()| None)
    }

    async fn check(&self, replica: &Replica) -> anyhow::Result<()> {
        let truth = Truth::of(replica).await?;
        ensure!(
            truth == self.truth,
            "the replica is another one than before, now\n{truth:?}\nbefore\n{:?}",
            self.truth
        );
        for n in USED.chain(USED_BESIDE).chain(REVOKED) {
            let verdict = judge(replica, &self.setting, n, AGAIN).await?;
            ensure!(
                !is_in(verdict),
                "place {n} is let in after the damage: {verdict:?}"
            );
        }
        let verdict = judge(replica, &self.setting, FRESH, AGAIN).await?;
        ensure!(is_in(verdict), "place {FRESH} is not let in: {verdict:?}");
        let forged = self.setting.ticket(place(FRESH), 1, &self.setting.forger);
        ensure!(
            replica.verify(forged.as_bytes()).is_err(),
            "a forged ticket is believed"
        );
        Ok(())
    }
}

impl Truth {
    async fn of(replica: &Replica) -> anyhow::Result<Self> {
        Ok(Self {
            digest: replica.inspect(|ledger| ledger.state().digest()).await?,
            held: replica.held(),
            enrolment: replica.enrolment().clone(),
            fresh_as_of: replica.fresh_as_of(),
        })
    }
}

fn enrolment(setting: &Setting, key: &SecretKey, name: &str) -> StoredEnrolment {
    let of_the_simulation = setting.certify(
        (key, &setting.issuing),
        (Role::Hub, name.to_owned()),
        Powers::default(),
    );
    // Here the system's clock runs.
    let certificate = Certificate {
        window: Window::ALWAYS,
        ..of_the_simulation.unverified().clone()
    };
    StoredEnrolment {
        identity: DeviceIdentity {
            certificate: certificate.sign(&setting.issuing),
            via: None,
        },
        roots: setting.roots(),
        bundle: setting.bundle(1),
        uplink: vec!["cloud.example.org:4433".to_owned()],
    }
}

fn authority_log(setting: &Setting, hubs: [&SecretKey; 2], now: Timestamp) -> Run {
    let trust = Trust::pin(&setting.roots(), setting.bundle(1)).expect("the root signed it");
    let mut ledger = Ledger::new(setting.authority.public(), None, Arc::new(trust));
    let policy = Body::Policy {
        version: 1,
        policy: setting.policy(2),
    };
    let roster = Body::Roster {
        epoch: 1,
        hubs: hubs.map(SecretKey::public).to_vec(),
    };
    let revoked = REVOKED.map(|n| Body::Revoked {
        unit: Unit(place(n)),
        generation: Generation(1),
    });
    let bodies = [policy, roster].into_iter().chain(revoked);
    let records = bodies.map(|body| ledger.write(body, now).bytes).collect();
    Run {
        base: Tail::default(),
        records,
        head: ledger.seal(&setting.authority).expect("there are records"),
    }
}

/// Lets another hub scan and gives its log.
async fn log_of_neighbour(
    setting: &Setting,
    key: &SecretKey,
    authority: Run,
    clock: &Clock,
) -> anyhow::Result<Run> {
    let replica = Replica::open_in_memory(&enrolment(setting, key, "Hub South"), key.clone(), clock.clone())?;
    stored(&replica, authority).await?;
    for n in USED_BESIDE {
        let verdict = judge(&replica, setting, n, FIRST).await?;
        ensure!(is_in(verdict), "place {n}: {verdict:?}");
    }
    let log = replica.load(key.public(), Seq(0)).await;
    replica.close().await;
    let log = log?.context("a hub can give its own log")?;
    Ok(Arc::unwrap_or_clone(log))
}

async fn stored(replica: &Replica, run: Run) -> anyhow::Result<()> {
    let stored = replica.store(run).await;
    stored.map_err(|error| anyhow!("the run was not stored: {error:?}"))?;
    Ok(())
}

/// Returns the unit of a place; all of them are of the tier that a cut-off hub lets in once.
fn place(n: u32) -> u32 {
    6 * n + 1
}

async fn judge(replica: &Replica, setting: &Setting, n: u32, reading: u8) -> anyhow::Result<Verdict> {
    let unit = place(n);
    let mut id = [reading; 16];
    id[..4].copy_from_slice(&unit.to_le_bytes());
    let scan = Scan {
        id: ScanId(id),
        code: setting.ticket(unit, 1, &setting.tickets).into_bytes(),
        gate: GATE,
        direction: Direction::In,
        persons: 1,
    };
    let ticket = match replica.verify(&scan.code) {
        Ok(ticket) => ticket,
        Err(rejection) => return Ok(Verdict::Deny(Reason::Rejected(rejection))),
    };
    let judged = replica.judge(asked(&scan, ticket), JudgingAs::CutOff).await;
    judged.map_err(|error| anyhow!("the scan was not judged: {error:?}"))
}

fn is_in(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Admit { .. })
}

fn hand_out_a_code(directory: &DataDirectory, now: Timestamp) -> anyhow::Result<Access> {
    let access = Access::open(&directory.access_path())?;
    let code = ScannerCode {
        key: EnrolmentKey([6; 32]),
        terms: ScannerTerms {
            gates: vec![1],
            override_refusals: false,
            valid_ms: Some(3_600_000),
        },
        expires: now.plus_ms(3_600_000),
    };
    access.add_code(EnrolmentId([5; 32]), &code, now)?;
    Ok(access)
}
