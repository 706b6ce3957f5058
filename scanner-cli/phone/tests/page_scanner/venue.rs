//! A page with its file, and a hub of the event that talks to it over nothing but bytes: the real session and ledger on both sides.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use usher_fixtures::{SHOW, key, policy};
use usher_keys::{Role, Timestamp};
use usher_phone::border::Task;
use usher_phone::file::Founding;
use usher_phone::frames::{Frames, frame};
use usher_phone::page_scanner::{PageScanner, Position, Todo};
use usher_phone::replica::{self, PageReplica};
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::clock::{ClockReading, RuleTime};
use usher_protocol::ledger::ScanQuestion;
use usher_protocol::log::Run;
use usher_protocol::record::Body;
use usher_protocol::request::{
    self, Answer, JudgedBy, Reply, Request, RequestError, Scan, TicketFacts, Told,
};
use usher_protocol::sync::session::CHECKPOINT_LAG;
use usher_protocol::sync::{Context, Held, Input, Message, Output, Session, SessionConfig};
use usher_protocol::ticket::foreign;
use usher_protocol::web::{CertificateHash, HubWelcome, NamedCertificate, PageCall};
use usher_protocol::{GateId, Seq};
use usher_words::scanner::outcome::ScanOutcome;

/// 2027-01-15T08:00:00Z.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const HUB: u8 = 1;
pub const PAGE: u8 = 2;
const CERTIFICATE: CertificateHash = CertificateHash([7; 32]);

pub fn founding(number: u8, role: Role) -> Founding {
    Founding {
        identity: SHOW.identity(SHOW.certificate(key(number).public(), role)),
        roots: SHOW.roots(),
        bundle: SHOW.bundle(1),
    }
}

pub fn authority_log(more: impl IntoIterator<Item = Body>) -> Run {
    let first = [
        Body::Policy {
            version: 1,
            policy: policy(),
        },
        Body::Roster {
            epoch: 1,
            hubs: vec![key(HUB).public()],
        },
    ];
    SHOW.authority_log(first.into_iter().chain(more), NOW)
}

/// A page: its scanner, the bytes on its disk, and what it wanted done.
pub struct Page {
    pub scanner: PageScanner,
    pub file: Vec<u8>,
    pub said: Vec<ScanOutcome>,
    /// What is under way to the hub.
    pub sent: Vec<Vec<u8>>,
    pub asked: Vec<(u32, Vec<u8>)>,
    pub taken_back: Vec<u32>,
    /// How often it was told by what its hub is known.
    pub named: u32,
    pub ms: u64,
    pub trace: Trace,
    shown: u64,
}

/// All that was done to a page, a line of JSON each, and all that it wanted done, so that another build of it can be held against this one.
#[derive(Debug, Default)]
pub struct Trace {
    pub done: Vec<String>,
    pub wanted: Vec<String>,
}

impl Trace {
    fn want(&mut self, todo: &Todo) {
        let task = Task::from(todo.clone());
        let bytes = HEXLOWER.encode(&task.bytes());
        self.wanted.push(format!(
            "{} {} {bytes} {}",
            task.kind(),
            task.number(),
            task.text()
        ));
    }
}

impl Page {
    pub fn founded() -> Self {
        Self::opened(replica::found(founding(PAGE, Role::Scanner)), 0)
    }

    /// Starts on what a file holds, some time after [`NOW`].
    pub fn opened(mut file: Vec<u8>, ms: u64) -> Self {
        let (scanner, whole_bytes) =
            PageScanner::open(key(PAGE), &file, reading(ms)).expect("the file is a page's");
        file.truncate(whole_bytes);
        let mut page = Self {
            scanner,
            file,
            said: Vec::new(),
            sent: Vec::new(),
            asked: Vec::new(),
            taken_back: Vec::new(),
            named: 0,
            ms,
            trace: Trace::default(),
            shown: 0,
        };
        page.stand(usher_fixtures::NORTH, Direction::In);
        page.drain();
        page
    }

    pub fn stand(&mut self, gate: GateId, direction: Direction) {
        self.stand_for(gate, direction, 1);
    }

    pub fn stand_for(&mut self, gate: GateId, direction: Direction, persons: u8) {
        self.done(
            json!({ "do": "stand", "gate": gate.0, "out": direction == Direction::Out, "persons": persons }),
        );
        self.scanner.stand(Position {
            gate,
            direction,
            persons,
        });
    }

    pub fn done(&mut self, done: Value) {
        self.trace.done.push(done.to_string());
    }

    /// Takes bytes of the link's stream.
    pub fn received(&mut self, bytes: &[u8]) {
        self.done(json!({ "do": "received", "bytes": HEXLOWER.encode(bytes) }));
        self.scanner.received(bytes);
    }

    /// Takes bytes that came for a request.
    pub fn heard(&mut self, number: u32, bytes: &[u8]) {
        self.done(json!({ "do": "heard", "number": number, "bytes": HEXLOWER.encode(bytes) }));
        self.scanner.heard(number, bytes);
        self.drain();
    }

    pub fn disconnect(&mut self) {
        self.done(json!({ "do": "disconnected" }));
        self.scanner.disconnected();
        self.scanner.tick();
        self.sent.clear();
        self.drain();
    }

    /// Does what the scanner wants done; what it says is only kept once all before it is in the file.
    pub fn drain(&mut self) {
        while let Some(todo) = self.scanner.poll() {
            self.trace.want(&todo);
            match todo {
                Todo::Persist(bytes) => self.file.extend(bytes),
                Todo::Send(bytes) => self.sent.push(bytes),
                Todo::Ask { number, frame } => self.asked.push((number, frame)),
                Todo::TakeBack { number } => self.taken_back.push(number),
                Todo::Say(said) => self.said.push(*said),
                Todo::Certificates(_) => self.named += 1,
                Todo::Close(_) => self.sent.clear(),
            }
        }
    }

    pub fn pass(&mut self, ms: u64) {
        self.ms += ms;
        let now = reading(self.ms);
        self.done(json!({ "do": "pass", "wall": now.wall.0, "up": now.up_ms }));
        self.scanner.at(now);
        self.scanner.tick();
        self.drain();
    }

    /// Shows a code and gives what was said of it, after so much time if it was not said at once.
    pub fn scan(&mut self, code: &str) -> Option<ScanOutcome> {
        self.show(code.as_bytes());
        self.said.pop()
    }

    /// Shows a code.
    pub fn show(&mut self, code: &[u8]) {
        let random = self.random();
        self.done(json!({ "do": "show", "code": HEXLOWER.encode(code), "random": HEXLOWER.encode(&random) }));
        self.scanner.show(code, random);
        self.drain();
    }

    /// What a browser would draw.
    pub fn random(&mut self) -> [u8; 16] {
        self.shown += 1;
        let mut random = [0; 16];
        random[..8].copy_from_slice(&self.shown.to_le_bytes());
        random
    }
}

pub fn reading(ms: u64) -> ClockReading {
    ClockReading {
        wall: NOW.plus_ms(ms),
        up_ms: i64::try_from(1_000 + ms).expect("tests take no ages"),
    }
}

/// A hub: its replica, and its side of the link.
pub struct Hub {
    pub replica: PageReplica,
    number: u8,
    session: Option<Session>,
    frames: Frames,
    call: Option<(PageCall, HubWelcome)>,
    replies: Vec<Vec<u8>>,
}

impl Hub {
    /// Starts one that has heard all of the authority.
    pub fn started(log: &Run) -> Self {
        Self::of(HUB, founding(HUB, Role::Hub), log)
    }

    /// Starts what answers as a hub, whoever it is.
    pub fn of(number: u8, founding: Founding, log: &Run) -> Self {
        let file = replica::found(founding);
        let (mut replica, _) = PageReplica::open(key(number), &file, NOW).expect("a fresh file");
        replica.accept(log, NOW).expect("the authority's log");
        replica.seal(NOW);
        replica.take_changes();
        Self {
            replica,
            number,
            session: None,
            frames: Frames::default(),
            call: None,
            replies: Vec::new(),
        }
    }

    /// Lets a page call, and both talk until nobody has anything more to say.
    pub fn link(&mut self, page: &mut Page) {
        (self.session, self.call, self.frames) = (None, None, Frames::default());
        page.done(json!({ "do": "connected", "hash": HEXLOWER.encode(&CERTIFICATE.0), "nonce": HEXLOWER.encode(&[3; 32]) }));
        page.scanner.connected(vec![CERTIFICATE], [3; 32]);
        page.drain();
        self.talk(page);
    }

    /// Carries what is under way both ways, until nothing is.
    pub fn talk(&mut self, page: &mut Page) {
        while !page.sent.is_empty() || !self.replies.is_empty() {
            for bytes in std::mem::take(&mut page.sent) {
                self.frames.push(&bytes);
            }
            while let Ok(Some(body)) = self.frames.next(1_024 * 1_024) {
                self.take(&body, page.ms);
            }
            for bytes in std::mem::take(&mut self.replies) {
                // In pieces, as a network would.
                for piece in bytes.chunks(700) {
                    page.received(piece);
                }
            }
            page.drain();
        }
    }

    /// Answers what the page asked, as the home of all units; it knows no ticket codes and no supervisor.
    pub fn answer(&mut self, page: &mut Page) {
        for (number, asked) in std::mem::take(&mut page.asked) {
            let mut frames = Frames::default();
            frames.push(&asked);
            let body = frames.next(2_048).unwrap().expect("a whole frame");
            let reply = match request::from_bytes(&body).unwrap() {
                Request::Judge(scan) => self.judge_scan(&scan, NOW.plus_ms(page.ms)),
                Request::Inquire(_) => Reply::Told(Told::NoTicket),
                Request::OverrideByPin(_) | Request::CorrectByPin(_) => Reply::Done(Err(RequestError::NoPin)),
                Request::Override(_) | Request::JudgeAsHome(_) | Request::OverrideAsHome(_) => {
                    Reply::Done(Err(RequestError::NotAllowed))
                }
            };
            page.heard(number, &frame(&request::to_bytes(&reply)));
        }
        self.tell_grown(page.ms);
        self.talk(page);
    }

    fn judge_scan(&mut self, scan: &Scan, now: Timestamp) -> Reply {
        let ledger = self.replica.ledger();
        let known = ledger.state().foreign();
        let ticket = foreign::read((ledger.trust().keyring(), &known), &scan.code, now);
        let facts = ticket.as_ref().ok();
        let facts = facts.map(|ticket| TicketFacts::from(ticket.ticket()));
        let verdict = match ticket {
            Ok(ticket) => self.judge(&ScanQuestion::of(scan, ticket), now),
            Err(rejection) => Verdict::rejected(rejection),
        };
        Reply::Done(Ok(Answer {
            scan: scan.id,
            verdict,
            by: JudgedBy::Home(key(HUB).public()),
            ticket: facts,
            silent: None,
        }))
    }

    fn judge(&mut self, asked: &ScanQuestion, now: Timestamp) -> Verdict {
        self.replica.judge(asked, RuleTime::from(now))
    }

    fn take(&mut self, body: &[u8], ms: u64) {
        match (&self.call, &mut self.session) {
            (None, _) => {
                let call = PageCall::from_bytes(body).expect("a call");
                let certificates = vec![NamedCertificate {
                    hash: CERTIFICATE,
                    until: Timestamp::FOREVER,
                }];
                let welcome =
                    HubWelcome::sign(&key(self.number), [5; 32], certificates, &call, CERTIFICATE).unwrap();
                self.replies.push(frame(&welcome.to_bytes()));
                self.call = Some((call, welcome));
            }
            (Some((call, welcome)), None) => {
                call.check(body, welcome, CERTIFICATE)
                    .expect("the page proves its key");
                let ledger = self.replica.ledger();
                self.session = Some(Session::new(SessionConfig {
                    event: ledger.event(),
                    identity: ledger.identity().unwrap().clone(),
                    own_log: ledger.me(),
                    peer: call.key,
                    held: Held::all_of(ledger),
                    checkpoint_lag: CHECKPOINT_LAG,
                }));
            }
            (Some(_), Some(session)) => {
                let message = Message::from_bytes(body).expect("a message");
                // A hub says hello before what it loads for the page is there.
                if session.peer().is_none() {
                    self.input(Input::Start, ms);
                }
                self.input(Input::Received(message), ms);
            }
        }
    }

    fn tell_grown(&mut self, ms: u64) {
        self.replica.seal(NOW.plus_ms(ms));
        let grown = self.replica.take_changes().grown;
        for origin in grown {
            if let Some(held) = self.replica.held_of(&origin) {
                self.input(Input::Grew(held), ms);
            }
        }
    }

    fn input(&mut self, input: Input, ms: u64) {
        let now = NOW.plus_ms(ms);
        let ledger = self.replica.ledger();
        let (trust, register) = (Arc::clone(ledger.trust()), ledger.state().register());
        let context = Context {
            now,
            clock: now,
            trust: &trust,
            register: &register,
            assurance: self.replica.assurance(now),
            unheard_forks: &[],
        };
        let Some(session) = &mut self.session else { return };
        session.handle(input, &context);
        let outputs: Vec<_> = std::iter::from_fn(|| session.poll()).collect();
        for output in outputs {
            self.output(output, ms);
        }
    }

    fn output(&mut self, output: Output, ms: u64) {
        match output {
            Output::Send(message) => self.replies.push(frame(&message.to_bytes())),
            Output::Load { origin, after } => {
                let run = self.replica.run_after(&origin, after).map(Arc::new);
                self.input(Input::Loaded { origin, run: Ok(run) }, ms);
            }
            Output::LoadCheckpoint => self.input(Input::LoadedCheckpoint(None), ms),
            Output::Store(run) => {
                let origin = run.head.origin;
                let accepted = self.replica.accept(&run, NOW.plus_ms(ms));
                self.replica.seal(NOW.plus_ms(ms));
                let held = accepted.map(|()| self.replica.held_of(&origin).expect("it was stored"));
                self.input(Input::Stored { origin, result: held }, ms);
            }
            Output::StoreBundle(_) | Output::WakeAt(_) | Output::Notify(_) => {}
            Output::StoreCheckpoint(_) => self.input(Input::StoredCheckpoint, ms),
            Output::Close(_) => self.session = None,
        }
    }

    /// How much of the page's log is here.
    pub fn has_of_the_page(&self) -> Seq {
        self.replica.ledger().tail(&key(PAGE).public()).seq
    }
}
