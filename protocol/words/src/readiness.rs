//! What is said before doors of each device that a hub knows, and of the hub itself, with what to do.

use crate::clock::apart_in_words;
use crate::doctor::{Diagnosis, bad, doubtful, good};
use crate::gate::not_heard;

/// What matters most of a device, as a hub knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceFinding {
    /// Nothing is known to be wrong.
    Ready,
    /// It was revoked or retired: nobody counts on it.
    ShutOut,
    /// Its log has two histories, or says what it cannot prove.
    InQuestion,
    /// Its program is too old for the event.
    UpdateNeeded,
    /// It is getting its own records back from others.
    LogBehind,
    /// Its certificate has ended.
    CertificateEnded,
    /// Its certificate ends within a day.
    CertificateEnds,
    /// A hub that is not linked; for how many milliseconds, if it was.
    HubMissing(Option<u64>),
    /// A scanner that is not linked here.
    ScannerElsewhere,
    /// Its clock is that far ahead, in milliseconds.
    ClockOff(i64),
}

/// Says how a device stands.
pub fn device(name: &str, finding: &DeviceFinding) -> Diagnosis {
    match finding {
        DeviceFinding::Ready => good(format!("{name} is ready")),
        DeviceFinding::ShutOut => good(format!("{name} was revoked or retired: do not use it")),
        DeviceFinding::InQuestion => bad(format!(
            "{name} was copied, or has recorded what it cannot prove: take it away from the gate, and ask the organizer"
        )),
        DeviceFinding::UpdateNeeded => bad(format!(
            "the program of {name} is too old for the event: update it, or send people to another hub's gates"
        )),
        DeviceFinding::LogBehind => bad(format!(
            "{name} is getting its own records back, and lets nobody in until it has them: keep it linked"
        )),
        DeviceFinding::CertificateEnded => bad(format!(
            "the certificate of {name} has ended: enrol it anew, or put it away"
        )),
        DeviceFinding::CertificateEnds => doubtful(format!(
            "the certificate of {name} ends within a day: keep it linked to have it renewed"
        )),
        DeviceFinding::HubMissing(Some(ms)) => bad(format!(
            "hub {name} was {}: look at its power and network",
            not_heard(*ms)
        )),
        DeviceFinding::HubMissing(None) => bad(format!(
            "hub {name} is not linked: start it, and look at the network between the hubs. If it does not come, have the organizer retire it"
        )),
        DeviceFinding::ScannerElsewhere => doubtful(format!(
            "scanner {name} is not linked here: switch it on, unless it is at another hub"
        )),
        DeviceFinding::ClockOff(ms) => bad(format!(
            "the clock of {name} is {} the time that this hub goes by: set it right",
            apart_in_words(*ms)
        )),
    }
}

/// What matters of the hub itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubFinding<'a> {
    /// It does not let anybody in: its certificate has ended or it was revoked.
    LetsNobodyIn,
    /// Its database takes nothing.
    CannotSave,
    /// It has not heard the event's policy.
    NoPolicy,
    /// It knows the event by these versions of bundle and policy.
    Knows { bundle: u64, policy: u64 },
    /// What it knows of revocations, whether it has heard of any, and whether it is linked with the cloud.
    Freshness {
        words: &'a str,
        has_heard: bool,
        is_linked: bool,
    },
    /// The program that runs is another than the one that was asked.
    OtherVersion { running: &'a str, installed: &'a str },
    /// The program that runs.
    Version(&'a str),
    /// Something of which other words say what to do.
    Warning(&'a str),
    /// Something wrong of which other words say what to do.
    Wrong(&'a str),
}

/// Says how a hub stands.
pub fn hub(finding: &HubFinding<'_>) -> Diagnosis {
    match finding {
        HubFinding::LetsNobodyIn => {
            bad("this hub lets nobody in, because it was revoked or its certificate has ended: enrol it anew")
        }
        HubFinding::CannotSave => bad("this hub cannot write anything down: look at its disk"),
        HubFinding::NoPolicy => bad(
            "this hub has not heard the event's policy: link it with the cloud, or with a hub that has heard it",
        ),
        HubFinding::Knows { bundle, policy } => good(format!(
            "it has the event's keys (trust bundle version {bundle}) and rules (policy version {policy})"
        )),
        HubFinding::Freshness {
            words,
            has_heard: true,
            is_linked: true,
        } => good(*words),
        HubFinding::Freshness {
            words,
            has_heard: false,
            is_linked: true,
        } => doubtful(format!("{words}: wait a moment, and ask again")),
        HubFinding::Freshness {
            words,
            is_linked: false,
            ..
        } => doubtful(format!(
            "{words}, and the cloud is not linked: entry works without it, but revocations are not heard"
        )),
        HubFinding::OtherVersion { running, installed } => doubtful(format!(
            "the hub runs version {running}, and {installed} is installed: start it anew before doors"
        )),
        HubFinding::Version(version) => good(format!("version {version}")),
        HubFinding::Warning(words) => doubtful(*words),
        HubFinding::Wrong(words) => bad(*words),
    }
}

/// The columns of the table of devices.
pub const COLUMNS: [&str; 7] = [
    "",
    "DEVICE",
    "ROLE",
    "LINK",
    "RECORDS",
    "CLOCK",
    "CERTIFICATE ENDS",
];

/// Says whether all is ready, at the end.
pub fn verdict(wrong: usize, doubtful: usize) -> String {
    match (wrong, doubtful) {
        (0, 0) => "ready".to_owned(),
        (0, 1) => "ready, with one thing to look at".to_owned(),
        (0, look) => format!("ready, with {look} things to look at"),
        (1, _) => "NOT READY: one thing is wrong".to_owned(),
        (wrong, _) => format!("NOT READY: {wrong} things are wrong"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Condition;

    #[test]
    fn what_keeps_guests_out_is_wrong_and_what_may_be_meant_so_is_looked_at() {
        let condition = |finding| device("North", &finding).condition;
        assert_eq!(condition(DeviceFinding::HubMissing(None)), Condition::Bad);
        assert_eq!(condition(DeviceFinding::ScannerElsewhere), Condition::Doubtful);
        assert_eq!(condition(DeviceFinding::ShutOut), Condition::Good);
        let said = device("North", &DeviceFinding::ClockOff(-7 * 60_000)).words;
        assert_eq!(
            said,
            "the clock of North is 7 min behind the time that this hub goes by: set it right"
        );
        assert_eq!(verdict(2, 1), "NOT READY: 2 things are wrong");
        let heard = |has_heard| {
            let words = "no revocations received yet";
            hub(&HubFinding::Freshness {
                words,
                has_heard,
                is_linked: true,
            })
        };
        let conditions = [heard(true).condition, heard(false).condition];
        assert_eq!(conditions, [Condition::Good, Condition::Doubtful]);
    }
}
