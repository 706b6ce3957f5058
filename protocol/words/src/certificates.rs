//! What people are told of certificates that end soon, have ended or were renewed; where and how often it is shown is the programs'.

use serde::Serialize;
use usher_keys::expiry::{WarningLevel, warning_at};
use usher_keys::{Role, Timestamp};

use crate::gate::Phrasebook;

const MINUTE_MS: u64 = 60 * 1000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What is said of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateNote {
    /// How near its end is; nothing is said here of one that was renewed.
    pub level: Option<WarningLevel>,
    /// In words, with what to do.
    pub words: String,
}

/// Whose certificate it is.
#[derive(Debug, Clone, Copy)]
pub enum Holder<'a> {
    /// This device's own.
    Own(Role),
    /// A scanner's that people call so.
    Scanner(&'a str),
}

impl Holder<'_> {
    fn named(self) -> String {
        match self {
            Self::Own(Role::Scanner) => "This scanner's certificate".to_owned(),
            Self::Own(Role::Hub | Role::Cloud) => "This hub's certificate".to_owned(),
            Self::Scanner(name) => format!("The certificate of scanner {name}"),
        }
    }

    /// Says how the device is enrolled anew.
    fn enrol_anew(self) -> &'static str {
        match self {
            Self::Own(Role::Hub | Role::Cloud) => {
                "enrol it anew with a code from the organizer: usher-gate-agent enroll --anew CODE"
            }
            Self::Own(Role::Scanner) | Self::Scanner(_) => {
                "enrol it anew with a code from a hub: usher-scan enroll --anew CODE"
            }
        }
    }
}

/// Warns of a certificate that ends within a day or has ended.
pub fn warning(holder: Holder<'_>, until: Timestamp, phrasebook: &Phrasebook) -> Option<CertificateNote> {
    let level = warning_at(until, phrasebook.now())?;
    let (whose, when) = (holder.named(), phrasebook.time(until));
    let end = end_in_words(until, phrasebook.now());
    let words = match level {
        WarningLevel::Ended => {
            format!(
                "{whose} {end} ({when}), and it lets nobody in: {}",
                holder.enrol_anew()
            )
        }
        WarningLevel::Day | WarningLevel::SixHours | WarningLevel::Hour => format!(
            "{whose} {end} ({when}): keep it linked to have it renewed, or {}",
            holder.enrol_anew()
        ),
    };
    Some(CertificateNote {
        level: Some(level),
        words,
    })
}

/// Says that a certificate was renewed.
pub fn renewed(holder: Holder<'_>, until: Timestamp, phrasebook: &Phrasebook) -> CertificateNote {
    CertificateNote {
        level: None,
        words: format!(
            "{} was renewed: valid until {}",
            holder.named(),
            phrasebook.time(until)
        ),
    }
}

/// Says when a certificate ends or has ended, seen from `now`: "ends in 5 h 12 min".
#[must_use]
pub fn end_in_words(until: Timestamp, now: Timestamp) -> String {
    match (until.since_ms(now), now.since_ms(until)) {
        (0, since) => format!("ended {} ago", span(since)),
        (left, _) => format!("ends in {}", span(left)),
    }
}

/// Says a span of time with one or two units, rounded down.
fn span(ms: u64) -> String {
    let (days, hours, minutes) = (ms / DAY_MS, ms / HOUR_MS % 24, ms / MINUTE_MS % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {minutes} min"),
        (1, hours) => format!("1 day {hours} h"),
        (days, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::Window;

    use super::*;
    use crate::gate::EventNames;

    const HOUR_MS: u64 = 60 * 60 * 1000;
    const END: Timestamp = Timestamp(1_000 * HOUR_MS);

    fn before(hours: u64) -> Timestamp {
        Timestamp(END.0 - hours * HOUR_MS)
    }

    #[test]
    fn a_warning_says_whose_certificate_ends_when_and_what_to_do() {
        let said = |holder, left_hours: u64| {
            let now = before(left_hours);
            let phrasebook = Phrasebook::new(EventNames::default(), Window::ALWAYS, now);
            warning(holder, END, &phrasebook).map(|note| note.words)
        };
        let hub = Holder::Own(Role::Hub);
        assert_eq!(said(hub, 25), None);
        let words = said(hub, 5).unwrap();
        assert!(
            words.starts_with("This hub's certificate ends in 5 h 0 min"),
            "{words}"
        );
        assert!(words.contains("usher-gate-agent enroll --anew CODE"), "{words}");
        let words = said(Holder::Own(Role::Scanner), 0).unwrap();
        assert!(
            words.starts_with("This scanner's certificate ended 0 min ago"),
            "{words}"
        );
        assert!(words.contains("usher-scan enroll --anew CODE"), "{words}");
        let words = said(Holder::Scanner("Ada"), 1).unwrap();
        assert!(
            words.starts_with("The certificate of scanner Ada ends in 1 h"),
            "{words}"
        );
    }

    #[test]
    fn the_end_of_a_certificate_is_said_with_one_unit_or_two() {
        let end = Timestamp(100 * DAY_MS);
        let hour = i64::try_from(HOUR_MS).unwrap();
        for (left_ms, words) in [
            (72 * hour, "ends in 3 days"),
            (24 * hour, "ends in 1 day 0 h"),
            (6 * hour + 1, "ends in 6 h 0 min"),
            (hour, "ends in 1 h 0 min"),
            (1, "ends in 0 min"),
            (0, "ended 0 min ago"),
            (-30 * hour, "ended 1 day 6 h ago"),
        ] {
            let now = Timestamp(end.0.saturating_add_signed(-left_ms));
            assert_eq!(end_in_words(end, now), words);
        }
    }
}
