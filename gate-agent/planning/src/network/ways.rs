//! The way of a scan through the network: requests, answers and signs of life; the way itself and the rules are the product's.

use usher_protocol::Unit;
use usher_protocol::admission::Verdict;
use usher_protocol::home::home_of;
use usher_protocol::ledger::{JudgingAs, Route, ScanQuestion};
use usher_protocol::request::{Answer, JudgedBy, RequestError, Response};
use usher_protocol::routing::{Conclusion, Heard, Line, LineId, Next, Routing, SIGN_OF_LIFE_MS, Word};
use usher_protocol::ticket::{Rejection, VerifiedTicket};

use super::device::Then;
use super::names::{At, DeviceId};
use super::under_way::{Job, To, UnderWay};
use super::{LINE_STANDS_MS, Network, Shown, Step};

/// How long a hub waits for a home hub at least, in milliseconds.
const HOME_TIMEOUT_MS: u64 = 150;
/// How long a scanner waits for its hub at least, in milliseconds.
const HUB_TIMEOUT_MS: u64 = 300;

/// A leg of a scan's way, at its arrival.
pub(super) enum Leg {
    /// A request arrives; `as_home` where the asker takes the device for the ticket's home.
    Request {
        device: DeviceId,
        asker: At,
        as_home: bool,
        job: Job,
    },
    /// Something comes back from a device that was asked.
    Back(At, DeviceId, Heard),
    /// Time has passed, in that life of the device.
    Wake(At, u64),
    /// Whoever waits for that scan hears that somebody is at it.
    SignOfLife(At),
}

impl Network {
    fn send_leg(&mut self, from: DeviceId, to: DeviceId, leg: Leg) {
        if let Some(delay) = self.transit(from, to) {
            self.plan(delay, Step::Leg(Box::new(leg)));
        }
    }

    /// A scanner reads a code.
    pub(super) fn read(&mut self, scanner: DeviceId, job: Job) {
        let routing = Routing::of_reader(job.scan, false, HUB_TIMEOUT_MS);
        self.begin(scanner, job, routing, To::Screen);
    }

    pub(super) fn verify(&self, text: &[u8]) -> Result<VerifiedTicket, Rejection> {
        self.event.trust.keyring().verify_text(text, self.time())
    }

    fn begin(&mut self, device: DeviceId, job: Job, routing: Routing, to: To) {
        let ticket = job.ticket.as_ref().as_ref().ok();
        let home = ticket.and_then(|ticket| self.home(ticket.ticket().unit));
        let number = self.devices[device].next_number();
        let at = At { device, number };
        if matches!(to, To::Asker(_)) {
            self.plan(SIGN_OF_LIFE_MS, Step::Leg(Box::new(Leg::SignOfLife(at))));
        }
        let scan = UnderWay {
            job,
            home,
            routing,
            to,
            ours: None,
        };
        self.devices[device].under_way.insert(number, scan);
        self.go_on(at);
    }

    fn home(&self, unit: Unit) -> Option<DeviceId> {
        let hubs: Vec<_> = self.hub_ids().map(|hub| self.devices[hub].key.public()).collect();
        let home = home_of(self.event.trust.event(), unit, &hubs)?;
        self.hub_ids().find(|hub| hubs[hub - 1] == home)
    }

    /// Carries a scan one leg further.
    pub(super) fn go(&mut self, leg: Leg) {
        match leg {
            Leg::Request {
                device,
                asker,
                as_home,
                job,
            } => {
                if self.devices[device].is_up {
                    self.arrive(device, (asker, as_home), job);
                }
            }
            Leg::Back(at, from, heard) => {
                let now = self.now;
                if let Some(scan) = self.devices[at.device].under_way.get_mut(&at.number) {
                    scan.routing.hear(LineId(from as u64), heard, now);
                    self.go_on(at);
                }
            }
            Leg::Wake(at, life) if self.devices[at.device].life == life => self.go_on(at),
            Leg::Wake(..) => {}
            Leg::SignOfLife(at) => self.show_life(at),
        }
    }

    fn arrive(&mut self, device: DeviceId, (asker, as_home): (At, bool), job: Job) {
        let ticket = match job.ticket.as_ref() {
            Ok(ticket) => ticket,
            Err(rejection) => {
                let answer = answer_of(&job, Verdict::rejected(*rejection), JudgedBy::Alone);
                return self.respond(device, asker, Ok(answer));
            }
        };
        let asked = ScanQuestion::of(&job.question(), ticket.clone());
        let Some(ledger) = &self.devices[device].ledger else {
            return;
        };
        let route = ledger.route(&asked);
        if as_home && route != Route::Here {
            return self.respond(device, asker, Err(RequestError::NotHome));
        }
        let routing = Routing::of_hub(job.scan, route, false, HOME_TIMEOUT_MS);
        self.begin(device, job, routing, To::Asker(asker));
    }

    /// Does what a scan's way demands, until something must be waited for.
    fn go_on(&mut self, at: At) {
        loop {
            let lines = self.lines(at);
            let now = self.now;
            let Some(scan) = self.devices[at.device].under_way.get_mut(&at.number) else {
                return;
            };
            match scan.routing.next(|| lines, now) {
                Next::Ask(LineId(peer)) => {
                    let (job, as_home) = (scan.job.clone(), matches!(scan.to, To::Asker(_)));
                    let device = usize::try_from(peer).unwrap_or(usize::MAX);
                    self.asks += u64::from(as_home);
                    let request = Leg::Request {
                        device,
                        asker: at,
                        as_home,
                        job,
                    };
                    self.send_leg(at.device, device, request);
                }
                Next::Wait { until_ms } => {
                    let life = self.devices[at.device].life;
                    let wake = Step::Leg(Box::new(Leg::Wake(at, life)));
                    return self.plan(until_ms.saturating_sub(now), wake);
                }
                Next::Judge(judging_as) => return self.judge(at, judging_as),
                Next::Withdraw => return self.withdraw(at),
                Next::Say(conclusion) => return self.conclude(at, conclusion),
            }
        }
    }

    /// Returns the lines over which a device may ask about a scan: a scanner its hubs, the home first and then its own, and a hub the home.
    fn lines(&self, at: At) -> Vec<Line> {
        let device = &self.devices[at.device];
        let Some(scan) = device.under_way.get(&at.number) else {
            return Vec::new();
        };
        let mut hubs: Vec<DeviceId> = match scan.to {
            To::Screen => self
                .hub_ids()
                .filter(|hub| self.line_stands(at.device, *hub))
                .collect(),
            To::Asker(_) => {
                let is_open = |hub: &DeviceId| {
                    let open = device.sessions.get(hub);
                    open.is_some_and(|open| open.session.peer().is_some())
                };
                scan.home.into_iter().filter(is_open).collect()
            }
        };
        let own = device.mount.map(|mount| mount.hub);
        hubs.sort_by_key(|hub| (Some(*hub) != scan.home, Some(*hub) != own));
        let line = |hub: DeviceId| Line {
            id: LineId(hub as u64),
            hub: self.devices[hub].key.public(),
            round_trip_ms: self.range(at.device, hub).iter().sum(),
        };
        hubs.into_iter().map(line).collect()
    }

    fn line_stands(&self, scanner: DeviceId, hub: DeviceId) -> bool {
        let silent = self.devices[scanner].silent.get(&hub);
        silent.is_none_or(|since| self.now < since + LINE_STANDS_MS)
    }

    /// Shows whoever waits for a scan that others were asked, and again in a while.
    fn show_life(&mut self, at: At) {
        let Some(scan) = self.devices[at.device].under_way.get(&at.number) else {
            return;
        };
        if let To::Asker(asker) = scan.to {
            if scan.routing.is_waiting() {
                self.send_leg(
                    at.device,
                    asker.device,
                    Leg::Back(asker, at.device, Heard::Working),
                );
            }
            self.plan(SIGN_OF_LIFE_MS, Step::Leg(Box::new(Leg::SignOfLife(at))));
        }
    }

    /// Judges a scan at a device; it goes on when the record is durable.
    fn judge(&mut self, at: At, judging_as: JudgingAs) {
        self.wake_ledger(at.device);
        let now = self.time();
        let device = &self.devices[at.device];
        let (Some(scan), Some(ledger)) = (device.under_way.get(&at.number), &device.ledger) else {
            return;
        };
        let verdict = match scan.job.ticket.as_ref() {
            Err(rejection) => Verdict::rejected(*rejection),
            Ok(ticket) => {
                let asked = ScanQuestion::of(&scan.job.question(), ticket.clone());
                let judged = ledger.judge(&asked, judging_as, now);
                if let Some(body) = judged.body {
                    self.write(at.device, body);
                }
                judged.verdict
            }
        };
        let then = Then::Judged(at, verdict, judging_as);
        self.devices[at.device].batch.then.push(then);
        self.plan_commit(at.device);
    }

    /// Gives a scanner its memory: what it had heard when it lost its last hub, or, while a hub judges for it, what it takes to write.
    fn wake_ledger(&mut self, device: DeviceId) {
        let machine = &self.devices[device];
        let is_alone = machine.heard.is_some();
        if machine.mount.is_none() || (machine.ledger.is_some() && (machine.judges_alone || !is_alone)) {
            return;
        }
        if !machine.batch.own.is_empty() {
            // What it has just written is on the disk first.
            let life = machine.life;
            self.commit(device, life);
        }
        let machine = &self.devices[device];
        let (me, authority) = (machine.key.public(), self.event.authority.public());
        let mut disk = machine.heard.clone().unwrap_or_default();
        if !is_alone {
            disk.extend(
                self.devices[super::CLOUD]
                    .disk
                    .get(&authority)
                    .map(|seq| (authority, *seq)),
            );
        }
        disk.extend(machine.disk.get(&me).map(|seq| (me, *seq)));
        let now = self.time();
        self.devices[device].load(&disk, &self.records, &self.event.trust, now);
        self.devices[device].judges_alone = is_alone;
        self.write_due_records(device);
    }

    /// The scanner gives up a scan: from then on nobody is let in by it.
    fn withdraw(&mut self, at: At) {
        self.wake_ledger(at.device);
        let now = self.time();
        let device = &self.devices[at.device];
        let (Some(scan), Some(ledger)) = (device.under_way.get(&at.number), &device.ledger) else {
            return;
        };
        if let Some(body) = ledger.withdraw(&scan.job.question(), scan.job.secret, now) {
            self.write(at.device, body);
        }
        self.devices[at.device].batch.then.push(Then::Withdrawn(at));
        self.plan_commit(at.device);
    }

    pub(super) fn judged(&mut self, at: At, verdict: Verdict, judging_as: JudgingAs) {
        let now = self.now;
        if let Some(scan) = self.devices[at.device].under_way.get_mut(&at.number) {
            scan.ours = Some((verdict, judging_as));
            // No zone is limited: nobody has places to send.
            scan.routing.judged(Some(verdict), false, now);
        }
        self.go_on(at);
    }

    pub(super) fn withdrawn(&mut self, at: At) {
        if let Some(scan) = self.devices[at.device].under_way.get_mut(&at.number) {
            scan.routing.withdrawn();
        }
        self.go_on(at);
    }

    fn conclude(&mut self, at: At, conclusion: Conclusion) {
        let Some(scan) = self.devices[at.device].under_way.remove(&at.number) else {
            return;
        };
        let response = match (conclusion.word, scan.ours) {
            (Word::Theirs(answer), _) => Ok(answer),
            (Word::Refused(error), _) => Err(error),
            (Word::Ours, None) => Err(RequestError::Unavailable),
            (Word::Ours, Some((verdict, judging_as))) => {
                let me = self.devices[at.device].key.public();
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
        match scan.to {
            To::Asker(asker) => self.respond(at.device, asker, response),
            To::Screen => self.shown.push(Shown {
                number: scan.job.number,
                verdict: response.ok().map(|answer| answer.verdict),
            }),
        }
    }

    fn respond(&mut self, device: DeviceId, asker: At, response: Response) {
        let back = Leg::Back(asker, device, Heard::Response(response));
        self.send_leg(device, asker.device, back);
    }
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
