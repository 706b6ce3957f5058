//! What sort of event it is, for whoever looks for one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The sort of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventCategory {
    /// Music, played live.
    Concert,
    /// Several acts, or days.
    Festival,
    /// A night to dance.
    Club,
    /// A play, musical or dance.
    Theatre,
    /// Something to laugh about.
    Comedy,
    /// Orchestras, chamber music, opera.
    Classical,
    /// A film or several.
    Film,
    /// A match, race or tournament.
    Sport,
    /// For children and whoever comes along.
    Family,
    /// Something to look at: a museum, a fair.
    Exhibition,
    /// Talks and meetings.
    Conference,
    /// None of the others.
    Other,
}

impl EventCategory {
    /// All of them, in the order in which people are shown them.
    pub const ALL: [Self; 12] = [
        Self::Concert,
        Self::Festival,
        Self::Club,
        Self::Theatre,
        Self::Comedy,
        Self::Classical,
        Self::Film,
        Self::Sport,
        Self::Family,
        Self::Exhibition,
        Self::Conference,
        Self::Other,
    ];

    /// Returns the word for it in tables, JSON and addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Concert => "concert",
            Self::Festival => "festival",
            Self::Club => "club",
            Self::Theatre => "theatre",
            Self::Comedy => "comedy",
            Self::Classical => "classical",
            Self::Film => "film",
            Self::Sport => "sport",
            Self::Family => "family",
            Self::Exhibition => "exhibition",
            Self::Conference => "conference",
            Self::Other => "other",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_json_is_the_word_in_tables() {
        for category in EventCategory::ALL {
            assert_eq!(serde_json::to_value(category).unwrap(), category.word());
            assert_eq!(EventCategory::from_word(category.word()), Some(category));
        }
    }
}
