//! What the counter of the box office says while somebody sells at it.

/// What the counter says. Values stand in braces, for its page to fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterWords {
    /// What was entered is no amount.
    NotAnAmount,
    /// A sale is done: `tickets`, `price`, `code`.
    Sold,
    /// The sale that was asked for before, with other entries, may have been done.
    SoldBefore,
    /// The till is closed, and the count is right.
    CountRight,
    /// The till is closed, and this much is missing: `by`.
    Missing,
    /// The till is closed, and this much is too much: `by`.
    TooMuch,
    /// The server does not answer.
    NoAnswer,
}

impl CounterWords {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NotAnAmount,
        Self::Sold,
        Self::SoldBefore,
        Self::CountRight,
        Self::Missing,
        Self::TooMuch,
        Self::NoAnswer,
    ];

    /// Returns the name by which the page asks for it.
    pub fn key(self) -> &'static str {
        match self {
            Self::NotAnAmount => "not-an-amount",
            Self::Sold => "sold",
            Self::SoldBefore => "sold-before",
            Self::CountRight => "count-right",
            Self::Missing => "missing",
            Self::TooMuch => "too-much",
            Self::NoAnswer => "no-answer",
        }
    }
}

/// Says it.
pub fn counter(words: CounterWords) -> &'static str {
    match words {
        CounterWords::NotAnAmount => "That is not an amount of money.",
        CounterWords::Sold => "Sold {tickets} for {price}. Booking {code}.",
        CounterWords::SoldBefore => {
            "The sale before this one, which had no answer, may have been made: look for it among the bookings. Then sell this one again."
        }
        CounterWords::CountRight => "The till is closed, and the count is right.",
        CounterWords::Missing => "The till is closed: {by} missing.",
        CounterWords::TooMuch => "The till is closed: {by} too much.",
        CounterWords::NoAnswer => {
            "The server does not answer. Try again: what was sent already is not done twice."
        }
    }
}
