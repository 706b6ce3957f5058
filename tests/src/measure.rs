//! What the benches measure with: which rows to run, what a process and the disk cost, latencies, and the table at the end; the loads are the benches' own.

pub mod disk;
pub mod latency;
pub mod limits;
pub mod process;
pub mod table;

pub use disk::{FlushTimes, flush_times};
pub use latency::Latencies;
pub use limits::{SignatureTimes, reading_time, signature_times};
pub use process::{Meter, cpu_time, resident_kib};
pub use table::{Figure, Row, Table};

use std::env;
use std::io::Write;
use std::time::Duration;

/// Returns the rows whose name contains what was asked for on the command line, all of them if nothing was, and says how
/// long they will take.
pub fn chosen<T>(rows: Vec<(&'static str, Duration, T)>) -> Vec<(&'static str, T)> {
    let wanted: Vec<String> = env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word));
    let rows: Vec<_> = rows.into_iter().filter(|(name, ..)| is_wanted(name)).collect();
    let whole: Duration = rows.iter().map(|(_, takes, _)| *takes).sum();
    let names: Vec<_> = rows.iter().map(|(name, ..)| *name).collect();
    say(&format!(
        "about {} s on a quiet machine: {}",
        whole.as_secs(),
        names.join(", ")
    ));
    rows.into_iter().map(|(name, _, row)| (name, row)).collect()
}

/// Prints a line.
pub fn say(line: &str) {
    // Whoever does not read it any more does not want it.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
