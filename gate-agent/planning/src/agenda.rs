//! What is going to happen, in the order of virtual time; doing it is the owner's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Happenings by time; those of one moment come in the order in which they were planned.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    order: BinaryHeap<Reverse<(u64, u64)>>,
    planned: BTreeMap<u64, T>,
    count: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            order: BinaryHeap::new(),
            planned: BTreeMap::new(),
            count: 0,
        }
    }
}

impl<T> Agenda<T> {
    /// Plans something for a moment, in milliseconds.
    pub(crate) fn plan(&mut self, at: u64, what: T) {
        self.count += 1;
        self.order.push(Reverse((at, self.count)));
        self.planned.insert(self.count, what);
    }

    /// Returns when the next thing happens.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.order.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the next thing, and when it happens.
    pub(crate) fn take(&mut self) -> Option<(u64, T)> {
        let Reverse((at, number)) = self.order.pop()?;
        Some((at, self.planned.remove(&number)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_for_one_moment_happens_in_the_order_of_planning() {
        let mut agenda = Agenda::default();
        agenda.plan(5, "later");
        agenda.plan(3, "first");
        agenda.plan(3, "second");
        assert_eq!(agenda.next_at(), Some(3));
        let order: Vec<_> = std::iter::from_fn(|| agenda.take()).collect();
        assert_eq!(order, [(3, "first"), (3, "second"), (5, "later")]);
    }
}
