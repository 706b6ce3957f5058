//! What a scan tells the staff: all scanners' alike.

pub use usher_words::scanner::outcome::{ScanCounts, ScanOutcome, Signal};
