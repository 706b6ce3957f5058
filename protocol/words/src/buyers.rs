//! What the cloud's API tells buyers who hold or ask too much, and what is noted on printed tickets; what else a request of theirs is refused with is in `problems`. What they read on
//! pages is in the cloud's own files, in their language.

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

/// What is noted on a printed ticket that only a phone shows, now or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperNote<'a> {
    /// Its code is on the phone alone.
    OnThePhone,
    /// Its code opens nothing from this time on.
    LiveFrom(&'a str),
}

/// Says what is noted on a printed ticket.
pub fn paper_note(note: PaperNote<'_>) -> String {
    match note {
        PaperNote::OnThePhone => "This ticket is shown live: its code is on the phone and changes every ten seconds. Paper opens nothing: \
            open the ticket's page on the phone that you bring along."
            .to_owned(),
        PaperNote::LiveFrom(when) => format!(
            "From {when} on this code opens nothing: the ticket is then shown live on the phone. Open its page there before."
        ),
    }
}
