//! Local time at an event: when its offset from UTC changes around its dates, by the name of its time zone, so that gates need no zone rules.

use jiff::tz::TimeZone;
use usher_keys::Timestamp;
use usher_protocol::policy::{MAX_OFFSET_CHANGES, OffsetChange, Policy};

/// How long before an event's start and after its end changes of the time are told, in milliseconds: gates open days before, and
/// days are counted to the last guest.
const MARGIN_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Tells whether a time zone goes by that name.
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// Returns an event's policy the offsets of its time zone around its dates; one that names no zone keeps its fixed offset.
pub fn with_offsets(policy: Policy, starts_at: Timestamp, ends_at: Timestamp) -> Policy {
    let Ok(zone) = TimeZone::get(&policy.time_zone) else {
        return policy;
    };
    let from = moment(Timestamp(starts_at.0.saturating_sub(MARGIN_MS)));
    let until = moment(ends_at.plus_ms(MARGIN_MS));
    let minutes = |offset: jiff::tz::Offset| i16::try_from(offset.seconds() / 60).unwrap_or_default();
    let changes = zone
        .following(from)
        .take_while(|change| change.timestamp() <= until);
    let changes = changes.take(MAX_OFFSET_CHANGES).map(|change| OffsetChange {
        at: Timestamp(u64::try_from(change.timestamp().as_millisecond()).unwrap_or_default()),
        utc_offset_minutes: minutes(change.offset()),
    });
    Policy {
        utc_offset_minutes: minutes(zone.to_offset(from)),
        offset_changes: changes.collect(),
        ..policy
    }
}

/// Which day a moment belongs to at an event.
#[derive(Debug, Clone)]
pub struct LocalDays(TimeZone);

impl LocalDays {
    /// Takes the days of an event's time zone, or of its offset from UTC if it names none.
    pub fn of(policy: &Policy) -> Self {
        let offset = jiff::tz::Offset::from_seconds(i32::from(policy.utc_offset_minutes) * 60);
        let fixed = offset.unwrap_or(jiff::tz::Offset::UTC).to_time_zone();
        Self(TimeZone::get(&policy.time_zone).unwrap_or(fixed))
    }

    /// Returns the day of a moment.
    pub fn day(&self, at: Timestamp) -> jiff::civil::Date {
        self.0.to_datetime(moment(at)).date()
    }
}

/// A moment as a clock and a calendar show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMoment {
    pub year: i16,
    /// From 1.
    pub month: u64,
    pub day: i8,
    /// From 1, a Monday.
    pub weekday: u64,
    /// Hours and minutes: `18:00`.
    pub time: String,
}

impl LocalMoment {
    /// Reads a moment in that offset from UTC.
    pub fn of(at: Timestamp, utc_offset_minutes: i16) -> Self {
        let local = zoned(at, utc_offset_minutes);
        Self {
            year: local.year(),
            month: u64::from(local.month().unsigned_abs()),
            day: local.day(),
            weekday: u64::from(local.weekday().to_monday_one_offset().unsigned_abs()),
            time: local.strftime("%H:%M").to_string(),
        }
    }
}

/// Shows a moment as a person says it, in that offset from UTC.
pub fn day_and_time(at: Timestamp, utc_offset_minutes: i16) -> String {
    let zone = if utc_offset_minutes == 0 { " UTC" } else { "" };
    let local = zoned(at, utc_offset_minutes);
    format!("{}{zone}", local.strftime("%a %-d %B %Y, %H:%M"))
}

fn zoned(at: Timestamp, utc_offset_minutes: i16) -> jiff::Zoned {
    let offset = jiff::tz::Offset::from_seconds(i32::from(utc_offset_minutes) * 60);
    let offset = offset.unwrap_or(jiff::tz::Offset::UTC);
    moment(at).to_zoned(offset.to_time_zone())
}

fn moment(at: Timestamp) -> jiff::Timestamp {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The offset around an event in that zone, and when it changes.
    fn offsets(zone: &str, starts_at: &str) -> (i16, Vec<(String, i16)>) {
        let starts_at: jiff::Timestamp = starts_at.parse().unwrap();
        let starts_at = Timestamp(u64::try_from(starts_at.as_millisecond()).unwrap());
        let policy = Policy {
            name: String::new(),
            utc_offset_minutes: 7,
            time_zone: zone.to_owned(),
            offset_changes: Vec::new(),
            day_start_minutes: 0,
            zones: Vec::new(),
            gates: Vec::new(),
            tiers: Vec::new(),
            labels: None,
        };
        let policy = with_offsets(policy, starts_at, starts_at.plus_ms(3_600_000));
        let changes = policy.offset_changes.iter();
        let changes = changes.map(|change| (moment(change.at).to_string(), change.utc_offset_minutes));
        (policy.utc_offset_minutes, changes.collect())
    }

    #[test]
    fn both_changes_of_summer_time_are_told_and_a_fixed_offset_stays() {
        let autumn = vec![("2026-10-25T01:00:00Z".to_owned(), 60)];
        assert_eq!(offsets("Europe/Berlin", "2026-10-24T20:00:00Z"), (120, autumn));
        let spring = vec![("2027-03-28T01:00:00Z".to_owned(), 120)];
        assert_eq!(offsets("Europe/Berlin", "2027-03-27T20:00:00Z"), (60, spring));
        assert_eq!(
            offsets("Europe/Berlin", "2027-06-27T20:00:00Z"),
            (120, Vec::new())
        );
        assert_eq!(
            offsets("Asia/Kathmandu", "2027-06-27T20:00:00Z"),
            (345, Vec::new())
        );
        assert_eq!(offsets("", "2027-06-27T20:00:00Z"), (7, Vec::new()));
        assert!(is_zone("America/St_Johns") && !is_zone("Europe/Nowhere") && !is_zone(""));
    }

    #[test]
    fn a_day_ends_at_midnight_where_the_event_is() {
        let policy = |zone: &str, utc_offset_minutes| Policy {
            time_zone: zone.into(),
            utc_offset_minutes,
            ..usher_fixtures::policy()
        };
        let day = |zone: &str, offset, at: &str| {
            let at: jiff::Timestamp = at.parse().unwrap();
            let at = Timestamp(u64::try_from(at.as_millisecond()).unwrap());
            LocalDays::of(&policy(zone, offset)).day(at).to_string()
        };
        // In summer and winter, whatever the offset at the event.
        assert_eq!(day("Europe/Berlin", 60, "2027-07-01T21:59:59Z"), "2027-07-01");
        assert_eq!(day("Europe/Berlin", 60, "2027-07-01T22:00:00Z"), "2027-07-02");
        assert_eq!(day("Europe/Berlin", 120, "2027-01-01T22:59:59Z"), "2027-01-01");
        assert_eq!(day("", -300, "2027-01-01T04:59:59Z"), "2026-12-31");
    }

    #[test]
    fn moments_are_shown_in_the_offset_of_the_event() {
        let at = Timestamp(1_812_132_000_000);
        assert_eq!(day_and_time(at, 0), "Fri 4 June 2027, 18:00 UTC");
        assert_eq!(day_and_time(at, 120), "Fri 4 June 2027, 20:00");
        day_and_time(Timestamp::FOREVER, 120);
    }
}
