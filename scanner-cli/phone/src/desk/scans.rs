//! The desk's side of a scan: what is shown becomes one, the hub is asked, or it is judged here, and what came of it is said.

use usher_eyes::debounce::{Came, Seen};
use usher_protocol::admission::Verdict;
use usher_protocol::request::{
    self, Answer, Inquiry, MAX_CODE_BYTES, MAX_REQUEST_BYTES, Reply, Request, Scan, Told,
};
use usher_protocol::routing::{Conclusion, Next, Word};
use usher_protocol::state::rulings;
use usher_protocol::ticket::{Mistyped, Rejection, TicketCode, VerifiedTicket, foreign};
use usher_protocol::{ScanId, ScanSecret};
use usher_words::scanner::outcome::{self, ScanOutcome, Signal};
use usher_words::scanner::{self as words, Bar, NoTicket};

use super::{Desk, Todo};
use crate::frames::{Frames, frame};
use crate::scan_way::ScanWay;

/// How long a hub has to look a ticket code up, or to show that it asks the cloud, in milliseconds: nobody can answer in its place.
const LOOKED_UP_WITHIN_MS: u64 = 1_000;

/// What becomes of a code that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Showing {
    /// It is judged; what came of it is said.
    Judged,
    /// It is the same showing as before.
    Held,
    /// The same, but it looked away for a moment: it counts once.
    Repeated,
    /// Another scan is on its way: show it again.
    Busy,
}

/// A ticket code that the hub looks up.
pub struct LookUp {
    number: u32,
    secret: ScanSecret,
    frames: Frames,
    ends_up_ms: u64,
}

impl LookUp {
    /// Until when it is waited for, by the machine's run.
    #[must_use]
    pub fn ends_up_ms(&self) -> u64 {
        self.ends_up_ms
    }
}

impl Desk {
    /// Takes a code that was read or typed; `random` is drawn anew each time.
    pub fn show(&mut self, code: &[u8], random: [u8; 16]) -> Showing {
        if self.is_busy() {
            return Showing::Busy;
        }
        let secret = match self.debounce.seen(code, self.up_ms()) {
            Seen::New => ScanSecret(random),
            Seen::Again(secret) => secret,
            Seen::Held => return Showing::Held,
            Seen::Repeated => return Showing::Repeated,
        };
        match str::from_utf8(code).map(str::parse::<TicketCode>) {
            Ok(Ok(code)) => self.look_up(code, secret),
            Ok(Err(Mistyped::Check)) => self.say(outcome::not_found(NoTicket::Mistyped)),
            Ok(Err(Mistyped::Length { .. } | Mistyped::Character(_))) | Err(_) => {
                self.begin(code.to_vec(), secret, false);
            }
        }
        self.go_on();
        Showing::Judged
    }

    /// Takes bytes that came for a request.
    pub fn heard(&mut self, number: u32, bytes: &[u8]) {
        let up_ms = self.up_ms();
        if let Some(scan) = &mut self.scan {
            scan.heard(number, bytes, up_ms);
        }
        if let Some(look_up) = self.look_up.as_mut().filter(|one| one.number == number) {
            look_up.frames.push(bytes);
            self.looked_up();
        }
        self.go_on();
    }

    /// Takes note that nothing comes for a request any more.
    pub fn unheard(&mut self, number: u32) {
        let up_ms = self.up_ms();
        if let Some(scan) = &mut self.scan {
            scan.unheard(Some(number), up_ms);
        }
        if self.look_up.take_if(|look_up| look_up.number == number).is_some() {
            self.say(outcome::not_found(NoTicket::NoHub));
        }
        self.go_on();
    }

    pub(super) fn unheard_all(&mut self) {
        let up_ms = self.up_ms();
        if let Some(scan) = &mut self.scan {
            scan.unheard(None, up_ms);
        }
        if self.look_up.take().is_some() {
            self.say(outcome::not_found(NoTicket::NoHub));
        }
    }

    fn look_up(&mut self, code: TicketCode, secret: ScanSecret) {
        if self.link.as_ref().and_then(|link| link.line()).is_none() {
            return self.say(outcome::not_found(NoTicket::NoHub));
        }
        let number = self.ask(&Request::Inquire(Inquiry::Ticket(code)));
        self.look_up = Some(LookUp {
            number,
            secret,
            frames: Frames::default(),
            ends_up_ms: self.up_ms() + LOOKED_UP_WITHIN_MS,
        });
    }

    fn looked_up(&mut self) {
        let ends_up_ms = self.up_ms() + LOOKED_UP_WITHIN_MS;
        while let Some(look_up) = &mut self.look_up {
            let reply = match look_up.frames.next(MAX_REQUEST_BYTES) {
                Ok(None) => return,
                Ok(Some(body)) => request::from_bytes::<Reply>(&body).ok(),
                Err(_) => None,
            };
            if reply == Some(Reply::Working) {
                look_up.ends_up_ms = ends_up_ms;
                continue;
            }
            let secret = look_up.secret;
            self.look_up = None;
            match reply {
                Some(Reply::Told(Told::Ticket(code))) => self.begin(code, secret, true),
                Some(Reply::Told(Told::NoTicket)) => self.say(outcome::not_found(NoTicket::Unknown)),
                Some(Reply::Told(Told::TooOften)) => self.say(outcome::not_found(NoTicket::TooOften)),
                Some(Reply::Told(Told::NoCloud)) => self.say(outcome::not_found(NoTicket::NoCloud)),
                Some(Reply::Told(Told::NotAllowed | Told::Hubs(_))) => {
                    self.say(outcome::not_found(NoTicket::OldHub))
                }
                Some(Reply::Done(_) | Reply::Corrected(_) | Reply::Working) | None => {
                    self.say(outcome::not_found(NoTicket::NoHub));
                }
            }
        }
    }

    fn begin(&mut self, mut code: Vec<u8>, secret: ScanSecret, is_typed: bool) {
        let (now, up_ms) = (self.now(), self.up_ms());
        let ledger = self.replica.ledger();
        // A code too long for a ticket is cut: it stays none.
        code.truncate(MAX_CODE_BYTES);
        let scan = Scan {
            id: ScanId::of(&ledger.me(), &secret),
            code,
            gate: self.position.gate,
            direction: self.position.direction,
            persons: self.position.persons,
        };
        let ticket = foreign::read(
            (ledger.trust().keyring(), &ledger.state().foreign()),
            &scan.code,
            now,
        );
        let known = ticket.as_ref().ok().map(VerifiedTicket::ticket);
        let inwards = scan.direction == usher_protocol::admission::Direction::In;
        let said = ledger.state().shared_ticket_rulings();
        let is_void = known.is_some_and(|ticket| inwards && rulings::is_void(&said, ticket));
        let passed_ago_ms = self.debounce.passed_ago_ms(&scan.code, up_ms);
        let mut way = ScanWay::new((scan, secret), ticket, is_void, up_ms);
        (way.is_typed, way.passed_ago_ms) = (is_typed, passed_ago_ms);
        self.scan = Some(way);
    }

    fn ask(&mut self, request: &Request) -> u32 {
        self.requests += 1;
        let (number, frame) = (self.requests, frame(&request::to_bytes(request)));
        self.todo.push_back(Todo::Ask { number, frame });
        number
    }

    /// Goes on with the scan on its way until it waits or is said.
    pub(super) fn go_on(&mut self) {
        if self
            .look_up
            .as_ref()
            .is_some_and(|one| one.ends_up_ms <= self.up_ms())
            && let Some(late) = self.look_up.take()
        {
            self.todo.push_back(Todo::TakeBack { number: late.number });
            self.say(outcome::not_found(NoTicket::NoHub));
        }
        while let Some(mut scan) = self.scan.take() {
            let (line, up_ms) = (self.link.as_ref().and_then(|link| link.line()), self.up_ms());
            if let Err(rejection @ (Rejection::NotATicket | Rejection::NotListed)) = scan.ticket {
                return self.concluded(&scan, self.outcome(&scan, &rejected(&scan, rejection)));
            }
            match scan.next(line, up_ms) {
                Next::Ask(line) => {
                    let number = self.ask(&Request::Judge(scan.scan.clone()));
                    scan.asked(number, line);
                }
                Next::Judge(_) => {
                    let judged = self.judge(&scan);
                    scan.judged(judged, up_ms);
                }
                Next::Withdraw => {
                    self.replica.withdraw(&scan.scan, scan.secret, self.now());
                    self.store();
                    scan.withdrawn();
                }
                Next::Say(conclusion) => return self.conclude(scan, conclusion),
                Next::Wait { .. } => {
                    self.scan = Some(scan);
                    return;
                }
            }
            self.scan = Some(scan);
        }
    }

    /// Judges with nobody to ask; what came of it is in the file before it is said.
    fn judge(&mut self, scan: &ScanWay) -> Result<Verdict, Bar> {
        if let Some(bar) = self.bar() {
            return Err(bar);
        }
        let moment = self.moment();
        let verdict = match scan.question() {
            Ok(question) => {
                self.alone += u64::from(!self.asks_nobody(scan));
                self.replica.judge(&question, moment)
            }
            Err(rejection) => Verdict::rejected(rejection),
        };
        self.store();
        Ok(verdict)
    }

    /// Of a void ticket a linked hub hears by the link.
    fn asks_nobody(&self, scan: &ScanWay) -> bool {
        scan.is_void && self.link.as_ref().and_then(|link| link.line()).is_some()
    }

    fn conclude(&mut self, mut scan: ScanWay, conclusion: Conclusion) {
        if let Some(number) = scan.take_back() {
            self.todo.push_back(Todo::TakeBack { number });
        }
        let said = match (conclusion.word, scan.ours.take()) {
            (Word::Theirs(answer), _) => {
                self.alone = 0;
                self.outcome(&scan, &answer)
            }
            (Word::Refused(error), _) => outcome::refused(&self.phrasebook(), error),
            (Word::Ours, Some(Ok(answer))) => ScanOutcome {
                alone: !self.asks_nobody(&scan),
                ..self.outcome(&scan, &answer)
            },
            (Word::Ours, Some(Err(bar))) => outcome::not_judged(bar),
            (Word::Ours, None) => outcome::not_judged(Bar::Disk),
        };
        let is_withdrawn = conclusion.is_withdrawn;
        self.concluded(&scan, ScanOutcome { is_withdrawn, ..said });
    }

    fn outcome(&self, scan: &ScanWay, answer: &Answer) -> ScanOutcome {
        let phrasebook = self.phrasebook();
        let mut told = outcome::judged(&phrasebook, answer, scan.scan.direction);
        told.details.extend(outcome::judged_by(&phrasebook, answer));
        told
    }

    fn concluded(&mut self, scan: &ScanWay, said: ScanOutcome) {
        let up_ms = self.up_ms();
        let mut said = said.after_passing(scan.passed_ago_ms);
        said.took_ms = up_ms.saturating_sub(scan.read_up_ms);
        if scan.is_typed {
            said.details.push(words::BY_TICKET_CODE.to_owned());
        }
        let came = match said.signal {
            Signal::Admit => Came::Passed,
            Signal::Refer | Signal::Unanswered if !said.is_withdrawn => Came::Open,
            Signal::Deny | Signal::Refer | Signal::Unanswered => Came::Refused,
        };
        self.debounce.judged(&scan.scan.code, scan.secret, came, up_ms);
        self.say(said);
    }

    fn say(&mut self, said: ScanOutcome) {
        self.todo.push_back(Todo::Say(Box::new(said)));
    }
}

fn rejected(scan: &ScanWay, rejection: Rejection) -> Answer {
    Answer {
        scan: scan.scan.id,
        verdict: Verdict::rejected(rejection),
        by: request::JudgedBy::Alone,
        ticket: None,
        silent: None,
    }
}
