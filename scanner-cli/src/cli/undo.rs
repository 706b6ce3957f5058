//! `usher-scan undo`: a supervisor says that nobody passed by the last scan of a ticket; whether that may be is the ledger's to say.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep};
use usher_device::directory::DataDirectory;
use usher_device::replica::Annulment;
use usher_protocol::correction::NotAnnulled;
use usher_protocol::pin::Pin;
use usher_protocol::request::TicketFacts;

use super::supervisor::SupervisorArgs;
use super::trouble::Trouble;
use super::{DirectionArg, runtime};
use crate::answer::ScanOutcome;
use crate::overruling;
use crate::scanner::Scanner;
use crate::{annulling, lookup, presentation};

/// How long to wait for a hub, and then for what it knows of the ticket.
const WAIT_FOR_HUB: Duration = Duration::from_secs(5);
/// How often to look whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    #[command(flatten)]
    supervisor: SupervisorArgs,
    /// Which way nobody passed.
    #[arg(long, value_enum, default_value = "in")]
    direction: DirectionArg,
}

impl UndoArgs {
    pub(super) fn run(mut self, folder: &DataDirectory) -> Result<ExitCode, Trouble> {
        let code = self.supervisor.code()?;
        let mut screen = self.supervisor.screen();
        let pin = self.supervisor.pin()?;
        let (answer, is_heard) = runtime()?.block_on(self.switched_on(folder, (code, pin)))?;
        let answer = match answer.outcome {
            presentation::ANNULLED if !is_heard => presentation::unheard(answer),
            _ => answer,
        };
        screen.judged(&answer)?;
        let is_done = answer.outcome == presentation::ANNULLED;
        Ok(if is_done {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }

    /// Tells also whether a hub has all that this scanner wrote down.
    async fn switched_on(
        self,
        folder: &DataDirectory,
        (code, pin): (Vec<u8>, Option<Pin>),
    ) -> Result<(ScanOutcome, bool), Trouble> {
        let scanner = Scanner::start(folder, &self.supervisor.hubs)?;
        let is_the_hubs = pin.is_some();
        let outcome = match pin {
            Some(pin) => self.undone_by_pin(&scanner, (code, pin)).await,
            None => self.undone(&scanner, code).await,
        };
        let is_linked = !scanner.hubs().linked().is_empty();
        let kept = scanner.end().await;
        outcome.map(|answer| (answer, is_the_hubs || is_linked && kept == 0))
    }

    async fn undone_by_pin(
        self,
        scanner: &Scanner,
        (code, pin): (Vec<u8>, Pin),
    ) -> Result<ScanOutcome, Trouble> {
        scanner.first_hub(WAIT_FOR_HUB).await;
        let hubs = scanner.hubs();
        let code = match lookup::find(code, &hubs).await {
            Ok(found) => found.code,
            Err(answer) => return Ok(answer),
        };
        let (direction, said) = (self.direction.into(), self.supervisor.overruling());
        Ok(annulling::by_pin((&scanner.replica(), &hubs), (code, direction), (said, pin)).await)
    }

    async fn undone(self, scanner: &Scanner, code: Vec<u8>) -> Result<ScanOutcome, Trouble> {
        let replica = scanner.replica();
        if !overruling::may(&replica) {
            return Err(Trouble::MayNotUndo);
        }
        scanner.first_hub(WAIT_FOR_HUB).await;
        let code = match lookup::find(code, &scanner.hubs()).await {
            Ok(found) => found.code,
            Err(answer) => return Ok(answer),
        };
        Ok(match self.last_scan(scanner, &code).await {
            Some((annulment, ticket)) => annulling::done(&replica, annulment, Some(ticket)).await,
            None => presentation::annulled(
                &presentation::phrasebook(&replica),
                Err(NotAnnulled::NobodyPassed),
                None,
            ),
        })
    }

    /// Waits for the hubs to tell of the ticket's last scan, and before that of the key that signed it, if that is new.
    async fn last_scan(self, scanner: &Scanner, code: &[u8]) -> Option<(Annulment, TicketFacts)> {
        let (replica, until) = (scanner.replica(), Instant::now() + WAIT_FOR_HUB);
        let direction = self.direction.into();
        let said = self.supervisor.overruling();
        let mut ticket = None;
        loop {
            ticket = ticket.or_else(|| annulling::ticket_of(&replica, code));
            if let Some(ticket) = ticket
                && let Some(annulment) = replica
                    .undo_of_supervisor((code, ticket.unit), direction, (&said.by, &said.why))
                    .await
            {
                return Some((annulment, ticket));
            }
            if Instant::now() >= until {
                return None;
            }
            sleep(LOOK_EVERY).await;
        }
    }
}
