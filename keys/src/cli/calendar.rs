//! Points in time as people read them, in UTC; time zones and parsing are left out.

use usher_keys::Timestamp;

/// Gives a point in time like `2026-11-21 20:15:00 UTC`; the last moment there is becomes `forever`.
pub fn utc(at: Timestamp) -> String {
    if at == Timestamp::FOREVER {
        return "forever".to_owned();
    }
    let seconds = at.0 / 1000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Turns days since 1970-01-01 into a Gregorian date.
///
/// **Source**: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    // Years that start in March put the leap day last; 719,468 days lie between 0000-03-01 and 1970-01-01.
    let days = days_since_1970 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = 400 * era + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: u64, expected: &str) {
        assert_eq!(utc(Timestamp(seconds * 1000)), expected);
    }

    #[test]
    fn points_in_time_read_as_utc_dates() {
        check(0, "1970-01-01 00:00:00 UTC");
        check(951_782_399, "2000-02-28 23:59:59 UTC");
        check(951_782_400, "2000-02-29 00:00:00 UTC");
        check(1_735_689_599, "2024-12-31 23:59:59 UTC");
        check(1_795_292_100, "2026-11-21 20:15:00 UTC");
        check(4_107_542_400, "2100-03-01 00:00:00 UTC");
        assert_eq!(utc(Timestamp::FOREVER), "forever");
    }

    #[test]
    fn any_point_in_time_has_a_date() {
        assert!(!utc(Timestamp(u64::MAX - 1)).is_empty());
    }
}
