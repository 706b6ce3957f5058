//! Other sellers' tickets in a replica: whatever log sorts first on the disk, all passages by listed codes are back after a start.

use usher_protocol::Unit;
use usher_protocol::state::foreign::MAX_UNLISTED_OF_LOG;
use usher_protocol::ticket::foreign::identity::identify;
use usher_protocol::ticket::foreign::{ForeignList, ListedCode};

use super::archive::{archive_of, checked};
use super::*;
use crate::rehearsal::AUTHORITY;

const SALT: [u8; 32] = [9; 32];

fn listed(number: u32) -> ListedCode {
    ListedCode {
        code: identify(text(number).as_bytes()).unwrap().hash(&SALT),
        unit: Unit((1 << 24) + number),
        tier: STRICT,
        admits: 1,
        used: 0,
    }
}

fn text(number: u32) -> String {
    format!("SELLER-{number}")
}

/// A hub whose log sorts before the authority's.
fn first_hub() -> u8 {
    let mut hubs = 1..=u8::MAX;
    let is_first = |hub: &u8| *hub != AUTHORITY && key(*hub).public() < key(AUTHORITY).public();
    hubs.find(is_first).unwrap()
}

#[tokio::test]
async fn more_passages_than_may_wait_for_a_list_are_all_back_after_a_start_and_in_the_archive() {
    let hub = first_hub();
    let mut show = Show::new(&[hub]);
    let codes = u32::try_from(MAX_UNLISTED_OF_LOG).unwrap() + 20;
    show.write(Body::Foreign(ForeignList {
        salt: SALT,
        sellers: Vec::new(),
        codes: (0..codes).map(listed).collect(),
    }));
    let kept = tempfile::tempdir().unwrap();
    let path = kept.path().join("replica.db");
    Replica::found(&path, &show.enrolment(hub, Role::Hub)).unwrap();
    let (run, clock) = (show.run(), show.clock.clone());
    let open = || Replica::open(&path, key(hub), clock.clone()).unwrap();
    let replica = open();
    replica.store(run).await.unwrap();
    let shown = |number: u32, id: u32| Scan {
        code: text(number).into_bytes(),
        ..scan(id, 0, STRICT)
    };
    for number in 0..codes {
        assert_eq!(judge(&replica, &shown(number, number)).await, Ok(IN));
    }
    let before = digest(&replica).await;
    replica.close().await;
    let replica = open();
    assert_eq!(digest(&replica).await, before);
    for number in [0, codes - 1] {
        let verdict = judge(&replica, &shown(number, 10_000 + number)).await;
        let is_used = matches!(verdict, Ok(Verdict::Deny(Reason::AlreadyUsed { .. })));
        assert!(is_used, "{verdict:?}");
    }
    let found = checked(&archive_of(&path, &key(hub)).unwrap());
    assert_eq!(found.sums.admitted.values().sum::<u64>(), u64::from(codes));
}
