//! Chance from one seed: the same seed gives the same evening; which numbers are drawn is the callers'.

use crate::scenario::Spread;

/// Draws.
#[derive(Debug, Clone)]
pub(crate) struct Chance(fastrand::Rng);

/// Of a normal distribution 95 of a hundred lie below so many standard deviations.
const P95_DEVIATIONS: f64 = 1.644_853_626_951_472_2;
/// How much longer than 95 of a hundred anybody takes at most.
const LONGEST_OF_P95: f64 = 8.0;

impl Chance {
    /// Starts from a seed; each purpose has numbers of its own, so that a change in one leaves the others alone.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let of_seed = fastrand::Rng::with_seed(seed).u64(..);
        // Twice, because seeds that resemble each other give first numbers that do.
        let spread = purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let own = fastrand::Rng::with_seed(of_seed ^ spread).u64(..);
        Self(fastrand::Rng::with_seed(own))
    }

    /// Returns a number from 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0.f64()
    }

    /// Says yes in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: f64) -> bool {
        self.share() * 100.0 < percent
    }

    /// Returns a number between two, both included.
    pub(crate) fn between(&mut self, [low, high]: [u64; 2]) -> u64 {
        self.0.u64(low..=high.max(low))
    }

    /// Returns sixteen bytes.
    pub(crate) fn bytes16(&mut self) -> [u8; 16] {
        self.0.u128(..).to_le_bytes()
    }

    /// Returns thirty-two bytes.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(&self.bytes16());
        seed[16..].copy_from_slice(&self.bytes16());
        seed
    }

    /// Returns how long something takes, in milliseconds, of a log-normal distribution.
    pub(crate) fn spread_ms(&mut self, spread: Spread) -> u64 {
        let median = spread.p50.max(0.001);
        let deviation = (spread.p95.max(median) / median).ln() / P95_DEVIATIONS;
        // Box and Muller's way to a normal number.
        let (one, other) = (1.0 - self.share(), self.share());
        let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos();
        // A spread that is wide goes on for ever: nobody takes a hundred years.
        let most = LONGEST_OF_P95 * spread.p95.max(median);
        whole_ms((median * (deviation * normal).exp()).min(most))
    }

    /// Picks an index by weights; the first where all are 0.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.share() * weights.clone().sum::<f64>();
        let at = weights.clone().position(|weight| {
            left -= weight;
            left < 0.0
        });
        at.unwrap_or_default()
    }
}

/// Returns seconds as whole milliseconds; what is below 0 is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float ends at the limits of the number"
)]
pub(crate) fn whole_ms(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_median_and_the_95th_percentile_that_were_asked_for() {
        let mut chance = Chance::new(1, 0);
        let spread = Spread { p50: 3.0, p95: 9.0 };
        let mut drawn: Vec<_> = (0..20_000).map(|_| chance.spread_ms(spread)).collect();
        drawn.sort_unstable();
        let (median, p95) = (drawn[10_000], drawn[19_000]);
        assert!((2_900..3_100).contains(&median), "{median} ms");
        assert!((8_600..9_400).contains(&p95), "{p95} ms");
    }

    #[test]
    fn what_is_drawn_for_one_purpose_has_nothing_to_do_with_the_next() {
        for apart in [1, 2, 4] {
            let is_low = |purpose| Chance::new(1, purpose).share() < 0.5;
            let alike = (1_000..11_000).filter(|purpose| is_low(*purpose) == is_low(purpose + apart));
            let alike = alike.count();
            assert!((4_800..5_200).contains(&alike), "{alike} of 10000, {apart} apart");
        }
    }

    #[test]
    fn weights_are_kept_and_nothing_is_picked_that_has_none() {
        let mut chance = Chance::new(2, 0);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[chance.weighted([1.0, 0.0, 3.0].into_iter())] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
    }
}
