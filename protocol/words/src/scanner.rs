//! What the scanner itself says to staff: its screen, what is typed there, its commands; what a verdict says is the gates'.

mod corrections;
pub mod outcome;

use crate::StaffMessage;

pub use corrections::{
    HOW_MANY_INSIDE, NoCorrection, WHO_COUNTS, WHO_UNDOES, WHO_UNDOES_OR_YOU, WHY_UNDONE, counted,
    hubs_missing, no_correction, not_counted,
};

/// Shown large while nothing is.
pub const READY: &str = "READY";
/// Under [`READY`].
pub const SHOW_A_CODE: &str = "Show a code";
/// Banner over an answer no hub gave.
pub const JUDGED_ALONE: &str = "JUDGED ALONE: no hub gave an answer";
/// Short form of [`JUDGED_ALONE`] for output lines.
pub const ALONE: &str = "judged alone";
/// Label of a count.
pub const ADMITTED: &str = "admitted";
/// Label of a count.
pub const DENIED: &str = "denied";
/// Label of a count.
pub const REFERRED: &str = "referred";
/// The camera is there but sends nothing.
pub const NO_PICTURES: &str =
    "the camera sends no pictures: check its cable, or unplug it and plug it in again";
/// A code is seen but blurred.
pub const HOLD_STILL: Help = Help {
    name: "hold_still",
    short: "Hold still",
    what_to_do: "Hold the code still, straight in front of the camera",
};
/// A code is seen but too small.
pub const TOO_FAR: Help = Help {
    name: "too_far",
    short: "Too far",
    what_to_do: "Hold the code closer to the camera",
};
/// A code is seen but something shines on it.
pub const GLARE: Help = Help {
    name: "glare",
    short: "Glare",
    what_to_do: "Tilt the code, or shade it with a hand",
};
/// The direction into a zone.
pub const IN: &str = "in";
/// The direction out of a zone.
pub const OUT: &str = "out";
/// Nobody is there to ask.
pub const NO_HUB: &str = "no hub linked: judging alone";
/// No address to link to is known.
pub const NO_ADDRESS: &str = "no hub address known: judging alone (name one with --hub HOST:PORT)";
/// Why.
pub const BEING_ASKED: &str = "The hubs are being asked";
/// A code was shown again before it was away for long enough to be another scan.
pub const COUNTS_ONCE: &str =
    "Same code again: it counts once. To scan it a second time, take it away for 3 seconds";
/// What can be typed at the running screen.
pub const KEYS: &str = "Type and press Enter: a number = so many people pass with the next scan; in or out = the way they \
    pass; a ticket code (8 letters and digits) or the digits of a QR code = scan it; override = let in the ticket shown last, with as many people as were refused, against the rules; \
    undo and why = nobody passed by the last yes; undo alone = a supervisor undoes the last passage with the ticket shown last; \
    count = a supervisor says how many people are inside";
/// Asked of whoever wants to undo.
pub const WHY_UNDO: &str = "Type undo and the reason on one line, for example: undo the turnstile did not turn. It undoes this scanner's last admission";
/// There is no yes to undo.
pub const NOTHING_TO_UNDO: &str =
    "There is nothing to undo: nobody has passed here since the start, or it was undone already";
/// Asked before an override.
pub const WHO_OVERRIDES: &str = "Override: the supervisor's name? (Enter cancels)";
/// Asked then.
pub const WHY_OVERRIDE: &str = "Override: the reason, in a few words? (Enter cancels)";
/// Asked last, at a scanner that may not override by itself; the terminal does not show it.
pub const TYPE_PIN: &str = "Now the supervisor's PIN? It is not shown (Enter cancels)";
/// Said when staff think better of it.
pub const TAKEN_BACK: &str = "Cancelled: nothing was done";
/// There is no ticket to override.
pub const SHOW_IT_FIRST: &str = "Show the ticket first, then type override";
/// The same at a page, where nothing is typed.
pub const SHOW_THE_TICKET: &str = "Show the ticket first";
/// What staff meant is not what would be done any more.
pub const ANOTHER_WAS_SHOWN: &str =
    "Another ticket was shown meanwhile, so nothing was done: look which one it is, and begin again";
/// Names what was shown where it cannot be read as a ticket.
pub const A_CODE_WITHOUT_A_TICKET: &str = "the code shown last";
/// What to do then.
pub const OVERRIDES_LET_IN: &str = "An override lets people in, and this scanner lets them out. Whoever leaves is let out anyway: scan the ticket. \
    To let somebody in, type in first";
/// A ticket that was found by its ticket code.
pub const BY_TICKET_CODE: &str = "found by its ticket code";

/// A hub of the event refuses this scanner.
pub const REFUSED: &str = "A hub refuses this scanner: ask the organizer, or use another one";
/// What `verify` never does.
pub const NOT_RECORDED: &str = "nothing recorded";
/// A certificate without a list of gates.
pub const EVERY_GATE: &str = "every gate";
/// The event, before a policy was heard.
pub const EVENT_NOT_HEARD_YET: &str = "an event whose name was not heard yet";
/// The event's own name, before a policy was heard.
pub const NOT_HEARD_YET: &str = "name not heard yet";
/// Who writes the authority log.
pub const AUTHORITY: &str = "the organizer's cloud";
/// No hub was ever linked.
pub const NEVER_LINKED: &str = "to no hub yet";

/// Why there is no ticket for what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTicket {
    /// A character is wrong.
    Mistyped,
    /// No ticket of the event has that code.
    Unknown,
    /// The hubs do not reach the cloud.
    NoCloud,
    /// No hub answered.
    NoHub,
    /// Too many codes that there are not were asked for here.
    TooOften,
    /// The hubs are of an earlier version.
    OldHub,
    /// Nobody is asked at all.
    Offline,
}

/// Why an override was not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecided {
    /// The certificate lacks the capability.
    MayNot,
    /// They go out, and whoever leaves is let out anyway.
    Outwards,
    /// No hub answered.
    NoHub,
}

/// Why this scanner judges nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// Its certificate is not valid now.
    Expired,
    /// It was revoked.
    Revoked,
    /// A hub of the event refuses it.
    Refused,
    /// Its disk takes nothing.
    Disk,
}

/// Says why this scanner judges nothing.
#[must_use]
pub fn barred(bar: Bar) -> StaffMessage {
    match bar {
        Bar::Expired => StaffMessage::new(
            "Do not use",
            "By this scanner's clock its certificate is not valid: check the clock first; if it is right, enrol it anew",
        ),
        Bar::Revoked => StaffMessage::new("Do not use", "This scanner was withdrawn: use another one"),
        Bar::Refused => StaffMessage::new("Do not use", REFUSED),
        Bar::Disk => StaffMessage::new(
            "Cannot decide",
            "This scanner cannot save to its disk: make room on it, or use another scanner",
        ),
    }
}

/// Says why there is no ticket for a ticket code that was typed.
#[must_use]
pub fn no_ticket(why: NoTicket) -> StaffMessage {
    match why {
        NoTicket::Mistyped => StaffMessage::new(
            "Mistyped",
            "This is no ticket code: at least one character is wrong. Compare it with the ticket and type it again",
        ),
        NoTicket::Unknown => StaffMessage::new(
            "No such ticket",
            "No ticket of this event has this code. Compare it with the ticket; if it is right, send to the box office",
        ),
        NoTicket::NoCloud => StaffMessage::new(
            "Cannot look up",
            "Ticket codes are looked up over the internet, and the hub has no connection. Show the QR code on \
    paper or on any phone, or send to the box office",
        ),
        NoTicket::NoHub => StaffMessage::new(
            "Cannot look up",
            "No hub answered. Show the QR code on paper or on any phone, or send to the box office",
        ),
        NoTicket::OldHub => StaffMessage::new(
            "Cannot look up",
            "The hub is too old to look up ticket codes: update it, and show the QR code meanwhile",
        ),
        NoTicket::Offline => StaffMessage::new(
            "Cannot look up",
            "Only the cloud knows ticket codes, and verify asks nobody: type the code at the running scanner, or give the QR code",
        ),
        NoTicket::TooOften => StaffMessage::new(
            "Too many tries",
            "Too many wrong ticket codes were typed here. Wait half a minute, or show the QR code",
        ),
    }
}

/// Says in one line that what was typed is no ticket code.
#[must_use]
pub fn mistyped() -> String {
    no_ticket(NoTicket::Mistyped).line()
}

/// Says what a name or a reason may be that is written down.
#[must_use]
pub fn not_for_the_record(most_bytes: usize) -> String {
    format!("1 to {most_bytes} bytes of plain text, in one line, are recorded")
}

/// Says why an override was not decided.
#[must_use]
pub fn undecided(why: Undecided) -> StaffMessage {
    match why {
        Undecided::MayNot => StaffMessage::new(
            "Not allowed",
            "This scanner may not override by itself: type a supervisor's PIN, or use a supervisor's scanner",
        ),
        Undecided::Outwards => StaffMessage::new("Not needed", OVERRIDES_LET_IN),
        Undecided::NoHub => StaffMessage::new(
            "Cannot decide",
            "No hub answered, and without one nobody is let in against the rules: try again",
        ),
    }
}

/// Says that a hub alone decides on a ticket, which was not asked.
#[must_use]
pub fn for_a_hub() -> StaffMessage {
    StaffMessage::new(
        "A hub decides",
        "Nothing known here speaks against this ticket, but only a hub can say whether it lets people in now. verify asks no hub: scan the ticket at any gate that is linked",
    )
}

/// Says that an answer takes longer than usual.
#[must_use]
pub fn waiting() -> StaffMessage {
    StaffMessage::new("Wait", BEING_ASKED)
}

/// Says that an undo is in this scanner's log alone, and what to do.
#[must_use]
pub fn annulled_here_only() -> StaffMessage {
    StaffMessage::new(
        "Undone only here",
        "No hub has heard of it yet, so hubs still refuse the ticket. Start usher-scan run here and keep it linked",
    )
}

/// What helps a code that is seen to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Help {
    /// For scripts, never translated.
    pub name: &'static str,
    /// What is wrong, in large letters.
    pub short: &'static str,
    /// What to do about it.
    pub what_to_do: &'static str,
}

/// Says of a used ticket that it was used here, a moment ago.
#[must_use]
pub fn used_here(ago_ms: u64) -> String {
    format!("just now, this gate ({} s ago)", ago_ms / 1_000)
}

/// Says what time it is where nobody confirms it.
#[must_use]
pub fn by_own_clock(date: &str) -> String {
    format!("{date} by this scanner's clock")
}

/// Says when a hub was last linked.
#[must_use]
pub fn heard(hub: &str, at: &str) -> String {
    format!("{hub} (last heard {at})")
}

/// Says when something was so that need not be so any more.
#[must_use]
pub fn as_of(words: &str, at: &str) -> String {
    format!("{words} (as of {at})")
}

/// Says whom the scanner is linked to.
#[must_use]
pub fn linked_to(hubs: &[String]) -> String {
    format!("linked to {}", hubs.join(" and "))
}

/// Says that records wait for a hub.
#[must_use]
pub fn kept(records: u64) -> String {
    let records = match records {
        1 => "1 record".to_owned(),
        records => format!("{records} records"),
    };
    format!("{records} of this scanner reached no hub yet: start it again when a hub is in reach")
}

/// Says where the scanner stands and for which event.
#[must_use]
pub fn place_of_event(place: &str, event: &str) -> String {
    format!("{place}, {}", for_event(event))
}

/// Says how many people pass with the next scan.
#[must_use]
pub fn next_scan(persons: u8) -> String {
    match persons {
        1 => "next scan: 1 person".to_owned(),
        persons => format!("next scan: {persons} people"),
    }
}

/// Says for which event the scanner stands there.
#[must_use]
pub fn for_event(event: &str) -> String {
    format!("for {event}")
}

/// Names a gate and a direction in one.
#[must_use]
pub fn place(gate: &str, way: &str) -> String {
    format!("gate {gate}, {way}")
}
