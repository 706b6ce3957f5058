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
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EnrolmentCode, EnrolmentGrant, EnrolmentRequest,
    EnrolmentSecret, EventId, KeyId, PublicKey, Role, RootSet, SecretKey, SignedBundle, Timestamp,
    TrustBundle, TrustedKey, Window,
};
use usher_link::{Endpoint, Opened, drive};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Run, Tail};
use usher_protocol::policy::{EntryRule, Gate, Offline, Policy, Tier, Zone};
use usher_protocol::record::Body;
use usher_protocol::request::{Request, RequestError, Response};
use usher_protocol::ticket::{Ticket, TicketFlags};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};

const TIER: TierId = TierId(1);
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
        EventId([self.number; 16])
    }

    fn key(self, n: u8) -> SecretKey {
        SecretKey::from_seed(&[16 * self.number + n; 32])
    }

    fn roots(self) -> RootSet {
        RootSet::single(self.key(1).public())
    }

    fn bundle(self) -> SignedBundle {
        let trusted = |n| vec![TrustedKey::active(self.key(n).public(), Window::ALWAYS)];
        let bundle = TrustBundle {
            event: self.event(),
            version: 1,
            roots: self.roots(),
            ticket_keys: trusted(2),
            authority_keys: trusted(3),
            issuing_keys: trusted(4),
        };
        bundle.sign(&[&self.key(1)])
    }
}

fn identity(show: Show, device: PublicKey, role: Role, name: &str) -> DeviceIdentity {
    let certificate = Certificate {
        event: show.event(),
        device,
        role,
        name: name.to_owned(),
        gates: Vec::new(),
        capabilities: Capabilities {
            enrol_scanners: role == Role::Hub,
            override_refusals: false,
        },
        window: Window {
            from: Timestamp(0),
            until: Clock::system().now().plus_ms(show.hours * HOUR_MS),
        },
    };
    DeviceIdentity {
        certificate: certificate.sign(&show.key(4)),
        via: None,
    }
}

fn policy(name: &str) -> Policy {
    Policy {
        name: name.to_owned(),
        utc_offset_minutes: 60,
        time_zone: String::new(),
        offset_changes: Vec::new(),
        day_start_minutes: 0,
        zones: vec![Zone {
            id: ZoneId(1),
            name: "Arena".to_owned(),
            capacity: None,
            time_slots: None,
            inside: None,
        }],
        gates: vec![Gate {
            id: GateId(1),
            name: "Gate North".to_owned(),
            zone: ZoneId(1),
            leaves: None,
        }],
        tiers: vec![Tier {
            id: TIER,
            name: "Seated".to_owned(),
            zones: vec![ZoneId(1)],
            windows: Vec::new(),
            entry: EntryRule::Single,
            offline: Offline::Available,
        }],
        labels: None,
    }
}

fn authority_log(show: Show) -> Run {
    let trust = Trust::pin(&show.roots(), show.bundle()).unwrap();
    let mut ledger = Ledger::new(show.key(3).public(), None, Arc::new(trust));
    let policy = Body::Policy {
        version: 1,
        policy: policy(show.name),
    };
    let entry = ledger.write(policy, Clock::system().now());
    Run {
        base: Tail::default(),
        records: vec![entry.bytes],
        head: ledger.seal(&show.key(3)).unwrap(),
    }
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
        let link = show.key(5);
        let endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), &link).unwrap();
        let uplink = endpoint.local_addr().to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let secret = EnrolmentSecret([show.number; 16]);
        let code = EnrolmentCode::new(&url, show.event(), show.roots(), secret).unwrap();
        let enrol = move |Json(request): Json<EnrolmentRequest>| async move {
            request.verify(show.event(), &secret.key()).unwrap();
            let grant = EnrolmentGrant {
                identity: identity(show, request.device, Role::Hub, &request.name),
                bundle: show.bundle(),
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
            roots: show.roots(),
            bundle: show.bundle(),
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
        let ticket = Ticket {
            key: KeyId([0; 4]),
            unit: Unit(unit),
            generation: Generation(1),
            tier: TIER,
            admits: 1,
            flags: TicketFlags::default(),
            holder: None,
        };
        ticket.sign(&self.show.key(2)).to_text()
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
