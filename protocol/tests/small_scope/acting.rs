//! A hub in the middle of a step: what it does, in the product's order, with what the product decides.

use std::sync::Arc;

use usher_protocol::admission::Verdict;
use usher_protocol::ledger::{Entry, JudgingAs, Ledger, Route};
use usher_protocol::request::{Answer, JudgedBy, RequestError, Scan};
use usher_protocol::routing::{Conclusion, Heard, Line, LineId, Next, Routing, Word as Told};

use super::broken::Broken;
use super::event::{self, AUTHORITY, HUBS, NOW, Word, public, scan_id, secret};
use super::hub::{self, Hub, UnderWay};
use super::world::{Flight, Person, SmallEvent, Step, World};

/// How long a hub waits for a home at least, in milliseconds.
const PATIENCE_MS: u64 = 150;

/// A hub in the middle of a step.
pub struct Acting<'a> {
    model: &'a SmallEvent,
    pub world: World,
    me: usize,
    is_cut_short: bool,
    /// Whether it stopped before what it wrote was durable.
    pub has_stopped: bool,
}

impl<'a> Acting<'a> {
    /// Has a hub begin a step.
    pub fn new(model: &'a SmallEvent, world: World, me: usize, is_cut_short: bool) -> Self {
        Self {
            model,
            world,
            me,
            is_cut_short,
            has_stopped: false,
        }
    }

    fn ledger(&mut self) -> &mut Ledger {
        Arc::make_mut(&mut self.world.hubs[self.me].ledger)
    }

    /// Makes durable what the hub has written; tells whether it lives on.
    fn commit(&mut self, entries: Vec<Entry>) -> bool {
        if entries.is_empty() {
            return true;
        }
        if self.is_cut_short {
            self.has_stopped = true;
            return false;
        }
        let me = self.me;
        let head = self.model.memory.seal(&mut self.world.hubs[me].ledger, me);
        hub::commit(me, entries, head, &mut self.world.logs);
        self.world.hubs[me].held[me] += 1;
        true
    }

    /// Begins the way of a scan here.
    fn begin(&mut self, scan: usize, routing: Routing, asker: Option<usize>) {
        let under_way = UnderWay {
            routing,
            now_ms: 0,
            ours: None,
            asker,
        };
        self.world.hubs[self.me].under_way.insert(scan, under_way);
        self.go_on(scan);
    }

    fn under_way(&mut self, scan: usize) -> Option<&mut UnderWay> {
        self.world.hubs[self.me].under_way.get_mut(&scan)
    }

    /// Does what a scan's way demands, until something must be waited for.
    fn go_on(&mut self, scan: usize) {
        let line = self.line(scan);
        loop {
            let Some(under_way) = self.under_way(scan) else {
                return;
            };
            let now_ms = under_way.now_ms;
            match under_way.routing.next(|| line.into_iter().collect(), now_ms) {
                Next::Ask(LineId(home)) => {
                    let home = usize::try_from(home).expect("a hub");
                    let question = Flight::Question(self.me);
                    self.world.flights.insert((scan, home), question);
                }
                Next::Wait { .. } => return,
                Next::Judge(judging_as) => {
                    if !self.judge(scan, judging_as) {
                        return;
                    }
                }
                Next::Withdraw => {
                    if !self.withdraw(scan) {
                        return;
                    }
                }
                Next::Say(conclusion) => return self.conclude(scan, conclusion),
            }
        }
    }

    /// Returns who should judge a scan, as far as this hub knows.
    fn route(&self, scan: usize) -> Route {
        let (ledger, question) = (&self.world.hubs[self.me].ledger, self.model.question(scan));
        if self.model.is_broken(Broken::VoidTicketsAreAskedAbout) {
            let unit = question.ticket.ticket().unit;
            let home = ledger.state().rosters().home(ledger.event(), unit);
            return Route::to(home, ledger.me());
        }
        ledger.route(&question)
    }

    /// Returns the line to the home of a scan's ticket, as it is known here.
    fn line(&self, scan: usize) -> Option<Line> {
        let Route::Ask(hub) = self.route(scan) else {
            return None;
        };
        let index = (0..HUBS).find(|one| public(*one) == hub)?;
        Some(Line {
            id: LineId(index as u64),
            hub,
            round_trip_ms: 1,
        })
    }

    fn judge(&mut self, scan: usize, judging_as: JudgingAs) -> bool {
        let asked = self.model.question(scan);
        let mut judged = self.ledger().judge(&asked, judging_as, NOW);
        if let Some(broken) = self.model.event.broken {
            broken.say_yes(&self.world.hubs[self.me].ledger, &asked, &mut judged);
        }
        let written: Vec<_> = judged
            .body
            .into_iter()
            .map(|body| self.ledger().write(body, NOW))
            .collect();
        let lives = self.commit(written);
        if !lives && !self.model.is_broken(Broken::AnswersTooEarly) {
            return false;
        }
        let has_neighbours = self.model.event.capacity.is_some();
        let under_way = self.under_way(scan).expect("it is judged");
        under_way.ours = Some((judged.verdict, judging_as));
        let now_ms = under_way.now_ms;
        under_way
            .routing
            .judged(Some(judged.verdict), has_neighbours, now_ms);
        true
    }

    /// Tells whether this hub has heard that a ticket is void.
    fn knows_void(&self, scan: usize) -> bool {
        let words = self.model.event.words;
        let revoked = words.iter().position(|word| *word == Word::Revoked);
        let heard = self.world.hubs[self.me].held[AUTHORITY];
        let is_of_it = self.model.event.shown[scan].0 == event::Which::Moves;
        is_of_it && revoked.is_some_and(|word| heard > 1 + word)
    }

    fn withdraw(&mut self, scan: usize) -> bool {
        let asked = self.model.question(scan);
        let shown = Scan {
            id: asked.scan,
            code: self.model.texts[scan].clone().into_bytes(),
            gate: asked.gate,
            direction: asked.direction,
            persons: asked.persons,
        };
        let body = self.ledger().withdraw(&shown, secret(scan), NOW);
        let body = body.filter(|_| !self.model.is_broken(Broken::NobodyWithdraws));
        let written: Vec<_> = body
            .into_iter()
            .map(|body| self.ledger().write(body, NOW))
            .collect();
        if !self.commit(written) {
            return false;
        }
        self.under_way(scan).expect("it is given up").routing.withdrawn();
        true
    }

    fn conclude(&mut self, scan: usize, conclusion: Conclusion) {
        let under_way = self.world.hubs[self.me].under_way.remove(&scan);
        let Some(UnderWay { ours, asker, .. }) = under_way else {
            return;
        };
        let me = public(self.me);
        let response = match (conclusion.word, ours) {
            (Told::Theirs(answer), _) => Ok(answer),
            (Told::Refused(error), _) => Err(error),
            (Told::Ours, None) => Err(RequestError::Unavailable),
            (Told::Ours, Some((verdict, _))) => Ok(Answer {
                scan: scan_id(scan, self.model.reader(scan)),
                verdict,
                by: JudgedBy::Home(me),
                ticket: None,
                silent: conclusion.silent,
            }),
        };
        match asker {
            Some(asker) => {
                let answer = Flight::Answer(asker, response);
                self.world.flights.insert((scan, self.me), answer);
            }
            None => {
                let is_yes =
                    matches!(&response, Ok(answer) if matches!(answer.verdict, Verdict::Admit { .. }));
                self.world.people[scan] = if is_yes { Person::In } else { Person::TurnedAway };
            }
        }
    }

    /// Somebody asks this hub as a ticket's home.
    fn is_asked(&mut self, scan: usize, asker: usize) {
        let route = self.route(scan);
        if route == Route::Here {
            let id = scan_id(scan, self.model.reader(scan));
            let routing = Routing::of_hub(id, route, false, PATIENCE_MS);
            return self.begin(scan, routing, Some(asker));
        }
        let answer = Flight::Answer(asker, Err(RequestError::NotHome));
        self.world.flights.insert((scan, self.me), answer);
    }

    /// Hears what comes next of a log, and writes what that demands.
    fn hear(&mut self, log: usize) {
        let me = self.me;
        loop {
            let hub = &mut self.world.hubs[me];
            let matters = self.model.matters(&self.world.logs[log][hub.held[log]]);
            let due = self.model.memory.hear((me, hub), log, &self.world.logs);
            if !self.commit(due) || matters {
                return;
            }
        }
    }

    fn write_what_is_due(&mut self) {
        let due = self.ledger().write_due_records(NOW);
        self.commit(due);
    }

    /// Stops and starts again from the disk.
    pub fn restart(&mut self) {
        let me = self.me;
        let mut held = self.world.hubs[me].held;
        if self.model.is_broken(Broken::RevocationsAreForgotten) {
            held[AUTHORITY] = 1;
        }
        for (scan, _) in self.model.event.shown.iter().enumerate() {
            if self.model.reader(scan) == me && self.world.people[scan] == Person::Waits {
                self.world.people[scan] = Person::NotAnswered;
            }
        }
        let has_heard = self.world.hubs[me].held;
        self.world.hubs[me] = Hub::start(me, held, &self.world.logs);
        self.world.hubs[me].held = has_heard;
        self.world.crashes += 1;
        self.is_cut_short = false;
        self.write_what_is_due();
    }

    /// Takes the step.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Show(scan) => {
                self.world.people[scan] = Person::Waits;
                self.world.known_void[scan] = self.knows_void(scan);
                let id = scan_id(scan, self.model.reader(scan));
                let routing = Routing::of_hub(id, self.route(scan), true, PATIENCE_MS);
                self.begin(scan, routing, None);
            }
            Step::Arrive { scan, asked } => match self.world.flights.remove(&(scan, asked)) {
                Some(Flight::Question(asker)) => self.is_asked(scan, asker),
                Some(Flight::Answer(_, response)) => {
                    if let Some(under_way) = self.under_way(scan) {
                        let (line, now_ms) = (LineId(asked as u64), under_way.now_ms);
                        under_way.routing.hear(line, Heard::Response(response), now_ms);
                        self.go_on(scan);
                    }
                }
                None => {}
            },
            Step::Wait { scan, .. } => {
                let line = self.line(scan);
                if let Some(under_way) = self.under_way(scan) {
                    let now_ms = under_way.now_ms;
                    if let Next::Wait { until_ms } =
                        under_way.routing.next(|| line.into_iter().collect(), now_ms)
                    {
                        under_way.now_ms = until_ms.max(now_ms + PATIENCE_MS);
                    }
                    self.go_on(scan);
                }
            }
            Step::Hear { log, .. } => self.hear(log),
            Step::Say => {}
            Step::Crash(_) => self.restart(),
        }
    }
}
