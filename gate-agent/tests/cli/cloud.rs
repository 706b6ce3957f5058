//! A cloud of a few lines for the program's tests: enrols one hub, writes the policy, syncs over a real link.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_device::clock::Clock;
use usher_device::replica::{Replica, StoredEnrolment};
use usher_fixtures::{AVAILABLE, EventFixture, key, ticket};
use usher_keys::{
    Certificate, DeviceIdentity, EnrolmentCode, EnrolmentGrant, EnrolmentRequest, EnrolmentSecret, EventId,
    PublicKey, Role, Timestamp, Window,
};
use usher_link::{Endpoint, Opened, drive};
use usher_protocol::log::Run;
use usher_protocol::policy::Policy;
use usher_protocol::record::Body;
use usher_protocol::request::{Request, RequestError, Response};

const HOUR_MS: u64 = 60 * 60 * 1000;

/// An event, with keys of its own.
#[derive(Debug, Clone, Copy)]
pub struct Show {
    /// What it is told apart by.
    pub number: u8,
    /// What people call it.
    pub name: &'static str,
    /// In how many hours the certificates of its devices end.
    pub hours: u64,
}

impl Show {
    /// Returns its id.
    pub fn event(self) -> EventId {
        self.keyed().id
    }

    /// Returns it with its keys.
    fn keyed(self) -> EventFixture {
        EventFixture::new(EventId([self.number; 16]), 16 * self.number + 1)
    }
}

fn identity(show: Show, device: PublicKey, role: Role, name: &str) -> DeviceIdentity {
    let mut certificate = show.keyed().certificate(device, role);
    certificate.name = name.to_owned();
    certificate.capabilities.override_refusals = role == Role::Hub;
    certificate.window = Window {
        from: Timestamp(0),
        until: Clock::system().now().plus_ms(show.hours * HOUR_MS),
    };
    show.keyed().identity(certificate)
}

fn authority_log(show: Show) -> Run {
    let policy = Policy {
        name: show.name.to_owned(),
        ..usher_fixtures::policy()
    };
    let body = Body::Policy { version: 1, policy };
    show.keyed().authority_log([body], Clock::system().now())
}

/// Answers nothing: a cloud judges no scans.
struct Silent;

impl usher_link::Responder for Silent {
    async fn respond(
        &self,
        _peer: &Certificate,
        _request: Request,
        _progress: &usher_link::Progress,
    ) -> Response {
        Err(RequestError::NotAllowed)
    }
}

/// The cloud.
pub struct Cloud {
    show: Show,
    /// A code that enrols a hub.
    pub code: String,
    linked: watch::Receiver<bool>,
    _tasks: JoinSet<()>,
}

impl Cloud {
    /// Opens it on free ports.
    pub async fn open(show: Show) -> Self {
        let link = key(16 * show.number + 5);
        let endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), &link).unwrap();
        let uplink = endpoint.local_addr().to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let secret = EnrolmentSecret([show.number; 16]);
        let code = EnrolmentCode::new(&url, show.event(), show.keyed().roots(), secret).unwrap();
        let enrol = move |Json(request): Json<EnrolmentRequest>| async move {
            request.verify(show.event(), &secret.key()).unwrap();
            let grant = EnrolmentGrant {
                identity: identity(show, request.device, Role::Hub, &request.name),
                bundle: show.keyed().bundle(1),
                event: show.event(),
                event_name: Some(show.name.to_owned()),
                gates: Vec::new(),
                uplink: vec![uplink],
                hub_name: None,
            };
            Json(grant.seal(&secret.key()))
        };
        let app = axum::Router::new().route("/v1/enrolments", post(enrol));
        let enrolment = StoredEnrolment {
            identity: identity(show, link.public(), Role::Cloud, "Cloud"),
            roots: show.keyed().roots(),
            bundle: show.keyed().bundle(1),
            uplink: Vec::new(),
        };
        let replica = Arc::new(Replica::open_in_memory(&enrolment, link, Clock::system()).unwrap());
        usher_link::SyncStore::store(&*replica, authority_log(show))
            .await
            .unwrap();
        let (tell, linked) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        tasks.spawn(accept(endpoint, replica, tell));
        Self {
            show,
            code: code.to_string(),
            linked,
            _tasks: tasks,
        }
    }

    /// Waits until the hub is linked.
    pub async fn wait_until_linked(&self) {
        let mut linked = self.linked.clone();
        let waiting = linked.wait_for(|linked| *linked);
        tokio::time::timeout(super::PATIENCE, waiting)
            .await
            .unwrap()
            .unwrap();
    }

    /// Asks again until the hub has received the event.
    pub async fn until_ready(&self, mut ask: impl AsyncFnMut() -> Value) -> Value {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        let asking = async {
            loop {
                let answer = ask().await;
                if answer["reason"] != "not_ready" {
                    return answer;
                }
                look.tick().await;
            }
        };
        tokio::time::timeout(super::PATIENCE, asking).await.unwrap()
    }

    /// Signs the ticket of a unit.
    pub fn ticket(&self, unit: u32) -> String {
        self.show.keyed().code(&ticket(unit, AVAILABLE))
    }
}

async fn accept(endpoint: Endpoint, replica: Arc<Replica>, tell: watch::Sender<bool>) {
    let mut sessions = JoinSet::new();
    while let Some(connection) = endpoint.accept().await {
        let (replica, tell) = (Arc::clone(&replica), tell.clone());
        sessions.spawn(async move {
            let opened = |_: Opened| {
                tell.send_replace(true);
            };
            drive(
                connection,
                replica,
                Arc::new(Silent),
                opened,
                CancellationToken::new(),
            )
            .await;
        });
    }
}
