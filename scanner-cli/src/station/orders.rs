//! What staff have ordered at a running scanner: which way, how many people; carrying it out is the station's.

use usher_protocol::admission::Direction;
use usher_protocol::last_scans::{AnsweredScan, LastScans};
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
    /// What an override and an undo are for.
    pub(super) last: LastScans<PassedOrder>,
}

/// A scan by which somebody passed here, and how it was ordered.
pub(super) type PassedOrder = (ShownCode, Order);

impl Orders {
    /// Begins with so many people passing this way; `places` names the gate for either direction.
    pub(super) fn new((direction, usual_persons): (Direction, u8), places: [String; 2]) -> Self {
        Self {
            direction,
            usual_persons,
            persons: None,
            places,
            last: LastScans::default(),
        }
    }

    /// Returns the order for the next scan. An override is for as many as were refused, unless a number was typed since.
    pub(super) fn next(&self, wish: Wish) -> Order {
        let refused = match wish {
            Wish::Override(_) => self.last.refused_persons(),
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
        let code = scan.code.clone();
        let answered = AnsweredScan {
            code: &code,
            direction: order.direction,
            persons: order.persons,
            has_passed: signal == Signal::Admit,
        };
        self.last.answered((scan, order), answered, at_ms);
    }

    /// Says why there is nothing to override, if so.
    pub(super) fn no_override(&self) -> Option<&'static str> {
        match (self.direction, self.last.code()) {
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
