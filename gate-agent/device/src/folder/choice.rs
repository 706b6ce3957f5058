//! Which event of a folder a person means: by its id or its name.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use usher_keys::EventId;

use super::Enrolled;

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventChoice {
    /// The event with this id.
    Id(EventId),
    /// The event that people call so, in capitals or not.
    Name(String),
}

impl EventChoice {
    /// Tells whether it means that event.
    pub fn means(&self, enrolled: &Enrolled) -> bool {
        match self {
            Self::Id(event) => *event == enrolled.event,
            Self::Name(name) => name.to_lowercase() == enrolled.event_name().to_lowercase(),
        }
    }
}

impl FromStr for EventChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let text = text.trim();
        Ok(text
            .parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Id))
    }
}

impl fmt::Display for EventChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(event) => event.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}
