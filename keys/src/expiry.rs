//! How soon people are told that a device's certificate ends, and until when certificates last; showing it is left to others.

use serde::Serialize;

use crate::ident::Timestamp;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How long certificates last beyond their event's end, in milliseconds: the last guests have left, and what scanners
/// wrote has reached a hub.
pub const AFTER_EVENT_MS: u64 = 6 * HOUR_MS;

/// How near the end of a certificate is, from the first warning on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningLevel {
    /// It ends within 24 hours.
    Day,
    /// It ends within 6 hours.
    SixHours,
    /// It ends within an hour.
    Hour,
    /// It has ended.
    Ended,
}

impl WarningLevel {
    /// Tells whether it is shown in red; the others are shown in amber.
    #[must_use]
    pub fn is_red(self) -> bool {
        matches!(self, Self::Hour | Self::Ended)
    }
}

/// Returns which warning is due about a certificate that ends at `until`.
#[must_use]
pub fn warning_at(until: Timestamp, now: Timestamp) -> Option<WarningLevel> {
    let levels = [
        (0, WarningLevel::Ended),
        (HOUR_MS, WarningLevel::Hour),
        (6 * HOUR_MS, WarningLevel::SixHours),
        (DAY_MS, WarningLevel::Day),
    ];
    let left_ms = until.since_ms(now);
    levels
        .into_iter()
        .find_map(|(limit_ms, level)| (left_ms <= limit_ms).then_some(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Timestamp = Timestamp(100 * DAY_MS);

    #[track_caller]
    fn check(left_ms: i64, level: Option<WarningLevel>) {
        let now = Timestamp(END.0.saturating_add_signed(-left_ms));
        assert_eq!(warning_at(END, now), level, "{left_ms} ms before the end");
    }

    #[test]
    fn warnings_come_a_day_six_hours_and_an_hour_before_the_end() {
        let hours = |hours: i64| hours * 3_600_000;
        check(hours(72), None);
        check(hours(24) + 1, None);
        check(hours(24), Some(WarningLevel::Day));
        check(hours(6) + 1, Some(WarningLevel::Day));
        check(hours(6), Some(WarningLevel::SixHours));
        check(hours(1) + 1, Some(WarningLevel::SixHours));
        check(hours(1), Some(WarningLevel::Hour));
        check(1, Some(WarningLevel::Hour));
        check(0, Some(WarningLevel::Ended));
        check(-hours(30), Some(WarningLevel::Ended));
        assert_eq!(warning_at(Timestamp::FOREVER, END), None);
        assert_eq!(warning_at(Timestamp(0), END), Some(WarningLevel::Ended));
    }

    #[test]
    fn the_last_hour_and_the_time_after_it_are_red() {
        let red = [
            WarningLevel::Day,
            WarningLevel::SixHours,
            WarningLevel::Hour,
            WarningLevel::Ended,
        ];
        assert_eq!(red.map(WarningLevel::is_red), [false, false, true, true]);
    }
}
