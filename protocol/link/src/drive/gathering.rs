//! How far logs have grown, gathered so that a busy log is sent on in steps and not commit by commit; what is sent is the session's to decide.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use usher_protocol::Origin;
use usher_protocol::sync::Held;

/// Shortest time between two steps: at a busy hub each commit would otherwise go out to each scanner by itself, which costs
/// more than the admissions. A replica that has to judge alone misses the scans of one step more.
const STEP: Duration = Duration::from_millis(100);

/// Growth of logs that the session has not been told of yet. The first after a quiet time is due at once.
#[derive(Debug)]
pub(super) struct Gathering {
    grown: BTreeMap<Origin, Held>,
    due: Instant,
}

impl Gathering {
    /// Begins with nothing.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            grown: BTreeMap::new(),
            due: now,
        }
    }

    /// Adds how far a log reaches now; it replaces what was gathered of that log before.
    pub(super) fn add(&mut self, held: Held) {
        self.grown.insert(held.origin, held);
    }

    /// Takes what has gathered and begins the next step.
    pub(super) fn take(&mut self, now: Instant) -> Vec<Held> {
        self.due = now + STEP;
        std::mem::take(&mut self.grown).into_values().collect()
    }

    /// Gives when the session is to be told, if there is anything to tell.
    fn due(&self) -> Option<Instant> {
        (!self.grown.is_empty()).then_some(self.due)
    }

    /// Waits until the session is to be told; for ever, if there is nothing to tell.
    pub(super) async fn is_due(&self) {
        match self.due() {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::PublicKey;
    use usher_protocol::Seq;
    use usher_protocol::log::Tail;

    use super::*;

    fn held(origin: u8, seq: u64) -> Held {
        let tail = Tail {
            seq: Seq(seq),
            hash: [0; 32],
        };
        Held {
            origin: PublicKey([origin; 32]),
            tail,
            signature: None,
        }
    }

    #[test]
    fn what_grows_after_a_quiet_time_is_due_at_once_and_what_follows_a_step_later() {
        let start = Instant::now();
        let mut gathering = Gathering::new(start);
        assert_eq!(gathering.due(), None);
        gathering.add(held(1, 7));
        assert_eq!(gathering.due(), Some(start));

        let told = start + Duration::from_millis(2);
        assert_eq!(gathering.take(told), [held(1, 7)]);
        assert_eq!(gathering.due(), None);
        gathering.add(held(1, 8));
        assert_eq!(gathering.due(), Some(told + STEP));
    }

    #[test]
    fn of_each_log_the_furthest_is_told() {
        let start = Instant::now();
        let mut gathering = Gathering::new(start);
        for seq in 1..=50 {
            gathering.add(held(1, seq));
        }
        gathering.add(held(2, 3));
        assert_eq!(gathering.take(start), [held(1, 50), held(2, 3)]);
    }
}
