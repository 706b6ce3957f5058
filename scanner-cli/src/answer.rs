//! Judged scans, counted; what one of them tells the staff is all scanners' alike.

use serde::Serialize;
use usher_words::scanner as words;

pub use usher_words::scanner::outcome::{ScanOutcome, Signal};

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
            Signal::Unanswered => {}
        }
    }

    /// Returns each count with its word, `admitted 3`.
    pub(crate) fn words(self) -> [String; 3] {
        [
            (words::ADMITTED, self.admitted),
            (words::DENIED, self.denied),
            (words::REFERRED, self.referred),
        ]
        .map(|(word, count)| format!("{word} {count}"))
    }
}
