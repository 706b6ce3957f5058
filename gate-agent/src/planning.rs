//! What comes of a scenario that was played, for people: a table for the terminal, a page with plots; playing it is the planning's.

mod page;
mod table;
pub mod words;

use usher_planning::{Comparison, Evening, Scenario, WhatIf};

use crate::report::local::LocalTime;

pub use page::of as page;
pub use table::of as table;

/// Plots count minutes from 1970; what comes before doors of the first day is on the day after it.
const A_DAY_MIN: i64 = 24 * 60;

/// An evening that was played, and what came of it with a change.
#[derive(Debug, serde::Serialize)]
pub struct PlayedScenario {
    #[serde(skip)]
    pub scenario: Scenario,
    pub evening: Evening,
    /// The scenario as it is first; nothing when none was asked for.
    pub what_if: Vec<Comparison>,
}

impl PlayedScenario {
    /// Returns the minute of a plot that is so many minutes from doors.
    fn plotted(&self, minute: i64) -> u64 {
        let doors = i64::try_from(self.scenario.doors_min()).unwrap_or_default();
        u64::try_from(minute + doors + 2 * A_DAY_MIN).unwrap_or_default()
    }

    /// Returns the time of day that is so many minutes from doors.
    fn clock(&self, minute: i64) -> String {
        LocalTime(None).clock(self.plotted(minute))
    }
}

/// Says what was changed.
pub fn changed(change: Option<WhatIf>) -> &'static str {
    match change {
        None => "As planned",
        Some(WhatIf::LaneMore) => "A lane more at each gate",
        Some(WhatIf::LaneLess) => "A lane less at each gate",
        Some(WhatIf::HubMore) => "A hub more",
        Some(WhatIf::NothingFails) => "Nothing fails",
    }
}

/// Writes seconds as minutes and seconds.
fn minutes(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Says what was broken.
fn failure(kind: usher_planning::FailureKind) -> &'static str {
    use usher_planning::FailureKind;
    match kind {
        FailureKind::Hub => "hub dead",
        FailureKind::HubLink => "hub cut off from the others",
        FailureKind::Uplink => "no line to the cloud",
        FailureKind::AccessPoint => "access point dead",
        FailureKind::Power => "no power at the gate",
    }
}

/// Returns the sentences that sum an evening up.
fn summary(played: &PlayedScenario) -> Vec<String> {
    let evening = &played.evening;
    let mut said = vec![
        format!(
            "{} of {} people with a ticket were let in, the last at {}; {} were not: a copy came before them, or the desk could not help.",
            evening.let_in,
            evening.tickets,
            played.clock(evening.last_in_min),
            evening.own_tickets_not_let_in
        ),
        format!(
            "{} people with copies or codes of other events were turned away, {} were let in. The records tell of {} doubles.",
            evening.others_turned_away, evening.others_let_in, evening.doubles
        ),
        format!(
            "Scanners answered half of all codes within {} ms, 95 % within {} ms, all within {} ms; {} times a hub asked the ticket's home.",
            evening.answer_p50_ms, evening.answer_p95_ms, evening.answer_max_ms, evening.asked_the_home
        ),
    ];
    let failures = evening.failures.iter().map(|span| {
        let (from, until) = (played.clock(span.from_min), played.clock(span.until_min));
        let what = if span.what.is_empty() {
            String::new()
        } else {
            format!(" ({})", span.what)
        };
        format!("From {from} to {until}: {}{what}.", failure(span.kind))
    });
    said.extend(failures);
    if evening.most_not_in_the_cloud > 0 {
        said.push(format!(
            "At most {} records waited for the way to the cloud.",
            evening.most_not_in_the_cloud
        ));
    }
    said
}
