//! Prices that a tier has before its full one: each step holds until a time, or until so many of the tier are taken. What is held or sold keeps
//! the price that it was taken at.

use serde::{Deserialize, Serialize};
use usher_keys::Timestamp;

/// The most steps of a tier: early bird, advance and a few more.
pub const MAX_STEPS: usize = 6;

/// A price that holds until a time, or until so many are taken, or until whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceStep {
    /// In minor units, before what comes on top.
    pub price: i64,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Until so many units of the tier are held or sold.
    pub taken: Option<u32>,
}

impl PriceStep {
    fn holds(&self, taken: u32, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until) && self.taken.is_none_or(|most| taken < most)
    }
}

/// The steps of a tier, the first one first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PriceSteps([Option<PriceStep>; MAX_STEPS]);

impl PriceSteps {
    /// Takes steps, so many at most as there may be.
    pub fn of(steps: &[PriceStep]) -> Self {
        let mut taken = [None; MAX_STEPS];
        taken
            .iter_mut()
            .zip(steps)
            .for_each(|(slot, step)| *slot = Some(*step));
        Self(taken)
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    /// Lists them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = PriceStep> {
        self.0.into_iter().flatten()
    }

    /// Returns the price of a unit when so many of its tier are held or sold: that of the first step that holds, or the full one.
    pub fn price(&self, full: i64, taken: u32, now: Timestamp) -> i64 {
        let step = self.iter().find(|step| step.holds(taken, now));
        step.map_or(full, |step| step.price)
    }

    /// Returns when the next step ends by its time.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.iter()
            .filter_map(|step| step.until)
            .filter(|until| now < *until)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn step(price: i64, until: Option<u64>, taken: Option<u32>) -> PriceStep {
        PriceStep {
            price,
            until: until.map(Timestamp),
            taken,
        }
    }

    #[test]
    fn a_step_holds_until_its_time_or_until_so_many_are_taken() {
        let steps = PriceSteps::of(&[
            step(2_000, None, Some(10)),
            step(2_500, Some(1_001), Some(20)),
            step(2_800, Some(2_000), None),
        ]);
        for (taken, now, expected) in [
            (0, 1_000, 2_000),
            (9, 5_000, 2_000),
            (10, 1_000, 2_500),
            (19, 1_000, 2_500),
            (20, 1_000, 2_800),
            (10, 1_001, 2_800),
            (10, 2_000, 3_000),
        ] {
            let price = steps.price(3_000, taken, Timestamp(now));
            assert_eq!(price, expected, "{taken} at {now}");
        }
        assert_eq!(steps.next_change(NOW), Some(Timestamp(1_001)));
        assert_eq!(PriceSteps::default().price(3_000, 0, NOW), 3_000);
    }

    proptest! {
        #[test]
        fn the_price_is_that_of_a_step_or_the_full_one(
            steps in proptest::collection::vec((0_i64..100, proptest::option::of(0_u64..2_000), proptest::option::of(0_u32..50)), 0..=MAX_STEPS),
            taken in 0_u32..60,
            now in 0_u64..3_000,
        ) {
            let steps: Vec<_> = steps.into_iter().map(|(price, until, taken)| step(price, until, taken)).collect();
            let (all, now) = (PriceSteps::of(&steps), Timestamp(now));
            prop_assert_eq!(all.iter().collect::<Vec<_>>(), steps.clone());
            let price = all.price(1_000, taken, now);
            match steps.iter().find(|step| step.holds(taken, now)) {
                Some(step) => prop_assert_eq!(price, step.price),
                None => prop_assert_eq!(price, 1_000),
            }
        }
    }
}
