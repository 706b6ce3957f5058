//! What a buyer sees of the seats: the availability's two bits each, and which of them they would like.

use anyhow::{Context, ensure};

use crate::sim::random::Random;

/// Bytes before the counts of the tiers: the version and the hash of the layout.
const HEADER: usize = 24;
/// Bytes of a tier's count.
const TIER: usize = 6;

/// The seats as they were a moment ago.
#[derive(Debug, Default)]
pub struct SeenSeats {
    packed: Vec<u8>,
    seats: usize,
}

impl SeenSeats {
    /// Reads an availability of so many seats.
    ///
    /// # Errors
    ///
    /// When it is shorter than it says.
    pub fn read(body: &[u8], seats: usize) -> anyhow::Result<Self> {
        let tiers = body.get(HEADER..HEADER + 2).context("it ends in its header")?;
        let tiers = usize::from(u16::from_be_bytes([tiers[0], tiers[1]]));
        let packed = body
            .get(HEADER + 2 + tiers * TIER..)
            .context("it ends in its tiers")?;
        ensure!(
            packed.len() == seats.div_ceil(4),
            "{} bytes for {seats} seats",
            packed.len()
        );
        Ok(Self {
            packed: packed.to_vec(),
            seats,
        })
    }

    fn is_free(&self, seat: usize) -> bool {
        let byte = self.packed.get(seat / 4).copied().unwrap_or(u8::MAX);
        seat < self.seats && byte >> (2 * (seat % 4)) & 0b11 == 0
    }

    /// Picks so many seats beside each other that look free, somewhere in the house; fewer if there are none so wide.
    pub fn pick(&self, count: usize, random: &mut Random) -> Option<Vec<usize>> {
        let begin = usize::try_from(random.below(self.seats.max(1) as u64)).unwrap_or_default();
        for wide in (1..=count).rev() {
            let mut run = 0;
            // Once around, and on to the end of a run that began before.
            for step in 0..self.seats + wide {
                let seat = (begin + step) % self.seats;
                // The house's last seat and its first are not beside each other.
                run = if seat == 0 { 0 } else { run };
                run = if self.is_free(seat) { run + 1 } else { 0 };
                if run == wide {
                    return Some((seat + 1 - wide..=seat).collect());
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bits: &[u8]) -> SeenSeats {
        let mut body = vec![0; HEADER];
        body.extend([0, 1, 0, 1, 0, 0, 0, 3]);
        body.extend(bits.chunks(4).map(|four| {
            let shifted = four.iter().enumerate().map(|(at, seat)| seat << (2 * at));
            shifted.sum::<u8>()
        }));
        SeenSeats::read(&body, bits.len()).unwrap()
    }

    #[test]
    fn seats_are_picked_beside_each_other_while_there_are_any() {
        let mut random = Random::new(1);
        let seats = seen(&[0, 1, 0, 0, 2, 0]);
        for _ in 0..20 {
            assert_eq!(seats.pick(2, &mut random), Some(vec![2, 3]));
            let one = seats.pick(1, &mut random).unwrap();
            assert!([0, 2, 3, 5].contains(&one[0]));
        }
        assert_eq!(seats.pick(4, &mut random), Some(vec![2, 3]));
        assert_eq!(seen(&[1, 2, 1]).pick(1, &mut random), None);
    }

    #[test]
    fn an_availability_that_is_cut_short_is_refused() {
        assert!(SeenSeats::read(&[0; HEADER], 4).is_err());
        assert!(SeenSeats::read(&[0; HEADER + 2], 4).is_err());
    }
}
