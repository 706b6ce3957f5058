//! Which certificates a hub warns of.

use usher_device::rehearsal::{Show, certificate, identity, key};
use usher_keys::Capabilities;
use usher_keys::expiry::WarningLevel;

use super::*;
use crate::links::LinkSide;

const HUB: u8 = 1;
const HOUR_MS: u64 = 60 * 60 * 1000;

/// A scanner whose certificate ends in so many hours.
fn scanner(name: &str, until: Timestamp, is_ours: bool) -> ScannerFacts {
    ScannerFacts {
        name: name.to_owned(),
        until,
        is_ours,
    }
}

fn link(n: u8, until: Timestamp) -> LinkFacts {
    LinkFacts {
        peer: key(n).public(),
        name: format!("Scanner {n}"),
        role: Role::Scanner,
        address: ([127, 0, 0, 1], 1).into(),
        side: LinkSide::Accepted,
        since: Timestamp(0),
        until,
    }
}

/// Opens the replica of a hub whose certificate ends then.
async fn hub_until(show: &mut Show, until: Timestamp) -> Replica {
    let mut enrolment = show.enrolment(HUB, Role::Hub);
    let mut hub = certificate(HUB, Role::Hub, Capabilities::default());
    hub.window.until = until;
    enrolment.identity = identity(&hub);
    let replica = Replica::open_in_memory(&enrolment, key(HUB), show.clock.clone()).unwrap();
    usher_link::SyncStore::store(&replica, show.run()).await.unwrap();
    replica
}

#[tokio::test]
async fn a_hub_warns_of_its_own_certificate_and_of_those_of_its_scanners() {
    let mut show = Show::new(&[HUB]);
    let now = show.clock.now();
    let hours = |hours: u64| now.plus_ms(hours * HOUR_MS);
    let replica = hub_until(&mut show, hours(5)).await;
    let known = BTreeMap::from([
        (key(11).public(), scanner("Ours, soon", hours(1), true)),
        (key(12).public(), scanner("Ours, late", hours(40), true)),
        (key(13).public(), scanner("Elsewhere", hours(1), false)),
        (
            key(14).public(),
            scanner("Last week", Timestamp(now.0 - 30 * HOUR_MS), true),
        ),
        (
            key(15).public(),
            scanner("Just ended", Timestamp(now.0 - HOUR_MS), true),
        ),
        // It was renewed after it linked.
        (key(16).public(), scanner("Scanner 16", hours(40), false)),
    ]);
    let links = [link(16, hours(2)), link(17, hours(20))];
    let phrasebook = replica.snapshot().phrasebook(now);
    let board = CertificateBoard::default();
    let said: Vec<_> = board
        .lines(&replica, &known, &links, &phrasebook)
        .into_iter()
        .map(|line| (line.name, line.note.level.unwrap()))
        .collect();
    let expected = [
        ("Hub 1", WarningLevel::SixHours),
        ("Just ended", WarningLevel::Ended),
        ("Ours, soon", WarningLevel::Hour),
        ("Scanner 17", WarningLevel::Day),
    ];
    assert_eq!(said, expected.map(|(name, level)| (name.to_owned(), level)));
}

#[tokio::test]
async fn a_scanner_whose_certificate_was_renewed_is_told_of_once_more() {
    let mut show = Show::new(&[HUB]);
    let now = show.clock.now();
    let replica = hub_until(&mut show, Timestamp::FOREVER).await;
    let phrasebook = replica.snapshot().phrasebook(now);
    let board = CertificateBoard::default();
    let lines = |until| {
        let known = BTreeMap::from([(key(11).public(), scanner("Ada", until, true))]);
        board.lines(&replica, &known, &[], &phrasebook)
    };
    assert_eq!(
        lines(now.plus_ms(HOUR_MS))[0].note.level,
        Some(WarningLevel::Hour)
    );
    let renewed = lines(now.plus_ms(48 * HOUR_MS));
    assert_eq!(renewed[0].note.level, None);
    assert!(renewed[0].note.words.contains("was renewed"), "{renewed:?}");
}
