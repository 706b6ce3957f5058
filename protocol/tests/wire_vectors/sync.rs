//! Every message of a session, a checkpoint, and every request and answer.

use std::sync::Arc;

use usher_keys::{RootSet, Signature, Timestamp};
use usher_protocol::admission::{Direction, Reason, Referral, Refused, Verdict};
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::correction::{
    AnnulledScan, Correction, CorrectionOutcome, NotAnnulled, NotCounted, PinnedCorrection,
};
use usher_protocol::evidence::Worth;
use usher_protocol::home::roster_hash;
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::pin::Pin;
use usher_protocol::record::{Body, Record, Refusal, ShownPassage};
use usher_protocol::request::{
    self, Answer, HubNews, Inquiry, JudgedBy, Overriding, PinnedOverriding, Reply, Request, RequestError,
    Response, Scan, TicketFacts, Told,
};
use usher_protocol::state::State;
use usher_protocol::sync::parts::{self, Parts};
use usher_protocol::sync::{Farewell, Held, Hello, Message, VERSIONS, VersionRange};
use usher_protocol::ticket::{Ticket, TicketCode};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, Hlc, ScanId, Seq, Stamp, TierId, Unit, ZoneId};

use super::cast::{self, EVENT, NOW, authority, hub, other_hub, tickets};
use super::proofs;
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/sync.txt");

fn passage(unit: u32, scan: u8) -> ShownPassage {
    let ticket = Ticket {
        unit: Unit(unit),
        tier: TierId(1),
        admits: 1,
        ..cast::ticket()
    };
    ShownPassage {
        scan: ScanId([scan; 16]),
        code: ticket.sign(&tickets()).bytes().to_vec(),
        persons: 1,
        gate: GateId(1),
        zone: ZoneId(1),
        at: Timestamp(NOW),
        counterparts: Vec::new(),
    }
}

fn trust() -> Arc<Trust> {
    let roots = RootSet::single(cast::root().public());
    Arc::new(Trust::pin(&roots, cast::signed_bundle()).unwrap())
}

/// What the authority says.
fn authority_records() -> Vec<Body> {
    let (unit, generation) = (Unit(10), Generation(2));
    let revoked = |unit, generation| Body::Revoked {
        unit: Unit(unit),
        generation: Generation(generation),
    };
    let settled = Tail {
        seq: Seq(3),
        hash: [0x33; 32],
    };
    vec![
        Body::Policy {
            version: 1,
            policy: cast::policy(),
        },
        Body::Roster {
            epoch: 1,
            hubs: vec![hub().public(), other_hub().public()],
        },
        Body::Superseded { unit, generation },
        revoked(20, 1),
        revoked(21, 2),
        Body::DeviceEnrolled {
            identity: cast::hub_identity(),
        },
        Body::DeviceRevoked {
            device: cast::scanner().public(),
            after: Seq(9),
        },
        Body::HubRetired {
            hub: other_hub().public(),
            heir: None,
        },
        Body::ForkSettled {
            origin: other_hub().public(),
            tail: settled,
        },
        Body::Foreign(cast::foreign_list()),
    ]
}

/// What the hub says.
fn words() -> Vec<Body> {
    let refusal = Refusal {
        scan: ScanId([3; 16]),
        ticket: (Unit(20), Generation(1)),
        gate: GateId(1),
        why: Refused::Deny(Reason::Revoked),
    };
    vec![
        Body::Opened {
            identity: cast::hub_identity(),
        },
        Body::RosterAdopted {
            epoch: 1,
            roster: roster_hash(&[hub().public(), other_hub().public()]),
        },
        Body::Renewed {
            identity: cast::scanner_identity(),
        },
        Body::Admitted(passage(100, 1)),
        Body::Admitted(passage(101, 2)),
        Body::Exited(passage(101, 4)),
        Body::Overridden {
            passage: passage(101, 5),
            by: "Ada".to_owned(),
            why: "knows the guest".to_owned(),
        },
        Body::Refused(refusal),
        Body::ForkSeen(Box::new(proofs::by_run())),
        // Nobody but an authority may say this: it counts for nothing and is named.
        Body::Restated,
    ]
}

/// A state in which everything that a summary can hold is there once or more.
fn state() -> State {
    let mut state = State::new(trust());
    for (origin, bodies) in [
        (authority().public(), authority_records()),
        (hub().public(), words()),
    ] {
        for (seq, body) in (1..).zip(bodies) {
            let hlc = Hlc {
                ms: NOW - 1_000 + seq,
                count: 0,
            };
            let seq = Seq(seq);
            state.apply(Stamp { hlc, origin, seq }, body, Worth::UnknownKey);
        }
    }
    state
}

fn checkpoint() -> SignedCheckpoint {
    let tail = |seq, byte| Tail {
        seq: Seq(seq),
        hash: [byte; 32],
    };
    let heads = vec![
        Head::sign(EVENT, tail(9, 0x77), &authority()),
        Head::sign(EVENT, tail(10, 0x78), &hub()),
    ];
    Checkpoint::of(&state(), &trust(), heads, Timestamp(NOW)).sign(&authority())
}

/// A checkpoint too large for one part; what it says is not looked at.
fn large_checkpoint() -> SignedCheckpoint {
    SignedCheckpoint {
        authority: authority().public(),
        bytes: (0..600_000_u32).map(|at| (at % 251) as u8).collect(),
        signature: Signature([0x5e; 64]),
    }
}

fn assurance() -> Assurance {
    let tail = Tail {
        seq: Seq(9),
        hash: [0x77; 32],
    };
    Assurance::sign(EVENT, Timestamp(NOW), tail, &authority())
}

fn run() -> Run {
    let roster = roster_hash(&[hub().public(), other_hub().public()]);
    let record = Record::new(cast::at(0, 0), Body::RosterAdopted { epoch: 1, roster });
    let base = Tail {
        seq: Seq(300),
        hash: [0x30; 32],
    };
    let records = vec![record.to_bytes()];
    let tail = base.push(EVENT, &hub().public(), &records[0]);
    Run {
        base,
        records,
        head: Head::sign(EVENT, tail, &hub()),
    }
}

fn hello(versions: VersionRange) -> Message {
    Message::Hello(Box::new(Hello {
        versions,
        event: EVENT,
        identity: cast::hub_identity(),
        bundle: cast::signed_bundle(),
        held: vec![Held::from(run().head)],
        heard_yours: false,
    }))
}

fn messages() -> Vec<(&'static str, Message)> {
    let held = Held::from(run().head);
    let behind_a_checkpoint = Held {
        origin: authority().public(),
        tail: Tail {
            seq: Seq(7),
            hash: [0x77; 32],
        },
        signature: None,
    };
    let digest = [0xd1; 32];
    let part = parts::cut(&checkpoint()).remove(0);
    vec![
        ("Hello", hello(VERSIONS)),
        ("Have", Message::Have(vec![behind_a_checkpoint, held])),
        ("Run", Message::Run(Arc::new(run()))),
        ("Checkpoint", Message::Checkpoint(part)),
        ("Bundle", Message::Bundle(cast::signed_bundle())),
        (
            "Beat of the cloud",
            Message::Beat {
                digest,
                clock: Timestamp(NOW),
                assurance: Some(assurance()),
            },
        ),
        (
            "Beat of a hub that knows no assurance",
            Message::Beat {
                digest,
                clock: Timestamp(NOW),
                assurance: None,
            },
        ),
        ("Recap", Message::Recap),
        ("Bye, no common version", Message::Bye(Farewell::NoCommonVersion)),
        ("Bye, other event", Message::Bye(Farewell::OtherEvent)),
        ("Bye, not welcome", Message::Bye(Farewell::NotWelcome)),
        ("Bye, bad message", Message::Bye(Farewell::BadMessage)),
        ("Bye, silent", Message::Bye(Farewell::Silent)),
        ("Bye, leaving", Message::Bye(Farewell::Leaving)),
        ("Fork", Message::Fork(Box::new(proofs::by_run()))),
    ]
}

/// What is found in the first frame of programs of other versions.
fn write_other_versions(sheet: &mut Sheet) {
    let of_one = hello(VersionRange {
        lowest: 1,
        highest: 1,
    });
    assert_eq!(
        VERSIONS.common(VersionRange {
            lowest: 1,
            highest: 1
        }),
        None
    );
    let mut of_three = vec![0, 3, 4];
    of_three.extend_from_slice(b"and then something else");
    for (name, bytes, is_read) in [
        ("Hello of version 1", of_one.to_bytes(), true),
        ("Hello of versions 3 and 4, of another layout", of_three, false),
        ("no Hello: Recap", Message::Recap.to_bytes(), true),
    ] {
        assert_eq!(Message::from_bytes(&bytes).is_ok(), is_read, "{name}");
        sheet.bytes(name, &bytes);
        let versions = Message::versions_in(&bytes);
        let versions = versions.map(|found| format!("{} to {}", found.lowest, found.highest));
        sheet.line("versions found", versions.as_deref().unwrap_or("none"));
    }
}

/// The parts of a checkpoint that needs several, by their hashes.
fn write_parts(sheet: &mut Sheet) {
    let mut taken = Parts::default();
    let mut whole = None;
    for part in parts::cut(&large_checkpoint()) {
        let name = format!("part {} of {}", part.number, part.of);
        sheet.line(&format!("bytes in {name}"), part.bytes.len());
        let bytes = Message::Checkpoint(part.clone()).to_bytes();
        sheet.bytes(
            &format!("BLAKE3 of {name}"),
            &usher_protocol::log::hash_of(&bytes),
        );
        whole = taken.take(part).unwrap();
    }
    assert_eq!(whole, Some(large_checkpoint()));
}

fn ticket() -> Ticket {
    Ticket {
        admits: 1,
        ..cast::ticket()
    }
}

fn requests() -> [(&'static str, Request); 9] {
    let scan = Scan {
        id: ScanId([0x5a; 16]),
        code: ticket().sign(&tickets()).to_text().into_bytes(),
        gate: GateId(300),
        direction: Direction::In,
        persons: 1,
    };
    let unreadable = Scan {
        code: b"HTTPS://EXAMPLE".to_vec(),
        direction: Direction::Out,
        ..scan.clone()
    };
    let overriding = Overriding {
        scan: scan.clone(),
        by: "Ada".to_owned(),
        why: "knows the guest".to_owned(),
    };
    let undo = Correction::Undo {
        code: scan.code.clone(),
        direction: Direction::In,
        why: "went home".to_owned(),
    };
    let (zone, inside) = (ZoneId(2), 412);
    let count = Correction::Count { zone, inside };
    [
        ("Judge", Request::Judge(scan)),
        ("JudgeAsHome", Request::JudgeAsHome(unreadable)),
        ("Override", Request::Override(overriding.clone())),
        (
            "Inquire, Ticket",
            Request::Inquire(Inquiry::Ticket(ticket_code())),
        ),
        ("Inquire, Hubs", Request::Inquire(Inquiry::Hubs)),
        ("OverrideAsHome", Request::OverrideAsHome(overriding.clone())),
        (
            "OverrideByPin",
            Request::OverrideByPin(PinnedOverriding {
                overriding,
                pin: Pin::draw_from(482_913),
            }),
        ),
        ("CorrectByPin, Undo", corrects(undo)),
        ("CorrectByPin, Count", corrects(count)),
    ]
}

fn corrects(correction: Correction) -> Request {
    Request::CorrectByPin(PinnedCorrection {
        correction,
        by: "Ada".to_owned(),
        pin: Pin::draw_from(482_913),
    })
}

fn ticket_code() -> TicketCode {
    TicketCode::draw_from(0x0123_4567_89ab_cdef)
}

/// Whole replies, with the number of their kind before them.
fn told() -> [(&'static str, Reply); 12] {
    let undone = AnnulledScan {
        persons: 3,
        gate: GateId(300),
        at: Timestamp(1_800_000_000_001),
    };
    let news = |silent_ms| HubNews {
        hub: hub().public(),
        address: "10.0.0.7:7443".to_owned(),
        silent_ms,
    };
    [
        ("reply, working", Reply::Working),
        (
            "reply, told, ticket",
            Reply::Told(Told::Ticket(b"0123456789".to_vec())),
        ),
        ("reply, told, no ticket", Reply::Told(Told::NoTicket)),
        ("reply, told, no cloud", Reply::Told(Told::NoCloud)),
        ("reply, told, too often", Reply::Told(Told::TooOften)),
        (
            "reply, told, hubs",
            Reply::Told(Told::Hubs(vec![news(None), news(Some(240_000))])),
        ),
        ("reply, told, not allowed", Reply::Told(Told::NotAllowed)),
        (
            "reply, undone",
            Reply::Corrected(CorrectionOutcome::Undone(undone)),
        ),
        (
            "reply, not undone",
            Reply::Corrected(CorrectionOutcome::NotUndone(NotAnnulled::WentOn)),
        ),
        ("reply, counted", Reply::Corrected(CorrectionOutcome::Counted)),
        (
            "reply, not counted",
            Reply::Corrected(CorrectionOutcome::NotCounted(NotCounted::NotAllowed)),
        ),
        (
            "reply, hubs missing",
            Reply::Corrected(CorrectionOutcome::HubsMissing),
        ),
    ]
}

fn answers() -> Vec<(&'static str, Response)> {
    let answer = |verdict, by, ticket| {
        Ok(Answer {
            scan: ScanId([0x5a; 16]),
            verdict,
            by,
            ticket,
            silent: None,
        })
    };
    let facts = Some(TicketFacts::from(&ticket()));
    let home = hub().public();
    let admit = Verdict::Admit { persons: 1, left: 0 };
    let refer = Verdict::Refer(Referral::HomeUnreachable { home });
    let errors = [
        ("error, not allowed", RequestError::NotAllowed),
        ("error, not home", RequestError::NotHome),
        ("error, malformed", RequestError::Malformed),
        ("error, unavailable", RequestError::Unavailable),
        ("error, busy", RequestError::Busy),
        ("error, no PIN", RequestError::NoPin),
        ("error, wrong PIN", RequestError::WrongPin { rest_s: 30 }),
        ("error, PINs rest", RequestError::PinsRest { rest_s: 3_600 }),
    ];
    let mut answers = vec![
        (
            "answer, admit by the home hub",
            answer(admit, JudgedBy::Home(home), facts),
        ),
        (
            "answer, admit by another hub",
            answer(admit, JudgedBy::Hub(home), facts),
        ),
        (
            "answer, deny by a scanner alone",
            answer(Verdict::Deny(Reason::WrongZone), JudgedBy::Alone, None),
        ),
        ("answer, refer", answer(refer, JudgedBy::Hub(home), facts)),
    ];
    answers.extend(errors.map(|(name, error)| (name, Err(error))));
    answers
}

#[test]
fn messages_requests_and_answers_have_the_committed_bytes() {
    let mut sheet = Sheet::new("sync.txt");
    sheet.section("The body of each message of a session.");
    for (name, message) in messages() {
        assert_eq!(
            Message::from_bytes(&message.to_bytes()).as_ref(),
            Ok(&message),
            "{name}"
        );
        sheet.value(name, &message);
    }
    sheet.section("The first frame of programs of other versions, and what it says of them.");
    write_other_versions(&mut sheet);
    sheet.section("A checkpoint of 600,000 bytes, each its place modulo 251, by the authority, signed with 5e: its messages.");
    write_parts(&mut sheet);
    sheet.section("The checkpoint in the message above: what its authority signs.");
    sheet.bytes("checkpoint bytes", &checkpoint().bytes);
    sheet.bytes("digest of the state it sums up", &state().digest());
    sheet.section("Requests.");
    for (name, request) in requests() {
        let bytes = request::to_bytes(&request);
        assert_eq!(
            request::from_bytes::<Request>(&bytes).as_ref(),
            Ok(&request),
            "{name}"
        );
        sheet.value(name, &request);
    }
    sheet.section("Answers.");
    for (name, answer) in answers() {
        assert_eq!(
            request::from_bytes::<Response>(&request::to_bytes(&answer)).as_ref(),
            Ok(&answer),
            "{name}"
        );
        sheet.value(name, &answer);
    }
    sheet.section("Replies, and the ticket code that is asked for above.");
    sheet.line("ticket code", ticket_code());
    for (name, reply) in told() {
        sheet.value(name, &reply);
    }
    sheet.compare(COMMITTED);
}

#[test]
fn the_checkpoint_of_the_vectors_gives_its_state_back() {
    let read = checkpoint().verify(&trust()).unwrap();
    assert_eq!(read.summary.into_state(trust()).digest(), state().digest());
}
