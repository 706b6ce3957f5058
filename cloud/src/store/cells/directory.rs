//! What the directory of cells says of events and cells, and what it is asked to write down.

use std::fmt;
use std::str::FromStr;

use usher_keys::{EventId, Timestamp};

use crate::ids::{OrganizerId, VenueId};
use crate::store::location::{CellName, InvalidCellName};

/// What people call the home cell.
pub const HOME: &str = "home";

/// Where an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the home cell.
    Home,
    /// In another.
    Cell(CellName),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home => f.write_str(HOME),
            Self::Cell(name) => name.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = InvalidCellName;

    fn from_str(text: &str) -> Result<Self, InvalidCellName> {
        Ok(match text {
            HOME => Self::Home,
            name => Self::Cell(name.parse()?),
        })
    }
}

/// A cell that takes new events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLine {
    /// Its name.
    pub name: CellName,
    /// How many events the directory has there.
    pub events: u32,
}

/// Asks to make a database a cell, or to let a cell take new events.
#[derive(Debug, Clone)]
pub struct NewCell {
    /// Its name.
    pub name: CellName,
}

/// What became of a database that was to be a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewCellOutcome {
    /// It is that cell.
    Cell,
    /// It is something else already.
    Used,
}

/// Asks to write down where a new event is to be.
#[derive(Debug, Clone)]
pub struct PlaceEvent {
    /// The event.
    pub event: EventId,
    /// The cells that do not answer: none of them is taken while there are others.
    pub away: Vec<CellName>,
}

/// What an event refers to that is kept at home.
#[derive(Debug, Clone, Copy)]
pub struct KeptAtHome {
    /// The organizer.
    pub organizer: OrganizerId,
    /// The venue.
    pub venue: VenueId,
    /// When the event was made.
    pub at: Timestamp,
}

/// Asks to write down that an event is on its way, has arrived, or stays.
#[derive(Debug, Clone)]
pub struct EventOnItsWay {
    /// The event.
    pub event: EventId,
    /// Where it is.
    pub at: Place,
    /// Where it goes to, if it does.
    pub to: Option<Place>,
}

/// Asks to write down that an event begins its way or stays, if the directory says still what it said before.
#[derive(Debug, Clone)]
pub struct TurnedEvent {
    /// The event.
    pub event: EventId,
    /// What the directory said.
    pub was: DirectoryLine,
    /// Where it goes to, if it does.
    pub to: Option<Place>,
}

/// Where the directory has an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryLine {
    /// Where it is.
    pub at: Place,
    /// Where it is on its way to.
    pub moving_to: Option<Place>,
}
