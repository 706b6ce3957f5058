//! What `doctor` says of a machine before anybody relies on it: one line for each thing that was looked at, with what to do about it.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// So little room on a disk is too little: an evening's scans and their indexes, and something to spare.
const TOO_LITTLE_MIB: u64 = 200;
/// With less room than this somebody should look before the next sale or show.
const LITTLE_MIB: u64 = 2_048;

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Doubtful,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub condition: Condition,
    /// What was found, and what to do unless it is good.
    pub words: String,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.condition {
            Condition::Good => "good ",
            Condition::Doubtful => "LOOK ",
            Condition::Bad => "WRONG",
        };
        write!(f, "{mark} {}", self.words)
    }
}

/// Says of something that it is as it should be.
pub fn good(words: impl Into<String>) -> Diagnosis {
    Diagnosis {
        condition: Condition::Good,
        words: words.into(),
    }
}

/// Says of something that somebody should look at it.
pub fn doubtful(words: impl Into<String>) -> Diagnosis {
    Diagnosis {
        condition: Condition::Doubtful,
        words: words.into(),
    }
}

/// Says of something that it does not work.
pub fn bad(words: impl Into<String>) -> Diagnosis {
    Diagnosis {
        condition: Condition::Bad,
        words: words.into(),
    }
}

/// Says how much room a disk has.
pub fn free_space(folder: &Path, mib: u64) -> Diagnosis {
    let room = format!("{mib} MiB are free on the disk of {}", folder.display());
    match mib {
        ..TOO_LITTLE_MIB => bad(format!("only {room}: make room, or nothing can be written down")),
        TOO_LITTLE_MIB..LITTLE_MIB => doubtful(format!("{room}: make room before it fills")),
        _ => good(room),
    }
}

/// Says whether the system keeps the clock by a time server, if it tells.
pub fn clock(is_kept: Option<bool>) -> Diagnosis {
    match is_kept {
        Some(true) => good("the clock is kept by a time server"),
        Some(false) => doubtful(
            "no time server keeps the clock: let this machine reach one (timedatectl set-ntp true), or compare it with a watch",
        ),
        None => doubtful(
            "the system does not tell whether a time server keeps the clock: compare it with a watch",
        ),
    }
}

/// What a program finds where it is to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortFound {
    /// It can be served there.
    Free,
    /// A program serves there already.
    Taken,
    /// This user may not serve there.
    Forbidden,
    /// The address is none of this machine's.
    NotHere,
}

/// Says whether it can be served at an address of the settings; `is_running` when the program of these settings runs already.
pub fn port(setting: &str, address: &dyn fmt::Display, found: PortFound, is_running: bool) -> Diagnosis {
    match (found, is_running) {
        (PortFound::Free, false) => good(format!("{setting} {address} is free")),
        (PortFound::Free, true) => doubtful(format!(
            "{setting} {address} is free although the program runs: it was started with other settings"
        )),
        (PortFound::Taken, true) => good(format!("{setting} {address} is served")),
        (PortFound::Taken, false) => bad(format!(
            "{setting} {address} is taken by another program: stop that, or set another port"
        )),
        (PortFound::Forbidden, _) => bad(format!(
            "{setting} {address} may not be served by this user: set a port from 1024 on"
        )),
        (PortFound::NotHere, _) => bad(format!(
            "{setting} {address} is not an address of this machine: set 0.0.0.0 for all that it has"
        )),
    }
}

/// Says whether the name in an address of the settings is known.
pub fn name(setting: &str, address: &str, is_known: bool) -> Diagnosis {
    if is_known {
        good(format!("the name in {setting} {address} is known"))
    } else {
        bad(format!(
            "the name in {setting} {address} is not known here: correct it, or mend this machine's name service"
        ))
    }
}

/// Says whether something answers over QUIC at an address.
pub fn uplink(address: &str, answers: bool) -> Diagnosis {
    if answers {
        good(format!("the cloud answers at {address}"))
    } else {
        doubtful(format!(
            "nothing answers at {address}: entry works without the cloud, but revocations are not heard. Look at the network, and \
             whether its firewall lets UDP out to that port"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_on_the_disk_is_judged_by_what_an_evening_takes() {
        let condition = |mib| free_space(Path::new("/var/lib/usher-hub"), mib).condition;
        assert_eq!(condition(199), Condition::Bad);
        assert_eq!(condition(200), Condition::Doubtful);
        assert_eq!(condition(2_048), Condition::Good);
    }

    #[test]
    fn a_port_that_is_taken_is_right_while_the_program_runs_and_wrong_otherwise() {
        let said = |found, is_running| port("listen", &"127.0.0.1:8080", found, is_running).to_string();
        assert_eq!(
            said(PortFound::Free, false),
            "good  listen 127.0.0.1:8080 is free"
        );
        assert_eq!(
            said(PortFound::Taken, true),
            "good  listen 127.0.0.1:8080 is served"
        );
        assert!(said(PortFound::Taken, false).starts_with("WRONG listen 127.0.0.1:8080 is taken"));
        assert!(said(PortFound::Free, true).starts_with("LOOK  listen"));
    }
}
