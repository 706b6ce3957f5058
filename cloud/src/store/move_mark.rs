//! What a store says of a move that it is in, or was: whoever opens it to serve is refused.

use std::fmt;

use super::location::StoreLocation;

/// How far a store's move has come, seen from one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkState {
    /// Its rows are being copied away.
    Leaving,
    /// All of it is elsewhere.
    Left,
    /// Rows are coming in.
    Arriving,
}

impl MarkState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Leaving, Self::Left, Self::Arriving];

    /// Returns the word for it in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Arriving => "arriving",
        }
    }
}

/// The mark of a store that is being moved, or was. What it shows is for whoever wanted to serve the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The same at both ends of a move.
    pub id: [u8; 16],
    /// How far it has come.
    pub state: MarkState,
    /// Where the other end is, without any secret.
    pub elsewhere: String,
}

impl Mark {
    /// Makes the mark of one end, with the other end's location.
    pub fn new(id: [u8; 16], state: MarkState, elsewhere: &StoreLocation) -> Self {
        Self {
            id,
            state,
            elsewhere: elsewhere.to_string(),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elsewhere = &self.elsewhere;
        match self.state {
            MarkState::Leaving => write!(
                f,
                "the store is being moved to {elsewhere}: let `usher-cloud move` finish, or call it off with its --undo"
            ),
            MarkState::Left => write!(f, "the store was moved to {elsewhere}: set store.url to that"),
            MarkState::Arriving => write!(
                f,
                "a store is being moved here from {elsewhere}, and not all of it is here: let `usher-cloud move` finish"
            ),
        }
    }
}
