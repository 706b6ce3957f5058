//! Decides when the peer is sent our trust bundle, and when it is asked which one it has; checking and storing bundles is left to others.

use usher_keys::Timestamp;

use super::outbox::RESEND_MS;

/// Which bundle the peer has by its own word, and what it was sent.
#[derive(Debug, Default)]
pub struct BundleOffer {
    theirs: u64,
    sent: u64,
    differ_since: Option<Timestamp>,
}

impl BundleOffer {
    /// Takes the word of the peer's hello.
    pub fn they_hold(&mut self, version: u64) {
        self.theirs = version;
        self.sent = 0;
    }

    /// Takes note that the peer sent a bundle.
    pub fn they_sent(&mut self, version: u64) {
        self.theirs = self.theirs.max(version);
    }

    /// Tells whether to send our bundle now: once, until the peer says what it has.
    pub fn is_due(&mut self, ours: u64) -> bool {
        let due = ours > self.theirs && ours > self.sent;
        if due {
            self.sent = ours;
        }
        due
    }

    /// Tells whether to ask for the peer's hello: the bundles seem to differ for so long that one of them must have been
    /// lost, or could not be stored.
    pub fn is_in_doubt(&mut self, ours: u64, now: Timestamp) -> bool {
        if self.theirs == ours {
            self.differ_since = None;
            return false;
        }
        let since = *self.differ_since.get_or_insert(now);
        let in_doubt = since > now || now.since_ms(since) > RESEND_MS;
        if in_doubt {
            self.differ_since = Some(now);
        }
        in_doubt
    }
}
