//! When a certificate's end or renewal is news, so that people are told once; what they are told is in `usher-words`.

use std::collections::BTreeMap;

use usher_keys::expiry::{WarningLevel, warning_at};
use usher_keys::{PublicKey, Timestamp};

/// How long it is shown that a certificate was renewed: whoever was worried looks again within that time.
const RENEWED_SHOWN_MS: u64 = 10 * 60 * 1000;

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
    /// Returns what is new about a device's certificate since it was last asked.
    pub fn news(&mut self, device: PublicKey, until: Timestamp, now: Timestamp) -> Option<CertificateNews> {
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
