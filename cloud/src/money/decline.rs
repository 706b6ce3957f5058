//! Why somebody's money was not taken, in the words of tables, JSON and people.

/// Why a charge was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclineReason {
    /// The bank said no.
    Card,
    /// The gateway does not know the token.
    UnknownToken,
    /// The reference was given up before.
    GivenUp,
}

impl DeclineReason {
    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Card => "card_declined",
            Self::UnknownToken => "unknown_token",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Card, Self::UnknownToken, Self::GivenUp]
            .into_iter()
            .find(|reason| reason.word() == word)
    }
}
