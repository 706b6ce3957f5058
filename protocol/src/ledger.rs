//! The in-memory side of a replica: its copies of the logs, their tails and the state; making it durable is the shell's duty.
//!
//! A shell calls a method, stores the entries it gives, and only then lets anyone know. When storing fails, or when the
//! ledger [`Ledger::must_be_rebuilt`], it throws the ledger away and rebuilds it from what is stored. A shell that shares its
//! store with others checks and drafts instead, and the ledger takes what comes back from the store.

mod admittance;
mod annul;
mod count;
mod duties;
mod foreign;
mod judge;
mod lending;
mod replay;
pub mod ruling;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_keys::{BundleError, DeviceIdentity, EventId, PublicKey, SecretKey, SignedBundle, Timestamp};

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::evidence::{self, Evidence, Worth};
use crate::fork::ForkProof;
use crate::ident::{Hlc, Origin, Seq, Stamp, Unit, ZoneId};
use crate::log::{self, Head, Known, Run, RunError, Tail};
use crate::record::{Body, Record, Unread};
use crate::state::State;
use crate::trust::Trust;

pub use admittance::{
    MAX_DEVICE_BYTES, MAX_DEVICE_RECORDS, MAX_STORED_LOGS, MAX_UNVOUCHED_LOGS, MAX_UNVOUCHED_OF_ISSUER,
};
pub use annul::Annulling;
pub use judge::{Judged, JudgingAs, Route, ScanQuestion, Unheard};
pub use stored::OwnDraft;

/// One record to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub origin: Origin,
    /// Its number and the chain hash after it.
    pub tail: Tail,
    pub bytes: Vec<u8>,
    /// What the signatures in it are worth, so that they need not be verified at the next start.
    pub worth: Worth,
}

/// What accepting a run gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Records to be stored; empty when all were known.
    pub entries: Vec<Entry>,
    /// The head to be stored with them, if it is newer than ours.
    pub head: Option<Head>,
}

/// A copy of one log.
#[derive(Debug, Clone, Default)]
struct Copy {
    tail: Tail,
    head: Option<Head>,
}

/// The ledger of one event at one replica.
#[derive(Clone)]
pub struct Ledger {
    me: Origin,
    identity: Option<DeviceIdentity>,
    trust: Arc<Trust>,
    copies: BTreeMap<Origin, Copy>,
    state: State,
    clock: Hlc,
    /// Where our own log ends by a signature of ours that a peer holds, if that is beyond our copy.
    past: Option<Tail>,
    /// Logs of which a run came that follows another history than our copy, after it was said which one counts.
    contested: BTreeSet<Origin>,
    /// The forks that we ourselves have seen.
    seen_forks: BTreeMap<Origin, ForkProof>,
    /// The guests for whom we had no place left in a zone, and since when.
    waiting: BTreeMap<(ZoneId, Unit), Timestamp>,
    must_be_rebuilt: bool,
    /// How many bytes of a device's log count.
    most_bytes: u64,
}

impl Ledger {
    /// Makes an empty ledger. Devices give their certificate; an authority has none.
    pub fn new(me: Origin, identity: Option<DeviceIdentity>, trust: Arc<Trust>) -> Self {
        Self {
            me,
            identity,
            state: State::new(Arc::clone(&trust)),
            trust,
            copies: BTreeMap::new(),
            clock: Hlc::default(),
            past: None,
            contested: BTreeSet::new(),
            seen_forks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            must_be_rebuilt: false,
            most_bytes: MAX_DEVICE_BYTES,
        }
    }

    /// Starts from a checkpoint; only a ledger that holds no more than the opening of its own log may.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`].
    pub fn adopt(&mut self, signed: &SignedCheckpoint) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = signed.verify(&self.trust)?;
        self.begin_at(checkpoint)
    }

    /// Starts again from the checkpoint that was adopted before: what was verified then stays ours, also when its authority's
    /// key was struck out since.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`].
    pub fn adopt_again(&mut self, signed: &SignedCheckpoint) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = signed.verify_stored(&self.trust)?;
        self.begin_at(checkpoint)
    }

    fn begin_at(&mut self, checkpoint: Checkpoint) -> Result<Checkpoint, CheckpointError> {
        let fresh = self
            .copies
            .iter()
            .all(|(origin, copy)| copy.tail.seq.0 <= u64::from(*origin == self.me));
        let own_covered = checkpoint.covered.iter().any(|head| head.origin == self.me);
        if !fresh || own_covered {
            return Err(CheckpointError::NotFresh);
        }
        let mut state = checkpoint.summary.clone().into_state(Arc::clone(&self.trust));
        // Our own log is not in the checkpoint.
        state.take_writer(&self.state, &self.me);
        state.sum_up();
        self.state = state;
        for head in &checkpoint.covered {
            self.copies.insert(
                head.origin,
                Copy {
                    tail: head.tail,
                    head: Some(head.clone()),
                },
            );
        }
        // What we write from now on comes after what the checkpoint sums up.
        let begin = Hlc {
            ms: checkpoint.at.0,
            count: 0,
        };
        self.clock = self.clock.max(checkpoint.summary.clock(begin));
        Ok(checkpoint)
    }

    /// Writes a record to our own log.
    pub fn write(&mut self, body: Body, now: Timestamp) -> Entry {
        self.clock = self.clock.tick(now);
        let (event, me) = (self.event(), self.me);
        let bytes = Record::new(self.clock, body.clone()).to_bytes();
        let copy = self.copies.entry(me).or_default();
        copy.tail = copy.tail.push(event, &me, &bytes);
        let tail = copy.tail;
        let stamp = Stamp {
            hlc: self.clock,
            origin: me,
            seq: tail.seq,
        };
        let worth = worth_of_own(&body, &self.trust);
        self.note_guest(&body, now);
        self.state.apply(stamp, body, worth);
        self.state.weigh(&me, bytes.len());
        self.state.sum_up();
        Entry {
            origin: me,
            tail,
            bytes,
            worth,
        }
    }

    /// Signs the head of our own log; `None` when it is already signed up to its end.
    pub fn seal(&mut self, key: &SecretKey) -> Option<Head> {
        let event = self.event();
        let copy = self.copies.get_mut(&self.me)?;
        if copy.head.as_ref().is_some_and(|head| head.tail == copy.tail) || copy.tail.seq.0 == 0 {
            return None;
        }
        let head = Head::sign(event, copy.tail, key);
        copy.head = Some(head.clone());
        Some(head)
    }

    /// Accepts a run of any log: checks chain, head and who vouches for the origin, and folds what is new.
    ///
    /// The signatures inside the records, most of the cost, may have been verified beforehand on another core; evidence by
    /// another version of the trust bundle is found anew.
    ///
    /// # Errors
    ///
    /// [`RunError`]; after one the ledger is as before.
    pub fn accept(
        &mut self,
        run: &Run,
        evidence: Option<Evidence>,
        now: Timestamp,
    ) -> Result<Accepted, RunError> {
        let accepted = self.check(run, evidence)?;
        if let Some(head) = &accepted.head {
            self.take(&accepted.entries, head.clone(), now);
        }
        Ok(accepted)
    }

    /// Checks a run of any log as [`Ledger::accept`] does, and takes nothing of it.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub fn check(&mut self, run: &Run, evidence: Option<Evidence>) -> Result<Accepted, RunError> {
        let origin = run.head.origin;
        if self.state.is_frozen(&origin) {
            return Err(RunError::Frozen);
        }
        let copy = self.copies.get(&origin);
        let ours = Known {
            tail: copy.map(|copy| copy.tail).unwrap_or_default(),
            head: copy.and_then(|copy| copy.head.as_ref()),
        };
        let news = log::check_run(self.event(), ours, run).inspect_err(|error| {
            if matches!(error, RunError::Forked(_)) && self.state.settled(&origin).is_some() {
                self.contested.insert(origin);
            }
            if matches!(error, RunError::Forked(Some(_))) && origin == self.me {
                // What looked like our past is another history: not to be waited for, but for a person to settle. Without a proof,
                // while our last records are not signed yet, nobody would know, and we would go on beside it.
                self.past = self.past.filter(|past| past.seq > run.head.tail.seq);
            }
        })?;
        self.check_admittance(&origin, &news.records)?;
        let evidence = evidence.filter(|evidence| evidence.is_by(&self.trust));
        let evidence = evidence.unwrap_or_else(|| Evidence::of(run, &self.trust));
        let entries: Vec<_> = news
            .records
            .into_iter()
            .map(|(tail, bytes)| Entry {
                origin,
                tail,
                bytes,
                worth: evidence.worth(tail.seq),
            })
            .collect();
        let head = (!entries.is_empty()).then(|| run.head.clone());
        Ok(Accepted { entries, head })
    }

    /// Takes records that end at a head, both checked before.
    fn take(&mut self, entries: &[Entry], head: Head, now: Timestamp) {
        for entry in entries {
            self.fold(entry, now);
        }
        self.state.sum_up();
        let copy = self.copies.entry(head.origin).or_default();
        (copy.tail, copy.head) = (head.tail, Some(head));
    }

    fn read(&mut self, entry: &Entry, now: Timestamp) {
        let record = match Record::from_bytes(&entry.bytes) {
            Ok(record) => record,
            Err(Unread::Later { hlc, critical }) => {
                self.hear_clock(&entry.origin, hlc, now);
                return self.state.apply_unknown(entry.origin, entry.tail.seq, critical);
            }
            Err(Unread::Malformed(_)) => {
                return self.state.apply_malformed(entry.origin, entry.tail.seq);
            }
        };
        self.hear_clock(&entry.origin, record.hlc, now);
        let stamp = Stamp {
            hlc: record.hlc,
            origin: entry.origin,
            seq: entry.tail.seq,
        };
        if let Body::ForkSeen(proof) = &record.body
            && entry.origin == self.me
        {
            self.seen_forks.insert(proof.origin(), (**proof).clone());
        }
        self.state.apply(stamp, record.body, entry.worth);
    }

    fn hear_clock(&mut self, origin: &Origin, reading: Hlc, now: Timestamp) {
        self.clock = if *origin == self.me {
            self.clock.max(reading)
        } else {
            self.clock.hear(reading, now)
        };
    }

    /// Takes a newer trust bundle.
    ///
    /// # Errors
    ///
    /// [`BundleError`].
    pub fn renew_trust(&mut self, signed: SignedBundle) -> Result<Arc<Trust>, BundleError> {
        self.trust = Arc::new(self.trust.renew(signed)?);
        self.state.renew_trust(Arc::clone(&self.trust));
        self.state.sum_up();
        // What rested on a key that was not known yet was passed over, and only the shell has it.
        self.must_be_rebuilt |= self.state.awaits_key();
        Ok(Arc::clone(&self.trust))
    }

    /// Tells whether the shell is to rebuild the ledger from what is stored.
    pub fn must_be_rebuilt(&self) -> bool {
        self.must_be_rebuilt || self.state.has_missed_a_list()
    }

    /// Takes a signature of our own log that a peer holds. If it is beyond our copy, our disk is an older one: until the rest
    /// has come back from the peers we judge and write nothing, or there would be two histories. Tells whether that is news: if
    /// so, the shell is to tell it again to the ledger that it builds anew.
    pub fn hear_own_past(&mut self, head: &Head) -> bool {
        let is_ours = head.origin == self.me && head.verify(self.event()).is_ok();
        let is_news = self.past.is_none_or(|past| past.seq < head.tail.seq);
        let is_past = is_ours && is_news && head.tail.seq > self.tail(&self.me).seq;
        if is_past {
            self.past = Some(head.tail);
        }
        is_past
    }

    /// Tells whether peers hold more of our own log than we do, or a person has said that more of it counts.
    pub fn is_behind_own_past(&self) -> bool {
        let past = self.past.into_iter().chain(self.state.settled(&self.me));
        past.map(|past| past.seq).max() > Some(self.tail(&self.me).seq)
    }

    /// Forgets a log whose other history counts, with all that follows from it; it is fetched anew.
    pub fn forget(&mut self, origin: &Origin) {
        self.copies.remove(origin);
        self.contested.remove(origin);
        self.state.forget(&BTreeSet::from([*origin]));
        self.state.sum_up();
    }

    /// Returns the event.
    pub fn event(&self) -> EventId {
        self.trust.event()
    }

    /// Returns our own origin.
    pub fn me(&self) -> Origin {
        self.me
    }

    /// Returns our newest certificate.
    pub fn identity(&self) -> Option<&DeviceIdentity> {
        self.identity.as_ref()
    }

    /// Returns the trust in force.
    pub fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// Returns the state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns where our copy of a log ends.
    pub fn tail(&self, origin: &Origin) -> Tail {
        self.copies.get(origin).map(|copy| copy.tail).unwrap_or_default()
    }

    /// Returns where every copy ends: the vector.
    pub fn vector(&self) -> BTreeMap<PublicKey, Seq> {
        self.copies
            .iter()
            .map(|(origin, copy)| (*origin, copy.tail.seq))
            .collect()
    }

    /// Returns where every copy ends, with hashes.
    pub fn tails(&self) -> Vec<(Origin, Tail)> {
        self.copies
            .iter()
            .map(|(origin, copy)| (*origin, copy.tail))
            .collect()
    }

    /// Returns the newest head of every log.
    pub fn heads(&self) -> Vec<Head> {
        self.copies
            .values()
            .filter_map(|copy| copy.head.clone())
            .collect()
    }
}

/// What we write we have verified, but for the codes of scans that we take back: a ticket by a key that is not known here may
/// be good elsewhere.
fn worth_of_own(body: &Body, trust: &Trust) -> Worth {
    if matches!(body, Body::Withdrawn { .. } | Body::Annulled { .. }) {
        evidence::worth(body, trust)
    } else {
        Worth::Proven
    }
}

#[cfg(test)]
mod tests;
