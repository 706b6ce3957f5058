//! The physical limits that figures stand beside: a raw strict verification and signature, on every core at once, as in the load that is measured.

use std::fs;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use usher_keys::{Domain, SecretKey};

/// Signatures on each core: a tenth of a second.
const SIGNATURES: u32 = 2_000;
/// About as long as the body of a ticket, in bytes.
const BODY: [u8; 13] = [7; 13];

/// What the signatures that everything rests on cost in the minute of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureTimes {
    /// One strict verification, by processor time of one core.
    pub verification: Duration,
    /// One signature, likewise.
    pub signing: Duration,
}

impl SignatureTimes {
    /// Returns the mean of two measurements: before and after what they stand beside.
    pub fn mean(self, other: Self) -> Self {
        Self {
            verification: (self.verification + other.verification) / 2,
            signing: (self.signing + other.signing) / 2,
        }
    }

    /// Returns from one verification to the next, while every core does nothing else.
    pub fn on_every_core(&self) -> Duration {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.verification / u32::try_from(cores).unwrap_or(u32::MAX)
    }

    /// Returns a processor time as a multiple of one verification.
    pub fn verifications(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() / self.verification.as_secs_f64()
    }
}

/// Measures signatures on every core at once, for a fifth of a second.
///
/// # Errors
///
/// When the system does not tell the processor time of a thread.
pub fn signature_times() -> anyhow::Result<SignatureTimes> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let at_work: Vec<_> = (0..cores).map(|_| thread::spawn(of_a_core)).collect();
    let mut sum = SignatureTimes {
        verification: Duration::ZERO,
        signing: Duration::ZERO,
    };
    for core in at_work {
        let times = core
            .join()
            .map_err(|_| anyhow!("measuring signatures panicked"))??;
        sum.verification += times.verification;
        sum.signing += times.signing;
    }
    let cores = u32::try_from(cores)?;
    Ok(SignatureTimes {
        verification: sum.verification / cores,
        signing: sum.signing / cores,
    })
}

fn of_a_core() -> anyhow::Result<SignatureTimes> {
    let key = SecretKey::from_seed(&[9; 32]);
    let verifier = key.public().verifier()?;
    let signature = key.sign(Domain::Ticket, &BODY);
    let begun = thread_time()?;
    for _ in 0..SIGNATURES {
        verifier.verify(Domain::Ticket, black_box(&BODY), &signature)?;
    }
    let verified = thread_time()?;
    for _ in 0..SIGNATURES {
        black_box(key.sign(Domain::Ticket, black_box(&BODY)));
    }
    let signed = thread_time()?;
    Ok(SignatureTimes {
        verification: verified.saturating_sub(begun) / SIGNATURES,
        signing: signed.saturating_sub(verified) / SIGNATURES,
    })
}

/// Returns the time this thread has run on a core: waiting for one, on a busy machine, is not counted.
fn thread_time() -> anyhow::Result<Duration> {
    let line = fs::read_to_string("/proc/thread-self/schedstat").context("asking for a thread's time")?;
    let ran = line
        .split_whitespace()
        .next()
        .context("a thread has run for some time")?;
    Ok(Duration::from_nanos(
        ran.parse().context("nanoseconds are a number")?,
    ))
}

/// Returns how long it takes to read a file that is in memory, once: the least that anybody who starts from it does.
///
/// # Errors
///
/// When it cannot be read.
pub fn reading_time(file: &std::path::Path) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    black_box(fs::read(file).context("reading a file")?);
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_signed_faster_than_it_is_verified() {
        let times = signature_times().unwrap();
        assert!(
            Duration::ZERO < times.signing && times.signing < times.verification,
            "{times:?}"
        );
        assert_eq!(times.mean(times), times);
        assert!((times.verifications(times.verification * 3) - 3.0).abs() < 1e-9);
    }
}
