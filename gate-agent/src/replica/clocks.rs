//! This machine's clock beside the cloud's: how far it is off, said once in the log; no time is corrected by it, a person sets the clock.

use std::sync::{Mutex, MutexGuard};

use usher_keys::{PublicKey, Timestamp};

/// How far a clock may be from the cloud's before it is worth a word, in milliseconds: far more than a message takes on
/// its way, and little beside the doors' hours.
const OFF_MS: u64 = 2 * 60 * 1000;

/// Our clock beside the cloud's.
#[derive(Debug, Default)]
pub struct Clocks(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The cloud's key on links.
    cloud: Option<PublicKey>,
    ahead_ms: i64,
}

impl Clocks {
    /// Takes note of who the cloud is.
    pub fn is_cloud(&self, peer: PublicKey) {
        self.seen().cloud = Some(peer);
    }

    /// Compares a moment a peer tells with ours. Only the cloud speaks of this moment, others of when they heard of it.
    pub fn compare(&self, (peer, told): (PublicKey, Timestamp), now: Timestamp) {
        let mut seen = self.seen();
        if seen.cloud != Some(peer) {
            return;
        }
        let ahead_ms = i64::try_from(i128::from(now.0) - i128::from(told.0)).unwrap_or(i64::MAX);
        if is_off(ahead_ms) && !is_off(seen.ahead_ms) {
            tracing::warn!(
                ahead_ms,
                "this machine's clock is not the cloud's: set it right, time windows and reports depend on it"
            );
        }
        seen.ahead_ms = ahead_ms;
    }

    /// Gives how far our clock is ahead of the cloud's, or behind it, when that is worth a word.
    pub fn ahead_ms(&self) -> Option<i64> {
        Some(self.seen().ahead_ms).filter(|ms| is_off(*ms))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("nothing panics while it holds this")
    }
}

fn is_off(ahead_ms: i64) -> bool {
    ahead_ms.unsigned_abs() > OFF_MS
}

#[cfg(test)]
mod tests {
    use usher_keys::SecretKey;

    use super::*;

    #[test]
    fn only_the_clouds_clock_counts_and_only_when_it_is_far_off() {
        let [cloud, hub] = [1, 2].map(|seed| SecretKey::from_seed(&[seed; 32]).public());
        let (clocks, now) = (Clocks::default(), Timestamp(1_000_000_000));
        clocks.is_cloud(cloud);
        clocks.compare((hub, Timestamp(0)), now);
        assert_eq!(clocks.ahead_ms(), None);
        clocks.compare((cloud, now.plus_ms(60_000)), now);
        assert_eq!(clocks.ahead_ms(), None);
        clocks.compare((cloud, now.plus_ms(3_600_000)), now);
        assert_eq!(clocks.ahead_ms(), Some(-3_600_000));
        clocks.compare((cloud, Timestamp(0)), now);
        assert_eq!(clocks.ahead_ms(), Some(1_000_000_000));
        clocks.compare((cloud, now), now);
        assert_eq!(clocks.ahead_ms(), None);
    }
}
