//! A device that is a copy, or was set back to an older disk: it finds out, says so, and awaits its own past.

use super::*;

#[tokio::test]
async fn a_copied_hub_finds_out_and_refers_everybody() {
    let mut show = Show::new(&[HUB]);
    let (one, copy) = (show.hub(HUB).await, show.hub(HUB).await);
    judge(&one, &scan(1, 1, STRICT)).await.unwrap();
    judge(&copy, &scan(2, 2, STRICT)).await.unwrap();
    let run = run_of(&one, one.me(), Seq(0)).await;
    let refused = copy.store(run).await.unwrap_err();
    let usher_protocol::sync::NotStored::Run(usher_protocol::log::RunError::Forked(Some(found))) = refused
    else {
        unreachable!("{refused:?}");
    };
    copy.notice(one.me(), Notice::Forked(found.clone())).await;
    let referred = judge(&copy, &scan(3, 3, AVAILABLE)).await;
    assert_eq!(referred, Ok(Verdict::Refer(Referral::OwnLogForked)));
    let incidents = copy
        .inspect(|ledger| ledger.state().incidents().len())
        .await
        .unwrap();
    assert_eq!(incidents, 1);
    copy.notice(one.me(), Notice::Forked(found)).await;
    assert_eq!(
        copy.inspect(|ledger| ledger.state().incidents().len())
            .await
            .unwrap(),
        incidents
    );
}

#[tokio::test]
async fn a_fork_that_is_seen_while_the_disk_takes_nothing_is_written_down_once_it_does() {
    let mut show = Show::new(&[HUB]);
    let (one, copy) = (show.hub(HUB).await, show.hub(HUB).await);
    judge(&one, &scan(1, 1, AVAILABLE)).await.unwrap();
    judge(&copy, &scan(2, 2, AVAILABLE)).await.unwrap();
    let (one_run, other_run) = (
        run_of(&one, one.me(), Seq(0)).await,
        run_of(&copy, one.me(), Seq(0)).await,
    );
    let found = ForkProof::of_heads(one_run.head, other_run.head).unwrap();
    meddle(&copy, "PRAGMA query_only = ON").await;
    // A session tells of it once.
    copy.notice(one.me(), Notice::Forked(Box::new(found))).await;
    meddle(&copy, "PRAGMA query_only = OFF").await;
    judge(&copy, &scan(3, 3, AVAILABLE)).await.unwrap();
    let referred = judge(&copy, &scan(4, 4, AVAILABLE)).await;
    assert_eq!(referred, Ok(Verdict::Refer(Referral::OwnLogForked)));
}

#[tokio::test]
async fn a_past_that_was_another_history_is_not_awaited_after_a_restart() {
    let (mut stage, replica) = Stage::set().await;
    let copy = stage.show.hub(HUB).await;
    judge(&replica, &scan(1, 1, STRICT)).await.unwrap();
    for number in 2..4 {
        judge(&copy, &scan(number, number, STRICT)).await.unwrap();
    }
    let run = run_of(&copy, copy.me(), Seq(0)).await;
    let head = run.head.clone();
    replica.notice(copy.me(), Notice::OwnPast(head)).await;
    replica.close().await;

    let replica = stage.open().unwrap();
    assert!(is_behind(&replica).await, "it waits after a restart too");
    replica.store(run).await.unwrap_err();
    assert!(!is_behind(&replica).await);
    replica.close().await;
    assert!(!is_behind(&stage.open().unwrap()).await);
}

#[tokio::test]
async fn of_its_own_past_a_device_awaits_the_longest_also_after_a_restart() {
    let (stage, replica) = Stage::set().await;
    judge(&replica, &scan(1, 1, STRICT)).await.unwrap();
    replica.close().await;
    let older = tempfile::tempdir().unwrap();
    let older = older.path().join("replica.db");
    std::fs::copy(stage.path(), &older).unwrap();
    let open = || Replica::open(&older, key(HUB), stage.show.clock.clone()).unwrap();

    let replica = stage.open().unwrap();
    let mut runs = Vec::new();
    for number in 2..4 {
        judge(&replica, &scan(number, number, STRICT)).await.unwrap();
        // The run of a moment ago would do for a session, which asks again for the rest.
        replica.view.recent.forget();
        runs.push(run_of(&replica, replica.me(), Seq(0)).await);
    }
    let copy = open();
    for run in runs.iter().rev() {
        // One peer holds all of it, another one less.
        copy.notice(key(9).public(), Notice::OwnPast(run.head.clone()))
            .await;
    }
    copy.close().await;
    let copy = open();
    for (run, is_still_behind) in runs.into_iter().zip([true, false]) {
        copy.store(run).await.unwrap();
        assert_eq!(is_behind(&copy).await, is_still_behind);
    }
}

#[tokio::test]
async fn a_past_that_is_heard_of_while_the_disk_takes_nothing_is_awaited_all_the_same() {
    for fails_before in [true, false] {
        let (mut stage, replica) = Stage::set().await;
        let copy = stage.show.hub(HUB).await;
        for number in 0..4 {
            judge(&copy, &scan(number, number, STRICT)).await.unwrap();
        }
        let head = run_of(&copy, copy.me(), Seq(0)).await.head;
        meddle(&replica, "PRAGMA query_only = ON").await;
        if fails_before {
            judge(&replica, &scan(9, 9, STRICT)).await.unwrap_err();
        }
        replica.notice(copy.me(), Notice::OwnPast(head)).await;
        meddle(&replica, "PRAGMA query_only = OFF").await;
        let referred = judge(&replica, &scan(9, 9, STRICT)).await;
        let behind = Verdict::Refer(Referral::OwnLogBehind);
        assert_eq!(referred, Ok(behind), "failed before: {fails_before}");
        let is_known = replica.snapshot().is_behind_own_past;
        assert!(is_known, "failed before: {fails_before}");
    }
}
