//! What an organizer reads after a device was revoked or retired, or one of its two histories was chosen: what follows from it.

/// What follows when a device is revoked or retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence<'a> {
    /// It is revoked.
    Revoked {
        name: &'a str,
        /// The last record that counts.
        counts_up_to: u64,
    },
    /// It is a hub that was retired.
    Retired { name: &'a str },
    /// Records lie beyond the last that counts.
    Beyond { records: u64 },
    /// Some of these are dated before the time that was given.
    DatedEarlier { records: u64 },
    /// It was the last hub.
    NoHubLeft,
    /// Scanners that it enrolled stay.
    ScannersKept { count: usize },
    /// Scanners that it enrolled go.
    ScannersShutOut { count: usize },
}

/// Says what follows.
pub fn consequence(follows: Consequence<'_>) -> String {
    match follows {
        Consequence::Revoked { name, counts_up_to } => format!(
            "Whoever hears of this stops talking to {name}. What it wrote counts up to its record {counts_up_to}."
        ),
        Consequence::Retired { name } => format!(
            "Other hubs decide the places of {name} from now on. While it is linked with them its gates still let people in by \
             their word; cut off, it sends every guest with a strict ticket on. Switch it off."
        ),
        Consequence::Beyond { records } => format!(
            "{records} known records come after that and count for nothing: the people they let in may come in once more."
        ),
        Consequence::DatedEarlier { records } => format!(
            "{records} of them are dated earlier than the time you gave, after a later one: its clock was ahead, or somebody wrote \
             false times. If you know that it was the clock, say it again with a later time."
        ),
        Consequence::NoHubLeft => {
            "No hub is left: nobody gets in on a strict ticket until one is enrolled.".to_owned()
        }
        Consequence::ScannersKept { count } => format!(
            "{count} scanners that it enrolled stay valid. Those that ran while it was linked with other hubs go on at these by \
             themselves; look at each, and name a hub to one that finds none (usher-scan run --hub HOST:PORT)."
        ),
        Consequence::ScannersShutOut { count } => {
            format!("{count} scanners that it enrolled are shut out with it: enrol them anew.")
        }
    }
}

/// Says what follows once one of two histories counts.
pub const SETTLED: &str = "Copies of the other history are dropped wherever they are, and this one is fetched. The device may be used again once it has it. Switch off every other machine that holds a copy of its disk.";
