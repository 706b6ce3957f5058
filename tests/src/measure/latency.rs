//! How long many things took: their percentiles, and a duration as people read it.

use std::time::Duration;

/// How long things took.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    took: Vec<Duration>,
    is_sorted: bool,
}

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, took: Duration) {
        self.took.push(took);
        self.is_sorted = false;
    }

    /// Adds those of another.
    pub fn add_all(&mut self, others: Self) {
        self.took.extend(others.took);
        self.is_sorted = false;
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.took.len()
    }

    /// Returns how long that share took at most, in per cent; zero when there are none.
    pub fn percentile(&mut self, per_cent: f64) -> Duration {
        if !self.is_sorted {
            self.took.sort_unstable();
            self.is_sorted = true;
        }
        let rank = (per_cent / 100.0 * self.took.len() as f64).ceil() as usize;
        let at = rank.clamp(1, self.took.len().max(1)) - 1;
        self.took.get(at).copied().unwrap_or_default()
    }

    /// Returns median, 99th percentile and the longest, as people read them.
    pub fn summary(&mut self) -> String {
        let [median, p99, longest] = [50.0, 99.0, 100.0].map(|per_cent| shown(self.percentile(per_cent)));
        format!("p50 {median}, p99 {p99}, max {longest}")
    }
}

/// Returns a duration as people read it.
pub fn shown(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        ..1e3 => format!("{micros:.0} µs"),
        1e3..1e4 => format!("{:.1} ms", micros / 1e3),
        1e4..1e6 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_time_that_so_many_stayed_within() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(99.0), Duration::ZERO);
        for ms in (1..=200).rev() {
            latencies.add(Duration::from_millis(ms));
        }
        let within = [0.0, 50.0, 99.0, 100.0].map(|share| latencies.percentile(share).as_millis());
        assert_eq!(within, [1, 100, 198, 200]);
    }

    #[test]
    fn durations_are_shown_with_two_or_three_digits() {
        let shown = [7, 1_240, 31_400, 2_350_000].map(|us| shown(Duration::from_micros(us)));
        assert_eq!(shown, ["7 µs", "1.2 ms", "31 ms", "2.35 s"]);
    }
}
