//! A checkpoint cut into parts that fit frames, and put together again.

use bincode::{Decode, Encode};
use usher_keys::codec;

use crate::checkpoint::{MAX_CHECKPOINT_BYTES, SignedCheckpoint};

/// Bytes of a checkpoint in one part: small enough that a beat gets in between on a slow line.
pub const PART_BYTES: usize = 256 * 1024;
/// Most parts of a checkpoint.
const MAX_PARTS: usize = MAX_CHECKPOINT_BYTES / PART_BYTES + 1;
/// Largest signed checkpoint: the checkpoint, its signer and signature.
const MAX_SIGNED_BYTES: usize = 16 * 1024 * 1024;

/// A part of a signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Part {
    /// Its number, from 0.
    pub number: u16,
    /// How many there are.
    pub of: u16,
    pub bytes: Vec<u8>,
}

/// Cuts a checkpoint.
pub fn cut(checkpoint: &SignedCheckpoint) -> Vec<Part> {
    let bytes = codec::encode(checkpoint);
    let of = u16::try_from(bytes.len().div_ceil(PART_BYTES)).unwrap_or(u16::MAX);
    let chunks = (0..).zip(bytes.chunks(PART_BYTES));
    chunks
        .map(|(number, chunk)| Part {
            number,
            of,
            bytes: chunk.to_vec(),
        })
        .collect()
}

/// The parts that have come so far.
#[derive(Debug, Default)]
pub struct Parts(Vec<Option<Vec<u8>>>);

impl Parts {
    /// Takes a part; returns the checkpoint once it is whole. Parts of another cut begin anew.
    ///
    /// # Errors
    ///
    /// `Err` for a part that no honest peer sends.
    pub fn take(&mut self, part: Part) -> Result<Option<SignedCheckpoint>, BadPart> {
        let (number, of) = (usize::from(part.number), usize::from(part.of));
        if of == 0 || of > MAX_PARTS || number >= of || part.bytes.len() > PART_BYTES {
            return Err(BadPart);
        }
        if self.0.len() != of {
            self.0 = vec![None; of];
        }
        self.0[number] = Some(part.bytes);
        if self.0.iter().any(Option::is_none) {
            return Ok(None);
        }
        let bytes: Vec<u8> = std::mem::take(&mut self.0)
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        let checkpoint = codec::decode::<MAX_SIGNED_BYTES, _>(&bytes);
        checkpoint.map(Some).map_err(|_| BadPart)
    }
}

/// A part that no honest peer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPart;

#[cfg(test)]
mod tests {
    use usher_keys::{PublicKey, Signature};

    use super::*;

    fn checkpoint(bytes: usize) -> SignedCheckpoint {
        SignedCheckpoint {
            authority: PublicKey([1; 32]),
            bytes: (0..bytes).map(|at| at as u8).collect(),
            signature: Signature([2; 64]),
        }
    }

    #[test]
    fn parts_in_any_order_and_twice_make_the_whole() {
        for bytes in [0, 1, PART_BYTES, 3 * PART_BYTES + 7] {
            let whole = checkpoint(bytes);
            let mut parts = cut(&whole);
            parts.reverse();
            let last = parts.pop().unwrap();
            let mut taken = Parts::default();
            for part in parts.iter().chain(&parts) {
                assert_eq!(taken.take(part.clone()), Ok(None));
            }
            assert_eq!(taken.take(last), Ok(Some(whole)));
        }
    }

    #[test]
    fn parts_that_no_honest_peer_sends_are_refused() {
        let part = |number, of, bytes| Part {
            number,
            of,
            bytes: vec![0; bytes],
        };
        for bad in [
            part(0, 0, 1),
            part(1, 1, 1),
            part(0, 1, PART_BYTES + 1),
            part(0, u16::MAX, 1),
            part(0, 1, 9),
        ] {
            assert_eq!(Parts::default().take(bad), Err(BadPart));
        }
    }
}
