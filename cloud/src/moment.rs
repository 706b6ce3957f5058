//! Points in time as JSON shows them: RFC 3339 in UTC.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use usher_keys::Timestamp;

/// A point in time that is text in JSON, such as `2027-06-04T18:00:00Z`; any offset is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = i64::try_from(self.0.0).unwrap_or(i64::MAX);
        // Beyond the year 9999 there is only "for ever".
        write!(
            f,
            "{}",
            jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX)
        )
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = "expected a time as in RFC 3339, such as 2027-06-04T18:00:00Z, not before 1970";
        let parsed: jiff::Timestamp = text.parse().map_err(|_| D::Error::custom(expected))?;
        let ms = u64::try_from(parsed.as_millisecond()).map_err(|_| D::Error::custom(expected))?;
        Ok(Self(Timestamp(ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_rfc_3339() {
        let moment: Moment = serde_json::from_str("\"2027-06-04T20:00:00+02:00\"").unwrap();
        assert_eq!(moment.to_string(), "2027-06-04T18:00:00Z");
        assert_eq!(Moment(Timestamp(1)).to_string(), "1970-01-01T00:00:00.001Z");
        Moment(Timestamp::FOREVER).to_string();
    }

    #[test]
    fn what_is_not_a_moment_is_refused() {
        for bad in [
            "\"\"",
            "\"tomorrow\"",
            "\"2027-06-04\"",
            "\"1969-01-01T00:00:00Z\"",
            "1",
            "null",
        ] {
            assert!(serde_json::from_str::<Moment>(bad).is_err(), "{bad}");
        }
    }
}
