//! Logs travel between replicas.

use std::time::Duration;

use usher_keys::{Role, Signature};
use usher_protocol::Seq;
use usher_protocol::checkpoint::{MAX_CHECKPOINT_BYTES, SignedCheckpoint};
use usher_protocol::sync::Notice;

use super::site::Site;
use super::{venue, within};
use crate::changes::CHANGES_BUFFERED;
use crate::sync_store::SyncStore;

#[tokio::test]
async fn logs_travel_both_ways_and_live_growth_arrives() {
    let mut cloud = Site::open(&venue::key(1), venue::cloud(1));
    let mut hub = Site::open(&venue::key(2), venue::hub(2));
    cloud.replica.write([venue::revocation(1)]);
    hub.link_to(&cloud).await;

    let opened = hub.next_opened().await;
    assert_eq!(opened.connection.peer(), venue::key(1).public());
    assert_eq!(opened.connection.event(), venue::EVENT);
    assert_eq!(opened.connection.remote_addr(), cloud.endpoint.local_addr());
    assert_eq!(opened.certificate.role, Role::Cloud);
    assert_eq!(cloud.next_opened().await.certificate.role, Role::Hub);

    let (authority, device) = (cloud.replica.me(), hub.replica.me());
    within(hub.replica.catches_up(&cloud.replica, authority)).await;
    within(cloud.replica.catches_up(&hub.replica, device)).await;

    cloud.replica.write([venue::revocation(2), venue::revocation(3)]);
    hub.replica.write([venue::refusal(1)]);
    within(hub.replica.catches_up(&cloud.replica, authority)).await;
    within(cloud.replica.catches_up(&hub.replica, device)).await;
    assert_eq!(hub.replica.seq(authority), Seq(3));
    assert_eq!(cloud.replica.seq(device), Seq(2));
    let told = hub.replica.notices();
    assert!(matches!(told.first(), Some((_, Notice::Opened(_)))), "{told:?}");

    // With a beat it is told that the cloud has all; the cloud waits for no such word of a hub.
    within(async {
        while opened.connection.handed_on() < 5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(opened.connection.handed_on(), 5);
}

#[tokio::test]
async fn a_third_replica_gets_a_log_from_one_that_only_relays_it() {
    let cloud = Site::open(&venue::key(1), venue::cloud(1));
    let mut near = Site::open(&venue::key(2), venue::hub(2));
    let mut far = Site::open(&venue::key(3), venue::hub(3));
    cloud.replica.write([venue::revocation(1)]);
    near.link_to(&cloud).await;
    far.link_to(&near).await;
    far.replica.write([venue::refusal(9)]);
    let (authority, device) = (cloud.replica.me(), far.replica.me());
    within(far.replica.catches_up(&cloud.replica, authority)).await;
    within(cloud.replica.catches_up(&far.replica, device)).await;
    cloud.replica.write([venue::revocation(2)]);
    within(far.replica.catches_up(&cloud.replica, authority)).await;
}

#[tokio::test]
async fn megabytes_cross_both_ways_at_once() {
    let one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    for site in [&one, &other] {
        for batch in 0..10 {
            site.replica
                .write((0..400).map(|i| venue::long_record(batch * 400 + i)));
        }
    }
    other.link_to(&one).await;
    let (first, second) = (one.replica.me(), other.replica.me());
    within(other.replica.catches_up(&one.replica, first)).await;
    within(one.replica.catches_up(&other.replica, second)).await;
    assert_eq!(one.replica.seq(second), Seq(4_001));
}

#[tokio::test]
async fn a_session_that_lags_behind_the_changes_is_told_everything_anew() {
    let mut cloud = Site::open(&venue::key(1), venue::cloud(1));
    let mut hub = Site::open(&venue::key(2), venue::hub(2));
    hub.link_to(&cloud).await;
    cloud.next_opened().await;
    // Without a pause between them, so that the session cannot keep up: this runtime has one thread.
    for unit in 0..2 * CHANGES_BUFFERED {
        cloud
            .replica
            .write([venue::revocation(u32::try_from(unit).unwrap())]);
    }
    let authority = cloud.replica.me();
    within(hub.replica.catches_up(&cloud.replica, authority)).await;
    hub.next_opened().await;
}

#[tokio::test]
async fn a_fresh_hub_starts_from_a_checkpoint_and_goes_on_from_there() {
    let cloud = Site::open(&venue::key(1), venue::cloud(1));
    let mut hub = Site::open(&venue::key(2), venue::hub(2));
    for batch in 0..3 {
        cloud
            .replica
            .write((0..1_000).map(|i| venue::revocation(batch * 1_000 + i)));
    }
    cloud.replica.make_checkpoint();
    hub.link_to(&cloud).await;
    let authority = cloud.replica.me();
    within(
        hub.replica
            .until(|ledger| ledger.state().device(&hub.replica.me()).is_some()),
    )
    .await;
    cloud.replica.write([venue::revocation(5_000)]);
    within(hub.replica.catches_up(&cloud.replica, authority)).await;
    assert_eq!(hub.replica.seq(authority), Seq(3_001));
    assert!(hub.replica.records_kept(authority) <= 1);
    assert!(hub.replica.load_checkpoint().await.is_some());
}

#[tokio::test]
async fn a_checkpoint_as_large_as_may_be_crosses_in_parts_and_the_session_goes_on() {
    let cloud = Site::open(&venue::key(1), venue::cloud(1));
    let mut hub = Site::open(&venue::key(2), venue::hub(2));
    for batch in 0..3 {
        cloud
            .replica
            .write((0..1_000).map(|i| venue::revocation(batch * 1_000 + i)));
    }
    let authority = cloud.replica.me();
    // One that nobody signed: the hub refuses it once it has all of it, and is sent the records.
    cloud.replica.keep_checkpoint(SignedCheckpoint {
        authority,
        bytes: vec![0; MAX_CHECKPOINT_BYTES],
        signature: Signature([7; 64]),
    });
    hub.link_to(&cloud).await;
    within(hub.replica.catches_up(&cloud.replica, authority)).await;
    assert_eq!(hub.replica.records_kept(authority), 3_000);
}
