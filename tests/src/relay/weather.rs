//! How bad a network is, and what becomes of one datagram in it.

use std::time::Duration;

use crate::sim::random::Random;

/// How bad a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// Datagrams that are lost, of a hundred.
    pub loss_percent: u64,
    /// Datagrams that come twice, of a hundred.
    pub repeat_percent: u64,
    /// The shortest and the longest delay, in milliseconds; each datagram has its own, so they overtake each other.
    pub delay_ms: (u64, u64),
}

impl Weather {
    /// Everything arrives at once.
    pub const FAIR: Self = Self {
        loss_percent: 0,
        repeat_percent: 0,
        delay_ms: (0, 0),
    };

    /// Draws some bad weather: up to a fifth is lost, a tenth repeated, all of it late by up to a fifth of a second.
    pub fn draw(random: &mut Random) -> Self {
        let shortest = random.below(20);
        Self {
            loss_percent: random.below(21),
            repeat_percent: random.below(11),
            delay_ms: (shortest, shortest + random.below(181)),
        }
    }

    /// Draws when one datagram arrives: never, once or twice.
    pub(super) fn delays(self, random: &mut Random) -> Vec<Duration> {
        if random.percent(self.loss_percent) {
            return Vec::new();
        }
        let times = if random.percent(self.repeat_percent) { 2 } else { 1 };
        let (shortest, longest) = self.delay_ms;
        let mut delay = || Duration::from_millis(shortest + random.below(longest - shortest + 1));
        (0..times).map(|_| delay()).collect()
    }
}
