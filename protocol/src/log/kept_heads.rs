//! Remembers which heads of each log are kept, as far as the next one depends on it; reading and writing them is the replica's.

use std::collections::BTreeMap;

use super::Stretch;
use crate::ident::{Origin, Seq};

#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    /// The last head that stays for good.
    milestone: Seq,
    /// The newest head.
    newest: Seq,
    /// Record bytes between the two.
    bytes: usize,
}

/// The kept heads of every log, as far as the next one depends on them.
#[derive(Debug, Default)]
pub struct KeptHeads {
    logs: BTreeMap<Origin, Kept>,
}

impl KeptHeads {
    /// Lets a log begin behind what a checkpoint covers.
    pub fn begin(&mut self, origin: Origin, covered: Seq) {
        self.logs.insert(
            origin,
            Kept {
                milestone: covered,
                newest: covered,
                bytes: 0,
            },
        );
    }

    /// Takes a stored head back in at start, so many record bytes behind the head before it.
    pub fn replay(&mut self, origin: Origin, seq: Seq, bytes: usize) {
        let kept = self.logs.entry(origin).or_default();
        *kept = Kept {
            milestone: kept.newest,
            newest: seq,
            bytes,
        };
    }

    /// Puts a newer head up, so many record bytes behind the newest so far; returns the head that is dropped for it.
    pub fn put(&mut self, origin: Origin, seq: Seq, bytes: usize) -> Option<Seq> {
        let kept = self.logs.entry(origin).or_default();
        let from_milestone = Stretch {
            records: seq.0.saturating_sub(kept.milestone.0),
            bytes: (kept.bytes + bytes) as u64,
        };
        if !from_milestone.drops_head_within() {
            self.replay(origin, seq, bytes);
            return None;
        }
        let dropped = (kept.newest > kept.milestone).then_some(kept.newest);
        kept.newest = seq;
        kept.bytes += bytes;
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = usher_keys::PublicKey([1; 32]);

    /// Puts up heads at these numbers, each record so many bytes long; returns the numbers of those kept.
    #[track_caller]
    fn check(heads: &[u64], record_bytes: usize, kept: &[u64]) {
        let mut kept_heads = KeptHeads::default();
        let mut here = Vec::new();
        let mut last = 0;
        for &seq in heads {
            let bytes = usize::try_from(seq - last).unwrap() * record_bytes;
            if let Some(dropped) = kept_heads.put(ORIGIN, Seq(seq), bytes) {
                here.retain(|one| *one != dropped.0);
            }
            here.push(seq);
            last = seq;
        }
        assert_eq!(here, kept);
    }

    #[test]
    fn only_the_newest_head_is_kept_while_one_run_holds_the_log() {
        check(&[1, 2, 500, 1_024], 10, &[1_024]);
    }

    #[test]
    fn a_milestone_stays_before_a_run_would_hold_too_many_records() {
        check(&[800, 1_100, 1_800, 1_900], 10, &[800, 1_800, 1_900]);
    }

    #[test]
    fn a_milestone_stays_before_a_run_would_hold_too_many_bytes() {
        check(&[2, 3, 4, 5], 90 * 1024, &[2, 4, 5]);
    }

    #[test]
    fn a_log_behind_a_checkpoint_counts_from_there() {
        let mut kept_heads = KeptHeads::default();
        kept_heads.begin(ORIGIN, Seq(5_000));
        assert_eq!(kept_heads.put(ORIGIN, Seq(5_010), 100), None);
        assert_eq!(kept_heads.put(ORIGIN, Seq(5_020), 100), Some(Seq(5_010)));
    }
}
