//! `doctor`: looks at all that a hub needs, before people stand at the gate; it changes nothing, and may run beside the hub.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use usher_device::folder::{Enrolled, Folder};
use usher_device::replica::Replica;
use usher_keys::{Role, Timestamp};
use usher_link::surroundings::{answers_quic, free_mib, is_clock_kept, is_known, tcp_port, udp_port};
use usher_words::certificates::end_in_words;
use usher_words::doctor::{self, Condition, Diagnosis, PortFound};
use usher_words::hub::command_line as words;

use crate::config::Config;
use crate::hub::listening::Listening;

/// How long a cloud may take to answer one datagram.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Prints what it finds, a line each; exit code 1 when something does not work.
pub fn doctor(folder: &Folder, named: Option<&Path>, now: Timestamp) -> anyhow::Result<ExitCode> {
    let found = examine(folder, named, now);
    let mut out = std::io::stdout().lock();
    for diagnosis in &found {
        writeln!(out, "{diagnosis}")?;
    }
    let is_bad = found
        .iter()
        .any(|diagnosis| diagnosis.condition == Condition::Bad);
    Ok(ExitCode::from(u8::from(is_bad)))
}

fn examine(folder: &Folder, named: Option<&Path>, now: Timestamp) -> Vec<Diagnosis> {
    let mut found = vec![doctor::clock(is_clock_kept())];
    if let Ok(mib) = free_mib(folder.path()) {
        found.push(doctor::free_space(folder.path(), mib));
    }
    let config = match Config::read(named, &folder.top().config_path()) {
        Ok(config) => config,
        Err(error) => {
            found.push(doctor::bad(format!("{:#}", anyhow::Error::from(error))));
            return found;
        }
    };
    found.extend(config.warnings().into_iter().map(doctor::doubtful));
    let is_running =
        Listening::read(&folder.top().listening_path()).is_ok() && tcp_port(config.http) == PortFound::Taken;
    found.extend(ports(&config, is_running));
    match folder.contents() {
        Ok(contents) => {
            let unreadable = contents.unreadable.into_iter();
            found.extend(unreadable.map(|error| doctor::bad(format!("{:#}", anyhow::Error::from(error)))));
            if contents.events.is_empty() {
                found.push(doctor::bad(words::NO_EVENT_YET));
            }
            found.extend(contents.events.iter().map(|event| certificate(event, now)));
            found.extend(uplinks(&config, &contents.events, now));
        }
        Err(error) => found.push(doctor::bad(format!("{:#}", anyhow::Error::from(error)))),
    }
    found
}

fn ports(config: &Config, is_running: bool) -> Vec<Diagnosis> {
    let door = config.door.listen;
    let door = door.map(|address| ("door.listen", address, tcp_port(address)));
    let pages = config.web.listen;
    let pages = pages.map(|address| ("web.listen", address, udp_port(address)));
    [
        ("listen", config.listen, udp_port(config.listen)),
        ("http", config.http, tcp_port(config.http)),
        ("enrolments", config.enrolments, tcp_port(config.enrolments)),
    ]
    .into_iter()
    .chain(door)
    .chain(pages)
    .map(|(setting, address, found)| doctor::port(setting, &address, found, is_running))
    .collect()
}

fn certificate(event: &Enrolled, now: Timestamp) -> Diagnosis {
    let end = end_in_words(event.window.until, now);
    let line = words::certificate_of(&event.name, &event.event_name(), &end);
    if event.role != Role::Hub {
        doctor::bad(words::not_a_hub(&event.name, &event.event_name()))
    } else if event.is_over(now) {
        doctor::doubtful(line)
    } else {
        doctor::good(line)
    }
}

/// Asks for every address of the cloud, and looks the names of other hubs up.
fn uplinks(config: &Config, events: &[Enrolled], now: Timestamp) -> Vec<Diagnosis> {
    let mut uplinks = config.uplink.clone();
    if uplinks.is_empty() {
        let current = events.iter().filter(|event| !event.is_over(now));
        let told = current.filter_map(|event| Replica::read_enrolment(&event.directory.replica_path()).ok());
        uplinks.extend(told.flat_map(|enrolment| enrolment.uplink));
        uplinks.sort_unstable();
        uplinks.dedup();
    }
    let peers = config
        .peers
        .iter()
        .map(|peer| doctor::name("peers", peer, is_known(peer)));
    let clouds = uplinks.iter().map(|address| {
        if is_known(address) {
            doctor::uplink(address, answers_quic(address, ANSWERS_WITHIN))
        } else {
            doctor::name("uplink", address, false)
        }
    });
    peers.chain(clouds).collect()
}
