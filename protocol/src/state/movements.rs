//! How people came and went, moment by moment, for whoever looks back at an event; what is so now is the state's.

use std::collections::BTreeMap;

use usher_keys::Timestamp;

use super::State;
use super::limits::Limits;
use super::units::UnitPassages;
use crate::ident::{GateId, ZoneId};

/// Up to how many passages of one unit its people are followed step by step: no honest ticket has as many, and each step goes through all
/// before it.
const MOST_STEPS: usize = 64;

/// Some people at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passing {
    /// When, by the judge's rule time.
    pub at: Timestamp,
    pub gate: GateId,
    /// Whether they went in.
    pub is_entry: bool,
    /// How many; of those who left, whom an entry is known of.
    pub persons: u32,
}

/// A change of how many people are in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Movement {
    pub zone: ZoneId,
    /// When, by the rule time of whoever judged, or counted.
    pub at: Timestamp,
    /// How many more there are from then on.
    pub persons: i64,
}

impl State {
    /// Returns all who passed at gates, in the order of time; they come to [`State::counts`].
    pub fn passings(&self) -> Vec<Passing> {
        let mut passings = Vec::new();
        for (_, unit) in self.passages.units() {
            let tally = unit.tally(&self.limits);
            passings.extend(tally.entries.iter().map(|entry| {
                let passage = entry.passage();
                let (at, gate, persons) = (passage.at, passage.gate, u32::from(passage.persons));
                Passing {
                    at,
                    gate,
                    is_entry: true,
                    persons,
                }
            }));
            passings.extend(tally.exits.iter().map(|exit| {
                let passage = &exit.change.passage;
                let (at, gate, persons) = (passage.at, passage.gate, exit.closed);
                Passing {
                    at,
                    gate,
                    is_entry: false,
                    persons,
                }
            }));
        }
        passings.sort_unstable();
        passings
    }

    /// Returns every change of how many people are in a zone, by zone and in the order of time; those of a zone come to
    /// [`State::occupancy`]. What a count corrected changes at its moment.
    pub fn movements(&self) -> Vec<Movement> {
        let mut movements = Vec::new();
        for (_, unit) in self.passages.units() {
            movements.extend(movements_of(unit, &self.limits));
        }
        for (zone, in_force) in self.limits.counts() {
            let known: i64 = movements
                .iter()
                .filter(|one| one.zone == *zone)
                .map(|one| one.persons)
                .sum();
            movements.push(Movement {
                zone: *zone,
                at: in_force.count.at,
                persons: self.occupancy(*zone) - known,
            });
        }
        movements.retain(|movement| movement.persons != 0);
        movements.sort_unstable();
        movements
    }
}

/// Follows the people of one ticket.
fn movements_of(unit: &UnitPassages, limits: &Limits) -> Vec<Movement> {
    let moments = unit.counting(limits).map(|(_, change)| change.passage.at);
    let mut moments: Vec<Timestamp> = moments.collect();
    moments.sort_unstable();
    moments.dedup();
    if moments.len() > MOST_STEPS {
        moments.drain(..moments.len() - 1);
    }
    let mut inside = BTreeMap::<ZoneId, i64>::new();
    let mut movements = Vec::new();
    for at in moments {
        let mut then = BTreeMap::<ZoneId, i64>::new();
        for entry in &unit.tally_until(at, limits).entries {
            *then.entry(entry.passage().zone).or_default() += i64::from(entry.inside());
        }
        for (zone, persons) in &then {
            let before = inside.insert(*zone, *persons).unwrap_or_default();
            movements.push(Movement {
                zone: *zone,
                at,
                persons: persons - before,
            });
        }
    }
    movements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Direction;
    use crate::ledger::{JudgingAs, ScanQuestion};
    use crate::rehearsal::machine::Machine;
    use crate::rehearsal::{NORTH, NOW, REENTRY, STAIRS, STRICT, asked, ticket};

    const MINUTE_MS: u64 = 60_000;

    /// The gate, the minute, and which way.
    fn evening(steps: &[(u32, GateId, u64, Direction)]) -> Machine {
        let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
        for (scan, (unit, at, minute, direction)) in (1..).zip(steps) {
            let question = asked(scan, ticket(*unit, if *unit == 9 { STRICT } else { REENTRY }));
            let question = ScanQuestion {
                gate: *at,
                direction: *direction,
                ..question
            };
            gate.judge_at(&question, JudgingAs::Home, NOW.plus_ms(minute * MINUTE_MS));
        }
        gate
    }

    #[test]
    fn people_are_followed_from_gate_to_gate_and_come_to_the_totals() {
        use Direction::{In, Out};
        let gate = evening(&[
            (1, NORTH, 0, In),
            (9, NORTH, 1, In),
            (9, NORTH, 2, In),
            (1, STAIRS, 3, In),
            (1, STAIRS, 5, Out),
            (1, NORTH, 6, Out),
            (1, NORTH, 9, In),
        ]);
        let state = gate.ledger.state();
        let said = |zone: u16| {
            let of_zone = state
                .movements()
                .into_iter()
                .filter(move |one| one.zone == ZoneId(zone));
            of_zone
                .map(|one| ((one.at.0 - NOW.0) / MINUTE_MS, one.persons))
                .collect::<Vec<_>>()
        };
        assert_eq!(said(1), [(0, 1), (1, 1), (6, -1), (9, 1)]);
        assert_eq!(said(2), [(3, 1), (5, -1)]);
        for zone in [1, 2].map(ZoneId) {
            let of_zone = state.movements().into_iter().filter(|one| one.zone == zone);
            assert_eq!(of_zone.map(|one| one.persons).sum::<i64>(), state.occupancy(zone));
        }
        let mut counts = state.counts();
        for passing in state.passings() {
            let gates = if passing.is_entry {
                &mut counts.admitted
            } else {
                &mut counts.exited
            };
            *gates.get_mut(&passing.gate).unwrap() -= u64::from(passing.persons);
        }
        let left = counts.admitted.values().chain(counts.exited.values());
        assert_eq!(
            left.sum::<u64>(),
            0,
            "every passing is one of those that were counted"
        );
    }
}
