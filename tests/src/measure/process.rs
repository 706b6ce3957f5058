//! What a process costs, as Linux counts it: processor time and resident memory.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context;

/// Linux counts processor time in hundredths of a second, whatever the machine.
const TICK: Duration = Duration::from_millis(10);
/// Where user and system time stand in a process's line, counted from behind its name.
const USER_TIME: usize = 11;

/// Measures what a process costs from now on.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    pid: u32,
    cpu: Duration,
    since: Instant,
}

impl Meter {
    /// Begins to measure a process.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub fn start(pid: u32) -> anyhow::Result<Self> {
        Ok(Self {
            pid,
            cpu: cpu_time(pid)?,
            since: Instant::now(),
        })
    }

    /// Begins to measure this very process: the load.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn own() -> anyhow::Result<Self> {
        Self::start(std::process::id())
    }

    /// Returns the processor time since the start, in steps of a hundredth of a second.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(cpu_time(self.pid)?.saturating_sub(self.cpu))
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Returns the processor time a process has used, its ended threads' included.
///
/// # Errors
///
/// When there is no such process.
pub fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).context("asking for processor time")?;
    // The name stands in parentheses and may hold anything.
    let behind_name = line.rsplit(')').next().unwrap_or_default();
    let times = behind_name.split_whitespace().skip(USER_TIME).take(2);
    let ticks = times.map(str::parse::<u32>).sum::<Result<u32, _>>();
    Ok(TICK * ticks.context("processor time is a number")?)
}

/// Returns the memory of a process that is in RAM, in KiB.
///
/// # Errors
///
/// When there is no such process.
pub fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("asking for memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.context("a running process has memory")?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_uses_time() {
        let meter = Meter::own().unwrap();
        assert!(resident_kib(std::process::id()).unwrap() > 0);
        let mut sum = 0_u64;
        while meter.cpu().unwrap() == Duration::ZERO {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(meter.elapsed() > Duration::ZERO);
    }
}
