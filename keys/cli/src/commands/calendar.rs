//! Points in time as people type them, in UTC; time zones are left out.

use usher_keys::Timestamp;

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
    let at: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
    if at.subsec_nanosecond() != 0 || at.to_string() != text {
        return Err(NotATime);
    }
    u64::try_from(at.as_millisecond())
        .map(Timestamp)
        .map_err(|_| NotATime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_time_is_taken_in_its_one_spelling() {
        for (typed, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-28T23:59:59Z", 951_782_399),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2026-11-21T20:15:00Z", 1_795_292_100),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(parse(typed), Ok(Timestamp(seconds * 1000)), "{typed}");
        }
        for bad in [
            "",
            "tomorrow",
            "2027-06-04",
            "2027-06-04T18:00:00",
            "2027-06-04 18:00:00Z",
            "2027-06-04T18:00:00+02:00",
            "2027-06-04T18:00:00.5Z",
            "2027-06-04T18:00:00.500Z",
            "2027-06-04T24:00:00Z",
            "2027-06-04T18:00:61Z",
            "2027-06-04T18:00:60Z",
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
}
