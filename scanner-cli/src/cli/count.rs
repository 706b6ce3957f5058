//! `usher-scan count`: a supervisor says how many people are in a zone; what follows from that is the ledger's.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep};
use usher_device::directory::DataDirectory;
use usher_device::replica::Replica;
use usher_keys::PublicKey;
use usher_protocol::ZoneId;
use usher_protocol::ledger::NotCounted;
use usher_protocol::policy::Zone;
use usher_words::gate::UNNAMED;

use super::trouble::Trouble;
use super::{hub_address, runtime};
use crate::links::Hubs;
use crate::overruling;
use crate::printable::printable;
use crate::scan_judge::is_refused;
use crate::scanner::Scanner;

/// How long to wait for the hubs: what they know of the zone is what is corrected.
const WAIT_FOR_HUBS: Duration = Duration::from_secs(5);
/// How often to look whether they are there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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
    /// A hub to ask, in place of those of the enrolment; can be given several times.
    #[arg(long = "hub", value_name = "HOST:PORT", value_parser = hub_address)]
    hubs: Vec<String>,
}

impl CountArgs {
    pub(super) fn run(self, folder: &DataDirectory) -> Result<ExitCode, Trouble> {
        let said = runtime()?.block_on(async {
            let scanner = Scanner::start(folder, &self.hubs)?;
            let outcome = self.counted(&scanner).await;
            scanner.end().await;
            outcome
        })?;
        writeln!(io::stdout(), "{}", printable(&said))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn counted(self, scanner: &Scanner) -> Result<String, Trouble> {
        let replica = scanner.replica();
        scanner.first_hub(WAIT_FOR_HUBS).await;
        let zone = self.zone(&replica)?;
        hear_all(&replica, &scanner.hubs()).await?;
        let taken = replica.count((zone.id, self.inside), self.by).await;
        match taken.map_err(|_| Trouble::NotWritten)? {
            Ok(()) => Ok(format!("{}: {} inside now", zone.name, self.inside)),
            Err(NotCounted::NoSuchZone) => Err(no_such_zone(&replica, &self.zone)),
            Err(NotCounted::NotAllowed) => Err(Trouble::MayNotCount),
        }
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

/// Waits for all hubs and for all they have written: who went in or out by a record that comes later would be counted once more.
async fn hear_all(replica: &Replica, hubs: &Hubs) -> Result<(), Trouble> {
    let until = Instant::now() + WAIT_FOR_HUBS;
    loop {
        let missing = missing(replica, hubs);
        if missing.is_empty() {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(match is_refused(replica, hubs) {
                true => Trouble::Refused,
                false => Trouble::HubsMissing {
                    names: missing.join(", "),
                },
            });
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Names the hubs of the event that are not linked, or whose log is not here as far as they say it goes.
fn missing(replica: &Replica, hubs: &Hubs) -> Vec<String> {
    let (snapshot, linked) = (replica.snapshot(), hubs.linked());
    let is_heard = |hub: &PublicKey| {
        let mut linked = linked.iter().map(|hub| &hub.connection);
        linked.any(|line| line.peer() == *hub && line.has_peers_log())
    };
    let missing = snapshot.roster.iter().filter(|hub| !is_heard(hub));
    let name = |hub: &PublicKey| snapshot.names.get(hub).cloned();
    missing
        .map(|hub| name(hub).unwrap_or_else(|| UNNAMED.to_owned()))
        .collect()
}
