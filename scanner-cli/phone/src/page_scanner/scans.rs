//! The scanner's side of a scan: what is shown becomes one, the hub is asked, or it is judged here, and what came of it is said.

use usher_eyes::debounce::{Came, Seen};
use usher_protocol::admission::{RefusalKind, Verdict};
use usher_protocol::last_scans::AnsweredScan;
use usher_protocol::request::{
    self, Answer, Inquiry, MAX_CODE_BYTES, Reply, Request, Scan, TicketFacts, Told,
};
use usher_protocol::routing::{Conclusion, Next, Word};
use usher_protocol::state::rulings;
use usher_protocol::ticket::{Mistyped, Rejection, TicketCode, VerifiedTicket, foreign};
use usher_protocol::{ScanId, ScanSecret};
use usher_words::scanner::outcome::{self, ScanOutcome, Signal};
use usher_words::scanner::{self as words, Bar, NoTicket, Undecided};

use super::pending::{About, PendingRequest};
use super::{PageScanner, PassedHere, Todo};
use crate::frames::frame;
use crate::scan_way::ScanWay;

/// After how long without an answer staff are asked to wait, in milliseconds: what is quicker needs no word.
const WAITING_AFTER_MS: u64 = 300;
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

impl PageScanner {
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
            Ok(Ok(ticket_code)) => self.look_up(ticket_code, (code, secret)),
            Ok(Err(Mistyped::Check)) => self.found_nothing((code, secret), NoTicket::Mistyped),
            Ok(Err(Mistyped::Length { .. } | Mistyped::Character(_))) | Err(_) => {
                self.begin(code.to_vec(), secret, None);
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
        let pending = self.pending.as_mut().filter(|one| one.number() == number);
        if let Some(reply) = pending.and_then(|pending| pending.heard(bytes, up_ms)) {
            self.replied(reply);
        }
        self.go_on();
    }

    /// Takes note that nothing comes for a request any more.
    pub fn unheard(&mut self, number: u32) {
        let up_ms = self.up_ms();
        if let Some(scan) = &mut self.scan {
            scan.unheard(Some(number), up_ms);
        }
        if self.pending.as_ref().is_some_and(|one| one.number() == number) {
            self.replied(None);
        }
        self.go_on();
    }

    pub(super) fn unheard_all(&mut self) {
        let up_ms = self.up_ms();
        if let Some(scan) = &mut self.scan {
            scan.unheard(None, up_ms);
        }
        self.replied(None);
    }

    fn look_up(&mut self, code: TicketCode, (read, secret): (&[u8], ScanSecret)) {
        let Some(line) = self.line() else {
            return self.found_nothing((read, secret), NoTicket::NoHub);
        };
        let number = self.ask(&Request::Inquire(Inquiry::Ticket(code)));
        let read = read.to_vec();
        let about = About::TicketCode { secret, read };
        let waits = (&line, LOOKED_UP_WITHIN_MS);
        self.pending = Some(PendingRequest::new(number, about, waits, self.up_ms()));
    }

    /// Takes the answer to what is pending, or that there is none.
    fn replied(&mut self, reply: Option<Reply>) {
        match self.pending.take().map(PendingRequest::into_about) {
            Some(About::TicketCode { secret, read }) => self.looked_up((read, secret), reply),
            Some(About::Undo { code, ticket }) => self.undone(&code, ticket, reply),
            None => {}
        }
    }

    fn looked_up(&mut self, (read, secret): (Vec<u8>, ScanSecret), reply: Option<Reply>) {
        let why = match reply {
            Some(Reply::Told(Told::Ticket(code))) => return self.begin(code, secret, Some(read)),
            Some(Reply::Told(Told::NoTicket)) => NoTicket::Unknown,
            Some(Reply::Told(Told::TooOften)) => NoTicket::TooOften,
            Some(Reply::Told(Told::NoCloud)) => NoTicket::NoCloud,
            Some(Reply::Told(Told::NotAllowed | Told::Hubs(_))) => NoTicket::OldHub,
            Some(Reply::Done(_) | Reply::Corrected(_) | Reply::Working) | None => NoTicket::NoHub,
        };
        self.found_nothing((&read, secret), why);
    }

    /// Says that there is no ticket for a ticket code; nobody overrides a ticket of before by it.
    fn found_nothing(&mut self, (read, secret): (&[u8], ScanSecret), why: NoTicket) {
        self.last.found_nothing();
        self.shown_ticket = None;
        self.shown += 1;
        let said = outcome::not_found(why);
        self.debounce.judged(read, secret, came(&said), self.up_ms());
        self.say(said);
    }

    fn begin(&mut self, mut code: Vec<u8>, secret: ScanSecret, typed: Option<Vec<u8>>) {
        let up_ms = self.up_ms();
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
        let ticket = self.read(&scan.code);
        let known = ticket.as_ref().ok().map(VerifiedTicket::ticket);
        let inwards = scan.direction == usher_protocol::admission::Direction::In;
        let said = ledger.state().shared_ticket_rulings();
        let is_void = known.is_some_and(|ticket| inwards && rulings::is_void(&said, ticket));
        let passed_ago_ms = self.debounce.passed_ago_ms(&scan.code, up_ms);
        let mut way = ScanWay::new((scan, secret), ticket, is_void, up_ms);
        (way.typed, way.passed_ago_ms) = (typed, passed_ago_ms);
        self.scan = Some(way);
    }

    /// Reads a code as a ticket: ours, or one that somebody else has sold.
    pub(super) fn read(&self, code: &[u8]) -> Result<VerifiedTicket, Rejection> {
        let ledger = self.replica.ledger();
        let foreign = ledger.state().foreign();
        foreign::read((ledger.trust().keyring(), &foreign), code, self.now())
    }

    pub(super) fn ask(&mut self, request: &Request) -> u32 {
        self.requests += 1;
        let (number, frame) = (self.requests, frame(&request::to_bytes(request)));
        let waits_until_ms = self.up_ms() + WAITING_AFTER_MS;
        self.asks_to_wait_at.get_or_insert(waits_until_ms);
        self.todo.push_back(Todo::Ask { number, frame });
        number
    }

    /// Goes on with the scan on its way until it waits or is said.
    pub(super) fn go_on(&mut self) {
        let up_ms = self.up_ms();
        if let Some(late) = self.pending.as_ref().filter(|one| one.ends_up_ms() <= up_ms) {
            let number = late.number();
            self.todo.push_back(Todo::TakeBack { number });
            self.replied(None);
        }
        while let Some(mut scan) = self.scan.take() {
            let (line, up_ms) = (self.line(), self.up_ms());
            if let Some(rejection) = scan.no_ticket() {
                return self.concluded(&scan, self.outcome(&scan, &rejected(&scan, rejection)));
            }
            match scan.next(line, up_ms) {
                Next::Ask(line) => {
                    let number = self.ask(&scan.request());
                    scan.asked(number, line);
                }
                // Nobody overrides alone.
                Next::Judge(_) if scan.overruling.is_some() => scan.judged_by_nobody(up_ms),
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
        scan.is_void && self.line().is_some()
    }

    fn conclude(&mut self, mut scan: ScanWay, conclusion: Conclusion) {
        if let Some(number) = scan.take_back() {
            self.todo.push_back(Todo::TakeBack { number });
        }
        let said = match (conclusion.word, scan.ours.take()) {
            (Word::Theirs(answer), _) if scan.overruling.is_some() => {
                outcome::judged(&self.phrasebook(), &answer, scan.scan.direction)
            }
            (Word::Ours, _) if scan.overruling.is_some() => outcome::undecided(Undecided::NoHub),
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
        if scan.typed.is_some() {
            said.details.push(words::BY_TICKET_CODE.to_owned());
        }
        let came = came(&said);
        // A ticket code stays in view as any other code does.
        for code in [Some(&scan.scan.code), scan.typed.as_ref()].into_iter().flatten() {
            self.debounce.judged(code, scan.secret, came, up_ms);
        }
        self.note(scan, said.signal);
        self.say(said);
    }

    /// Remembers what an undo or an override would be for. A number of people is said for one scan.
    fn note(&mut self, scan: &ScanWay, signal: Signal) {
        let ticket = scan.ticket.as_ref().ok();
        let ticket = ticket.map(|ticket| TicketFacts::from(ticket.ticket()));
        let here = PassedHere {
            scan: scan.scan.clone(),
            secret: scan.secret,
            ticket,
        };
        let answered = AnsweredScan {
            code: &scan.scan.code,
            direction: scan.scan.direction,
            persons: scan.scan.persons,
            has_passed: signal == Signal::Admit,
        };
        self.last.answered(here, answered, self.up_ms());
        self.shown_ticket = ticket;
        self.shown += 1;
        self.position.persons = 1;
        self.counts.count(signal);
    }

    /// Asks the guest to wait once an answer takes long: nobody passes under the result of the guest before.
    pub(super) fn ask_for_patience(&mut self) {
        let up_ms = self.up_ms();
        if self.asks_to_wait_at.take_if(|at| *at <= up_ms).is_some() {
            self.todo.push_back(Todo::Say(Box::new(outcome::still_asking())));
        }
    }

    pub(super) fn say(&mut self, said: ScanOutcome) {
        self.asks_to_wait_at = None;
        self.todo.push_back(Todo::Say(Box::new(said)));
    }
}

/// Returns what became of a scan, as far as it matters to the next showing of its code.
fn came(said: &ScanOutcome) -> Came {
    match said.signal {
        Signal::Admit => Came::Passed,
        Signal::Deny if said.outcome == RefusalKind::NotLive.name() => Came::Stale,
        Signal::Refer | Signal::Unanswered | Signal::Barred if !said.is_withdrawn => Came::Open,
        Signal::Deny | Signal::Refer | Signal::Unanswered | Signal::Barred => Came::Refused,
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
