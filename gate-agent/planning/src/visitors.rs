//! Who comes, when and with what: drawn from the scenario before the evening begins; what becomes of them at the gates is the crowd's.

use std::sync::Arc;

use crate::chance::{Chance, whole_ms};
use crate::event::{DOORS_MS, PlayedEvent};
use crate::scenario::{Scenario, Visitors};

const MINUTE_MS: f64 = 60_000.0;

/// What somebody shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carries {
    /// A ticket of their own.
    Ticket { unit: u32, tier: usize },
    /// A copy of somebody's ticket.
    Copy { unit: u32, tier: usize },
    /// A code of another event.
    Strange { unit: u32 },
}

/// Somebody who comes.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub carries: Carries,
    pub gate: usize,
    /// When they arrive, before they walk to the gate.
    pub arrives_at: u64,
    /// How long they take for all that they do: the same whatever others do.
    pub chance: Chance,
}

impl Visitor {
    /// Returns the text of the code that is shown, signed just now.
    pub(crate) fn code(&self, event: &PlayedEvent) -> Arc<[u8]> {
        match self.carries {
            Carries::Ticket { unit, tier } | Carries::Copy { unit, tier } => event.ticket(unit, tier),
            Carries::Strange { unit } => event.strange_ticket(unit),
        }
    }
}

/// Draws everybody who comes.
pub(crate) fn draw(scenario: &Scenario, seed: u64) -> Vec<Visitor> {
    let visitors = &scenario.visitors;
    let mut tiers = Chance::new(seed, 3);
    let mut all = Vec::new();
    let mut add = |carries: Carries, number: u64| {
        let mut chance = Chance::new(seed, 1_000 + number);
        let gate = chance.weighted(scenario.gates.iter().map(|gate| gate.share));
        all.push(Visitor {
            carries,
            gate,
            arrives_at: arrival(visitors, chance.share()),
            chance,
        });
    };
    for unit in 0..visitors.tickets {
        let tier = tiers.weighted(scenario.tiers.iter().map(|tier| tier.share));
        let number = u64::from(unit) * 4;
        add(Carries::Ticket { unit, tier }, number);
        let mut more = Chance::new(seed, 1_000 + number + 1);
        if more.percent(visitors.copies_percent) {
            add(Carries::Copy { unit, tier }, number + 2);
        }
        if more.percent(visitors.strangers_percent) {
            add(Carries::Strange { unit }, number + 3);
        }
    }
    all
}

/// Returns when somebody arrives of whom such a share of all come before.
fn arrival(visitors: &Visitors, share: f64) -> u64 {
    let pieces = || visitors.arrivals.windows(2).map(|two| (two[0], two[1]));
    let people = |((from, few), (to, many)): ((f64, f64), (f64, f64))| (few + many) / 2.0 * (to - from);
    let mut left = share * pieces().map(people).sum::<f64>();
    let mut minute = visitors.arrivals.first().map_or(0.0, |first| first.0);
    for piece in pieces() {
        let ((from, few), (to, many)) = piece;
        if left <= people(piece) {
            minute = from + into_piece(left, (few, many), to - from);
            break;
        }
        left -= people(piece);
        minute = to;
    }
    at_minute(minute)
}

/// Returns how far into a piece of the curve so many people have come.
fn into_piece(people: f64, (few, many): (f64, f64), length: f64) -> f64 {
    let slope = (many - few) / length;
    if slope.abs() < 1e-12 {
        return if few > 0.0 { people / few } else { 0.0 };
    }
    let root = (few * few + 2.0 * slope * people).max(0.0).sqrt();
    ((root - few) / slope).clamp(0.0, length)
}

/// Returns the moment so many minutes after doors.
pub(crate) fn at_minute(minute: f64) -> u64 {
    let ms = whole_ms(minute.abs() * MINUTE_MS / 1_000.0);
    if minute < 0.0 {
        DOORS_MS - ms
    } else {
        DOORS_MS + ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitors(arrivals: &[(f64, f64)]) -> Visitors {
        Visitors {
            tickets: 1,
            arrivals: arrivals.to_vec(),
            copies_percent: 0.0,
            strangers_percent: 0.0,
            returns: None,
        }
    }

    #[track_caller]
    fn check(arrivals: &[(f64, f64)], share: f64, minute: f64) {
        let at = arrival(&visitors(arrivals), share);
        assert!(at.abs_diff(at_minute(minute)) <= 1, "{at} is not minute {minute}");
    }

    #[test]
    fn people_come_by_the_curve() {
        check(&[(0.0, 1.0), (60.0, 1.0)], 0.5, 30.0);
        // Of a triangle half of all have come by its top.
        check(&[(-30.0, 0.0), (0.0, 8.0), (30.0, 0.0)], 0.5, 0.0);
        check(&[(-30.0, 0.0), (0.0, 8.0), (30.0, 0.0)], 0.125, -15.0);
        check(&[(-30.0, 0.0), (0.0, 8.0), (30.0, 0.0)], 1.0, 30.0);
        // Nobody comes while nobody comes.
        check(
            &[(0.0, 1.0), (10.0, 1.0), (10.5, 0.0), (50.0, 0.0), (51.0, 2.0)],
            0.0,
            0.0,
        );
    }
}
