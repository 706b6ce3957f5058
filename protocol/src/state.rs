//! The state of an event: a fold over records that gives the same result in whatever order they come; nothing is decided here.
//!
//! Each log is folded in its own order. Of the authorities' logs one counts, of a device's log as much as the authority
//! lets count; everything else is kept, so that a later word can change what counts without reading the logs again.

pub mod counted;
mod escrow;
pub mod foreign;
pub mod incident;
pub mod limits;
pub mod movements;
pub mod passage_change;
pub mod passages;
pub mod rulings;
pub mod summary;
pub mod tally;
pub mod units;
mod view;
pub mod writers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_keys::{DeviceIdentity, TrustedKey};

use crate::admission::{Referral, Refused};
use crate::evidence::Worth;
use crate::fork::Contradiction;
use crate::home::{RosterFacts, Rosters};
use crate::ident::{GateId, Origin, Seq, Stamp, Unit};
use crate::log::Hash;
use crate::record::{Body, Count, Passage, RightToAnnul, ShownPassage};
use crate::trust::Trust;

use foreign::Unlisted;
pub use incident::Incident;
use limits::Limits;
use passage_change::PassageChange;
pub use passages::Counts;
use passages::Passages;
use rulings::Rulings;
pub use summary::Summary;
use writers::{DeviceWriter, Loan, may_say};

/// Everything a replica knows about an event from its records.
#[derive(Clone)]
pub struct State {
    trust: Arc<Trust>,
    /// What each authority's log says.
    authorities: BTreeMap<Origin, Rulings>,
    /// The authority whose word counts.
    in_force: Option<Origin>,
    writers: BTreeMap<Origin, DeviceWriter>,
    forks: BTreeMap<Origin, Contradiction>,
    /// The first record of each log that its writer cannot prove or may not write.
    false_records: BTreeMap<Origin, Seq>,
    /// Logs with a record that rests on a key which the trust bundle does not name yet.
    awaiting: BTreeMap<Origin, Seq>,
    /// Passages by foreign codes that no authority has listed yet.
    unlisted: BTreeMap<Origin, Unlisted>,
    /// Logs with a record of a later version, and the first of them that is critical.
    unread: BTreeMap<Origin, Option<Seq>>,
    passages: Passages,
    /// Hubs that had no place left behind a gate, since somebody last looked; no part of what the records say, only a reminder
    /// to act on.
    wanting: BTreeSet<(GateId, Origin)>,
    // What follows from the above.
    limits: Limits,
    rosters: Rosters,
}

impl State {
    /// Makes the state of an event of which nothing is known.
    pub fn new(trust: Arc<Trust>) -> Self {
        let mut state = Self {
            trust,
            authorities: BTreeMap::new(),
            in_force: None,
            writers: BTreeMap::new(),
            forks: BTreeMap::new(),
            false_records: BTreeMap::new(),
            awaiting: BTreeMap::new(),
            unlisted: BTreeMap::new(),
            unread: BTreeMap::new(),
            passages: Passages::default(),
            wanting: BTreeSet::new(),
            limits: Limits::default(),
            rosters: Rosters::default(),
        };
        state.refresh();
        state
    }

    /// Folds one record in; those of one log in their order. A worth that is known spares verifying the signatures in it
    /// once more.
    pub fn apply(&mut self, stamp: Stamp, body: Body, worth: Worth) {
        let worth = match worth {
            Worth::Proven | Worth::False => worth,
            Worth::UnknownKey => self.worth(&body),
        };
        match worth {
            Worth::Proven => {}
            Worth::False => return self.name_false(stamp),
            Worth::UnknownKey => return self.put_off(stamp, body),
        }
        let by_authority = self.is_authority(&stamp.origin);
        match (by_authority, body) {
            // Proven is proven: who says it, and when, does not matter, only how often.
            (_, Body::ForkSeen(proof)) if by_authority || self.tell_of_a_fork(&stamp.origin) => {
                self.freeze(proof.contradiction());
            }
            (_, Body::ForkSeen(_)) => self.name_false(stamp),
            (true, Body::Foreign(list)) => self.take_list(stamp.origin, list),
            (true, body) if body.is_authority() => self.rule(stamp, body),
            (false, Body::Opened { identity }) => self.open(stamp, identity),
            (false, body) if self.may_write(&stamp, &body) => self.take(stamp, body),
            (true | false, _) => self.name_false(stamp),
        }
    }

    /// Takes note of a record that this build does not understand.
    pub fn apply_unknown(&mut self, origin: Origin, seq: Seq, is_critical: bool) {
        let first = self.unread.entry(origin).or_default();
        if is_critical {
            first.get_or_insert(seq);
        }
        if is_critical && self.is_authority(&origin) {
            self.authorities.entry(origin).or_default().is_beyond_us = true;
        }
    }

    /// Takes note of bytes that are no record, or of a record that a device's log may not hold any more. In an authority's log they are
    /// a word that we do not understand: a later version may have put something new into a kind that we know.
    pub fn apply_malformed(&mut self, origin: Origin, seq: Seq) {
        if self.is_authority(&origin) {
            self.apply_unknown(origin, seq, true);
        }
        self.false_records.entry(origin).or_insert(seq);
    }

    fn is_authority(&self, origin: &Origin) -> bool {
        self.trust.bundle().authority_key(origin).is_some()
    }

    /// Takes note of how long a record of a device's log is.
    pub fn weigh(&mut self, origin: &Origin, bytes: usize) {
        if let Some(writer) = self.writers.get_mut(origin) {
            writer.weigh(bytes);
        }
    }

    /// Takes over what another state knows of a device from its own log.
    pub fn take_writer(&mut self, from: &Self, origin: &Origin) {
        if let Some(writer) = from.writers.get(origin) {
            self.writers.insert(*origin, writer.clone());
            self.refresh();
        }
    }

    /// Brings the totals up to date after a run.
    pub fn sum_up(&mut self) {
        self.passages.sum_up(&self.limits);
    }

    fn name_false(&mut self, stamp: Stamp) {
        let first = self.false_records.entry(stamp.origin).or_insert(stamp.seq);
        // What was put off is seen to be false only later.
        *first = stamp.seq.min(*first);
    }

    /// Takes an authority's word.
    fn rule(&mut self, stamp: Stamp, body: Body) {
        let follows: fn(&mut Self) = match &body {
            Body::Policy { .. } | Body::DeviceRevoked { .. } | Body::Restated | Body::Roster { .. } => {
                Self::refresh
            }
            Body::HubRetired { .. } => Self::refresh_rosters,
            Body::Superseded { .. }
            | Body::Revoked { .. }
            | Body::Reinstated { .. }
            | Body::DeviceEnrolled { .. }
            | Body::ForkSettled { .. }
            | Body::Foreign(_)
            | Body::Opened { .. }
            | Body::Renewed { .. }
            | Body::RosterAdopted { .. }
            | Body::Admitted(_)
            | Body::Exited(_)
            | Body::Refused(_)
            | Body::Overridden { .. }
            | Body::ForkSeen(_)
            | Body::Withdrawn { .. }
            | Body::Annulled { .. }
            | Body::ExitMatched { .. }
            | Body::Lent { .. }
            | Body::Counted { .. } => |_| {},
        };
        let vouched = if let Body::DeviceEnrolled { identity } = &body {
            Some(identity.unverified().device)
        } else {
            None
        };
        self.authorities.entry(stamp.origin).or_default().apply(body);
        follows(self);
        // The authority may vouch for more than before, or for less.
        if vouched.is_some_and(|device| self.limit_of(&device) != self.limits.of(&device)) {
            self.refresh();
        }
    }

    fn open(&mut self, stamp: Stamp, identity: DeviceIdentity) {
        if identity.unverified().device != stamp.origin {
            return self.name_false(stamp);
        }
        let writer = self.writers.entry(stamp.origin).or_default();
        if !writer.open(stamp.seq, identity) {
            return self.name_false(stamp);
        }
        if self.limit_of(&stamp.origin) != self.limits.of(&stamp.origin) {
            self.refresh();
        }
    }

    /// Tells whether a device's newest certificate lets it write that.
    fn may_write(&self, stamp: &Stamp, body: &Body) -> bool {
        let writer = self.writers.get(&stamp.origin).and_then(DeviceWriter::identity);
        writer.is_some_and(|by| may_say(by.unverified(), body, stamp.hlc))
    }

    /// Takes what a device may say.
    fn take(&mut self, stamp: Stamp, body: Body) {
        match body {
            Body::Admitted(passage) => self.pass(stamp, &passage, PassageChange::entry),
            Body::Exited(passage) => self.pass(stamp, &passage, PassageChange::exit),
            Body::Overridden { passage, .. } => self.pass(stamp, &passage, PassageChange::overridden),
            Body::Withdrawn { passage, .. } => self.pass(stamp, &passage, PassageChange::withdrawn),
            Body::Annulled { passage, right, .. } => match right {
                RightToAnnul::Supervisor => self.pass(stamp, &passage, PassageChange::annulled),
                RightToAnnul::Reader(_) | RightToAnnul::Turnstile(_) => {
                    self.pass(stamp, &passage, PassageChange::undone);
                }
            },
            Body::ExitMatched { unit, exit, closes } => {
                let change = PassageChange::match_of(unit, exit, closes);
                if !self.passages.insert(stamp, change, &self.limits) {
                    self.name_false(stamp);
                }
            }
            Body::Lent { zone, to, places, of } => {
                let writer = self.writers.entry(stamp.origin).or_default();
                let loan = Loan { zone, to, places, of };
                if !writer.lend(stamp.seq, loan) {
                    self.name_false(stamp);
                }
            }
            Body::Counted { count, .. } => self.take_count(stamp, count),
            Body::Refused(refusal) => {
                if refusal.why == Refused::Refer(Referral::NoPlaces) {
                    self.want(refusal.gate, stamp.origin);
                }
                self.passages.refuse(refusal.why.kind());
            }
            Body::RosterAdopted { epoch, roster } => self.take_roster(stamp, (epoch, roster)),
            Body::Renewed { identity } => {
                let writer = self.writers.entry(stamp.origin).or_default();
                if !writer.renew(stamp.seq, identity) {
                    self.name_false(stamp);
                }
            }
            Body::Policy { .. }
            | Body::Roster { .. }
            | Body::Superseded { .. }
            | Body::Revoked { .. }
            | Body::Reinstated { .. }
            | Body::DeviceEnrolled { .. }
            | Body::DeviceRevoked { .. }
            | Body::HubRetired { .. }
            | Body::ForkSettled { .. }
            | Body::Restated
            | Body::Foreign(_)
            | Body::Opened { .. }
            | Body::ForkSeen(_) => {}
        }
    }

    fn take_count(&mut self, stamp: Stamp, count: Count) {
        let writer = self.writers.entry(stamp.origin).or_default();
        if writer.count(stamp.seq, count) {
            self.refresh_limits();
        } else {
            self.name_false(stamp);
        }
    }

    fn take_roster(&mut self, stamp: Stamp, roster: (u32, Hash)) {
        let writer = self.writers.entry(stamp.origin).or_default();
        if !writer.adopt(stamp.seq, roster) {
            self.name_false(stamp);
        } else if self.limits.reach(&stamp) {
            self.rosters.adopt(stamp.origin, roster);
        }
    }

    fn pass(&mut self, stamp: Stamp, shown: &ShownPassage, change: fn(Passage) -> PassageChange) {
        let taken = match shown.unverified() {
            Ok(passage) => self.take_passage(stamp, change(passage)),
            Err(_) => false,
        };
        if !taken {
            self.name_false(stamp);
        }
    }

    /// No more people pass at once than the ticket names, unless a supervisor says so.
    fn take_passage(&mut self, stamp: Stamp, change: PassageChange) -> bool {
        let fits = change.passage.persons <= change.passage.admits || !change.is_by_rule();
        fits && self.passages.insert(stamp, change, &self.limits)
    }

    /// Takes note that a hub had no place left behind a gate; one that lies could name gates that there are not.
    pub fn want(&mut self, gate: GateId, hub: Origin) {
        if self
            .policy()
            .is_some_and(|(_, policy)| policy.gate(gate).is_some())
        {
            self.wanting.insert((gate, hub));
        }
    }

    /// Returns the hubs that had no place left behind a gate since this was last asked.
    pub fn take_wanting(&mut self) -> BTreeSet<(GateId, Origin)> {
        std::mem::take(&mut self.wanting)
    }

    /// Returns the units with an exit to be matched of which something was heard since this was last asked.
    pub fn take_to_match(&mut self) -> BTreeSet<Unit> {
        self.passages.take_to_match()
    }

    fn tell_of_a_fork(&mut self, origin: &Origin) -> bool {
        let writer = self.writers.get_mut(origin);
        writer.is_some_and(DeviceWriter::tell_of_a_fork)
    }

    /// Takes note that an origin has two histories; of several places where they differ, the last one matters.
    fn freeze(&mut self, contradiction: Contradiction) {
        let held = self.forks.entry(contradiction.origin).or_insert(contradiction);
        *held = contradiction.max(*held);
    }

    /// Forgets all that follows from logs, but for what others have proven of them.
    pub fn forget(&mut self, origins: &BTreeSet<Origin>) {
        self.authorities.retain(|origin, _| !origins.contains(origin));
        self.writers.retain(|origin, _| !origins.contains(origin));
        self.unread.retain(|origin, _| !origins.contains(origin));
        self.false_records.retain(|origin, _| !origins.contains(origin));
        self.awaiting.retain(|origin, _| !origins.contains(origin));
        self.unlisted.retain(|origin, _| !origins.contains(origin));
        self.passages.forget(origins);
        self.refresh();
    }

    /// Takes a newer trust bundle.
    pub fn renew_trust(&mut self, trust: Arc<Trust>) {
        self.trust = trust;
        self.refresh();
    }

    /// Draws the conclusions: which authority counts, how far each log counts, and which hubs may act.
    fn refresh(&mut self) {
        self.in_force = self.authority_in_force();
        self.refresh_limits();
        self.refresh_rosters();
    }

    fn refresh_limits(&mut self) {
        let register = self.register();
        let origins = self.writers.keys().chain(register.revoked.keys());
        let limited = origins.map(|origin| (*origin, self.limit_of(origin)));
        let limited = limited.filter(|(_, limit)| *limit < Seq(u64::MAX));
        let limits = Limits::new(limited, self.policy().map(|(_, policy)| policy));
        let hubs = self.rulings().into_iter();
        let hubs = hubs.flat_map(|rulings| rulings.rosters.values().flatten().copied());
        let limits = limits
            .with_counts(self.counts_in_force())
            .with_hubs(hubs.collect());
        if limits != self.limits {
            self.limits = limits;
            self.passages.recount();
        }
    }

    /// Later keys take over from earlier ones once they have said everything anew; the first has nothing to say anew.
    fn authority_in_force(&self) -> Option<Origin> {
        let keys = &self.trust.bundle().authority_keys;
        let is_whole = |(at, key): &(usize, &TrustedKey)| {
            *at == 0
                || self
                    .authorities
                    .get(&key.key)
                    .is_some_and(|rulings| rulings.is_whole)
        };
        let counting = keys.iter().enumerate().rev().find(is_whole);
        counting.map(|(_, key)| key.key)
    }

    /// A revoked device's log counts up to where the authority says; that of one for which nobody trusted stands any more
    /// counts only if the authority itself vouches for the device, and for no more than it vouches for.
    fn limit_of(&self, origin: &Origin) -> Seq {
        let register = self.register();
        if let Some(after) = register.revoked.get(origin) {
            return *after;
        }
        let bundle = self.trust.bundle();
        let vouched = register.enrolled.get(origin).map(DeviceIdentity::unverified);
        let stands = |identity: &DeviceIdentity| {
            let issuer = bundle.issuing_key(&identity.root_issuer());
            let by_itself =
                issuer.is_some_and(|key| !key.is_struck()) && !register.is_of_revoked_hub(identity);
            by_itself || vouched.is_some_and(|vouched| vouched.covers(identity.unverified()))
        };
        let certificates = self.writers.get(origin).map(DeviceWriter::certificates);
        let mut certificates = certificates.unwrap_or_default().iter();
        match certificates.find(|(_, identity)| !stands(identity)) {
            Some((seq, _)) => Seq(seq.0.saturating_sub(1)),
            None => Seq(u64::MAX),
        }
    }

    fn refresh_rosters(&mut self) {
        let none = Rulings::default();
        let rulings = self.rulings().unwrap_or(&none);
        let adopted = self.writers.iter().filter_map(|(origin, writer)| {
            let adopted = writer.adopted(self.limits.of(origin))?;
            Some((*origin, adopted))
        });
        self.rosters = Rosters::new(RosterFacts {
            rosters: &rulings.rosters,
            retired: &rulings.retired.keys().copied().collect(),
            adopted: adopted.collect(),
        });
        self.passages.match_anew();
    }

    fn rulings(&self) -> Option<&Rulings> {
        self.authorities.get(self.in_force.as_ref()?)
    }
}

#[cfg(test)]
mod tests;
