//! The waiting room of an event, decided: whose turn it is, by one number per event. Nobody is stored in a queue: each visitor carries a
//! pass with their number, and the room lets ranks below its threshold through. Rows are the store's, cookies and pages the rim's.

pub mod draw;
pub mod passes;
pub mod proof;
mod requests;
pub mod steering;
#[cfg(test)]
mod tests;

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use crate::selling::jobs::LeaseHolder;
use draw::Draw;
pub use requests::{
    DrawLobby, JoinRoom, LetThrough, LetThroughOutcome, LobbyQuery, PublishRoot, ResealRoom, SetRoom,
    SteerRoom,
};

/// How long whoever is let through may hold places: longer than choosing takes, and no longer, since others wait.
pub const LET_THROUGH_FOR: Duration = Duration::from_mins(10);

/// What an organizer says of a waiting room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomTerms {
    /// When the first are let through. Whoever comes before is in the lobby.
    pub opens_at: Timestamp,
    /// How many are let through in a minute at most.
    pub per_minute: u32,
    /// Whether the lobby is drawn; otherwise whoever comes first goes first.
    pub is_drawn: bool,
    /// Which public value will be the beacon of the draw, as it is announced before anybody comes; empty without a draw.
    pub beacon_source: String,
}

/// A waiting room: the one row of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub event: EventId,
    /// Whether its event is published, so that people may know of it.
    pub is_published: bool,
    /// Whether its event is canceled.
    pub is_canceled: bool,
    /// When its event ends.
    pub ends_at: Timestamp,
    pub terms: RoomTerms,
    /// The secret of its passes and of its draw, sealed under the master key.
    pub sealed: Vec<u8>,
    /// SHA-256 of the draw's seed.
    pub commitment: [u8; 32],
    /// How many passes were given out: the number of the next one.
    pub registered: u64,
    /// How many of them, the first ones, came before the opening; none while it is still to come.
    pub lobby: Option<u64>,
    /// The Merkle root of the lobby's passes, published before the beacon is known.
    pub root: Option<[u8; 32]>,
    /// The seed and the beacon of the draw, once it is drawn.
    pub drawn: Option<(/* seed */ [u8; 32], /* beacon */ String)>,
    /// Whoever has a rank below it is let through.
    pub threshold: u64,
    /// Until when all that the rate allows was given.
    pub raised_at: Timestamp,
    /// What of the rate is given now, in thousandths: less while the store is slow.
    pub pace: u32,
    /// Which process raises the threshold, and until when no other does.
    pub lease: Option<(LeaseHolder, Timestamp)>,
}

/// How far a waiting room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomPhase {
    /// Its opening is to come.
    Lobby,
    /// The lobby is closed and to be drawn.
    Drawing,
    /// People are let through.
    Open,
}

impl RoomPhase {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
            Self::Drawing => "drawing",
            Self::Open => "open",
        }
    }
}

/// How it stands with a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassTurn {
    /// The order is not known yet: the opening or the draw is to come.
    Undrawn,
    /// So many are before them.
    Waits { rank: u64, ahead: u64 },
    /// It is their turn.
    Through,
}

/// Why an organizer cannot change a waiting room in this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomRefusal {
    /// People have come, by what was announced of the draw.
    DrawAnnounced,
    /// The opening is past.
    Opened,
}

/// Why a beacon is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeaconRefusal {
    /// The event has no waiting room, or one without a draw.
    NoDraw,
    /// The lobby's root is not published yet: a beacon that is known before could be chosen by.
    NoRoot,
    /// Another one was given, and by it people have their ranks.
    Drawn,
}

impl Room {
    /// Tells whether anybody may wait: where nothing is sold any more nobody's turn comes.
    pub fn takes_visitors(&self, now: Timestamp) -> bool {
        self.is_published && !self.is_canceled && now < self.ends_at
    }

    /// Returns which phase it is in.
    pub fn phase(&self) -> RoomPhase {
        match self.lobby {
            None => RoomPhase::Lobby,
            Some(_) if self.terms.is_drawn && self.drawn.is_none() => RoomPhase::Drawing,
            Some(_) => RoomPhase::Open,
        }
    }

    /// Returns what gives the lobby its ranks, once it is drawn.
    pub fn draw(&self) -> Option<Draw> {
        let ((seed, beacon), root, lobby) = (self.drawn.as_ref()?, self.root?, self.lobby?);
        Some(Draw::new(self.event, seed, &root, beacon, lobby))
    }

    /// Returns how the pass of a number stands. Early ones go in the order of the draw, all others after them in the order in which
    /// they came.
    pub fn turn(&self, number: u64) -> PassTurn {
        self.turn_by(self.draw().as_ref(), number)
    }

    /// Returns whose turn it is by a draw made before.
    pub fn turn_by(&self, draw: Option<&Draw>, number: u64) -> PassTurn {
        if self.phase() != RoomPhase::Open {
            return PassTurn::Undrawn;
        }
        let rank = draw.map_or(number, |draw| draw.rank(number));
        match rank.checked_sub(self.threshold) {
            Some(ahead) => PassTurn::Waits { rank, ahead },
            None => PassTurn::Through,
        }
    }

    /// Returns how many are let through in a minute now.
    pub fn per_minute_now(&self) -> u32 {
        let now = u64::from(self.terms.per_minute) * u64::from(self.pace) / u64::from(steering::FULL_PACE);
        u32::try_from(now).unwrap_or(u32::MAX).max(1)
    }

    /// Decides whether its organizer may say this of it from now on.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_become(&self, terms: &RoomTerms) -> Result<(), RoomRefusal> {
        let announced = |terms: &RoomTerms| (terms.is_drawn, terms.beacon_source.clone());
        if self.registered > 0 && announced(terms) != announced(&self.terms) {
            return Err(RoomRefusal::DrawAnnounced);
        }
        if self.lobby.is_some() && terms.opens_at != self.terms.opens_at {
            return Err(RoomRefusal::Opened);
        }
        Ok(())
    }

    /// Decides whether a beacon is taken; the same one is taken again.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_draw(&self, beacon: &str) -> Result<(), BeaconRefusal> {
        match (&self.drawn, self.root) {
            _ if !self.terms.is_drawn => Err(BeaconRefusal::NoDraw),
            (Some((_, known)), _) if known != beacon => Err(BeaconRefusal::Drawn),
            (None, None) => Err(BeaconRefusal::NoRoot),
            (Some(_), _) | (None, Some(_)) => Ok(()),
        }
    }
}
