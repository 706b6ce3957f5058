//! Hubs over loopback: asking the home, being cut off, healing, scanners.

mod http;
mod phones;
mod readiness;

use std::time::Instant;

use tempfile::TempDir;
use usher_device::enrol::{Enrolment, NewCode};
use usher_device::rehearsal::{
    AVAILABLE, EVENT, NORTH, SOUTH, STRICT, Show, alone, enrolled, key, scan, ticket, unit_at, units_at,
    until,
};
use usher_device::replica::{ReplicaError, ScannerTerms, scans};
use usher_keys::Role;
use usher_link::{Dialer, Endpoint, LinkState, Progress};
use usher_protocol::admission::{Direction, Reason, Referral, RefusalKind, Verdict};
use usher_protocol::request::{Answer, JudgedBy, Overriding, Request, RequestError, Response, Scan};
use usher_protocol::scans::ScanKind;
use usher_protocol::ticket::{Rejection, Ticket};
use usher_protocol::{GateId, TierId, Unit};

use super::*;
use crate::links::DialFacts;

const A: u8 = 1;
const B: u8 = 2;
/// Whose scans they are.
const SCANNER: u8 = 8;
const IN: Verdict = Verdict::Admit { persons: 1, left: 0 };

/// A venue with two hubs, each in a directory of its own.
struct Venue {
    show: Show,
    directories: Vec<(TempDir, DataDirectory)>,
}

impl Venue {
    fn new() -> Self {
        let show = Show::new(&[A, B]);
        let directories = [A, B].iter().map(|n| enrolled(&show, *n, Role::Hub)).collect();
        Self { show, directories }
    }

    /// Starts a hub that keeps dialling these others.
    async fn start(&mut self, n: u8, others: &[&Hub]) -> Hub {
        let peers = others.iter().map(|hub| hub.listening().quic.clone()).collect();
        self.start_with(n, |config| config.peers = peers).await.unwrap()
    }

    /// Starts a hub with settings of its own.
    async fn start_with(&mut self, n: u8, change: impl FnOnce(&mut Config)) -> anyhow::Result<Hub> {
        let mut config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            http: ([127, 0, 0, 1], 0).into(),
            enrolments: ([127, 0, 0, 1], 0).into(),
            // Two cores may be busy with other tests: only a hub that is gone may be out of reach.
            home_timeout_ms: 2_000,
            ..Config::default()
        };
        change(&mut config);
        let directory = &self.directories[usize::from(n) - 1].1;
        let hub = Hub::start(directory, &config, self.show.clock.clone()).await?;
        usher_link::SyncStore::store(&*hub.services.replica, self.show.run())
            .await
            .unwrap();
        Ok(hub)
    }

    async fn start_linked(&mut self) -> (Hub, Hub) {
        let a = self.start(A, &[]).await;
        let b = self.start(B, &[&a]).await;
        linked(&a, B).await;
        linked(&b, A).await;
        (a, b)
    }
}

async fn linked(hub: &Hub, to: u8) {
    until(async || !hub.services.links.connections(&key(to).public()).is_empty()).await;
}

async fn judge(hub: &Hub, scan: Scan) -> Response {
    let (path, progress) = (&hub.services.path, Progress::default());
    let response = path.judge(key(SCANNER).public(), scan, &progress).await;
    path.unheard().heard(&response, Instant::now());
    progress.heard();
    response
}

/// Judges a scan of which nobody hears what came.
async fn judge_unheard(hub: &Hub, scan: Scan) -> Response {
    let (path, progress) = (&hub.services.path, Progress::default());
    path.judge(key(SCANNER).public(), scan, &progress).await
}

async fn incidents(hub: &Hub) -> usize {
    let replica = &hub.services.replica;
    replica
        .inspect(|ledger| ledger.state().incidents().len())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_asks_the_home_hub_and_the_second_scan_is_denied_everywhere() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    let unit = unit_at(B, &[A, B]);
    let first = judge(&a, scan(1, unit, STRICT)).await.unwrap();
    assert_eq!((first.verdict, first.by), (IN, JudgedBy::Home(key(B).public())));
    for hub in [&a, &b] {
        let again = judge(hub, scan(2, unit, STRICT)).await.unwrap();
        assert!(
            matches!(
                again.verdict,
                Verdict::Deny(Reason::AlreadyUsed {
                    at: Some(_),
                    gate: Some(NORTH)
                })
            ),
            "{again:?}"
        );
    }
    // The same reading, asked again at the other hub, is the same admission.
    assert_eq!(judge(&b, scan(1, unit, STRICT)).await.unwrap().verdict, IN);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_whose_yes_was_not_heard_says_where_to_call_and_not_that_the_ticket_is_used() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    let unit = unit_at(B, &[A, B]);
    assert_eq!(judge(&a, scan(1, unit, STRICT)).await.unwrap().verdict, IN);
    let unheard = b.services.path.unheard();
    let later = Instant::now() + Duration::from_secs(8);
    until(async || unheard.of(Unit(unit), later).is_empty()).await;
    let used = judge(&b, scan(2, unit, STRICT)).await.unwrap().verdict;
    assert!(
        matches!(used, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{used:?}"
    );
    // The other hub hears of another one's yes, and the device that asked there does not.
    let unit = units_at(B, &[A, B]).nth(1).unwrap();
    assert_eq!(
        judge_unheard(&a, scan(3, unit, STRICT)).await.unwrap().verdict,
        IN
    );
    until(async || {
        let verdict = judge(&b, scan(4, unit, STRICT)).await.unwrap().verdict;
        let asker = key(A).public();
        matches!(verdict, Verdict::Refer(Referral::AskerSilent { asker: by, gate: NORTH, .. }) if by == asker)
    })
    .await;
    let answer = judge(&b, scan(5, unit, STRICT)).await.unwrap();
    let said = b.services.phrasebook().answer(&answer, Direction::In).line();
    assert!(
        said.starts_with("Call ") && said.contains("asked for this ticket"),
        "{said}"
    );
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_client_has_not_heard_the_homes_yes_says_where_to_call_too() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    let unit = unit_at(B, &[A, B]);
    let first = scan(1, unit, STRICT);
    let yes = judge_unheard(&a, first).await.unwrap();
    assert_eq!(yes.verdict, IN);
    // As if the home had started again since: it remembers no silence.
    b.services.path.unheard().heard(&Ok(yes.clone()), Instant::now());
    // The home's record comes a little later than its answer.
    until(async || {
        let verdict = judge(&a, scan(2, unit, STRICT)).await.unwrap().verdict;
        matches!(verdict, Verdict::Refer(Referral::AskerSilent { gate: NORTH, .. }))
    })
    .await;
    // Its words are other ones than the home's, so they are in its own log.
    let replica = venue.directories[0].1.replica_path();
    let mut own = Vec::new();
    scans(&replica, venue.show.clock.now(), |row| {
        own.extend((row.scan.device == key(A).public()).then_some(row.scan.kind));
        Ok::<_, ReplicaError>(())
    })
    .unwrap();
    assert_eq!(own, [ScanKind::Referred(RefusalKind::AskerSilent)]);
    a.services.path.unheard().heard(&Ok(yes), Instant::now());
    let used = judge(&a, scan(3, unit, STRICT)).await.unwrap().verdict;
    assert!(
        matches!(used, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{used:?}"
    );
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_asker_has_gone_to_another_hub_says_nothing_of_silence() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    let unit = unit_at(B, &[A, B]);
    // The home is slow, so another hub is asked too, and given up once the home has answered.
    {
        let progress = Progress::default();
        let mut asking = std::pin::pin!(a.services.path.judge(
            key(SCANNER).public(),
            scan(1, unit, STRICT),
            &progress
        ));
        assert!(futures_util::poll!(&mut asking).is_pending());
    }
    assert_eq!(judge(&b, scan(1, unit, STRICT)).await.unwrap().verdict, IN);
    let later = Instant::now() + Duration::from_secs(8);
    assert_eq!(a.services.path.unheard().of(Unit(unit), later), []);
    // As if it had been a little later: the answer is on its way already.
    let late = judge_unheard(&a, scan(1, unit, STRICT)).await;
    let later = Instant::now() + Duration::from_secs(8);
    assert!(!a.services.path.unheard().of(Unit(unit), later).is_empty());
    a.services.path.given_up(&late);
    assert_eq!(a.services.path.unheard().of(Unit(unit), later), []);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_home_hub_strict_refers_and_available_admits() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    b.shutdown().await;
    let unit = unit_at(B, &[A, B]);
    let home = key(B).public();
    let strict = judge(&a, scan(1, unit, STRICT)).await.unwrap();
    assert_eq!(strict.verdict, Verdict::Refer(Referral::HomeUnreachable { home }));
    let available = judge(&a, scan(2, unit, AVAILABLE)).await.unwrap();
    assert_eq!(
        (available.verdict, available.by),
        (IN, JudgedBy::Hub(key(A).public()))
    );
    // A supervisor can let the referred one in, and it is written down.
    let overridden = overrule(&a, scan(3, unit + 1_000, STRICT)).await;
    assert_eq!(overridden.verdict, IN);
    a.shutdown().await;
}

async fn overrule(hub: &Hub, scan: Scan) -> Answer {
    let overriding = Overriding {
        scan,
        by: "Ada".to_owned(),
        why: "known".to_owned(),
    };
    let path = &hub.services.path;
    path.override_refusal(key(SCANNER).public(), overriding, &Progress::default())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_supervisor_lets_in_at_one_hub_is_in_for_the_home_at_once() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    let unit = unit_at(B, &[A, B]);
    let overridden = overrule(&a, scan(1, unit, STRICT)).await;
    assert_eq!(
        (overridden.verdict, overridden.by),
        (IN, JudgedBy::Home(key(B).public()))
    );
    let again = judge(&b, scan(2, unit, STRICT)).await.unwrap().verdict;
    assert!(
        matches!(again, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{again:?}"
    );
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_that_were_cut_off_report_a_double_admission_once_after_healing() {
    let mut venue = Venue::new();
    let (a, b) = (venue.start(A, &[]).await, venue.start(B, &[]).await);
    let unit = unit_at(B, &[A, B]);
    assert_eq!(judge(&a, scan(1, unit, AVAILABLE)).await.unwrap().verdict, IN);
    assert_eq!(judge(&b, scan(2, unit, AVAILABLE)).await.unwrap().verdict, IN);
    assert_eq!((incidents(&a).await, incidents(&b).await), (0, 0));
    b.shutdown().await;
    let b = venue.start(B, &[&a]).await;
    for hub in [&a, &b] {
        until(async || incidents(hub).await == 1).await;
    }
    let digest = async |hub: &Hub| {
        hub.services
            .replica
            .inspect(|ledger| ledger.state().digest())
            .await
            .unwrap()
    };
    until(async || digest(&a).await == digest(&b).await).await;
    assert_eq!((incidents(&a).await, incidents(&b).await), (1, 1));
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_again_about_a_live_scan_hears_its_answer_also_when_the_code_is_old() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    let unit = unit_at(B, &[A, B]);
    let (phone, shown) = (key(77), venue.show.clock.now());
    let live = |id: u32, unit: u32| {
        let ticket = Ticket {
            holder: Some(phone.public()),
            ..usher_fixtures::ticket(unit, STRICT)
        };
        let payload = ticket.sign(&usher_fixtures::SHOW.tickets());
        let code = payload.shown_live(&phone, shown).into_bytes();
        Scan {
            code,
            ..scan(id, unit, STRICT)
        }
    };
    assert_eq!(judge(&a, live(1, unit)).await.unwrap().verdict, IN);
    venue.show.clock.shift_ms(40_000);
    for hub in [&a, &b] {
        until(async || judge(hub, live(1, unit)).await.unwrap().verdict == IN).await;
        // Another reading of the old code is one of a picture.
        let picture = judge(hub, live(2, unit)).await.unwrap().verdict;
        assert_eq!(picture, Verdict::Deny(Reason::Rejected(Rejection::NotLive)));
        // And nobody makes the scan up to be of another ticket.
        let other = judge(hub, live(1, unit + 1)).await.unwrap().verdict;
        assert_eq!(other, Verdict::Deny(Reason::Rejected(Rejection::NotLive)));
    }
    // A supervisor takes the time to say why.
    assert_eq!(overrule(&a, live(3, unit + 1)).await.verdict, IN);
    venue.show.clock.shift_ms(120_000);
    let late = judge(&b, live(1, unit)).await.unwrap().verdict;
    assert_eq!(late, Verdict::Refer(Referral::ScanOver));
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_has_heard_of_its_own_revocation_lets_nobody_in() {
    let mut venue = Venue::new();
    let a = venue.start(A, &[]).await;
    let device = key(A).public();
    venue.show.write(usher_protocol::record::Body::DeviceRevoked {
        device,
        after: usher_protocol::Seq(0),
    });
    usher_link::SyncStore::store(&*a.services.replica, venue.show.run())
        .await
        .unwrap();
    let unit = unit_at(A, &[A, B]);
    assert_eq!(
        judge(&a, scan(1, unit, AVAILABLE)).await,
        Err(RequestError::NotAllowed)
    );
    a.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_hub_is_found_out_by_the_hub_both_talk_to() {
    let mut venue = Venue::new();
    venue.directories.push(enrolled(&venue.show, A, Role::Hub));
    let b = venue.start(B, &[]).await;
    let a = venue.start(A, &[&b]).await;
    linked(&b, A).await;
    assert_eq!(
        judge(&a, scan(1, unit_at(A, &[A, B]), STRICT))
            .await
            .unwrap()
            .verdict,
        IN
    );
    until(async || {
        b.services
            .replica
            .inspect(|ledger| ledger.state().counts().admitted.len())
            .await
            .unwrap()
            == 1
    })
    .await;
    a.shutdown().await;
    // The copy has the same key, and writes its own history before anyone tells it of the other.
    let copy = venue.start(3, &[]).await;
    let unit = unit_at(A, &[A, B]) + 7;
    assert_eq!(judge(&copy, scan(2, unit, AVAILABLE)).await.unwrap().verdict, IN);
    copy.shutdown().await;
    let copy = venue.start(3, &[&b]).await;
    until(async || {
        let answer = judge(&copy, scan(3, unit, AVAILABLE)).await.unwrap();
        answer.verdict == Verdict::Refer(Referral::OwnLogForked)
    })
    .await;
    assert_eq!(incidents(&copy).await, 1);
    copy.shutdown().await;
    // Whoever links to it next hears of it too.
    let copy = venue.start(3, &[&b]).await;
    until(async || incidents(&b).await == 1).await;
    copy.shutdown().await;
    b.shutdown().await;
}

/// A scanner that a hub enrolled over HTTP, linked to it.
struct Scanner {
    replica: Arc<Replica>,
    connection: Connection,
    endpoint: Endpoint,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
    _kept: TempDir,
}

impl Scanner {
    /// Enrols a scanner for the north gate.
    async fn enrol(venue: &Venue, hub: &Hub) -> Self {
        let new_code = NewCode {
            hub: &hub.services.replica.certificate(),
            roots: &hub.services.replica.enrolment().roots,
            url: &format!("http://{}", hub.listening().enrolments.as_ref().unwrap()),
            terms: ScannerTerms {
                gates: vec![NORTH.0],
                override_refusals: false,
                valid_ms: Some(3_600_000),
            },
        };
        let code = new_code
            .make(&hub.services.access, venue.show.clock.now())
            .unwrap();
        let kept = tempfile::tempdir().unwrap();
        let directory = DataDirectory::at(&kept.path().join("scanner"));
        let enrolment = Enrolment {
            code: &code,
            name: "Scanner 7".to_owned(),
            role: Role::Scanner,
            directory: &directory,
        };
        let grant = enrolment.run(&venue.show.clock).await.unwrap();
        assert_eq!(grant.hub_name.as_deref(), Some("Hub 1"));
        assert_eq!(grant.uplink, [hub.listening().quic.as_str()]);
        let replica = Arc::new(directory.open_replica(venue.show.clock.clone()).unwrap());
        let key = directory.read_key().unwrap();
        Self::link(replica, hub, &key, kept).await
    }

    async fn link(replica: Arc<Replica>, hub: &Hub, key: &usher_keys::SecretKey, kept: TempDir) -> Self {
        let endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), key).unwrap();
        let (opened, mut connections) = mpsc::channel(4);
        let dialer = Dialer {
            endpoint: endpoint.clone(),
            addresses: vec![hub.listening().quic.clone()],
            expects: None,
            replica: Arc::clone(&replica),
            responder: Arc::clone(&hub.services.responder),
        };
        let observer = move |_, state: LinkState| {
            if let LinkState::Opened(now) = state {
                opened.try_send(now.connection).unwrap();
            }
        };
        let (cancel, mut tasks) = (CancellationToken::new(), JoinSet::new());
        tasks.spawn(dialer.keep_linked(observer, cancel.clone()));
        Self {
            replica,
            connection: connections.recv().await.unwrap(),
            endpoint,
            cancel,
            tasks,
            _kept: kept,
        }
    }

    async fn ask(&self, request: Request) -> Response {
        self.connection
            .ask(&request, Duration::from_secs(10))
            .await
            .unwrap()
    }

    async fn shutdown(self) {
        self.cancel.cancel();
        self.tasks.join_all().await;
        self.endpoint.close().await;
        self.replica.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_enrolled_by_a_hub_asks_it_and_judges_alone_when_it_is_gone() {
    let mut venue = Venue::new();
    let (a, b) = venue.start_linked().await;
    let scanner = Scanner::enrol(&venue, &a).await;
    let unit = unit_at(B, &[A, B]);
    let admitted = scanner.ask(Request::Judge(scan(1, unit, STRICT))).await.unwrap();
    assert_eq!(admitted.verdict, IN);
    // Its certificate is for one gate, and it is no hub.
    let elsewhere = Scan {
        gate: SOUTH,
        ..scan(2, unit, STRICT)
    };
    let as_home = Request::JudgeAsHome(scan(2, unit, STRICT));
    assert_eq!(
        scanner.ask(Request::Judge(elsewhere)).await,
        Err(RequestError::NotAllowed)
    );
    assert_eq!(scanner.ask(as_home).await, Err(RequestError::NotAllowed));
    // What happened anywhere reaches it, so that it can judge alone.
    let replica = Arc::clone(&scanner.replica);
    until(async || {
        replica
            .inspect(|ledger| ledger.state().counts().admitted.len())
            .await
            .unwrap()
            == 1
    })
    .await;
    a.shutdown().await;
    b.shutdown().await;
    let used = alone(&replica, scan(3, unit, AVAILABLE)).await.unwrap();
    assert!(
        matches!(used.verdict, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{used:?}"
    );
    let fresh = alone(&replica, scan(4, unit + 1, AVAILABLE)).await.unwrap();
    assert_eq!((fresh.verdict, fresh.by), (IN, JudgedBy::Alone));
    scanner.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_says_where_it_listens_and_keeps_a_second_one_off() {
    let mut venue = Venue::new();
    let hub = venue.start(A, &[]).await;
    let directory = &venue.directories[0].1;
    assert_eq!(
        &Listening::read(&directory.listening_path()).unwrap(),
        hub.listening()
    );
    let refused = Hub::start(directory, &Config::default(), Clock::system())
        .await
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains("another usher program is running"),
        "{refused}"
    );
    hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_comes_while_its_hub_starts_is_asked_to_come_again() {
    let mut venue = Venue::new();
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        http: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    };
    let path = venue.directories[0].1.listening_path();
    for (events, says) in [
        (vec![EVENT], "the program is starting or shutting down"),
        (Vec::new(), "belong to different events"),
    ] {
        let mut front = Front::open(&config, &key(A), &path, &events).await.unwrap();
        let address = front.listening().quic.clone();
        let peers = vec![address.clone()];
        let b = venue.start_with(B, |config| config.peers = peers).await.unwrap();
        until(async || {
            let dials = b.services.links.dials();
            matches!(dials.get(&address), Some(DialFacts::Down { why, .. }) if why.contains(says))
        })
        .await;
        b.shutdown().await;
        front.shut().await;
        front.close().await;
    }
}
