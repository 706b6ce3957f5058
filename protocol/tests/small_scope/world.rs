//! All that can happen in a small event: what state it is in, what may come next, and what that changes.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use stateright::{Model, Property};
use usher_fixtures::NORTH;
use usher_protocol::admission::Direction;
use usher_protocol::ledger::{Ledger, ScanQuestion};
use usher_protocol::request::Response;
use usher_protocol::ticket::VerifiedTicket;

use super::acting::Acting;
use super::broken::Broken;
use super::event::{self, AUTHORITY, Event, HUBS, NOW, Word, public, scan_id};
use super::hub::{self, Commit, Hub, Logs, Memory};
use super::promises;

/// A small event, to be explored.
pub struct SmallEvent {
    pub event: Event,
    /// The codes that are shown, as they are read.
    pub texts: Vec<String>,
    /// The same, verified once.
    pub tickets: Vec<VerifiedTicket>,
    pub memory: Memory,
}

/// What became of a person at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Person {
    /// Has not come yet.
    Away,
    /// Waits for an answer.
    Waits,
    /// Went in.
    In,
    /// Was turned away.
    TurnedAway,
    /// The hub at this gate has crashed.
    NotAnswered,
}

/// What is on its way between two hubs.
#[derive(Debug, Clone)]
pub enum Flight {
    /// A question by that hub.
    Question(usize),
    /// The answer to that hub.
    Answer(usize, Response),
}

/// A state of the event.
#[derive(Clone)]
pub struct World {
    pub hubs: [Hub; HUBS],
    pub logs: Logs,
    /// How many of the authority's words were said.
    said: usize,
    pub crashes: usize,
    /// What is on its way about a scan, from or to the hub that was asked.
    pub flights: BTreeMap<(usize, usize), Flight>,
    /// The hub that has just heard a log without a word of its own, and which. Nobody else notices, so that it is explored only right before
    /// the hub's next step, and logs are heard in their order.
    hearing: Option<(usize, usize)>,
    /// What became of whoever showed each ticket.
    pub people: Vec<Person>,
    /// Which tickets the hub at their gate knew to be void when they were shown.
    pub known_void: Vec<bool>,
    /// The event, for promises.
    pub event: Event,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A ticket is shown at its gate.
    Show(usize),
    /// What is on its way about a scan arrives.
    Arrive {
        scan: usize,
        /// The hub that was asked.
        asked: usize,
    },
    /// Time passes for a scan at a hub, until it was waited long enough.
    Wait {
        scan: usize,
        /// Where.
        hub: usize,
    },
    /// A hub hears what comes next of a log.
    Hear {
        hub: usize,
        /// Whose log.
        log: usize,
    },
    /// The authority says its next word.
    Say,
    /// A hub stops and starts again.
    Crash(usize),
}

/// A step, and whether the hub that takes it stops before what it writes is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    step: Step,
    is_cut_short: bool,
}

impl SmallEvent {
    /// Makes the event.
    pub fn of(event: Event) -> Self {
        let (texts, trust) = (event.texts(), event::trust());
        let verify = |text: &String| trust.keyring().verify_text(text.as_bytes(), NOW);
        let tickets = texts
            .iter()
            .map(|text| verify(text).expect("a genuine ticket"))
            .collect();
        Self {
            event,
            texts,
            tickets,
            memory: Memory::default(),
        }
    }

    pub fn question(&self, scan: usize) -> ScanQuestion {
        let reader = self.reader(scan);
        ScanQuestion {
            scan: scan_id(scan, reader),
            ticket: self.tickets[scan].clone(),
            gate: NORTH,
            direction: Direction::In,
            persons: 1,
        }
    }

    pub fn reader(&self, scan: usize) -> usize {
        self.event.shown[scan].1
    }

    /// Tells whether somebody else may judge otherwise for having heard that. Of refusals only those for want of places are
    /// answered, with places.
    pub fn matters(&self, commit: &Commit) -> bool {
        !commit.is_idle || self.event.capacity.is_some()
    }

    /// Returns the hub that takes a step; none for the authority's.
    fn actor(&self, world: &World, step: Step) -> Option<usize> {
        match step {
            Step::Say => None,
            Step::Show(scan) => Some(self.reader(scan)),
            Step::Arrive { scan, asked } => match world.flights.get(&(scan, asked))? {
                Flight::Question(_) => Some(asked),
                Flight::Answer(asker, _) => Some(*asker),
            },
            Step::Wait { hub, .. } | Step::Hear { hub, .. } | Step::Crash(hub) => Some(hub),
        }
    }

    fn may_follow(&self, world: &World, step: Step) -> bool {
        let Some((hub, heard)) = world.hearing else {
            return true;
        };
        let is_in_order = match step {
            // What hubs say to want of places is answered at once, in whatever order it is heard.
            Step::Hear { log, .. } => log >= heard || self.event.capacity.is_some(),
            Step::Show(_) | Step::Arrive { .. } | Step::Wait { .. } | Step::Say | Step::Crash(_) => true,
        };
        self.actor(world, step) == Some(hub) && is_in_order
    }

    pub fn is_broken(&self, rule: Broken) -> bool {
        self.event.broken == Some(rule)
    }
}

impl World {
    fn new(event: Event, memory: &Memory) -> Self {
        let mut logs: Logs = Default::default();
        let mut authority = Arc::new(Ledger::new(public(AUTHORITY), None, event::trust()));
        let opening: Vec<_> = event
            .opening()
            .into_iter()
            .map(|body| Arc::make_mut(&mut authority).write(body, NOW))
            .collect();
        let head = memory.seal(&mut authority, AUTHORITY);
        hub::commit(AUTHORITY, opening, head, &mut logs);
        for me in 0..HUBS {
            let mut held = [0; HUBS + 1];
            held[AUTHORITY] = 1;
            let mut ledger = Hub::start(me, held, &logs).ledger;
            let due = Arc::make_mut(&mut ledger).write_due_records(NOW);
            let head = memory.seal(&mut ledger, me);
            hub::commit(me, due, head, &mut logs);
        }
        // Before the doors open all have heard each other.
        let hubs = [0, 1, 2].map(|me| Hub::start(me, [1; HUBS + 1], &logs));
        Self {
            hubs,
            logs,
            said: 0,
            crashes: 0,
            flights: BTreeMap::new(),
            hearing: None,
            people: vec![Person::Away; event.shown.len()],
            known_void: vec![false; event.shown.len()],
            event,
        }
    }

    /// Has the authority say a word.
    fn say(&mut self, word: Word, memory: &Memory) {
        let mut authority = Arc::new(Ledger::new(public(AUTHORITY), None, event::trust()));
        let mut held = [0; HUBS + 1];
        held[AUTHORITY] = self.logs[AUTHORITY].len();
        hub::replay(Arc::make_mut(&mut authority), &held, &self.logs);
        let entry = Arc::make_mut(&mut authority).write(self.event.says(word), NOW);
        let head = memory.seal(&mut authority, AUTHORITY);
        hub::commit(AUTHORITY, vec![entry], head, &mut self.logs);
        self.said += 1;
    }
}

impl Model for SmallEvent {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.event, &self.memory)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let mut steps = Vec::new();
        let away = (0..world.people.len()).filter(|scan| world.people[*scan] == Person::Away);
        steps.extend(away.map(Step::Show));
        let arrivals = world.flights.keys();
        steps.extend(arrivals.map(|(scan, asked)| Step::Arrive {
            scan: *scan,
            asked: *asked,
        }));
        for (hub, one) in world.hubs.iter().enumerate() {
            steps.extend(one.under_way.keys().map(|scan| Step::Wait { scan: *scan, hub }));
            let has_news = |log: &usize| {
                world.logs[*log][one.held[*log]..]
                    .iter()
                    .any(|commit| self.matters(commit))
            };
            let news = (0..=HUBS).filter(has_news);
            steps.extend(news.map(|log| Step::Hear { hub, log }));
        }
        if world.said < self.event.words.len() {
            steps.push(Step::Say);
        }
        let may_crash = world.crashes < self.event.crashes;
        if may_crash {
            steps.extend((0..HUBS).map(Step::Crash));
        }
        for step in steps.into_iter().filter(|step| self.may_follow(world, *step)) {
            actions.push(Action {
                step,
                is_cut_short: false,
            });
            if may_crash && !matches!(step, Step::Say | Step::Crash(_)) {
                actions.push(Action {
                    step,
                    is_cut_short: true,
                });
            }
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        if action.step == Step::Say {
            world.say(self.event.words[world.said], &self.memory);
            return Some(world);
        }
        let me = self.actor(last, action.step)?;
        let mut acting = Acting::new(self, world, me, action.is_cut_short);
        acting.take(action.step);
        let has_written = acting.world.logs[me].len() > last.logs[me].len() || acting.has_stopped;
        acting.world.hearing = None;
        if let Step::Hear { hub, log } = action.step
            && !has_written
        {
            acting.world.hearing = Some((hub, log));
        }
        if action.is_cut_short {
            // What needs no disk is explored as a step before a crash.
            if !acting.has_stopped {
                return None;
            }
            acting.restart();
        }
        Some(acting.world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, into: &mut H) {
        for log in &self.logs {
            log.last().map(|commit| commit.run.head.tail.hash).hash(into);
        }
        for hub in &self.hubs {
            (hub.held, hub.started_at).hash(into);
            // What a hub writes as due follows from what it holds; what it does not write down is its way of scans.
            format!("{:?}", hub.under_way).hash(into);
        }
        (
            self.said,
            self.crashes,
            self.hearing,
            &self.people,
            &self.known_void,
        )
            .hash(into);
        format!("{:?}", self.flights).hash(into);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        let hash = |world: &Self| {
            let mut hasher = std::hash::DefaultHasher::new();
            world.hash(&mut hasher);
            hasher.finish()
        };
        hash(self) == hash(other)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.people)
    }
}
