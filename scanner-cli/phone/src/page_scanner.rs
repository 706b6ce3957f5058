//! All of a page's scanner but the browser: what arrives and what staff do goes in, what is to be done comes out, one thing after the other.
//!
//! **Order is durability**: what [`PageScanner::poll`] gives is done in its order, and [`Todo::Persist`] is written and flushed before the next
//! one is asked for. Where that fails, the scanner is thrown away and another one opened from the file as it was.

mod against;
mod linking;
mod pending;
mod scans;

use std::collections::VecDeque;

use usher_eyes::debounce::Debounce;
use usher_keys::{PublicKey, SecretKey, Timestamp};
use usher_protocol::admission::Direction;
use usher_protocol::clock::{ClockHealth, ClockReading, RuleClock, RuleTime};
use usher_protocol::last_scans::LastScans;
use usher_protocol::request::{Scan, TicketFacts};
use usher_protocol::routing::{Line, LineId};
use usher_protocol::sync::{Farewell, Held, Input};
use usher_protocol::ticket::lasting;
use usher_protocol::web::{CertificateHash, NamedCertificate};
use usher_protocol::{GateId, ScanSecret};
use usher_words::scanner::outcome::{ScanCounts, ScanOutcome};

use crate::link::Link;
use crate::replica::{OpenError, PageReplica};
use crate::scan_way::ScanWay;
use pending::PendingRequest;

pub use scans::Showing;

/// A code not seen for so long has left the view, in milliseconds: as at any scanner of ours.
const SHOWING_MS: u64 = 3_000;

/// Where a scanner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub gate: GateId,
    pub direction: Direction,
    /// How many people pass with one scan, from 1.
    pub persons: u8,
}

/// A scan by which somebody passed here.
#[derive(Debug, Clone)]
struct PassedHere {
    scan: Scan,
    /// What proves that it is ours.
    secret: ScanSecret,
    ticket: Option<TicketFacts>,
}

/// One thing that the page is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Todo {
    /// Append this to the file and flush it, before anything else.
    Persist(Vec<u8>),
    /// Send this over the stream of the link.
    Send(Vec<u8>),
    /// Open a stream of its own for this request, and hand on what comes back under its number.
    Ask { number: u32, frame: Vec<u8> },
    /// Nobody waits for that answer any more: reset its stream.
    TakeBack { number: u32 },
    /// Show what came of a scan.
    Say(Box<ScanOutcome>),
    /// From now on the hub is known by these certificates.
    Certificates(Vec<NamedCertificate>),
    /// Close the connection, for this reason.
    Close(Ended),
}

/// Why a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody said goodbye.
    Farewell(Farewell),
    /// The hub is not the one that the code named.
    NotTheHub,
    /// It took too long to open.
    Overdue,
}

/// A page's scanner.
pub struct PageScanner {
    replica: PageReplica,
    clock: RuleClock,
    reading: ClockReading,
    link: Option<Link>,
    links: u64,
    /// Whoever refused this scanner, until a session opens again.
    refused_by: Option<PublicKey>,
    /// How much of our log the hub lacked that was linked last, counted from there.
    handed_on: Option<usher_protocol::Seq>,
    inputs: VecDeque<Input>,
    wake_at: Option<Timestamp>,
    position: Position,
    debounce: Debounce<ScanSecret>,
    scan: Option<ScanWay>,
    pending: Option<PendingRequest>,
    /// What an undo and an override are for.
    last: LastScans<PassedHere>,
    /// The ticket that was shown last, if it was one.
    shown_ticket: Option<TicketFacts>,
    /// How many codes were shown since the start.
    shown: u32,
    counts: ScanCounts,
    /// When staff are asked to wait, by the machine's run, if an answer is waited for.
    asks_to_wait_at: Option<u64>,
    requests: u32,
    /// How many tickets were judged alone since a hub last answered.
    alone: u64,
    todo: VecDeque<Todo>,
}

impl PageScanner {
    /// Opens a scanner on what its file holds; says how many bytes of the file are whole, behind which it is to be cut off.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(key: SecretKey, file: &[u8], reading: ClockReading) -> Result<(Self, usize), OpenError> {
        let mut clock = RuleClock::default();
        let now = clock.read(reading).0.at;
        let (replica, whole_bytes) = PageReplica::open(key, file, now)?;
        let identity = replica.ledger().identity();
        let certificate = identity.map(|identity| identity.unverified().clone());
        let own = certificate.as_ref();
        clock.is_past(own.map_or(Timestamp(0), |own| own.window.from));
        let gate = own.and_then(|own| own.gates.first().copied()).unwrap_or_default();
        let mut scanner = Self {
            replica,
            clock,
            reading,
            link: None,
            links: 0,
            refused_by: None,
            handed_on: None,
            inputs: VecDeque::new(),
            wake_at: None,
            position: Position {
                gate: GateId(gate),
                direction: Direction::In,
                persons: 1,
            },
            debounce: Debounce::new(SHOWING_MS, lasting),
            scan: None,
            pending: None,
            last: LastScans::default(),
            shown_ticket: None,
            shown: 0,
            counts: ScanCounts::default(),
            asks_to_wait_at: None,
            requests: 0,
            alone: 0,
            todo: VecDeque::new(),
        };
        // Opens our own log before anyone asks.
        scanner.store();
        Ok((scanner, whole_bytes))
    }

    /// Takes what the clocks show; call it before anything else that happens now.
    pub fn at(&mut self, reading: ClockReading) {
        self.reading = reading;
    }

    /// Does what is due with the time.
    pub fn tick(&mut self) {
        let up_ms = self.up_ms();
        if self.link.as_ref().is_some_and(|link| link.is_overdue(up_ms)) {
            self.end(Ended::Overdue);
        }
        if self.wake_at.is_some_and(|at| at <= self.now()) {
            self.wake_at = None;
            self.inputs.push_back(Input::Tick);
        }
        self.store();
        self.drive();
        self.go_on();
        self.ask_for_patience();
    }

    /// Returns the next thing to do.
    pub fn poll(&mut self) -> Option<Todo> {
        self.todo.pop_front()
    }

    /// Returns for how many milliseconds nothing is due.
    #[must_use]
    pub fn rest_ms(&self) -> u64 {
        const LONGEST_MS: u64 = 1_000;
        let (now, up_ms) = (self.now(), self.up_ms());
        let session = self.wake_at.map_or(LONGEST_MS, |at| at.since_ms(now));
        let pending = self.pending.as_ref().map(PendingRequest::ends_up_ms);
        let waits = [
            self.scan.as_ref().and_then(ScanWay::waits_until_ms),
            pending,
            self.asks_to_wait_at,
        ];
        let scans = waits
            .into_iter()
            .flatten()
            .map(|until| until.saturating_sub(up_ms));
        scans
            .min()
            .unwrap_or(LONGEST_MS)
            .min(session)
            .clamp(1, LONGEST_MS)
    }

    /// Tells whether a scan is on its way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.scan.is_some() || self.pending.is_some()
    }

    /// Puts the scanner at a gate, for people who pass that way.
    pub fn stand(&mut self, position: Position) {
        self.position = position;
        self.debounce.ask_anew();
    }

    /// Calls the hub over a connection that just came to stand, whose certificate is one of these; `nonce` is random.
    pub fn connected(&mut self, pinned: Vec<CertificateHash>, nonce: [u8; 32]) {
        self.links += 1;
        let who = (self.replica.ledger().event(), self.replica.ledger().me());
        let (link, call) = Link::call(LineId(self.links), who, (pinned, nonce), self.up_ms());
        self.link = Some(link);
        self.todo.push_back(Todo::Send(call));
    }

    /// Takes note that the connection is gone.
    pub fn disconnected(&mut self) {
        self.link = None;
        self.inputs.clear();
        self.wake_at = None;
        self.unheard_all();
    }

    /// Returns the replica, to look at.
    #[must_use]
    pub fn replica(&self) -> &PageReplica {
        &self.replica
    }

    /// Returns what people call the hub that is linked.
    #[must_use]
    pub fn hub(&self) -> Option<String> {
        let (_, certificate) = self.link.as_ref()?.opened()?;
        Some(certificate.name.clone())
    }

    /// Returns who has refused this scanner and not changed its mind.
    #[must_use]
    pub fn refused_by(&self) -> Option<PublicKey> {
        self.refused_by
    }

    /// Returns what this machine's clock is worth, and with how many others' it is compared.
    #[must_use]
    pub fn clock(&self) -> (ClockHealth, usize) {
        (
            self.clock.clone().read(self.reading).1,
            self.clock.compared(self.reading),
        )
    }

    /// Returns how many tickets were judged alone since a hub last answered.
    #[must_use]
    pub fn alone(&self) -> u64 {
        self.alone
    }

    /// Returns how many records of our log the hub lacks that was linked last; all of them before one was linked.
    #[must_use]
    pub fn kept(&self) -> u64 {
        let ledger = self.replica.ledger();
        let handed_on = self.handed_on.unwrap_or_default();
        ledger.tail(&ledger.me()).seq.0.saturating_sub(handed_on.0)
    }

    /// Returns how many scans came out in which way since the start.
    #[must_use]
    pub fn counts(&self) -> ScanCounts {
        self.counts
    }

    /// Returns how many codes were shown since the start.
    #[must_use]
    pub fn shown(&self) -> u32 {
        self.shown
    }

    /// Returns for whom the next scan is.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns the moment to judge by.
    #[must_use]
    pub fn moment(&self) -> RuleTime {
        self.clock.clone().read(self.reading).0
    }

    fn now(&self) -> Timestamp {
        self.moment().at
    }

    /// Returns the line to the hub, once it has let this scanner in.
    fn line(&self) -> Option<Line> {
        self.link.as_ref()?.line()
    }

    fn up_ms(&self) -> u64 {
        u64::try_from(self.reading.up_ms).unwrap_or_default()
    }

    /// Has the page store what is to be stored, and tells the session what changed with it.
    fn store(&mut self) {
        let now = self.clock.read(self.reading).0.at;
        if let Some(bytes) = self.replica.seal(now) {
            self.todo.push_back(Todo::Persist(bytes));
        }
        let changes = self.replica.take_changes();
        if changes.has_dropped {
            return self.inputs.push_back(Input::Leave);
        }
        let held = Held::all_of(self.replica.ledger()).into_iter();
        let grown = held.filter(|held| changes.grown.contains(&held.origin));
        self.inputs.extend(grown.map(Input::Grew));
        if changes.has_other_trust {
            self.inputs.push_back(Input::TrustChanged);
        }
    }
}
