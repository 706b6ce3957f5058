//! A running hub of an event without a cloud, as a router; what it listens on is not used.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::Method;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{Replica, ScannerCode, ScannerTerms, StoredEnrolment, TokenHolder};
use usher_device::token::DeviceToken;
use usher_gate_agent::config::Config;
use usher_gate_agent::http;
use usher_gate_agent::hub::Hub;
use usher_keys::enrolment::EnrolmentSecret;
use usher_keys::pem::{self, RNG_BYTES};
use usher_keys::{EnrolmentCode, EnrolmentRequest, KeyId, Role, Timestamp};
use usher_link::SyncStore as _;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Run, Tail};
use usher_protocol::record::Body;
use usher_protocol::ticket::{Ticket, TicketFlags};
use usher_protocol::{Generation, TierId, Unit};

use super::{Into, Server};
use crate::hostile::scene::{
    EVENT, authority, hub, identity_always, policy, roots, signed_bundle, tickets, trust,
};

/// The one-time secret of the code that scanners can enrol with.
const SECRET: EnrolmentSecret = EnrolmentSecret([0x5e; 16]);

/// Opens it.
pub async fn open() -> Server {
    let folder = tempfile::tempdir().expect("a folder for the data");
    let directory = DataDirectory::at(folder.path());
    directory.create().expect("a folder of its own");
    let hub = start(&directory).await;
    let services = Arc::clone(hub.services());
    let token = DeviceToken::draw().expect("the system gives randomness");
    let holder = TokenHolder {
        name: "Turnstile".to_owned(),
        gates: Vec::new(),
        expires: Timestamp(i64::MAX as u64),
    };
    let scanners = ScannerCode {
        key: SECRET.key(),
        terms: ScannerTerms {
            gates: Vec::new(),
            override_refusals: false,
            valid_ms: Some(3_600_000),
        },
        expires: Timestamp(i64::MAX as u64),
    };
    let now = services.replica.clock().now();
    let access = &services.access;
    access
        .add_token(token.hash(), &holder, now)
        .expect("a token is stored");
    let added = access.add_code(SECRET.id(), &scanners, now);
    added.expect("a code is stored");
    services
        .replica
        .store(authority_record(now))
        .await
        .expect("the authority's log is sound");
    Server {
        router: http::routes(services),
        routes: vec![
            (Method::POST, "/v1/scans".to_owned(), Into::Body),
            (Method::POST, "/v1/enrolments".to_owned(), Into::Body),
            (Method::GET, "/v1/status".to_owned(), Into::Query),
            (Method::GET, "/readyz".to_owned(), Into::Query),
        ],
        names: vec![("$code", code()), ("$enrolment", enrolment())],
        token: token.reveal(),
        _kept: Box::new((hub, folder)),
    }
}

async fn start(directory: &DataDirectory) -> Hub {
    let me = hub(1);
    let enrolment = StoredEnrolment {
        identity: identity_always(&me, Role::Hub),
        roots: roots(),
        bundle: signed_bundle(1),
        uplink: Vec::new(),
    };
    pem::write_secret(&directory.key_path(), &me, None, &[0; RNG_BYTES]).expect("a key file is written");
    Replica::found(&directory.replica_path(), &enrolment).expect("a replica is founded");
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config {
        listen: free,
        http: free,
        enrolments: free,
        ..Config::default()
    };
    let started = Hub::start(directory, &config, Clock::system()).await;
    started.expect("a hub starts in a fresh folder")
}

/// The authority's log: the policy, and this hub as the only one.
fn authority_record(now: Timestamp) -> Run {
    let mut ledger = Ledger::new(authority().public(), None, trust(1));
    let bodies = [
        Body::Policy {
            version: 1,
            policy: policy(),
        },
        Body::Roster {
            epoch: 1,
            hubs: vec![hub(1).public()],
        },
    ];
    let entries = bodies.map(|body| ledger.write(body, now));
    Run {
        base: Tail::default(),
        records: entries.map(|entry| entry.bytes).to_vec(),
        head: ledger.seal(&authority()).expect("there are new records"),
    }
}

/// What a scanner sends that this hub enrols.
fn enrolment() -> String {
    let code = EnrolmentCode::new("http://localhost", EVENT, roots(), SECRET).expect("a code of a hub");
    let request = EnrolmentRequest::new(&code, "Scanner".to_owned(), &hub(9)).expect("a name that fits");
    serde_json::to_string(&request).expect("a request has a JSON form")
}

/// The text of a ticket that this hub admits.
fn code() -> String {
    let ticket = Ticket {
        key: KeyId([0; 4]),
        unit: Unit(7),
        generation: Generation(1),
        tier: TierId(2),
        admits: 2,
        flags: TicketFlags::default(),
        holder: None,
    };
    ticket.sign(&tickets()).to_text()
}
