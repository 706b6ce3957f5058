//! Why somebody's money was not taken, in the words of tables, JSON and people.

/// Why a charge was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclineReason {
    /// The bank said no.
    Card,
    /// There is not enough on the account.
    InsufficientFunds,
    /// The card has expired.
    ExpiredCard,
    /// A number of the card is wrong.
    WrongNumbers,
    /// The bank asked the buyer, who did not confirm.
    NotAuthenticated,
    /// The gateway does not know the token.
    UnknownToken,
    /// The reference was given up before.
    GivenUp,
}

impl DeclineReason {
    const ALL: [Self; 7] = [
        Self::Card,
        Self::InsufficientFunds,
        Self::ExpiredCard,
        Self::WrongNumbers,
        Self::NotAuthenticated,
        Self::UnknownToken,
        Self::GivenUp,
    ];

    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Card => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ExpiredCard => "expired_card",
            Self::WrongNumbers => "wrong_card_numbers",
            Self::NotAuthenticated => "not_authenticated",
            Self::UnknownToken => "unknown_token",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}
