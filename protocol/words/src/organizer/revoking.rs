//! What an organizer reads after a device was revoked or retired, or one of its two histories was chosen: what follows from it.

use std::fmt::Display;

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
            "Every device that learns of this stops talking to {name}. What it wrote counts up to its record {counts_up_to}."
        ),
        Consequence::Retired { name } => format!(
            "Other hubs decide on the tickets of {name} from now on. While it is linked with them, its gates still let people in on \
             their word; when it is cut off, it sends everybody with a strict ticket to other gates. Switch it off."
        ),
        Consequence::Beyond { records } => {
            let which = [
                "known record comes after that and counts for nothing: the people it let in",
                "known records come after that and count for nothing: the people they let in",
            ];
            format!("{} may come in once more.", counted(records, which))
        }
        Consequence::DatedEarlier { records } => format!(
            "{} earlier than the time you gave, and behind one that is dated later: the device's clock was ahead, or somebody wrote \
             false times. If you know that it was the clock, say it again with a later time.",
            counted(records, ["of them is dated", "of them are dated"])
        ),
        Consequence::NoHubLeft => {
            "No hub is left: nobody gets in on a strict ticket until one is enrolled.".to_owned()
        }
        Consequence::ScannersKept { count } => format!(
            "{}. A scanner that was running while this hub was linked with others goes on at those by itself. Look at each scanner, \
             and name a hub to any that finds none (usher-scan run --hub HOST:PORT).",
            counted(
                count,
                [
                    "scanner that it enrolled stays valid",
                    "scanners that it enrolled stay valid"
                ]
            )
        ),
        Consequence::ScannersShutOut { count } => {
            let whose = ["scanner that it enrolled is", "scanners that it enrolled are"];
            format!("{} shut out with it: enrol each anew.", counted(count, whose))
        }
    }
}

fn counted<N: Display + PartialEq + From<u8>>(count: N, [one, more]: [&str; 2]) -> String {
    let words = if count == N::from(1) { one } else { more };
    format!("{count} {words}")
}

/// Says what follows once one of two histories counts.
pub const SETTLED: &str = "Copies of the other history are dropped wherever they are, and this one is fetched. The device may be used again once it has it. Switch off every other machine that holds a copy of its disk.";
