//! The rows of who may say what: each kind by each sort of device, and each condition of a row by itself.

use super::*;
use crate::admission::{Reason, Refused};
use crate::home::roster_hash;
use crate::ident::{GateId, ScanSecret, Unit};
use crate::record::{Counterpart, Refusal};
use crate::rehearsal::{
    HOUR_MS, NORTH, NOW, STAIRS, STRICT, capable, certificate, enrolled_by, fork, hub, identity, scanner,
    shown, ticket,
};
use crate::ticket::foreign::ForeignList;

const SECRET: ScanSecret = ScanSecret([0x5e; 16]);

/// The key of every device here, whatever its role.
fn key() -> usher_keys::SecretKey {
    hub(1)
}

fn plain(role: Role) -> Certificate {
    certificate(&key(), role)
}

fn supervising(role: Role) -> Certificate {
    capable(&key(), role).unverified().clone()
}

/// A certificate that lets its holder say everything of a device at gate North.
fn able() -> Certificate {
    Certificate {
        gates: vec![NORTH.0],
        ..supervising(Role::Scanner)
    }
}

fn says(by: &Certificate, body: &Body) -> bool {
    may_say(by, body, Hlc { ms: NOW.0, count: 0 })
}

fn passage() -> ShownPassage {
    shown(1, ticket(7, STRICT), NORTH)
}

fn own() -> ShownPassage {
    ShownPassage {
        scan: ScanId::of(&key().public(), &SECRET),
        ..passage()
    }
}

fn of_a_turnstile() -> ShownPassage {
    ShownPassage {
        scan: ScanId::of_a_turnstile(NORTH, &SECRET.named()),
        ..passage()
    }
}

fn elsewhere(passage: ShownPassage) -> ShownPassage {
    ShownPassage {
        gate: STAIRS,
        ..passage
    }
}

fn naming(many: usize) -> Vec<Counterpart> {
    let one = Counterpart {
        scan: ScanId([2; 16]),
        persons: 1,
    };
    vec![one; many]
}

fn overridden(passage: ShownPassage, by: usize, why: usize) -> Body {
    Body::Overridden {
        passage,
        by: "a".repeat(by),
        why: "a".repeat(why),
    }
}

fn withdrawn(passage: ShownPassage) -> Body {
    Body::Withdrawn {
        passage,
        secret: SECRET,
    }
}

fn annulled(passage: ShownPassage, right: RightToAnnul, (by, why): (usize, usize)) -> Body {
    Body::Annulled {
        passage,
        right,
        by: "a".repeat(by),
        why: "a".repeat(why),
    }
}

fn matched(many: usize) -> Body {
    Body::ExitMatched {
        unit: Unit(7),
        exit: ScanId([1; 16]),
        closes: naming(many),
    }
}

fn lent(to: PublicKey) -> Body {
    Body::Lent {
        zone: ZoneId(1),
        to,
        places: 1,
        of: PlacesOf::Room,
    }
}

fn counted(at: Timestamp, heard: &[u16], by: usize) -> Body {
    let origin = |number: &u16| {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        PublicKey(key)
    };
    Body::Counted {
        count: Count {
            at,
            zone: ZoneId(1),
            inside: 1,
            heard: heard.iter().map(|number| (origin(number), Seq(1))).collect(),
        },
        by: "a".repeat(by),
    }
}

fn renewed(by: &usher_keys::SecretKey) -> Body {
    let identity = enrolled_by(by, certificate(&scanner(1), Role::Scanner));
    Body::Renewed { identity }
}

const EVERYBODY: [bool; 5] = [true; 5];
const NOBODY: [bool; 5] = [false; 5];
const AT_GATES: [bool; 5] = [false, true, true, true, true];
const HUBS: [bool; 5] = [false, true, false, false, true];
const SUPERVISORS: [bool; 5] = [false, false, false, true, true];
const COUNTERS: [bool; 5] = [false, true, false, true, true];

/// Who may say it: a cloud's certificate, a hub, a scanner, a scanner for supervisors, a hub for supervisors.
#[track_caller]
fn check_row(body: &Body, expected: [bool; 5]) {
    let devices = [
        plain(Role::Cloud),
        plain(Role::Hub),
        plain(Role::Scanner),
        supervising(Role::Scanner),
        supervising(Role::Hub),
    ];
    assert_eq!(devices.map(|by| says(&by, body)), expected, "{body:?}");
    let shown = format!("{body:?}");
    let kind = shown
        .split(|character: char| !character.is_alphanumeric())
        .next()
        .unwrap();
    let told = told_by_the_page(kind);
    if kind == "Annulled" {
        // Its row names several rights, and each of them fewer devices.
        assert!((0..5).all(|by| told[by] || !expected[by]), "{kind}: {told:?}");
    } else {
        assert_eq!(told, expected, "the page's row of {kind}");
    }
}

/// Reads the second cell of the row of a kind.
fn told_by_the_page(kind: &str) -> [bool; 5] {
    const PAGE: &str = include_str!("../../../../docs/PROTOCOL.md");
    let table = PAGE.split("\n## Who may say what\n").nth(1).unwrap();
    let row = table
        .lines()
        .find_map(|line| line.strip_prefix(&format!("| {kind} | ")));
    let who = row.unwrap().split('|').next().unwrap();
    let told = [
        ("an authority, or any device", EVERYBODY),
        ("an authority", NOBODY),
        ("the device itself", EVERYBODY),
        ("a hub, or a scanner with the capability", COUNTERS),
        ("a hub or a scanner", AT_GATES),
        ("a hub at any gate; a scanner at its gates", AT_GATES),
        ("like Admitted, with the capability to override", SUPERVISORS),
        ("like Admitted", AT_GATES),
        ("a hub", HUBS),
    ];
    let found = told.iter().find(|(words, _)| who.starts_with(words));
    found.unwrap_or_else(|| panic!("{kind}: {who}")).1
}

#[test]
fn no_device_says_what_is_an_authoritys_to_say() {
    let (device, unit, generation) = (hub(2).public(), Unit(7), Default::default());
    let identity = identity(&key(), Role::Hub);
    let (after, tail) = (Seq(0), Default::default());
    let hubs = vec![key().public()];
    let policy = crate::rehearsal::policy();
    check_row(&Body::Policy { version: 1, policy }, NOBODY);
    check_row(&Body::Roster { epoch: 1, hubs }, NOBODY);
    check_row(&Body::Superseded { unit, generation }, NOBODY);
    check_row(&Body::Revoked { unit, generation }, NOBODY);
    check_row(&Body::Reinstated { unit, generation }, NOBODY);
    check_row(&Body::DeviceEnrolled { identity }, NOBODY);
    check_row(&Body::DeviceRevoked { device, after }, NOBODY);
    let (hub, heir) = (device, None);
    check_row(&Body::HubRetired { hub, heir }, NOBODY);
    let origin = device;
    check_row(&Body::ForkSettled { origin, tail }, NOBODY);
    check_row(&Body::Restated, NOBODY);
    let (salt, sellers, codes) = ([7; 32], vec![key().public()], Vec::new());
    let list = ForeignList { salt, sellers, codes };
    check_row(&Body::Foreign(list), NOBODY);
}

#[test]
fn each_kind_is_said_by_those_that_its_row_names_and_by_nobody_else() {
    let (epoch, roster) = (1, roster_hash(&[hub(2).public()]));
    let identity = identity(&key(), Role::Hub);
    let proof = Box::new(fork(&hub(2), 1, [[1; 32], [2; 32]]));
    let (reader, turnstile) = (RightToAnnul::Reader(SECRET), RightToAnnul::Turnstile(SECRET));
    check_row(&Body::Opened { identity }, EVERYBODY);
    check_row(&Body::ForkSeen(proof), EVERYBODY);
    check_row(&renewed(&key()), HUBS);
    check_row(&Body::RosterAdopted { epoch, roster }, HUBS);
    check_row(&matched(1), HUBS);
    check_row(&lent(hub(2).public()), HUBS);
    check_row(&Body::Admitted(passage()), AT_GATES);
    check_row(&Body::Exited(passage()), AT_GATES);
    check_row(&refusal(), AT_GATES);
    check_row(&withdrawn(own()), AT_GATES);
    check_row(&annulled(own(), reader, (3, 3)), AT_GATES);
    check_row(&annulled(of_a_turnstile(), turnstile, (3, 3)), HUBS);
    let supervisor = RightToAnnul::Supervisor;
    check_row(&annulled(passage(), supervisor, (3, 3)), SUPERVISORS);
    check_row(&overridden(passage(), 3, 3), SUPERVISORS);
    check_row(&counted(NOW, &[1], 3), COUNTERS);
}

fn refusal() -> Body {
    Body::Refused(Refusal {
        scan: ScanId([1; 16]),
        ticket: (Unit(7), Default::default()),
        gate: GateId(9),
        why: Refused::Deny(Reason::Revoked),
    })
}

/// One thing that may be said, and the same with one thing wrong.
#[track_caller]
fn check(by: &Certificate, good: &Body, bad: &Body) {
    assert!(says(by, good), "{good:?}");
    assert!(!says(by, bad), "{bad:?}");
}

#[test]
fn no_condition_of_a_row_can_be_left_out() {
    const LONG: usize = MAX_WORDS_BYTES;
    let by = able();
    let naming = |many| ShownPassage {
        counterparts: naming(many),
        ..passage()
    };
    for kind in [Body::Admitted, Body::Exited] {
        check(&by, &kind(passage()), &kind(elsewhere(passage())));
        check(
            &by,
            &kind(naming(MAX_COUNTERPARTS)),
            &kind(naming(MAX_COUNTERPARTS + 1)),
        );
    }
    let good = overridden(passage(), LONG, LONG);
    check(&by, &good, &overridden(elsewhere(passage()), LONG, LONG));
    check(&by, &good, &overridden(passage(), LONG + 1, LONG));
    check(&by, &good, &overridden(passage(), LONG, LONG + 1));
    check(&by, &withdrawn(own()), &withdrawn(passage()));
    check(&by, &withdrawn(own()), &withdrawn(elsewhere(own())));
    let (reader, supervisor) = (RightToAnnul::Reader(SECRET), RightToAnnul::Supervisor);
    let good = annulled(own(), reader, (LONG, LONG));
    check(&by, &good, &annulled(passage(), reader, (LONG, LONG)));
    check(&by, &good, &annulled(elsewhere(own()), reader, (LONG, LONG)));
    check(&by, &good, &annulled(own(), reader, (LONG + 1, LONG)));
    check(&by, &good, &annulled(own(), reader, (LONG, LONG + 1)));
    let good = annulled(passage(), supervisor, (3, 3));
    check(&by, &good, &annulled(elsewhere(passage()), supervisor, (3, 3)));
    let (at_hub, turnstile) = (plain(Role::Hub), RightToAnnul::Turnstile(SECRET));
    let good = annulled(of_a_turnstile(), turnstile, (3, 3));
    check(&at_hub, &good, &annulled(passage(), turnstile, (3, 3)));
    check(
        &at_hub,
        &good,
        &annulled(elsewhere(of_a_turnstile()), turnstile, (3, 3)),
    );
}

#[test]
fn no_condition_of_a_row_of_hubs_can_be_left_out() {
    let by = plain(Role::Hub);
    let of_another = identity(&hub(2), Role::Hub);
    let opened = identity(&key(), Role::Hub);
    check(
        &by,
        &Body::Opened { identity: opened },
        &Body::Opened { identity: of_another },
    );
    let of_the_cloud = identity(&scanner(1), Role::Scanner);
    check(&by, &renewed(&key()), &renewed(&hub(2)));
    check(
        &by,
        &renewed(&key()),
        &Body::Renewed {
            identity: of_the_cloud,
        },
    );
    check(&by, &matched(MAX_COUNTERPARTS), &matched(MAX_COUNTERPARTS + 1));
    check(&by, &lent(hub(2).public()), &lent(key().public()));
    let all: Vec<u16> = (1..=257).collect();
    let too_many: Vec<u16> = (1..=258).collect();
    let good = counted(NOW, &all, MAX_WORDS_BYTES);
    check(&by, &good, &counted(NOW, &all, MAX_WORDS_BYTES + 1));
    check(&by, &good, &counted(NOW, &too_many, 3));
    check(&by, &good, &counted(NOW.plus_ms(1), &all, 3));
    check(&by, &good, &counted(NOW, &[2, 1], 3));
    check(&by, &good, &counted(NOW, &[1, 1], 3));
}

#[test]
fn what_is_written_outside_the_certificates_time_is_not_said() {
    let lasting = |from: u64, until: u64| {
        let mut by = able();
        (by.window.from, by.window.until) = (Timestamp(from), Timestamp(until));
        by
    };
    let ends = NOW.0 - MAX_SKEW_MS;
    for (by, is_said) in [
        (lasting(NOW.0, NOW.0 + HOUR_MS), true),
        (lasting(NOW.0 + 1, NOW.0 + HOUR_MS), false),
        (lasting(0, ends + 1), true),
        (lasting(0, ends), false),
        (lasting(0, u64::MAX), true),
    ] {
        assert_eq!(says(&by, &refusal()), is_said, "{:?}", by.window);
    }
}

#[test]
fn of_a_log_that_is_cut_off_nothing_beyond_counts() {
    let mut writer = DeviceWriter::default();
    for number in [1, 2] {
        let seq = Seq(u64::from(number) * 10);
        let loan = Loan {
            zone: ZoneId(1),
            to: hub(2).public(),
            places: number,
            of: PlacesOf::Room,
        };
        let count = Count {
            at: NOW,
            zone: ZoneId(1),
            inside: number,
            heard: Vec::new(),
        };
        let ending = certificate(&scanner(number as u8), Role::Scanner);
        assert!(writer.lend(seq, loan) && writer.count(seq, count));
        assert!(writer.adopt(seq, (number, [0; 32])) && writer.renew(seq, enrolled_by(&key(), ending)));
    }
    let renewed = |limit| [1, 2].map(|number| writer.renewed(&scanner(number).public(), limit).is_some());
    for (limit, kept) in [(9, 0), (10, 1), (19, 1), (20, 2)] {
        let limit = Seq(limit);
        assert_eq!(writer.loans(limit).count(), kept, "{limit:?}");
        assert_eq!(writer.counts(limit).count(), kept, "{limit:?}");
        assert_eq!(
            writer.adopted(limit).map_or(0, |(epoch, _)| epoch as usize),
            kept,
            "{limit:?}"
        );
        assert_eq!(renewed(limit), [kept > 0, kept > 1], "{limit:?}");
    }
}
