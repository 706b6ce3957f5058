//! What buyers read on the cloud's pages of tickets and bookings, and when they hold too much; what else a request of theirs is refused with
//! is in `problems`.

/// Why a ticket is no longer valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// Somebody else has a newer one.
    Transferred,
    /// The same person has a newer one.
    Replaced,
    /// The organizer has revoked it.
    Revoked,
    /// Its event is cancelled.
    EventCanceled,
}

/// Says why a ticket is no longer valid; nothing of the one that took its place.
pub fn void(why: Void) -> &'static str {
    match why {
        Void::Transferred => "Transferred to somebody else",
        Void::Replaced => "Replaced by a newer ticket",
        Void::Revoked => "Cancelled by the organizer",
        Void::EventCanceled => "The event is cancelled",
    }
}

/// Where the unpaid places come from that are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldFrom {
    /// One browser.
    Browser,
    /// One address in the network.
    Address,
    /// All addresses of one network.
    Network,
}

/// Says that too many places are held and not paid for, and what to do.
pub fn too_many_held(from: HeldFrom, (held, most): (u32, u32), retry_after_seconds: u64) -> String {
    let whose = match from {
        HeldFrom::Browser => {
            format!("You hold {held} unpaid places; you may hold {most} at once.")
        }
        HeldFrom::Address => {
            format!("Your address holds {held} unpaid places; it may hold {most} at once.")
        }
        HeldFrom::Network => {
            format!("Your network holds {held} unpaid places; it may hold {most} at once.")
        }
    };
    format!("{whose} Pay for them or give them back, or try again in {retry_after_seconds} seconds.")
}

/// Says that somebody has joined waiting lists of an event too often.
pub fn too_many_joins(retry_after_seconds: u64) -> String {
    format!(
        "Waiting lists of this event were joined too often from here or with this address within a day: who waits already keeps their place. \
         Try again in {retry_after_seconds} seconds."
    )
}

/// Says how long somebody waits, as honestly as it is known.
pub fn about_minutes(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => "about a minute".into(),
        minutes @ 2..=90 => format!("about {minutes} minutes"),
        minutes => format!("about {} hours", minutes.div_ceil(60)),
    }
}

/// Says that bookings of one address keep too many places unpaid.
pub fn too_many_unpaid((kept, most): (u32, u32), retry_after_seconds: u64) -> String {
    format!(
        "Bookings with this address keep {kept} places of this event that are not paid for, and may keep {most}. Pay for them, or try again in \
         {retry_after_seconds} seconds."
    )
}

/// Says how many tickets of a kind may be in one order.
pub fn wrong_quantity(min: u32, max: Option<u32>) -> String {
    match max {
        Some(max) if max == min => format!("An order has exactly {min} of these tickets."),
        Some(max) => format!("An order has {min} to {max} of these tickets."),
        None => format!("An order has at least {min} of these tickets."),
    }
}

/// Says how many tickets of an event an order may have.
pub fn order_too_large(most: u32) -> String {
    format!("An order has at most {most} tickets of this event.")
}

/// Says how many tickets an order may have with a code.
pub fn too_many_with_code(most: u32) -> String {
    format!("An order with this code has at most {most} of these tickets.")
}

/// Says that others come first, because places were held and not paid for again and again.
pub fn held_in_vain(from: HeldFrom, retry_after_seconds: u64) -> String {
    let whose = match from {
        HeldFrom::Browser => "You have held places for long and not paid for them.",
        HeldFrom::Address => "From your address, places were held for long and not paid for.",
        HeldFrom::Network => "From your network, places were held for long and not paid for.",
    };
    let minutes = retry_after_seconds.div_ceil(60);
    format!("{whose} Others come first now: try again in {minutes} minutes.")
}

/// Why a booking has no tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTickets {
    /// The payment has no outcome yet.
    Paying,
    /// The buyer has something to do at the bank.
    ActionRequired,
    /// The bank takes its time.
    Processing,
    /// The bank has said no, and the places are still held.
    Declined,
    /// The bank has said no, and the places are free again.
    DeclinedAndFree,
    /// The money is on its way back.
    Refunding,
    /// The money was given back.
    Refunded,
    /// Nothing was paid.
    Unpaid,
}

/// Says why there are no tickets, and what became of the money.
pub fn no_tickets(why: NoTickets) -> &'static str {
    match why {
        NoTickets::Paying => {
            "The payment is not finished yet: look again in a minute, and do not pay a second time."
        }
        NoTickets::ActionRequired => {
            "Your bank asks you to confirm the payment. Your places are kept meanwhile, and nothing is charged until you confirm."
        }
        NoTickets::Processing => {
            "Your bank is still processing the payment. Your tickets appear here as soon as it has finished; do not pay a second time."
        }
        NoTickets::Declined => {
            "There are no tickets: the payment was declined, and nothing was charged. Your places are still held: try another card on the event's page."
        }
        NoTickets::DeclinedAndFree => {
            "There are no tickets: the payment was declined, and nothing was charged. Your places are free for everybody again: choose places on the event's page."
        }
        NoTickets::Refunding => {
            "There are no tickets: they could not be issued, and your money is being given back."
        }
        NoTickets::Refunded => {
            "There are no tickets: they could not be issued, and the money was given back."
        }
        NoTickets::Unpaid => {
            "There are no tickets: the booking was not paid, and nothing was charged. Choose places again."
        }
    }
}
