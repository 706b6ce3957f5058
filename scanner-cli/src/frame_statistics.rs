//! How fast a camera's frames come and are read, over the last seconds; leaves out the clock and where it is told.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::readings::SeenFrame;

/// How far back the figures look, in milliseconds: long enough for a steady figure, short enough to follow a lamp
/// that is switched on.
pub const WINDOW_MS: u64 = 5_000;

/// Collects the views of the last [`WINDOW_MS`].
#[derive(Debug, Default)]
pub struct FrameStatistics {
    views: VecDeque<Sample>,
}

#[derive(Debug)]
struct Sample {
    at_ms: u64,
    frame: u64,
    /// From the frame to its text, when there was one.
    read_in: Option<Duration>,
}

/// What the statistics say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameFigures {
    /// Frames that came, read or not.
    pub frames_per_second: f64,
    /// Time from a frame to its text, when any was read.
    pub reads: Option<Reads>,
}

/// How long reading took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    /// Half of the reads took no longer.
    pub median: Duration,
    pub worst: Duration,
}

impl FrameStatistics {
    /// Adds a view.
    pub fn add(&mut self, view: &SeenFrame, at_ms: u64) {
        self.forget(at_ms);
        self.views.push_back(Sample {
            at_ms,
            frame: view.frame,
            read_in: (!view.codes.is_empty()).then_some(view.took),
        });
    }

    /// The figures; `None` when nothing came for as long as they look back.
    pub fn figures(&mut self, now_ms: u64) -> Option<FrameFigures> {
        self.forget(now_ms);
        let first = self.views.front()?;
        // A deep pass tells of an older frame than the views before it.
        let newest = self.views.iter().map(|sample| sample.frame).max()?;
        let seconds = now_ms.saturating_sub(first.at_ms).max(1) as f64 / 1_000.0;
        let mut times: Vec<Duration> = self.views.iter().filter_map(|sample| sample.read_in).collect();
        times.sort_unstable();
        let reads = times.last().map(|&worst| Reads {
            median: times[(times.len() - 1) / 2],
            worst,
        });
        Some(FrameFigures {
            frames_per_second: newest.saturating_sub(first.frame) as f64 / seconds,
            reads,
        })
    }

    fn forget(&mut self, now_ms: u64) {
        while self
            .views
            .front()
            .is_some_and(|sample| sample.at_ms + WINDOW_MS < now_ms)
        {
            self.views.pop_front();
        }
    }
}

impl fmt::Display for FrameFigures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.1} frames/s, ", self.frames_per_second)?;
        match self.reads {
            Some(Reads { median, worst }) => write!(
                formatter,
                "read in {} ms, at worst {} ms",
                median.as_millis(),
                worst.as_millis()
            ),
            None => formatter.write_str("nothing read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A view that took so long, with a code or without.
    fn view(frame: u64, took_ms: u64, is_read: bool) -> SeenFrame {
        SeenFrame {
            frame,
            took: Duration::from_millis(took_ms),
            codes: if is_read { vec![vec![1]] } else { vec![] },
            ..SeenFrame::default()
        }
    }

    #[track_caller]
    fn check(statistics: &mut FrameStatistics, now_ms: u64, expected: Option<&str>) {
        let figures = statistics.figures(now_ms).map(|figures| figures.to_string());
        assert_eq!(figures.as_deref(), expected, "at {now_ms} ms");
    }

    #[test]
    fn frames_that_nobody_had_time_for_count_too_and_only_reads_are_timed() {
        let mut statistics = FrameStatistics::default();
        check(&mut statistics, 0, None);
        for (at_ms, frame) in (0..=2_000).step_by(100).zip((1..).step_by(3)) {
            statistics.add(&view(frame, 50, false), at_ms);
        }
        check(&mut statistics, 2_000, Some("30.0 frames/s, nothing read"));
        for took_ms in [9, 8, 410, 7, 8] {
            statistics.add(&view(61, took_ms, true), 2_000);
        }
        check(
            &mut statistics,
            2_000,
            Some("30.0 frames/s, read in 8 ms, at worst 410 ms"),
        );
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut statistics = FrameStatistics::default();
        statistics.add(&view(1, 300, true), 0);
        statistics.add(&view(100, 6, true), 4_000);
        check(
            &mut statistics,
            5_000,
            Some("19.8 frames/s, read in 6 ms, at worst 300 ms"),
        );
        check(
            &mut statistics,
            8_000,
            Some("0.0 frames/s, read in 6 ms, at worst 6 ms"),
        );
        check(&mut statistics, 9_001, None);
        assert!(statistics.views.is_empty());
    }
}
