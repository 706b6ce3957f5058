//! How far one side holds every log, as one sorted list: a session keeps two of them and a cloud a thousand sessions, so they are small.

use std::slice;

use super::Held;
use crate::ident::Origin;

/// What one side holds, by origin.
#[derive(Debug, Default)]
pub struct Copies(Vec<Held>);

impl Copies {
    /// Returns how far a log is held.
    pub fn of(&self, origin: &Origin) -> Option<&Held> {
        let at = self.find(origin).ok()?;
        self.0.get(at)
    }

    /// Takes note of how far a log is held now.
    pub fn put(&mut self, held: Held) {
        match self.find(&held.origin) {
            Ok(at) => self.0[at] = held,
            Err(at) => self.0.insert(at, held),
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the logs in the order of their origins.
    pub fn iter(&self) -> slice::Iter<'_, Held> {
        self.0.iter()
    }

    /// Counts the logs.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    fn find(&self, origin: &Origin) -> Result<usize, usize> {
        self.0.binary_search_by(|held| held.origin.cmp(origin))
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::PublicKey;

    use super::*;
    use crate::ident::Seq;
    use crate::log::Tail;

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
    fn of_each_log_the_latest_is_known_and_the_order_is_that_of_the_origins() {
        let mut copies = Copies::default();
        for (origin, seq) in [(3, 1), (1, 1), (2, 1), (3, 2), (1, 5)] {
            copies.put(held(origin, seq));
        }
        let all: Vec<_> = copies.iter().cloned().collect();
        assert_eq!(all, [held(1, 5), held(2, 1), held(3, 2)]);
        assert_eq!(copies.of(&PublicKey([2; 32])), Some(&held(2, 1)));
        assert_eq!(copies.of(&PublicKey([4; 32])), None);
    }
}
