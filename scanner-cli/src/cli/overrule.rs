//! `usher-scan override`: asks a hub to let people in against the rules; whether that may be is the certificate's and the hub's to say.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, value_parser};
use usher_device::directory::DataDirectory;
use usher_protocol::pin::Pin;
use usher_words::scanner::Undecided;

use super::supervisor::SupervisorArgs;
use super::trouble::Trouble;
use super::{DirectionArg, runtime};
use crate::answer::{ScanOutcome, Signal};
use crate::ask::OwnScan;
use crate::gate_position::{GateChoice, GatePosition};
use crate::lookup;
use crate::order::ShownCode;
use crate::overruling::{self, Overruling};
use crate::scanner::Scanner;
use crate::station::draw_scan;
use crate::status;

/// How long to wait for a hub: a supervisor stands there and waits too.
const WAIT_FOR_HUB: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct OverrideArgs {
    #[command(flatten)]
    supervisor: SupervisorArgs,
    /// The gate, by its number or its name.
    #[arg(long, value_name = "GATE")]
    gate: GateChoice,
    /// Which way people pass: in. Whoever leaves needs no override: scan the exit.
    #[arg(long, value_enum, default_value = "in")]
    direction: DirectionArg,
    /// How many people pass.
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u8).range(1..))]
    persons: u8,
}

impl OverrideArgs {
    pub(super) fn run(mut self, folder: &DataDirectory) -> Result<ExitCode, Trouble> {
        if self.direction == DirectionArg::Out {
            return Err(Trouble::OverridesLetIn);
        }
        let code = self.supervisor.code()?;
        let mut screen = self.supervisor.screen();
        let pin = self.supervisor.pin()?;
        let answer = runtime()?.block_on(self.switched_on(folder, (code, pin)))?;
        screen.judged(&answer)?;
        Ok(match answer.signal {
            Signal::Admit => ExitCode::SUCCESS,
            Signal::Deny | Signal::Refer => ExitCode::from(1),
            Signal::Unanswered | Signal::Barred => ExitCode::from(2),
        })
    }

    async fn switched_on(
        self,
        folder: &DataDirectory,
        given: (Vec<u8>, Option<Pin>),
    ) -> Result<ScanOutcome, Trouble> {
        let scanner = Scanner::start(folder, &self.supervisor.hubs)?;
        let outcome = self.asked(&scanner, given).await;
        scanner.end().await;
        outcome
    }

    async fn asked(
        self,
        scanner: &Scanner,
        (code, pin): (Vec<u8>, Option<Pin>),
    ) -> Result<ScanOutcome, Trouble> {
        let replica = scanner.replica();
        if pin.is_none() && !overruling::may(&replica) {
            return Err(Trouble::MayNotOverride);
        }
        scanner.first_hub(WAIT_FOR_HUB).await;
        let position = GatePosition {
            gate: self
                .gate
                .find(replica.snapshot().policy.as_deref(), &replica.certificate())?,
            direction: self.direction.into(),
            persons: self.persons,
        };
        let hubs = scanner.hubs();
        let code = match lookup::find(code, &hubs).await {
            Ok(found) => found.code,
            Err(answer) => return Ok(answer),
        };
        let secret = draw_scan()?;
        let own = OwnScan {
            scan: &position.question(ShownCode { secret, code }, &replica.me()),
            secret,
            home: None,
            // Against the rules the ticket's home has the word.
            is_void: false,
            hubs: &hubs,
            replica: &replica,
        };
        let overruling = Overruling {
            pin,
            ..self.supervisor.overruling()
        };
        let decided = overruling::decided(own, overruling).await;
        decided.map_err(|why| match why {
            Undecided::MayNot => Trouble::MayNotOverride,
            Undecided::Outwards => Trouble::OverridesLetIn,
            Undecided::NoHub => Trouble::NoHub {
                links: status::line(&replica, &hubs),
            },
        })
    }
}
