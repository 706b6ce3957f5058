//! Every message of a session, a checkpoint, and every request and answer.

use usher_keys::{RootSet, Timestamp};
use usher_protocol::admission::{Direction, Reason, Referral, Refused, Verdict};
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::record::{Body, Passage, Record, Refusal};
use usher_protocol::request::{self, Answer, JudgedBy, Request, RequestError, Response, Scan, TicketFacts};
use usher_protocol::state::State;
use usher_protocol::sync::{Farewell, Held, Hello, Message, VERSIONS};
use usher_protocol::ticket::{Ticket, TicketFlags};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, Hlc, ScanId, Seq, Stamp, TierId, Unit, ZoneId};

use super::cast::{self, EVENT, NOW, authority, hub, other_hub, tickets};
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/sync.txt");

fn passage(unit: u32, scan: u8) -> Passage {
    Passage {
        scan: ScanId([scan; 16]),
        unit: Unit(unit),
        generation: Generation(1),
        tier: TierId(1),
        admits: 1,
        persons: 1,
        gate: GateId(1),
        zone: ZoneId(1),
    }
}

/// A state in which everything that a summary can hold is there once or more.
fn state() -> State {
    let mut state = State::new(EVENT);
    let mut seq = 0;
    let mut apply = |origin, ms: u64, body| {
        seq += 1;
        let hlc = Hlc { ms, count: 0 };
        state.apply(
            Stamp {
                hlc,
                origin,
                seq: Seq(seq),
            },
            body,
        );
    };
    let (cloud, gate, now) = (authority().public(), hub().public(), NOW);
    let long_ago = now - 60 * 60 * 1000;
    let policy = cast::policy();
    apply(cloud, long_ago, Body::Policy { version: 1, policy });
    let hubs = vec![hub().public(), other_hub().public()];
    apply(cloud, long_ago, Body::Roster { epoch: 1, hubs });
    let (unit, generation) = (Unit(10), Generation(2));
    apply(cloud, long_ago, Body::Superseded { unit, generation });
    for unit in [20, 21, 23] {
        let (unit, generation) = (Unit(unit), Generation(1));
        apply(cloud, long_ago, Body::Revoked { unit, generation });
    }
    let device = cast::scanner().public();
    apply(cloud, long_ago, Body::DeviceRevoked { device });
    let hub = other_hub().public();
    apply(cloud, long_ago, Body::HubRetired { hub });
    let identity = cast::hub_identity();
    apply(gate, long_ago, Body::Opened { identity });
    apply(gate, long_ago, Body::RosterAdopted { epoch: 1 });
    for unit in 100..120 {
        apply(gate, long_ago, Body::Admitted(passage(unit, 1)));
    }
    apply(gate, now - 1_000, Body::Admitted(passage(200, 2)));
    let why = Refused::Deny(Reason::Revoked);
    let ticket = (Unit(20), Generation(1));
    let (scan, gate_id) = (ScanId([3; 16]), GateId(1));
    let refusal = Refusal {
        scan,
        ticket,
        gate: gate_id,
        why,
    };
    apply(gate, now - 500, Body::Refused(refusal));
    state
}

fn checkpoint() -> SignedCheckpoint {
    let tail = Tail {
        seq: Seq(7),
        hash: [0x77; 32],
    };
    let covered = vec![(authority().public(), tail)];
    Checkpoint::of(&state(), covered, Timestamp(NOW)).sign(&authority())
}

fn run() -> Run {
    let record = Record {
        hlc: cast::at(0, 0),
        body: Body::RosterAdopted { epoch: 1 },
    };
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
    let hello = Hello {
        versions: VERSIONS,
        event: EVENT,
        identity: cast::hub_identity(),
        bundle: cast::signed_bundle(),
        held: vec![held.clone()],
        heard_yours: false,
    };
    let digest = [0xd1; 32];
    vec![
        ("Hello", Message::Hello(Box::new(hello))),
        ("Have", Message::Have(vec![behind_a_checkpoint, held])),
        ("Run", Message::Run(run())),
        ("Checkpoint", Message::Checkpoint(checkpoint())),
        ("Bundle", Message::Bundle(cast::signed_bundle())),
        (
            "Beat of the cloud",
            Message::Beat {
                digest,
                fresh_as_of: Some(Timestamp(NOW)),
            },
        ),
        (
            "Beat of a hub that knows no time",
            Message::Beat {
                digest,
                fresh_as_of: None,
            },
        ),
        ("Recap", Message::Recap),
        ("Bye, no common version", Message::Bye(Farewell::NoCommonVersion)),
        ("Bye, other event", Message::Bye(Farewell::OtherEvent)),
        ("Bye, not welcome", Message::Bye(Farewell::NotWelcome)),
        ("Bye, bad message", Message::Bye(Farewell::BadMessage)),
        ("Bye, silent", Message::Bye(Farewell::Silent)),
        ("Bye, leaving", Message::Bye(Farewell::Leaving)),
    ]
}

fn ticket() -> Ticket {
    Ticket {
        key: tickets().public().id(),
        unit: Unit(4_711),
        generation: Generation(1),
        tier: TierId(2),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    }
}

fn requests() -> [(&'static str, Request); 3] {
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
    let overriding = Request::Override {
        scan: scan.clone(),
        by: "Ada".to_owned(),
        why: "knows the guest".to_owned(),
    };
    [
        ("Judge", Request::Judge(scan)),
        ("JudgeAsHome", Request::JudgeAsHome(unreadable)),
        ("Override", overriding),
    ]
}

fn answers() -> Vec<(&'static str, Response)> {
    let answer = |verdict, by, ticket| {
        Ok(Answer {
            scan: ScanId([0x5a; 16]),
            verdict,
            by,
            ticket,
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
    sheet.compare(COMMITTED);
}

#[test]
fn the_checkpoint_of_the_vectors_gives_its_state_back() {
    let roots = RootSet::single(cast::root().public());
    let trust = Trust::pin(&roots, cast::signed_bundle()).unwrap();
    let read = checkpoint().verify(&trust).unwrap();
    assert_eq!(read.summary.into_state(EVENT).digest(), state().digest());
}
