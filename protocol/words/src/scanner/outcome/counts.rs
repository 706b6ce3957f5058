//! Judged scans, counted since a scanner was started.

use serde::Serialize;

use super::Signal;
use crate::scanner as words;

/// How many scans came out how since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ScanCounts {
    /// Scans that let somebody through.
    pub admitted: u64,
    /// Scans that did not.
    pub denied: u64,
    /// Scans sent to another gate or person.
    pub referred: u64,
}

impl ScanCounts {
    /// Counts one more scan; one that nobody judged will be shown again and counts then.
    pub fn count(&mut self, signal: Signal) {
        match signal {
            Signal::Admit => self.admitted += 1,
            Signal::Deny => self.denied += 1,
            Signal::Refer => self.referred += 1,
            Signal::Unanswered | Signal::Barred => {}
        }
    }

    /// Takes back one that let somebody through: nobody passed.
    pub fn undone(&mut self) {
        self.admitted = self.admitted.saturating_sub(1);
    }

    /// Returns each count with its word, `admitted 3`.
    #[must_use]
    pub fn words(self) -> [String; 3] {
        [
            (words::ADMITTED, self.admitted),
            (words::DENIED, self.denied),
            (words::REFERRED, self.referred),
        ]
        .map(|(word, count)| format!("{word} {count}"))
    }
}
