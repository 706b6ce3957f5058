//! The demo: one festival from the first key to the last scan, with everything broken on purpose; the harness is in `stage`.

mod cable;
mod closing;
mod crew;
mod gates;
mod opening;
mod outage;
pub mod steps;
pub mod table;

use std::io;

use crew::Crew;
use steps::{StepFailed, Steps};
use table::DemoTable;

/// Plays the demo, then stays up until Ctrl-C unless it is to end after one round.
///
/// # Errors
///
/// The step that did not come out as told.
pub async fn play(once: bool) -> Result<(), StepFailed> {
    let mut steps = Steps::new(DemoTable::on_stdout());
    // Whoever is dropped on the way kills its programs and removes its files.
    let crew = tokio::select! {
        crew = all_steps(&mut steps) => crew?,
        stopped = closing::told_to_stop() => return stopped,
    };
    if !once {
        closing::stay_up(&crew, &mut steps).await?;
    }
    crew.leave()
        .await
        .map_err(|error| StepFailed::new("Everything stops", &error))
}

async fn all_steps(steps: &mut Steps) -> Result<Crew, StepFailed> {
    steps.head()?;
    let mut crew = opening::open(steps).await?;
    gates::scan(&mut crew, steps).await?;
    outage::break_the_cloud(&mut crew, steps).await?;
    cable::cut_the_hubs_apart(&mut crew, steps).await?;
    outage::bring_the_cloud_back(&mut crew, steps).await?;
    steps.foot()?;
    Ok(crew)
}

impl From<io::Error> for StepFailed {
    fn from(error: io::Error) -> Self {
        Self::new("Printing the table", &error.into())
    }
}
