//! Corrects a block of codewords, unsure ones included; leaves out how unsure ones are told.
//!
//! A block of `n` bytes with `k` checks is a polynomial over GF(256) that is zero at the first `k` powers of
//! 2. An unknown error costs two checks, because its position and its value must be found; a byte known to be
//! unsure (an erasure) costs one.

use std::sync::LazyLock;

/// The field of QR codes: bytes modulo x⁸ + x⁴ + x³ + x² + 1.
static FIELD: LazyLock<Field> = LazyLock::new(Field::new);

/// A block as it was read, with what is needed to correct it.
pub(super) struct Received {
    bytes: Vec<u8>,
    /// The block's value at each power of 2 that should be a zero of it.
    syndromes: Vec<u8>,
}

impl Received {
    pub(super) fn new(bytes: Vec<u8>, checks: usize) -> Self {
        let syndromes = FIELD.syndromes(&bytes, checks);
        Self { bytes, syndromes }
    }

    /// Corrects the block where the bytes at `erased` may be anything. Returns the bytes and how many others
    /// were wrong; `None` when there are too many.
    pub(super) fn corrected(&self, erased: &[usize]) -> Option<(Vec<u8>, usize)> {
        let (field, length) = (&*FIELD, self.bytes.len());
        let checks = self.syndromes.len();
        if self.syndromes.iter().all(|&value| value == 0) {
            return Some((self.bytes.clone(), 0));
        }
        if erased.len() > checks {
            return None;
        }
        let power = |position: usize| length - 1 - position;
        // Zero at the inverse of the power of each erased position.
        let mut erasures = vec![1];
        for &position in erased {
            erasures = field.product(&erasures, &[1, field.exp[power(position)]]);
        }
        let mut rest = field.product(&erasures, &self.syndromes);
        rest.truncate(checks);
        let errors = field.shortest_recurrence(&rest[erased.len()..])?;
        let wrong = errors.len() - 1;
        if 2 * wrong + erased.len() > checks {
            return None;
        }
        let locator = field.product(&errors, &erasures);
        let mut evaluator = field.product(&locator, &self.syndromes);
        evaluator.truncate(checks);
        let mut bytes = self.bytes.clone();
        let mut found = 0;
        for (position, byte) in bytes.iter_mut().enumerate() {
            let inverse = field.exp[255 - power(position)];
            if field.value(&locator, inverse) != 0 {
                continue;
            }
            let slope = field.slope(&locator, inverse);
            if slope == 0 {
                return None;
            }
            let error = field.divide(field.value(&evaluator, inverse), slope);
            *byte ^= field.multiply(error, field.exp[power(position)]);
            found += 1;
        }
        let whole = found == locator.len() - 1;
        let clean = || field.syndromes(&bytes, checks).iter().all(|&value| value == 0);
        (whole && clean()).then_some((bytes, wrong))
    }
}

/// Powers of 2 and their logarithms.
struct Field {
    exp: [u8; 512],
    log: [u8; 256],
}

/// Polynomials are slices of coefficients, the constant one first; they are never empty.
impl Field {
    fn new() -> Self {
        let (mut exp, mut log) = ([0; 512], [0; 256]);
        let mut power = 1_u16;
        for at in 0..255_u8 {
            let byte = power.to_le_bytes()[0];
            exp[usize::from(at)] = byte;
            exp[usize::from(at) + 255] = byte;
            log[usize::from(byte)] = at;
            power <<= 1;
            if power > 255 {
                power ^= 0x11D;
            }
        }
        exp[510] = exp[0];
        Self { exp, log }
    }

    fn multiply(&self, a: u8, b: u8) -> u8 {
        if a == 0 || b == 0 {
            return 0;
        }
        self.exp[usize::from(self.log[usize::from(a)]) + usize::from(self.log[usize::from(b)])]
    }

    fn divide(&self, a: u8, b: u8) -> u8 {
        self.multiply(a, self.exp[255 - usize::from(self.log[usize::from(b)])])
    }

    /// The values of a block, highest power first, at the powers of 2.
    fn syndromes(&self, bytes: &[u8], checks: usize) -> Vec<u8> {
        let value = |at: usize| {
            bytes
                .iter()
                .fold(0, |sum, &byte| self.multiply(sum, self.exp[at]) ^ byte)
        };
        (0..checks).map(value).collect()
    }

    fn product(&self, a: &[u8], b: &[u8]) -> Vec<u8> {
        let mut product = vec![0; a.len() + b.len() - 1];
        for (i, &left) in a.iter().enumerate().filter(|&(_, &left)| left != 0) {
            for (j, &right) in b.iter().enumerate() {
                product[i + j] ^= self.multiply(left, right);
            }
        }
        product
    }

    fn value(&self, polynomial: &[u8], at: u8) -> u8 {
        polynomial
            .iter()
            .rev()
            .fold(0, |sum, &coefficient| self.multiply(sum, at) ^ coefficient)
    }

    /// The value of the derivative, of which only the odd terms are left where 1 + 1 = 0.
    fn slope(&self, polynomial: &[u8], at: u8) -> u8 {
        let mut odd: Vec<u8> = polynomial.to_vec();
        odd.iter_mut().step_by(2).for_each(|even| *even = 0);
        self.divide(self.value(&odd, at), at)
    }

    /// Berlekamp and Massey: the shortest recurrence that makes the sequence, as its polynomial; `None` when
    /// it is longer than its degree says, which no correctable block is.
    fn shortest_recurrence(&self, sequence: &[u8]) -> Option<Vec<u8>> {
        let (mut current, mut previous) = (vec![1_u8], vec![1_u8]);
        let (mut length, mut shift, mut divisor) = (0, 1, 1_u8);
        for at in 0..sequence.len() {
            let terms = current.iter().enumerate().take(length + 1);
            let discrepancy = terms.fold(0, |sum, (back, &coefficient)| {
                sum ^ self.multiply(coefficient, sequence[at - back])
            });
            if discrepancy == 0 {
                shift += 1;
                continue;
            }
            let before = current.clone();
            let factor = self.divide(discrepancy, divisor);
            current.resize(current.len().max(previous.len() + shift), 0);
            for (at, &coefficient) in previous.iter().enumerate() {
                current[at + shift] ^= self.multiply(factor, coefficient);
            }
            if 2 * length <= at {
                length = at + 1 - length;
                (previous, divisor, shift) = (before, discrepancy, 1);
            } else {
                shift += 1;
            }
        }
        while current.last() == Some(&0) {
            current.pop();
        }
        (current.len() == length + 1).then_some(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same in every run.
    fn numbers(seed: u32) -> impl FnMut(usize) -> usize {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
        move |below| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        }
    }

    fn encoded(data: &[u8], checks: usize) -> Vec<u8> {
        let mut generator = vec![1];
        for at in 0..checks {
            // Highest power first, as the block is.
            let shifted: Vec<u8> = generator
                .iter()
                .map(|&byte| FIELD.multiply(byte, FIELD.exp[at]))
                .collect();
            generator.push(0);
            for (to, from) in generator[1..].iter_mut().zip(shifted) {
                *to ^= from;
            }
        }
        let mut rest = data.to_vec();
        rest.resize(data.len() + checks, 0);
        for at in 0..data.len() {
            let factor = rest[at];
            for (to, &coefficient) in rest[at..].iter_mut().zip(&generator) {
                *to ^= FIELD.multiply(factor, coefficient);
            }
        }
        [data, &rest[data.len()..]].concat()
    }

    #[test]
    fn as_many_errors_and_erasures_as_the_checks_allow_are_corrected() {
        for seed in 0..300 {
            let mut number = numbers(seed);
            let (length, checks) = (20 + number(100), 7 + number(24));
            let data: Vec<u8> = (0..length).map(|_| number(256) as u8).collect();
            let sent = encoded(&data, checks);
            let wrong = number(checks / 2 + 1);
            let erased = number(checks - 2 * wrong + 1);
            let mut positions: Vec<usize> = (0..sent.len()).collect();
            for at in 0..positions.len() {
                positions.swap(at, number(sent.len()));
            }
            let mut received = sent.clone();
            for &position in &positions[..wrong + erased] {
                received[position] ^= 1 + number(255) as u8;
            }
            let corrected = Received::new(received, checks).corrected(&positions[wrong..wrong + erased]);
            assert_eq!(corrected, Some((sent, wrong)), "seed {seed}");
        }
    }

    #[test]
    fn noise_is_refused_nearly_always() {
        let mut number = numbers(1);
        let taken = (0..2_000)
            .filter(|_| {
                let noise: Vec<u8> = (0..60).map(|_| number(256) as u8).collect();
                Received::new(noise, 20).corrected(&[]).is_some()
            })
            .count();
        assert_eq!(taken, 0);
    }
}
