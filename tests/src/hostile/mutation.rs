//! Small seeded changes of known inputs, for runs without a fuzzer; they know nothing of what the bytes mean.

use crate::sim::random::Random;

/// Changes of one input at most: more leave little of it.
const CHANGES: u64 = 4;
/// Bytes that a change inserts or repeats at most.
const STRETCH: usize = 16;
/// Bytes that mean something in one format or another: ends of ranges, varint marks, digits, quotes and brackets.
const TELLING: &[u8] = b"\x00\x01\x02\x7f\x80\xfa\xfb\xfc\xfd\xfe\xff09\"\\[]{},:.-+eE%=\n";

/// Changes inputs, the same way for the same seed.
#[derive(Debug, Clone)]
pub struct Mutation(Random);

impl Mutation {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// Changes one of the inputs, which must not be none.
    pub fn of_one(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = inputs[self.0.index(inputs.len())].clone();
        if self.0.percent(10) {
            let other = &inputs[self.0.index(inputs.len())];
            self.splice(&mut bytes, other);
        }
        for _ in 0..self.0.between(1, CHANGES) {
            self.change(&mut bytes);
        }
        bytes
    }

    /// Goes on with the end of another input.
    fn splice(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let (from, to) = (self.0.index(bytes.len() + 1), self.0.index(other.len() + 1));
        bytes.truncate(from);
        bytes.extend_from_slice(&other[to..]);
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.0.index(bytes.len() + 1);
        let end = bytes.len().min(at + 1 + self.0.index(STRETCH));
        match self.0.below(8) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << self.0.below(8),
            2 if at < bytes.len() => bytes[at] = self.telling(),
            3 if at < bytes.len() => {
                bytes[at] = bytes[at].wrapping_add(self.0.between(0, 2) as u8).wrapping_sub(1)
            }
            4 => bytes.insert(at, self.telling()),
            5 => drop(bytes.drain(at..end)),
            6 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            7 => bytes.truncate(at),
            _ => bytes.push(self.0.below(256) as u8),
        }
    }

    fn telling(&mut self) -> u8 {
        TELLING[self.0.index(TELLING.len())]
    }
}
