//! What an organizer's people and keys have done, as lines of JSON: each names the hash of the one before, so that none is altered or taken out unseen.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher_keys::Timestamp;

use crate::ids::{ApiKeyId, OrganizerId, StaffId};
use crate::moment::Moment;
use crate::rights::StaffRole;

/// What the first line names as the one before it.
pub const BEGINNING: ActHash = ActHash([0; 32]);

/// The BLAKE3 hash of a line, without its end of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActHash(pub [u8; 32]);

impl ActHash {
    /// Hashes a line.
    pub fn of(line: &str) -> Self {
        Self(*blake3::hash(line.as_bytes()).as_bytes())
    }
}

impl std::fmt::Display for ActHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// What a line says. It has no secrets in it, and nothing about a buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Act {
    /// An operation was asked for by whom may do it; written before it is done.
    Asked {
        /// Which.
        operation: &'static str,
        /// By whom.
        by: Actor,
        /// What they may do.
        role: StaffRole,
        /// The network they are in: the first 24 bits of an IPv4 address, 48 of an IPv6 one.
        from: String,
        /// What it is done to: ids by name, those that open something cut short.
        of: BTreeMap<String, String>,
    },
    /// What came of it. Where this is missing, the server stopped or the time was over before anybody knew.
    Ended {
        /// The line in which it was asked for.
        asked: u64,
        /// The HTTP status.
        status: u16,
        /// What changed.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        changed: BTreeMap<String, ValueChange>,
        /// What the answer names: things that were made, and from where on something counts.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        answer: BTreeMap<String, Value>,
    },
}

/// Who has asked for an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Actor {
    /// Whoever has an API key, or a token that stands for it.
    Key(ApiKeyId),
    /// Somebody who is logged in.
    Staff(StaffId),
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(id) => id.fmt(f),
            Self::Staff(id) => id.fmt(f),
        }
    }
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    /// Before; null if there was none.
    pub before: Value,
    /// After; null if there is none.
    pub after: Value,
}

/// The place of a line among those of its organizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePlace {
    /// Whose line it is.
    pub organizer: OrganizerId,
    /// Its number, from 1.
    pub seq: u64,
    /// The hash of the one before.
    pub previous: ActHash,
}

#[derive(Serialize)]
struct Written<'a> {
    organizer: OrganizerId,
    seq: u64,
    previous: String,
    at: Moment,
    #[serde(flatten)]
    act: &'a Act,
}

#[derive(Deserialize)]
struct Read {
    organizer: OrganizerId,
    seq: u64,
    previous: String,
}

impl LinePlace {
    /// Returns the place of an organizer's first line.
    pub fn first(organizer: OrganizerId) -> Self {
        Self {
            organizer,
            seq: 1,
            previous: BEGINNING,
        }
    }

    /// Returns the place after that of a line.
    pub fn next(self, line: &str) -> Self {
        Self {
            organizer: self.organizer,
            seq: self.seq + 1,
            previous: ActHash::of(line),
        }
    }

    /// Writes the line for this place.
    pub fn write(self, at: Timestamp, act: &Act) -> String {
        let written = Written {
            organizer: self.organizer,
            seq: self.seq,
            previous: self.previous.to_string(),
            at: Moment(at),
            act,
        };
        serde_json::to_string(&written).expect("an act has string keys only")
    }

    /// Tells whether a line is of this place.
    pub fn is_of(self, line: &str) -> bool {
        serde_json::from_str::<Read>(line).is_ok_and(|read| {
            let names_previous = read.previous == self.previous.to_string();
            read.organizer == self.organizer && read.seq == self.seq && names_previous
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZER: OrganizerId = OrganizerId([1; 16]);

    fn ended(status: u16) -> Act {
        Act::Ended {
            asked: 1,
            status,
            changed: BTreeMap::new(),
            answer: BTreeMap::new(),
        }
    }

    fn two_lines() -> [String; 2] {
        let act = Act::Asked {
            operation: "publish",
            by: Actor::Key(ApiKeyId([2; 16])),
            role: StaffRole::Manager,
            from: "192.0.2.0/24".into(),
            of: BTreeMap::from([("event_id".into(), "evt_1".into())]),
        };
        let place = LinePlace::first(ORGANIZER);
        let first = place.write(Timestamp(0), &act);
        let second = place.next(&first).write(Timestamp(1), &ended(200));
        [first, second]
    }

    #[test]
    fn a_line_says_who_did_what_and_names_the_one_before() {
        let [first, second] = two_lines();
        let told = r#""at":"1970-01-01T00:00:00Z","operation":"publish","by":"key_"#;
        assert!(first.contains(told), "{first}");
        let told = r#""role":"manager","from":"192.0.2.0/24","of":{"event_id":"evt_1"}}"#;
        assert!(first.ends_with(told), "{first}");
        assert!(
            first.contains(&format!("\"seq\":1,\"previous\":\"{BEGINNING}\"")),
            "{first}"
        );
        assert!(
            second.contains(&format!("\"previous\":\"{}\"", ActHash::of(&first))),
            "{second}"
        );
        assert!(second.contains("\"asked\":1,\"status\":200"), "{second}");
    }

    #[test]
    fn a_line_that_was_altered_moved_or_taken_from_another_is_not_of_its_place() {
        let [first, second] = two_lines();
        let place = LinePlace::first(ORGANIZER);
        assert!(place.is_of(&first) && place.next(&first).is_of(&second));
        let altered = first.replace("publish", "see_all");
        assert!(!place.next(&altered).is_of(&second));
        assert!(!place.is_of(&second));
        assert!(!LinePlace::first(OrganizerId([3; 16])).is_of(&first));
        assert!(!place.is_of("{}") && !place.is_of(""));
    }
}
