//! What people are told of certificates that end soon, have ended or were renewed, for every screen and log; where it is shown is the screens'.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_keys::expiry::{WarningLevel, end_in_words, warning_at};
use usher_keys::{PublicKey, Role, Timestamp};

use crate::words::Voice;

/// How long it is shown that a certificate was renewed: whoever was worried looks again within that time.
const RENEWED_SHOWN_MS: u64 = 10 * 60 * 1000;

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
pub fn warning(holder: Holder<'_>, until: Timestamp, voice: &Voice) -> Option<CertificateNote> {
    let level = warning_at(until, voice.now())?;
    let (whose, when) = (holder.named(), voice.time(until));
    let end = end_in_words(until, voice.now());
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
pub fn renewed(holder: Holder<'_>, until: Timestamp, voice: &Voice) -> CertificateNote {
    CertificateNote {
        level: None,
        words: format!(
            "{} was renewed: valid until {}",
            holder.named(),
            voice.time(until)
        ),
    }
}

/// What is new about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateNews {
    /// This warning is due for the first time.
    Warning(WarningLevel),
    /// It lasts longer than when it was last looked at.
    Renewed,
}

/// What was last seen of one certificate.
#[derive(Debug, Clone, Copy)]
struct Seen {
    until: Timestamp,
    level: Option<WarningLevel>,
    renewed_at: Option<Timestamp>,
}

/// Remembers what was said of each certificate, so that every warning is said once and a renewal is noticed.
#[derive(Debug, Default)]
pub struct CertificateWatch {
    seen: BTreeMap<PublicKey, Seen>,
}

impl CertificateWatch {
    /// Looks at a device's certificate, and tells what is new about it.
    pub fn look(&mut self, device: PublicKey, until: Timestamp, now: Timestamp) -> Option<CertificateNews> {
        let level = warning_at(until, now);
        let before = self.seen.get(&device).copied();
        let is_renewed = before.is_some_and(|before| before.until < until);
        let seen = Seen {
            until,
            level,
            renewed_at: if is_renewed {
                Some(now)
            } else {
                before.and_then(|before| before.renewed_at)
            },
        };
        self.seen.insert(device, seen);
        if is_renewed {
            return Some(CertificateNews::Renewed);
        }
        let told = before.and_then(|before| before.level);
        level
            .filter(|level| told < Some(*level))
            .map(CertificateNews::Warning)
    }

    /// Tells whether a device's certificate was renewed a short time ago.
    pub fn was_renewed(&self, device: &PublicKey, now: Timestamp) -> bool {
        let at = self.seen.get(device).and_then(|seen| seen.renewed_at);
        at.is_some_and(|at| now.since_ms(at) < RENEWED_SHOWN_MS)
    }
}

#[cfg(test)]
mod tests;
