//! Logs, runs, trust and checkpoints: what is appended follows what is there, and comes back as it was signed.

use std::sync::Arc;

use usher_keys::{KeyRequest, RootSet, SecretKey, Timestamp};
use usher_protocol::checkpoint::Checkpoint;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Known, MAX_RUN_BYTES, MAX_RUN_RECORDS, check_run};
use usher_protocol::record::Body;
use usher_protocol::trust::Trust;
use usher_protocol::{Generation, Origin, Seq, Unit};

use crate::ids::draw_event_id;
use crate::store::authority::{
    Append, AppendOutcome, KeepCheckpoint, NewBundle, NewBundleOutcome, PinnedBundle, RecordsQuery, RunQuery,
    Sealed, StoredCheckpoint,
};

use super::case::{Case, START};

/// Whoever writes the authority log of the case's event.
struct Writer {
    key: SecretKey,
    roots: RootSet,
    ledger: Ledger,
}

impl Writer {
    fn new(case: &Case) -> Self {
        let key = |seed| SecretKey::from_seed(&[seed; 32]);
        let request = KeyRequest {
            event: case.event,
            ticket_key: key(2).public(),
            authority_key: key(3).public(),
            issuing_key: key(4).public(),
            not_before: Timestamp(0),
            not_after: Timestamp::FOREVER,
        };
        let roots = RootSet::single(key(1).public());
        let trust = Trust::pin(&roots, request.first_bundle(roots.clone()).sign(&[&key(1)])).unwrap();
        let ledger = Ledger::new(key(3).public(), None, Arc::new(trust));
        Self {
            key: key(3),
            roots,
            ledger,
        }
    }

    fn origin(&self) -> Origin {
        self.key.public()
    }

    /// Writes some records under one head.
    fn write(&mut self, count: u32) -> Sealed {
        let entries = (0..count)
            .map(|n| {
                self.ledger.write(
                    Body::Revoked {
                        unit: Unit(n),
                        generation: Generation(1),
                    },
                    START,
                )
            })
            .collect();
        let head = self.ledger.seal(&self.key).unwrap();
        Sealed { entries, head }
    }
}

async fn append(case: &Case, sealed: Vec<Sealed>) -> AppendOutcome {
    let request = Append {
        event: case.event,
        sealed,
        row_changes: Vec::new(),
        now: START,
    };
    case.store.append(request).await.unwrap()
}

fn run_query(case: &Case, origin: Origin, after: u64) -> RunQuery {
    RunQuery {
        event: case.event,
        origin,
        after: Seq(after),
    }
}

pub async fn what_is_appended_follows_what_is_there_or_changes_nothing(case: Case) {
    let mut writer = Writer::new(&case);
    let (first, second, third) = (writer.write(2), writer.write(1), writer.write(3));
    assert_eq!(append(&case, vec![second.clone()]).await, AppendOutcome::Conflict);
    assert_eq!(
        append(&case, vec![first.clone(), second]).await,
        AppendOutcome::Appended
    );
    assert_eq!(append(&case, vec![first]).await, AppendOutcome::Conflict);
    let mut altered = third.clone();
    altered.entries[1].bytes.push(0);
    assert_eq!(append(&case, vec![altered]).await, AppendOutcome::Conflict);
    let mut short = third.clone();
    short.entries.pop();
    assert_eq!(append(&case, vec![short]).await, AppendOutcome::Conflict);
    assert_eq!(append(&case, vec![third.clone()]).await, AppendOutcome::Appended);
    assert_eq!(case.store.newest_heads(case.event).await.unwrap(), [third.head]);
}

pub async fn records_come_back_in_the_order_they_came_page_by_page(case: Case) {
    let mut writer = Writer::new(&case);
    let sealed = writer.write(5);
    let entries = sealed.entries.clone();
    append(&case, vec![sealed]).await;
    let page = |after| RecordsQuery {
        event: case.event,
        after,
        limit: 3,
    };
    let first = case.store.records(page(0)).await.unwrap();
    let rest = case
        .store
        .records(page(first.last().unwrap().position))
        .await
        .unwrap();
    let read: Vec<_> = first
        .iter()
        .chain(&rest)
        .map(|record| record.entry.clone())
        .collect();
    assert_eq!((first.len(), rest.len(), read), (3, 2, entries));
    let elsewhere = RecordsQuery {
        event: draw_event_id(START),
        after: 0,
        limit: 3,
    };
    assert_eq!(case.store.records(elsewhere).await.unwrap(), []);
}

pub async fn a_run_reaches_from_any_record_to_a_head_and_fits(case: Case) {
    let mut writer = Writer::new(&case);
    for _ in 0..600 {
        let sealed = writer.write(5);
        assert_eq!(append(&case, vec![sealed]).await, AppendOutcome::Appended);
    }
    for after in [0, 1, 7, 1_023, 1_024, 1_500, 2_994, 2_999] {
        let run = case
            .store
            .run(run_query(&case, writer.origin(), after))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(run.base.seq.0, after);
        let bytes: usize = run.records.iter().map(Vec::len).sum();
        assert!(
            run.records.len() <= MAX_RUN_RECORDS && bytes <= MAX_RUN_BYTES,
            "{after}"
        );
        assert!(
            run.records.len() > MAX_RUN_RECORDS / 3 || run.head.tail.seq.0 == 3_000,
            "{after}"
        );
        let known = Known {
            tail: run.base,
            head: None,
        };
        let checked = check_run(case.event, known, &run).unwrap();
        assert_eq!(checked.records.last().unwrap().0, run.head.tail);
    }
    for after in [3_000, 3_001] {
        assert_eq!(
            case.store
                .run(run_query(&case, writer.origin(), after))
                .await
                .unwrap(),
            None
        );
    }
}

pub async fn the_newest_trust_bundle_counts(case: Case) {
    let writer = Writer::new(&case);
    let signed = writer.ledger.trust().signed().clone();
    let bundle = PinnedBundle {
        roots: writer.roots.clone(),
        signed,
    };
    let new = |version| NewBundle {
        event: case.event,
        version,
        bundle: bundle.clone(),
        now: START,
    };
    assert_eq!(case.store.trust_bundle(case.event).await.unwrap(), None);
    assert_eq!(case.store.trusted_events(()).await.unwrap(), []);
    for (version, outcome) in [
        (2, NewBundleOutcome::Added),
        (2, NewBundleOutcome::NotNewer),
        (1, NewBundleOutcome::NotNewer),
        (3, NewBundleOutcome::Added),
    ] {
        assert_eq!(
            case.store.add_bundle(new(version)).await.unwrap(),
            outcome,
            "{version}"
        );
    }
    assert_eq!(case.store.trust_bundle(case.event).await.unwrap(), Some(bundle));
    assert_eq!(case.store.trusted_events(()).await.unwrap(), [case.event]);
}

pub async fn the_last_checkpoint_is_kept(case: Case) {
    let mut writer = Writer::new(&case);
    assert_eq!(case.store.checkpoint(case.event).await.unwrap(), None);
    let mut kept = None;
    for record_count in [1, 2] {
        writer.write(1);
        let ledger = &writer.ledger;
        let signed = Checkpoint::of(ledger.state(), ledger.trust(), ledger.heads(), START).sign(&writer.key);
        let checkpoint = StoredCheckpoint { record_count, signed };
        kept = Some(checkpoint.clone());
        case.store
            .keep_checkpoint(KeepCheckpoint {
                event: case.event,
                checkpoint,
                now: START,
            })
            .await
            .unwrap();
    }
    assert_eq!(case.store.checkpoint(case.event).await.unwrap(), kept);
}
