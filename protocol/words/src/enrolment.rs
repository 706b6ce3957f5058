//! What a person is told who turns a machine into a device: before it is asked for, and what the machine has become; printing it is the programs'.

use std::path::Path;

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use usher_keys::{Capabilities, EnrolmentCode, EnrolmentGrant, EventId, Role, Timestamp};

/// Says what is about to be asked for.
pub fn asking(code: &EnrolmentCode, name: &str, role: Role) -> String {
    format!(
        "Asking {} to make this machine the {} \"{}\" of event {}, unless the code names it otherwise …\n",
        code.url(),
        role_name(role),
        printable(name),
        code.event(),
    )
}

/// Says what the machine has become, in the time of a zone.
pub fn joined(zone: &TimeZone, grant: &EnrolmentGrant, folder: &Path) -> String {
    let certificate = grant.identity.unverified();
    let event = match &grant.event_name {
        Some(name) => format!("\"{}\" ({})", printable(name), grant.event),
        None => format!("{} (its name is not known here yet)", grant.event),
    };
    let by = match &grant.hub_name {
        Some(hub) => format!("the hub \"{}\"", printable(hub)),
        None => "the organizer".to_owned(),
    };
    let rows = [
        ("name", printable(&certificate.name)),
        ("event", event),
        ("gates", gates(grant)),
        ("may", abilities(certificate.role, certificate.capabilities)),
        ("valid until", moment(zone, certificate.window.until)),
        ("enrolled by", by),
        ("links to", links(grant)),
        ("folder", folder.display().to_string()),
    ];
    let mut told = format!("This machine is now a {}.\n", role_name(certificate.role));
    for (what, said) in rows {
        told.push_str(&format!("  {what:<12} {said}\n"));
    }
    told.push_str(
        "Is that not what you wanted? Have the organizer revoke it, remove the folder, and take another code.\n",
    );
    told
}

fn gates(grant: &EnrolmentGrant) -> String {
    let own = &grant.identity.unverified().gates;
    if own.is_empty() {
        return "every gate".to_owned();
    }
    let named = |gate: &u16| match grant.gates.iter().find(|named| named.id == *gate) {
        Some(named) => format!("{gate} ({})", printable(&named.name)),
        None => gate.to_string(),
    };
    own.iter().map(named).collect::<Vec<_>>().join(", ")
}

fn abilities(role: Role, capabilities: Capabilities) -> String {
    let mut may = vec![match role {
        Role::Hub => "decide who is let in, with or without a network",
        Role::Scanner => "scan tickets, and judge alone when no hub is reached",
        Role::Cloud => "keep the event's logs",
    }];
    if capabilities.enrol_scanners {
        may.push("enrol scanners");
    }
    if capabilities.override_refusals {
        may.push("let people in against a refusal, with a supervisor's name and reason");
    }
    may.join("; ")
}

fn links(grant: &EnrolmentGrant) -> String {
    if grant.uplink.is_empty() {
        return "nobody yet".to_owned();
    }
    printable(&grant.uplink.join(", "))
}

/// Says when something is, in the time of a zone.
pub fn moment(zone: &TimeZone, at: Timestamp) -> String {
    if at == Timestamp::FOREVER {
        return "for ever".to_owned();
    }
    let instant = i64::try_from(at.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let Some(instant) = instant else {
        return "a time far ahead".to_owned();
    };
    let local = instant.to_zoned(zone.clone());
    strtime::format("%A %-d %B %Y, %H:%M (UTC%:z)", &local).unwrap_or_else(|_| local.to_string())
}

/// Names what a device is.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Cloud => "cloud",
        Role::Hub => "hub",
        Role::Scanner => "scanner",
    }
}

/// One thing that a device's folder holds.
#[derive(Debug)]
pub enum FolderEntry<'a> {
    /// What it is for an event.
    Enrolment {
        event: EventId,
        event_name: &'a str,
        /// How people call the device there.
        device: &'a str,
        /// When its certificate ends, in words.
        end: &'a str,
        /// Its directory, if nobody needs it any more.
        removable: Option<&'a Path>,
        /// Whether the cloud holds every record in it.
        is_handed_on: bool,
    },
    /// What is left of an earlier enrolment.
    Former { directory: &'a Path, event: EventId },
}

/// Says in a line what a folder holds.
pub fn folder_line(entry: &FolderEntry<'_>) -> String {
    match entry {
        FolderEntry::Enrolment {
            event,
            event_name,
            device,
            end,
            removable,
            is_handed_on,
        } => {
            let held = match is_handed_on {
                true => "the cloud holds all of its scans",
                false => "the cloud was not heard to hold all of its scans: export them",
            };
            let removable = removable.map_or_else(String::new, |path| {
                format!(" ({held}; then {} can be removed)", path.display())
            });
            format!("  {event} {event_name}: {device}, certificate {end}{removable}")
        }
        FolderEntry::Former { directory, event } => {
            format!("  {} is of an earlier enrolment for {event}", directory.display())
        }
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests;
