//! The people at the gates: they walk, wait, are searched and scanned, go to the desk, leave and return; what a scanner shows is the network's.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::policy::EntryRule;

use crate::agenda::Agenda;
use crate::event::PlayedEvent;
use crate::figures::GateNotes;
use crate::lane::{Begins, Lane, VisitorId, shortest};
use crate::scenario::{GatePlan, Scenario, Spread};
use crate::visitors::{Carries, Visitor, at_minute};

/// How often the desk tries before somebody is sent away.
const DESK_TRIES: u32 = 3;
/// How long until a code is shown again that a hub could not judge, in milliseconds.
const SHOW_AGAIN_MS: u64 = 1_000;
const MINUTE_S: f64 = 60.0;

/// Something that people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Arrive(VisitorId),
    /// Comes to the end of the queue.
    Join(VisitorId),
    /// Was searched in that lane of their gate.
    Searched(VisitorId, usize),
    /// Holds out the code there.
    Present(VisitorId, Spot),
    /// The desk has looked into it.
    Explained(VisitorId),
    /// Goes out.
    Leave(VisitorId),
    /// A minute is over.
    NoteAll,
}

/// A scanner of somebody's gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A lane, and which of its scanners.
    Lane(usize, usize),
    Desk,
    Exit,
}

/// A code that is held out.
pub(crate) struct Presented {
    pub visitor: VisitorId,
    pub spot: Spot,
    pub gate: usize,
    /// Counted over all gates.
    pub scanner: usize,
    pub text: Arc<[u8]>,
    pub direction: Direction,
}

/// How somebody stands.
#[derive(Debug, Default)]
struct Stand {
    /// Since when they wait, of this time.
    since: u64,
    desk_tries: u32,
    was_referred: bool,
    /// Whether they have been in before.
    has_been_in: bool,
    text: Option<Arc<[u8]>>,
}

struct Gate {
    lanes: Vec<Lane>,
    desk: VecDeque<VisitorId>,
    at_desk: usize,
    first_scanner: usize,
    notes: GateNotes,
}

/// How people with one kind of code came out.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct CameOut {
    pub let_in: u64,
    pub sent_away: u64,
}

/// The people, and the gates they stand at.
pub(crate) struct Crowd {
    agenda: Agenda<Act>,
    visitors: Vec<Visitor>,
    stands: Vec<Stand>,
    gates: Vec<Gate>,
    plans: Vec<GatePlan>,
    /// Who goes out and returns: of a hundred, how long inside and outside; until when.
    returns: Option<crate::scenario::Returns>,
    goes_again: Vec<bool>,
    last_arrival: u64,
    under_way: usize,
    pub with_tickets: CameOut,
    pub others: CameOut,
    pub last_in: u64,
}

impl Crowd {
    pub(crate) fn new(scenario: &Scenario, visitors: Vec<Visitor>) -> Self {
        let mut agenda = Agenda::default();
        for (at, visitor) in visitors.iter().enumerate() {
            agenda.plan(visitor.arrives_at, Act::Arrive(at));
        }
        let mut first_scanner = 0;
        let gates = scenario.gates.iter().map(|plan| {
            let gate = Gate {
                lanes: (0..plan.lanes).map(|_| Lane::new(plan)).collect(),
                desk: VecDeque::new(),
                at_desk: 0,
                first_scanner,
                notes: GateNotes::default(),
            };
            first_scanner += scanners_of(plan).len();
            gate
        });
        let last = scenario.visitors.arrivals.last().map_or(0.0, |last| last.0);
        let mut crowd = Self {
            gates: gates.collect(),
            stands: visitors.iter().map(|_| Stand::default()).collect(),
            under_way: visitors.len(),
            plans: scenario.gates.clone(),
            returns: scenario.visitors.returns.clone(),
            goes_again: scenario
                .tiers
                .iter()
                .map(|tier| tier.entry != EntryRule::Single)
                .collect(),
            last_arrival: at_minute(last),
            with_tickets: CameOut::default(),
            others: CameOut::default(),
            last_in: 0,
            agenda,
            visitors,
        };
        let first = crowd.agenda.next_at().unwrap_or(crowd.last_arrival);
        crowd.agenda.plan(first, Act::NoteAll);
        crowd
    }

    pub(crate) fn next_at(&self) -> Option<u64> {
        self.agenda.next_at()
    }

    /// Tells whether nobody is on the way to a gate, at one, or outside for a while.
    pub(crate) fn is_over(&self) -> bool {
        self.under_way == 0
    }

    /// Does the next thing; returns the code that is held out then, if one is.
    pub(crate) fn step(&mut self, event: &PlayedEvent) -> Option<Presented> {
        let (now, act) = self.agenda.take()?;
        match act {
            Act::Arrive(visitor) => self.walk(visitor, now),
            Act::Join(visitor) => self.join(visitor, now),
            Act::Searched(visitor, lane) => {
                let gate = self.visitors[visitor].gate;
                self.gates[gate].lanes[lane].searched(visitor);
                self.advance(gate, lane, now);
            }
            Act::Present(visitor, spot) => return Some(self.present(visitor, spot, event)),
            Act::Explained(visitor) => self.explained(visitor, now),
            Act::Leave(visitor) => return Some(self.present(visitor, Spot::Exit, event)),
            Act::NoteAll => self.note_all(now),
        }
        None
    }

    fn walk(&mut self, visitor: VisitorId, now: u64) {
        let spread = self.plans[self.visitors[visitor].gate].walk_s;
        self.after(visitor, spread, now, Act::Join(visitor));
    }

    /// Plans an act after a time of somebody's own.
    fn after(&mut self, visitor: VisitorId, spread: Spread, now: u64, act: Act) {
        let takes = self.visitors[visitor].chance.spread_ms(spread);
        self.agenda.plan(now + takes, act);
    }

    fn join(&mut self, visitor: VisitorId, now: u64) {
        let gate = self.visitors[visitor].gate;
        let stand = &mut self.stands[visitor];
        (stand.since, stand.desk_tries, stand.was_referred) = (now, 0, false);
        self.gates[gate].notes.came(now);
        self.stand_in(visitor, gate, now);
    }

    fn stand_in(&mut self, visitor: VisitorId, gate: usize, now: u64) {
        let lane = shortest(&self.gates[gate].lanes);
        self.gates[gate].lanes[lane].join(visitor);
        self.advance(gate, lane, now);
    }

    /// Lets a lane do what it can.
    fn advance(&mut self, gate: usize, lane: usize, now: u64) {
        let plan = self.plans[gate].clone();
        while let Some(begins) = self.gates[gate].lanes[lane].advance(&plan) {
            match begins {
                Begins::Search(visitor) => {
                    let is_searched = self.visitors[visitor].chance.percent(plan.search_percent);
                    let takes = self.visitors[visitor].chance.spread_ms(plan.search_s);
                    let takes = if is_searched { takes } else { 0 };
                    self.agenda.plan(now + takes, Act::Searched(visitor, lane));
                }
                Begins::Scan(visitor, scanner) => {
                    let spot = Spot::Lane(lane, scanner);
                    self.after(visitor, plan.scan_s, now, Act::Present(visitor, spot));
                }
            }
        }
        self.note(gate, now);
    }

    fn note(&mut self, gate: usize, now: u64) {
        let gate = &mut self.gates[gate];
        let queue = gate.lanes.iter().map(Lane::len).sum();
        gate.notes.stand((queue, gate.desk.len() + gate.at_desk), now);
    }

    fn note_all(&mut self, now: u64) {
        for gate in 0..self.gates.len() {
            self.note(gate, now);
        }
        if !self.is_over() {
            self.agenda.plan(now + 60_000, Act::NoteAll);
        }
    }

    fn present(&mut self, visitor: VisitorId, spot: Spot, event: &PlayedEvent) -> Presented {
        let gate = self.visitors[visitor].gate;
        let visitors = &self.visitors;
        let text = self.stands[visitor]
            .text
            .get_or_insert_with(|| visitors[visitor].code(event));
        Presented {
            visitor,
            spot,
            gate,
            scanner: self.gates[gate].first_scanner + scanner_at(&self.plans[gate], spot),
            text: Arc::clone(text),
            direction: if spot == Spot::Exit {
                Direction::Out
            } else {
                Direction::In
            },
        }
    }

    /// Takes what a scanner shows; `is_alone` where it reaches no hub.
    pub(crate) fn shown(
        &mut self,
        presented: &Presented,
        verdict: Option<Verdict>,
        is_alone: bool,
        now: u64,
    ) {
        let (visitor, gate) = (presented.visitor, presented.gate);
        let Some(verdict) = verdict else {
            let again = if presented.spot == Spot::Exit {
                Act::Leave(visitor)
            } else {
                Act::Present(visitor, presented.spot)
            };
            return self.agenda.plan(now + SHOW_AGAIN_MS, again);
        };
        if presented.spot == Spot::Exit {
            return self.went_out(visitor, now);
        }
        let is_in_lane = matches!(presented.spot, Spot::Lane(..));
        self.gates[gate].notes.scanned(verdict, is_in_lane, now);
        let is_yes = matches!(verdict, Verdict::Admit { .. });
        self.stands[visitor].was_referred = matches!(verdict, Verdict::Refer(_));
        if is_yes {
            self.went_in(visitor, now);
        } else {
            self.gates[gate].desk.push_back(visitor);
        }
        match presented.spot {
            Spot::Lane(lane, scanner) => {
                let of_no_use = is_alone && self.stands[visitor].was_referred;
                self.gates[gate].lanes[lane].scanned(scanner, of_no_use);
                self.close_if_of_no_use(gate, lane, now);
                self.advance(gate, lane, now);
            }
            Spot::Desk => self.gates[gate].at_desk = self.gates[gate].at_desk.saturating_sub(1),
            Spot::Exit => {}
        }
        self.serve_desk(gate, now);
    }

    /// Staff close a lane whose scanner says of everybody that it cannot tell, while another lane is open.
    fn close_if_of_no_use(&mut self, gate: usize, lane: usize, now: u64) {
        let lanes = &self.gates[gate].lanes;
        let open = lanes.iter().filter(|lane| !lane.is_closed).count();
        if lanes[lane].is_closed || !lanes[lane].is_of_no_use() || open < 2 {
            return;
        }
        for visitor in self.gates[gate].lanes[lane].close() {
            self.stand_in(visitor, gate, now);
        }
    }

    /// Something was mended: staff open closed lanes again, and send whoever was referred back to them.
    pub(crate) fn mended(&mut self, now: u64) {
        for gate in 0..self.gates.len() {
            let lanes = self.gates[gate].lanes.iter_mut();
            lanes.filter(|lane| lane.is_closed).for_each(Lane::open);
            let (referred, others) = std::mem::take(&mut self.gates[gate].desk)
                .into_iter()
                .partition::<Vec<_>, _>(|visitor| self.stands[*visitor].was_referred);
            self.gates[gate].desk.extend(others);
            for visitor in referred {
                self.stand_in(visitor, gate, now);
            }
        }
    }

    fn went_in(&mut self, visitor: VisitorId, now: u64) {
        let gate = self.visitors[visitor].gate;
        let waited = now - self.stands[visitor].since;
        self.gates[gate].notes.let_in(waited, now);
        if !std::mem::replace(&mut self.stands[visitor].has_been_in, true) {
            self.last_in = now;
            self.counts(visitor).let_in += 1;
        }
        let Carries::Ticket { tier, .. } = self.visitors[visitor].carries else {
            return self.goes_home();
        };
        let returns = self.returns.clone().filter(|_| self.goes_again[tier]);
        let Some(returns) = returns else {
            return self.goes_home();
        };
        let chance = &mut self.visitors[visitor].chance;
        let leaves_at = now + chance.spread_ms(in_seconds(returns.inside_min));
        if chance.percent(returns.leave_percent) && leaves_at < self.last_arrival {
            self.agenda.plan(leaves_at, Act::Leave(visitor));
        } else {
            self.goes_home();
        }
    }

    fn went_out(&mut self, visitor: VisitorId, now: u64) {
        let outside = self
            .returns
            .as_ref()
            .map(|returns| in_seconds(returns.outside_min));
        match outside {
            Some(outside) => self.after(visitor, outside, now, Act::Join(visitor)),
            None => self.goes_home(),
        }
    }

    /// Nothing more is to be seen of somebody.
    fn goes_home(&mut self) {
        self.under_way -= 1;
    }

    fn counts(&mut self, visitor: VisitorId) -> &mut CameOut {
        match self.visitors[visitor].carries {
            Carries::Ticket { .. } => &mut self.with_tickets,
            Carries::Copy { .. } | Carries::Strange { .. } => &mut self.others,
        }
    }

    fn serve_desk(&mut self, gate: usize, now: u64) {
        let plan = &self.plans[gate];
        let (staff, spread) = (plan.desk_staff, plan.desk_s);
        while self.gates[gate].at_desk < staff {
            let Some(visitor) = self.gates[gate].desk.pop_front() else {
                break;
            };
            self.gates[gate].at_desk += 1;
            self.after(visitor, spread, now, Act::Explained(visitor));
        }
        self.note(gate, now);
    }

    /// Whoever was referred is scanned again at the desk, a few times; others leave.
    fn explained(&mut self, visitor: VisitorId, now: u64) {
        let gate = self.visitors[visitor].gate;
        let stand = &mut self.stands[visitor];
        stand.desk_tries += 1;
        if stand.was_referred && stand.desk_tries <= DESK_TRIES {
            return self.agenda.plan(now, Act::Present(visitor, Spot::Desk));
        }
        if !stand.has_been_in {
            self.counts(visitor).sent_away += 1;
        }
        self.gates[gate].at_desk -= 1;
        self.goes_home();
        self.serve_desk(gate, now);
    }

    /// Sums every gate up.
    pub(crate) fn sum_up(self) -> Vec<crate::figures::GateFlow> {
        let gates = self.gates.into_iter().zip(&self.plans);
        let flows = gates.map(|(gate, plan)| {
            let scans = gate.lanes.iter().map(|lane| lane.scans).collect();
            gate.notes.sum_up(&plan.name, scans)
        });
        flows.collect()
    }
}

fn in_seconds(minutes: Spread) -> Spread {
    Spread {
        p50: minutes.p50 * MINUTE_S,
        p95: minutes.p95 * MINUTE_S,
    }
}

/// Returns the access point of each scanner of a gate: those of its lanes, its desk's, and that of its exit.
pub(crate) fn scanners_of(plan: &GatePlan) -> Vec<usize> {
    let lanes = (0..plan.lanes).flat_map(|lane| vec![lane % plan.access_points; plan.scanners_per_lane]);
    lanes.chain([0, 0]).collect()
}

fn scanner_at(plan: &GatePlan, spot: Spot) -> usize {
    let in_lanes = plan.lanes * plan.scanners_per_lane;
    match spot {
        Spot::Lane(lane, scanner) => lane * plan.scanners_per_lane + scanner,
        Spot::Desk => in_lanes,
        Spot::Exit => in_lanes + 1,
    }
}

/// The scans that somebody waits for, by number.
pub(crate) type Waiting = BTreeMap<u64, (Presented, u64)>;
