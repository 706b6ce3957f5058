//! Letting events go on that are halted because the store may be an older copy, in words for whoever looks after the server.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use usher_keys::EventId;

use crate::authority::writer::{HaltSurvey, survey};
use crate::catalogue::Event;
use crate::store::Store;
use crate::store::authority::{Halt, Resume};

/// What may follow when an event goes on though devices may hold more of its authority's log.
const LOSS: &str = "Wait for them. If they are lost for good, --accept-loss goes on without: what only they had heard is lost \
    (tickets revoked or reissued, devices shut out, the newest policy), and should one of them come back after the cloud has \
    ordered anything, the authority's log has two histories, and devices that see both follow neither. An event that gets \
    a new authority key before it is resumed is safe from that: docs/OPERATIONS.md says how";

/// Which halted events go on, and at what price.
#[derive(Debug, Args)]
pub struct ResumeOrder {
    /// The settings of the server.
    #[arg(long)]
    config: PathBuf,
    /// Only this event, also if it is over; without it, all that are not.
    #[arg(long)]
    event: Option<EventId>,
    /// Go on though devices may hold more of the authority's log than the store does; what follows is said without it.
    #[arg(long)]
    accept_loss: bool,
}

impl ResumeOrder {
    /// Resumes what may go on and says why the rest may not; exit code 1 if anything stays halted that was asked for.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let places = super::store_places(&self.config)?;
        let store = Store::open_places(&places)
            .await
            .with_context(|| format!("opening {}", places.home))?;
        let is_done = self.resume_all(&store).await?;
        store.close().await;
        Ok(super::exit_code(is_done))
    }

    async fn resume_all(&self, store: &Store) -> anyhow::Result<bool> {
        let mut out = std::io::stdout();
        let halted = self.asked_for(store).await?;
        let (mut resumed, mut is_done) = (0, true);
        for (event, halt) in &halted {
            if self.resume(store, (event, halt), &mut out).await? {
                resumed += 1;
            } else {
                is_done = false;
            }
        }
        if !is_done {
            writeln!(out, "{LOSS}")?;
        }
        if resumed > 0 {
            writeln!(
                out,
                "Start the servers of this store again: then they sell and order for what was resumed"
            )?;
        }
        if halted.is_empty() {
            writeln!(out, "nothing is halted that is not over")?;
        }
        Ok(is_done)
    }

    async fn asked_for(&self, store: &Store) -> anyhow::Result<Vec<(Event, Halt)>> {
        let now = store.clock().await?.now();
        let mut asked = Vec::new();
        for (id, halt) in store.halts(()).await? {
            let Some(event) = store.event(id).await? else {
                continue;
            };
            let is_asked = self.event.map_or(!event.is_over(now), |asked| asked == id);
            if is_asked {
                asked.push((event, halt));
            }
        }
        ensure!(
            self.event.is_none() || !asked.is_empty(),
            "the event of --event is not halted"
        );
        Ok(asked)
    }

    async fn resume(
        &self,
        store: &Store,
        (event, halt): (&Event, &Halt),
        out: &mut impl Write,
    ) -> anyhow::Result<bool> {
        let now = store.clock().await?.now();
        let survey = survey(store, (event.id, halt), now).await?;
        let is_safe = survey.as_ref().is_none_or(HaltSurvey::is_complete);
        let (name, id) = (&event.name, event.id);
        for line in survey.iter().flat_map(doubts) {
            writeln!(out, "{name} ({id}): {line}")?;
        }
        if !is_safe && !self.accept_loss {
            writeln!(out, "{name} ({id}): stays halted")?;
            return Ok(false);
        }
        let known = halt.clone();
        let is_resumed = store.resume(Resume { event: id, known }).await?;
        let ended = if is_resumed {
            "resumed"
        } else {
            "stays halted: a device has just shown more; say it again"
        };
        writeln!(out, "{name} ({id}): {ended}")?;
        Ok(is_resumed)
    }
}

/// Says what speaks against going on.
fn doubts(survey: &HaltSurvey) -> Vec<String> {
    let mut lines = Vec::new();
    if survey.lacking > 0 {
        let lacking = survey.lacking;
        lines.push(format!(
            "devices hold {lacking} records of the authority's log that have not come back"
        ));
    }
    if !survey.unheard.is_empty() {
        let unheard = survey.unheard.join(", ");
        lines.push(format!("not linked since it was halted: {unheard}"));
    } else if survey.heard == 0 {
        lines.push(
            "the store knows no hub of it; one that was enrolled since the backup may hold more".to_owned(),
        );
    }
    lines
}
