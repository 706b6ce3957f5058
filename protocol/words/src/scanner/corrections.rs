//! What the scanner says when a supervisor takes a scan back or counts a zone; what is said of PINs is the gates'.

use usher_protocol::correction::NotCounted;

use crate::StaffMessage;

/// Asked of a supervisor who undoes.
pub const WHO_UNDOES: &str =
    "Undo the last passage with the ticket shown last: the supervisor's name? (Enter cancels)";
/// The same, where staff can undo by themselves too.
pub const WHO_UNDOES_OR_YOU: &str = "Undo the last passage with the ticket shown last: the supervisor's name? (Enter cancels. \
    This scanner's last admission needs no supervisor: type undo and the reason on one line)";
/// Asked then.
pub const WHY_UNDONE: &str = "Undo: the reason, in a few words? (Enter cancels)";
/// Asked of a supervisor who counts.
pub const HOW_MANY_INSIDE: &str =
    "Count: how many people are in the zone behind this gate now? (Enter cancels)";
/// Asked then.
pub const WHO_COUNTS: &str = "Count: the supervisor's name? (Enter cancels)";

/// Why nobody corrected anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCorrection {
    /// The certificate lacks the capability, and no PIN was given.
    MayNot,
    /// No hub is linked.
    NoHub,
    /// A hub was asked and has not answered.
    NoAnswer,
}

/// Says why nothing was corrected, and what to do.
#[must_use]
pub fn no_correction(why: NoCorrection) -> StaffMessage {
    match why {
        NoCorrection::MayNot => StaffMessage::new(
            "Not allowed",
            "This scanner may not do that by itself: type a supervisor's PIN, or use a supervisor's scanner",
        ),
        NoCorrection::NoHub => StaffMessage::new(
            "Cannot do it",
            "The hub must check the PIN, and none is linked: restore the connection, or use a linked scanner",
        ),
        NoCorrection::NoAnswer => StaffMessage::new(
            "Not known",
            "The hub has not answered. It may have been done: check the hub's page before you try again",
        ),
    }
}

/// Says that a zone was counted.
#[must_use]
pub fn counted(zone: &str, inside: u32) -> StaffMessage {
    StaffMessage::new("Counted", format!("{zone}: {inside} inside now"))
}

/// Says why a count was not taken, and what to do.
#[must_use]
pub fn not_counted(why: NotCounted) -> StaffMessage {
    let detail = match why {
        NotCounted::NoSuchZone => "The hub knows no such zone: wait until it has heard the event's settings",
        NotCounted::NotAllowed => {
            "The hub may not write it down: use a supervisor's scanner, or count at another hub"
        }
    };
    StaffMessage::new("Not counted", detail)
}

/// Says that a count waits for hubs that are not heard.
#[must_use]
pub fn hubs_missing() -> StaffMessage {
    StaffMessage::new(
        "Not counted",
        "Counting needs all hubs linked, or people could be counted twice: restore the connections and count again",
    )
}
