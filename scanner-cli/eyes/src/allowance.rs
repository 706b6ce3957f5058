//! How much work a pass over a frame may still take; leaves out what a step costs in time, which the caller
//! knows.

use std::cell::Cell;
use std::fmt;

/// Steps between two questions to the caller: about a millisecond, so that a deadline is met closely and
/// asking costs nothing.
const STEPS_A_QUESTION: u64 = 50_000;

/// Work left for one frame: a number of steps (about one pixel or sample touched, some nanoseconds) and a
/// question to the caller, asked now and then, whether to go on. Used up once, it stays used up.
pub struct Allowance<'a> {
    steps_left: Cell<u64>,
    until_question: Cell<u64>,
    is_refused: Cell<bool>,
    may_go_on: &'a dyn Fn() -> bool,
}

impl Allowance<'static> {
    /// Allows this many steps, however long they take.
    #[must_use]
    pub fn of_steps(steps: u64) -> Self {
        Self::asking(steps, &|| true)
    }
}

impl<'a> Allowance<'a> {
    /// Allows this many steps while `may_go_on` answers yes: the caller's clock.
    #[must_use]
    pub fn asking(steps: u64, may_go_on: &'a dyn Fn() -> bool) -> Self {
        Self {
            steps_left: Cell::new(steps),
            until_question: Cell::new(0),
            is_refused: Cell::new(false),
            may_go_on,
        }
    }

    /// Steps that are left.
    #[must_use]
    pub fn steps_left(&self) -> u64 {
        self.steps_left.get()
    }

    /// Takes steps off; `None` when they are used up or the caller said no, and from then on.
    pub(super) fn spend(&self, steps: u64) -> Option<()> {
        let left = self.steps_left.get();
        if left < steps || !self.caller_agrees(steps) {
            self.steps_left.set(0);
            return None;
        }
        self.steps_left.set(left - steps);
        Some(())
    }

    /// Does some work with at most so many of the steps that are left. A caller who says no meanwhile ends this allowance
    /// too.
    pub(super) fn lend<T>(&self, steps: u64, work: impl FnOnce(&Self) -> T) -> T {
        let lent = steps.min(self.steps_left());
        let part = Self {
            steps_left: Cell::new(lent),
            until_question: self.until_question.clone(),
            is_refused: Cell::new(false),
            may_go_on: self.may_go_on,
        };
        let done = work(&part);
        self.until_question.set(part.until_question.get());
        let left = self.steps_left() - (lent - part.steps_left());
        self.is_refused.set(part.is_refused.get());
        self.steps_left.set(if part.is_refused.get() { 0 } else { left });
        done
    }

    fn caller_agrees(&self, steps: u64) -> bool {
        match self.until_question.get().checked_sub(steps) {
            Some(left) => {
                self.until_question.set(left);
                true
            }
            None => {
                self.until_question.set(STEPS_A_QUESTION);
                self.is_refused.set(!(self.may_go_on)());
                !self.is_refused.get()
            }
        }
    }
}

impl fmt::Debug for Allowance<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Allowance")
            .field("steps_left", &self.steps_left.get())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_used_up_stay_used_up() {
        let allowance = Allowance::of_steps(10);
        assert_eq!(allowance.spend(8), Some(()));
        assert_eq!(allowance.spend(3), None);
        assert_eq!(allowance.spend(1), None, "not even what was left");
    }

    #[test]
    fn steps_that_were_lent_and_not_used_come_back() {
        let allowance = Allowance::of_steps(10);
        assert_eq!(allowance.lend(6, |part| part.spend(4)), Some(()));
        assert_eq!(allowance.steps_left(), 6);
        assert_eq!(
            allowance.lend(5, |part| part.spend(6)),
            None,
            "more than was lent"
        );
        assert_eq!(allowance.steps_left(), 1);
    }

    #[test]
    fn a_caller_who_says_no_to_a_part_of_the_work_ends_all_of_it() {
        let allowance = Allowance::asking(10, &|| false);
        assert_eq!(allowance.lend(5, |part| part.spend(1)), None);
        assert_eq!(allowance.steps_left(), 0);
    }

    #[test]
    fn a_caller_who_says_no_ends_the_work_at_once() {
        let questions = Cell::new(0);
        let may_go_on = || {
            questions.set(questions.get() + 1);
            questions.get() < 3
        };
        let allowance = Allowance::asking(u64::MAX, &may_go_on);
        let taken = (0..1_000_000)
            .take_while(|_| allowance.spend(10).is_some())
            .count() as u64;
        assert!(taken * 10 <= 3 * STEPS_A_QUESTION, "{taken}");
        assert_eq!(questions.get(), 3);
    }
}
