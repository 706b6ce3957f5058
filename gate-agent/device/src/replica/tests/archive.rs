//! The archive of a hub's replica: what it comes to is what the hub knows, and a damaged replica or another key makes none.

use usher_protocol::archive::{CheckedArchive, verify};

use super::*;

pub fn archive_of(path: &Path, key: &SecretKey) -> Result<Vec<u8>, ReplicaError> {
    let mut bytes = Vec::new();
    let now = Clock::system().now();
    archive(path, key, now, |part| {
        bytes.extend_from_slice(part);
        Ok::<_, ReplicaError>(())
    })?;
    Ok(bytes)
}

pub fn checked(bytes: &[u8]) -> CheckedArchive {
    let mut rest = bytes;
    let more = |count: usize| {
        let (taken, left) = rest.split_at(count.min(rest.len()));
        rest = left;
        Ok::<_, std::convert::Infallible>(taken.to_vec())
    };
    verify(more, &usher_fixtures::SHOW.roots().keys, &mut |_, _, _| {}).unwrap()
}

#[tokio::test]
async fn a_hub_that_runs_is_archived_as_it_stands_and_its_archive_comes_to_the_same_state() {
    let (stage, replica) = Stage::set().await;
    for number in 1..=3 {
        judge(&replica, &scan(number, number, STRICT)).await.unwrap();
    }
    judge(&replica, &scan(4, 1, STRICT)).await.unwrap();
    let found = checked(&archive_of(&stage.path(), &key(HUB)).unwrap());
    assert_eq!(found.sums.admitted.values().sum::<u64>(), 3);
    assert_eq!((found.sums.refused, found.sums.logs), (1, 2));
    let (here, _) = digest(&replica).await;
    assert_eq!(found.logs.ledger.state().digest(), here);
    // The next one is another: the hub has gone on meanwhile.
    judge(&replica, &scan(5, 5, STRICT)).await.unwrap();
    let found = checked(&archive_of(&stage.path(), &key(HUB)).unwrap());
    assert_eq!(found.sums.admitted.values().sum::<u64>(), 4);
}

#[tokio::test]
async fn a_hub_that_began_at_a_checkpoint_archives_it_and_what_it_heard_since() {
    let (stage, replica) = Stage::set().await;
    judge(&replica, &scan(1, 1, STRICT)).await.unwrap();
    let checkpoint = stage.show.checkpoint(&replica).await;
    let kept = tempfile::tempdir().unwrap();
    let path = kept.path().join("replica.db");
    Replica::found(&path, &stage.show.enrolment(2, Role::Hub)).unwrap();
    let fresh = Replica::open(&path, key(2), stage.show.clock.clone()).unwrap();
    fresh.store_checkpoint(checkpoint).await;
    judge(&replica, &scan(2, 2, STRICT)).await.unwrap();
    let held = replica
        .inspect(|ledger| ledger.tail(&key(HUB).public()).seq)
        .await
        .unwrap();
    fresh
        .store(run_of(&replica, replica.me(), Seq(held.0 - 1)).await)
        .await
        .unwrap();
    let found = checked(&archive_of(&path, &key(2)).unwrap());
    assert_eq!(found.sums.admitted.values().sum::<u64>(), 2);
    assert!(
        found.logs.covered > 0,
        "the first of them stands in the checkpoint"
    );
    assert_eq!(found.logs.ledger.state().digest(), digest(&fresh).await.0);
}

#[tokio::test]
async fn what_is_damaged_or_another_devices_is_not_archived() {
    let (stage, replica) = Stage::set().await;
    judge(&replica, &scan(1, 1, STRICT)).await.unwrap();
    let other = archive_of(&stage.path(), &key(9));
    assert!(matches!(other, Err(ReplicaError::OtherKey)));
    replica.close().await;
    stage.tamper("UPDATE records SET bytes = zeroblob(9) WHERE seq = 1");
    let damaged = archive_of(&stage.path(), &key(HUB));
    assert!(matches!(damaged, Err(ReplicaError::Damaged(_))));
}
