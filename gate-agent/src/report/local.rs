//! Moments in the time of the event, as the signed policy tells it.

use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use usher_keys::Timestamp;
use usher_protocol::policy::Policy;

const MINUTE_MS: u64 = 60_000;

/// Returns the minute that a moment belongs to, since 1970.
pub fn minute_of(at: Timestamp) -> u64 {
    at.0 / MINUTE_MS
}

/// Writes moments in the time of an event; in UTC before its policy is known.
#[derive(Debug, Clone, Copy)]
pub struct LocalTime<'a>(pub Option<&'a Policy>);

impl LocalTime<'_> {
    /// Writes a moment with its offset from UTC, to the second (RFC 3339).
    pub fn second(self, at: Timestamp) -> String {
        self.write("%Y-%m-%dT%H:%M:%S%:z", at)
    }

    /// Writes the beginning of a minute with its offset from UTC (RFC 3339).
    pub fn minute(self, minute: u64) -> String {
        self.second(Timestamp(minute.saturating_mul(MINUTE_MS)))
    }

    /// Writes the hour and minute alone.
    pub fn clock(self, minute: u64) -> String {
        self.write("%H:%M", Timestamp(minute.saturating_mul(MINUTE_MS)))
    }

    fn write(self, format: &str, at: Timestamp) -> String {
        let offset = self.0.map_or(0, |policy| policy.offset_at(at));
        let offset = Offset::from_seconds(i32::from(offset) * 60);
        let moment = i64::try_from(at.0)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let local = moment.zip(offset.ok());
        let local = local.map(|(moment, offset)| moment.to_zoned(TimeZone::fixed(offset)));
        let said = local.and_then(|local| strtime::format(format, &local).ok());
        said.unwrap_or_else(|| at.0.to_string())
    }
}
