//! What a scan costs a hub of an event with 100,000 units, half of them admitted: verifying, judging, folding, summing up; storing is the hub's.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "benchmarks tell people the time they took"
)]

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::Bencher;
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, Domain, EventId, Role, RootSet, SecretKey, Signature,
    Timestamp, TrustBundle, TrustedKey, Window,
};
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::checkpoint::Checkpoint;
use usher_protocol::evidence::Worth;
use usher_protocol::home::roster_hash;
use usher_protocol::ledger::{Judged, JudgingAs, Ledger, ScanQuestion};
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::policy::{EntryRule, Gate, Offline, Policy, TierRules, Zone};
use usher_protocol::record::{Body, Record, ShownPassage};
use usher_protocol::ticket::{Ticket, TicketFlags, VerifiedTicket};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, Hlc, ScanId, Seq, Stamp, TierId, Unit, ZoneId};

const EVENT: EventId = EventId(*b"benchmarked show");
const NOW: Timestamp = Timestamp(1_800_000_000_000);
const UNITS: u32 = 100_000;
/// Tickets that are read in turn, so that no cache knows the last one.
const TICKETS: u32 = 1_000;

fn main() {
    divan::main();
    if env::args().any(|word| word == "--bench") {
        tell_multiples();
    }
}

/// Prints what the steps of a scan take as multiples of a raw strict verification that is timed in turn with them.
fn tell_multiples() {
    let (ledger, texts) = (ledger(), texts());
    let body = [7; 13];
    let message = [b"usher/ticket/1\0".as_slice(), &body].concat();
    let signature: Signature = tickets().sign(Domain::Ticket, &body);
    let verifier = tickets().public().verifier().unwrap();
    let (mut raw, mut reading, mut judging) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for (text, scan) in texts.iter().zip(0_u128..) {
        let started = Instant::now();
        verifier
            .verify_plain(divan::black_box(&message), &signature)
            .unwrap();
        raw += started.elapsed();
        let started = Instant::now();
        let ticket = read(&ledger, text);
        reading += started.elapsed();
        let started = Instant::now();
        divan::black_box(judged(&ledger, ticket, scan));
        judging += started.elapsed();
    }
    let times = |took: Duration| took.as_secs_f64() / raw.as_secs_f64();
    println!(
        "In raw strict verifications of the same seconds ({:.1} µs): reading and verifying a text {:.2}, and judging it {:.2}, together {:.2}.",
        raw.as_secs_f64() * 1e6 / f64::from(TICKETS),
        times(reading),
        times(judging),
        times(reading + judging)
    );
}

fn read(ledger: &Ledger, text: &str) -> VerifiedTicket {
    let keyring = ledger.trust().keyring();
    keyring.verify_text(text.as_bytes(), NOW).unwrap()
}

fn judged(ledger: &Ledger, ticket: VerifiedTicket, scan: u128) -> Judged {
    let asked = ScanQuestion {
        scan: ScanId(scan.to_be_bytes()),
        ticket,
        gate: GateId(1),
        direction: Direction::In,
        persons: 1,
    };
    let judged = ledger.judge(&asked, JudgingAs::Home, NOW);
    assert_eq!(judged.verdict, Verdict::Admit { persons: 1, left: 0 });
    judged
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn root() -> SecretKey {
    key(1)
}

fn tickets() -> SecretKey {
    key(2)
}

fn authority() -> SecretKey {
    key(3)
}

fn issuing() -> SecretKey {
    key(4)
}

fn hub() -> SecretKey {
    key(5)
}

fn trust() -> Trust {
    let trusted = |key: SecretKey| vec![TrustedKey::active(key.public(), Window::ALWAYS)];
    let roots = RootSet::single(root().public());
    let bundle = TrustBundle {
        event: EVENT,
        version: 1,
        roots: roots.clone(),
        ticket_keys: trusted(tickets()),
        authority_keys: trusted(authority()),
        issuing_keys: trusted(issuing()),
    };
    Trust::pin(&roots, bundle.sign(&[&root()])).unwrap()
}

fn policy() -> Policy {
    let name = |what: &str| what.to_owned();
    Policy {
        name: name("Benchmark"),
        utc_offset_minutes: 0,
        time_zone: String::new(),
        offset_changes: Vec::new(),
        day_start_minutes: 0,
        zones: vec![Zone {
            id: ZoneId(1),
            name: name("Hall"),
            capacity: Some(UNITS),
            time_slots: None,
            inside: None,
        }],
        gates: vec![Gate {
            id: GateId(1),
            name: name("North"),
            zone: ZoneId(1),
            leaves: None,
        }],
        tiers: vec![TierRules {
            id: TierId(1),
            name: name("Regular"),
            zones: vec![ZoneId(1)],
            windows: vec![Window::ALWAYS],
            entry: EntryRule::Single,
            offline: Offline::Strict,
            live_from: None,
        }],
        labels: None,
    }
}

fn identity() -> DeviceIdentity {
    let certificate = Certificate {
        event: EVENT,
        device: hub().public(),
        role: Role::Hub,
        name: "North hub".to_owned(),
        gates: Vec::new(),
        capabilities: Capabilities::default(),
        window: Window::ALWAYS,
    };
    DeviceIdentity {
        certificate: certificate.sign(&issuing()),
        via: None,
    }
}

fn authority_log() -> Run {
    let policy = Body::Policy {
        version: 1,
        policy: policy(),
    };
    let roster = Body::Roster {
        epoch: 1,
        hubs: vec![hub().public()],
    };
    let hlc = Hlc { ms: NOW.0, count: 0 };
    let records: Vec<_> = [policy, roster]
        .map(|body| Record::new(hlc, body).to_bytes())
        .into();
    let origin = authority().public();
    let tail = records
        .iter()
        .fold(Tail::default(), |tail, bytes| tail.push(EVENT, &origin, bytes));
    Run {
        base: Tail::default(),
        records,
        head: Head::sign(EVENT, tail, &authority()),
    }
}

fn ticket(unit: u32) -> Ticket {
    Ticket {
        key: tickets().public().id(),
        unit: Unit(unit),
        generation: Generation(1),
        tier: TierId(1),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    }
}

fn passage(unit: u32) -> ShownPassage {
    ShownPassage {
        scan: ScanId(u128::from(unit).to_le_bytes()),
        code: ticket(unit).sign(&tickets()).bytes().to_vec(),
        persons: 1,
        gate: GateId(1),
        zone: ZoneId(1),
        at: Timestamp(0),
        counterparts: Vec::new(),
    }
}

/// Passages of the units that nobody has used yet, to be written in turn: signing tickets is the cloud's work.
fn passages() -> Vec<ShownPassage> {
    (0..UNITS / 2).map(passage).collect()
}

/// The hub, which has admitted the upper half of the units an hour ago.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(hub().public(), Some(identity()), Arc::new(trust()));
    let an_hour_ago = Timestamp(NOW.0 - 60 * 60 * 1000);
    ledger.write_due_records(an_hour_ago);
    ledger.accept(&authority_log(), None, an_hour_ago).unwrap();
    ledger.write_due_records(an_hour_ago);
    for unit in UNITS / 2..UNITS {
        ledger.write(Body::Admitted(passage(unit)), an_hour_ago);
    }
    ledger
}

/// Texts of tickets nobody has used yet.
fn texts() -> Vec<String> {
    let text = |unit| ticket(unit).sign(&tickets()).to_text();
    (0..TICKETS).map(text).collect()
}

/// The floor: the signature alone, over a message that is already there.
#[divan::bench]
fn a_raw_strict_verification(bencher: Bencher) {
    let body = [7; 13];
    let message = [b"usher/ticket/1\0".as_slice(), &body].concat();
    let signature: Signature = tickets().sign(Domain::Ticket, &body);
    let verifier = tickets().public().verifier().unwrap();
    bencher.bench(|| {
        verifier
            .verify_plain(divan::black_box(&message), &signature)
            .unwrap()
    });
}

#[divan::bench]
fn b_keyring_verify_text(bencher: Bencher) {
    let (trust, texts) = (trust(), texts());
    let mut turn = texts.iter().cycle();
    bencher.bench_local(|| {
        trust
            .keyring()
            .verify_text(turn.next().unwrap().as_bytes(), NOW)
            .unwrap()
    });
}

#[divan::bench]
fn c_verify_text_and_judge(bencher: Bencher) {
    let (ledger, texts) = (ledger(), texts());
    let mut turn = texts.iter().zip(0_u128..).cycle();
    bencher.bench_local(|| {
        let (text, scan) = turn.next().unwrap();
        judged(&ledger, read(&ledger, text), scan)
    });
}

/// Appending to the log in memory: encoding, chaining, folding.
#[divan::bench]
fn d_write_an_admission(bencher: Bencher) {
    let (mut ledger, passages) = (ledger(), passages());
    let mut turn = passages.iter().cycle();
    bencher.bench_local(|| ledger.write(Body::Admitted(turn.next().unwrap().clone()), NOW));
}

#[divan::bench]
fn e_seal_a_head(bencher: Bencher) {
    let (mut ledger, key) = (ledger(), hub());
    bencher.bench_local(|| {
        let roster = roster_hash(&[hub().public()]);
        ledger.write(Body::RosterAdopted { epoch: 1, roster }, NOW);
        ledger.seal(&key)
    });
}

/// Folds one admission of another log in: what it costs when its signature was verified on another core, and when not.
fn apply_admissions(bencher: Bencher, worth: Worth) {
    let (mut state, passages) = (ledger().state().clone(), passages());
    let (origin, mut number) = (hub().public(), u64::from(UNITS));
    let mut turn = passages.iter().cycle();
    bencher.bench_local(|| {
        number += 1;
        let stamp = Stamp {
            hlc: Hlc {
                ms: NOW.0 + number,
                count: 0,
            },
            origin,
            seq: Seq(number),
        };
        let body = Body::Admitted(turn.next().unwrap().clone());
        state.apply(stamp, body, worth);
    });
}

#[divan::bench]
fn f_apply_a_proven_admission(bencher: Bencher) {
    apply_admissions(bencher, Worth::Proven);
}

#[divan::bench]
fn f_apply_an_admission_and_verify_it(bencher: Bencher) {
    apply_admissions(bencher, Worth::UnknownKey);
}

#[divan::bench]
fn g_digest(bencher: Bencher) {
    let ledger = ledger();
    bencher.bench(|| ledger.state().digest());
}

#[divan::bench]
fn h_checkpoint(bencher: Bencher) {
    let (ledger, key) = (ledger(), authority());
    let trust = trust();
    bencher.bench(|| Checkpoint::of(ledger.state(), &trust, ledger.heads(), NOW).sign(&key));
}

#[divan::bench]
fn i_start_from_a_checkpoint(bencher: Bencher) {
    let ledger = ledger();
    let trust = Arc::new(trust());
    let signed = Checkpoint::of(ledger.state(), &trust, Vec::new(), NOW).sign(&authority());
    bencher.bench(|| {
        let summary = signed.verify(&trust).unwrap().summary;
        summary.into_state(Arc::clone(&trust))
    });
}
