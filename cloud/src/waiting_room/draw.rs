//! The draw of a lobby: ranks that nobody could choose and everybody can recompute. The seed is committed to before the first pass, the
//! root of all passes is published before the beacon is known, and only then do seed, root and beacon give each number its rank.

use ring::digest::{Context, SHA256};
use usher_keys::EventId;

/// Rounds of the shuffle: as many as are proven to leave nothing to see of the old order for a list of a thousand million.
const ROUNDS: u8 = 90;
/// Positions whose bits come out of one hash.
const BITS: u64 = 256;
/// What the key of a draw begins with, so that it is a hash of nothing else.
const PURPOSE: &[u8] = b"usher draw 1";

/// Hashes parts, one after the other, with SHA-256.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Returns the Merkle root of the lobby's passes in the order of their numbers, as RFC 6962 makes one: leaves are hashed after a 0,
/// nodes after a 1, and what has no neighbour moves up as it is.
pub fn root(passes: &[[u8; 32]]) -> [u8; 32] {
    let mut level: Vec<[u8; 32]> = passes.iter().map(|pass| sha256(&[&[0], pass])).collect();
    while level.len() > 1 {
        let above = level.chunks(2).map(|pair| match pair {
            [left, right] => sha256(&[&[1], left, right]),
            alone => alone[0],
        });
        level = above.collect();
    }
    level.first().copied().unwrap_or_else(|| sha256(&[]))
}

/// The order of a lobby: a shuffle by swap-or-not (Hoang, Morris and Rogaway 2012), which gives each number one rank and each rank one
/// number without a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    key: [u8; 32],
    lobby: u64,
    /// For each round, around what numbers are mirrored.
    pivots: Vec<u64>,
}

impl Draw {
    /// Makes the order of a lobby of so many.
    pub fn new(event: EventId, seed: &[u8; 32], root: &[u8; 32], beacon: &str, lobby: u64) -> Self {
        let key = sha256(&[PURPOSE, &event.0, seed, root, beacon.as_bytes()]);
        let pivot = |round: u8| {
            let hash = sha256(&[&key, &[round]]);
            let [a, b, c, d, e, f, g, h, ..] = hash;
            u64::from_be_bytes([a, b, c, d, e, f, g, h]) % lobby.max(1)
        };
        let pivots = (0..ROUNDS).map(pivot).collect();
        Self { key, lobby, pivots }
    }

    /// Returns the rank of the pass with a number; those that came after the opening keep their number.
    pub fn rank(&self, number: u64) -> u64 {
        if number >= self.lobby {
            return number;
        }
        self.shuffled(number, |round, block| self.bits(round, block))
    }

    /// Returns the ranks of all numbers of the lobby, in their order; each hash is made once.
    pub fn ranks(&self) -> Vec<u64> {
        let mut ranks: Vec<u64> = (0..self.lobby).collect();
        for (round, pivot) in (0_u8..).zip(&self.pivots) {
            let blocks = self.lobby.div_ceil(BITS);
            let bits: Vec<[u8; 32]> = (0..blocks).map(|block| self.bits(round, block)).collect();
            for rank in &mut ranks {
                *rank = self.swapped(*rank, *pivot, |block| bits[block as usize]);
            }
        }
        ranks
    }

    fn shuffled(&self, number: u64, bits: impl Fn(u8, u64) -> [u8; 32]) -> u64 {
        let rounds = (0_u8..).zip(&self.pivots);
        rounds.fold(number, |rank, (round, pivot)| {
            self.swapped(rank, *pivot, |block| bits(round, block))
        })
    }

    /// Swaps a number with its mirror image, or not, by a bit that both have in common.
    fn swapped(&self, rank: u64, pivot: u64, bits: impl FnOnce(u64) -> [u8; 32]) -> u64 {
        let mirrored = (pivot + self.lobby - rank) % self.lobby;
        let position = rank.max(mirrored);
        let byte = bits(position / BITS)[(position % BITS / 8) as usize];
        if byte >> (position % 8) & 1 == 1 {
            mirrored
        } else {
            rank
        }
    }

    fn bits(&self, round: u8, block: u64) -> [u8; 32] {
        sha256(&[&self.key, &[round], &block.to_be_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: EventId = EventId([7; 16]);

    fn draw(beacon: &str, lobby: u64) -> Draw {
        Draw::new(EVENT, &[1; 32], &[2; 32], beacon, lobby)
    }

    #[test]
    fn each_number_has_one_rank_and_each_rank_one_number() {
        for lobby in [0, 1, 2, 3, 255, 256, 257, 1_000] {
            let draw = draw("heads", lobby);
            let ranks = draw.ranks();
            let each: Vec<u64> = (0..lobby).map(|number| draw.rank(number)).collect();
            assert_eq!(ranks, each);
            let mut sorted = ranks;
            sorted.sort_unstable();
            assert_eq!(sorted, (0..lobby).collect::<Vec<_>>(), "{lobby}");
            assert_eq!(draw.rank(lobby), lobby);
        }
    }

    #[test]
    fn another_beacon_seed_or_root_is_another_order() {
        let usual = draw("heads", 1_000).ranks();
        assert_eq!(usual, draw("heads", 1_000).ranks());
        assert_ne!(usual, draw("tails", 1_000).ranks());
        assert_ne!(
            usual,
            Draw::new(EVENT, &[3; 32], &[2; 32], "heads", 1_000).ranks()
        );
        assert_ne!(
            usual,
            Draw::new(EVENT, &[1; 32], &[3; 32], "heads", 1_000).ranks()
        );
        assert_ne!(
            usual,
            Draw::new(EventId([8; 16]), &[1; 32], &[2; 32], "heads", 1_000).ranks()
        );
    }

    #[test]
    fn the_root_is_that_of_rfc_6962_and_changes_with_every_pass() {
        let hex = |hash: [u8; 32]| data_encoding::HEXLOWER.encode(&hash);
        assert_eq!(
            hex(root(&[])),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let passes: Vec<[u8; 32]> = (0..7).map(|byte| [byte; 32]).collect();
        let leaf = |byte: u8| sha256(&[&[0], &[byte; 32]]);
        let node = |left: [u8; 32], right: [u8; 32]| sha256(&[&[1], &left, &right]);
        assert_eq!(root(&passes[..1]), leaf(0));
        let three = node(node(leaf(0), leaf(1)), leaf(2));
        assert_eq!(root(&passes[..3]), three);
        let whole = root(&passes);
        for place in 0..7 {
            let mut others = passes.clone();
            others[place] = [9; 32];
            assert_ne!(root(&others), whole);
        }
    }
}
