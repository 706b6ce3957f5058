//! Everyone and everything of the demo once it is set up: the stage, the venue, its scanners, the tickets, and what was let in so far.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::steps::StepReport;
use crate::stage::Stage;
use crate::stage::buyer::BoughtTicket;
use crate::stage::scanner::{Scanner, Shown};
use crate::stage::venue::{Side, Venue};

/// The demo once it is set up.
#[derive(Debug)]
pub struct Crew {
    /// The cloud and its organizer.
    pub stage: Stage,
    /// The hubs.
    pub venue: Venue,
    /// Enrolled by the hub in the north, with nothing but the local network.
    pub north: Scanner,
    /// Enrolled by the hub in the south.
    pub south: Scanner,
    /// Enrolled by the organizer, and told of the hub in the south.
    pub roaming: Scanner,
    /// Tickets that were not shown yet, each with the picture of its code.
    pub unused: Vec<(BoughtTicket, PathBuf)>,
    /// What the cloud must know of in the end, in order: what happened, and with which unit.
    pub passed: Vec<(&'static str, u32)>,
}

impl Crew {
    /// Takes a ticket of a tier whose unit has its home there.
    ///
    /// # Errors
    ///
    /// When all are used up.
    pub fn take(&mut self, tier: u16, home: Side) -> anyhow::Result<(BoughtTicket, PathBuf)> {
        let venue = &self.venue;
        let at = self
            .unused
            .iter()
            .position(|(ticket, _)| ticket.tier == tier && venue.home(ticket.unit) == home);
        Ok(self
            .unused
            .swap_remove(at.with_context(|| format!("no ticket of tier {tier} is left"))?))
    }

    /// Notes what the cloud must know of in the end.
    pub fn note(&mut self, what: &'static str, ticket: &BoughtTicket) {
        self.passed.push((what, ticket.unit));
    }

    /// Stops every program in an orderly way. On a terminal Ctrl-C has reached them already.
    ///
    /// # Errors
    ///
    /// When one does not stop, or not with success.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        let psp = self.stage.psp.as_mut().map(|psp| &mut psp.process);
        let processes = [
            &mut self.venue.south.process,
            &mut self.venue.north.process,
            &mut self.stage.cloud.process,
        ];
        for process in processes.into_iter().chain(psp) {
            if process.ended()?.is_none_or(|status| !status.success()) {
                process.stop().await?;
            }
        }
        Ok(())
    }
}

/// Goes on only if a scanner showed that, and gives what was on its screen.
///
/// # Errors
///
/// What it showed instead.
pub fn line_of(shown: &Shown, outcome: &str) -> anyhow::Result<String> {
    let line = shown.line();
    ensure!(
        shown.outcome == outcome,
        "expected {outcome}, the scanner showed {} ({line})",
        shown.outcome
    );
    Ok(line)
}

/// The same as the whole of a step, which took as long as the person at the gate waited.
///
/// # Errors
///
/// What it showed instead.
pub fn told(shown: &Shown, outcome: &str) -> anyhow::Result<StepReport<()>> {
    let happened = line_of(shown, outcome)?;
    Ok(StepReport {
        value: (),
        happened,
        took: Some(Duration::from_millis(shown.took_ms)),
    })
}
