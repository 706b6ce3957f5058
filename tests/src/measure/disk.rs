//! What the disk takes to keep something, measured in the same minute as what depends on it.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::latency::{Latencies, shown};

/// How often it is asked: a second or less on any disk worth the name.
const FLUSHES: u64 = 200;
/// Bytes written before each flush: a page of a database.
const PAGE_BYTES: usize = 4_096;

/// How long the disk takes to keep a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlushTimes {
    /// Half of the flushes are faster.
    pub median: Duration,
    /// One in a hundred is slower.
    pub p99: Duration,
}

/// Writes pages behind each other into a file in that folder and flushes each. The file has no name: programs refuse folders in
/// which a file is open to others.
///
/// # Errors
///
/// When the disk does not take them.
pub fn flush_times(folder: &Path) -> anyhow::Result<FlushTimes> {
    let file = tempfile::tempfile_in(folder).context("making a file to flush")?;
    let (page, mut took) = ([7; PAGE_BYTES], Latencies::default());
    for at in 0..FLUSHES {
        let started = Instant::now();
        file.write_all_at(&page, at * PAGE_BYTES as u64)?;
        file.sync_data()?;
        took.add(started.elapsed());
    }
    Ok(FlushTimes {
        median: took.percentile(50.0),
        p99: took.percentile(99.0),
    })
}

impl std::fmt::Display for FlushTimes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fsync {} (p99 {})", shown(self.median), shown(self.p99))
    }
}
