//! How a booking stands, and the word for it: that of its payment, and what was given back since it was sold.

use usher_words::console::bookings::BookingStatus;

use crate::money::DeclineReason;

/// How a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingState {
    /// The payment has no known end.
    Paying,
    /// The buyer has something to do before the bank pays.
    ActionRequired,
    /// The bank takes its time.
    Processing,
    /// Paid, with tickets.
    Confirmed,
    /// The gateway declined.
    Declined(DeclineReason),
    /// It was not paid in time, and never will be.
    Expired,
    /// There was no charge.
    Canceled,
    /// It is paid, no tickets are issued any more, and the money is to be given back.
    Refunding,
    /// The charge was given back.
    Refunded,
}

/// How a booking ends without tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The gateway declined: the units go back to the reservation, or are available if its claimant holds too many without
    /// them.
    Declined(DeclineReason),
    /// There was no charge and will be none: the same, and the idempotency key is free again.
    Canceled,
    /// There was no charge within the time for it, and there will be none: the units are available.
    Expired,
    /// The charge was given back: the units are available.
    Refunded,
}

impl BookingState {
    /// Those of which the reason is told by their word alone.
    const PLAIN: [Self; 8] = [
        Self::Paying,
        Self::ActionRequired,
        Self::Processing,
        Self::Confirmed,
        Self::Expired,
        Self::Canceled,
        Self::Refunding,
        Self::Refunded,
    ];

    /// Returns the word for it in tables and JSON; why it was declined is told beside it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Paying => "paying",
            Self::ActionRequired => "action_required",
            Self::Processing => "processing",
            Self::Confirmed => "confirmed",
            Self::Declined(_) => "declined",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }

    /// Reads the word and, if it was declined, why.
    pub fn from_word(word: &str, decline: Option<&str>) -> Option<Self> {
        match (word, decline) {
            ("declined", Some(reason)) => DeclineReason::from_word(reason).map(Self::Declined),
            (word, _) => Self::PLAIN.into_iter().find(|state| state.word() == word),
        }
    }

    /// Tells whether its payment is not over: somebody has to see to it.
    pub fn is_open(self) -> bool {
        self.may_be_paid() || self == Self::Refunding
    }

    /// Tells whether it may still come to tickets.
    pub fn may_be_paid(self) -> bool {
        match self {
            Self::Paying | Self::ActionRequired | Self::Processing => true,
            Self::Confirmed
            | Self::Declined(_)
            | Self::Expired
            | Self::Canceled
            | Self::Refunding
            | Self::Refunded => false,
        }
    }

    /// Returns why it was declined, if it was.
    pub fn decline(self) -> Option<DeclineReason> {
        match self {
            Self::Declined(reason) => Some(reason),
            Self::Paying
            | Self::ActionRequired
            | Self::Processing
            | Self::Confirmed
            | Self::Expired
            | Self::Canceled
            | Self::Refunding
            | Self::Refunded => None,
        }
    }
}

/// What was given back of a booking after its sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GivenBack {
    /// How much the buyer has, in minor units.
    pub amount: i64,
    /// Whether more is on its way.
    pub is_running: bool,
}

/// All words for how a booking stands.
pub fn statuses() -> [&'static str; 10] {
    BookingStatus::ALL.map(BookingStatus::word)
}

/// What the word depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingFacts {
    /// How its payment stands.
    pub state: BookingState,
    /// What was to be paid, in minor units.
    pub amount: i64,
    /// What was given back after the sale.
    pub given_back: GivenBack,
    /// Whether a refund has taken a ticket of it back.
    pub has_taken_back: bool,
    /// Whether a ticket of it counts that was not taken back.
    pub has_tickets: bool,
}

impl BookingFacts {
    /// Returns the word, one of [`statuses`].
    pub fn word(&self) -> &'static str {
        let GivenBack { amount, is_running } = self.given_back;
        match self.state {
            BookingState::Confirmed if is_running => BookingState::Refunding.word(),
            BookingState::Confirmed if amount == 0 && !self.has_taken_back => self.state.word(),
            BookingState::Confirmed if amount == self.amount && !self.has_tickets => {
                BookingState::Refunded.word()
            }
            BookingState::Confirmed => BookingStatus::PartlyRefunded.word(),
            BookingState::Paying
            | BookingState::ActionRequired
            | BookingState::Processing
            | BookingState::Declined(_)
            | BookingState::Expired
            | BookingState::Canceled
            | BookingState::Refunding
            | BookingState::Refunded => self.state.word(),
        }
    }
}
