//! The in-memory side of a replica: its copies of the logs, their tails and the state; making it durable is the shell's duty.
//!
//! A shell calls a method, stores the entries it gives, and only then lets anyone know. When storing fails it throws the
//! ledger away and rebuilds it from what is stored.

mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_keys::{
    BundleError, Capabilities, DeviceIdentity, EventId, PublicKey, Role, SecretKey, SignedBundle, Timestamp,
};

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::ident::{Hlc, Origin, Seq, Stamp};
use crate::log::{self, Contradiction, Head, Run, RunError, Tail};
use crate::record::{Body, Record};
use crate::state::State;
use crate::trust::Trust;

pub use judge::{Asked, Judged, Route, Seat};

/// One record to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose log.
    pub origin: Origin,
    /// Its number and the chain hash after it.
    pub tail: Tail,
    /// Its bytes.
    pub bytes: Vec<u8>,
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
pub struct Ledger {
    me: Origin,
    identity: Option<DeviceIdentity>,
    trust: Arc<Trust>,
    copies: BTreeMap<Origin, Copy>,
    state: State,
    clock: Hlc,
}

impl Ledger {
    /// Makes an empty ledger. Devices give their certificate; an authority has none.
    pub fn new(me: Origin, identity: Option<DeviceIdentity>, trust: Arc<Trust>) -> Self {
        let state = State::new(trust.event());
        Self {
            me,
            identity,
            trust,
            copies: BTreeMap::new(),
            state,
            clock: Hlc::default(),
        }
    }

    /// Starts from a checkpoint; only a ledger that holds no more than the opening of its own log may.
    ///
    /// **Errors**: [`CheckpointError`].
    pub fn adopt(&mut self, signed: &SignedCheckpoint) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = signed.verify(&self.trust)?;
        let fresh = self
            .copies
            .iter()
            .all(|(origin, copy)| copy.tail.seq.0 <= u64::from(*origin == self.me));
        let own_covered = checkpoint.covered.iter().any(|(origin, _)| *origin == self.me);
        if !fresh || own_covered {
            return Err(CheckpointError::NotFresh);
        }
        self.state = checkpoint.summary.clone().into_state(self.event());
        for (origin, tail) in &checkpoint.covered {
            self.copies.insert(
                *origin,
                Copy {
                    tail: *tail,
                    head: None,
                },
            );
        }
        self.reopen();
        // What we write from now on comes after what the checkpoint sums up.
        self.clock = self.clock.max(checkpoint.summary.clock(checkpoint.at));
        Ok(checkpoint)
    }

    /// Folds our own certificate in again after the state was replaced.
    fn reopen(&mut self) {
        if let (Some(identity), Some(copy)) = (self.identity.clone(), self.copies.get(&self.me)) {
            let stamp = Stamp {
                hlc: self.clock,
                origin: self.me,
                seq: copy.tail.seq,
            };
            self.state.apply(stamp, Body::Opened { identity });
        }
    }

    /// Takes a stored record back in at start; `false` when it does not chain.
    pub fn replay(&mut self, entry: &Entry, now: Timestamp) -> bool {
        let event = self.event();
        let copy = self.copies.entry(entry.origin).or_default();
        if copy.tail.push(event, &entry.origin, &entry.bytes) != entry.tail {
            return false;
        }
        copy.tail = entry.tail;
        self.fold(entry, now);
        true
    }

    /// Takes a stored head back in at start.
    pub fn replay_head(&mut self, head: Head) {
        let copy = self.copies.entry(head.origin).or_default();
        if copy
            .head
            .as_ref()
            .is_none_or(|held| held.tail.seq <= head.tail.seq)
        {
            copy.head = Some(head);
        }
    }

    /// Writes a record to our own log.
    pub fn write(&mut self, body: Body, now: Timestamp) -> Entry {
        self.clock = self.clock.tick(now);
        let (event, me) = (self.event(), self.me);
        let bytes = Record {
            hlc: self.clock,
            body: body.clone(),
        }
        .to_bytes();
        let copy = self.copies.entry(me).or_default();
        copy.tail = copy.tail.push(event, &me, &bytes);
        let tail = copy.tail;
        if self.may_write(&me, &body) {
            self.state.apply(
                Stamp {
                    hlc: self.clock,
                    origin: me,
                    seq: tail.seq,
                },
                body,
            );
        }
        Entry {
            origin: me,
            tail,
            bytes,
        }
    }

    /// Writes what the present state demands of our own log: opening it, adopting a new roster.
    pub fn keep_house(&mut self, now: Timestamp) -> Vec<Entry> {
        let Some(identity) = self.identity.clone() else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        let role = identity.unverified().role;
        if self.tail(&self.me).seq.0 == 0 || self.state.device(&self.me) != Some(&identity) {
            entries.push(self.write(Body::Opened { identity }, now));
        }
        let current = self.state.rosters().current().map(|(epoch, _)| epoch);
        let adopted = self.state.rosters().adopted().get(&self.me).copied();
        if let Some(epoch) = current.filter(|_| role == Role::Hub && adopted < current) {
            entries.push(self.write(Body::RosterAdopted { epoch }, now));
        }
        entries
    }

    /// Writes down that an origin has two histories, once; a scanner, whose word would not count, leaves it to its hub.
    pub fn report_fork(&mut self, found: Contradiction, now: Timestamp) -> Option<Entry> {
        if self.state.is_frozen(&found.origin) {
            return None;
        }
        let body = Body::ForkSeen {
            origin: found.origin,
            seq: found.seq,
            hashes: found.hashes,
        };
        self.may_write(&self.me, &body).then(|| self.write(body, now))
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
    /// **Errors**: [`RunError`]; after one the ledger is as before.
    pub fn accept(&mut self, run: &Run, now: Timestamp) -> Result<Accepted, RunError> {
        let origin = run.head.origin;
        if self.state.is_frozen(&origin) {
            return Err(RunError::Frozen);
        }
        let ours = self.tail(&origin);
        let news = log::check_run(self.event(), ours, run)?;
        if !self.vouched_for(&origin, &news.records) {
            return Err(RunError::UnknownOrigin);
        }
        let entries: Vec<_> = news
            .records
            .into_iter()
            .map(|(tail, bytes)| Entry { origin, tail, bytes })
            .collect();
        for entry in &entries {
            self.fold(entry, now);
        }
        let Some(last) = entries.last() else {
            return Ok(Accepted { entries, head: None });
        };
        self.copies.insert(
            origin,
            Copy {
                tail: last.tail,
                head: Some(run.head.clone()),
            },
        );
        Ok(Accepted {
            entries,
            head: Some(run.head.clone()),
        })
    }

    /// Tells whether somebody trusted vouches for the origin: the bundle for an authority, a certificate for a device.
    fn vouched_for(&self, origin: &Origin, records: &[(Tail, Vec<u8>)]) -> bool {
        let bundle = self.trust.bundle();
        if let Some(authority) = bundle.authority_key(origin) {
            return !authority.is_struck();
        }
        let known =
            |identity: &DeviceIdentity| identity.verify_chain(bundle).is_ok_and(|c| c.device == *origin);
        if self.state.device(origin).is_some_and(known) {
            return true;
        }
        let Some((_, bytes)) = records.first() else {
            return true;
        };
        match Record::from_bytes(bytes) {
            Ok(Record {
                body: Body::Opened { identity },
                ..
            }) => known(&identity),
            Ok(_) | Err(_) => false,
        }
    }

    fn fold(&mut self, entry: &Entry, now: Timestamp) {
        let Ok(record) = Record::from_bytes(&entry.bytes) else {
            return;
        };
        if entry.origin == self.me {
            self.clock = self.clock.max(record.hlc);
        } else {
            self.clock = self.clock.hear(record.hlc, now);
        }
        if self.may_write(&entry.origin, &record.body) {
            let stamp = Stamp {
                hlc: record.hlc,
                origin: entry.origin,
                seq: entry.tail.seq,
            };
            self.state.apply(stamp, record.body);
        }
    }

    /// Authority records count only in an authority's log, device records only in a device's, certificates only for whom
    /// they name and if they are genuine: a log is taken for one good certificate, and must not get another role by a forged
    /// one. That an origin has two histories counts only from a hub or an authority: it stops the origin's work, so a
    /// stolen scanner must not be able to say it of a hub.
    fn may_write(&self, origin: &Origin, body: &Body) -> bool {
        let is_authority = self.trust.bundle().authority_key(origin).is_some();
        if let Body::Opened { identity } = body {
            // Our own was checked when we were enrolled, and must not be written down again and again.
            let issued = *origin == self.me || identity.was_issued(self.trust.bundle());
            return !is_authority && identity.unverified().device == *origin && issued;
        }
        if let Body::ForkSeen { .. } = body {
            return is_authority || self.is_hub(origin);
        }
        body.is_authority() == is_authority
    }

    fn is_hub(&self, origin: &Origin) -> bool {
        self.state
            .device(origin)
            .is_some_and(|identity| identity.unverified().role == Role::Hub)
    }

    /// Takes a newer trust bundle.
    ///
    /// **Errors**: [`BundleError`].
    pub fn renew_trust(&mut self, signed: SignedBundle) -> Result<Arc<Trust>, BundleError> {
        self.trust = Arc::new(self.trust.renew(signed)?);
        Ok(Arc::clone(&self.trust))
    }

    /// Takes a renewed certificate of our own; [`Ledger::keep_house`] then writes it down.
    pub fn renew_identity(&mut self, identity: DeviceIdentity) {
        self.identity = Some(identity);
    }

    /// Gives the event.
    pub fn event(&self) -> EventId {
        self.trust.event()
    }

    /// Gives our own origin.
    pub fn me(&self) -> Origin {
        self.me
    }

    /// Gives the trust in force.
    pub fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    /// Gives the state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Gives our own capabilities.
    pub fn capabilities(&self) -> Capabilities {
        self.identity
            .as_ref()
            .map(|identity| identity.unverified().capabilities)
            .unwrap_or_default()
    }

    /// Gives where our copy of a log ends.
    pub fn tail(&self, origin: &Origin) -> Tail {
        self.copies.get(origin).map(|copy| copy.tail).unwrap_or_default()
    }

    /// Gives where every copy ends: the vector.
    pub fn vector(&self) -> BTreeMap<PublicKey, Seq> {
        self.copies
            .iter()
            .map(|(origin, copy)| (*origin, copy.tail.seq))
            .collect()
    }

    /// Gives where every copy ends, with hashes.
    pub fn tails(&self) -> Vec<(Origin, Tail)> {
        self.copies
            .iter()
            .map(|(origin, copy)| (*origin, copy.tail))
            .collect()
    }

    /// Gives the newest head of every log.
    pub fn heads(&self) -> Vec<Head> {
        self.copies
            .values()
            .filter_map(|copy| copy.head.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests;
