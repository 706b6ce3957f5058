//! The page of a report: one file with all that it shows, for a browser without a network.

use std::collections::BTreeMap;

use askama::Template;
use usher_protocol::GateId;
use usher_words::gate;

use super::figures::{EventFigures, GateFigures, LogFigures};
use super::local::LocalTime;
use super::plot::{self, Curve};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    figures: &'a EventFigures,
    time: LocalTime<'a>,
    made: String,
    admitted: u64,
    exited: u64,
    refused: u64,
    /// By the number of scans, the most frequent first.
    reasons: Vec<(&'static str, u64)>,
    arrivals: String,
    inside: String,
    refusals: String,
}

impl Page<'_> {
    fn busiest(&self, gate: &GateFigures) -> String {
        let said = |(minute, persons)| format!("{persons} people at {}", self.time.clock(minute));
        gate.busiest.map_or_else(String::new, said)
    }

    fn pace(&self, gate: &GateFigures) -> String {
        let said = |ms: u64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
        gate.pace_ms.map_or_else(String::new, said)
    }

    fn until(&self, device: &LogFigures) -> String {
        self.time.second(device.certificate_until)
    }

    fn last(&self, device: &LogFigures) -> String {
        let last = device.log.written.map(|(_, last)| self.time.second(last));
        last.unwrap_or_default()
    }
}

/// Makes the page.
///
/// # Errors
///
/// The template's.
pub fn of(figures: &EventFigures) -> Result<String, askama::Error> {
    let time = LocalTime(figures.policy.as_ref());
    let mut reasons: Vec<_> = figures
        .reasons
        .iter()
        .map(|(kind, scans)| (gate::refusal(*kind), *scans))
        .collect();
    reasons.sort_by_key(|(_, scans)| std::cmp::Reverse(*scans));
    let inside = figures.inside.iter().map(|(zone, steps)| Curve {
        name: figures.zone(*zone),
        values: steps.clone(),
        is_flow: false,
    });
    let page = Page {
        figures,
        time,
        made: time.second(figures.made_at),
        admitted: figures.gates.iter().map(|gate| gate.admitted).sum(),
        exited: figures.gates.iter().map(|gate| gate.exited).sum(),
        refused: figures.reasons.values().sum(),
        reasons,
        arrivals: plot::draw(&arrivals(figures), time),
        inside: plot::draw(&inside.collect::<Vec<_>>(), time),
        refusals: plot::draw(&refusals(figures), time),
    };
    page.render()
}

/// People in by gate, of the gates where anybody came in.
fn arrivals(figures: &EventFigures) -> Vec<Curve> {
    let passed = figures.passed.iter().filter(|(_, (went_in, _))| *went_in > 0);
    let by_gate = passed.map(|((minute, gate), (went_in, _))| (*gate, *minute, *went_in));
    curves(figures, by_gate)
}

fn refusals(figures: &EventFigures) -> Vec<Curve> {
    let refused = figures.refused.iter();
    curves(
        figures,
        refused.map(|((minute, gate, _), scans)| (*gate, *minute, *scans)),
    )
}

fn curves(figures: &EventFigures, values: impl Iterator<Item = (GateId, u64, u64)>) -> Vec<Curve> {
    let mut by_gate = BTreeMap::<GateId, Vec<(u64, i64)>>::new();
    for (gate, minute, count) in values {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        by_gate.entry(gate).or_default().push((minute, count));
    }
    let curve = |(gate, values)| Curve {
        name: figures.gate(gate).to_owned(),
        values,
        is_flow: true,
    };
    by_gate.into_iter().map(curve).collect()
}
