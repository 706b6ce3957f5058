//! How many wrong API keys may come from one address: nobody finds one by trying, and whoever tries costs little.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use usher_keys::Timestamp;

use crate::selling::claimant::ClientAddress;

/// Wrong keys that an address is forgiven in a [`WINDOW_MS`]: a program that was set up wrong tries a few times.
const FORGIVEN: u32 = 20;
/// For how long wrong keys are counted, and how long an address waits then, in milliseconds.
const WINDOW_MS: u64 = 60_000;
/// Addresses of which is counted; when so many send wrong keys at once, further ones are not counted, and find no key either.
const ADDRESSES: usize = 4_096;

/// The wrong keys of the last minute, by address.
#[derive(Debug, Default)]
pub struct WrongKeys {
    /// Guards the counts; held for a look-up.
    counts: Mutex<HashMap<ClientAddress, Count>>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Timestamp,
    wrong: u32,
}

impl Count {
    fn is_over(&self, now: Timestamp) -> bool {
        self.since.plus_ms(WINDOW_MS) <= now
    }
}

impl WrongKeys {
    /// Returns how many seconds an address has to wait before it may show a key; `None` when it need not.
    pub fn wait(&self, address: ClientAddress, now: Timestamp) -> Option<u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&address).filter(|count| !count.is_over(now))?;
        let over_at = count.since.plus_ms(WINDOW_MS);
        (count.wrong >= FORGIVEN).then(|| over_at.0.saturating_sub(now.0).div_ceil(1000))
    }

    /// Counts a wrong key. Tells whether it is the one after which the address has to wait.
    pub fn count(&self, address: ClientAddress, now: Timestamp) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= ADDRESSES {
            counts.retain(|_, count| !count.is_over(now));
        }
        if counts.len() >= ADDRESSES && !counts.contains_key(&address) {
            return false;
        }
        let fresh = Count { since: now, wrong: 0 };
        let count = counts.entry(address).or_insert(fresh);
        if count.is_over(now) {
            *count = fresh;
        }
        count.wrong += 1;
        count.wrong == FORGIVEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn address(number: u32) -> ClientAddress {
        ClientAddress::V4(number.to_be_bytes())
    }

    #[test]
    fn an_address_waits_after_so_many_wrong_keys_and_no_other_does() {
        let wrong = WrongKeys::default();
        let told: Vec<bool> = (0..FORGIVEN).map(|_| wrong.count(address(1), NOW)).collect();
        assert_eq!(told.iter().filter(|told| **told).count(), 1);
        assert!(told[told.len() - 1]);
        assert_eq!(wrong.wait(address(1), NOW.plus_ms(500)), Some(60));
        assert_eq!(wrong.wait(address(2), NOW), None);
        assert_eq!(wrong.wait(address(1), NOW.plus_ms(WINDOW_MS)), None);
    }

    #[test]
    fn wrong_keys_of_long_ago_do_not_count() {
        let wrong = WrongKeys::default();
        for at in 0..u64::from(FORGIVEN) * 2 {
            let now = NOW.plus_ms(at * WINDOW_MS);
            assert!(!wrong.count(address(1), now));
            assert_eq!(wrong.wait(address(1), now), None);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let wrong = WrongKeys::default();
        for number in 0..u32::try_from(ADDRESSES).unwrap() * 2 {
            wrong.count(address(number), NOW);
        }
        assert_eq!(wrong.counts.lock().unwrap().len(), ADDRESSES);
        wrong.count(address(u32::MAX), NOW.plus_ms(WINDOW_MS));
        assert_eq!(wrong.counts.lock().unwrap().len(), 1);
    }
}
