//! What is written at once can be sent: a log with a stretch that fits no frame is taken by nobody any more.

use std::sync::Arc;

use tokio::task::JoinSet;
use usher_keys::PublicKey;
use usher_link::SyncStore as _;
use usher_protocol::Seq;
use usher_protocol::log::MAX_RUN_RECORDS;
use usher_protocol::sync::{MAX_FRAME_BYTES, Message, Notice};

use super::*;
use crate::rehearsal::{EVENT, Show, key};

const HUB: u8 = 1;

/// The longest proof there is that a key has two histories, as a hub in the wrong hands invents them.
fn longest_proof(seed: u8) -> ForkProof {
    let key = key(seed);
    let begin = |hash| Tail { seq: Seq(1), hash };
    let links = vec![[seed; 32]; MAX_RUN_RECORDS];
    let push = |tail: Tail, link: &[u8; 32]| tail.push_hash(EVENT, &key.public(), link);
    let other = links.iter().fold(begin([2; 32]), push);
    ForkProof {
        one: Head::sign(EVENT, begin([1; 32]), &key),
        base: [2; 32],
        links,
        other: Head::sign(EVENT, other, &key),
    }
}

#[tokio::test]
async fn a_hub_that_is_shown_many_forks_at_once_can_still_be_heard() {
    let replica = Show::new(&[HUB]).hub(HUB).await;
    let mut reports = JoinSet::new();
    for seed in 0x80..0xf0 {
        let replica = Arc::clone(&replica);
        let found = Notice::Forked(Box::new(longest_proof(seed)));
        reports.spawn(async move { replica.notice(PublicKey([9; 32]), found).await });
    }
    reports.join_all().await;
    replica.view.recent.forget();
    let (mut after, mut written) = (Seq(0), 0);
    while let Some(run) = replica.load(replica.me(), after).await.unwrap() {
        after = run.head.tail.seq;
        written += run.records.len();
        let frame = Message::Run(run).to_bytes().len();
        assert!(frame <= MAX_FRAME_BYTES, "{frame} bytes up to {after:?}");
    }
    assert!(written > 100, "{written} records");
}
