//! The page of an evening that was played: one file with plots, for a browser without a network.

use askama::Template;

use super::{PlayedScenario, changed, minutes, summary};
use crate::report::local::LocalTime;
use crate::report::plot::{self, Curve};

#[derive(Template)]
#[template(path = "planning.html")]
struct Page<'a> {
    played: &'a PlayedScenario,
    summary: Vec<String>,
    queues: String,
    arrivals: String,
    desks: String,
}

impl Page<'_> {
    fn clock(&self, minute: &i64) -> String {
        self.played.clock(*minute)
    }

    fn minutes(&self, seconds: &u64) -> String {
        minutes(*seconds)
    }

    fn changed(&self, one: &usher_planning::Comparison) -> &'static str {
        changed(one.change)
    }
}

/// Makes the page.
///
/// # Errors
///
/// The template's.
pub fn of(played: &PlayedScenario) -> Result<String, askama::Error> {
    let time = LocalTime(None);
    let page = Page {
        played,
        summary: summary(played),
        queues: plot::draw(&by_gate(played, |minute| minute.queue), time),
        arrivals: plot::draw(&flows(played), time),
        desks: plot::draw(&by_gate(played, |minute| minute.desk), time),
    };
    page.render()
}

/// How many people stand somewhere, minute by minute, at each gate.
fn by_gate(played: &PlayedScenario, standing: fn(&usher_planning::FlowMinute) -> usize) -> Vec<Curve> {
    let gates = played.evening.gates.iter().map(|gate| Curve {
        name: gate.name.clone(),
        values: gate
            .flow
            .iter()
            .map(|minute| {
                (
                    played.plotted(minute.minute),
                    i64::try_from(standing(minute)).unwrap_or(i64::MAX),
                )
            })
            .collect(),
        is_flow: false,
    });
    gates.collect()
}

/// People who come and people who are let in, each minute, at all gates together.
fn flows(played: &PlayedScenario) -> Vec<Curve> {
    let curve = |name: &str, count: fn(&usher_planning::FlowMinute) -> u64| {
        let minutes = played.evening.gates.iter().flat_map(|gate| &gate.flow);
        let mut values: Vec<_> = minutes
            .map(|minute| {
                (
                    played.plotted(minute.minute),
                    i64::try_from(count(minute)).unwrap_or(i64::MAX),
                )
            })
            .collect();
        values.sort_unstable();
        Curve {
            name: name.to_owned(),
            values,
            is_flow: true,
        }
    };
    vec![
        curve("Come to the end of a queue", |minute| minute.came),
        curve("Are let in", |minute| minute.let_in),
    ]
}
