//! One machine of a test: an endpoint, a replica, a responder that answers requests, and the sessions it runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_keys::{Certificate, SecretKey};
use usher_protocol::ScanId;
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::ident::GateId;
use usher_protocol::request::{Answer, JudgedBy, Request, RequestError, Response, Scan};

use super::memory::Memory;
use super::within;
use crate::sync_store::SyncStore;
use crate::{Connection, Endpoint, Opened, Responder, SessionEnd, drive};

/// The gate at which the responder never answers.
pub(super) const SILENT_GATE: GateId = GateId(99);

/// The gate at which the responder asks somebody who takes his time.
pub(super) const SLOW_GATE: GateId = GateId(98);
/// How long that is: several patiences.
const SLOWLY: std::time::Duration = std::time::Duration::from_millis(1_000);

/// Admits everyone, and counts.
#[derive(Default)]
pub(super) struct CountingResponder {
    pub(super) asked: AtomicUsize,
    pub(super) waiting: Arc<AtomicUsize>,
    pub(super) unheard: AtomicUsize,
    /// Whom it asks on behalf of whoever asks it, if anybody.
    pub(super) home: OnceLock<Connection>,
}

/// Counts down when dropped.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Responder for CountingResponder {
    fn heard(&self, _peer: &Certificate, _response: &Response) {
        self.unheard.fetch_sub(1, Ordering::SeqCst);
    }

    async fn respond(
        &self,
        peer: &Certificate,
        request: Request,
        progress: &crate::sync_store::Progress,
    ) -> Response {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let (Request::Judge(scan) | Request::JudgeAsHome(scan)) = request else {
            return Err(RequestError::NotAllowed);
        };
        if let Some(home) = self.home.get() {
            let mut pending = home.begin(&Request::JudgeAsHome(scan.clone())).await.unwrap();
            pending.next().await.unwrap();
            progress.answered_by(vec![pending]);
        }
        if scan.gate == SILENT_GATE {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let _counted = Waiting(Arc::clone(&self.waiting));
            std::future::pending::<()>().await;
        }
        if scan.gate == SLOW_GATE {
            progress.asking(tokio::time::sleep(SLOWLY)).await;
        }
        self.unheard.fetch_add(1, Ordering::SeqCst);
        Ok(Answer {
            scan: scan.id,
            verdict: Verdict::Admit {
                persons: scan.persons,
                left: 0,
            },
            by: JudgedBy::Hub(peer.device),
            ticket: None,
            silent: None,
        })
    }
}

pub(super) fn scan(number: u8, gate: GateId) -> Request {
    Request::Judge(Scan {
        id: ScanId([number; 16]),
        code: b"0123".to_vec(),
        gate,
        direction: Direction::In,
        persons: 1,
    })
}

pub(super) struct Site {
    pub(super) endpoint: Endpoint,
    pub(super) replica: Arc<Memory>,
    pub(super) responder: Arc<CountingResponder>,
    pub(super) cancel: CancellationToken,
    tasks: JoinSet<()>,
    told: Told,
    opened: UnboundedReceiver<Opened>,
    ends: UnboundedReceiver<SessionEnd>,
}

#[derive(Clone)]
struct Told {
    opened: UnboundedSender<Opened>,
    ends: UnboundedSender<SessionEnd>,
}

impl Site {
    /// Opens a site that connects with that key, and accepts whoever comes.
    pub(super) fn open(key: &SecretKey, replica: Arc<Memory>) -> Self {
        Self::open_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), key, replica)
    }

    pub(super) fn open_at(addr: SocketAddr, key: &SecretKey, replica: Arc<Memory>) -> Self {
        let endpoint = Endpoint::bind(addr, key).unwrap();
        let (opened_sender, opened) = unbounded_channel();
        let (ends_sender, ends) = unbounded_channel();
        let mut site = Self {
            endpoint,
            replica,
            responder: Arc::default(),
            cancel: CancellationToken::new(),
            tasks: JoinSet::new(),
            told: Told {
                opened: opened_sender,
                ends: ends_sender,
            },
            opened,
            ends,
        };
        site.serve();
        site
    }

    fn serve(&mut self) {
        let endpoint = self.endpoint.clone();
        let (replica, responder) = (Arc::clone(&self.replica), Arc::clone(&self.responder));
        let (told, cancel) = (self.told.clone(), self.cancel.clone());
        self.tasks.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Some(connection) = endpoint.accept().await {
                let (replica, responder) = (Arc::clone(&replica), Arc::clone(&responder));
                sessions.spawn(run(
                    connection,
                    (replica, responder),
                    told.clone(),
                    cancel.clone(),
                ));
            }
            sessions.join_all().await;
        });
    }

    /// Connects to another site and runs the session.
    pub(super) async fn link_to(&mut self, other: &Self) {
        self.link_at(other.endpoint.local_addr()).await;
    }

    /// Connects to whom that address leads to, and runs the session.
    pub(super) async fn link_at(&mut self, address: SocketAddr) {
        let dialing = self.endpoint.connect(address, self.replica.event());
        let connection = within(dialing).await.unwrap();
        self.take(connection);
    }

    /// Runs the session of a connection.
    pub(super) fn take(&mut self, connection: Connection) {
        let sides = (Arc::clone(&self.replica), Arc::clone(&self.responder));
        self.tasks
            .spawn(run(connection, sides, self.told.clone(), self.cancel.clone()));
    }

    pub(super) async fn next_opened(&mut self) -> Opened {
        within(self.opened.recv()).await.unwrap()
    }

    pub(super) async fn next_end(&mut self) -> SessionEnd {
        within(self.ends.recv()).await.unwrap()
    }

    pub(super) fn nothing_opened(&mut self) -> bool {
        self.opened.try_recv().is_err()
    }
}

async fn run(
    connection: Connection,
    (replica, responder): (Arc<Memory>, Arc<CountingResponder>),
    told: Told,
    cancel: CancellationToken,
) {
    let opened = |opened: Opened| {
        opened.connection.remember();
        told.opened.send(opened).unwrap();
    };
    let end = drive(connection, replica, responder, opened, cancel).await;
    // A test that is over listens no more.
    let _ = told.ends.send(end);
}
