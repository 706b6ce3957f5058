//! Parts of checkpoints in any order, mixed, repeated and made up: whole is only what was cut, and room is bounded.

use usher_keys::Signature;
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::sync::parts::{PART_BYTES, Part, Parts, cut};

use super::Target;
use super::draw::Draw;
use super::scene::authority;

/// Bytes of the checkpoints that are cut: two of one part, two of two and one of three.
const SIZES: [usize; 5] = [0, 1_000, PART_BYTES, PART_BYTES + 7, 3 * PART_BYTES - 200];

/// The bytes say which part of which checkpoint comes next, or what else.
pub fn checkpoint_parts() -> Target {
    let wholes: Vec<SignedCheckpoint> = (0..)
        .zip(SIZES)
        .map(|(number, bytes)| whole(number, bytes))
        .collect();
    let cuts: Vec<Vec<Part>> = wholes.iter().map(cut).collect();
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        let mut taken = Parts::default();
        // For each part that waits, which checkpoint it was cut from; `None` for one that was made up.
        let mut slots: Vec<Option<Option<usize>>> = Vec::new();
        while draw.has_more() {
            let from = draw.below(SIZES.len() + 1);
            let honest = cuts.get(from);
            let part = match honest {
                Some(parts) => draw.pick(parts),
                None => made_up(&mut draw),
            };
            let (number, of) = (usize::from(part.number), usize::from(part.of));
            let Ok(made) = taken.take(part) else {
                assert!(honest.is_none() || slots.iter().flatten().any(|slot| *slot != Some(from)));
                return;
            };
            if slots.len() != of {
                slots = vec![None; of];
            }
            slots[number] = Some(honest.map(|_| from));
            if slots.iter().any(Option::is_none) {
                assert_eq!(made, None, "whole without all its parts");
                continue;
            }
            let all_of_one = slots.iter().all(|slot| *slot == Some(Some(from)));
            if honest.is_some() && all_of_one {
                assert!(made.as_ref() == Some(&wholes[from]), "another whole than was cut");
            }
            slots.clear();
        }
    })
}

fn whole(number: u8, bytes: usize) -> SignedCheckpoint {
    SignedCheckpoint {
        authority: authority().public(),
        bytes: vec![number; bytes],
        signature: Signature([number; 64]),
    }
}

fn made_up(draw: &mut Draw) -> Part {
    let bytes = match draw.below(4) {
        0 => PART_BYTES,
        1 => PART_BYTES + 1,
        _ => usize::from(draw.byte()),
    };
    Part {
        number: small_or_any(draw),
        of: small_or_any(draw),
        bytes: vec![draw.byte(); bytes],
    }
}

fn small_or_any(draw: &mut Draw) -> u16 {
    match draw.below(4) {
        0 => draw.u16(),
        _ => u16::from(draw.byte()) % 5,
    }
}
