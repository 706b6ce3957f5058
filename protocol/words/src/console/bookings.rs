//! What the console says of bookings: how they, their tickets, refunds and letters stand.

/// How a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingStatus {
    /// Its payment has no known end.
    Paying,
    /// The buyer's bank asks first.
    ActionRequired,
    /// The payment takes its time.
    Processing,
    /// It has its tickets.
    Confirmed,
    /// The payment was declined.
    Declined,
    /// It was not paid in time.
    Expired,
    /// There was no charge.
    Canceled,
    /// Money is on its way back.
    Refunding,
    /// Some of the money was given back.
    PartlyRefunded,
    /// All of it was.
    Refunded,
}

impl BookingStatus {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Paying,
        Self::ActionRequired,
        Self::Processing,
        Self::Confirmed,
        Self::Declined,
        Self::Expired,
        Self::Canceled,
        Self::Refunding,
        Self::PartlyRefunded,
        Self::Refunded,
    ];

    /// Returns the word for it in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paying => "paying",
            Self::ActionRequired => "action_required",
            Self::Processing => "processing",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Refunding => "refunding",
            Self::PartlyRefunded => "partly_refunded",
            Self::Refunded => "refunded",
        }
    }

    /// Finds the one of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// Says how a booking stands.
pub fn booking(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::Paying => "being paid",
        BookingStatus::ActionRequired => "the buyer's bank asks first",
        BookingStatus::Processing => "payment on its way",
        BookingStatus::Confirmed => "confirmed",
        BookingStatus::Declined => "payment declined",
        BookingStatus::Expired => "not paid in time",
        BookingStatus::Canceled => "not paid",
        BookingStatus::Refunding => "money on its way back",
        BookingStatus::PartlyRefunded => "partly refunded",
        BookingStatus::Refunded => "refunded",
    }
}

/// How a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketStatus {
    /// It opens gates.
    Valid,
    /// A newer one has taken its place, for the same buyer.
    Superseded,
    /// It is somebody else's.
    Transferred,
    /// It opens nothing.
    Revoked,
}

/// Says how a ticket stands.
pub fn ticket(status: TicketStatus) -> &'static str {
    match status {
        TicketStatus::Valid => "valid",
        TicketStatus::Superseded => "replaced by a newer one",
        TicketStatus::Transferred => "somebody else's now",
        TicketStatus::Revoked => "revoked",
    }
}

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundProgress {
    /// Its tickets are being revoked.
    Revoking,
    /// The money is on its way.
    Giving,
    /// The buyer has it.
    Given,
    /// The payment service has refused it.
    Refused,
    /// It was given by another way.
    GivenOutside,
}

/// Says how a refund stands.
pub fn refund(status: RefundProgress) -> &'static str {
    match status {
        RefundProgress::Revoking => "tickets are being revoked",
        RefundProgress::Giving => "on its way",
        RefundProgress::Given => "given",
        RefundProgress::Refused => "refused by the payment service: look into it",
        RefundProgress::GivenOutside => "given by another way",
    }
}

/// How a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterStatus {
    /// It is to be sent.
    Waiting,
    /// A mail server has taken it.
    Sent,
    /// It was refused, or tried for too long.
    GivenUp,
}

/// Says how a letter stands.
pub fn letter(status: LetterStatus) -> &'static str {
    match status {
        LetterStatus::Waiting => "waiting",
        LetterStatus::Sent => "sent",
        LetterStatus::GivenUp => "given up: look at the address",
    }
}

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterAbout {
    /// The tickets of a booking.
    Tickets,
    /// A new code of a ticket.
    NewCode,
    /// A ticket that is somebody else's.
    TicketGone,
    /// A ticket that is theirs now.
    TicketReceived,
    /// Money that was given back.
    MoneyBack,
    /// Another date.
    NewDate,
    /// An event that does not take place.
    NoEvent,
    /// Places that have come back.
    PlacesBack,
    /// What the organizer writes.
    Message,
}

/// Says what a letter is about.
pub fn letter_about(about: LetterAbout) -> &'static str {
    match about {
        LetterAbout::Tickets => "booking confirmed",
        LetterAbout::NewCode => "ticket reissued",
        LetterAbout::TicketGone => "ticket transferred",
        LetterAbout::TicketReceived => "ticket received",
        LetterAbout::MoneyBack => "refund given",
        LetterAbout::NewDate => "event moved",
        LetterAbout::NoEvent => "event cancelled",
        LetterAbout::PlacesBack => "places offered",
        LetterAbout::Message => "message",
    }
}
