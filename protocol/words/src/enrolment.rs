//! What a person is told who turns a machine into a device: before it is asked for, and what the machine has become; printing it is the programs'.

use std::path::Path;

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use usher_keys::{Capabilities, EnrolmentCode, EnrolmentGrant, Role, Timestamp};

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

fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use usher_fixtures::{SHOW, key};
    use usher_keys::enrolment::{EnrolmentSecret, NamedGate};
    use usher_keys::{Certificate, EventId, RootSet, Window};

    use super::*;

    const EVENT: EventId = SHOW.id;

    fn certificate(role: Role, capabilities: Capabilities) -> Certificate {
        Certificate {
            name: format!("{role:?} 1"),
            capabilities,
            ..SHOW.certificate(key(1).public(), role)
        }
    }

    fn grant(certificate: &Certificate) -> EnrolmentGrant {
        EnrolmentGrant {
            identity: SHOW.identity(certificate.clone()),
            bundle: SHOW.bundle(1),
            event: EVENT,
            event_name: Some("Night of\u{1b} the Owls".to_owned()),
            gates: vec![NamedGate {
                id: 1,
                name: "Gate North".to_owned(),
            }],
            uplink: vec!["127.0.0.1:4810".to_owned()],
            hub_name: None,
        }
    }

    fn told(grant: &EnrolmentGrant) -> String {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        joined(&zone, grant, Path::new("/data/hub"))
    }

    #[test]
    fn a_person_is_told_what_a_hub_has_joined() {
        let capabilities = Capabilities {
            enrol_scanners: true,
            override_refusals: true,
        };
        let hub = Certificate {
            gates: vec![1, 2],
            window: Window {
                from: Timestamp(0),
                until: Timestamp(1_780_000_000_000),
            },
            ..certificate(Role::Hub, capabilities)
        };
        assert_eq!(
            told(&grant(&hub)),
            "This machine is now a hub.\n  \
             name         Hub 1\n  \
             event        \"Night of the Owls\" (evt_0s3ge1o70s3ge1o70s3ge1o70s)\n  \
             gates        1 (Gate North), 2\n  \
             may          decide who is let in, with or without a network; enrol scanners; let people in against a \
             refusal, with a supervisor's name and reason\n  \
             valid until  Thursday 28 May 2026, 21:26 (UTC+01:00)\n  \
             enrolled by  the organizer\n  \
             links to     127.0.0.1:4810\n  \
             folder       /data/hub\n\
             Is that not what you wanted? Have the organizer revoke it, remove the folder, and take another code.\n"
        );
    }

    #[test]
    fn what_is_not_known_or_has_no_end_is_said_so() {
        let mut unknown = grant(&certificate(Role::Scanner, Capabilities::default()));
        unknown.event_name = None;
        unknown.uplink.clear();
        unknown.hub_name = Some("Hub A".to_owned());
        let told = told(&unknown);
        for line in [
            "now a scanner.",
            "its name is not known here yet",
            "gates        every gate\n",
            "may          scan tickets, and judge alone when no hub is reached\n",
            "valid until  for ever\n",
            "enrolled by  the hub \"Hub A\"\n",
            "links to     nobody yet\n",
        ] {
            assert!(told.contains(line), "{line:?} is not in {told}");
        }
    }

    #[test]
    fn before_it_is_asked_for_it_is_said_where_and_as_what() {
        let roots = RootSet::single(key(1).public());
        let code =
            EnrolmentCode::new("https://tickets.example", EVENT, roots, EnrolmentSecret([3; 16])).unwrap();
        assert_eq!(
            asking(&code, "North\n", Role::Hub),
            format!(
                "Asking https://tickets.example to make this machine the hub \"North\" of event {EVENT}, unless the code names it otherwise …\n"
            )
        );
    }
}
