//! `usher-scan status`: shows what this scanner is and knows, without a network; changes nothing.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use usher_gate_agent::directory::DataDirectory;
use usher_gate_agent::expiry::{self, CertificateNote, Holder};
use usher_gate_agent::replica::Replica;
use usher_keys::{Certificate, EventId, PublicKey, Role};
use usher_protocol::GateId;

use super::trouble::Trouble;
use super::{hub_list, runtime};
use crate::desk;
use crate::folder;
use crate::post;
use crate::screen::printable;
use crate::tell;
use crate::words;

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Write one JSON object.
    #[arg(long)]
    json: bool,
}

/// What a scanner is and knows.
#[derive(Debug, Serialize)]
struct Facts {
    name: String,
    device: PublicKey,
    event: EventId,
    event_name: Option<String>,
    folder: String,
    /// Empty for every gate.
    gates: Vec<String>,
    may_override: bool,
    certificate_until: String,
    certificate_until_ms: u64,
    /// Why it needs to be renewed, if it does.
    certificate_warning: Option<CertificateNote>,
    /// Whether it is a device of the event now.
    usable: bool,
    freshness: String,
    fresh_as_of_ms: Option<u64>,
    hubs: Vec<String>,
    logs: Vec<Log>,
}

/// How much of a log is here.
#[derive(Debug, Serialize)]
struct Log {
    origin: PublicKey,
    name: String,
    records: u64,
    own: bool,
}

impl StatusArgs {
    pub fn run(self, folder: &DataDirectory) -> Result<ExitCode, Trouble> {
        let (_key, replica) = folder::open(folder)?;
        let facts = Facts::of(&replica, folder);
        runtime()?.block_on(replica.close());
        let mut out = io::stdout().lock();
        if self.json {
            let line = serde_json::to_string(&facts).expect("facts have only strings and numbers");
            writeln!(out, "{line}")?;
        } else {
            facts.write(&mut out)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Facts {
    fn of(replica: &Replica, folder: &DataDirectory) -> Self {
        let (standing, voice) = (replica.standing(), tell::voice(replica));
        let policy = standing.policy.as_deref();
        let Certificate {
            event,
            device,
            name,
            gates,
            capabilities,
            window,
            ..
        } = replica.certificate().clone();
        Self {
            name,
            device,
            event,
            event_name: policy.map(|policy| policy.name.clone()),
            folder: folder.path().display().to_string(),
            gates: gates
                .into_iter()
                .map(|gate| post::named(GateId(gate), policy))
                .collect(),
            may_override: capabilities.override_refusals,
            certificate_until: voice.time(window.until),
            certificate_until_ms: window.until.0,
            certificate_warning: expiry::warning(Holder::Own(Role::Scanner), window.until, &voice),
            usable: desk::bar(replica).is_none(),
            freshness: voice.freshness(replica.fresh_as_of()),
            fresh_as_of_ms: replica.fresh_as_of().map(|at| at.0),
            hubs: replica.meta().uplink.clone(),
            logs: logs(replica),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let certificate = match self.usable {
            true => format!("valid until {}", self.certificate_until),
            false => format!("NOT VALID NOW (until {}, or withdrawn)", self.certificate_until),
        };
        let gates = match self.gates.as_slice() {
            [] => words::EVERY_GATE.to_owned(),
            gates => gates.join(", "),
        };
        let event = self.event_name.as_deref().unwrap_or(words::NOT_HEARD_YET);
        let may_override = if self.may_override { "yes" } else { "no" };
        let lines = [
            ("scanner", self.name.clone()),
            ("event", format!("{event} ({})", self.event)),
            ("folder", self.folder.clone()),
            ("gates", gates),
            ("override", may_override.to_owned()),
            ("certificate", certificate),
            ("freshness", self.freshness.clone()),
            ("hubs", hub_list(&self.hubs)),
        ];
        for (label, said) in lines {
            writeln!(out, "{label:<12} {}", printable(&said))?;
        }
        if let Some(note) = &self.certificate_warning {
            writeln!(out, "{:<12} {}", "WARNING", printable(&note.words))?;
        }
        for log in &self.logs {
            let own = if log.own { " (own)" } else { "" };
            writeln!(
                out,
                "{:<12} {} of {}{own}",
                "records",
                log.records,
                printable(&log.name)
            )?;
        }
        Ok(())
    }
}

fn logs(replica: &Replica) -> Vec<Log> {
    let (standing, voice) = (replica.standing(), tell::voice(replica));
    let bundle = standing.trust.bundle();
    let name = |origin: &PublicKey| match bundle.authority_key(origin) {
        Some(_) => words::AUTHORITY.to_owned(),
        None => voice.device(origin),
    };
    usher_link::Replica::held(replica)
        .into_iter()
        .map(|held| Log {
            origin: held.origin,
            name: name(&held.origin),
            records: held.tail.seq.0,
            own: held.origin == replica.me(),
        })
        .collect()
}
