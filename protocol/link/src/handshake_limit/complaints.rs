//! Bounds how much strangers can make us write into the log; what is written is the caller's.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines about strangers that may come at once: enough to see who came and why they were sent away.
const LINES_AT_ONCE: u32 = 32;
/// In which time one more line may be written: some 20 MB a day at most, whoever knocks how often.
const TIME_PER_LINE: Duration = Duration::from_secs(1);

/// Counts lines.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    /// Guards the counts; empty until the first line.
    spell: Mutex<Option<Spell>>,
}

#[derive(Debug)]
struct Spell {
    lines_left: u32,
    counted_until: Instant,
    withheld: u64,
}

impl Complaints {
    /// Returns leave to write one line, with how many were not written since the last, or none.
    pub(crate) fn leave(&self, now: Instant) -> Option<u64> {
        let mut spell = self.spell.lock().unwrap_or_else(PoisonError::into_inner);
        let spell = spell.get_or_insert(Spell {
            lines_left: LINES_AT_ONCE,
            counted_until: now,
            withheld: 0,
        });
        while spell.lines_left < LINES_AT_ONCE && now.duration_since(spell.counted_until) >= TIME_PER_LINE {
            spell.lines_left += 1;
            spell.counted_until += TIME_PER_LINE;
        }
        if spell.lines_left == LINES_AT_ONCE {
            spell.counted_until = now;
        }
        if spell.lines_left == 0 {
            spell.withheld += 1;
            return None;
        }
        spell.lines_left -= 1;
        Some(std::mem::take(&mut spell.withheld))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_writes_a_few_lines_and_then_one_now_and_then() {
        let (complaints, start) = (Complaints::default(), Instant::now());
        let flood = |seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            let lines = (0..1_000).filter_map(|_| complaints.leave(now));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(flood(0), [0; 32]);
        assert_eq!(flood(1), [968]);
        assert_eq!(flood(3), [999, 0]);
        let after_an_hour = flood(3_600);
        assert_eq!(after_an_hour.len(), 32);
        assert_eq!(after_an_hour[..2], [998, 0]);
        assert_eq!(flood(3_601), [968]);
    }
}
