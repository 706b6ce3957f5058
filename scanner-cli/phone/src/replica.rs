//! The replica of a page: the ledger, what it was stored from, and the group that is to be stored next; when that is durable the scanner hears.

mod stored;

use std::sync::Arc;

use thiserror::Error;
use usher_keys::{BundleError, SecretKey, SignedBundle, Timestamp};
use usher_protocol::admission::Verdict;
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::{CheckpointError, SignedCheckpoint};
use usher_protocol::clock::RuleTime;
use usher_protocol::correction::NotAnnulled;
use usher_protocol::fork::ForkProof;
use usher_protocol::freshness::{Freshness, FreshnessMoment, HeardAssurance};
use usher_protocol::ledger::{Annulling, Entry, JudgingAs, Ledger, ScanQuestion};
use usher_protocol::log::{Head, Run, RunError, Tail};
use usher_protocol::record::Passage;
use usher_protocol::request::Scan;
use usher_protocol::sync::{Held, NotStored};
use usher_protocol::{Origin, ScanSecret};

use crate::file::{self, Group, GroupRecord, GroupWriter, LogFileError};
use crate::logs::Logs;
use stored::Stored;

/// Why a page's log is not one to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The file is damaged, or another's.
    #[error(transparent)]
    File(#[from] LogFileError),
    /// No enrolment is stored in it.
    #[error("this device is not enrolled yet")]
    NotFounded,
    /// The key is not that of the certificate.
    #[error("the stored key is not that of this device's certificate: enrol it anew")]
    OtherKey,
    /// The stored bundle is refused.
    #[error("the stored trust bundle is refused: enrol this device anew")]
    Bundle(#[from] BundleError),
    /// The stored checkpoint is refused.
    #[error("the stored checkpoint is refused: enrol this device anew")]
    Checkpoint(#[from] CheckpointError),
    /// A stored record does not follow the one before.
    #[error("a stored record does not follow the one before: enrol this device anew")]
    Broken,
}

/// What changed with the groups since it was last asked, for sessions.
#[derive(Debug, Default)]
pub struct ReplicaChanges {
    /// Logs that grew.
    pub grown: Vec<Origin>,
    /// The trust in force or what the authority says of devices may be another.
    pub has_other_trust: bool,
    /// Copies were dropped: sessions are to begin anew.
    pub has_dropped: bool,
}

/// A page's replica.
pub struct PageReplica {
    key: SecretKey,
    ledger: Ledger,
    stored: Stored,
    freshness: Freshness,
    /// What is to become durable next.
    group: Group,
    writer: GroupWriter,
    /// The records of our own log that no head covers yet, with their bytes.
    unsigned: Vec<(Tail, usize)>,
    changes: ReplicaChanges,
}

impl PageReplica {
    /// Opens what a file holds; says how many of its bytes are whole.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(key: SecretKey, bytes: &[u8], now: Timestamp) -> Result<(Self, usize), OpenError> {
        let contents = file::read(bytes)?;
        let mut stored: Option<Stored> = None;
        for group in contents.groups {
            match &mut stored {
                Some(stored) => stored.take(group),
                None => stored = Some(Stored::found(group)?),
            }
        }
        let stored = stored.ok_or(OpenError::NotFounded)?;
        if stored.identity.unverified().device != key.public() {
            return Err(OpenError::OtherKey);
        }
        let ledger = stored.rebuild(&key, now)?;
        let heard = stored
            .heard
            .map(|(assurance, as_of)| HeardAssurance { assurance, as_of });
        let replica = Self {
            key,
            ledger,
            stored,
            freshness: Freshness::new(heard),
            group: Group::default(),
            writer: contents.writer,
            unsigned: Vec::new(),
            changes: ReplicaChanges::default(),
        };
        Ok((replica, contents.whole_bytes))
    }

    /// Returns the ledger, to look at.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the device's key.
    #[must_use]
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Returns what is held of a log.
    #[must_use]
    pub fn held_of(&self, origin: &Origin) -> Option<Held> {
        let held = Held::all_of(&self.ledger);
        held.into_iter().find(|held| held.origin == *origin)
    }

    /// Returns the longest run of a log after a record that fits.
    #[must_use]
    pub fn run_after(&self, origin: &Origin, after: usher_protocol::Seq) -> Option<Run> {
        self.stored.logs.run_after(origin, after)
    }

    /// Returns the checkpoint that the replica began from.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&SignedCheckpoint> {
        self.stored.checkpoint.as_ref()
    }

    /// Judges a scan with nobody to ask, and has what came of it written down.
    pub fn judge(&mut self, asked: &ScanQuestion, moment: RuleTime) -> Verdict {
        let judged = self.ledger.judge(asked, JudgingAs::CutOff, moment);
        if let Some(body) = judged.body {
            let entry = self.ledger.write(body, moment.at);
            self.write(entry);
        }
        judged.verdict
    }

    /// Gives up a scan of our own that others were asked about and have not answered.
    pub fn withdraw(&mut self, scan: &Scan, secret: ScanSecret, now: Timestamp) {
        if let Some(body) = self.ledger.withdraw(scan, secret, now) {
            let entry = self.ledger.write(body, now);
            self.write(entry);
        }
    }

    /// Writes down that nobody passed by a scan; gives the passage, if it is known here.
    ///
    /// # Errors
    ///
    /// [`NotAnnulled`].
    pub fn annul(
        &mut self,
        annulling: &Annulling<'_>,
        moment: RuleTime,
    ) -> Result<Option<Passage>, NotAnnulled> {
        let body = self.ledger.annul(annulling, moment)?;
        let passage = self.ledger.annulled_passage(&body).cloned();
        let entry = self.ledger.write(body, moment.at);
        self.write(entry);
        Ok(passage)
    }

    /// Checks a run and takes what is new of it.
    ///
    /// # Errors
    ///
    /// [`NotStored`].
    pub fn accept(&mut self, run: &Run, now: Timestamp) -> Result<(), NotStored> {
        let accepted = self.ledger.accept(run, None, now);
        if matches!(accepted, Err(RunError::Forked(_))) {
            // Perhaps ours is the history that does not count.
            self.changes.has_other_trust = true;
            if run.head.origin == self.ledger.me() && !self.ledger.is_behind_own_past() {
                self.stored.own_past = None;
                self.group.own_past = Some(None);
            }
        }
        let accepted = accepted?;
        for entry in accepted.entries {
            self.write(entry);
        }
        if let Some(head) = accepted.head {
            self.sign(head);
            self.changes.has_other_trust = true;
        }
        Ok(())
    }

    /// Begins from a checkpoint, if it is of use.
    pub fn adopt(&mut self, signed: SignedCheckpoint) {
        if let Ok(checkpoint) = self.ledger.adopt(&signed) {
            self.stored.begin(&checkpoint);
            self.stored.checkpoint = Some(signed.clone());
            self.changes
                .grown
                .extend(checkpoint.covered.iter().map(|head| head.origin));
            self.changes.has_other_trust = true;
            self.group.checkpoint = Some(signed);
        }
    }

    /// Takes a bundle, if it is newer.
    pub fn renew(&mut self, bundle: SignedBundle) {
        let roots = self.ledger.trust().bundle().roots.clone();
        if self.ledger.renew_trust(bundle.clone()).is_ok() {
            self.stored.trust = (roots.clone(), bundle.clone());
            self.group.trust = Some((roots, bundle));
            self.changes.has_other_trust = true;
        }
    }

    /// Writes down that an origin has two histories.
    pub fn report(&mut self, found: ForkProof, now: Timestamp) {
        self.changes.has_other_trust = true;
        if let Some(entry) = self.ledger.report_fork(found, now) {
            self.write(entry);
        }
    }

    /// Takes note that a peer holds more of our own log than we do.
    pub fn hear_past(&mut self, head: &Head) {
        if self.ledger.hear_own_past(head) {
            self.stored.own_past = Some(head.clone());
            self.group.own_past = Some(Some(head.clone()));
        }
    }

    /// Takes note that an authority has said this, and that as much of its log is here.
    pub fn refresh(&mut self, assurance: Assurance, now: Timestamp) {
        self.freshness.hear(assurance, &self.moment(now));
    }

    /// Returns the newest assurance that counts.
    #[must_use]
    pub fn assurance(&self, now: Timestamp) -> Option<Assurance> {
        self.freshness.newest(&self.moment(now))
    }

    /// Returns up to when every word of the authority is here, and the authority's own time when it was last heard.
    #[must_use]
    pub fn fresh_as_of(&self, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        (
            self.freshness.as_of(&self.moment(now)),
            self.freshness.last_heard(),
        )
    }

    /// Completes the group with what our own log needs and gives its bytes, to be appended to the file before anybody is told of it;
    /// none where there is nothing to store.
    pub fn seal(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        for entry in self.ledger.write_due_records(now) {
            self.write(entry);
            self.changes.has_other_trust = true;
        }
        let unsigned = std::mem::take(&mut self.unsigned);
        for head in self.ledger.seal_all(&unsigned, &self.key) {
            self.sign(head);
        }
        let renewed = self
            .ledger
            .identity()
            .filter(|held| **held != self.stored.identity);
        if let Some(identity) = renewed.cloned() {
            self.stored.identity = identity.clone();
            self.group.identity = Some(identity);
            self.changes.has_other_trust = true;
        }
        if self.changes.has_other_trust {
            self.drop_other_histories(now);
        }
        if self.group.is_empty() {
            return None;
        }
        let heard = self.freshness.heard(&self.moment(now));
        self.group.heard = heard.map(|heard| (heard.assurance, heard.as_of));
        Some(self.writer.append(&std::mem::take(&mut self.group)))
    }

    /// Returns what changed since this was last asked. Call it once what [`PageReplica::seal`] gave is durable.
    pub fn take_changes(&mut self) -> ReplicaChanges {
        std::mem::take(&mut self.changes)
    }

    /// Drops the copies that follow a history which does not count, and begins anew at what is stored where that is due.
    fn drop_other_histories(&mut self, now: Timestamp) {
        for (origin, tail) in self.ledger.copies_in_question() {
            if !self.stored.logs.passes(&origin, tail) && self.stored.logs.holds(&origin) {
                self.stored.logs.forget(&origin);
                self.group.records.retain(|record| record.origin != origin);
                self.group.heads.retain(|head| head.origin != origin);
                self.group.dropped.push(origin);
                self.changes.has_dropped = true;
            }
        }
        let is_due =
            self.changes.has_dropped || self.group.checkpoint.is_some() || self.ledger.must_be_rebuilt();
        if is_due {
            let forks: Vec<_> = self.ledger.seen_forks().cloned().collect();
            if let Ok(ledger) = self.stored.rebuild(&self.key, now) {
                self.ledger = ledger;
                self.ledger.remember_forks(forks);
            }
        }
    }

    fn write(&mut self, entry: Entry) {
        if entry.origin == self.ledger.me() {
            self.unsigned.push((entry.tail, entry.bytes.len()));
        }
        self.group.records.push(GroupRecord {
            origin: entry.origin,
            bytes: entry.bytes.clone(),
            worth: entry.worth.code(),
        });
        self.stored.logs.push(entry);
    }

    fn sign(&mut self, head: Head) {
        if !self.changes.grown.contains(&head.origin) {
            self.changes.grown.push(head.origin);
        }
        if head.origin == self.ledger.me() {
            self.unsigned.retain(|(tail, _)| tail.seq > head.tail.seq);
        }
        self.group.heads.push(head.clone());
        self.stored.logs.sign(head);
    }

    fn moment(&self, now: Timestamp) -> FreshnessMoment<'_> {
        FreshnessMoment {
            trust: self.ledger.trust(),
            authority: self.ledger.state().authority(),
            now,
        }
    }
}

/// Returns the bytes of a file that holds an enrolment and nothing else.
#[must_use]
pub fn found(founding: file::Founding) -> Vec<u8> {
    GroupWriter::default().append(&Group {
        founding: Some(founding),
        ..Group::default()
    })
}

impl Stored {
    /// Rebuilds the ledger from what is stored.
    fn rebuild(&self, key: &SecretKey, now: Timestamp) -> Result<Ledger, OpenError> {
        let (roots, bundle) = &self.trust;
        let trust = usher_protocol::trust::Trust::pin(roots, bundle.clone())?;
        let mut ledger = Ledger::new(key.public(), Some(self.identity.clone()), Arc::new(trust));
        if let Some(checkpoint) = &self.checkpoint {
            let checkpoint = ledger.adopt_again(checkpoint)?;
            for head in checkpoint
                .covered
                .iter()
                .filter(|head| !self.logs.holds(&head.origin))
            {
                ledger.forget(&head.origin);
            }
        }
        if !ledger.replay_all(self.logs.entries(), now) {
            return Err(OpenError::Broken);
        }
        for head in self.logs.heads() {
            ledger.replay_head(head.clone());
        }
        if let Some(past) = &self.own_past {
            ledger.hear_own_past(past);
        }
        Ok(ledger)
    }
}
