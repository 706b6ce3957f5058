//! The one thread that holds the ledger and the writing connection: it decides what waited together, commits once, and only then answers.

mod pace;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use usher_disk::{CommitNote, Groups};
use usher_keys::{SecretKey, Timestamp};
use usher_protocol::Origin;
use usher_protocol::clock::RuleTime;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::{Entry, Ledger};
use usher_protocol::log::{Head, KeptHeads, Tail};
use usher_protocol::sync::Held;

use super::command::{Inspection, WriterCommand};

use super::replay::{self, Rebuilt};
use super::rows::{self, Batch, KeptHead};
use super::snapshot::Snapshot;
use super::view::ReplicaView;
use crate::clock::Clock;
use pace::Pace;
use work::{Work, refuse};

/// How far the wall clock may fall behind before it is worth a word in the log, in milliseconds: more than time servers correct.
const CLOCK_SET_BACK_MS: u64 = 2_000;

/// Tells one asker the result, once it is known whether the group is durable.
type DurableReply = Box<dyn FnOnce(bool) + Send>;

/// What the writer is made of.
pub struct ReplicaWriter {
    /// The only connection that writes.
    pub connection: Connection,
    /// The ledger; `None` while it could not be rebuilt after a failure.
    pub ledger: Option<Ledger>,
    pub kept_heads: KeptHeads,
    /// The device's key, which signs heads.
    pub key: SecretKey,
    pub clock: Clock,
    /// Where results are put up.
    pub view: Arc<ReplicaView>,
    /// The commit note, whose lock keeps a second process off.
    pub note: Option<CommitNote>,
    /// How many commits are durable.
    pub commits: u64,
    /// Whether the last commit failed.
    pub failing: bool,
    /// The latest time seen.
    pub latest: Timestamp,
    /// The longest past of our own log that a peer has told of, also while the disk took nothing.
    pub past: Option<Head>,
    /// The forks that were seen when the ledger was last built anew.
    pub forks: Vec<ForkProof>,
}

/// One group on its way: what it will write and who waits for it.
#[derive(Default)]
struct Group {
    batch: Batch,
    /// The records of each log that no head covers yet, with their bytes.
    unsigned: BTreeMap<Origin, Vec<(Tail, usize)>>,
    answers: Vec<DurableReply>,
    inspections: Vec<Inspection>,
    grown: BTreeMap<Origin, Held>,
    snapshot_changed: bool,
}

impl Group {
    fn write(&mut self, entry: Entry) {
        let unsigned = self.unsigned.entry(entry.origin).or_default();
        unsigned.push((entry.tail, entry.bytes.len()));
        self.batch.entries.push(entry);
    }

    fn sign(&mut self, head: Head, kept_heads: &mut KeptHeads) {
        let unsigned = self.unsigned.entry(head.origin).or_default();
        let covered = unsigned.extract_if(.., |(tail, _)| tail.seq <= head.tail.seq);
        let bytes = covered.map(|(_, bytes)| bytes).sum();
        let dropped = kept_heads.put(head.origin, head.tail.seq, bytes);
        // A head that came and went within this group was never stored.
        let superseded = self
            .batch
            .heads
            .iter()
            .position(|kept| kept.head.origin == head.origin && Some(kept.head.tail.seq) == dropped);
        let dropped = superseded.map_or(dropped, |at| self.batch.heads.remove(at).dropped);
        self.grown.insert(head.origin, Held::from(head.clone()));
        self.batch.heads.push(KeptHead { head, dropped });
    }
}

impl ReplicaWriter {
    /// Serves groups of commands until there are none any more.
    pub fn serve(mut self, mut groups: Groups<WriterCommand>) {
        // Opens our own log before anyone asks.
        self.run_group(Vec::new());
        let mut pace = Pace::default();
        while let Some(group) = groups.gather(|first| {
            let is_scan = matches!(first, WriterCommand::Judge { .. });
            is_scan.then(|| pace.rest(Instant::now())).flatten()
        }) {
            pace.begins(Instant::now(), group.len());
            self.run_group(group);
        }
    }

    fn run_group(&mut self, commands: Vec<WriterCommand>) {
        let (now, moment) = self.now();
        let ready = !self.failing || self.recover(now);
        let mut group = Group::default();
        for command in commands {
            self.take(command, ready, &mut group, moment);
        }
        let durable = ready && self.finish(&mut group, now);
        for answer in group.answers {
            answer(durable);
        }
        for inspect in group.inspections {
            inspect(self.ledger.as_ref());
        }
    }

    fn now(&mut self) -> (Timestamp, RuleTime) {
        let moment = self.clock.moment();
        let now = moment.at;
        let behind_ms = self.latest.since_ms(now);
        if behind_ms > CLOCK_SET_BACK_MS {
            tracing::warn!(
                behind_ms,
                "this machine's clock was set back: set it right, time windows depend on it"
            );
        }
        // Warned once: from here on this is the latest.
        if behind_ms > CLOCK_SET_BACK_MS || now > self.latest {
            self.latest = now;
        }
        (now, moment)
    }

    /// Puts a command's work into the group; while the disk takes no writes, only inspections are served.
    fn take(&mut self, command: WriterCommand, ready: bool, group: &mut Group, moment: RuleTime) {
        match command {
            WriterCommand::Inspect(inspect) => return group.inspections.push(inspect),
            #[cfg(test)]
            WriterCommand::Meddle(meddle) => return meddle(&self.connection),
            WriterCommand::Judge { .. }
            | WriterCommand::Withdraw { .. }
            | WriterCommand::Annul { .. }
            | WriterCommand::Count { .. }
            | WriterCommand::Override { .. }
            | WriterCommand::Accept { .. }
            | WriterCommand::Adopt { .. }
            | WriterCommand::Renew { .. }
            | WriterCommand::Report { .. }
            | WriterCommand::Tend { .. } => {}
            WriterCommand::HearPast { ref head, .. } => self.remember(head),
        }
        let Some(ledger) = self.ledger.as_mut().filter(|_| ready) else {
            return group.answers.push(refuse(command));
        };
        let mut work = Work {
            ledger,
            kept_heads: &mut self.kept_heads,
            view: &self.view,
            group,
            key: &self.key,
            now: moment.at,
            moment,
        };
        if let Some(answer) = work.take(command) {
            group.answers.push(answer);
        }
    }

    /// A session tells of our past once: it must not be lost with a commit that fails, or we would begin a second history.
    fn remember(&mut self, head: &Head) {
        let is_longer = self
            .past
            .as_ref()
            .is_none_or(|past| past.tail.seq < head.tail.seq);
        let event = self.view.snapshot.load().trust.event();
        if is_longer && head.origin == self.key.public() && head.verify(event).is_ok() {
            self.past = Some(head.clone());
        }
    }

    /// Tells a ledger that was built anew what sessions tell only once.
    fn hear_again(&mut self) {
        let Some(ledger) = &mut self.ledger else {
            return;
        };
        if let Some(past) = &self.past {
            ledger.hear_own_past(past);
        }
        ledger.remember_forks(self.forks.iter().cloned());
    }

    /// Completes the group with what our own log needs, commits it and puts the result up.
    fn finish(&mut self, group: &mut Group, now: Timestamp) -> bool {
        let Some(ledger) = &mut self.ledger else {
            return false;
        };
        for entry in ledger.write_due_records(now) {
            group.snapshot_changed = true;
            group.write(entry);
        }
        let unsigned = group.unsigned.get(&ledger.me()).cloned().unwrap_or_default();
        for head in ledger.seal_all(&unsigned, &self.key) {
            group.sign(head, &mut self.kept_heads);
        }
        let renewed = ledger.identity() != Some(&*self.view.snapshot.load().identity);
        if let Some(identity) = ledger.identity().filter(|_| renewed) {
            tracing::info!(
                until = identity.unverified().window.until.0,
                "this device's certificate was renewed"
            );
            group.batch.identity = Some(identity.clone());
            group.snapshot_changed = true;
        }
        if group.batch.is_empty() {
            return true;
        }
        if group.batch.own_past == Some(None) {
            self.past = None;
        }
        group.batch.heard = self.view.heard(now);
        group.batch.commits = self.commits + 1;
        let started = Instant::now();
        if let Err(error) = group.batch.commit(&mut self.connection) {
            self.fail(&error, now);
            return false;
        }
        self.view.figures.committed(started.elapsed());
        self.commits += 1;
        if let Some(note) = &self.note {
            note.write(self.commits);
        }
        self.publish(group, now);
        true
    }

    fn publish(&mut self, group: &mut Group, now: Timestamp) {
        let dropped = group.snapshot_changed && self.drop_other_histories();
        let must_be_rebuilt = self.ledger.as_ref().is_some_and(Ledger::must_be_rebuilt);
        if group.batch.checkpoint.is_some() || dropped || must_be_rebuilt {
            // The state is now the checkpoint's and what our own log adds to it: exactly what a start finds.
            self.rebuild(now);
        }
        let Some(ledger) = &self.ledger else {
            return;
        };
        if dropped {
            self.view.hold_anew(Held::all_of(ledger));
        }
        if group.snapshot_changed {
            self.view.put_up(Snapshot::of(ledger));
        }
        if group.batch.checkpoint.is_some() {
            self.view.hold(Held::all_of(ledger));
        } else {
            self.view.hold(std::mem::take(&mut group.grown).into_values());
        }
    }

    /// Drops the copies that follow a history which does not count; tells whether there were any.
    fn drop_other_histories(&mut self) -> bool {
        let in_question = self.ledger.as_ref().map(Ledger::copies_in_question);
        let in_question = in_question.filter(|logs| !logs.is_empty());
        let dropped = in_question.map(|logs| rows::drop_other_histories(&mut self.connection, &logs));
        match dropped {
            None | Some(Ok(0)) => false,
            Some(Ok(logs)) => {
                tracing::warn!(
                    logs,
                    "copies of another history than the one that counts were dropped, to be fetched anew"
                );
                true
            }
            Some(Err(error)) => {
                tracing::error!(%error, "copies of another history could not be dropped yet");
                false
            }
        }
    }

    /// Throws away what was not made durable.
    fn fail(&mut self, error: &rusqlite::Error, now: Timestamp) {
        tracing::error!(%error, "the disk took no commit: scans are not decided until it does");
        self.failing = true;
        self.view.figures.failed();
        self.rebuild(now);
    }

    fn rebuild(&mut self, now: Timestamp) {
        let me = self.key.public();
        if let Some(ledger) = &self.ledger {
            self.forks = ledger.seen_forks().cloned().collect();
        }
        self.ledger = match replay::rebuild(&self.connection, me, now) {
            Ok(Rebuilt { ledger, kept_heads }) => {
                self.kept_heads = kept_heads;
                Some(ledger)
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the replica cannot be read back");
                self.failing = true;
                None
            }
        };
        self.hear_again();
    }

    /// Tries the disk, so that a group is not decided only to be thrown away again.
    fn recover(&mut self, now: Timestamp) -> bool {
        if rows::try_to_commit(&mut self.connection).is_err() {
            return false;
        }
        if self.ledger.is_none() {
            self.rebuild(now);
        }
        self.failing = self.ledger.is_none();
        self.hear_again();
        if let Some(ledger) = self.ledger.as_ref().filter(|_| !self.failing) {
            tracing::info!("the disk takes commits again");
            // What was heard meanwhile need not be followed by a commit.
            self.view.put_up(Snapshot::of(ledger));
        }
        !self.failing
    }
}

#[cfg(test)]
mod tests;
