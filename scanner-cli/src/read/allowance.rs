//! How much work a look at a frame may still take; leaves out what a step costs in time, which the caller
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

    /// An allowance of at most so many of the steps that are left, which the same caller may end. What is spent of it
    /// must be taken off this one.
    pub(super) fn part(&self, steps: u64) -> Self {
        Self::asking(steps.min(self.steps_left()), self.may_go_on)
    }

    fn caller_agrees(&self, steps: u64) -> bool {
        match self.until_question.get().checked_sub(steps) {
            Some(left) => {
                self.until_question.set(left);
                true
            }
            None => {
                self.until_question.set(STEPS_A_QUESTION);
                (self.may_go_on)()
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
