//! Enrolment from code to replica, against a server that is honest, and several that are not.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use usher_keys::{Capabilities, EnrolmentSecret, RootSet};

use super::*;
use crate::rehearsal::{self, EVENT, certificate, identity};

const SECRET: EnrolmentSecret = EnrolmentSecret([3; 16]);

/// How a server answers a request.
type Manners = fn(EnrolmentRequest) -> (StatusCode, String);

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
        let answer = move |body: Bytes| async move { manners(serde_json::from_slice(&body).unwrap()) };
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

fn grant(request: &EnrolmentRequest, role: Role) -> EnrolmentGrant {
    let mut granted = certificate(1, role, Capabilities::default());
    granted.device = request.device;
    EnrolmentGrant {
        identity: identity(&granted),
        bundle: rehearsal::bundle(1),
        event: EVENT,
        uplink: vec!["127.0.0.1:4433".to_owned()],
        hub_name: None,
    }
}

fn honest(request: EnrolmentRequest) -> (StatusCode, String) {
    request.verify().unwrap();
    assert_eq!((request.secret, request.name.as_str()), (SECRET, "Gate North"));
    (
        StatusCode::CREATED,
        serde_json::to_string(&grant(&request, Role::Hub)).unwrap(),
    )
}

#[tokio::test]
async fn a_fresh_machine_becomes_a_hub_that_opens() {
    let server = Server::open(honest).await;
    server.enrol().await.unwrap();
    let replica = server.directory.open_replica(Clock::system()).unwrap();
    assert_eq!(replica.meta().uplink, ["127.0.0.1:4433"]);
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
    let other_role = refused(|request| {
        (
            StatusCode::OK,
            serde_json::to_string(&grant(&request, Role::Scanner)).unwrap(),
        )
    });
    assert!(other_role.await.contains("ask for another code"));
    let other_key = refused(|request| {
        let mut grant = grant(&request, Role::Hub);
        grant.identity = identity(&certificate(9, Role::Hub, Capabilities::default()));
        (StatusCode::OK, serde_json::to_string(&grant).unwrap())
    });
    assert!(other_key.await.contains("another event or another device"));
    let other_roots = refused(|request| {
        let mut grant = grant(&request, Role::Hub);
        let mut bundle = grant.bundle.unverified().unwrap();
        bundle.roots = RootSet::single(rehearsal::key(55).public());
        grant.bundle = bundle.sign(&[&rehearsal::key(55)]);
        (StatusCode::OK, serde_json::to_string(&grant).unwrap())
    });
    assert!(other_roots.await.contains("trust bundle is refused"));
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

#[tokio::test]
async fn a_hub_gives_away_no_more_than_it_has_and_each_code_once() {
    let mut show = rehearsal::Show::new(&[1]);
    let replica = show.hub(1).await;
    let kept = tempfile::tempdir().unwrap();
    let access = crate::replica::Access::open(&kept.path().join("access.db")).unwrap();
    let issuer = Issuer {
        replica: Arc::clone(&replica),
        key: rehearsal::key(1),
        access: access.clone(),
        uplink: vec!["127.0.0.1:1".to_owned()],
    };
    let terms = |gates: Vec<u16>, valid_ms| crate::replica::ScannerTerms {
        gates,
        override_refusals: true,
        valid_ms: Some(valid_ms),
    };
    let make = |hub: &usher_keys::Certificate, terms| {
        let url = "http://127.0.0.1:1";
        NewCode {
            hub,
            roots: &replica.meta().roots,
            url,
            terms,
        }
        .make(&access, show.clock.now())
    };
    let hub = replica.certificate();
    let narrow = usher_keys::Certificate {
        gates: vec![2],
        ..hub.clone()
    };
    let powerless = usher_keys::Certificate {
        capabilities: Capabilities::default(),
        ..hub.clone()
    };
    assert!(matches!(
        make(&powerless, terms(vec![], 1)),
        Err(IssueError::NotAllowed)
    ));
    assert!(matches!(
        make(&narrow, terms(vec![], 1)),
        Err(IssueError::TooMuch { .. })
    ));
    assert!(matches!(
        make(hub, terms(vec![], u64::MAX)),
        Err(IssueError::OverLimit)
    ));
    let code = make(hub, terms(vec![1], 60_000)).unwrap();
    let request = |n| EnrolmentRequest::new(code.secret(), "Scanner".to_owned(), &rehearsal::key(n)).unwrap();
    let grant = issuer.enrol(request(7)).unwrap();
    let bundle = grant
        .verify(&code, &rehearsal::key(7).public(), show.clock.now())
        .unwrap();
    assert!(
        grant
            .identity
            .verify(&bundle, show.clock.now().plus_ms(120_000))
            .is_err()
    );
    assert!(issuer.enrol(request(7)).is_ok());
    assert!(matches!(issuer.enrol(request(8)), Err(IssueError::UnknownCode)));
}

#[tokio::test]
async fn a_scanner_may_work_as_long_as_its_hub_or_for_the_hours_it_is_given() {
    let mut show = rehearsal::Show::new(&[1]);
    let now = show.clock.now();
    let end = now.plus_ms(50 * 60 * 60 * 1000);
    let mut meta = show.meta(1, Role::Hub);
    let mut hub = meta.identity.unverified().clone();
    hub.window.until = end;
    meta.identity = identity(&hub);
    let replica = Replica::open_in_memory(&meta, rehearsal::key(1), show.clock.clone()).unwrap();
    let replica = Arc::new(replica);
    usher_link::Replica::store(replica.as_ref(), show.run())
        .await
        .unwrap();
    let kept = tempfile::tempdir().unwrap();
    let access = crate::replica::Access::open(&kept.path().join("access.db")).unwrap();
    let issuer = Issuer {
        replica: Arc::clone(&replica),
        key: rehearsal::key(1),
        access: access.clone(),
        uplink: Vec::new(),
    };
    let make = |hub: &usher_keys::Certificate, valid_ms| {
        let terms = crate::replica::ScannerTerms {
            gates: Vec::new(),
            override_refusals: false,
            valid_ms,
        };
        let code = NewCode {
            hub,
            roots: &replica.meta().roots,
            url: "http://127.0.0.1:1",
            terms,
        };
        code.make(&access, show.clock.now())
    };
    let until = |valid_ms, n| {
        let secret = make(&hub, valid_ms).unwrap().secret();
        let request = EnrolmentRequest::new(secret, "Scanner".to_owned(), &rehearsal::key(n)).unwrap();
        issuer.enrol(request).unwrap().identity.unverified().window.until
    };
    assert_eq!(until(None, 7), end);
    assert_eq!(until(Some(100 * 60 * 60 * 1000), 8), end);
    assert!(until(Some(60 * 60 * 1000), 9) < now.plus_ms(2 * 60 * 60 * 1000));
    let mut endless = hub.clone();
    endless.window.until = usher_keys::Timestamp::FOREVER;
    assert!(matches!(make(&endless, None), Err(IssueError::NoEnd)));
    let code = make(&hub, None).unwrap();
    show.clock.shift_ms(50 * 60 * 60 * 1000);
    assert!(matches!(make(&hub, None), Err(IssueError::HubEnded)));
    let late = EnrolmentRequest::new(code.secret(), "Late".to_owned(), &rehearsal::key(10)).unwrap();
    assert!(issuer.enrol(late).is_err());
}
