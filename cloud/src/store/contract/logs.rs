//! Logs, runs, trust and checkpoints: what is appended follows what is there, and comes back as it was signed.

use std::ops::Range;
use std::sync::Arc;

use usher_keys::{KeyRequest, RootSet, SecretKey, Timestamp};
use usher_protocol::checkpoint::Checkpoint;
use usher_protocol::ledger::{Entry, Ledger};
use usher_protocol::log::{Head, Known, MAX_RUN_BYTES, MAX_RUN_RECORDS, Tail, check_run};
use usher_protocol::record::Body;
use usher_protocol::trust::Trust;
use usher_protocol::{Generation, Origin, Seq, Unit};

use crate::ids::draw_event_id;
use crate::store::authority::{
    Append, AppendOutcome, ChangesAfter, DropLog, FeedVersion, Halt, HaltAll, KeepCheckpoint, NewBundle,
    NewBundleOutcome, NoteOwnPast, PinnedBundle, RecordsQuery, Resume, RunQuery, Sealed, StoredChanges,
    StoredCheckpoint,
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

    fn bundle(&self) -> PinnedBundle {
        PinnedBundle {
            roots: self.roots.clone(),
            signed: self.ledger.trust().signed().clone(),
        }
    }

    fn origin(&self) -> Origin {
        self.key.public()
    }

    /// Writes some records under one head.
    fn write(&mut self, count: u32) -> Sealed {
        self.write_of(0..count)
    }

    /// Writes some that nobody else writes.
    fn write_others(&mut self, count: u32) -> Sealed {
        self.write_of(1_000..1_000 + count)
    }

    fn write_of(&mut self, units: Range<u32>) -> Sealed {
        let revoked = |unit| Body::Revoked {
            unit: Unit(unit),
            generation: Generation(1),
        };
        let entries = units
            .map(|unit| self.ledger.write(revoked(unit), START))
            .collect();
        let head = self.ledger.seal(&self.key).unwrap();
        Sealed { entries, head }
    }
}

/// Appends; tells whether that is stored then.
async fn append(case: &Case, sealed: Vec<Sealed>) -> bool {
    let request = Append {
        event: case.event,
        sealed,
        is_own: false,
        row_changes: Vec::new(),
        now: START,
    };
    case.store.append(request).await.unwrap() != AppendOutcome::Conflict
}

/// Asks what is stored beyond what is known, without a bundle.
async fn changes(case: &Case, known: Vec<(Origin, Tail)>, limit: u64) -> StoredChanges {
    let query = ChangesAfter {
        event: case.event,
        known,
        first: Vec::new(),
        bundle_version: 0,
        limit,
    };
    case.store.changes_after(query).await.unwrap()
}

fn entries_of(changes: &StoredChanges) -> Vec<Entry> {
    let sealed = changes.grown.iter();
    sealed.flat_map(|sealed| sealed.entries.clone()).collect()
}

async fn newest_heads(case: &Case) -> Vec<Head> {
    let all = changes(case, Vec::new(), u64::MAX).await;
    all.grown.into_iter().map(|sealed| sealed.head).collect()
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
    assert!(!append(&case, vec![second.clone()]).await);
    assert!(append(&case, vec![first.clone(), second]).await);
    let mut altered = third.clone();
    altered.entries[1].bytes.push(0);
    assert!(!append(&case, vec![altered]).await);
    let mut short = third.clone();
    short.entries.pop();
    assert!(!append(&case, vec![short]).await);
    assert!(append(&case, vec![third.clone()]).await);
    assert_eq!(newest_heads(&case).await, [third.head]);
}

pub async fn what_is_stored_already_is_appended_once(case: Case) {
    let mut writer = Writer::new(&case);
    let mut other = Writer::new(&case);
    let (first, second) = (writer.write(2), writer.write(3));
    assert!(append(&case, vec![first.clone()]).await);
    let before = changes(&case, Vec::new(), 100).await.version;
    assert!(append(&case, vec![first.clone()]).await);
    assert_eq!(changes(&case, Vec::new(), 100).await.version, before);
    let mut both = first.clone();
    both.entries.extend(second.entries.clone());
    both.head = second.head.clone();
    assert!(append(&case, vec![both]).await);
    assert!(append(&case, vec![first]).await);
    assert_eq!(newest_heads(&case).await, [second.head]);
    other.write(1);
    let another_history = other.write(1);
    assert!(!append(&case, vec![another_history]).await);
    let all = RecordsQuery {
        event: case.event,
        after: 0,
        limit: 100,
    };
    assert_eq!(case.store.records(all).await.unwrap().len(), 5);
}

pub async fn the_feed_tells_what_is_beyond_what_is_known(case: Case) {
    let mut writer = Writer::new(&case);
    let (first, second) = (writer.write(2), writer.write(3));
    let nothing = changes(&case, Vec::new(), 100).await;
    assert_eq!((nothing.version, nothing.is_complete), (FeedVersion(0), true));
    append(&case, vec![first.clone()]).await;
    append(&case, vec![second.clone()]).await;
    let origin = writer.origin();
    let known = |sealed: &Sealed| vec![(origin, sealed.head.tail)];
    let news = changes(&case, known(&first), 100).await;
    assert_eq!(entries_of(&news), second.entries);
    assert_eq!(news.grown[0].head, second.head);
    assert!(news.is_complete && !news.begins_anew());
    assert_eq!(changes(&case, known(&second), 100).await.grown.len(), 0);
    assert!(news.version > nothing.version);
}

pub async fn the_feed_comes_in_pages_that_end_at_heads(case: Case) {
    let mut writer = Writer::new(&case);
    let mut all = Vec::new();
    for _ in 0..300 {
        let sealed = writer.write(5);
        all.extend(sealed.entries.clone());
        append(&case, vec![sealed]).await;
    }
    let (mut known, mut read) = (Tail::default(), Vec::new());
    for page in 1.. {
        let news = changes(&case, vec![(writer.origin(), known)], 700).await;
        known = news.grown[0].head.tail;
        assert_eq!(news.grown[0].entries.last().unwrap().tail, known);
        read.extend(entries_of(&news));
        if news.is_complete {
            assert!(page > 1, "it came on one page");
            break;
        }
    }
    assert_eq!(read, all);
}

pub async fn the_feed_says_when_something_known_is_gone_or_the_bundle_is_newer(case: Case) {
    let mut writer = Writer::new(&case);
    let mut other = Writer::new(&case);
    let (first, second) = (writer.write(2), writer.write(3));
    append(&case, vec![first.clone(), second.clone()]).await;
    let known = vec![(writer.origin(), first.head.tail)];
    let before = changes(&case, known.clone(), 100).await;
    let dropped = DropLog {
        event: case.event,
        origin: writer.origin(),
    };
    assert!(case.store.drop_log(dropped).await.unwrap());
    let gone = changes(&case, known.clone(), 100).await;
    assert!(gone.has_dropped && gone.grown.is_empty() && gone.version > before.version);
    // Another history in its place, longer than what is known.
    let longer = other.write_others(4);
    append(&case, vec![longer]).await;
    assert!(changes(&case, known, 100).await.has_dropped);
    assert!(!changes(&case, Vec::new(), 100).await.begins_anew());
    add_bundle(&case, &writer, 1).await;
    let newer = changes(&case, Vec::new(), 100).await;
    let total = case.store.feed_total(()).await.unwrap();
    assert_eq!(total.count, newer.version.0);
    // A server has a clock, which all its processes go by; a file has none.
    assert_eq!(total.read_at.is_some(), case.url().is_some());
    assert!(newer.has_newer_bundle && !newer.has_dropped);
    assert_eq!(
        case.store.feed_versions(()).await.unwrap(),
        [(case.event, newer.version)]
    );
}

pub async fn the_authority_adds_nothing_while_its_event_is_halted(case: Case) {
    let mut writer = Writer::new(&case);
    let (first, second, third) = (writer.write(2), writer.write(3), writer.write(1));
    assert!(append(&case, vec![first.clone()]).await);
    let note = |sealed: &Sealed| NoteOwnPast {
        event: case.event,
        head: sealed.head.clone(),
        now: START,
    };
    let by_itself = |sealed: &Sealed| Append {
        event: case.event,
        sealed: vec![sealed.clone()],
        is_own: true,
        row_changes: Vec::new(),
        now: START,
    };
    assert_eq!(changes(&case, Vec::new(), 100).await.halt, None);
    assert_eq!(case.store.halts(()).await.unwrap(), []);
    case.store.note_own_past(note(&second)).await.unwrap();
    let noted = changes(&case, Vec::new(), 100).await;
    let halt = Halt {
        since: START,
        past: Some(second.head.clone()),
    };
    assert_eq!(noted.halt.as_ref(), Some(&halt));
    assert_eq!(case.store.halts(()).await.unwrap(), [(case.event, halt)]);
    // As much is noted already, or more.
    for sealed in [&first, &second] {
        case.store.note_own_past(note(sealed)).await.unwrap();
    }
    let again = changes(&case, Vec::new(), 100).await;
    assert_eq!((again.halt, again.version), (noted.halt, noted.version));
    let refused = case.store.append(by_itself(&second)).await.unwrap();
    assert_eq!(refused, AppendOutcome::Conflict);
    // A device gives it back, and somebody says that it goes on.
    assert!(append(&case, vec![second]).await);
    let refused = case.store.append(by_itself(&third)).await.unwrap();
    assert_eq!(refused, AppendOutcome::Conflict);
    let resume = |known: Option<Halt>| Resume {
        event: case.event,
        known: known.unwrap(),
    };
    let less = Halt {
        since: START,
        past: None,
    };
    assert!(!case.store.resume(resume(Some(less))).await.unwrap());
    let known = changes(&case, Vec::new(), 100).await.halt;
    assert!(case.store.resume(resume(known.clone())).await.unwrap());
    assert!(!case.store.resume(resume(known)).await.unwrap());
    let taken = case.store.append(by_itself(&third)).await.unwrap();
    assert!(matches!(taken, AppendOutcome::Appended(_)), "{taken:?}");
}

pub async fn a_restored_store_is_halted_and_hears_what_devices_hold_beyond_it(case: Case) {
    let mut writer = Writer::new(&case);
    let sealed = writer.write(2);
    assert!(append(&case, vec![sealed.clone()]).await);
    let before = changes(&case, Vec::new(), 100).await.version;
    let halted = case.store.halt_all(HaltAll { now: START }).await.unwrap();
    assert_eq!(halted, 1);
    let halt = |past| Halt { since: START, past };
    let restored = changes(&case, Vec::new(), 100).await;
    assert_eq!(restored.halt, Some(halt(None)));
    assert!(restored.version > before, "servers hear of it");
    let noted = NoteOwnPast {
        event: case.event,
        head: sealed.head.clone(),
        now: START.plus_ms(1),
    };
    case.store.note_own_past(noted).await.unwrap();
    let heard = changes(&case, Vec::new(), 100).await;
    assert_eq!(heard.halt, Some(halt(Some(sealed.head))));
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
        assert!(append(&case, vec![sealed]).await);
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

async fn add_bundle(case: &Case, writer: &Writer, version: u64) -> NewBundleOutcome {
    let new = NewBundle {
        event: case.event,
        version,
        bundle: writer.bundle(),
        now: START,
    };
    case.store.add_bundle(new).await.unwrap()
}

pub async fn the_newest_trust_bundle_counts(case: Case) {
    let writer = Writer::new(&case);
    assert_eq!(case.store.trust_bundle(case.event).await.unwrap(), None);
    assert_eq!(case.store.feed_versions(()).await.unwrap(), []);
    for (version, outcome) in [
        (2, NewBundleOutcome::Added),
        (2, NewBundleOutcome::NotNewer),
        (1, NewBundleOutcome::NotNewer),
        (3, NewBundleOutcome::Added),
    ] {
        assert_eq!(add_bundle(&case, &writer, version).await, outcome, "{version}");
    }
    assert_eq!(
        case.store.trust_bundle(case.event).await.unwrap(),
        Some(writer.bundle())
    );
    let followed = case.store.feed_versions(()).await.unwrap();
    assert_eq!(followed, [(case.event, FeedVersion(2))]);
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
