//! The way of a scan through the simulated network: requests, answers and signs of life; the way itself and the rules are the product's.

use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::ledger::{Annulling, JudgingAs, Route, ScanQuestion};
use usher_protocol::record::{Body, RightToAnnul};
use usher_protocol::request::{Answer, JudgedBy, RequestError, Response, Scan};
use usher_protocol::routing::{Conclusion, Heard, Line, LineId, Next, Routing, SIGN_OF_LIFE_MS, Word};
use usher_protocol::ticket::{Rejection, VerifiedTicket, foreign};
use usher_protocol::{GateId, ScanId, ScanSecret, ZoneId};

use super::node::{Node, NodeId, Then};
use super::people::Paper;
use super::sabotage::Sabotage;
use super::world::{Happening, World};

/// How long a hub waits for a home hub at least, in milliseconds.
const HOME_TIMEOUT_MS: u64 = 150;
/// How long a scanner waits for its hub at least, in milliseconds.
const HUB_TIMEOUT_MS: u64 = 300;
/// How long a scanner waits for a hub to let people in against the rules, in milliseconds: it cannot do that alone.
const OVERRIDE_TIMEOUT_MS: u64 = 5_000;

/// A scan somebody waits for.
#[derive(Debug, Clone)]
pub struct Job {
    pub scan: ScanId,
    /// What the id was drawn from.
    pub secret: ScanSecret,
    /// Whether the scanner has given it up.
    pub withdrawn: bool,
    /// Whether a supervisor lets these people in against the rules.
    pub is_override: bool,
    /// What was presented.
    pub paper: Paper,
    pub scanner: NodeId,
    pub gate: GateId,
    pub direction: Direction,
    /// How many people.
    pub persons: u8,
    /// The zone beside, in which they are.
    pub comes_from: Option<ZoneId>,
}

impl Job {
    /// Returns what others are asked about it.
    pub fn question(&self) -> Scan {
        Scan {
            id: self.scan,
            code: self.paper.text.clone().into_bytes(),
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
        }
    }

    /// Returns what a ledger is asked about it.
    pub fn asked(&self, ticket: VerifiedTicket) -> ScanQuestion {
        ScanQuestion {
            scan: self.scan,
            ticket,
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
        }
    }
}

/// A scan on its way at a node.
pub struct UnderWay {
    job: Job,
    ticket: Result<VerifiedTicket, Rejection>,
    routing: Routing,
    /// To whom the answer goes.
    to: To,
    /// The node's own verdict.
    ours: Option<(Verdict, JudgingAs)>,
}

/// Names a scan on its way at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    pub node: NodeId,
    /// Which of its scans.
    pub number: u64,
}

/// To whom an answer goes.
#[derive(Debug, Clone, Copy)]
pub enum To {
    /// The staff at this scanner.
    Screen,
    /// Whoever has asked.
    Asker(At),
}

/// A leg of a scan's way, at its arrival.
pub enum Errand {
    /// A request arrives at a node; `as_home` where the asker takes it for the unit's home.
    Request {
        node: NodeId,
        /// Who asks.
        asker: At,
        /// Whether as the unit's home.
        as_home: bool,
        /// What about.
        job: Job,
    },
    /// Something comes back from a node that was asked.
    Back(At, NodeId, Heard),
    /// The same code again.
    Again(Job),
    /// Time has passed, in that life of the node.
    Wake(At, u64),
    /// Whoever waits for that scan hears that somebody is at it.
    SignOfLife(At),
}

impl Node {
    /// Tells whether staff here wait for the answer to a unit's ticket that is shown on the way from one zone to the next.
    pub fn reads_on_the_way_on(&self, unit: u32) -> bool {
        self.under_way.values().any(|scan| {
            let is_on_the_way = scan.job.paper.unit == unit && scan.job.comes_from.is_some();
            is_on_the_way && matches!(scan.to, To::Screen)
        })
    }
}

impl World {
    fn send_errand(&mut self, from: NodeId, to: NodeId, errand: Errand) {
        if let Some(delay) = self.transit(from, to) {
            self.plan(delay, Happening::Errand(Box::new(errand)));
        }
    }

    /// A scanner reads a code.
    pub fn read(&mut self, job: Job) {
        let scanner = job.scanner;
        if !self.runs(scanner) {
            return;
        }
        let ticket = self.verify(scanner, &job);
        let is_void = !job.is_override && self.knows_void(scanner, &job, ticket.as_ref().ok());
        let first_read = self.observer.read.insert(job.scan, job.clone()).is_none();
        if is_void && first_read {
            self.observer.known_void.insert(job.scan);
        }
        let patience_ms = if job.is_override {
            OVERRIDE_TIMEOUT_MS
        } else {
            HUB_TIMEOUT_MS
        };
        let routing = Routing::of_reader(job.scan, is_void, patience_ms);
        self.begin(
            scanner,
            UnderWay {
                job,
                ticket,
                routing,
                to: To::Screen,
                ours: None,
            },
        );
    }

    /// Tells whether a node has heard that a ticket lets nobody in any more.
    fn knows_void(&self, node: NodeId, job: &Job, ticket: Option<&VerifiedTicket>) -> bool {
        let ledger = &self.nodes[node].ledger;
        ticket.is_some_and(|ticket| ledger.is_void(&job.asked(ticket.clone())))
    }

    fn begin(&mut self, node: NodeId, scan: UnderWay) {
        let number = self.nodes[node].next_number();
        let at = At { node, number };
        if matches!(scan.to, To::Asker(_)) {
            let sign = Errand::SignOfLife(at);
            self.plan(SIGN_OF_LIFE_MS, Happening::Errand(Box::new(sign)));
        }
        self.nodes[node].under_way.insert(number, scan);
        self.go_on(at);
    }

    /// Carries a scan one leg further.
    pub fn run_errand(&mut self, errand: Errand) {
        match errand {
            // Whoever has come in again meanwhile does not go out by the scan of before.
            Errand::Again(job)
                if job.direction == Direction::Out && self.people.is_anywhere(job.paper.unit) => {}
            Errand::Again(job) => {
                let scan = job.scan;
                let again = self.drawn_anew(job);
                self.observer.leaves.tries_again(scan, again.scan);
                self.read(again);
            }
            Errand::Request {
                node,
                asker,
                as_home,
                job,
            } if self.listens(node, asker.node) => self.arrive(node, (asker, as_home), job),
            Errand::Back(at, from, heard) if self.nodes[at.node].up => {
                let now = self.now;
                if let Some(scan) = self.nodes[at.node].under_way.get_mut(&at.number) {
                    scan.routing.hear(LineId(from as u64), heard, now);
                    self.go_on(at);
                }
            }
            Errand::Wake(at, life) if self.nodes[at.node].life == life => self.go_on(at),
            Errand::SignOfLife(at) => self.show_life(at),
            Errand::Request { .. } | Errand::Back(..) | Errand::Wake(..) => {}
        }
    }

    /// Requests are heard on open sessions only.
    fn listens(&self, node: NodeId, asker: NodeId) -> bool {
        let live = self.nodes[node].sessions.get(&asker);
        self.nodes[node].up && live.is_some_and(|live| live.session.peer().is_some())
    }

    fn arrive(&mut self, node: NodeId, (asker, as_home): (At, bool), job: Job) {
        if !self.may_ask(node, (asker.node, as_home), &job) {
            return self.respond(node, asker, Err(RequestError::NotAllowed));
        }
        let ticket = match self.verify(node, &job) {
            Ok(ticket) => ticket,
            Err(rejection) => {
                let answer = answer_of(&job, Verdict::rejected(rejection), JudgedBy::Alone);
                return self.respond(node, asker, Ok(answer));
            }
        };
        let asked = job.asked(ticket.clone());
        let route = if job.is_override {
            let home = self.home_of(node, job.paper.unit);
            Route::to(
                home.map(|hub| self.nodes[hub].key.public()),
                self.nodes[node].key.public(),
            )
        } else {
            self.nodes[node].ledger.route(&asked)
        };
        if as_home && route != Route::Here {
            return self.respond(node, asker, Err(RequestError::NotHome));
        }
        let passes_over = job.is_override && self.breaks(Sabotage::OverridesPassOverTheHome);
        let route = if passes_over { Route::Here } else { route };
        let routing = Routing::of_hub(job.scan, route, false, HOME_TIMEOUT_MS);
        self.begin(
            node,
            UnderWay {
                job,
                ticket: Ok(ticket),
                routing,
                to: To::Asker(asker),
                ours: None,
            },
        );
    }

    /// Does what a scan's way demands, until something must be waited for.
    fn go_on(&mut self, at: At) {
        loop {
            let lines = self.lines(at);
            let now = self.now;
            let Some(scan) = self.nodes[at.node].under_way.get_mut(&at.number) else {
                return;
            };
            match scan.routing.next(|| lines, now) {
                Next::Ask(LineId(peer)) => {
                    let (job, as_home) = (scan.job.clone(), matches!(scan.to, To::Asker(_)));
                    let node = usize::try_from(peer).expect("a node");
                    let errand = Errand::Request {
                        node,
                        asker: at,
                        as_home,
                        job,
                    };
                    self.send_errand(at.node, node, errand);
                }
                Next::Wait { until_ms } => {
                    let life = self.nodes[at.node].life;
                    let wake = Errand::Wake(at, life);
                    return self.plan(until_ms.saturating_sub(now), Happening::Errand(Box::new(wake)));
                }
                Next::Judge(judging_as) => return self.judge(at, judging_as),
                Next::Withdraw => return self.withdraw(at),
                Next::Say(conclusion) => return self.conclude(at, conclusion),
            }
        }
    }

    /// Returns the lines over which a node may ask about a scan: a scanner its hubs, the home first, and a hub the home.
    pub fn lines(&self, at: At) -> Vec<Line> {
        let node = &self.nodes[at.node];
        let Some(scan) = node.under_way.get(&at.number) else {
            return Vec::new();
        };
        let unit = scan.ticket.as_ref().ok().map(|ticket| ticket.ticket().unit.0);
        let home = unit.and_then(|unit| self.home_of(at.node, unit));
        let is_open = |peer: &NodeId| node.sessions[peer].session.peer().is_some();
        let is_asked = |peer: &NodeId| match scan.to {
            To::Screen => self.is_hub(*peer),
            To::Asker(_) => Some(*peer) == home,
        };
        let peers = node.sessions.keys().copied();
        let mut hubs: Vec<_> = peers.filter(|peer| is_open(peer) && is_asked(peer)).collect();
        hubs.sort_by_key(|hub| Some(*hub) != home);
        let line = |hub: NodeId| Line {
            id: LineId(hub as u64),
            hub: self.nodes[hub].link_key,
            round_trip_ms: self.round_trip_ms(at.node, hub),
        };
        hubs.into_iter().map(line).collect()
    }

    fn verify(&mut self, node: NodeId, job: &Job) -> Result<VerifiedTicket, Rejection> {
        let ticket = self.verified(node, &job.paper)?;
        self.reads_code(node, ticket.code());
        Ok(ticket)
    }

    /// Reads a ticket as a node does.
    ///
    /// # Errors
    ///
    /// [`Rejection`] of one that is none for that node.
    pub fn verified(&self, node: NodeId, paper: &Paper) -> Result<VerifiedTicket, Rejection> {
        let machine = &self.nodes[node];
        let (ledger, now) = (&machine.ledger, machine.clock(self.now));
        let lists = ledger.state().foreign();
        foreign::read((ledger.trust().keyring(), &lists), paper.text.as_bytes(), now)
    }

    /// Shows whoever waits for a scan that others were asked, and again in a while.
    fn show_life(&mut self, at: At) {
        let Some(scan) = self.nodes[at.node].under_way.get(&at.number) else {
            return;
        };
        if let To::Asker(asker) = scan.to {
            if scan.routing.is_waiting() {
                self.send_errand(at.node, asker.node, Errand::Back(asker, at.node, Heard::Working));
            }
            let again = Errand::SignOfLife(at);
            self.plan(SIGN_OF_LIFE_MS, Happening::Errand(Box::new(again)));
        }
    }

    /// Judges a scan at a node; it goes on when the record is durable.
    fn judge(&mut self, at: At, judging_as: JudgingAs) {
        let (node, moment) = (at.node, self.nodes[at.node].moment(self.now));
        let scan = &self.nodes[node].under_way[&at.number];
        let (job, ticket) = (scan.job.clone(), scan.ticket.clone());
        if job.is_override && !self.is_hub(node) {
            return self.has_no_hub(at);
        }
        let verdict = match ticket {
            Err(rejection) => Verdict::rejected(rejection),
            Ok(ticket) if job.is_override => self.overrule(at, judging_as, &job.asked(ticket)),
            Ok(ticket) => {
                let asked = job.asked(ticket);
                let mut judged = self.nodes[node].ledger.judge(&asked, judging_as, moment);
                self.say_yes(node, &asked, &mut judged);
                self.check_decided(node, &job, &judged);
                let is_kept = |body: &Body| !self.breaks(Sabotage::ExitsAreNotWritten) || !is_exit(body);
                if let Some(body) = judged.body.filter(is_kept) {
                    self.nodes[node].write(body, moment.at);
                }
                judged.verdict
            }
        };
        self.tell(|| {
            let name = self.name(node);
            format!("{name} judges {:?} as {judging_as:?}: {verdict:?}", job.paper)
        });
        self.once_durable(at, Then::Judged(at, verdict, judging_as));
    }

    /// The scanner gives up a scan: from then on nobody is let in by it.
    fn withdraw(&mut self, at: At) {
        let node = at.node;
        if self.breaks(Sabotage::NobodyWithdraws) {
            return self.then_withdrawn(at);
        }
        let now = self.nodes[node].clock(self.now);
        let scan = self.nodes[node].under_way.get_mut(&at.number);
        let job = &mut scan.expect("it is on its way").job;
        job.withdrawn = true;
        let (question, secret, unit) = (job.question(), job.secret, job.paper.unit);
        self.observer.given_up.insert(question.id, (unit, node));
        match self.nodes[node].ledger.withdraw(&question, secret, now) {
            Some(body) => self.nodes[node].write(body, now),
            None => self.observer.cannot_withdraw(question.id),
        }
        self.once_durable(at, Then::Withdrawn(at));
    }

    /// Staff take a yes back, because nobody passed; tells whether they could.
    pub fn annul(&mut self, job: &Job) -> bool {
        let node = job.scanner;
        let moment = self.nodes[node].moment(self.now);
        let now = moment.at;
        let annulling = Annulling {
            scan: &job.question(),
            right: RightToAnnul::Reader(job.secret),
            by: "Ada",
            why: "turned back",
        };
        let Ok(body) = self.nodes[node].ledger.annul(&annulling, moment) else {
            return false;
        };
        self.tell(|| format!("{} annuls it: nobody passed", self.name(node)));
        self.nodes[node].write(body, now);
        self.plan_commit(node);
        let life = self.nodes[node].life;
        self.observer.annulled(job, (life, now));
        true
    }

    /// A scanner lets nobody in against the rules by itself.
    fn has_no_hub(&mut self, at: At) {
        let now = self.now;
        if let Some(scan) = self.nodes[at.node].under_way.get_mut(&at.number) {
            scan.routing.judged(None, false, now);
        }
        self.go_on(at);
    }

    /// Tells whether a scan on its way at a node has asked over every line that it has.
    pub fn has_asked_all(&self, at: At) -> bool {
        let Some(scan) = self.nodes[at.node].under_way.get(&at.number) else {
            return false;
        };
        let has_asked = |line: &Line| scan.routing.asked().any(|(asked, _)| asked == line.id);
        self.lines(at).iter().all(has_asked)
    }

    fn once_durable(&mut self, at: At, then: Then) {
        self.plan_commit(at.node);
        if self.breaks(Sabotage::AnswerTooEarly) {
            return self.proceed(then);
        }
        self.nodes[at.node].batch.then.push(then);
    }

    /// Goes on with a scan for which something has become durable.
    pub fn proceed(&mut self, then: Then) {
        match then {
            Then::Judged(at, verdict, judging_as) => {
                let neighbours = self.has_neighbours(at.node);
                let now = self.now;
                if let Some(scan) = self.nodes[at.node].under_way.get_mut(&at.number) {
                    scan.ours = Some((verdict, judging_as));
                    scan.routing.judged(Some(verdict), neighbours, now);
                }
                self.go_on(at);
            }
            Then::Withdrawn(at) => self.then_withdrawn(at),
            Then::Stored { .. } | Then::Began { .. } => {}
        }
    }

    fn then_withdrawn(&mut self, at: At) {
        if let Some(scan) = self.nodes[at.node].under_way.get_mut(&at.number) {
            scan.routing.withdrawn();
        }
        self.go_on(at);
    }

    /// Tells whether a hub is linked with others that may have places left.
    fn has_neighbours(&self, node: NodeId) -> bool {
        let mut peers = self.nodes[node].sessions.keys();
        self.is_hub(node) && peers.any(|peer| self.is_hub(*peer) && self.listens(node, *peer))
    }

    fn conclude(&mut self, at: At, conclusion: Conclusion) {
        let Some(scan) = self.nodes[at.node].under_way.remove(&at.number) else {
            return;
        };
        let response = match (conclusion.word, scan.ours) {
            (Word::Theirs(answer), _) => Ok(answer),
            (Word::Refused(error), _) => Err(error),
            // No hub has answered a supervisor.
            (Word::Ours, None) => Err(RequestError::Unavailable),
            (Word::Ours, Some((verdict, judging_as))) => {
                let me = self.nodes[at.node].link_key;
                let by = match judging_as {
                    JudgingAs::Home => JudgedBy::Home(me),
                    JudgingAs::CutOff => JudgedBy::Hub(me),
                };
                Ok(Answer {
                    silent: conclusion.silent,
                    ..answer_of(&scan.job, verdict, by)
                })
            }
        };
        match (scan.to, response) {
            (To::Asker(asker), response) => self.respond(at.node, asker, response),
            (To::Screen, Ok(answer)) => self.show(&scan.job, answer.verdict),
            // The screen asks to show the code again, or for a hub.
            (To::Screen, Err(_)) => {
                let life = self.nodes[at.node].life;
                self.observer.turns_away(&scan.job, life);
            }
        }
    }

    fn respond(&mut self, node: NodeId, asker: At, response: Response) {
        let back = Errand::Back(asker, node, Heard::Response(response));
        self.send_errand(node, asker.node, back);
    }

    /// A code that is shown again is another scan once the first was given up.
    pub fn drawn_anew(&mut self, job: Job) -> Job {
        if !job.withdrawn {
            return job;
        }
        let secret = ScanSecret(self.random.bytes16());
        Job {
            scan: ScanId::of(&self.nodes[job.scanner].key.public(), &secret),
            secret,
            withdrawn: false,
            ..job
        }
    }
}

fn is_exit(body: &Body) -> bool {
    matches!(body, Body::Exited(_))
}

fn answer_of(job: &Job, verdict: Verdict, by: JudgedBy) -> Answer {
    Answer {
        scan: job.scan,
        verdict,
        by,
        ticket: None,
        silent: None,
    }
}
