//! The word for how a booking stands: that of its payment, and what was given back since it was sold.

use super::bookings::BookingState;
use super::refunds::GivenBack;

/// All words for how a booking stands.
pub const STATUSES: [&str; 10] = [
    "paying",
    "action_required",
    "processing",
    "confirmed",
    "declined",
    "expired",
    "canceled",
    "refunding",
    "partly_refunded",
    "refunded",
];

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
    /// Returns the word, one of [`STATUSES`].
    pub fn word(&self) -> &'static str {
        let GivenBack { amount, is_running } = self.given_back;
        match self.state {
            BookingState::Confirmed if is_running => BookingState::Refunding.word(),
            BookingState::Confirmed if amount == 0 && !self.has_taken_back => self.state.word(),
            BookingState::Confirmed if amount == self.amount && !self.has_tickets => {
                BookingState::Refunded.word()
            }
            BookingState::Confirmed => "partly_refunded",
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
