//! Counts, loans, annulments and matched exits of devices that lie: what they cost, and that every replica comes to the same by them.

use std::collections::BTreeMap;
use std::time::Duration;

use usher_keys::{DeviceIdentity, PublicKey, Role, Timestamp, Window};

use super::*;
use crate::evidence::Worth;
use crate::ident::{GateId, Hlc, ScanId, ScanSecret, Stamp};
use crate::record::{Count, Counterpart, MAX_COUNTED_LOGS, RightToAnnul};
use crate::rehearsal::{AVAILABLE, NOW, REENTRY, capable, identity_by, issuing, scanner, shared_trust};
use crate::state::{Counts, State, Summary};

fn counted(at: Timestamp, inside: u32, heard: Vec<(PublicKey, Seq)>) -> Body {
    let count = Count {
        at,
        zone: ZONE,
        inside,
        heard,
    };
    let by = "Ada".to_owned();
    Body::Counted { count, by }
}

/// What follows from the records and is no part of the digest.
#[derive(Debug, PartialEq)]
struct Conclusions {
    digest: [u8; 32],
    incidents: Vec<Incident>,
    counts: Counts,
    occupancy: i64,
    arrivals: Vec<i64>,
    places: Vec<Option<BTreeMap<PublicKey, i64>>>,
    to_give: Vec<Option<i64>>,
    told: usize,
}

fn conclusions(state: &State) -> Conclusions {
    let moments = [Timestamp(0), NOW, NOW.plus_ms(SLOT_MS), Timestamp(u64::MAX)];
    let slots = moments
        .into_iter()
        .flat_map(|at| [PlacesOf::TimeSlot(at), PlacesOf::TimeSlotsFrom(at)]);
    let all: Vec<_> = slots.chain([PlacesOf::Room]).collect();
    let hubs = [1, 2, 3].map(|number| hub(number).public());
    let to_give = |of: &PlacesOf| hubs.map(|hub| state.places_to_give(ZONE, *of, &hub));
    for of in &all {
        state.places_owed(ZONE, *of);
        state.places_of(ZONE, *of, &hubs[0]);
    }
    for moment in moments {
        state.history_at((Unit(1), ZONE), Some(ZONE), moment);
    }
    Conclusions {
        digest: state.digest(),
        incidents: state.incidents(),
        counts: state.counts(),
        occupancy: state.occupancy(ZONE),
        arrivals: moments.map(|at| state.arrivals(ZONE, at)).to_vec(),
        places: all.iter().map(|of| state.places(ZONE, *of)).collect(),
        to_give: all.iter().flat_map(to_give).collect(),
        told: state.last_counts(ZONE, 100).len(),
    }
}

/// A certificate for ever, so that its holder may say any time.
fn timeless(device: &SecretKey, role: Role) -> DeviceIdentity {
    let mut certificate = capable(device, role).unverified().clone();
    certificate.window = Window::ALWAYS;
    identity_by(&issuing(), certificate)
}

fn passage(scan: u8, tier: u16, at: Timestamp) -> ShownPassage {
    ShownPassage {
        at,
        ..shown(scan, ticket(1, tier), NORTH)
    }
}

/// Everything a device can say at the ends of what numbers and times can be.
fn extremes() -> Vec<Body> {
    let ends = [Timestamp(0), NOW, Timestamp(u64::MAX)];
    let heard = || vec![(hub(1).public(), Seq(u64::MAX)), (hub(2).public(), Seq(0))];
    let closes = |number: u8| Counterpart {
        scan: ScanId([number; 16]),
        persons: u8::MAX,
    };
    let mut said = Vec::new();
    for (at, number) in ends.into_iter().zip(1..) {
        let mut entry = passage(number, REENTRY, at);
        entry.counterparts = vec![closes(number), closes(number + 1)];
        let mut exit = passage(number + 10, REENTRY, at);
        exit.counterparts = vec![closes(number), closes(number)];
        let mut crowd = passage(number + 20, REENTRY, at);
        crowd.persons = u8::MAX;
        let secret = ScanSecret([number; 16]);
        let own = ScanId::of(&hub(2).public(), &secret);
        let taken_back = ShownPassage {
            scan: own,
            ..passage(0, REENTRY, at)
        };
        said.extend([
            counted(at, u32::MAX, heard()),
            counted(at, 0, Vec::new()),
            lent(&hub(3), u32::MAX, PlacesOf::TimeSlot(at)),
            lent(&hub(1), u32::MAX, PlacesOf::TimeSlotsFrom(at)),
            lent(&hub(1), u32::MAX, PlacesOf::Room),
            Body::Admitted(entry),
            Body::Admitted(taken_back.clone()),
            Body::Exited(exit),
            Body::Overridden {
                passage: crowd,
                by: String::new(),
                why: String::new(),
            },
            Body::Withdrawn {
                passage: taken_back.clone(),
                secret,
            },
            Body::Annulled {
                passage: taken_back,
                right: RightToAnnul::Reader(secret),
                by: String::new(),
                why: String::new(),
            },
            Body::ExitMatched {
                unit: Unit(1),
                exit: ScanId([number + 10; 16]),
                closes: vec![closes(number); 64],
            },
            Body::ExitMatched {
                unit: Unit(u32::MAX),
                exit: ScanId([0; 16]),
                closes: Vec::new(),
            },
        ]);
    }
    said
}

/// Every order of so many logs.
fn orders(logs: usize) -> Vec<Vec<usize>> {
    if logs == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(logs - 1);
    let mut orders = Vec::new();
    for order in &shorter {
        for at in 0..logs {
            let mut order = order.clone();
            order.insert(at, logs - 1);
            orders.push(order);
        }
    }
    orders
}

#[test]
fn whatever_numbers_a_liar_signs_every_replica_comes_to_the_same_and_goes_on() {
    let mut cloud = limited_cloud(&[1, 2, 3], 10);
    let mut honest = Machine::hub(1, &cloud);
    let mut lying_hub = Machine::with_identity(hub(2), timeless(&hub(2), Role::Hub));
    let mut lying_scanner = Machine::with_identity(scanner(1), timeless(&scanner(1), Role::Scanner));
    lying_hub.write_due_records_at(Timestamp(0));
    lying_scanner.write_due_records_at(Timestamp(u64::MAX));
    for (body, number) in extremes().into_iter().zip(0_u64..) {
        let now = [Timestamp(0), NOW, Timestamp(u64::MAX)];
        lying_hub.write_at(body.clone(), now[usize::try_from(number * 3 / 39).unwrap()]);
        lying_scanner.write_at(body, Timestamp(u64::MAX));
    }
    check_admits(&mut honest, 9, ticket(9, AVAILABLE));
    cloud.write(Body::HubRetired {
        hub: hub(3).public(),
        heir: Some(hub(2).public()),
    });
    let before = lying_hub.ledger.tail(&lying_hub.me()).seq.0;
    cloud.write(revoked(&lying_hub, before - 20));
    cloud.write(revoked(&lying_hub, before - 10));
    let logs = [&cloud, &honest, &lying_hub, &lying_scanner];
    let mut found = None;
    for order in orders(logs.len()) {
        let mut replica = Machine::new(hub(9), Role::Hub);
        for at in &order {
            replica.hear_log(logs[*at], logs[*at].me()).unwrap();
        }
        let now = conclusions(replica.ledger.state());
        assert_eq!(
            *found.get_or_insert(now),
            conclusions(replica.ledger.state()),
            "{order:?}"
        );
        replica.restart();
        assert_eq!(
            found,
            Some(conclusions(replica.ledger.state())),
            "after a restart"
        );
        let begun = Summary::of(replica.ledger.state()).into_state(shared_trust(1));
        let refused = replica.ledger.state().counts().refused;
        let mut begun = conclusions(&begun);
        begun.counts.refused = refused;
        assert_eq!(found, Some(begun), "from a summary");
    }
    honest.hear(&lying_scanner);
    honest.share_places(&[2, 3]);
    check_denied_or_referred(&mut honest);
}

/// A hub that has heard lies still answers.
#[track_caller]
fn check_denied_or_referred(gate: &mut Machine) {
    let verdict = gate.judge(&asked(99, ticket(1, REENTRY)), JudgingAs::Home);
    assert_ne!(verdict, ADMIT, "{verdict:?}");
}

#[test]
fn what_many_counts_come_to_is_right_at_every_moment() {
    let mut cloud = Machine::cloud(&[1]);
    let mut honest = Machine::hub(1, &cloud);
    let mut liar = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    for number in 0..20 {
        check_admits(&mut honest, number, ticket(u32::from(number), AVAILABLE));
    }
    for number in 0..10 {
        liar.write_at(counted(NOW.plus_ms(number), 100, Vec::new()), NOW.plus_ms(number));
    }
    cloud.listen(&honest);
    cloud.listen(&liar);
    assert_eq!(
        cloud.ledger.state().occupancy(ZONE),
        120,
        "what clocks leave in doubt leaves people in"
    );
    // Between two runs, and before the totals are summed up at a start.
    let mut state = State::new(shared_trust(1));
    for machine in [&cloud, &honest, &liar] {
        let run = machine.run(machine.me(), Seq(0)).unwrap();
        for (bytes, seq) in run.records.iter().zip(1..) {
            let record = crate::record::Record::from_bytes(bytes).unwrap();
            let stamp = Stamp {
                hlc: record.hlc,
                origin: machine.me(),
                seq: Seq(seq),
            };
            state.apply(stamp, record.body, Worth::Proven);
            let mut anew = state.clone();
            anew.sum_up();
            assert_eq!(state.occupancy(ZONE), anew.occupancy(ZONE));
            assert_eq!(state.counts(), anew.counts());
        }
    }
    assert_eq!(state.occupancy(ZONE), 120);
}

#[test]
fn counts_that_name_many_logs_fill_no_more_than_their_share() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let before = usher_keys::codec::encode(&Summary::of(liar.ledger.state())).len();
    for number in 0..512 {
        let at = NOW.plus_ms(number);
        liar.write_at(counted_at_length(number, MAX_COUNTED_LOGS), at);
    }
    let after = usher_keys::codec::encode(&Summary::of(liar.ledger.state())).len();
    assert!(after - before < 16_384 * 45, "{}", after - before);
    // Its log opens with its certificate and the roster.
    assert_eq!(named(&liar, &liar), Some(Seq(2 + 63 + 1)));
}

#[test]
fn an_honest_device_counts_no_more_often_than_counts() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    for number in 0..600 {
        let now = NOW.plus_ms(number);
        if let Ok(body) = gate.ledger.count((ZONE, 3), "Ada", now) {
            gate.write_at(body, now);
        }
    }
    assert_eq!(named(&gate, &gate), None);
    assert_eq!(gate.ledger.state().last_counts(ZONE, 1_000).len(), 512);
}

/// The entry of one person with the ticket of a unit, with a code that nobody verifies.
fn entered(unit: u32) -> Body {
    let mut scan = [0; 16];
    scan[..4].copy_from_slice(&unit.to_le_bytes());
    let mut passage = shown(0, ticket(70_000, AVAILABLE), NORTH);
    passage.scan = ScanId(scan);
    passage.code[6..10].copy_from_slice(&(70_000 + unit).to_le_bytes());
    Body::Admitted(passage)
}

/// A count that names so many logs.
fn counted_at_length(number: u64, logs: usize) -> Body {
    let key = |log: u64| {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&log.to_be_bytes());
        PublicKey(key)
    };
    let heard = (0..logs as u64).map(|log| (key(log), Seq(number)));
    counted(NOW.plus_ms(number), 0, heard.collect())
}

#[test]
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what it is about is how long hearing takes"
)]
fn many_counts_of_many_people_are_heard_at_once() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    for number in 0..512 {
        liar.write_at(counted_at_length(number, 32), NOW.plus_ms(number));
    }
    let mut replica = witness();
    replica.listen(&cloud);
    let state = &mut replica.ledger.state;
    let stamp = |seq| Stamp {
        hlc: Hlc { ms: NOW.0, count: 0 },
        origin: hub(1).public(),
        seq: Seq(seq),
    };
    let identity = capable(&hub(1), Role::Hub);
    state.apply(stamp(1), Body::Opened { identity }, Worth::Proven);
    for unit in 0..100_000 {
        state.apply(stamp(2 + u64::from(unit)), entered(unit), Worth::Proven);
    }
    state.sum_up();
    let started = std::time::Instant::now();
    replica.listen(&liar);
    assert_eq!(replica.ledger.state().occupancy(ZONE), 100_000);
    // Each of them once had everything summed up anew.
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(named(&replica, &liar), None);
}

#[test]
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what it is about is how long summing up takes"
)]
fn many_entries_that_name_one_scan_of_which_many_things_are_said_are_summed_up_at_once() {
    let mut state = State::new(shared_trust(1));
    let mut passage = shown(1, ticket(7, AVAILABLE), NORTH);
    for (number, seed) in (0_u16..40).zip(100..) {
        let device = key(seed);
        let stamp = |seq| Stamp {
            hlc: Hlc {
                ms: NOW.0 + u64::from(number),
                count: 0,
            },
            origin: device.public(),
            seq: Seq(seq),
        };
        let identity = capable(&device, Role::Hub);
        state.apply(stamp(1), Body::Opened { identity }, Worth::Proven);
        for seq in 0..1_024 {
            let is_naming = seq >= 512;
            passage.gate = GateId(number * 1_024 + seq);
            passage.scan = ScanId([u8::from(is_naming); 16]);
            passage.persons = u8::from(is_naming);
            let named = Counterpart {
                scan: ScanId([0; 16]),
                persons: 1,
            };
            passage.counterparts = vec![named; usize::from(is_naming)];
            let body = Body::Admitted(passage.clone());
            state.apply(stamp(2 + u64::from(seq)), body, Worth::Proven);
        }
    }
    let started = std::time::Instant::now();
    for _ in 0..5 {
        assert_eq!(state.tally(Unit(7)).entries.len(), 40 * 1_024);
    }
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_large_group_that_leaves_where_nobody_saw_it_come_is_matched_piece_by_piece() {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    let ticket = Ticket {
        admits: 100,
        ..ticket(7, AVAILABLE)
    };
    for scan in 0..100 {
        home.write(Body::Admitted(shown(scan, ticket.clone(), NORTH)));
    }
    let mut elsewhere = Machine::scanner(1, &cloud);
    let mut exit = shown(200, ticket, NORTH);
    exit.persons = 100;
    elsewhere.write(Body::Exited(exit));
    home.hear(&elsewhere);
    home.write_due_records();
    assert_eq!(home.ledger.state().occupancy(ZONE), 0);
    assert_eq!(home.ledger.state().incidents(), []);
    assert_eq!(named(&home, &home), None);
}
