//! What a gate shows of how fresh it is: nothing false after a restart, and nothing lost because a clock was wrong for a while.

use usher_keys::Role;
use usher_link::SyncStore as _;
use usher_protocol::log::Tail;
use usher_protocol::sync::Notice;

use super::*;
use crate::rehearsal::{self, AVAILABLE, Show, alone, key, scan};
use crate::replica::Replica;

const HUB: u8 = 1;
const HOUR_MS: i64 = 60 * 60 * 1000;

async fn hear(replica: &Replica, at: Timestamp) {
    let authority = key(rehearsal::AUTHORITY);
    let assured = Assurance::sign(rehearsal::EVENT, at, Tail::default(), &authority);
    replica.notice(key(9).public(), Notice::Fresh(assured)).await;
}

fn from_now(show: &Show, ms: i64) -> Timestamp {
    Timestamp(show.clock.now().0.saturating_add_signed(ms))
}

#[tokio::test]
async fn a_restart_makes_nobody_fresher_than_when_the_authority_was_heard() {
    let mut show = Show::new(&[HUB]);
    let stage = tempfile::tempdir().unwrap();
    let file = stage.path().join("replica.db");
    Replica::found(&file, &show.enrolment(HUB, Role::Hub)).unwrap();
    let run = show.run();
    let open = || Replica::open(&file, key(HUB), show.clock.clone()).unwrap();
    let replica = open();
    replica.store(run).await.unwrap();
    // The authority's clock is an hour ahead.
    let before = show.clock.now();
    hear(&replica, from_now(&show, HOUR_MS)).await;
    let heard = before..=show.clock.now();
    alone(&replica, scan(1, 1, AVAILABLE)).await.unwrap();
    replica.close().await;
    show.clock.shift_ms(2 * HOUR_MS);
    let fresh = open().fresh_as_of();
    assert!(fresh.is_some_and(|as_of| heard.contains(&as_of)), "{fresh:?}");
}

#[tokio::test]
async fn an_authority_whose_clock_was_ahead_is_heard_again_as_soon_as_it_is_right() {
    for ahead_ms in [HOUR_MS, 23 * HOUR_MS] {
        let mut show = Show::new(&[HUB]);
        let replica = show.hub(HUB).await;
        let ahead = from_now(&show, ahead_ms);
        hear(&replica, ahead).await;
        show.clock.shift_ms(60_000);
        let right = show.clock.now();
        hear(&replica, right).await;
        assert_eq!(replica.fresh_as_of(), Some(right));
        // Somebody who has not heard it since hands the former one on.
        show.clock.shift_ms(60_000);
        hear(&replica, ahead).await;
        assert_eq!(replica.fresh_as_of(), Some(right), "cut off");
        // What is heard of before changes nothing.
        hear(&replica, from_now(&show, -HOUR_MS)).await;
        assert_eq!(replica.fresh_as_of(), Some(right));
    }
}
