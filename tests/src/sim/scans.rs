//! The way of a scan: scanner, hub, home hub and back, with the time-outs of the real programs; the rules themselves are the ledger's.

use usher_protocol::admission::{Direction, Reason, Verdict};
use usher_protocol::ledger::{Asked, Route, Seat};
use usher_protocol::record::Body;
use usher_protocol::request::Scan;
use usher_protocol::ticket::VerifiedTicket;
use usher_protocol::{GateId, ScanId, ScanSecret};

use super::node::{NodeId, Then};
use super::people::Paper;
use super::sabotage::Sabotage;
use super::world::{Happening, World};

/// How long a hub waits for a home hub, in milliseconds.
const HOME_TIMEOUT_MS: u64 = 150;
/// How long a scanner waits for its hub, in milliseconds.
const HUB_TIMEOUT_MS: u64 = 300;

/// A scan somebody waits for.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub scan: ScanId,
    /// What the id was drawn from.
    pub secret: ScanSecret,
    /// Whether the scanner has given it up.
    pub withdrawn: bool,
    /// What was presented.
    pub paper: Paper,
    /// Where.
    pub scanner: NodeId,
    /// At which gate.
    pub gate: GateId,
    /// Which way.
    pub direction: Direction,
    /// How many people.
    pub persons: u8,
}

impl Job {
    fn question(&self) -> Scan {
        Scan {
            id: self.scan,
            code: self.paper.text.clone().into_bytes(),
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
        }
    }

    fn asked(&self, ticket: VerifiedTicket) -> Asked {
        Asked {
            scan: self.scan,
            ticket,
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
        }
    }
}

/// A scan a node has asked another about.
pub struct Waiting(pub Job);

/// To whom an answer goes.
#[derive(Debug, Clone, Copy)]
pub enum To {
    /// The staff at this scanner.
    Screen,
    /// A scanner.
    Scanner(NodeId),
    /// A hub that asked for a home's word.
    Asker(NodeId),
}

/// An answer that waits to be durable.
pub struct Answering {
    /// The scan.
    pub job: Job,
    /// The verdict.
    pub verdict: Verdict,
    /// To whom.
    pub to: To,
    /// Whether somebody was asked who has not answered, and may have said yes.
    pub silent: bool,
}

/// A leg of a scan's way, at its arrival.
pub enum Errand {
    /// At a hub, from a scanner.
    AtHub(NodeId, Job),
    /// At a home hub, from a hub.
    AtHome(NodeId, NodeId, Job),
    /// Back at the asking hub; `None` when the asked one is not the home.
    BackAtHub(NodeId, Job, Option<Verdict>),
    /// Back at the scanner; also whether a home was asked that has not answered.
    BackAtScanner(Job, Verdict, bool),
    /// The same scan again, with the same id.
    Again(Job),
    /// A node's patience ends.
    OutOfPatience(NodeId, u64, ScanId),
}

impl World {
    fn send_errand(&mut self, from: NodeId, to: NodeId, errand: Errand) {
        if let Some(delay) = self.transit(from, to) {
            self.plan(delay, Happening::Errand(Box::new(errand)));
        }
    }

    fn wait_for(&mut self, node: NodeId, job: Job, patience_ms: u64) {
        let (scan, life) = (job.scan, self.nodes[node].life);
        self.nodes[node].waiting.insert(scan, Waiting(job));
        self.plan(
            patience_ms,
            Happening::Errand(Box::new(Errand::OutOfPatience(node, life, scan))),
        );
    }

    /// A scanner reads a code.
    pub fn read(&mut self, job: Job) {
        let scanner = job.scanner;
        if !self.nodes[scanner].up {
            return;
        }
        self.wait_for(scanner, job.clone(), HUB_TIMEOUT_MS);
        if let Some(hub) = self.hub_of(scanner) {
            self.send_errand(scanner, hub, Errand::AtHub(hub, job));
        }
    }

    /// Carries a scan one leg further.
    pub fn run_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Again(job) => {
                let again = self.drawn_anew(job);
                self.read(again);
            }
            Errand::AtHub(hub, job) if self.listens(hub, job.scanner) => self.at_hub(hub, job),
            Errand::AtHome(home, asker, job) if self.listens(home, asker) => self.at_home(home, asker, job),
            Errand::BackAtHub(hub, job, verdict) if self.nodes[hub].up => {
                self.back_at_hub(hub, &job, verdict)
            }
            Errand::BackAtScanner(job, verdict, silent) if self.nodes[job.scanner].up => {
                if self.nodes[job.scanner].waiting.remove(&job.scan).is_some() {
                    let to = To::Screen;
                    self.conclude(Answering {
                        job,
                        verdict,
                        to,
                        silent,
                    });
                }
            }
            Errand::OutOfPatience(node, life, scan)
                if self.nodes[node].up && self.nodes[node].life == life =>
            {
                if let Some(Waiting(job)) = self.nodes[node].waiting.remove(&scan) {
                    let to = if node == job.scanner {
                        To::Screen
                    } else {
                        To::Scanner(job.scanner)
                    };
                    self.judge_cut_off(node, job, to);
                }
            }
            Errand::AtHub(..)
            | Errand::AtHome(..)
            | Errand::BackAtHub(..)
            | Errand::BackAtScanner(..)
            | Errand::OutOfPatience(..) => {}
        }
    }

    /// Requests are heard on open sessions only.
    fn listens(&self, node: NodeId, asker: NodeId) -> bool {
        let live = self.nodes[node].sessions.get(&asker);
        self.nodes[node].up && live.is_some_and(|live| live.session.peer().is_some())
    }

    fn at_hub(&mut self, hub: NodeId, job: Job) {
        let to = To::Scanner(job.scanner);
        let Some(asked) = self.verify(hub, &job, (to, false)) else {
            return;
        };
        match self.nodes[hub].ledger.route(&asked) {
            Route::Here => self.judge(hub, job, Seat::Home, to),
            Route::Ask(home) => {
                let home = self.nodes.iter().position(|node| node.key.public() == home);
                self.wait_for(hub, job.clone(), HOME_TIMEOUT_MS);
                if let Some(home) = home {
                    self.send_errand(hub, home, Errand::AtHome(home, hub, job));
                }
            }
        }
    }

    fn at_home(&mut self, home: NodeId, asker: NodeId, job: Job) {
        let to = To::Asker(asker);
        let Some(asked) = self.verify(home, &job, (to, false)) else {
            return;
        };
        if self.nodes[home].ledger.route(&asked) == Route::Here {
            self.judge(home, job, Seat::Home, to);
        } else {
            self.send_errand(home, asker, Errand::BackAtHub(asker, job, None));
        }
    }

    fn back_at_hub(&mut self, hub: NodeId, job: &Job, verdict: Option<Verdict>) {
        let Some(Waiting(job)) = self.nodes[hub].waiting.remove(&job.scan) else {
            return;
        };
        match verdict {
            Some(verdict) => {
                self.send_errand(hub, job.scanner, Errand::BackAtScanner(job, verdict, false));
            }
            None => self.judge(hub, job.clone(), Seat::CutOff, To::Scanner(job.scanner)),
        }
    }

    fn verify(&mut self, node: NodeId, job: &Job, (to, silent): (To, bool)) -> Option<Asked> {
        let now = self.nodes[node].clock(self.now);
        let trust = std::sync::Arc::clone(self.nodes[node].ledger.trust());
        match trust.keyring().verify_text(job.paper.text.as_bytes(), now) {
            Ok(ticket) => {
                self.reads_code(node, ticket.code());
                Some(job.asked(ticket))
            }
            Err(rejection) => {
                let verdict = Verdict::Deny(Reason::Rejected(rejection));
                let answering = Answering {
                    job: job.clone(),
                    verdict,
                    to,
                    silent,
                };
                match to {
                    To::Screen => self.conclude(answering),
                    To::Scanner(_) | To::Asker(_) => self.answer(node, answering),
                }
                None
            }
        }
    }

    /// Judges a scan after whoever was asked has been silent for too long.
    fn judge_cut_off(&mut self, node: NodeId, job: Job, to: To) {
        self.judge_after(node, job, (Seat::CutOff, true), to);
    }

    /// Judges a scan at a node; the answer leaves when the record is durable.
    fn judge(&mut self, node: NodeId, job: Job, seat: Seat, to: To) {
        self.judge_after(node, job, (seat, false), to);
    }

    fn judge_after(&mut self, node: NodeId, job: Job, (seat, silent): (Seat, bool), to: To) {
        let Some(asked) = self.verify(node, &job, (to, silent)) else {
            return;
        };
        let moment = self.nodes[node].moment(self.now);
        let now = moment.at;
        let mut judged = self.nodes[node].ledger.judge(&asked, seat, moment);
        self.say_yes(node, &asked, &mut judged);
        self.tell(|| {
            format!(
                "{} judges {:?} as {seat:?}: {:?}",
                self.name(node),
                job.paper,
                judged.verdict
            )
        });
        self.check_decided(node, &job, &judged);
        if let Some(body) = judged.body {
            self.nodes[node].write(body, now);
        }
        let answering = Answering {
            job,
            verdict: judged.verdict,
            to,
            silent,
        };
        self.plan_commit(node);
        if matches!(to, To::Screen) {
            return self.conclude(answering);
        }
        if self.breaks(Sabotage::AnswerTooEarly) {
            return self.answer(node, answering);
        }
        let then = &mut self.nodes[node].batch.then;
        then.push(Then::Answer(Box::new(answering)));
    }

    /// The scanner shows what came of a scan. Before anything but a yes it gives up the scan if somebody who was asked has not
    /// answered, and what is written must be durable before.
    fn conclude(&mut self, mut answering: Answering) {
        let (job, now) = (&mut answering.job, self.now);
        let node = job.scanner;
        let is_yes = matches!(answering.verdict, Verdict::Admit { .. });
        if answering.silent && !is_yes && !self.breaks(Sabotage::NobodyWithdraws) {
            let now = self.nodes[node].clock(now);
            let ledger = &self.nodes[node].ledger;
            let body = ledger.withdraw(&job.question(), job.secret, now);
            job.withdrawn = true;
            self.observer.given_up.insert(job.scan, (job.paper.unit, node));
            match body {
                Some(body) => self.nodes[node].write(body, now),
                None => self.observer.cannot_withdraw(job.scan),
            }
        }
        self.plan_commit(node);
        if self.breaks(Sabotage::AnswerTooEarly) {
            return self.answer(node, answering);
        }
        let then = &mut self.nodes[node].batch.then;
        then.push(Then::Answer(Box::new(answering)));
    }

    /// A code that is shown again is another scan once the first was given up.
    fn drawn_anew(&mut self, job: Job) -> Job {
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

    /// A supervisor at a scanner lets people in against the rules, if its certificate allows that.
    pub fn override_refusal(&mut self, job: &Job) {
        let job = &self.drawn_anew(job.clone());
        let node = job.scanner;
        let now = self.nodes[node].clock(self.now);
        let trust = std::sync::Arc::clone(self.nodes[node].ledger.trust());
        let Ok(ticket) = trust.keyring().verify_text(job.paper.text.as_bytes(), now) else {
            return;
        };
        let asked = job.asked(ticket);
        let ledger = &self.nodes[node].ledger;
        // Whoever may write nothing gives no record of a refusal either.
        let may_write = ledger.judge(&asked, Seat::CutOff, now).body.is_some();
        let words = ("Supervisor".to_owned(), "knows them".to_owned());
        let mut body = ledger.override_refusal(&asked, words.clone(), now);
        if self.breaks(Sabotage::EverybodyOverrides) {
            let (by, why) = words;
            body = self
                .passage(node, &asked)
                .map(|passage| Body::Overridden { passage, by, why });
        }
        if let Some(body) = body.filter(|_| may_write) {
            self.tell(|| format!("a supervisor at {} lets {:?} in", self.name(node), job.paper));
            self.observer.overridden.insert(job.scan, job.paper.unit);
            self.nodes[node].write(body, now);
            self.plan_commit(node);
        }
    }

    /// Sends a durable answer on its way.
    pub fn answer(&mut self, node: NodeId, answering: Answering) {
        let Answering {
            job,
            verdict,
            to,
            silent,
        } = answering;
        match to {
            To::Screen => self.show(&job, verdict),
            To::Scanner(scanner) => {
                self.send_errand(node, scanner, Errand::BackAtScanner(job, verdict, silent))
            }
            To::Asker(hub) => self.send_errand(node, hub, Errand::BackAtHub(hub, job, Some(verdict))),
        }
    }
}
