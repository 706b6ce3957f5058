//! How often waiting rooms are joined from one address: whoever joins a thousand times has a thousand lots in the draw. How many places one
//! address holds is bounded all the same, wherever it waits.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use usher_keys::Timestamp;

use crate::selling::claimant::ClientAddress;

/// Passes that are given to an address in a minute: an office or a mobile network in which many want the same thing.
const PASSES: u32 = 120;
/// How long a minute is, in milliseconds.
const MINUTE_MS: u64 = 60_000;
/// Addresses that are counted; further ones within the same minute are not.
const ADDRESSES: usize = 100_000;

/// The passes of this minute, by address.
#[derive(Debug, Default)]
pub struct JoinCounts {
    /// Guards the counts; held for a look-up.
    minute: Mutex<(Timestamp, HashMap<ClientAddress, u32>)>,
}

impl JoinCounts {
    /// Counts a pass for an address. When it has had as many as it may, tells in how many seconds it may have more.
    ///
    /// # Errors
    ///
    /// So many seconds.
    pub fn take(&self, address: ClientAddress, now: Timestamp) -> Result<(), u64> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, counts) = &mut *minute;
        // A clock that was set back begins a minute too.
        if now.0.abs_diff(since.0) >= MINUTE_MS {
            *since = now;
            counts.clear();
        }
        if counts.len() >= ADDRESSES && !counts.contains_key(&address) {
            return Ok(());
        }
        let count = counts.entry(address).or_default();
        if *count >= PASSES {
            let over_at = since.plus_ms(MINUTE_MS);
            return Err(over_at.0.saturating_sub(now.0).div_ceil(1_000));
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_so_many_passes_in_a_minute_and_others_theirs() {
        let (joins, now) = (JoinCounts::default(), Timestamp(1_800_000_000_000));
        let address = |last| ClientAddress::V4([192, 0, 2, last]);
        for _ in 0..PASSES {
            assert_eq!(joins.take(address(1), now), Ok(()));
        }
        assert_eq!(joins.take(address(1), now.plus_ms(500)), Err(60));
        assert_eq!(joins.take(address(2), now), Ok(()));
        assert_eq!(joins.take(address(1), now.plus_ms(MINUTE_MS)), Ok(()));
        let set_back = Timestamp(now.0 - 3_600_000);
        for _ in 0..PASSES {
            assert_eq!(joins.take(address(1), set_back), Ok(()));
        }
    }
}
