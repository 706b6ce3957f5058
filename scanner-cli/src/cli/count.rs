//! `usher-scan count`: a supervisor says how many people are in a zone; what follows from that is the ledger's.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use usher_device::directory::DataDirectory;
use usher_device::replica::Replica;
use usher_protocol::ZoneId;
use usher_protocol::correction::{Correction, NotCounted, PinnedCorrection};
use usher_protocol::pin::Pin;
use usher_protocol::policy::Zone;

use super::supervisor::typed_pin;
use super::trouble::Trouble;
use super::{hub_address, runtime};
use crate::corrections;
use crate::counting::{WAIT_FOR_HUBS, hear_all};
use crate::overruling;
use crate::presentation;
use crate::printable::printable;
use crate::scan_judge::is_refused;
use crate::scanner::Scanner;

#[derive(Debug, Args)]
pub(super) struct CountArgs {
    /// The zone, by its number or its name.
    #[arg(long, value_name = "ZONE")]
    zone: String,
    /// How many people are in it now.
    #[arg(long, value_name = "N")]
    inside: u32,
    /// Who counted.
    #[arg(long, value_name = "NAME", value_parser = overruling::words)]
    by: String,
    /// Ask for the supervisor's PIN, which the hub knows: needed at a scanner that may not count by itself. It is typed at the
    /// terminal, which does not show it, or is the first line of the standard input.
    #[arg(long)]
    pin: bool,
    /// A hub to ask, in place of those of the enrolment; can be given several times.
    #[arg(long = "hub", value_name = "HOST:PORT", value_parser = hub_address)]
    hubs: Vec<String>,
}

impl CountArgs {
    pub(super) fn run(self, folder: &DataDirectory) -> Result<ExitCode, Trouble> {
        let pin = if self.pin { Some(typed_pin()?) } else { None };
        let said = runtime()?.block_on(async {
            let scanner = Scanner::start(folder, &self.hubs)?;
            let outcome = self.counted(&scanner, pin).await;
            scanner.end().await;
            outcome
        })?;
        writeln!(io::stdout(), "{}", printable(&said))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn counted(self, scanner: &Scanner, pin: Option<Pin>) -> Result<String, Trouble> {
        let (replica, hubs) = (scanner.replica(), scanner.hubs());
        scanner.first_hub(WAIT_FOR_HUBS).await;
        let zone = self.zone(&replica)?;
        let done = format!("{}: {} inside now", zone.name, self.inside);
        if let Some(pin) = pin {
            self.counted_by_pin(scanner, (zone.id, pin)).await?;
            return Ok(done);
        }
        hear_all(&replica, &hubs).await.map_err(|missing| {
            if is_refused(&replica, &hubs) {
                return Trouble::Refused;
            }
            let names = missing.join(", ");
            Trouble::HubsMissing { names }
        })?;
        let taken = replica.count((zone.id, self.inside), self.by).await;
        match taken.map_err(|_| Trouble::NotWritten)? {
            Ok(()) => Ok(done),
            Err(NotCounted::NoSuchZone) => Err(no_such_zone(&replica, &self.zone)),
            Err(NotCounted::NotAllowed) => Err(Trouble::MayNotCount),
        }
    }

    async fn counted_by_pin(self, scanner: &Scanner, (zone, pin): (ZoneId, Pin)) -> Result<(), Trouble> {
        let inside = self.inside;
        let pinned = PinnedCorrection {
            correction: Correction::Count { zone, inside },
            by: self.by,
            pin,
        };
        let said = match corrections::corrected(&scanner.hubs(), &pinned).await {
            Ok(corrected) => presentation::not_counted(corrected),
            Err(why) => Some(why.words(&presentation::phrasebook(&scanner.replica()))),
        };
        said.map_or(Ok(()), |said| Err(Trouble::NotCorrected(said)))
    }

    fn zone(&self, replica: &Replica) -> Result<Zone, Trouble> {
        let policy = replica.snapshot().policy.clone();
        let mut zones = policy.iter().flat_map(|policy| &policy.zones);
        let is_meant = |zone: &&Zone| {
            zone.name.eq_ignore_ascii_case(&self.zone)
                || self.zone.parse().is_ok_and(|id| zone.id == ZoneId(id))
        };
        let zone = zones.find(is_meant).cloned();
        zone.ok_or_else(|| no_such_zone(replica, &self.zone))
    }
}

fn no_such_zone(replica: &Replica, wanted: &str) -> Trouble {
    let policy = replica.snapshot().policy.clone();
    let zones = policy.iter().flat_map(|policy| &policy.zones);
    let names: Vec<&str> = zones.map(|zone| zone.name.as_str()).collect();
    Trouble::NoSuchZone {
        wanted: wanted.to_owned(),
        known: names.join(", "),
    }
}
