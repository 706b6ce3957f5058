//! Event ids, points in time and windows: the plain values every other crate shares; no clock is read here.

use std::fmt;
use std::str::FromStr;

use bincode::{Decode, Encode};
use data_encoding::BASE32HEX_NOPAD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Identifies an event: 16 bytes, a UUID version 7, so ids sort by creation.
///
/// **Shape**: text is `evt_` and 26 lower-case base32hex characters, which sort as the bytes do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(pub [u8; 16]);

/// A text that is not an event id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not an event id: expected evt_ and 26 characters of 0-9 and a-v")]
pub struct InvalidEventId;

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{}", BASE32HEX_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let body = text.strip_prefix("evt_").ok_or(InvalidEventId)?;
        if body.len() != 26 || body.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidEventId);
        }
        let bytes = BASE32HEX_NOPAD
            .decode(body.to_ascii_uppercase().as_bytes())
            .map_err(|_| InvalidEventId)?;
        Ok(Self(bytes.try_into().map_err(|_| InvalidEventId)?))
    }
}

impl TryFrom<String> for EventId {
    type Error = InvalidEventId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.to_string()
    }
}

/// A point in time as milliseconds since the Unix epoch.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The latest point in time there is.
    pub const FOREVER: Self = Self(u64::MAX);

    /// Adds milliseconds, stopping at [`Timestamp::FOREVER`].
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns how many milliseconds lie between an earlier point and this one; 0 when `earlier` is later.
    pub fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A span of time, from `from` up to but not including `until`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first moment inside.
    pub from: Timestamp,
    /// The first moment outside again.
    pub until: Timestamp,
}

impl Window {
    /// The window that contains every moment.
    pub const ALWAYS: Self = Self {
        from: Timestamp(0),
        until: Timestamp::FOREVER,
    };

    /// Tells whether a moment lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// Tells whether it has ended by then.
    pub fn has_ended(&self, at: Timestamp) -> bool {
        self.until <= at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_ids_survive_the_way_to_text_and_back_and_sort_alike() {
        let low = EventId([1; 16]);
        let high = EventId([0xfe; 16]);
        assert_eq!(low.to_string().parse(), Ok(low));
        assert!(low.to_string() < high.to_string());
    }

    #[test]
    fn a_second_spelling_of_an_event_id_is_refused() {
        let id = EventId([7; 16]).to_string();
        for bad in [
            id.to_uppercase(),
            format!("{id} "),
            id[4..].to_owned(),
            format!("{id}0"),
            id.replace('_', "-"),
        ] {
            assert_eq!(bad.parse::<EventId>(), Err(InvalidEventId), "{bad}");
        }
    }
}
