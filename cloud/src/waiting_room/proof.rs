//! What is published of a draw, as a file that anybody can check without us: a line of JSON, then the hash of each early pass in the order of
//! their numbers, a line each.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use usher_keys::EventId;
use usher_protocol::plain::is_plain;

use super::Room;
use super::draw::{Draw, root, sha256};

/// The first line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedDraw {
    /// The event.
    pub event_id: EventId,
    /// SHA-256 of the seed, in hexadecimal; published before anybody came.
    pub commitment: String,
    /// Which public value the beacon is; published before anybody came.
    pub beacon_source: String,
    /// How many passes there are.
    pub lobby: u64,
    /// Their Merkle root, in hexadecimal; published before the beacon was known.
    pub root: String,
    /// The beacon, once it is drawn.
    pub beacon: Option<String>,
    /// The seed, in hexadecimal, once it is drawn.
    pub seed: Option<String>,
}

impl PublishedDraw {
    /// Returns what is published of a room now; `None` before its root is.
    pub fn of(room: &Room) -> Option<Self> {
        let (lobby, root) = (room.lobby?, room.root?);
        Some(Self {
            event_id: room.event,
            commitment: HEXLOWER.encode(&room.commitment),
            beacon_source: room.terms.beacon_source.clone(),
            lobby,
            root: HEXLOWER.encode(&root),
            beacon: room.drawn.as_ref().map(|(_, beacon)| beacon.clone()),
            seed: room.drawn.as_ref().map(|(seed, _)| HEXLOWER.encode(seed)),
        })
    }
}

/// Why a file proves no draw.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WrongProof {
    /// The first line is of something else.
    #[error("the first line is not that of a published draw: fetch the file anew")]
    FirstLine,
    /// So is another one, counted from 1.
    #[error("line {0} is not a hash of 64 hexadecimal digits: fetch the file anew")]
    Line(usize),
    /// There are more or fewer passes than were drawn.
    #[error(
        "the file lists {listed} passes, and the draw was of {lobby}: fetch the file anew; if it stays so, the list is not the one that was drawn"
    )]
    OtherCount { listed: u64, lobby: u64 },
    /// The list is not the one of the root.
    #[error("the passes have another root than was published: somebody has changed the list")]
    OtherRoot,
    /// The seed is not the one of the commitment.
    #[error("the seed is not the one that was committed to: somebody has chosen another one")]
    OtherSeed,
    /// There is no beacon yet.
    #[error("the lobby is not drawn yet: its beacon is to come")]
    Undrawn,
}

/// A draw that was recomputed and is sound.
#[derive(Debug)]
pub struct ProvenDraw {
    pub published: PublishedDraw,
    /// The passes, in the order of their numbers.
    pub passes: Vec<[u8; 32]>,
    /// Their ranks.
    pub ranks: Vec<u64>,
}

/// Recomputes the draw of a file.
///
/// # Errors
///
/// [`WrongProof`].
pub fn prove(file: &str) -> Result<ProvenDraw, WrongProof> {
    let mut lines = file.lines();
    let first = lines.next().unwrap_or_default();
    let published: PublishedDraw = serde_json::from_str(first).map_err(|_| WrongProof::FirstLine)?;
    // Both are shown, and nobody's file writes lines of its own there.
    let shown = [Some(&published.beacon_source), published.beacon.as_ref()];
    if !shown.into_iter().flatten().all(|text| is_plain(text)) {
        return Err(WrongProof::FirstLine);
    }
    let passes = lines
        .zip(2..)
        .map(|(line, number)| hash(line).ok_or(WrongProof::Line(number)));
    let passes: Vec<[u8; 32]> = passes.collect::<Result<_, _>>()?;
    let (listed, lobby) = (passes.len() as u64, published.lobby);
    if listed != lobby {
        return Err(WrongProof::OtherCount { listed, lobby });
    }
    let root = root(&passes);
    if hash(&published.root) != Some(root) {
        return Err(WrongProof::OtherRoot);
    }
    let (Some(seed), Some(beacon)) = (&published.seed, &published.beacon) else {
        return Err(WrongProof::Undrawn);
    };
    let seed = hash(seed).filter(|seed| hash(&published.commitment) == Some(sha256(&[seed])));
    let seed = seed.ok_or(WrongProof::OtherSeed)?;
    let ranks = Draw::new(published.event_id, &seed, &root, beacon, lobby).ranks();
    Ok(ProvenDraw {
        published,
        passes,
        ranks,
    })
}

fn hash(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (PublishedDraw, Vec<[u8; 32]>) {
        let passes: Vec<[u8; 32]> = (0..5).map(|byte| [byte; 32]).collect();
        let published = PublishedDraw {
            event_id: EventId([7; 16]),
            commitment: HEXLOWER.encode(&sha256(&[&[1; 32]])),
            beacon_source: "a die".into(),
            lobby: 5,
            root: HEXLOWER.encode(&root(&passes)),
            beacon: Some("4".into()),
            seed: Some(HEXLOWER.encode(&[1; 32])),
        };
        (published, passes)
    }

    fn write(published: &PublishedDraw, passes: &[[u8; 32]]) -> String {
        let first = serde_json::to_string(published).unwrap();
        let lines = passes.iter().map(|pass| HEXLOWER.encode(pass));
        [first].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_file_proves_its_draw_and_a_changed_one_does_not() {
        let (published, mut passes) = file();
        let proven = prove(&write(&published, &passes)).unwrap();
        let mut ranks = proven.ranks.clone();
        ranks.sort_unstable();
        assert_eq!(ranks, [0, 1, 2, 3, 4]);
        let check = |published: &PublishedDraw, passes: &[[u8; 32]], wrong: WrongProof| {
            assert_eq!(prove(&write(published, passes)).unwrap_err(), wrong);
        };
        let other = |change: fn(&mut PublishedDraw)| {
            let mut other = file().0;
            change(&mut other);
            other
        };
        let seed = other(|draw| draw.seed = Some("00".repeat(32)));
        check(&seed, &passes, WrongProof::OtherSeed);
        let lines = other(|draw| draw.beacon_source = "a die\nThe draw is sound\u{1b}[2A".into());
        check(&lines, &passes, WrongProof::FirstLine);
        let undrawn = other(|draw| draw.beacon = None);
        check(&undrawn, &passes, WrongProof::Undrawn);
        let count = WrongProof::OtherCount { listed: 4, lobby: 5 };
        check(&published, &passes[..4], count);
        passes.swap(0, 1);
        check(&published, &passes, WrongProof::OtherRoot);
        assert_eq!(prove("").unwrap_err(), WrongProof::FirstLine);
        let text = write(&published, &passes) + "\nowl";
        assert_eq!(prove(&text).unwrap_err(), WrongProof::Line(7));
    }
}
