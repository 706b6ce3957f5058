//! The steps of the demo: each is done, measured and printed; the first that does not come out as told ends it.

use std::io;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::table::{DemoRow, DemoTable, duration};

/// The step that did not come out as told.
#[derive(Debug, Error)]
#[error("\"{step}\" did not come out as told: {why}")]
pub struct StepFailed {
    step: String,
    why: String,
}

impl StepFailed {
    /// Names a step that failed.
    pub fn new(step: &str, error: &anyhow::Error) -> Self {
        Self {
            step: step.to_owned(),
            why: format!("{error:#}"),
        }
    }
}

/// What came of a step.
#[derive(Debug)]
pub struct StepReport<T> {
    /// What later steps need.
    pub value: T,
    /// What happened, in words.
    pub happened: String,
    /// How long what matters took, if that is not the whole step.
    pub took: Option<Duration>,
}

impl<T> StepReport<T> {
    /// Tells what happened.
    pub fn new(value: T, happened: impl Into<String>) -> Self {
        Self {
            value,
            happened: happened.into(),
            took: None,
        }
    }

    /// Tells the same and hands something else on.
    pub fn with<U>(self, value: U) -> StepReport<U> {
        let Self { happened, took, .. } = self;
        StepReport {
            value,
            happened,
            took,
        }
    }
}

/// The steps so far.
#[derive(Debug)]
pub struct Steps {
    table: DemoTable<io::Stdout>,
    started: Instant,
    count: usize,
}

impl Steps {
    /// Starts with an empty table.
    pub fn new(table: DemoTable<io::Stdout>) -> Self {
        Self {
            table,
            started: Instant::now(),
            count: 0,
        }
    }

    /// Prints the head of the table.
    ///
    /// # Errors
    ///
    /// When it cannot be printed.
    pub fn head(&mut self) -> io::Result<()> {
        self.table
            .say("Usher: a festival on this machine, each program a process of its own. A scan takes as long as the person at the \
             gate waits.\n")?;
        self.table.head()
    }

    /// Prints what it came to.
    ///
    /// # Errors
    ///
    /// When it cannot be printed.
    pub fn foot(&mut self) -> io::Result<()> {
        let took = duration(self.started.elapsed());
        self.table.say(&format!(
            "\nAll {} steps came out as told, in {took}.",
            self.count
        ))
    }

    /// Prints a line below the table.
    ///
    /// # Errors
    ///
    /// When it cannot be printed.
    pub fn say(&mut self, line: &str) -> io::Result<()> {
        self.table.say(line)
    }

    /// Does a step and prints its row.
    ///
    /// # Errors
    ///
    /// When it does not come out as told.
    pub async fn step<T>(
        &mut self,
        step: &str,
        expected: &str,
        work: impl Future<Output = anyhow::Result<StepReport<T>>>,
    ) -> Result<T, StepFailed> {
        let start = Instant::now();
        let done = work.await;
        let whole = start.elapsed();
        let (passed, took, happened) = match &done {
            Ok(told) => (true, told.took.unwrap_or(whole), told.happened.clone()),
            Err(error) => (false, whole, format!("{error:#}")),
        };
        self.count += 1;
        self.table.row(&DemoRow {
            step,
            expected,
            happened: &happened,
            took,
            passed,
        })?;
        done.map(|told| told.value)
            .map_err(|error| StepFailed::new(step, &error))
    }
}
