//! Disputes: the bank of a buyer takes the money of a sale back, until it is decided whose it is. What is heard of one comes twice, late or in
//! another order, and the last word of a bank stands.

use usher_keys::{EventId, Timestamp};

use crate::ids::{BookingId, ChargeReference, DisputeId};
use crate::money::Money;

use super::money_steps::MoneyStep;

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeState {
    /// The bank has the money, and has not decided.
    Open,
    /// The money is ours again.
    Won,
    /// The buyer has the money.
    Lost,
}

impl DisputeState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Open, Self::Won, Self::Lost];

    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Tells whether the money is not ours: nothing is given back of it then, or the buyer would have it twice.
    pub fn has_taken(self) -> bool {
        match self {
            Self::Open | Self::Lost => true,
            Self::Won => false,
        }
    }

    /// Returns the steps by which the money of a dispute has come to where it is.
    pub fn steps(self) -> &'static [MoneyStep] {
        match self {
            Self::Open => &[MoneyStep::Disputed],
            Self::Won => &[MoneyStep::Disputed, MoneyStep::DisputeWon],
            Self::Lost => &[MoneyStep::Disputed, MoneyStep::DisputeLost],
        }
    }
}

/// Decides what moves money when a gateway says how a dispute stands; nothing if that is known, or was decided before.
pub fn heard(known: Option<DisputeState>, now: DisputeState) -> &'static [MoneyStep] {
    match (known, now) {
        (None, _) => now.steps(),
        (Some(DisputeState::Open), DisputeState::Won | DisputeState::Lost) => &now.steps()[1..],
        (Some(DisputeState::Open), DisputeState::Open)
        | (
            Some(DisputeState::Won | DisputeState::Lost),
            DisputeState::Open | DisputeState::Won | DisputeState::Lost,
        ) => &[],
    }
}

/// Returns how the disputes of one booking stand together: one that is open outweighs one that is lost, and that one that was won.
pub fn of_all(states: impl Iterator<Item = DisputeState>) -> Option<DisputeState> {
    states.max_by_key(|state| match state {
        DisputeState::Won => 0,
        DisputeState::Lost => 1,
        DisputeState::Open => 2,
    })
}

/// Asks to write down how a dispute stands.
#[derive(Debug, Clone)]
pub struct NoteDispute {
    /// The id that it shall have, if it is a new one.
    pub dispute: DisputeId,
    /// Of which charge; names the same event.
    pub charge: ChargeReference,
    /// What its gateway has named it.
    pub name: String,
    pub amount: Money,
    pub state: DisputeState,
    pub now: Timestamp,
}

/// A dispute as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    pub id: DisputeId,
    /// The booking whose money it is about.
    pub booking: BookingId,
    /// What its gateway has named it.
    pub name: String,
    pub amount: Money,
    pub state: DisputeState,
    /// When it was first heard of.
    pub opened_at: Timestamp,
}

/// Asks for disputes of an event, the first one first.
#[derive(Debug, Clone, Copy)]
pub struct DisputesQuery {
    pub event: EventId,
    /// Only those that stand so.
    pub state: Option<DisputeState>,
    /// Only those after this one.
    pub after: Option<DisputeId>,
    /// At most so many.
    pub limit: u32,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::selling::journal::Balances;

    fn state() -> impl Strategy<Value = DisputeState> {
        prop_oneof![
            Just(DisputeState::Open),
            Just(DisputeState::Won),
            Just(DisputeState::Lost)
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_heard_how_often_the_money_is_where_the_first_last_word_says(
            all in proptest::collection::vec(state(), 0..8),
        ) {
            let (mut known, mut balances) = (None, Balances::default());
            for now in &all {
                let steps = heard(known, *now);
                steps.iter().for_each(|step| balances.take(*step, 9_000));
                if !steps.is_empty() {
                    known = Some(*now);
                }
            }
            let last_word = all.iter().find(|state| **state != DisputeState::Open);
            prop_assert_eq!(known, last_word.or(all.first()).copied());
            let mut expected = Balances::default();
            if let Some(known) = known {
                expected.take_dispute(known, 9_000);
            }
            prop_assert_eq!(balances, expected);
            prop_assert_eq!(balances.sum(), 0);
        }
    }

    #[test]
    fn one_that_is_open_outweighs_all_others() {
        use DisputeState::{Lost, Open, Won};
        assert_eq!(of_all([Won, Lost].into_iter()), Some(Lost));
        assert_eq!(of_all([Open, Lost, Won].into_iter()), Some(Open));
        assert_eq!(of_all([].into_iter()), None);
    }
}
