//! Points in time as people read and type them, in UTC; time zones are left out.

use usher_keys::Timestamp;

/// Returns a point in time like `2026-11-21 20:15:00 UTC`; the last moment there is becomes `forever`.
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

/// A text that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time in UTC such as 2027-06-04T18:00:00Z, from 1970 to 9999")]
pub struct NotATime;

/// Reads a point in time that is typed as `2027-06-04T18:00:00Z`.
///
/// # Errors
///
/// [`NotATime`].
/// **Source**: RFC 3339, of which only whole seconds in UTC are taken: another spelling could be meant otherwise.
pub fn parse(text: &str) -> Result<Timestamp, NotATime> {
    let field = |from: usize, len: usize| -> Option<u64> {
        let digits = text.get(from..from + len)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    };
    let parse = || {
        let (year, month, day) = (field(0, 4)?, field(5, 2)?, field(8, 2)?);
        let (hour, minute, second) = (field(11, 2)?, field(14, 2)?, field(17, 2)?);
        let seconds = days_since_1970(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second;
        let at = Timestamp(seconds * 1000);
        // Read back, a day that is not there, an hour 24 or a blank for the T is another text.
        (utc(at).replacen(' ', "T", 1).replace(" UTC", "Z") == text).then_some(at)
    };
    parse().ok_or(NotATime)
}

/// Turns a Gregorian date into days since 1970-01-01; nothing for one before.
///
/// **Source**: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let month_from_march = (month + 9) % 12;
    let year = year.checked_sub(u64::from(month <= 2))?;
    let day_of_year = (153 * month_from_march + 2) / 5 + day.checked_sub(1)?;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;
    days.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_time_is_taken_in_its_one_spelling() {
        let times = [0, 951_782_399, 951_782_400, 1_795_292_100, 4_107_542_400];
        for at in times.map(|seconds| Timestamp(seconds * 1000)) {
            let typed = utc(at).replacen(' ', "T", 1).replace(" UTC", "Z");
            assert_eq!(parse(&typed), Ok(at), "{typed}");
        }
        for bad in [
            "",
            "tomorrow",
            "2027-06-04",
            "2027-06-04T18:00:00",
            "2027-06-04 18:00:00Z",
            "2027-06-04T18:00:00+02:00",
            "2027-06-04T18:00:00.5Z",
            "2027-06-04T24:00:00Z",
            "2027-06-04T18:00:61Z",
            "2027-02-29T18:00:00Z",
            "2027-13-01T18:00:00Z",
            "2027-00-01T18:00:00Z",
            "2027-01-00T18:00:00Z",
            "0000-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "+027-06-04T18:00:00Z",
            "2027-06-04T18:00:00ZZ",
            "12027-06-04T18:00:00Z",
            "2027-06-04T18:00:0é",
        ] {
            assert_eq!(parse(bad), Err(NotATime), "{bad}");
        }
    }

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
