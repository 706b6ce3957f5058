//! Plays an evening: people and machines each have their agenda, and whatever is due first happens.

use crate::chance::Chance;
use crate::crowd::{Crowd, Presented, Waiting, scanners_of};
use crate::event::PlayedEvent;
use crate::figures::{Evening, failure_spans, minute_of, percentile};
use crate::network::{Broken, Network, Showing};
use crate::scenario::{FailureKind, FailurePlan, Scenario};
use crate::visitors;

/// How long before the first arrival machines are switched on, in milliseconds.
const SET_UP_MS: u64 = 5 * 60_000;
/// How long hubs have to agree after all is over, in milliseconds.
const AGREE_WITHIN_MS: u64 = 10 * 60_000;
/// How often progress is told, in milliseconds of the evening.
const PROGRESS_EVERY_MS: u64 = 10 * 60_000;

/// How far an evening has been played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EveningSoFar {
    /// Minutes from doors.
    pub minute: i64,
    /// People who were let in.
    pub let_in: u64,
    pub tickets: u32,
}

/// Something that breaks or is mended.
#[derive(Clone, Copy)]
struct Change {
    at: u64,
    what: Broken,
    breaks: bool,
}

struct Played {
    network: Network,
    crowd: Crowd,
    /// The last first.
    changes: Vec<Change>,
    waiting: Waiting,
    numbered: u64,
    answers_ms: Vec<u64>,
    most_lag: u64,
}

/// Plays a scenario by a seed: the same two give the same evening.
pub fn play(scenario: &Scenario, seed: u64, tell: &mut dyn FnMut(EveningSoFar)) -> Evening {
    let visitors = visitors::draw(scenario, seed);
    let first = visitors
        .iter()
        .map(|visitor| visitor.arrives_at)
        .min()
        .unwrap_or_default();
    let changes = changes(scenario);
    let begins_at = changes.last().map_or(first, |change| change.at.min(first)) - SET_UP_MS;
    let points = scenario.gates.iter().enumerate();
    let scanners: Vec<_> = points
        .flat_map(|(gate, plan)| scanners_of(plan).into_iter().map(move |point| (gate, point)))
        .collect();
    let event = || PlayedEvent::new(&mut Chance::new(seed, 0));
    let mut played = Played {
        network: Network::new(scenario, event(), &scanners, seed, begins_at),
        crowd: Crowd::new(scenario, visitors),
        changes,
        waiting: Waiting::new(),
        numbered: 0,
        answers_ms: Vec::new(),
        most_lag: 0,
    };
    played.run(&event(), (begins_at, scenario.visitors.tickets), tell);
    played.sum_up(scenario, seed)
}

impl Played {
    fn run(
        &mut self,
        event: &PlayedEvent,
        (begins_at, tickets): (u64, u32),
        tell: &mut dyn FnMut(EveningSoFar),
    ) {
        let mut told_at = begins_at;
        let mut over_at = None;
        loop {
            let change_at = self.changes.last().map(|change| change.at);
            let network_at = self.network.next_at();
            let crowd_at = self.crowd.next_at().filter(|_| !self.crowd.is_over());
            let Some(now) = [change_at, network_at, crowd_at].into_iter().flatten().min() else {
                return;
            };
            if change_at == Some(now) {
                self.change();
            } else if network_at == Some(now) {
                self.step_network(now);
            } else if let Some(presented) = self.crowd.step(event) {
                self.show(presented, now);
            }
            if now >= told_at + PROGRESS_EVERY_MS {
                told_at = now;
                self.most_lag = self.most_lag.max(self.network.lag());
                tell(EveningSoFar {
                    minute: minute_of(now),
                    let_in: self.crowd.with_tickets.let_in,
                    tickets,
                });
            }
            if self.crowd.is_over() && self.changes.is_empty() {
                let over = *over_at.get_or_insert(now);
                if self.network.agrees() || now > over + AGREE_WITHIN_MS {
                    return;
                }
            }
        }
    }

    fn change(&mut self) {
        if let Some(change) = self.changes.pop() {
            self.network.change(change.what, change.breaks, change.at);
            if !change.breaks {
                self.crowd.mended(change.at);
            }
        }
    }

    fn show(&mut self, presented: Presented, now: u64) {
        self.numbered += 1;
        let showing = Showing {
            number: self.numbered,
            scanner: presented.scanner,
            gate: presented.gate,
            text: std::sync::Arc::clone(&presented.text),
            direction: presented.direction,
        };
        self.waiting.insert(self.numbered, (presented, now));
        self.network.show(showing, now);
    }

    fn step_network(&mut self, now: u64) {
        for shown in self.network.step() {
            if let Some((presented, since)) = self.waiting.remove(&shown.number) {
                self.answers_ms.push(now - since);
                let is_alone = self.network.is_alone(presented.scanner);
                self.crowd.shown(&presented, shown.verdict, is_alone, now);
            }
        }
    }

    fn sum_up(mut self, scenario: &Scenario, seed: u64) -> Evening {
        self.answers_ms.sort_unstable();
        let answers = |percent| percentile(&self.answers_ms, percent);
        let (own, others) = (self.crowd.with_tickets, self.crowd.others);
        Evening {
            scenario: scenario.name.clone(),
            seed,
            tickets: scenario.visitors.tickets,
            hubs: scenario.hubs.len(),
            let_in: own.let_in,
            own_tickets_not_let_in: own.sent_away,
            others_let_in: others.let_in,
            others_turned_away: others.sent_away,
            doubles: self.network.doubles(),
            last_in_min: minute_of(self.crowd.last_in),
            answer_p50_ms: answers(50),
            answer_p95_ms: answers(95),
            answer_max_ms: answers(100),
            asked_the_home: self.network.asks(),
            most_not_in_the_cloud: self.most_lag,
            failures: failure_spans(scenario),
            gates: self.crowd.sum_up(),
        }
    }
}

/// Returns what breaks and is mended, the last first.
fn changes(scenario: &Scenario) -> Vec<Change> {
    let mut changes: Vec<_> = scenario
        .failures
        .iter()
        .flat_map(|failure| {
            let from = visitors::at_minute(failure.from_min);
            let until = visitors::at_minute(failure.from_min + failure.for_min);
            let both =
                move |what| [(from, true), (until, false)].map(|(at, breaks)| Change { at, what, breaks });
            broken(scenario, failure).into_iter().flat_map(both)
        })
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse((change.at, change.breaks)));
    changes
}

/// Returns what a failure breaks.
fn broken(scenario: &Scenario, failure: &FailurePlan) -> Vec<Broken> {
    let hub_named = |name: &str| {
        scenario
            .hubs
            .iter()
            .position(|hub| hub.name == name)
            .map(|at| at + 1)
    };
    let hub = failure.hub.as_deref().and_then(hub_named);
    let gates = scenario.gates.iter().enumerate();
    let gate = gates
        .into_iter()
        .find(|(_, gate)| Some(&gate.name) == failure.gate.as_ref());
    match (failure.kind, hub, gate) {
        (FailureKind::Hub, Some(hub), _) => vec![Broken::Hub(hub)],
        (FailureKind::HubLink, Some(hub), _) => vec![Broken::HubLink(hub)],
        (FailureKind::Uplink, Some(hub), _) => vec![Broken::Uplink(hub)],
        (FailureKind::Uplink, None, _) => (1..=scenario.hubs.len()).map(Broken::Uplink).collect(),
        (FailureKind::AccessPoint, _, Some((gate, _))) => {
            let point = failure
                .access_point
                .map(|number| Broken::AccessPoint(gate, number - 1));
            point.into_iter().collect()
        }
        (FailureKind::Power, _, Some((at, gate))) => {
            let points = (0..gate.access_points).map(|point| Broken::AccessPoint(at, point));
            points.chain(hub_named(&gate.hub).map(Broken::Hub)).collect()
        }
        (FailureKind::Hub | FailureKind::HubLink | FailureKind::AccessPoint | FailureKind::Power, ..) => {
            Vec::new()
        }
    }
}
