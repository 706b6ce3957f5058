//! What phones scanned or looked up a moment ago, in memory: to repeat an answer, take a scan back, and find a ticket by what the app was
//! given in its place. What is forgotten is asked for anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use data_encoding::BASE32_NOPAD;
use usher_protocol::ScanId;

/// Most scans, and most tickets, that are remembered: a quarter of an hour of thirty phones, 5 MiB.
const MAX_REMEMBERED: usize = 10_000;
/// What a handle begins with, so that it is taken for no ticket.
const HANDLE: &str = "u/";
/// Random bytes of a handle: with what it begins with, more than the 32 letters that apps take for a code.
const HANDLE_BYTES: usize = 20;

/// A scan that let people pass.
#[derive(Clone)]
pub struct RecentScan {
    /// The text of the ticket's code.
    pub code: Vec<u8>,
    /// How many the ticket still let in after it.
    pub left: u8,
}

/// What is remembered.
#[derive(Default)]
pub struct RecentScans {
    /// Guards the lists; never held across an await.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    scans: Latest<ScanId, RecentScan>,
    tickets: Latest<String, Vec<u8>>,
}

impl RecentScans {
    /// Remembers a scan that let people pass; one that is known stays as it is.
    pub fn passed(&self, id: ScanId, scan: RecentScan) {
        self.kept().scans.keep(id, scan);
    }

    /// Returns a scan that let people pass.
    pub fn scan(&self, id: ScanId) -> Option<RecentScan> {
        self.kept().scans.values.get(&id).cloned()
    }

    /// Returns what an app is given in place of a ticket's text, which would open every gate.
    ///
    /// # Errors
    ///
    /// The system's random source failed.
    pub fn handle(&self, code: Vec<u8>) -> Result<String, getrandom::Error> {
        let mut drawn = [0; HANDLE_BYTES];
        getrandom::fill(&mut drawn)?;
        let handle = format!("{HANDLE}{}", BASE32_NOPAD.encode(&drawn));
        self.kept().tickets.keep(handle.clone(), code);
        Ok(handle)
    }

    /// Returns the ticket of a handle.
    pub fn ticket(&self, handle: &str) -> Option<Vec<u8>> {
        self.kept().tickets.values.get(handle).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nothing panics while it holds this")
    }
}

/// The latest values, at most [`MAX_REMEMBERED`].
struct Latest<K, V> {
    values: BTreeMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self {
            values: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<K: Ord + Clone, V> Latest<K, V> {
    fn keep(&mut self, key: K, value: V) {
        if self.values.contains_key(&key) {
            return;
        }
        if self.order.len() >= MAX_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.values.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_scans_are_forgotten_and_a_known_one_stays_as_it_was() {
        let recent = RecentScans::default();
        let id = |n: usize| ScanId((n as u128).to_le_bytes());
        let scan = |left| RecentScan { code: vec![1], left };
        for n in 0..=MAX_REMEMBERED {
            recent.passed(id(n), scan(2));
        }
        recent.passed(id(5), scan(0));
        assert!(recent.scan(id(0)).is_none());
        assert_eq!(recent.scan(id(5)).unwrap().left, 2);
        let handle = recent.handle(vec![7]).unwrap();
        assert!(handle.len() >= 32, "{handle}");
        assert_eq!(recent.ticket(&handle), Some(vec![7]));
        assert_eq!(recent.ticket("u/"), None);
    }
}
