//! What the station wants done with one scan; doing it is the clerk's.

use usher_protocol::ScanSecret;
use usher_protocol::admission::Direction;
use usher_protocol::pin::Pin;

use crate::overruling::Overruling;

/// One code to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCode {
    /// What the scan's id is drawn from; a retry carries the same, so that judging it twice counts once.
    pub secret: ScanSecret,
    /// What the code said, byte for byte.
    pub code: Vec<u8>,
}

/// What is wanted of one scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which way people pass.
    pub direction: Direction,
    /// How many, from 1.
    pub persons: u8,
    /// What is to be done.
    pub wish: Wish,
}

/// What is to be done with a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Judge it.
    Judge,
    /// Let its people in against the rules.
    Override(Overruling),
    /// Take it back: nobody passed by it.
    Annul { why: String },
    /// Take back the last scan of its ticket, whichever gate it was at.
    AnnulLast(Overruling),
    /// So many people are in the zone behind the gate; of no code.
    Count(CountedBy),
}

/// How many people somebody has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedBy {
    pub inside: u32,
    /// The supervisor's name.
    pub by: String,
    /// The supervisor's PIN, for a scanner that may not count by itself.
    pub pin: Option<Pin>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            direction: Direction::In,
            persons: 1,
            wish: Wish::Judge,
        }
    }
}
