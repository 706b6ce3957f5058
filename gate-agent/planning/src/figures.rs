//! What an evening came to, in numbers: gathered while it is played, summed up at its end.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_protocol::admission::Verdict;

use crate::event::DOORS_MS;
use crate::scenario::{FailureKind, Scenario};

const MINUTE_MS: i64 = 60_000;

/// What an evening came to. Minutes count from doors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evening {
    pub scenario: String,
    pub seed: u64,
    pub tickets: u32,
    pub hubs: usize,
    pub gates: Vec<GateFlow>,
    /// People with a ticket of their own who were let in.
    pub let_in: u64,
    /// People with a ticket of their own who were not, whatever the desk tried.
    pub own_tickets_not_let_in: u64,
    /// People with a copy or a strange code who were let in.
    pub others_let_in: u64,
    /// People with a copy or a strange code who were turned away.
    pub others_turned_away: u64,
    /// Doubles that the records tell of once all hubs have met again.
    pub doubles: usize,
    /// When the last person was let in for the first time.
    pub last_in_min: i64,
    /// From a code that is read to the verdict on the screen: half take no longer.
    pub answer_p50_ms: u64,
    pub answer_p95_ms: u64,
    pub answer_max_ms: u64,
    /// Scans for which a hub asked the ticket's home hub.
    pub asked_the_home: u64,
    /// Most records that had not come to the cloud yet.
    pub most_not_in_the_cloud: u64,
    pub failures: Vec<FailureSpan>,
}

/// What passed at a gate. Times of people who were let in are from the end of the queue to being through, whatever was in between.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GateFlow {
    pub name: String,
    pub lanes: usize,
    pub let_in: u64,
    pub wait_p50_s: u64,
    pub wait_p95_s: u64,
    pub wait_max_s: u64,
    /// Most people in its lanes at once.
    pub queue_max: usize,
    /// Codes read in each lane.
    pub lane_scans: Vec<u64>,
    /// Most codes that its lanes read within an hour, by lane.
    pub busiest_hour_per_lane: u64,
    /// Scans that were referred to a person.
    pub referrals: u64,
    /// Scans that were denied.
    pub refusals: u64,
    /// Most people at its desk at once.
    pub desk_max: usize,
    pub last_in_min: i64,
    /// By minute.
    pub flow: Vec<FlowMinute>,
}

/// One minute at a gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FlowMinute {
    pub minute: i64,
    /// People who came to the end of the queue.
    pub came: u64,
    pub let_in: u64,
    /// People in its lanes at the end of the minute.
    pub queue: usize,
    /// People at its desk at the end of the minute.
    pub desk: usize,
}

/// Since when something was broken, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureSpan {
    pub kind: FailureKind,
    /// Which one.
    pub what: String,
    pub from_min: i64,
    pub until_min: i64,
}

/// What is noted of a gate.
#[derive(Debug, Default)]
pub(crate) struct GateNotes {
    waits_ms: Vec<u64>,
    minutes: BTreeMap<i64, FlowMinute>,
    scans: BTreeMap<i64, u64>,
    referrals: u64,
    refusals: u64,
    pub queue_max: usize,
    pub desk_max: usize,
    last_in: Option<u64>,
}

impl GateNotes {
    fn minute(&mut self, now: u64) -> &mut FlowMinute {
        let minute = minute_of(now);
        let noted = self.minutes.entry(minute).or_default();
        noted.minute = minute;
        noted
    }

    pub(crate) fn came(&mut self, now: u64) {
        self.minute(now).came += 1;
    }

    /// Notes how many people stand in its lanes and at its desk.
    pub(crate) fn stand(&mut self, (queue, desk): (usize, usize), now: u64) {
        self.queue_max = self.queue_max.max(queue);
        self.desk_max = self.desk_max.max(desk);
        let minute = self.minute(now);
        (minute.queue, minute.desk) = (queue, desk);
    }

    /// Notes what a scanner of its lanes, or its desk's, has shown.
    pub(crate) fn scanned(&mut self, verdict: Verdict, is_in_lane: bool, now: u64) {
        *self.scans.entry(minute_of(now).div_euclid(60)).or_default() += u64::from(is_in_lane);
        match verdict {
            Verdict::Admit { .. } => {}
            Verdict::Deny(_) => self.refusals += 1,
            Verdict::Refer(_) => self.referrals += 1,
        }
    }

    pub(crate) fn let_in(&mut self, waited_ms: u64, now: u64) {
        self.waits_ms.push(waited_ms);
        self.minute(now).let_in += 1;
        self.last_in = Some(now);
    }

    pub(crate) fn sum_up(mut self, name: &str, lane_scans: Vec<u64>) -> GateFlow {
        self.waits_ms.sort_unstable();
        let seconds = |percent| percentile(&self.waits_ms, percent).div_ceil(1_000);
        let busiest = self.scans.values().max().copied().unwrap_or_default();
        GateFlow {
            name: name.to_owned(),
            lanes: lane_scans.len(),
            let_in: self.waits_ms.len() as u64,
            wait_p50_s: seconds(50),
            wait_p95_s: seconds(95),
            wait_max_s: seconds(100),
            queue_max: self.queue_max,
            busiest_hour_per_lane: busiest / (lane_scans.len() as u64).max(1),
            lane_scans,
            referrals: self.referrals,
            refusals: self.refusals,
            desk_max: self.desk_max,
            last_in_min: self.last_in.map_or(0, minute_of),
            flow: self.minutes.into_values().collect(),
        }
    }
}

/// Returns the minute after doors that a moment belongs to.
pub(crate) fn minute_of(at: u64) -> i64 {
    let ms = |moment: u64| i64::try_from(moment).unwrap_or(i64::MAX);
    (ms(at) - ms(DOORS_MS)).div_euclid(MINUTE_MS)
}

/// Returns what so many of a hundred of the sorted values do not exceed; 0 where there are none.
pub(crate) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or_default()
}

/// Returns when each failure of a scenario begins and ends.
pub(crate) fn failure_spans(scenario: &Scenario) -> Vec<FailureSpan> {
    let spans = scenario.failures.iter().map(|failure| {
        let names = [failure.hub.as_deref(), failure.gate.as_deref()];
        let mut what = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if let Some(number) = failure.access_point {
            what.push_str(&format!(" {number}"));
        }
        let minute = |minutes: f64| minute_of(crate::visitors::at_minute(minutes));
        FailureSpan {
            kind: failure.kind,
            what,
            from_min: minute(failure.from_min),
            until_min: minute(failure.from_min + failure.for_min),
        }
    });
    spans.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!(
            [50, 95, 100].map(|percent| percentile(&values, percent)),
            [50, 95, 100]
        );
        assert_eq!(percentile(&[7], 95), 7);
        assert_eq!(percentile(&[], 95), 0);
    }

    #[test]
    fn minutes_before_doors_are_below_0() {
        assert_eq!(minute_of(DOORS_MS - 1), -1);
        assert_eq!(minute_of(DOORS_MS), 0);
        assert_eq!(minute_of(DOORS_MS + 60_000), 1);
    }
}
