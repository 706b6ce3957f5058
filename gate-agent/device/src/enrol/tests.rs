//! Enrolment from code to replica, against a server that is honest, and several that are not.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use usher_keys::{Capabilities, Certificate, EnrolmentSecret, RootSet, Timestamp};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Run, Tail};
use usher_protocol::record::Body;

use super::*;
use crate::rehearsal::{self, EVENT, certificate, identity};
use crate::replica::{Access, ScannerTerms};

const SECRET: EnrolmentSecret = EnrolmentSecret([3; 16]);
const HOUR_MS: u64 = 60 * 60 * 1000;
const HALF_HOUR_MS: i64 = 30 * 60 * 1000;

/// How a server answers a request.
type Manners = fn(EnrolmentRequest) -> (StatusCode, String);

/// Looks for the secret and its key in what travels, in every form they could take.
fn check_nothing_secret(body: &[u8]) {
    let text = String::from_utf8_lossy(body).to_lowercase();
    for secret in [&SECRET.0[..], &SECRET.key().0] {
        let listed: Vec<String> = secret.iter().map(u8::to_string).collect();
        let forms = [
            data_encoding::HEXLOWER.encode(secret),
            data_encoding::BASE64URL_NOPAD.encode(secret).to_lowercase(),
            listed.join(","),
        ];
        assert!(forms.iter().all(|form| !text.contains(form)), "{text}");
    }
}

struct Server {
    code: EnrolmentCode,
    _tasks: JoinSet<()>,
    _kept: TempDir,
    directory: DataDirectory,
}

impl Server {
    async fn open(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = move |body: Bytes| async move {
            check_nothing_secret(&body);
            manners(serde_json::from_slice(&body).unwrap())
        };
        let app = axum::Router::new().route("/v1/enrolments", post(answer));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let roots: RootSet = rehearsal::bundle(1).unverified().unwrap().roots;
        let kept = tempfile::tempdir().unwrap();
        Self {
            code: EnrolmentCode::new(&url, EVENT, roots, SECRET).unwrap(),
            _tasks: tasks,
            directory: DataDirectory::at(&kept.path().join("hub")),
            _kept: kept,
        }
    }

    async fn enrol(&self) -> Result<EnrolmentGrant, EnrolError> {
        let enrolment = Enrolment {
            code: &self.code,
            name: "Gate North".to_owned(),
            role: Role::Hub,
            directory: &self.directory,
        };
        enrolment.run(&Clock::system()).await
    }
}

fn sealed(grant: EnrolmentGrant) -> (StatusCode, String) {
    let sealed = grant.seal(&SECRET.key());
    (StatusCode::OK, serde_json::to_string(&sealed).unwrap())
}

fn grant(request: &EnrolmentRequest, role: Role) -> EnrolmentGrant {
    let mut granted = certificate(1, role, Capabilities::default());
    granted.device = request.device;
    EnrolmentGrant {
        identity: identity(&granted),
        bundle: rehearsal::bundle(1),
        event: EVENT,
        event_name: Some("Festival".to_owned()),
        gates: Vec::new(),
        uplink: vec!["127.0.0.1:4433".to_owned()],
        hub_name: None,
    }
}

fn honest(request: EnrolmentRequest) -> (StatusCode, String) {
    request.verify(EVENT, &SECRET.key()).unwrap();
    assert_eq!((request.id, request.name.as_str()), (SECRET.id(), "Gate North"));
    sealed(grant(&request, Role::Hub))
}

#[tokio::test]
async fn a_fresh_machine_becomes_a_hub_that_opens() {
    let server = Server::open(honest).await;
    server.enrol().await.unwrap();
    let replica = server.directory.open_replica(Clock::system()).unwrap();
    assert_eq!(replica.enrolment().uplink, ["127.0.0.1:4433"]);
    assert_eq!(replica.me(), server.directory.read_key().unwrap().public());
    replica.close().await;
    let again = server.enrol().await.unwrap_err().to_string();
    assert!(again.contains("belongs to a device already"), "{again}");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    static ASKED: Mutex<Vec<usher_keys::PublicKey>> = Mutex::new(Vec::new());
    let server = Server::open(|request| {
        ASKED.lock().unwrap().push(request.device);
        (StatusCode::OK, "half an ans".to_owned())
    })
    .await;
    for _ in 0..2 {
        assert!(matches!(server.enrol().await, Err(EnrolError::NotAGrant { .. })));
    }
    let asked = ASKED.lock().unwrap();
    assert!(asked.len() == 2 && asked[0] == asked[1]);
}

/// What a person is told when the server answers like that; nothing must be founded.
async fn refused(manners: Manners) -> String {
    let server = Server::open(manners).await;
    let refused = server.enrol().await.unwrap_err().to_string();
    assert!(!server.directory.replica_path().exists());
    refused
}

#[tokio::test]
async fn a_server_that_refuses_or_lies_enrols_nobody() {
    let denied = refused(|_| {
        (
            StatusCode::FORBIDDEN,
            "{\"detail\":\"the code has\\u001b run out\"}".to_owned(),
        )
    })
    .await;
    assert!(denied.contains("(403): the code has run out"), "{denied}");
    let other_role = refused(|request| sealed(grant(&request, Role::Scanner)));
    assert!(other_role.await.contains("ask for another code"));
    let other_key = refused(|request| {
        let mut grant = grant(&request, Role::Hub);
        grant.identity = identity(&certificate(9, Role::Hub, Capabilities::default()));
        sealed(grant)
    });
    assert!(other_key.await.contains("another event or another device"));
    let other_roots = refused(|request| {
        let mut grant = grant(&request, Role::Hub);
        let mut bundle = grant.bundle.unverified().unwrap();
        bundle.roots = RootSet::single(rehearsal::key(55).public());
        grant.bundle = bundle.sign(&[&rehearsal::key(55)]);
        sealed(grant)
    });
    assert!(other_roots.await.contains("trust bundle is refused"));
    let altered = refused(|request| {
        let mut sealed = grant(&request, Role::Hub).seal(&SECRET.key());
        sealed.grant.uplink = vec!["192.0.2.9:1".to_owned()];
        (StatusCode::OK, serde_json::to_string(&sealed).unwrap())
    });
    assert!(altered.await.contains("altered on its way"));
    let endless = refused(|_| (StatusCode::OK, "x".repeat(MAX_ANSWER_BYTES + 1))).await;
    assert!(endless.contains("no enrolment"), "{endless}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let mut server = Server::open(honest).await;
    let roots = server.code.roots().clone();
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    server.code = EnrolmentCode::new(&format!("http://{closed}"), EVENT, roots, SECRET).unwrap();
    let refused = server.enrol().await.unwrap_err().to_string();
    assert!(refused.contains("try again with the same code"), "{refused}");
}

/// A hub that enrols scanners.
struct Office {
    show: rehearsal::Show,
    replica: Arc<Replica>,
    issuer: Issuer,
    _kept: TempDir,
}

impl Office {
    async fn open() -> Self {
        let mut show = rehearsal::Show::new(&[1]);
        let replica = show.hub(1).await;
        Self::of(show, replica)
    }

    fn of(show: rehearsal::Show, replica: Arc<Replica>) -> Self {
        let kept = tempfile::tempdir().unwrap();
        let issuer = Issuer {
            replica: Arc::clone(&replica),
            key: rehearsal::key(1),
            access: Access::open(&kept.path().join("access.db")).unwrap(),
            uplink: vec!["127.0.0.1:1".to_owned()],
        };
        Self {
            show,
            replica,
            issuer,
            _kept: kept,
        }
    }

    fn make(
        &self,
        hub: &Certificate,
        terms: ScannerTerms,
        now: Timestamp,
    ) -> Result<EnrolmentCode, IssueError> {
        let new = NewCode {
            hub,
            roots: &self.replica.enrolment().roots,
            url: "http://127.0.0.1:1",
            terms,
        };
        new.make(&self.issuer.access, now)
    }

    fn code(&self) -> EnrolmentCode {
        let made = self.make(
            &self.replica.certificate(),
            terms(vec![1], 60_000),
            self.show.clock.now(),
        );
        made.unwrap()
    }

    #[track_caller]
    fn check_refused(&self, request: EnrolmentRequest, says: &str) {
        let refused = self.issuer.enrol(request).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

fn terms(gates: Vec<u16>, valid_ms: u64) -> ScannerTerms {
    ScannerTerms {
        gates,
        override_refusals: true,
        valid_ms: Some(valid_ms),
    }
}

fn request(code: &EnrolmentCode, n: u8) -> EnrolmentRequest {
    EnrolmentRequest::new(code, "Scanner".to_owned(), &rehearsal::key(n)).unwrap()
}

#[tokio::test]
async fn a_hub_gives_away_no_more_than_it_has() {
    let office = Office::open().await;
    let (hub, now) = (office.replica.certificate(), office.show.clock.now());
    let narrow = Certificate {
        gates: vec![2],
        ..hub.clone()
    };
    let powerless = Certificate {
        capabilities: Capabilities::default(),
        ..hub.clone()
    };
    assert!(matches!(
        office.make(&powerless, terms(vec![], 1), now),
        Err(IssueError::NotAllowed)
    ));
    assert!(matches!(
        office.make(&narrow, terms(vec![], 1), now),
        Err(IssueError::TooMuch { .. })
    ));
    assert!(matches!(
        office.make(&hub, terms(vec![], u64::MAX), now),
        Err(IssueError::OverLimit)
    ));
    let code = office.code();
    let sealed = office.issuer.enrol(request(&code, 7)).unwrap();
    let (grant, bundle) = sealed.verify(&code, &rehearsal::key(7).public(), now).unwrap();
    assert_eq!(grant.event_name.as_deref(), Some("Festival"));
    assert_eq!(
        (grant.gates[0].id, grant.gates[0].name.as_str()),
        (1, "Gate North")
    );
    let later = office.show.clock.now().plus_ms(120_000);
    assert!(grant.identity.verify(&bundle, later).is_err());
}

#[tokio::test]
async fn a_hub_takes_each_code_once_in_time_and_unaltered() {
    let office = Office::open().await;
    let code = office.code();
    let heard = request(&code, 7);
    let put_in = EnrolmentRequest {
        mac: heard.mac,
        ..request(&code, 8)
    };
    office.check_refused(put_in, "altered on its way");
    let renamed = EnrolmentRequest {
        name: "Other".to_owned(),
        ..heard.clone()
    };
    office.check_refused(renamed, "altered on its way");
    office.issuer.enrol(heard.clone()).unwrap();
    assert!(office.issuer.enrol(heard).is_ok());
    office.check_refused(request(&code, 8), "was used by another device");
    let unknown = EnrolmentCode::new(code.url(), EVENT, code.roots().clone(), SECRET).unwrap();
    office.check_refused(request(&unknown, 8), "has made no such code");
    let old = office.make(&office.replica.certificate(), terms(vec![1], 1), Timestamp(0));
    office.check_refused(request(&old.unwrap(), 8), "time is over: make a new one");
}

#[tokio::test]
async fn a_hub_enrols_no_key_that_was_revoked_or_has_written_a_log() {
    let mut office = Office::open().await;
    let code = office.code();
    let sealed = office.issuer.enrol(request(&code, 7)).unwrap();
    let trust = Arc::clone(&office.replica.snapshot().trust);
    let mut ledger = Ledger::new(rehearsal::key(7).public(), Some(sealed.grant.identity), trust);
    let entries = ledger.write_due_records(office.show.clock.now());
    let run = Run {
        base: Tail::default(),
        records: entries.into_iter().map(|entry| entry.bytes).collect(),
        head: ledger.seal(&rehearsal::key(7)).unwrap(),
    };
    usher_link::SyncStore::store(&*office.replica, run).await.unwrap();
    for code in [&code, &office.code()] {
        office.check_refused(request(code, 7), "fresh folder");
    }

    let device = rehearsal::key(8).public();
    office.show.write(Body::DeviceRevoked {
        device,
        after: usher_protocol::Seq(0),
    });
    let run = office.show.run();
    usher_link::SyncStore::store(&*office.replica, run).await.unwrap();
    office.check_refused(request(&office.code(), 8), "was revoked");
    assert!(office.issuer.enrol(request(&office.code(), 9)).is_ok());
}

#[tokio::test]
async fn a_scanner_may_work_as_long_as_its_hub_or_for_the_hours_it_is_given() {
    let mut show = rehearsal::Show::new(&[1]);
    let now = show.clock.now();
    let end = now.plus_ms(50 * HOUR_MS);
    let mut enrolment = show.enrolment(1, Role::Hub);
    let mut hub = enrolment.identity.unverified().clone();
    hub.window.until = end;
    enrolment.identity = identity(&hub);
    let replica = Replica::open_in_memory(&enrolment, rehearsal::key(1), show.clock.clone()).unwrap();
    usher_link::SyncStore::store(&replica, show.run()).await.unwrap();
    let office = Office::of(show, Arc::new(replica));
    let make = |hub: &Certificate, valid_ms| {
        let terms = ScannerTerms {
            valid_ms,
            override_refusals: false,
            ..terms(Vec::new(), 1)
        };
        office.make(hub, terms, office.show.clock.now())
    };
    let until = |valid_ms, n| {
        let code = make(&hub, valid_ms).unwrap();
        let sealed = office.issuer.enrol(request(&code, n)).unwrap();
        sealed.grant.identity.unverified().window.until
    };
    assert_eq!(until(None, 7), end);
    assert_eq!(until(Some(100 * HOUR_MS), 8), end);
    assert!(until(Some(HOUR_MS), 9) < now.plus_ms(2 * HOUR_MS));
    let mut endless = hub.clone();
    endless.window.until = Timestamp::FOREVER;
    assert!(matches!(make(&endless, None), Err(IssueError::NoEnd)));
    office.show.clock.shift_ms(99 * HALF_HOUR_MS);
    let code = make(&hub, None).unwrap();
    office.show.clock.shift_ms(HALF_HOUR_MS);
    assert!(matches!(make(&hub, None), Err(IssueError::HubEnded)));
    office.check_refused(request(&code, 10), "this hub's certificate has ended");
}
