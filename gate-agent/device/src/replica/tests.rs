//! The replica's promises: what was answered is durable, what is damaged is named, a failing disk loses nothing and no lie is told.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use usher_keys::Role;
use usher_link::{Change, News, SyncStore as _};
use usher_protocol::Seq;
use usher_protocol::admission::{Reason, Referral, RefusalKind, Verdict};
use usher_protocol::assurance::Assurance;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::JudgingAs;
use usher_protocol::log::{Hash, MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::record::Body;
use usher_protocol::request::RequestError;
use usher_protocol::scans::ScanKind;
use usher_protocol::sync::Notice;
use usher_protocol::trust::Trust;

use super::*;
use crate::rehearsal::{self, AVAILABLE, STRICT, Show, alone, key, scan};

const HUB: u8 = 1;
const IN: Verdict = Verdict::Admit { persons: 1, left: 0 };

/// A hub's replica in a file.
struct Stage {
    show: Show,
    directory: TempDir,
}

impl Stage {
    async fn set() -> (Self, Replica) {
        let mut show = Show::new(&[HUB]);
        let stage = tempfile::tempdir().unwrap();
        Replica::found(&stage.path().join("replica.db"), &show.enrolment(HUB, Role::Hub)).unwrap();
        let run = show.run();
        let stage = Self {
            show,
            directory: stage,
        };
        let replica = stage.open().unwrap();
        replica.store(run).await.unwrap();
        (stage, replica)
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("replica.db")
    }

    fn open(&self) -> Result<Replica, ReplicaError> {
        Replica::open(&self.path(), key(HUB), self.show.clock.clone())
    }

    /// Changes the closed file behind the replica's back.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

async fn run_of(replica: &Replica, origin: Origin, after: Seq) -> Run {
    Arc::unwrap_or_clone(replica.load(origin, after).await.unwrap().unwrap())
}

async fn judge(replica: &Replica, scan: &Scan) -> Result<Verdict, RequestError> {
    let ticket = replica.verify(&scan.code).unwrap();
    replica.judge(asked(scan, ticket), JudgingAs::Home).await
}

async fn digest(replica: &Replica) -> (Hash, Vec<usher_protocol::sync::Held>) {
    let digest = replica.inspect(|ledger| ledger.state().digest()).await.unwrap();
    (digest, replica.held())
}

async fn is_behind(replica: &Replica) -> bool {
    let inspected = replica.inspect(|ledger| ledger.is_behind_own_past());
    inspected.await.unwrap()
}

async fn meddle(replica: &Replica, sql: &'static str) {
    let (done, waiting) = oneshot::channel();
    let meddle = Box::new(move |connection: &Connection| {
        connection.execute_batch(sql).unwrap();
        done.send(()).unwrap();
    });
    replica
        .commands
        .send(WriterCommand::Meddle(meddle))
        .await
        .ok()
        .unwrap();
    waiting.await.unwrap();
}

#[tokio::test]
async fn whatever_was_answered_is_there_after_a_restart_and_the_state_is_the_same() {
    let (stage, replica) = Stage::set().await;
    for n in 0..20 {
        assert_eq!(judge(&replica, &scan(n, n, STRICT)).await, Ok(IN));
    }
    let before = digest(&replica).await;
    replica.close().await;
    let replica = stage.open().unwrap();
    assert_eq!(digest(&replica).await, before);
    let again = judge(&replica, &scan(100, 3, STRICT)).await.unwrap();
    assert!(
        matches!(again, Verdict::Deny(Reason::AlreadyUsed { at: Some(_), .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn many_scans_of_one_ticket_at_once_admit_one() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..50 {
        let replica = Arc::clone(&replica);
        asking.spawn(async move { judge(&replica, &scan(n, 7, STRICT)).await.unwrap() });
    }
    let verdicts = asking.join_all().await;
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == IN).count(), 1);
}

#[tokio::test]
async fn scans_that_wait_together_share_one_commit() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (started, waiting) = oneshot::channel();
    let wait = Box::new(move |_: &Connection| {
        started.send(()).unwrap();
        held.recv_timeout(Duration::from_secs(30)).unwrap();
    });
    replica
        .commands
        .send(WriterCommand::Meddle(wait))
        .await
        .ok()
        .unwrap();
    waiting.await.unwrap();
    let before = replica.figures().commits;
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..100 {
        let replica = Arc::clone(&replica);
        asking.spawn(async move { judge(&replica, &scan(n, n, STRICT)).await });
    }
    while replica.figures().queue < 100 {
        tokio::task::yield_now().await;
    }
    hold.send(()).unwrap();
    assert!(asking.join_all().await.iter().all(|verdict| *verdict == Ok(IN)));
    assert_eq!(replica.figures().commits, before + 1);
}

#[tokio::test]
async fn a_retry_with_the_same_scan_id_is_admitted_again_and_written_once() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    assert_eq!(judge(&replica, &scan(1, 7, STRICT)).await, Ok(IN));
    let before = digest(&replica).await;
    assert_eq!(judge(&replica, &scan(1, 7, STRICT)).await, Ok(IN));
    assert_eq!(digest(&replica).await, before);
}

#[tokio::test]
async fn a_full_disk_answers_unavailable_and_recovers_without_a_restart() {
    let (stage, replica) = Stage::set().await;
    meddle(&replica, "PRAGMA max_page_count = 20").await;
    let mut admitted = Vec::new();
    let refused = loop {
        let n = u32::try_from(admitted.len()).unwrap();
        match judge(&replica, &scan(n, n, STRICT)).await {
            Ok(verdict) => admitted.push(verdict),
            Err(error) => break (n, error),
        }
    };
    assert_eq!(refused.1, RequestError::Unavailable);
    assert!(replica.figures().failing);
    // Nothing of the failed scan is remembered, and looking still works.
    let full = digest(&replica).await;
    assert_eq!(
        judge(&replica, &scan(refused.0, refused.0, STRICT)).await,
        Err(RequestError::Unavailable)
    );
    assert_eq!(digest(&replica).await, full);
    meddle(&replica, "PRAGMA max_page_count = 100000").await;
    assert_eq!(judge(&replica, &scan(refused.0, refused.0, STRICT)).await, Ok(IN));
    assert!(!replica.figures().failing);
    let before = digest(&replica).await;
    replica.close().await;
    let replica = stage.open().unwrap();
    assert_eq!(digest(&replica).await, before);
    for n in 0..=refused.0 {
        let again = judge(&replica, &scan(1_000 + n, n, STRICT)).await.unwrap();
        assert!(
            matches!(again, Verdict::Deny(Reason::AlreadyUsed { .. })),
            "{n}: {again:?}"
        );
    }
}

#[tokio::test]
async fn a_file_that_becomes_read_only_is_no_reason_to_lie_or_to_fall_over() {
    let (_stage, replica) = Stage::set().await;
    meddle(&replica, "PRAGMA query_only = ON").await;
    assert_eq!(
        judge(&replica, &scan(1, 1, STRICT)).await,
        Err(RequestError::Unavailable)
    );
    assert_eq!(
        judge(&replica, &scan(1, 1, STRICT)).await,
        Err(RequestError::Unavailable)
    );
    meddle(&replica, "PRAGMA query_only = OFF").await;
    assert_eq!(judge(&replica, &scan(1, 1, STRICT)).await, Ok(IN));
}

/// Tampers with the file of a hub that has admitted 30; a start and an audit then name what is wrong, and only that.
#[track_caller]
fn check_refused(sql: &str, says: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(async {
        let (stage, replica) = Stage::set().await;
        for n in 0..30 {
            judge(&replica, &scan(n, n, STRICT)).await.unwrap();
        }
        replica.close().await;
        stage
    });
    stage.tamper(&sql.replace("$HUB", &format!("x'{}'", key(HUB).public())));
    let said = stage.open().err().unwrap().to_string();
    assert!(
        said.contains(says) && said.contains(&key(HUB).public().to_string()),
        "{said}"
    );
    let findings = audit(&stage.path()).unwrap().findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(said.contains(&findings[0].to_string()), "{findings:?}");
}

#[test]
fn an_altered_record_is_named() {
    check_refused(
        "UPDATE records SET bytes = cast(x'00' || substr(bytes, 2) AS blob) WHERE origin = $HUB AND seq = 12",
        "record 12 of log",
    );
    check_refused(
        "UPDATE records SET hash = zeroblob(32) WHERE origin = $HUB AND seq = 9",
        "record 9 of log",
    );
}

#[test]
fn a_missing_record_is_named() {
    check_refused(
        "DELETE FROM records WHERE origin = $HUB AND seq = 12",
        "record 12 of log",
    );
    check_refused(
        "DELETE FROM records WHERE origin = $HUB AND seq > 12",
        "record 32 of log",
    );
    check_refused("DELETE FROM records WHERE origin = $HUB", "record 32 of log");
}

#[test]
fn a_head_that_is_false_or_gone_is_named() {
    check_refused(
        "UPDATE heads SET signature = zeroblob(64) WHERE origin = $HUB",
        "false signature",
    );
    check_refused("DELETE FROM heads WHERE origin = $HUB", "no signed head vouches");
}

#[tokio::test]
async fn an_audit_and_an_export_of_a_running_replica_tell_all_there_is() {
    let (stage, replica) = Stage::set().await;
    judge(&replica, &scan(1, 7, STRICT)).await.unwrap();
    judge(&replica, &scan(2, 7, STRICT)).await.unwrap();
    let again = scan(3, 7, STRICT);
    let ticket = replica.verify(&again.code).unwrap();
    let by = ("Ada".to_owned(), "<b>lost</b>".to_owned());
    replica
        .override_refusal(asked(&again, ticket), by.0, by.1)
        .await
        .unwrap();
    let audited = audit(&stage.path()).unwrap();
    assert_eq!(audited.findings, []);
    assert_eq!(audited.logs[&replica.me()].records, 5);
    assert_eq!(audited.logs[&replica.me()].signed_up_to, Seq(5));
    let mut rows = Vec::new();
    scans(&stage.path(), stage.show.clock.now(), |row| {
        rows.push((row.scan.kind, row.gate_name, row.scan.persons));
        Ok::<_, ReplicaError>(())
    })
    .unwrap();
    let north = || "Gate North".to_owned();
    let overridden = ScanKind::Overridden {
        by: "Ada".to_owned(),
        why: "<b>lost</b>".to_owned(),
    };
    let expected = [
        (ScanKind::Admitted, north(), 1),
        (ScanKind::Denied(RefusalKind::AlreadyUsed), north(), 0),
        (overridden, north(), 1),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn an_override_outwards_says_no_yes_of_which_nothing_is_written() {
    let (_stage, replica) = Stage::set().await;
    judge(&replica, &scan(1, 7, STRICT)).await.unwrap();
    let own = || {
        let mut held = replica.held().into_iter();
        held.find(|held| held.origin == replica.me()).unwrap().tail.seq
    };
    let records = own();
    let mut out = scan(2, 7, STRICT);
    out.direction = usher_protocol::admission::Direction::Out;
    let ticket = replica.verify(&out.code).unwrap();
    let overridden = replica.override_refusal(asked(&out, ticket), "Ada".to_owned(), "lost".to_owned());
    assert_eq!(overridden.await.unwrap(), Verdict::Refer(Referral::NotAllowed));
    assert_eq!(own(), records);
}

#[tokio::test]
async fn an_export_tells_when_scans_were_judged_although_the_logs_clock_was_ahead_once() {
    const TWENTY_HOURS_MS: i64 = 20 * 60 * 60 * 1000;
    let (stage, replica) = Stage::set().await;
    let clock = &stage.show.clock;
    let begun = clock.now();
    clock.shift_ms(TWENTY_HOURS_MS);
    judge(&replica, &scan(1, 7, STRICT)).await.unwrap();
    clock.shift_ms(-TWENTY_HOURS_MS);
    judge(&replica, &scan(2, 8, STRICT)).await.unwrap();
    judge(&replica, &scan(3, 8, STRICT)).await.unwrap();
    let mut told = Vec::new();
    scans(&stage.path(), begun, |row| {
        let dated = row.scan.dated;
        told.push((
            row.scan.kind,
            dated.at().since_ms(begun) / 3_600_000,
            dated.word(),
        ));
        Ok::<_, ReplicaError>(())
    })
    .unwrap();
    // Of the refusal only its place in the log is known: after the one before it.
    let expected = [
        (ScanKind::Admitted, 20, "judge"),
        (ScanKind::Admitted, 0, "judge"),
        (ScanKind::Denied(RefusalKind::AlreadyUsed), 0, "log"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_file_with_a_broken_page_is_refused() {
    let (stage, replica) = Stage::set().await;
    for n in 0..200 {
        judge(&replica, &scan(n, n, STRICT)).await.unwrap();
    }
    replica.close().await;
    stage.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = std::fs::read(stage.path()).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 512].fill(0xff);
    std::fs::write(stage.path(), bytes).unwrap();
    assert!(stage.open().is_err());
}

#[tokio::test]
async fn a_second_process_is_kept_off() {
    let (stage, replica) = Stage::set().await;
    let refused = stage.open().err().unwrap();
    assert!(matches!(refused, ReplicaError::InUse { .. }), "{refused}");
    replica.close().await;
    assert!(stage.open().is_ok());
}

#[test]
fn a_machine_that_was_never_enrolled_is_told_so() {
    let directory = tempfile::tempdir().unwrap();
    let refused = Replica::open(&directory.path().join("replica.db"), key(HUB), Clock::system()).err();
    assert!(refused.unwrap().to_string().contains("enroll this machine first"));
}

#[tokio::test]
async fn any_record_on_is_loaded_as_a_run_that_fits_and_verifies() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..1_500 {
        let replica = Arc::clone(&replica);
        asking.spawn(async move {
            while judge(&replica, &scan(n, n, STRICT)).await == Err(RequestError::Busy) {
                tokio::task::yield_now().await;
            }
        });
    }
    asking.join_all().await;
    let other = show.hub(2).await;
    let origin = replica.me();
    let end = replica
        .held()
        .iter()
        .find(|held| held.origin == origin)
        .unwrap()
        .tail
        .seq;
    let mut at = Seq(0);
    while at < end {
        let run = run_of(&replica, origin, at).await;
        assert!(run.records.len() <= MAX_RUN_RECORDS);
        at = other.store(run).await.unwrap().tail.seq;
    }
    for after in [1, 2, 700, 1_024, 1_499] {
        let run = run_of(&replica, origin, Seq(after)).await;
        assert_eq!(run.base.seq, Seq(after));
        other.store(run).await.unwrap();
    }
    assert_eq!(replica.load(origin, end).await, Ok(None));
    assert_eq!(replica.load(key(99).public(), Seq(0)).await, Ok(None));
}

#[tokio::test]
async fn a_fresh_hub_begins_from_a_checkpoint_and_has_the_same_state_live_and_after_a_restart() {
    let mut show = Show::new(&[HUB]);
    let source = show.hub(HUB).await;
    for n in 0..30 {
        judge(&source, &scan(n, n, STRICT)).await.unwrap();
    }
    let checkpoint = show.checkpoint(&source).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("replica.db");
    Replica::found(&path, &show.enrolment(2, Role::Hub)).unwrap();
    let fresh = Replica::open(&path, key(2), show.clock.clone()).unwrap();
    fresh.store_checkpoint(checkpoint.clone()).await;
    assert_eq!(fresh.load(source.me(), Seq(0)).await, Ok(None));
    assert_eq!(fresh.load_checkpoint().await, Some(checkpoint));
    let used = alone(&fresh, scan(501, 5, AVAILABLE)).await.unwrap();
    assert!(
        matches!(used.verdict, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{used:?}"
    );
    let before = digest(&fresh).await;
    fresh.close().await;
    let fresh = Replica::open(&path, key(2), show.clock.clone()).unwrap();
    assert_eq!(digest(&fresh).await, before);
    judge(&source, &scan(40, 40, STRICT)).await.unwrap();
    let covered = fresh
        .held()
        .iter()
        .find(|held| held.origin == source.me())
        .unwrap()
        .tail
        .seq;
    fresh
        .store(run_of(&source, source.me(), covered).await)
        .await
        .unwrap();
    source
        .store(run_of(&fresh, fresh.me(), Seq(0)).await)
        .await
        .unwrap();
    assert_eq!(digest(&fresh).await.0, digest(&source).await.0);
}

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
async fn a_clock_that_is_set_back_breaks_nothing() {
    let (stage, replica) = Stage::set().await;
    assert_eq!(judge(&replica, &scan(1, 1, STRICT)).await, Ok(IN));
    stage.show.clock.shift_ms(-3_600_000);
    assert_eq!(judge(&replica, &scan(2, 2, STRICT)).await, Ok(IN));
    let again = judge(&replica, &scan(3, 1, STRICT)).await.unwrap();
    assert!(
        matches!(again, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{again:?}"
    );
    let before = digest(&replica).await;
    replica.close().await;
    assert_eq!(digest(&stage.open().unwrap()).await, before);
}

#[tokio::test]
async fn a_newer_bundle_is_told_to_the_sessions_and_survives_a_restart() {
    let (stage, replica) = Stage::set().await;
    let mut changes = replica.changes();
    replica.store_bundle(rehearsal::bundle(2)).await;
    replica.store_bundle(rehearsal::bundle(1)).await;
    assert_eq!(replica.outlook().trust.bundle().version, 2);
    let news = changes.next(tokio::time::Instant::now()).await;
    assert!(matches!(news, News::Told(Ok(Change::Trust))), "{news:?}");
    replica.close().await;
    assert_eq!(stage.open().unwrap().outlook().trust.bundle().version, 2);
}

#[tokio::test]
async fn freshness_only_rises_and_never_beyond_our_own_clock() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let (peer, now) = (key(9).public(), show.clock.now());
    let authority = key(rehearsal::AUTHORITY);
    let assured = |at| Notice::Fresh(Assurance::sign(rehearsal::EVENT, at, Tail::default(), &authority));
    for at in [now, Timestamp(5)] {
        replica.notice(peer, assured(at)).await;
        assert_eq!(replica.fresh_as_of(), Some(now));
    }
    replica.notice(peer, assured(Timestamp::FOREVER)).await;
    assert!(replica.fresh_as_of() <= Some(show.clock.now()));
}

#[tokio::test]
async fn an_authority_whose_clock_is_ahead_makes_nobody_fresh_for_ever() {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    for ahead_ms in [HOUR_MS, 72 * HOUR_MS, u64::MAX] {
        let mut show = Show::new(&[HUB]);
        let replica = show.hub(HUB).await;
        let peer = key(9).public();
        let authority = key(rehearsal::AUTHORITY);
        let assured = |at| Notice::Fresh(Assurance::sign(rehearsal::EVENT, at, Tail::default(), &authority));
        replica
            .notice(peer, assured(show.clock.now().plus_ms(ahead_ms)))
            .await;
        let heard = show.clock.now();
        show.clock.shift_ms(2 * HOUR_MS as i64);
        assert!(replica.fresh_as_of() <= Some(heard), "cut off, {ahead_ms}");
        let now = show.clock.now();
        replica.notice(peer, assured(now)).await;
        assert_eq!(replica.fresh_as_of(), Some(now), "heard again, {ahead_ms}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nobody_fresh() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let authority = key(rehearsal::AUTHORITY);
    let assured = Assurance::sign(rehearsal::EVENT, show.clock.now(), Tail::default(), &authority);
    replica.notice(key(9).public(), Notice::Fresh(assured)).await;
    show.clock.shift_ms(-24 * 60 * 60 * 1000);
    assert_eq!(replica.fresh_as_of(), None);
}

/// The log of a second authority, which takes over, and the bundle that names it.
fn taken_over(by: &SecretKey) -> (usher_keys::SignedBundle, Run) {
    let mut bundle = rehearsal::bundle(2).unverified().unwrap();
    let next = usher_keys::TrustedKey::active(by.public(), usher_keys::Window::ALWAYS);
    bundle.authority_keys.push(next);
    let signed = bundle.sign(&[&key(101)]);
    let trust = Trust::pin(&bundle.roots, signed.clone()).unwrap();
    let mut ledger = Ledger::new(by.public(), None, Arc::new(trust));
    let records = vec![ledger.write(Body::Restated, Timestamp(1)).bytes];
    let base = Tail::default();
    let head = ledger.seal(by).unwrap();
    (signed, Run { base, records, head })
}

#[tokio::test]
async fn an_authority_that_was_taken_over_from_makes_nobody_fresh() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let next = key(105);
    let (bundle, log) = taken_over(&next);
    replica.store_bundle(bundle).await;
    replica.store(log).await.unwrap();
    let now = show.clock.now();
    let assured =
        |at, by: &SecretKey| Notice::Fresh(Assurance::sign(rehearsal::EVENT, at, Tail::default(), by));
    let peer = key(9).public();
    replica
        .notice(peer, assured(now, &key(rehearsal::AUTHORITY)))
        .await;
    assert_eq!(replica.fresh_as_of(), None);
    let earlier = Timestamp(now.0 - 1);
    replica.notice(peer, assured(earlier, &next)).await;
    assert_eq!(replica.fresh_as_of(), Some(earlier));
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
        replica.published.recent.forget();
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
    }
}
