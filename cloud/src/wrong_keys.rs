//! How many wrong API keys may come from one address: nobody finds one by trying, and whoever tries costs little. Keys that were good here
//! not long ago are heard all the same: whoever shares an address with one who tries (an office, the network of a venue) is not shut out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use usher_keys::Timestamp;

use crate::selling::claimant::ClientAddress;
use crate::store::organizing::KeyHash;

/// Wrong keys that an address is forgiven in a [`WINDOW_MS`]: a program that was set up wrong tries a few times.
const FORGIVEN: u32 = 20;
/// For how long wrong keys are counted, and how long an address waits then, in milliseconds.
const WINDOW_MS: u64 = 60_000;
/// Addresses of which is counted; when so many send wrong keys at once, further ones are not counted, and find no key either.
const ADDRESSES: usize = 4_096;

/// How long a key that was good is heard from an address that has to wait, in milliseconds: whoever works with it uses it every day.
const REMEMBERED_MS: u64 = 48 * 60 * 60_000;
/// Good keys that are remembered; more than an installation has in use.
const KEYS: usize = 16_384;

/// The wrong keys of the last minute, by address, and the good ones of the last days.
#[derive(Debug, Default)]
pub struct WrongKeys {
    /// Guards the counts; held for a look-up.
    counts: Mutex<HashMap<ClientAddress, Count>>,
    /// Guards when keys were good last; held for a look-up.
    good: Mutex<HashMap<KeyHash, Timestamp>>,
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

    /// Remembers a key that is good now.
    pub fn remember(&self, key: KeyHash, now: Timestamp) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= KEYS && !good.contains_key(&key) {
            good.retain(|_, seen| now < seen.plus_ms(REMEMBERED_MS));
        }
        if good.len() < KEYS || good.contains_key(&key) {
            good.insert(key, now);
        }
    }

    /// Tells whether a key was good not long ago; whether it still is, the store says.
    pub fn remembers(&self, key: KeyHash, now: Timestamp) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.get(&key)
            .is_some_and(|seen| now < seen.plus_ms(REMEMBERED_MS))
    }

    /// Forgets a key that is not good any more.
    pub fn forget(&self, key: KeyHash) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.remove(&key);
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
    fn a_key_that_was_good_is_remembered_for_some_days_and_so_many_are() {
        let wrong = WrongKeys::default();
        let key = |number: usize| KeyHash::of(&number.to_string());
        for number in 0..=KEYS {
            wrong.remember(key(number), NOW);
        }
        assert!(wrong.remembers(key(0), NOW) && !wrong.remembers(key(KEYS), NOW));
        let later = NOW.plus_ms(REMEMBERED_MS);
        assert!(!wrong.remembers(key(0), later));
        wrong.remember(key(KEYS), later);
        assert!(wrong.remembers(key(KEYS), later));
        wrong.forget(key(KEYS));
        assert!(!wrong.remembers(key(KEYS), later));
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
