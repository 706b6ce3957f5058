//! What is said of codes and enrolments.

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
    let code = EnrolmentCode::new("https://tickets.example", EVENT, roots, EnrolmentSecret([3; 16])).unwrap();
    assert_eq!(
        asking(&code, "North\n", Role::Hub),
        format!(
            "Asking https://tickets.example to make this machine the hub \"North\" of event {EVENT}, unless the code names it otherwise …\n"
        )
    );
}
