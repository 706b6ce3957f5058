//! `simulate`: plays an evening that is planned and says what came of it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use usher_planning::{Comparison, Evening, EveningSoFar, Scenario};

use super::SimulateArgs;
use crate::planning::{self, PlayedScenario, words};

/// Plays a scenario, with changes if that is asked for, and writes what came of it.
pub fn simulate(wanted: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let unread = || words::no_scenario(&wanted.scenario);
    let text = fs::read_to_string(&wanted.scenario).with_context(unread)?;
    let scenario = Scenario::read(&text).with_context(unread)?;
    let evening = play(&scenario, wanted.seed, &scenario.name);
    let played = PlayedScenario {
        what_if: if wanted.what_if {
            compare(&scenario, &evening, wanted.seed)
        } else {
            Vec::new()
        },
        scenario,
        evening,
    };
    if let Some(file) = &wanted.json {
        write(file, &serde_json::to_string_pretty(&played)?)?;
    }
    if let Some(file) = &wanted.report {
        write(file, &planning::page(&played)?)?;
    }
    write!(std::io::stdout().lock(), "{}", planning::table(&played))?;
    Ok(ExitCode::SUCCESS)
}

fn compare(scenario: &Scenario, evening: &Evening, seed: u64) -> Vec<Comparison> {
    let variants = scenario.variants().into_iter().map(|(change, other)| {
        let evening = play(&other, seed, planning::changed(Some(change)));
        Comparison::of(Some(change), &evening)
    });
    std::iter::once(Comparison::of(None, evening))
        .chain(variants)
        .collect()
}

/// Plays a scenario and tells on the standard error how far it is.
fn play(scenario: &Scenario, seed: u64, name: &str) -> Evening {
    usher_planning::play(scenario, seed, &mut |progress: EveningSoFar| {
        let told = words::played_so_far(name, progress.minute, (progress.let_in, progress.tickets));
        // Nobody is left to tell when this fails.
        let _ = writeln!(std::io::stderr(), "{told}");
    })
}

fn write(file: &Path, content: &str) -> anyhow::Result<()> {
    fs::write(file, content).with_context(|| words::not_written(file))
}
