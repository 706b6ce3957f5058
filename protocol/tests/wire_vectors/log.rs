//! One record of each variant in two chained logs, their heads and a run, and a refusal for each reason.

use usher_keys::{PublicKey, SecretKey, Timestamp};
use usher_protocol::admission::{Reason, Referral, Refused};
use usher_protocol::log::{Head, Run, Tail, check_run};
use usher_protocol::record::{Body, Passage, Record, Refusal};
use usher_protocol::ticket::Rejection;
use usher_protocol::{GateId, Generation, ScanId, Seq, TierId, Unit, ZoneId};

use super::cast::{self, EVENT, at, authority, hub, other_hub};
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/log.txt");

fn passage(scan: u8) -> Passage {
    Passage {
        scan: ScanId([scan; 16]),
        unit: Unit(4_711),
        generation: Generation(1),
        tier: TierId(2),
        admits: 4,
        persons: 3,
        gate: GateId(300),
        zone: ZoneId(2),
    }
}

fn refused(why: Refused) -> Body {
    Body::Refused(Refusal {
        scan: ScanId([0x5d; 16]),
        ticket: (Unit(4_711), Generation(1)),
        gate: GateId(1),
        why,
    })
}

fn name_of(body: &Body) -> &'static str {
    match body {
        Body::Policy { .. } => "Policy",
        Body::Roster { .. } => "Roster",
        Body::Superseded { .. } => "Superseded",
        Body::Revoked { .. } => "Revoked",
        Body::Reinstated { .. } => "Reinstated",
        Body::DeviceEnrolled { .. } => "DeviceEnrolled",
        Body::DeviceRevoked { .. } => "DeviceRevoked",
        Body::HubRetired { .. } => "HubRetired",
        Body::Opened { .. } => "Opened",
        Body::RosterAdopted { .. } => "RosterAdopted",
        Body::Admitted(_) => "Admitted",
        Body::Exited(_) => "Exited",
        Body::Refused(_) => "Refused",
        Body::Overridden { .. } => "Overridden",
        Body::ForkSeen { .. } => "ForkSeen",
    }
}

fn authority_log() -> Vec<Body> {
    let (unit, generation) = (Unit(4_711), Generation(1));
    let device = cast::scanner().public();
    vec![
        Body::Policy {
            version: 1,
            policy: cast::policy(),
        },
        Body::Roster {
            epoch: 1,
            hubs: vec![hub().public(), other_hub().public()],
        },
        Body::Superseded {
            unit: Unit(70_000),
            generation: Generation(2),
        },
        Body::Revoked { unit, generation },
        Body::Reinstated { unit, generation },
        Body::DeviceEnrolled {
            identity: cast::hub_identity(),
        },
        Body::DeviceRevoked { device },
        Body::HubRetired {
            hub: other_hub().public(),
        },
    ]
}

fn hub_log() -> Vec<Body> {
    vec![
        Body::Opened {
            identity: cast::hub_identity(),
        },
        Body::RosterAdopted { epoch: 1 },
        Body::Admitted(passage(0x5a)),
        Body::Exited(passage(0x5b)),
        refused(Refused::Deny(Reason::Revoked)),
        Body::Overridden {
            passage: passage(0x5c),
            by: "Ada".to_owned(),
            why: "knows the guest".to_owned(),
        },
        Body::ForkSeen {
            origin: other_hub().public(),
            seq: Seq(1_000),
            hashes: [[0x11; 32], [0x22; 32]],
        },
    ]
}

/// Writes a log down, record by record with the chain hash after each, then its head; gives the whole of it as a run.
fn write_log(sheet: &mut Sheet, bodies: Vec<Body>, writer: &SecretKey) -> Run {
    let origin = writer.public();
    let mut tail = Tail::default();
    let mut records = Vec::new();
    for (number, body) in bodies.into_iter().enumerate() {
        let name = name_of(&body);
        let record = Record {
            hlc: at(1_000, u32::try_from(number).unwrap()),
            body,
        };
        sheet.value(name, &record);
        let bytes = record.to_bytes();
        assert_eq!(Record::from_bytes(&bytes), Ok(record));
        tail = tail.push(EVENT, &origin, &bytes);
        sheet.bytes(&format!("chain hash after {}", tail.seq), &tail.hash);
        records.push(bytes);
    }
    let head = Head::sign(EVENT, tail, writer);
    assert_eq!(head.verify(EVENT), Ok(()));
    sheet.value("head", &head);
    Run {
        base: Tail::default(),
        records,
        head,
    }
}

fn reasons() -> Vec<Refused> {
    let opens = Timestamp(cast::NOW + 1);
    let (at, gate) = (Some(Timestamp(cast::NOW)), Some(GateId(1)));
    let denied = [
        Reason::Rejected(Rejection::NotATicket),
        Reason::Rejected(Rejection::UnknownVersion { version: 2 }),
        Reason::Rejected(Rejection::UnknownKey),
        Reason::Rejected(Rejection::FalseSignature),
        Reason::Rejected(Rejection::StruckKey),
        Reason::Rejected(Rejection::KeyOutOfWindow),
        Reason::Rejected(Rejection::NotLive),
        Reason::OtherEvent,
        Reason::Superseded {
            newest: Generation(2),
        },
        Reason::Revoked,
        Reason::TooEarly { opens },
        Reason::TooLate { closed: opens },
        Reason::WrongZone,
        Reason::UnknownGate,
        Reason::UnknownTier,
        Reason::AlreadyUsed { at, gate },
        Reason::AlreadyUsed { at: None, gate: None },
        Reason::GroupTooLarge { left: 2 },
        Reason::DayUsedUp { at, gate },
        Reason::NotInside,
        Reason::ZoneFull { capacity: 5_000 },
    ];
    let home: PublicKey = hub().public();
    let referred = [
        Referral::HomeUnreachable { home },
        Referral::HomeUnsettled { former: home },
        Referral::NotReady,
        Referral::OwnLogForked,
    ];
    let denied = denied.into_iter().map(Refused::Deny);
    denied.chain(referred.into_iter().map(Refused::Refer)).collect()
}

#[test]
fn records_heads_and_runs_have_the_committed_bytes() {
    let mut sheet = Sheet::new("log.txt");
    sheet.section("Who writes.");
    sheet.bytes("event", &EVENT.0);
    sheet.bytes("authority seed", &[0x0b; 32]);
    sheet.bytes("authority origin", &authority().public().0);
    sheet.bytes("hub seed", &[0x11; 32]);
    sheet.bytes("hub origin", &hub().public().0);
    sheet.section(
        "The authority's log: one record of each kind, the chain hash after it, and the head at its end.",
    );
    write_log(&mut sheet, authority_log(), &authority());
    sheet.section("A hub's log: the same, and all of it as a run.");
    let run = write_log(&mut sheet, hub_log(), &hub());
    sheet.value("run", &run);
    let news = check_run(EVENT, Tail::default(), &run).unwrap();
    assert_eq!(news.records.len(), run.records.len());
    sheet.section("The reason of a Refused record, for each there is.");
    for why in reasons() {
        sheet.value(usher_protocol::state::refusal_name(&why), &why);
    }
    sheet.compare(COMMITTED);
}
