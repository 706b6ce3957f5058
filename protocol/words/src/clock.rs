//! What is said of a machine's clock that is wrong or in doubt.

use usher_keys::Timestamp;
use usher_protocol::clock::{AGREEMENT_MS, ClockHealth};

/// Says how far a clock is from another, to the minute: "45 min ahead of", "20 h 3 min behind", "5 days 3 h ahead
/// of".
pub(crate) fn apart_in_words(ahead_ms: i64) -> String {
    let minutes = ahead_ms.unsigned_abs().saturating_add(30_000) / 60_000;
    let way = if ahead_ms > 0 { "ahead of" } else { "behind" };
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min {way}"),
        (hours @ ..48, minutes) => format!("{hours} h {minutes} min {way}"),
        (hours, _) if hours % 24 == 0 => format!("{} days {way}", hours / 24),
        (hours, _) => format!("{} days {} h {way}", hours / 24, hours % 24),
    }
}

/// Says what is wrong with this machine's clock, which is compared with so many others, if anything is.
pub fn clock_off(health: ClockHealth, compared: usize) -> Option<String> {
    match health {
        ClockHealth::Right => None,
        ClockHealth::Wrong(ahead_ms) => Some(format!(
            "this machine's clock is {} the other clocks: set it. Until then, this machine uses their time",
            apart_in_words(ahead_ms)
        )),
        ClockHealth::InDoubt(ahead_ms) if compared == 0 => Some(format!(
            "this machine's clock was set while this program ran: it is {} what it was, and nobody is linked to tell which is right. Set it back, or start this program again if it is right now. Until then, supervisors decide on tickets whose validity depends on it",
            apart_in_words(ahead_ms)
        )),
        ClockHealth::InDoubt(ahead_ms) => Some(format!(
            "this machine's clock is {} another's, and too few others are linked to tell which is right: look at a watch, and set the wrong one right. Until then, supervisors decide on tickets whose validity depends on it",
            apart_in_words(ahead_ms)
        )),
    }
}

/// Says that this machine's clock is behind a moment of which the cloud has told before: nobody else needs to be there to see that.
pub fn clock_behind(now: Timestamp, cloud_said: Timestamp) -> Option<String> {
    let behind_ms = cloud_said.since_ms(now);
    (behind_ms > AGREEMENT_MS).then(|| {
        format!(
            "this machine's clock is {} what the cloud's was when it was last heard: look at a watch and set it right",
            apart_in_words(i64::try_from(behind_ms).unwrap_or(i64::MAX).saturating_neg())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_said_with_its_direction() {
        let said = |health| clock_off(health, 2).unwrap_or_default();
        let ahead = said(ClockHealth::Wrong(86_400_000));
        assert!(
            ahead.starts_with("this machine's clock is 24 h 0 min ahead of the other clocks"),
            "{ahead}"
        );
        let behind = said(ClockHealth::InDoubt(-5_460_000));
        assert!(
            behind.starts_with("this machine's clock is 1 h 31 min behind another's"),
            "{behind}"
        );
        assert_eq!(clock_off(ClockHealth::Right, 0), None);
    }

    #[test]
    fn a_clock_that_nobody_else_knows_of_is_not_said_to_be_another_than_theirs() {
        let set = clock_off(ClockHealth::InDoubt(18_000_000), 0).unwrap_or_default();
        assert!(
            set.starts_with(
                "this machine's clock was set while this program ran: it is 5 h 0 min ahead of what it was"
            ),
            "{set}"
        );
        assert!(!set.contains("other"), "{set}");
    }

    #[test]
    fn a_clock_behind_what_the_cloud_said_before_is_noticed_alone() {
        let evening = Timestamp(1_795_378_440_000);
        let said = |ms: u64| clock_behind(evening, Timestamp(evening.0 + ms));
        assert_eq!(said(2 * 60_000), None);
        assert_eq!(
            said(5 * 24 * 3_600_000).as_deref(),
            Some(
                "this machine's clock is 5 days behind what the cloud's was when it was last heard: look at a watch and set it right"
            )
        );
        assert_eq!(clock_behind(evening, Timestamp(0)), None);
    }

    #[test]
    fn how_far_clocks_are_apart_is_said_in_what_people_count_in() {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        for (ahead_ms, words) in [
            (2 * 60_000 + 29_000, "2 min ahead of"),
            (-(20 * HOUR_MS - 1), "20 h 0 min behind"),
            (47 * HOUR_MS, "47 h 0 min ahead of"),
            (5 * 24 * HOUR_MS, "5 days ahead of"),
            (-(123 * HOUR_MS), "5 days 3 h behind"),
        ] {
            assert_eq!(apart_in_words(ahead_ms), words);
        }
    }
}
