//! `usher-scan status`: shows what this scanner is and knows, without a network, also while it runs; changes nothing.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::Glance;
use usher_keys::{EventId, PublicKey, Role, Timestamp};
use usher_protocol::GateId;
use usher_words::certificates::{self, CertificateNote, Holder};
use usher_words::clock::clock_behind;
use usher_words::gate::Phrasebook;
use usher_words::scanner as words;

use super::hub_list;
use super::trouble::Trouble;
use crate::last_known::LastKnown;
use crate::printable::printable;
use crate::{folder, gate_position};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
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
    /// Whether it is a device of the event now, and no hub says otherwise.
    usable: bool,
    /// Whether a hub of the event refused it when it ran last: it was revoked, perhaps.
    refused: bool,
    freshness: String,
    fresh_as_of_ms: Option<u64>,
    /// The cloud's own time when it was last heard, directly or through a hub.
    cloud_heard_ms: Option<u64>,
    /// Addresses of its enrolment.
    hubs: Vec<String>,
    /// What the running scanner noted last, or the last one that ran.
    last_known: Option<LastKnown>,
    /// When that was, and of whom, in words.
    linked: String,
    /// What this machine's clock shows.
    clock_says: String,
    /// That this machine's clock is wrong, as last known.
    clock_warning: Option<String>,
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
    pub(super) fn run(self, folder: &DataDirectory) -> Result<ExitCode, Trouble> {
        let now = Clock::system().now();
        let facts = Facts::of(&folder::glance(folder, now)?, folder, now);
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
    fn of(glance: &Glance, folder: &DataDirectory, now: Timestamp) -> Self {
        let (snapshot, certificate) = (&glance.snapshot, glance.certificate());
        let (phrasebook, policy) = (snapshot.phrasebook(now), snapshot.policy.as_deref());
        let known = LastKnown::read(&folder.last_known_path());
        let is_refused = known.as_ref().is_some_and(|known| known.refused);
        let named = |gate: &u16| gate_position::named(GateId(*gate), policy);
        let until = certificate.window.until;
        let is_device = snapshot
            .trust
            .check_peer((&snapshot.identity, glance.me()), &snapshot.register, now);
        Self {
            name: certificate.name.clone(),
            device: certificate.device,
            event: certificate.event,
            event_name: policy.map(|policy| policy.name.clone()),
            folder: folder.path().display().to_string(),
            gates: certificate.gates.iter().map(named).collect(),
            may_override: certificate.capabilities.override_refusals,
            certificate_until: phrasebook.time(until),
            certificate_until_ms: until.0,
            certificate_warning: certificates::warning(Holder::Own(Role::Scanner), until, &phrasebook),
            usable: is_device.is_ok() && !is_refused,
            refused: is_refused,
            freshness: phrasebook.freshness(glance.fresh_as_of, glance.cloud_heard),
            fresh_as_of_ms: glance.fresh_as_of.map(|at| at.0),
            cloud_heard_ms: glance.cloud_heard.map(|at| at.0),
            hubs: glance.uplink.clone(),
            linked: linked(known.as_ref(), &phrasebook),
            clock_says: phrasebook.date(now),
            clock_warning: clock_warning(known.as_ref(), glance, &phrasebook),
            last_known: known,
            logs: logs(glance, &phrasebook),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for (label, said) in self.lines() {
            writeln!(out, "{label:<12} {}", printable(&said))?;
        }
        for log in &self.logs {
            let own = if log.own { " (own)" } else { "" };
            let name = printable(&log.name);
            writeln!(out, "{:<12} {} of {name}{own}", "records", log.records)?;
        }
        Ok(())
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let certificate = match (self.usable, self.refused) {
            (true, _) => format!("valid until {}", self.certificate_until),
            (false, false) => format!("NOT VALID NOW (until {}, or withdrawn)", self.certificate_until),
            (false, true) => words::REFUSED.to_owned(),
        };
        let gates = match self.gates.as_slice() {
            [] => words::EVERY_GATE.to_owned(),
            gates => gates.join(", "),
        };
        let event = self.event_name.as_deref().unwrap_or(words::NOT_HEARD_YET);
        let may_override = if self.may_override { "yes" } else { "no" };
        let mut lines = vec![
            ("scanner", self.name.clone()),
            ("event", format!("{event} ({})", self.event)),
            ("folder", self.folder.clone()),
            ("gates", gates),
            ("override", may_override.to_owned()),
            ("certificate", certificate),
            ("cloud", self.freshness.clone()),
            ("hubs", hub_list(&self.hubs)),
            ("linked", self.linked.clone()),
            ("clock", self.clock_says.clone()),
        ];
        lines.extend(self.clock_warning.clone().map(|words| ("CLOCK", words)));
        let note = self.certificate_warning.as_ref();
        lines.extend(note.map(|note| ("WARNING", note.words.clone())));
        lines
    }
}

/// Says which hubs were linked, and when.
fn linked(known: Option<&LastKnown>, phrasebook: &Phrasebook) -> String {
    let hubs = known.map_or(&[][..], |known| &known.hubs);
    let heard = hubs
        .iter()
        .map(|hub| words::heard(&hub.name, &phrasebook.time(Timestamp(hub.heard_ms))));
    let heard: Vec<String> = heard.collect();
    if heard.is_empty() {
        return words::NEVER_LINKED.to_owned();
    }
    heard.join(", ")
}

/// Says what is wrong with the clock: what a scanner knew that compared it with others, or what the cloud's last word shows.
fn clock_warning(known: Option<&LastKnown>, glance: &Glance, phrasebook: &Phrasebook) -> Option<String> {
    let noted = known.and_then(|known| {
        let at = phrasebook.time(Timestamp(known.compared_ms));
        known.clock.as_deref().map(|words| words::as_of(words, &at))
    });
    noted.or_else(|| clock_behind(phrasebook.now(), glance.cloud_heard?))
}

fn logs(glance: &Glance, phrasebook: &Phrasebook) -> Vec<Log> {
    let bundle = glance.snapshot.trust.bundle();
    let name = |origin: &PublicKey| match bundle.authority_key(origin) {
        Some(_) => words::AUTHORITY.to_owned(),
        None => phrasebook.device(origin),
    };
    let held = glance.held.iter().map(|held| Log {
        origin: held.origin,
        name: name(&held.origin),
        records: held.tail.seq.0,
        own: held.origin == glance.me(),
    });
    held.collect()
}
