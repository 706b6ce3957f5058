//! What must hold in every state of a small event, and what must happen in some.

use stateright::Property;
use usher_fixtures::STRICT;
use usher_protocol::ledger::Ledger;
use usher_protocol::state::{Incident, Summary};

use super::event::{AUTHORITY, HUBS, Which, public, scan_id, trust};
use super::hub;
use super::world::{Person, SmallEvent, World};

const NO_DOUBLE: &str = "under strict policy a ticket lets nobody in twice";
const NO_CROWD: &str = "the hall never holds more people than it may";
const REMEMBERED: &str = "a ticket lets nobody in at a gate that has heard that it is void";
const TRUE_RECORDS: &str = "what the records say, once all have heard all, is what happened";

/// The promises by their names.
pub const PROMISES: [&str; 4] = [NO_DOUBLE, NO_CROWD, REMEMBERED, TRUE_RECORDS];

/// Returns the promises, and what shows that they are put to the test.
pub fn all() -> Vec<Property<SmallEvent>> {
    vec![
        Property::always(NO_DOUBLE, |_, world: &World| !world.has_strict_double()),
        Property::always(NO_CROWD, |_, world: &World| !world.is_crowded()),
        Property::always(REMEMBERED, |_, world: &World| !world.has_forgotten()),
        Property::always(TRUE_RECORDS, |_, world: &World| world.why_untrue().is_none()),
        Property::sometimes("somebody goes in", |_, world: &World| {
            world.people.contains(&Person::In)
        }),
        Property::sometimes("somebody is turned away", |_, world: &World| {
            world.people.contains(&Person::TurnedAway)
        }),
    ]
}

impl World {
    /// Returns which promise is broken, and how.
    pub fn why(&self) -> Option<String> {
        let names = [
            (self.has_strict_double(), "two people went in on one ticket"),
            (self.is_crowded(), "too many people are in"),
            (
                self.has_forgotten(),
                "a void ticket was let in by who had heard of it",
            ),
        ];
        let broken = names
            .iter()
            .find(|(is_so, _)| *is_so)
            .map(|(_, why)| (*why).to_owned());
        broken.or_else(|| self.why_untrue())
    }

    fn went_in(&self, which: Which) -> usize {
        let shown = self.event.shown.iter().zip(&self.people);
        shown
            .filter(|((one, _), person)| *one == which && **person == Person::In)
            .count()
    }

    fn has_strict_double(&self) -> bool {
        let tickets = [Which::Moves, Which::Stays];
        self.event.tier == STRICT && tickets.iter().any(|which| self.went_in(*which) > 1)
    }

    fn is_crowded(&self) -> bool {
        let people = self.people.iter().filter(|person| **person == Person::In).count();
        self.event.capacity.is_some_and(|most| people > most as usize)
    }

    fn has_forgotten(&self) -> bool {
        let mut shown = self.people.iter().zip(&self.known_void);
        shown.any(|(person, knew)| *knew && *person == Person::In)
    }

    /// Merges all logs and compares what they say with what happened; nothing is said while somebody waits for an answer.
    fn why_untrue(&self) -> Option<String> {
        if self.people.contains(&Person::Waits) {
            return None;
        }
        let healed = self.merged([AUTHORITY, 0, 1, 2]);
        let state = healed.state();
        if Summary::of(state) != Summary::of(self.merged([2, 1, 0, AUTHORITY]).state()) {
            return Some("two replicas with the same records differ".to_owned());
        }
        for (scan, (_, reader)) in self.event.shown.iter().enumerate() {
            let unit = self.event.unit(self.event.shown[scan].0);
            let id = scan_id(scan, *reader);
            let counts =
                state.records_of(unit, id).any(|(_, inwards, _)| inwards) && !state.is_taken_back(unit, id);
            match self.people[scan] {
                Person::In if !counts => {
                    return Some(format!("scan {scan} let somebody in and does not count"));
                }
                Person::TurnedAway if counts => {
                    return Some(format!("scan {scan} let nobody in and counts as an entry"));
                }
                Person::Away | Person::Waits | Person::In | Person::TurnedAway | Person::NotAnswered => {}
            }
        }
        self.why_incidents_are_wrong(&healed)
    }

    /// Each passage too many is reported once. Whoever was let in where the gate then stopped may be counted too.
    fn why_incidents_are_wrong(&self, healed: &Ledger) -> Option<String> {
        let incidents = healed.state().incidents();
        for which in [Which::Moves, Which::Stays] {
            let of_it = self.event.unit(which);
            let doubles = incidents
                .iter()
                .filter(|one| matches!(one, Incident::DoubleAdmission { unit, .. } if *unit == of_it));
            let (told, too_many) = (doubles.count(), self.went_in(which).saturating_sub(1));
            let shown = self.event.shown.iter().zip(&self.people);
            let unanswered = shown
                .filter(|((one, _), person)| *one == which && **person == Person::NotAnswered)
                .count();
            if told < too_many || told > too_many + unanswered {
                return Some(format!(
                    "{too_many} of {which:?} went in too many, and {told} are reported"
                ));
            }
        }
        let others = incidents
            .iter()
            .filter(|one| !matches!(one, Incident::DoubleAdmission { .. }));
        let others: Vec<_> = others.collect();
        (!others.is_empty()).then(|| format!("honest hubs are named: {others:?}"))
    }

    /// Folds all logs, in that order.
    fn merged(&self, order: [usize; HUBS + 1]) -> Ledger {
        let me = public(AUTHORITY);
        let mut ledger = Ledger::new(me, None, trust());
        for log in order {
            let mut held = [0; HUBS + 1];
            held[log] = self.logs[log].len();
            hub::replay(&mut ledger, &held, &self.logs);
        }
        ledger
    }
}
