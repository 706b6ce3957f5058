//! One record of each variant in two chained logs, their heads and a run, and a refusal for each reason.

use usher_keys::{PublicKey, SecretKey, Timestamp};
use usher_protocol::admission::{Reason, Referral, Refused};
use usher_protocol::home::roster_hash;
use usher_protocol::log::{Head, Known, Run, Tail, check_run};
use usher_protocol::record::{
    Body, Count, Counterpart, PlacesOf, Record, Refusal, RightToAnnul, ShownPassage,
};
use usher_protocol::ticket::Rejection;
use usher_protocol::{GateId, Generation, ScanId, ScanSecret, Seq, Unit, ZoneId};

use super::cast::{self, EVENT, at, authority, hub, other_hub};
use super::proofs;
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/log.txt");

fn passage(scan: u8, code: Vec<u8>) -> ShownPassage {
    ShownPassage {
        scan: ScanId([scan; 16]),
        code,
        persons: 3,
        gate: GateId(300),
        zone: ZoneId(2),
        at: Timestamp(cast::NOW + 1),
        counterparts: Vec::new(),
    }
}

/// Two of the three people of scan 5a.
fn counterparts() -> Vec<Counterpart> {
    vec![Counterpart {
        scan: ScanId([0x5a; 16]),
        persons: 2,
    }]
}

/// A scan of the hub's own that it gave up.
fn withdrawn() -> Body {
    let secret = ScanSecret([0x5e; 16]);
    let mut passage = passage(0, cast::code());
    passage.scan = ScanId::of(&hub().public(), &secret);
    Body::Withdrawn { passage, secret }
}

/// A turnstile's scan that nobody passed by.
fn annulled() -> Body {
    let secret = ScanSecret([0x5f; 16]);
    let mut passage = passage(0, cast::code());
    passage.scan = ScanId::of_a_turnstile(passage.gate, &secret.named());
    Body::Annulled {
        passage,
        right: RightToAnnul::Turnstile(secret),
        by: "Turnstile 3".to_owned(),
        why: "did not turn".to_owned(),
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

pub fn name_of(body: &Body) -> &'static str {
    match body {
        Body::Policy { .. } => "Policy",
        Body::Roster { .. } => "Roster",
        Body::Superseded { .. } => "Superseded",
        Body::Revoked { .. } => "Revoked",
        Body::Reinstated { .. } => "Reinstated",
        Body::DeviceEnrolled { .. } => "DeviceEnrolled",
        Body::DeviceRevoked { .. } => "DeviceRevoked",
        Body::HubRetired { .. } => "HubRetired",
        Body::ForkSettled { .. } => "ForkSettled",
        Body::Restated => "Restated",
        Body::Opened { .. } => "Opened",
        Body::Renewed { .. } => "Renewed",
        Body::RosterAdopted { .. } => "RosterAdopted",
        Body::Admitted(_) => "Admitted",
        Body::Exited(_) => "Exited",
        Body::Refused(_) => "Refused",
        Body::Overridden { .. } => "Overridden",
        Body::ForkSeen(_) => "ForkSeen",
        Body::Withdrawn { .. } => "Withdrawn",
        Body::ExitMatched { .. } => "ExitMatched",
        Body::Lent { .. } => "Lent",
        Body::Annulled { .. } => "Annulled",
        Body::Counted { .. } => "Counted",
        Body::Foreign(_) => "Foreign",
    }
}

fn hubs() -> Vec<PublicKey> {
    vec![hub().public(), other_hub().public()]
}

pub fn authority_log() -> Vec<Body> {
    let (unit, generation) = (Unit(4_711), Generation(1));
    let device = cast::scanner().public();
    vec![
        Body::Policy {
            version: 1,
            policy: cast::policy(),
        },
        Body::Roster {
            epoch: 1,
            hubs: hubs(),
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
        Body::DeviceRevoked {
            device,
            after: Seq(300),
        },
        Body::HubRetired {
            hub: other_hub().public(),
            heir: Some(hub().public()),
        },
        Body::ForkSettled {
            origin: other_hub().public(),
            tail: Tail {
                seq: Seq(1_000),
                hash: [0x22; 32],
            },
        },
        Body::Restated,
        Body::Foreign(cast::foreign_list()),
    ]
}

pub fn hub_log() -> Vec<Body> {
    let roster = roster_hash(&hubs());
    vec![
        Body::Opened {
            identity: cast::hub_identity(),
        },
        Body::Renewed {
            identity: cast::scanner_identity(),
        },
        Body::RosterAdopted { epoch: 1, roster },
        Body::Admitted(passage(0x5a, cast::code())),
        Body::Exited(ShownPassage {
            counterparts: counterparts(),
            ..passage(0x5b, cast::live_code())
        }),
        refused(Refused::Deny(Reason::Revoked)),
        Body::Overridden {
            passage: passage(0x5c, cast::code()),
            by: "Ada".to_owned(),
            why: "knows the guest".to_owned(),
        },
        Body::ForkSeen(Box::new(proofs::by_run())),
        withdrawn(),
        Body::ExitMatched {
            unit: Unit(4_711),
            exit: ScanId([0x5b; 16]),
            closes: counterparts(),
        },
        Body::Lent {
            zone: ZoneId(1),
            to: other_hub().public(),
            places: 300,
            of: PlacesOf::TimeSlotsFrom(Timestamp(cast::NOW)),
        },
        annulled(),
        Body::Counted {
            count: Count {
                at: Timestamp(cast::NOW),
                zone: ZoneId(1),
                inside: 480,
                heard: vec![(hub().public(), Seq(12))],
            },
            by: "Ada".to_owned(),
        },
    ]
}

/// Writes a log down, record by record with the chain hash after each, then its head; returns the whole of it as a run.
fn write_log(sheet: &mut Sheet, bodies: Vec<Body>, writer: &SecretKey) -> Run {
    let origin = writer.public();
    let mut tail = Tail::default();
    let mut records = Vec::new();
    for (number, body) in bodies.into_iter().enumerate() {
        let name = name_of(&body);
        let record = Record::new(at(1_000, u32::try_from(number).unwrap()), body);
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
        Reason::Rejected(Rejection::NotListed),
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
        Reason::ZoneFull {
            capacity: 5_000,
            inside: 4_998,
        },
        Reason::TimeSlotFull {
            persons: 200,
            until: Timestamp(cast::NOW),
        },
    ];
    let home: PublicKey = hub().public();
    let referred = [
        Referral::HomeUnreachable { home },
        Referral::HomeUnsettled { former: home },
        Referral::NotReady,
        Referral::OwnLogForked,
        Referral::OwnLogBehind,
        Referral::Retired,
        Referral::UpdateNeeded,
        Referral::NotAllowed,
        Referral::ScanOver,
        Referral::ClockInDoubt,
        Referral::NoPlaces,
        Referral::AskerSilent {
            asker: home,
            gate: GateId(2),
            at: Timestamp(cast::NOW),
        },
        Referral::NotListed,
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
    let nothing = Known {
        tail: Tail::default(),
        head: None,
    };
    let news = check_run(EVENT, nothing, &run).unwrap();
    assert_eq!(news.records.len(), run.records.len());
    sheet.section("The hash by which a hub adopts the roster of both hubs.");
    sheet.bytes("roster hash", &roster_hash(&hubs()));
    sheet.section("A Policy with live tickets for two of its tiers.");
    let policy = cast::live_policy();
    let live = Record::new(at(1_000, 99), Body::Policy { version: 2, policy });
    sheet.value("Policy", &live);
    assert_eq!(Record::from_bytes(&live.to_bytes()), Ok(live));
    sheet.section("The reason of a Refused record, for each there is.");
    for why in reasons() {
        sheet.value(why.kind().name(), &why);
    }
    sheet.compare(COMMITTED);
}
