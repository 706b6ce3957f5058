//! What `usher-gate-agent supervisors` says of PINs; what staff read at a scanner is the gates'.

/// Asked at the terminal, which does not show what is typed then.
pub const TYPE_PIN: &str = "PIN (not shown): ";
/// The certificate lacks the capability.
pub const HUB_MAY_NOT: &str = "this hub may not override refusals, so a PIN would open nothing: have the organizer enrol it anew with the right to override";
/// Nobody has one.
pub const NO_SUPERVISORS: &str =
    "no supervisor has a PIN at this hub: set one with usher-gate-agent supervisors add NAME";
/// The system has failed.
pub const NO_RANDOMNESS: &str = "the system's random source failed, so no PIN can be drawn: try again";

/// Says which names there may be.
pub fn no_name(most_bytes: usize) -> String {
    format!(
        "a supervisor's name has 1 to {most_bytes} bytes of plain text in one line, without blanks around it, and does not end with (PIN)"
    )
}

/// Says that a PIN is set, and where it counts.
pub fn pin_set(name: &str, was_typed: bool) -> String {
    let once = if was_typed {
        ""
    } else {
        "this PIN is not shown again; "
    };
    format!(
        "{name} can override refusals, undo and count at every scanner of this hub: {once}set the same one at the other hubs of the event with \
         usher-gate-agent supervisors add --typed"
    )
}

/// Says who has a PIN.
pub fn listed(name: &str, since: &str) -> String {
    format!("{name}, PIN set {since}")
}

/// Says that a PIN is taken away.
pub fn removed(name: &str) -> String {
    format!("{name} has no PIN at this hub any more; it is refused from now on")
}

/// Says that nobody of that name has a PIN.
pub fn not_known(name: &str) -> String {
    format!("no supervisor named \"{name}\" has a PIN at this hub: see usher-gate-agent supervisors list")
}
