//! What organizers read of their devices, of contradictions at the gates, and of what follows when they move an event or revoke a device,
//! with times as they are at the event; what staff read of the same is the gates'.

pub mod invitation;
pub mod moving;
pub mod revoking;

use usher_protocol::clock::AGREEMENT_MS;

use crate::clock::apart_in_words;

/// A device that has told nobody its name.
pub const UNNAMED: &str = "a device whose name is not known";

/// A passage as an organizer reads of it.
#[derive(Debug, Clone)]
pub struct Passed {
    /// The name of the gate.
    pub gate: String,
    /// When, at the event.
    pub at: String,
}

/// Says that more people went into a zone with a ticket than may.
pub fn double_admission((unit, zone): (&str, &str), first: Option<&Passed>, second: &Passed) -> String {
    let place_and_time = |passed: &Passed| format!("at {} on {}", passed.gate, passed.at);
    let before = match first {
        Some(first) => format!("{} and again", place_and_time(first)),
        None => "more often than it may, the last time".to_owned(),
    };
    format!("{unit} went into {zone} {before} {}.", place_and_time(second))
}

/// Says that somebody left who is not known to have come in.
pub fn exit_too_many(unit: &str, exit: &Passed) -> String {
    format!(
        "{unit} left at {} on {}, but nobody is known to have come in with that ticket. Check that this gate scans in the right direction.",
        exit.gate, exit.at
    )
}

/// Says that a device has two histories.
pub fn forked(device: &str) -> String {
    format!(
        "{device} has two histories: it was copied or restored from a backup. Its records are ignored until you choose \
         which history counts, or enrol it anew with a fresh key."
    )
}

/// Says that a device has written what it cannot prove.
pub fn false_record(device: &str) -> String {
    format!(
        "{device} has recorded things that it cannot prove or may not say. They count for nothing. If the device was stolen or lost, \
         revoke it; if not, have its program checked."
    )
}

/// Says how far a device's clock is from the server's, if that is more than clocks may differ.
pub fn device_clock(ahead_ms: i64) -> Option<String> {
    let apart = apart_in_words(ahead_ms);
    (ahead_ms.unsigned_abs() > AGREEMENT_MS)
        .then(|| format!("{apart} this server's: set the wrong one right"))
}

/// Why the offline roots must sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningDue {
    /// No ticket key may sign.
    NextTicketKey,
    /// Keys end too early.
    LaterEnds,
}

/// Says why the offline roots must sign.
pub fn signing_due(why: SigningDue) -> &'static str {
    match why {
        SigningDue::NextTicketKey => {
            "No ticket key may sign any more: nothing can be sold until the next one is signed."
        }
        SigningDue::LaterEnds => {
            "These keys end before the event does. Once they have ended, tickets are refused and no device can be certified."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_admission_is_told_with_both_places_and_times() {
        let passed = |gate: &str, at: &str| Passed {
            gate: gate.to_owned(),
            at: at.to_owned(),
        };
        let (first, second) = (passed("North", "Thu, 01:00"), passed("South", "Thu, 01:01"));
        let told = |first| double_admission(("no. 3 (Regular)", "Hall"), first, &second);
        assert_eq!(
            told(Some(&first)),
            "no. 3 (Regular) went into Hall at North on Thu, 01:00 and again at South on Thu, 01:01."
        );
        assert_eq!(
            told(None),
            "no. 3 (Regular) went into Hall more often than it may, the last time at South on Thu, 01:01."
        );
    }

    #[test]
    fn a_device_whose_clock_is_off_by_minutes_is_told_of_with_what_to_do() {
        let minute = 60_000;
        for (ahead_ms, words) in [
            (0, None),
            (-2 * minute, None),
            (
                45 * minute,
                Some("45 min ahead of this server's: set the wrong one right"),
            ),
            (
                -(20 * 60 + 3) * minute,
                Some("20 h 3 min behind this server's: set the wrong one right"),
            ),
            (
                i64::MIN,
                Some("106751991167 days 7 h behind this server's: set the wrong one right"),
            ),
        ] {
            assert_eq!(device_clock(ahead_ms).as_deref(), words);
        }
    }
}
