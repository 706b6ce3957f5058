//! Asking several hubs at once, when some are silent, busy or refuse; the hubs here say what a test wants them to say.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_device::clock::Clock;
use usher_device::replica::Replica;
use usher_keys::{Certificate, Role};
use usher_link::{Endpoint, Opened, Responder, drive};
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::request::{Answer, JudgedBy, Request, RequestError, Response, Scan};
use usher_protocol::routing::Word;
use usher_protocol::{GateId, ScanId, ScanSecret};
use usher_scan::ask::{OwnScan, ReaderStep};
use usher_scan::handover::Handover;
use usher_scan::links::{HubLinks, Start};

use crate::venue::{PATIENCE, enrolment, key};

const SCANNER: u8 = 50;
const ID: ScanId = ScanId([9; 16]);

/// What a hub says to every scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Nothing, ever.
    Nothing,
    /// Its number, as the number of places left.
    Admit(u8),
    /// The answer to another scan.
    Mistaken,
    /// Why not.
    Error(RequestError),
}

impl Responder for Says {
    async fn respond(
        &self,
        peer: &Certificate,
        _request: Request,
        _progress: &usher_link::Progress,
    ) -> Response {
        let (left, scan) = match *self {
            Self::Nothing => std::future::pending().await,
            Self::Error(error) => return Err(error),
            Self::Admit(left) => (left, ID),
            Self::Mistaken => (0, ScanId([0; 16])),
        };
        Ok(Answer {
            scan,
            verdict: Verdict::Admit { persons: 1, left },
            by: JudgedBy::Hub(peer.device),
            ticket: None,
            silent: None,
        })
    }
}

fn replica(n: u8, role: Role) -> Arc<Replica> {
    let enrolment = enrolment(key(n).public(), role, &format!("{role:?} {n}"));
    Arc::new(Replica::open_in_memory(&enrolment, key(n), Clock::system()).unwrap())
}

/// Opens a hub that answers so; returns its address.
fn open_hub(n: u8, says: Says, tasks: &mut JoinSet<()>) -> String {
    let endpoint = Endpoint::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), &key(n)).unwrap();
    let addr = endpoint.local_addr().to_string();
    let replica = replica(n, Role::Hub);
    tasks.spawn(async move {
        while let Some(connection) = endpoint.accept().await {
            let ignored = |_: Opened| {};
            drive(
                connection,
                Arc::clone(&replica),
                Arc::new(says),
                ignored,
                CancellationToken::new(),
            )
            .await;
        }
    });
    addr
}

/// Asks hubs that answer so, in this order.
async fn asked(hubs: &[Says], limit: Duration) -> Word {
    let mut tasks = JoinSet::new();
    let numbered = (1..).zip(hubs);
    let addresses: Vec<String> = numbered.map(|(n, says)| open_hub(n, *says, &mut tasks)).collect();
    let scanner = replica(SCANNER, Role::Scanner);
    let handover = Arc::new(Handover::new(Arc::clone(&scanner)));
    let links = HubLinks::start(
        &key(SCANNER),
        handover,
        Start {
            addresses: &addresses,
            learns: false,
            memory: None,
        },
    )
    .unwrap();
    let all_linked = async {
        while links.hubs().linked().len() < hubs.len() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, all_linked).await.unwrap();
    let scan = Scan {
        id: ID,
        code: b"123".to_vec(),
        gate: GateId(1),
        direction: Direction::In,
        persons: 1,
    };
    let own = OwnScan {
        scan: &scan,
        secret: ScanSecret([0; 16]),
        home: None,
        is_void: false,
        hubs: &links.hubs(),
        replica: &scanner,
    };
    let request = || Request::Judge(scan.clone());
    let mut asking = own.ask(request, limit);
    let word = loop {
        match asking.step().await.unwrap() {
            ReaderStep::JudgeAlone => asking.judged(None),
            ReaderStep::Say(conclusion) => break conclusion.word,
        }
    };
    links.end().await;
    word
}

#[track_caller]
fn check(hubs: &[Says], limit: Duration, expected: Result<u8, Option<RequestError>>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let came_of_it = match runtime.block_on(asked(hubs, limit)) {
        Word::Theirs(answer) => match answer.verdict {
            Verdict::Admit { left, .. } => Ok(left),
            Verdict::Deny(_) | Verdict::Refer(_) => unreachable!("no hub here says so"),
        },
        Word::Refused(error) => Err(Some(error)),
        Word::Ours => Err(None),
    };
    assert_eq!(came_of_it, expected, "{hubs:?}");
}

#[test]
fn the_first_hub_that_can_decide_is_believed() {
    check(&[Says::Admit(1), Says::Admit(2)], PATIENCE, Ok(1));
    check(&[Says::Nothing, Says::Admit(2)], PATIENCE, Ok(2));
    check(&[Says::Mistaken, Says::Admit(2)], PATIENCE, Ok(2));
    let unavailable = Says::Error(RequestError::Unavailable);
    check(&[unavailable, Says::Nothing, Says::Admit(3)], PATIENCE, Ok(3));
}

#[test]
fn a_hub_that_may_not_is_believed_where_no_other_may() {
    let refuses = Says::Error(RequestError::NotAllowed);
    check(&[refuses, Says::Admit(2)], PATIENCE, Ok(2));
    check(
        &[Says::Nothing, refuses],
        PATIENCE,
        Err(Some(RequestError::NotAllowed)),
    );
}

#[test]
fn without_an_answer_in_time_there_is_none() {
    let short = Duration::from_millis(50);
    check(&[], short, Err(None));
    check(&[Says::Nothing], short, Err(None));
    check(&[Says::Nothing, Says::Nothing, Says::Nothing], short, Err(None));
    let busy = Says::Error(RequestError::Busy);
    check(&[busy, busy], PATIENCE, Err(None));
}
