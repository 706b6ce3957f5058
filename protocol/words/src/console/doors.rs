//! What the console says of an event before doors: what is done, what is missing, and what to do about it.

use crate::doctor::{Diagnosis, bad, good};

/// What matters before doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorsFinding<'a> {
    /// Its keys are signed.
    KeysSigned,
    /// They never were.
    NoKeys,
    /// They are to be signed anew, of which other words say why.
    KeysToSign(&'a str),
    /// It is published.
    Published,
    /// It is not.
    Draft,
    /// So many hubs are enrolled.
    Hubs(usize),
    /// So many scanners are enrolled.
    Scanners(usize),
    /// Something is wrong with a device.
    Device {
        name: &'a str,
        /// What, as `devices` says it.
        trouble: &'a str,
    },
}

/// Says how an event stands before doors.
pub fn finding(finding: DoorsFinding<'_>) -> Diagnosis {
    match finding {
        DoorsFinding::KeysSigned => good("The keys are signed, and last as long as the event."),
        DoorsFinding::NoKeys => {
            bad("The keys are not signed yet: without that nothing is sold and no device is let in.")
        }
        DoorsFinding::KeysToSign(why) => bad(why),
        DoorsFinding::Published => good("The event is published."),
        DoorsFinding::Draft => {
            bad("The event is a draft: publish it, so that gates hear what its tickets open.")
        }
        DoorsFinding::Hubs(0) => {
            bad("No hub is enrolled: make a code below, and type it at a machine at the venue.")
        }
        DoorsFinding::Hubs(1) => good("1 hub is enrolled."),
        DoorsFinding::Hubs(count) => good(format!("{count} hubs are enrolled.")),
        DoorsFinding::Scanners(0) => {
            bad("No scanner is enrolled: make a code below, or have a hub enrol them.")
        }
        DoorsFinding::Scanners(1) => good("1 scanner is enrolled."),
        DoorsFinding::Scanners(count) => good(format!("{count} scanners are enrolled.")),
        DoorsFinding::Device { name, trouble } => bad(format!("{name}: {trouble}")),
    }
}
