//! Every word the scanner itself says to the staff, in one place to translate; what a verdict says comes with it.

use usher_eyes::Hint;

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
/// An answer takes longer than usual.
pub const WAIT: &str = "Wait";
/// Why.
pub const BEING_ASKED: &str = "The hubs are being asked";
/// A code was shown again before it was away for long enough to be another scan.
pub const COUNTS_ONCE: &str =
    "Same code again: it counts once. To scan it a second time, take it away for 3 seconds";
/// What can be typed at the running screen.
pub const KEYS: &str = "Type and press Enter: a number = so many people pass with the next scan; in or out = the way they \
    pass; a ticket code (8 letters and digits) or the digits of a QR code = scan it; override = let in the ticket shown last, with as many people as were refused, against the rules; \
    undo and why = nobody passed by the last yes";
/// Asked of whoever wants to undo.
pub const WHY_UNDO: &str = "Type undo and why in one line, like: undo the turnstile did not turn. It is for the last yes of this scanner";
/// There is no yes to undo.
pub const NOTHING_TO_UNDO: &str =
    "Nobody has passed here since the start, or that was undone: there is nothing to undo";
/// An undo that is in this scanner's log alone.
pub const NOT_HEARD_OF: &str = "Undone here only";
/// What to do then.
pub const KEEP_IT_LINKED: &str = "No hub has heard of it: they go on refusing the ticket until this scanner reaches one. Start usher-scan run here and keep it linked";
/// Asked before an override.
pub const WHO_OVERRIDES: &str = "Override: the supervisor's name? (Enter alone takes it back)";
/// Asked then.
pub const WHY_OVERRIDE: &str = "Override: the reason, in a few words? (Enter alone takes it back)";
/// Said when staff think better of it.
pub const TAKEN_BACK: &str = "Taken back: nothing was done";
/// There is no ticket to override.
pub const SHOW_IT_FIRST: &str = "Show the ticket first, then type override";
/// An override for people who go out.
pub const NOT_NEEDED: &str = "Not needed";
/// What to do then.
pub const OVERRIDES_LET_IN: &str = "An override lets people in, and this scanner lets them out. Whoever leaves is let out anyway: scan the ticket. \
    To let somebody in, type in first";
/// A scanner without the right to override.
pub const MAY_NOT_OVERRIDE: &str = "This scanner may not override: use a supervisor's";
/// Nobody was there to decide an override.
pub const NO_HUB_DECIDES: &str =
    "No hub answered, and without one nobody is let in against the rules: try again";
/// Asked when what was typed looks like a ticket code and is none.
pub const MISTYPED: &str = "Mistyped";
/// What to do then.
pub const TYPE_AGAIN: &str =
    "This is no ticket code: at least one character is wrong. Compare it with the ticket and type it again";
/// A ticket code that no ticket has.
pub const NO_SUCH_TICKET: &str = "No such ticket";
/// What to do then.
pub const COMPARE_CODE: &str = "No ticket of this event has this code. Compare it with the ticket; if it is right, send to the box office";
/// A ticket code that nobody can look up.
pub const CANNOT_LOOK_UP: &str = "Cannot look up";
/// What to do without the cloud.
pub const NO_CLOUD: &str = "Ticket codes are looked up over the internet, and the hub has no connection. Show the QR code on \
    paper or on any phone, or send to the box office";
/// What to do without a hub.
pub const NO_HUB_LOOKS_UP: &str =
    "No hub answered. Show the QR code on paper or on any phone, or send to the box office";
/// What to do with a hub of an earlier version.
pub const OLD_HUB: &str =
    "The hub is too old to look up ticket codes: update it, and show the QR code meanwhile";
/// What to do where no hub is asked.
pub const VERIFY_ASKS_NOBODY: &str = "verify asks nobody, and only the cloud knows ticket codes: type it at the running scanner, or give the QR code";
/// A ticket that this scanner cannot let in without a hub.
pub const HUB_DECIDES: &str = "A hub decides";
/// Why `verify` does not say more.
pub const HUB_WAS_NOT_ASKED: &str = "Nothing known here speaks against this ticket, but whether it lets in now a hub says, at any gate that is linked: verify asks nobody";
/// Too many ticket codes that there are not.
pub const TOO_MANY_TRIES: &str = "Too many tries";
/// What to do then.
pub const WAIT_TO_TRY: &str =
    "Too many wrong ticket codes were typed here. Wait half a minute, or show the QR code";
/// A ticket that was found by its ticket code.
pub const BY_TICKET_CODE: &str = "found by its ticket code";
/// An override that is refused for want of the right.
pub const NOT_ALLOWED: &str = "Not allowed";
/// A scan nobody could judge.
pub const CANNOT_DECIDE: &str = "Cannot decide";
/// This device's own disk is full or read-only.
pub const OWN_DISK: &str = "This scanner cannot save to its disk: make room on it, or use another scanner";
/// This device is not, or no longer, one of the event's.
pub const NOT_WELCOME: &str = "Do not use";
/// Its certificate is not valid now.
pub const EXPIRED: &str = "By this scanner's clock its certificate is not valid: check the clock first; if it is right, enrol it anew";
/// It was revoked.
pub const REVOKED: &str = "This scanner was withdrawn: use another one";
/// A hub of the event refuses it.
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

/// Puts a hint into words.
#[must_use]
pub fn help(hint: Hint) -> Help {
    match hint {
        Hint::HoldStill => HOLD_STILL,
        Hint::TooFar => TOO_FAR,
        Hint::Glare => GLARE,
    }
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
