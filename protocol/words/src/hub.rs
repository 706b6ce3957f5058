//! What a hub says of itself: in its log, on its status page, in `/readyz` and at its command line; what is said of scans there is the
//! gates'.

pub mod command_line;
pub mod phones;
pub mod problems;
pub mod supervisors;
pub mod tokens;

use std::path::Path;

/// Says that tokens and tickets can be listened to.
pub const IN_THE_CLEAR: &str = "HTTP is not encrypted (http_in_the_clear): whoever listens on this network can read tokens and tickets. Set tls_certificate and tls_key";

/// Says that what phones send can be listened to.
pub const DOOR_IN_THE_CLEAR: &str = "the door for phones is not encrypted (in_the_clear in [door]): whoever listens on this network can read the phones' tokens and the tickets. Remove the setting";

/// Says that a person has retired this hub, and what its gates do until it is off.
pub const RETIRED: &str = "this hub was retired by the organizer, and other hubs decide on its tickets now. While it is linked with them, its gates still let people in with their permission; when it is cut off, it sends everybody with a strict ticket to other gates. Move its turnstiles and scanners to another hub and switch this one off. To use it again, enrol it anew: usher-gate-agent enroll --anew CODE";
/// Says that other machines of the event refuse this hub.
pub const REFUSED: &str = "the cloud or another hub refuses this hub: it was revoked, or its certificate ended by their clocks. Other machines ignore its decisions: send people to another hub's gates. If it should work, ask the organizer for a code and enrol it anew: usher-gate-agent enroll --anew CODE";

/// Says that the event has words that this hub's program does not understand.
pub const UPDATE_NEEDED: &str = "the program of this hub is too old for the event: it lets nobody in with a strict ticket, and sends them to other gates. Install the newest usher-gate-agent here and start it again; until then, send people to another hub's gates";

/// Says that a hub has not heard what its gates go by.
pub const NO_POLICY: &str = "no event received yet";

/// What keeps a hub from letting people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// Its disk takes no writes.
    CannotSave,
    /// It may not judge.
    NoCertificate,
    /// It has no policy.
    NoPolicy,
    /// Its log has two histories.
    LogForked,
    /// Others hold more of its log than it does.
    LogBehind,
}

/// Says what keeps a hub from letting people in.
pub fn not_ready(why: NotReady) -> &'static str {
    match why {
        NotReady::CannotSave => "the hub cannot save to its disk",
        NotReady::NoCertificate => "the certificate has run out or was revoked",
        NotReady::NoPolicy => NO_POLICY,
        NotReady::LogForked => {
            "this hub was copied or restored, and other machines ignore its decisions: it sends everybody to other gates. Send people to another hub's gates, and tell the organizer, who must say which copy counts"
        }
        NotReady::LogBehind => {
            "this hub is getting its own records back, of which others hold more than it does: it sends everybody to other gates until it has them. Keep it linked with the other hubs and the cloud"
        }
    }
}

/// Says that no hub runs on this machine, and how one is started.
pub const NOT_RUNNING: &str = "the hub is not running: usher-gate-agent run";

/// Says that the file in which a running hub writes where it is reached cannot be read.
pub fn damaged(file: &Path) -> String {
    format!("{} is damaged: start the hub again", file.display())
}

/// Says that the certificates for pages cannot be read.
pub fn page_certificates_damaged(file: &Path) -> String {
    format!(
        "{} is damaged: remove it, start the hub again, and give pages new codes",
        file.display()
    )
}

/// Names gates by their numbers, in a list that people read.
pub fn gates(gates: &[u16]) -> String {
    match gates {
        [] => "every gate".to_owned(),
        [gate] => format!("gate {gate}"),
        [others @ .., last] => {
            let others: Vec<String> = others.iter().map(u16::to_string).collect();
            format!("gates {} and {last}", others.join(", "))
        }
    }
}
