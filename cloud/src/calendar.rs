//! An event as a calendar file (iCalendar, RFC 5545), by hand: it is one entry with a few lines.

use usher_keys::Timestamp;

use crate::catalogue::Event;

/// Longest line in bytes, without its end (RFC 5545, section 3.1).
const LINE_BYTES: usize = 75;

/// What a calendar entry is made of.
#[derive(Debug)]
pub struct CalendarFacts<'a> {
    pub event: &'a Event,
    /// What the entry links to.
    pub page: &'a str,
    /// When this version of the entry is made.
    pub now: Timestamp,
}

/// Writes an event as a calendar file. Its UID is the event's, so that a later file replaces an earlier one; times are in UTC, which calendars
/// show as it is where they are.
pub fn of(facts: &CalendarFacts<'_>) -> String {
    let CalendarFacts { event, page, now } = facts;
    let stands = if event.canceled_at.is_some() {
        ("CANCEL", "CANCELLED")
    } else {
        ("PUBLISH", "CONFIRMED")
    };
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Usher//Tickets//EN".to_owned(),
        format!("METHOD:{}", stands.0),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@usher", event.id),
        // Seconds since 2020: it rises with each version, as it must when something has changed, and fits into 32 bits.
        format!("SEQUENCE:{}", (now.0 / 1000).saturating_sub(1_577_836_800)),
        format!("DTSTAMP:{}", utc(*now)),
        format!("DTSTART:{}", utc(event.starts_at)),
        format!("DTEND:{}", utc(event.ends_at)),
        format!("SUMMARY:{}", escaped(&event.name)),
        format!(
            "LOCATION:{}",
            escaped(&format!("{}, {}", event.venue_name, event.city))
        ),
        format!("DESCRIPTION:{}", escaped(&format!("Your tickets: {page}"))),
        format!("STATUS:{}", stands.1),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| folded(line)).collect()
}

fn utc(at: Timestamp) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX);
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Escapes a text (RFC 5545, section 3.3.11).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' | ';' | ',' => escaped.extend(['\\', char]),
            '\n' => escaped.push_str("\\n"),
            '\r' => {}
            char => escaped.push(char),
        }
    }
    escaped
}

/// Folds a line and ends it; no letter is cut apart.
fn folded(line: &str) -> String {
    let (mut folded, mut length) = (String::with_capacity(line.len() + 2), 0);
    for char in line.chars() {
        if length + char.len_utf8() > LINE_BYTES {
            folded.push_str("\r\n ");
            length = 1;
        }
        folded.push(char);
        length += char.len_utf8();
    }
    folded + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_at_75_bytes_and_no_letter_is_cut() {
        let folded = folded(&"ü".repeat(90));
        for line in folded.split("\r\n") {
            assert!(line.len() <= LINE_BYTES, "{line}");
        }
        assert_eq!(folded.replace("\r\n ", ""), "ü".repeat(90) + "\r\n");
        assert!(folded.ends_with("\r\n"));
    }

    #[test]
    fn what_has_a_meaning_in_calendars_is_escaped() {
        assert_eq!(
            escaped("Owls, larks; \\ and\nmore"),
            "Owls\\, larks\\; \\\\ and\\nmore"
        );
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(utc(Timestamp(1_800_000_000_000)), "20270115T080000Z");
    }
}
