//! Decides what a peer lacks and in which order it is sent: authority logs first, strangers' last, a bounded number of runs in flight; sends nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::Timestamp;

use super::Held;
use super::copies::Copies;
use crate::ident::{Origin, Seq};
use crate::log::Hash;
use crate::trust::{Register, Trust};

/// Most runs sent but not yet acknowledged: 4 runs keep a link busy and bound the receiver's backlog to 1 MiB.
pub const MAX_RUNS_IN_FLIGHT: usize = 4;
/// How long to wait for an acknowledgement before a run is sent again, in milliseconds.
pub const RESEND_MS: u64 = 5_000;

/// The longest that a log rests which the peer left unanswered again and again, in milliseconds: it may take it from now on, because
/// the authority has vouched for the device meanwhile, and strangers' logs have their turn in between.
const LONGEST_REST_MS: u64 = 40_000;

/// What the authority says of those whose logs are sent.
pub struct Regard<'a> {
    /// The trust in force.
    pub trust: &'a Trust,
    pub register: &'a Register,
}

/// How soon a log is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Authority,
    Vouched,
    /// Of a device that the authority has not heard of: a hub in the wrong hands can enrol as many as it likes.
    Stranger,
}

impl Regard<'_> {
    /// Ranks a log; `None` where nobody takes it, because its authority's key was struck out.
    fn rank(&self, origin: &Origin) -> Option<Rank> {
        match self.trust.bundle().authority_key(origin) {
            Some(key) if key.is_struck() => None,
            Some(_) => Some(Rank::Authority),
            None if self.register.enrolled.contains_key(origin) => Some(Rank::Vouched),
            None => Some(Rank::Stranger),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct InFlight {
    since: Timestamp,
    loading: bool,
}

/// A log of which the peer has left runs unanswered: it may not want it.
#[derive(Debug, Clone, Copy)]
struct Unanswered {
    times: u32,
    since: Timestamp,
}

impl Unanswered {
    /// Tells whether the log is sent again: at once after the first time, later and later after each further one.
    fn is_due(&self, now: Timestamp) -> bool {
        let rest_ms = match self.times {
            0 | 1 => 0,
            times => RESEND_MS
                .saturating_mul(1 << (times - 2).min(3))
                .min(LONGEST_REST_MS),
        };
        // A moment that lies ahead means that our clock was set back.
        self.since > now || now.since_ms(self.since) >= rest_ms
    }
}

/// What we hold, what the peer is known to hold, and what is on its way.
#[derive(Debug, Default)]
pub struct Outbox {
    ours: Copies,
    theirs: Copies,
    in_flight: BTreeMap<Origin, InFlight>,
    /// The logs of which runs were sent and not answered since the peer last spoke of them.
    unanswered: BTreeMap<Origin, Unanswered>,
    /// Logs whose earlier records we do not hold ourselves.
    unserved: BTreeSet<Origin>,
    /// Logs of which the peer does not know how far our copy reaches.
    untold: BTreeSet<Origin>,
}

impl Outbox {
    /// Takes note of what we hold.
    pub fn we_hold(&mut self, held: Held) {
        let newer = self
            .ours
            .of(&held.origin)
            .is_none_or(|ours| ours.tail.seq <= held.tail.seq);
        if newer {
            self.untold.insert(held.origin);
            self.ours.put(held);
        }
    }

    /// Takes note of what the peer holds; a whole list replaces what was believed.
    pub fn they_hold(&mut self, held: &[Held], whole: bool) {
        if whole {
            self.theirs.clear();
            self.in_flight.clear();
            self.unanswered.clear();
        }
        for one in held {
            self.unanswered.remove(&one.origin);
            // Once the peer has got from elsewhere what we lack, we can go on from there.
            self.unserved.remove(&one.origin);
            self.theirs.put(one.clone());
            let arrived = self
                .ours
                .of(&one.origin)
                .is_none_or(|ours| ours.tail.seq <= one.tail.seq);
            if arrived
                || self
                    .in_flight
                    .get(&one.origin)
                    .is_some_and(|flight| !flight.loading)
            {
                self.in_flight.remove(&one.origin);
            }
        }
    }

    /// Returns how many logs the peer would have named together with these; a whole list replaces what was named before.
    pub fn logs_with(&self, held: &[Held], whole: bool) -> usize {
        let known = |origin: &Origin| !whole && self.theirs.of(origin).is_some();
        let new: BTreeSet<_> = held.iter().map(|one| one.origin).filter(|o| !known(o)).collect();
        new.len() + if whole { 0 } else { self.theirs.count() }
    }

    /// Takes note that the peer holds at least that much, because it sent it.
    pub fn they_sent(&mut self, held: Held) {
        if self.their_seq(&held.origin) < held.tail.seq || self.theirs.of(&held.origin).is_none() {
            self.theirs.put(held);
        }
    }

    /// Returns the next log to load a run of, and the record after which the run begins. Authority logs come first and
    /// strangers' last; among equals, the log that was left unanswered least often. Logs that nobody takes are not sent, and
    /// others rest while they are left unanswered.
    pub fn next_load(&mut self, regard: &Regard<'_>, now: Timestamp) -> Option<(Origin, Seq)> {
        self.expire(now);
        if self.in_flight.len() >= MAX_RUNS_IN_FLIGHT {
            return None;
        }
        let wanted = |origin: &&Origin| self.lacks(origin) && !self.in_flight.contains_key(*origin);
        let ranked = |origin: &Origin| {
            let unanswered = self.unanswered.get(origin);
            let is_due = unanswered.is_none_or(|unanswered| unanswered.is_due(now));
            let times = unanswered.map_or(0, |unanswered| unanswered.times);
            Some(((regard.rank(origin).filter(|_| is_due)?, times), *origin))
        };
        let ours = self.ours.iter().map(|held| &held.origin);
        let next = ours
            .filter(wanted)
            .filter_map(ranked)
            .min_by_key(|(rank, _)| *rank);
        let ((rank, times), origin) = next?;
        // Logs that the peer may not want never take up the whole line: what is new need not wait for them.
        let may_be_unwanted = times > 0 || rank == Rank::Stranger;
        if may_be_unwanted && self.in_flight.len() >= MAX_RUNS_IN_FLIGHT - 1 {
            return None;
        }
        self.in_flight.insert(
            origin,
            InFlight {
                since: now,
                loading: true,
            },
        );
        Some((origin, self.their_seq(&origin)))
    }

    /// Gives up waiting for answers that are overdue.
    fn expire(&mut self, now: Timestamp) {
        // A moment that lies ahead means our clock was set back: waiting for it could take for ever.
        let is_overdue = |flight: &InFlight| flight.since > now || now.since_ms(flight.since) >= RESEND_MS;
        let overdue = self.in_flight.extract_if(.., |_, flight| is_overdue(flight));
        // A read that failed is not the peer's doing.
        for (origin, _) in overdue.filter(|(_, flight)| !flight.loading) {
            let unanswered = self.unanswered.entry(origin);
            let unanswered = unanswered.or_insert(Unanswered { times: 0, since: now });
            (unanswered.times, unanswered.since) = (unanswered.times.saturating_add(1), now);
        }
    }

    /// Takes note that a loaded run was sent.
    pub fn sent(&mut self, origin: Origin, now: Timestamp) {
        self.untold.remove(&origin);
        self.in_flight.insert(
            origin,
            InFlight {
                since: now,
                loading: false,
            },
        );
    }

    /// Takes note that the records a peer lacks are not here.
    pub fn not_here(&mut self, origin: Origin) {
        self.in_flight.remove(&origin);
        self.unserved.insert(origin);
    }

    /// Returns what the peer has not been told of our copies.
    pub fn take_untold(&mut self) -> Vec<Held> {
        let untold = std::mem::take(&mut self.untold);
        untold
            .iter()
            .filter_map(|origin| self.ours.of(origin).cloned())
            .collect()
    }

    /// Returns all we hold.
    pub fn all_ours(&mut self) -> Vec<Held> {
        self.untold.clear();
        self.ours.iter().cloned().collect()
    }

    /// Returns what we hold of one log.
    pub fn ours(&self, origin: &Origin) -> Option<&Held> {
        self.ours.of(origin)
    }

    /// Returns what the peer is known to hold of one log.
    pub fn theirs(&self, origin: &Origin) -> Option<&Held> {
        self.theirs.of(origin)
    }

    /// Tells whether the peer has, by its own word, all that we hold and it takes: what it left unanswered it may not want.
    pub fn has_handed_on_all(&self, regard: &Regard<'_>) -> bool {
        let mut ours = self.ours.iter().map(|held| &held.origin);
        ours.all(|origin| {
            !self.lacks(origin) || self.unanswered.contains_key(origin) || regard.rank(origin).is_none()
        })
    }

    /// Returns how many records the peer lacks in all.
    pub fn lag(&self) -> u64 {
        self.ours
            .iter()
            .map(|ours| ours.tail.seq.0.saturating_sub(self.their_seq(&ours.origin).0))
            .fold(0, u64::saturating_add)
    }

    /// Tells whether we hold as much of that log as the peer is known to hold.
    pub fn has_theirs(&self, origin: &Origin) -> bool {
        self.their_seq(origin) <= self.our_seq(origin)
    }

    /// Tells whether we hold no log but our own.
    pub fn we_are_fresh(&self, me: &Origin) -> bool {
        self.ours
            .iter()
            .all(|ours| ours.origin == *me || ours.tail.seq.0 == 0)
    }

    /// Tells whether the peer holds no log but its own.
    pub fn they_are_fresh(&self, peer: &Origin) -> bool {
        self.theirs
            .iter()
            .all(|theirs| theirs.origin == *peer || theirs.tail.seq.0 == 0)
    }

    /// Hashes what we hold.
    pub fn our_digest(&self) -> Hash {
        digest(&self.ours)
    }

    /// Hashes what we believe the peer holds.
    pub fn their_digest(&self) -> Hash {
        digest(&self.theirs)
    }

    fn lacks(&self, origin: &Origin) -> bool {
        !self.unserved.contains(origin) && self.their_seq(origin) < self.our_seq(origin)
    }

    fn our_seq(&self, origin: &Origin) -> Seq {
        self.ours.of(origin).map(|held| held.tail.seq).unwrap_or_default()
    }

    fn their_seq(&self, origin: &Origin) -> Seq {
        self.theirs
            .of(origin)
            .map(|held| held.tail.seq)
            .unwrap_or_default()
    }
}

fn digest(copies: &Copies) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for held in copies.iter().filter(|held| held.tail.seq.0 > 0) {
        hasher
            .update(&held.origin.0)
            .update(&held.tail.seq.0.to_le_bytes())
            .update(&held.tail.hash);
    }
    *hasher.finalize().as_bytes()
}
