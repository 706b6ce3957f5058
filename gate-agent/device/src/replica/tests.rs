//! The replica's promises: what was answered is durable, what is damaged is named, a failing disk loses nothing and no lie is told.

mod archive;
mod copies;
mod fresh_as_of;
mod freshness;
mod listed;

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
