//! What staff have ordered at a running scanner: which way, how many people; carrying it out is the station's.

use usher_protocol::admission::Direction;
use usher_protocol::state::units::ANNUL_WITHIN_MS;
use usher_words::scanner as words;

use crate::answer::Signal;
use crate::order::{Order, ShownCode, Wish};

/// The orders in force.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) direction: Direction,
    /// For one scan, when nothing else is said.
    usual_persons: u8,
    /// For the next scan, when something was said.
    pub(super) persons: Option<u8>,
    /// What to call the gate and the way in, and the way out.
    places: [String; 2],
    /// The ticket that an override is for.
    pub(super) last_code: Option<Vec<u8>>,
    /// How many wanted to go in with it, if they were not let in: an override is for all of them.
    refused_persons: Option<u8>,
    /// The last scan by which somebody passed.
    pub(super) last_passed: Option<Passed>,
}

/// A scan by which somebody passed here.
#[derive(Debug, Clone)]
pub(super) struct Passed {
    pub(super) scan: ShownCode,
    /// How it was ordered.
    pub(super) order: Order,
    /// When it was answered, in milliseconds of the station's clock.
    pub(super) at_ms: u64,
}

impl Passed {
    /// Tells whether it is too long ago for whoever read the code to take it back.
    pub(super) fn is_final(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) > ANNUL_WITHIN_MS
    }
}

impl Orders {
    /// Begins with so many people passing this way; `places` names the gate for either direction.
    pub(super) fn new((direction, usual_persons): (Direction, u8), places: [String; 2]) -> Self {
        Self {
            direction,
            usual_persons,
            persons: None,
            places,
            last_code: None,
            refused_persons: None,
            last_passed: None,
        }
    }

    /// Returns the order for the next scan. An override is for as many as were refused, unless a number was typed since.
    pub(super) fn next(&self, wish: Wish) -> Order {
        let refused = match wish {
            Wish::Override(_) => self.refused_persons,
            Wish::Judge | Wish::Annul { .. } | Wish::AnnulLast(_) | Wish::Count(_) => None,
        };
        Order {
            direction: self.direction,
            persons: self.persons.or(refused).unwrap_or(self.usual_persons),
            wish,
        }
    }

    /// Notes what came of an order.
    pub(super) fn answered(&mut self, scan: ShownCode, order: Order, (signal, at_ms): (Signal, u64)) {
        self.persons = None;
        self.last_code = Some(scan.code.clone());
        let passed = signal == Signal::Admit;
        let is_refused = !passed && order.direction == Direction::In;
        self.refused_persons = is_refused.then_some(order.persons);
        if passed {
            self.last_passed = Some(Passed { scan, order, at_ms });
        }
    }

    /// Forgets the last yes, if it was by this code: its scan was taken back. Tells whether it was.
    pub(super) fn undone(&mut self, code: &[u8]) -> bool {
        let passed = self.last_passed.take_if(|passed| passed.scan.code == code);
        passed.is_some()
    }

    /// Says why there is nothing to override, if so.
    pub(super) fn no_override(&self) -> Option<&'static str> {
        match (self.direction, &self.last_code) {
            (Direction::Out, _) => Some(words::OVERRIDES_LET_IN),
            (Direction::In, None) => Some(words::SHOW_IT_FIRST),
            (Direction::In, Some(_)) => None,
        }
    }

    /// Says where this is and what passes next.
    pub(super) fn place(&self) -> String {
        let [inside, out] = &self.places;
        let place = match self.direction {
            Direction::In => inside,
            Direction::Out => out,
        };
        match self.persons {
            Some(persons) => format!("{place}, {}", words::next_scan(persons)),
            None => place.clone(),
        }
    }
}
