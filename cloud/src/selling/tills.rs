//! Tills: what is sold and given back at a counter is counted in one, which its person opens, sells from, counts and closes.

use usher_keys::{EventId, Timestamp};

use crate::ids::TillId;

/// Most tills of an event: some for every evening of a long run.
pub const MAX_TILLS: u32 = 2_000;

/// Asks to open a till.
#[derive(Debug, Clone)]
pub struct NewTill {
    pub id: TillId,
    /// What it is called: which counter.
    pub name: String,
    /// Whose it is: the id of a key or of somebody who is logged in.
    pub opened_by: String,
    /// What is in it, in minor units.
    pub opened_with: i64,
    pub now: Timestamp,
}

/// What became of opening a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewTillOutcome {
    /// It is open.
    Open(Till),
    /// The same person has this one open.
    HasOpen(TillId),
    /// The event has as many as it can.
    TooMany,
}

/// What was sold and given back at a till; amounts in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TillFigures {
    /// Bookings paid in cash, and how much.
    pub cash: (u32, i64),
    /// Bookings paid at the card terminal, and how much.
    pub card: (u32, i64),
    /// What was given back in cash.
    pub cash_given_back: i64,
    /// What was given back by the card terminal.
    pub card_given_back: i64,
}

impl TillFigures {
    /// Adds those of another till.
    pub fn add(&mut self, other: &Self) {
        self.cash = (self.cash.0 + other.cash.0, self.cash.1 + other.cash.1);
        self.card = (self.card.0 + other.card.0, self.card.1 + other.card.1);
        self.cash_given_back += other.cash_given_back;
        self.card_given_back += other.card_given_back;
    }
}

/// What was counted when a till was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CashCount {
    /// The cash that was in it, in minor units.
    pub counted: i64,
    /// The cash that should have been.
    pub expected: i64,
    pub at: Timestamp,
}

impl CashCount {
    /// Returns how much too much there was; less than nothing where some was missing.
    pub fn difference(&self) -> i64 {
        self.counted - self.expected
    }
}

/// A till as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Till {
    pub id: TillId,
    pub name: String,
    pub opened_by: String,
    /// What was in it at first, in minor units.
    pub opened_with: i64,
    pub opened_at: Timestamp,
    /// What was counted, once it is closed.
    pub count: Option<CashCount>,
    pub figures: TillFigures,
}

impl Till {
    /// Returns how much cash should be in it, in minor units.
    pub fn expected(&self) -> i64 {
        self.opened_with + self.figures.cash.1 - self.figures.cash_given_back
    }
}

/// Names a till, and whose it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtTill {
    pub till: TillId,
    /// Who is at it.
    pub by: String,
}

/// Why nothing is sold or given back at a till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TillRefusal {
    /// The event has no such till.
    NotFound,
    /// It is closed.
    Closed,
    /// Somebody else has opened it: whoever counts it answers for it.
    AnotherPersons,
}

/// Decides whether somebody may open a till who has these open, in an event that has so many.
pub fn may_open(open: Option<TillId>, tills: u32) -> Option<NewTillOutcome> {
    match open {
        Some(till) => Some(NewTillOutcome::HasOpen(till)),
        None if tills >= MAX_TILLS => Some(NewTillOutcome::TooMany),
        None => None,
    }
}

/// Decides whether somebody may sell and give back at a till what belongs to an event: what is counted in the till of another one would be
/// missing in both.
///
/// # Errors
///
/// Why not.
pub fn may_use(till: Option<&Till>, event: EventId, by: &str) -> Result<(), TillRefusal> {
    let own = till.filter(|till| till.id.event == event);
    let till = own.ok_or(TillRefusal::NotFound)?;
    if till.opened_by != by {
        return Err(TillRefusal::AnotherPersons);
    }
    match till.count {
        Some(_) => Err(TillRefusal::Closed),
        None => Ok(()),
    }
}

/// Asks to close a till with what was counted.
#[derive(Debug, Clone, Copy)]
pub struct CloseTill {
    pub till: TillId,
    /// The cash that is in it, in minor units.
    pub counted: i64,
    pub now: Timestamp,
}

/// What became of closing a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseTillOutcome {
    /// It is closed, now or before with the same count.
    Closed(Box<Till>),
    /// The event has no such till.
    NotFound,
    /// It was closed before with another count.
    ClosedBefore,
    /// Something that was sold or is given back at it has no end yet.
    Busy,
}

/// Decides whether a till may be closed; returns what should be in it.
///
/// # Errors
///
/// Why not, or that it is closed.
pub fn may_close(till: Option<&Till>, is_busy: bool, request: &CloseTill) -> Result<i64, CloseTillOutcome> {
    let till = till.ok_or(CloseTillOutcome::NotFound)?;
    match till.count {
        Some(count) if count.counted == request.counted => {
            Err(CloseTillOutcome::Closed(Box::new(till.clone())))
        }
        Some(_) => Err(CloseTillOutcome::ClosedBefore),
        None if is_busy => Err(CloseTillOutcome::Busy),
        None => Ok(till.expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: EventId = EventId([1; 16]);

    fn till() -> Till {
        Till {
            id: TillId::draw(EVENT, Timestamp(1)),
            name: "North".into(),
            opened_by: "stf_1".into(),
            opened_with: 10_000,
            opened_at: Timestamp(1),
            count: None,
            figures: TillFigures {
                cash: (3, 7_500),
                card: (1, 2_500),
                cash_given_back: 2_500,
                card_given_back: 0,
            },
        }
    }

    #[test]
    fn a_till_is_used_by_its_own_person_until_it_is_closed() {
        let open = till();
        assert_eq!(may_use(Some(&open), EVENT, "stf_1"), Ok(()));
        assert_eq!(
            may_use(Some(&open), EVENT, "stf_2"),
            Err(TillRefusal::AnotherPersons)
        );
        assert_eq!(may_use(None, EVENT, "stf_1"), Err(TillRefusal::NotFound));
        // What is sold or given back at one event is counted in a till of that event.
        let other = EventId([2; 16]);
        assert_eq!(may_use(Some(&open), other, "stf_1"), Err(TillRefusal::NotFound));
        let count = CashCount {
            counted: 14_900,
            expected: 15_000,
            at: Timestamp(2),
        };
        assert_eq!(count.difference(), -100);
        let closed = Till {
            count: Some(count),
            ..open
        };
        assert_eq!(may_use(Some(&closed), EVENT, "stf_1"), Err(TillRefusal::Closed));
    }

    #[test]
    fn a_till_is_closed_once_and_what_card_terminals_took_is_not_in_it() {
        let open = till();
        let close = CloseTill {
            till: open.id,
            counted: 15_000,
            now: Timestamp(2),
        };
        assert_eq!(may_close(Some(&open), false, &close), Ok(15_000));
        assert_eq!(may_close(Some(&open), true, &close), Err(CloseTillOutcome::Busy));
        let count = CashCount {
            counted: 14_900,
            expected: 15_000,
            at: Timestamp(2),
        };
        let closed = Till {
            count: Some(count),
            ..open
        };
        let again = CloseTill {
            counted: 14_900,
            ..close
        };
        assert_eq!(
            may_close(Some(&closed), false, &again),
            Err(CloseTillOutcome::Closed(Box::new(closed.clone())))
        );
        assert_eq!(
            may_close(Some(&closed), false, &close),
            Err(CloseTillOutcome::ClosedBefore)
        );
    }
}
