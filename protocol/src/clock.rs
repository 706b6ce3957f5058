//! Rule time: which moment a device judges by when its own clock may be wrong; reading clocks and telling people is the shell's.
//!
//! A device knows its own clock, how long it has run, and what its peers say their clocks show. Most clocks that agree are
//! believed; where no majority agrees, the rules are told how far the clocks are apart and go the careful way.

use std::collections::BTreeMap;

use usher_keys::{PublicKey, Timestamp};

/// How far two clocks may differ and still agree, in milliseconds: far more than a message takes on its way, and little
/// beside the doors' hours.
pub const AGREEMENT_MS: u64 = 2 * 60 * 1000;

/// How long a peer counts as linked after its clock was last heard, in milliseconds: some beats.
const LINKED_FOR_MS: i64 = 20_000;
/// How long the clocks of peers count of whom nobody is linked any more, in milliseconds: a night.
const COUNTS_FOR_MS: i64 = 12 * 60 * 60 * 1000;
/// Most peers whose clocks are kept: a mesh of hubs and the cloud.
const MAX_PEERS: usize = 64;

/// A moment to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleTime {
    /// The moment.
    pub at: Timestamp,
    /// The earliest that it may be by any clock that counts; `at` itself where there is no doubt.
    pub earliest: Timestamp,
    /// The latest.
    pub latest: Timestamp,
}

impl From<Timestamp> for RuleTime {
    /// Makes a moment that nobody doubts.
    fn from(at: Timestamp) -> Self {
        Self {
            at,
            earliest: at,
            latest: at,
        }
    }
}

/// One look at this machine's own clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// What the wall clock shows.
    pub wall: Timestamp,
    /// How long the machine has run since any fixed moment, in milliseconds; nobody sets it.
    pub up_ms: i64,
}

impl ClockReading {
    fn wall_ms(&self) -> i64 {
        i64::try_from(self.wall.0).unwrap_or(i64::MAX)
    }

    /// Returns the time at this reading by a clock that is that far from the machine's run.
    fn by(&self, offset_ms: i64) -> i64 {
        self.up_ms.saturating_add(offset_ms)
    }
}

/// What a machine's clock is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClockHealth {
    /// It agrees with most, or nobody was heard who says otherwise.
    #[default]
    Right,
    /// Most others agree on another time, which is judged by: how far ours is ahead of it, in milliseconds.
    Wrong(i64),
    /// No majority agrees: how far ours is ahead of the one that is farthest away, in milliseconds.
    InDoubt(i64),
}

impl ClockHealth {
    /// Tells whether people who were told of `self` are to be told anew: it is another matter now, or off by other minutes.
    pub fn is_news_after(self, told: Self) -> bool {
        match (told, self) {
            (Self::Right, Self::Right) => false,
            (Self::Wrong(before), Self::Wrong(now)) | (Self::InDoubt(before), Self::InDoubt(now)) => {
                !agree(before, now)
            }
            (Self::Right | Self::Wrong(_) | Self::InDoubt(_), _) => true,
        }
    }

    /// Returns how far the clock is off, in milliseconds: more than nothing when it is ahead.
    pub fn ahead_ms(self) -> i64 {
        match self {
            Self::Right => 0,
            Self::Wrong(ahead_ms) | Self::InDoubt(ahead_ms) => ahead_ms,
        }
    }
}

/// A machine's clock beside those of its peers.
#[derive(Debug, Clone, Default)]
pub struct RuleClock {
    /// The wall clock at the last reading, as the distance from the machine's run.
    steady_ms: Option<i64>,
    /// The clock that peers are told of, in the same way.
    told_ms: Option<i64>,
    /// The peers' clocks in the same way, and when they were heard by the machine's run.
    peers: BTreeMap<PublicKey, (i64, i64)>,
    /// A moment that is past for certain.
    past: Timestamp,
}

impl RuleClock {
    /// Takes what a peer's clock shows now.
    pub fn hear(&mut self, peer: PublicKey, theirs: Timestamp, now: ClockReading) {
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&peer) {
            return;
        }
        let theirs = i64::try_from(theirs.0).unwrap_or(i64::MAX);
        let offset = theirs.saturating_sub(now.up_ms);
        self.peers.insert(peer, (offset, now.up_ms));
    }

    /// Takes note that a moment is past, whatever clocks show: one that is before it has no say where others are heard.
    pub fn is_past(&mut self, moment: Timestamp) {
        self.past = self.past.max(moment);
    }

    /// Returns the moment to judge by, and what this machine's clock is worth.
    pub fn read(&mut self, now: ClockReading) -> (RuleTime, ClockHealth) {
        let wall = now.wall_ms().saturating_sub(now.up_ms);
        let steady = *self.steady_ms.get_or_insert(wall);
        let was_set = !agree(wall, steady);
        let others = self.counting(now);
        if !self.is_possible(wall, now)
            && !self.is_possible(steady, now)
            && let Some(most) = largest(&others)
        {
            self.told_ms = Some(wall);
            let worth = ClockHealth::Wrong(wall.saturating_sub(most));
            return (stamp(now.by(most)).into(), worth);
        }
        let all = others.len() + 1;
        let with = |own: i64| others.iter().filter(|other| agree(**other, own)).count();
        // A clock that was set while the machine ran is believed once more others say so than say that it was right before.
        let is_most =
            |own: i64, rival: i64| 2 * (with(own) + 1) > all && (!was_set || with(own) > with(rival));
        let ours = [(wall, steady), (steady, wall)];
        if let Some((own, _)) = ours.into_iter().find(|(own, rival)| is_most(*own, *rival)) {
            (self.steady_ms, self.told_ms) = (Some(own), Some(own));
            let worth = if own == wall {
                ClockHealth::Right
            } else {
                ClockHealth::Wrong(wall.saturating_sub(own))
            };
            return (stamp(now.by(own)).into(), worth);
        }
        if let Some(most) = majority(&others, all) {
            self.told_ms = Some(steady);
            return (
                stamp(now.by(most)).into(),
                ClockHealth::Wrong(wall.saturating_sub(most)),
            );
        }
        // Two that were wrong alike and were set right would else hold each other to what they showed before.
        self.told_ms = Some(wall);
        let claims = others.iter().chain([&wall, &steady]);
        let (earliest, latest) = claims.fold((steady, steady), |(first, last), claim| {
            (first.min(*claim), last.max(*claim))
        });
        let moment = RuleTime {
            at: stamp(now.by(middle(&others, [steady, wall]))),
            earliest: stamp(now.by(earliest)),
            latest: stamp(now.by(latest)),
        };
        let apart = [wall.saturating_sub(earliest), wall.saturating_sub(latest)];
        let farthest = apart.into_iter().max_by_key(|ms| ms.unsigned_abs());
        (moment, ClockHealth::InDoubt(farthest.unwrap_or_default()))
    }

    /// Returns the clock that peers are told of, uncorrected by theirs: ours as it ran so far, and as it was set where it is in doubt
    /// whether that was right.
    pub fn own(&self, now: ClockReading) -> Timestamp {
        self.told_ms.map_or(now.wall, |told| stamp(now.by(told)))
    }

    /// Returns the number of other clocks that ours is compared with.
    pub fn compared(&self, now: ClockReading) -> usize {
        self.counting(now).len()
    }

    /// Returns how far a linked peer's clock is ahead of a moment, in milliseconds.
    pub fn ahead_of(&self, peer: &PublicKey, moment: Timestamp, now: ClockReading) -> Option<i64> {
        let (offset, heard) = self.peers.get(peer)?;
        let is_linked = now.up_ms.saturating_sub(*heard) <= LINKED_FOR_MS;
        let moment = i64::try_from(moment.0).unwrap_or(i64::MAX);
        is_linked.then(|| now.by(*offset).saturating_sub(moment))
    }

    /// Tells whether a clock with that offset shows a time that is not past for certain.
    fn is_possible(&self, offset_ms: i64, now: ClockReading) -> bool {
        stamp(now.by(offset_ms)).plus_ms(AGREEMENT_MS) >= self.past
    }

    /// Returns the clocks of those who are linked, or else of those who were last.
    fn counting(&self, now: ClockReading) -> Vec<i64> {
        let heard_within = |most: i64| {
            let still = move |(_, heard): &&(i64, i64)| now.up_ms.saturating_sub(*heard) <= most;
            let clocks = self.peers.values().filter(still).map(|(offset, _)| *offset);
            clocks.filter(|offset| self.is_possible(*offset, now))
        };
        let linked: Vec<_> = heard_within(LINKED_FOR_MS).collect();
        if linked.is_empty() {
            return heard_within(COUNTS_FOR_MS).collect();
        }
        linked
    }
}

/// Returns the middle of the clocks that agree, if they are more than half of all and more than one.
fn majority(others: &[i64], all: usize) -> Option<i64> {
    let agreeing = agreeing(others)?;
    let is_most = agreeing.len() > 1 && 2 * agreeing.len() > all;
    is_most.then(|| agreeing[agreeing.len() / 2])
}

/// Returns the middle of the clocks that agree, if they are more than half of these, be it the only one.
fn largest(others: &[i64]) -> Option<i64> {
    let agreeing = agreeing(others)?;
    (2 * agreeing.len() > others.len()).then(|| agreeing[agreeing.len() / 2])
}

/// Returns the largest group of clocks that agree, in order.
fn agreeing(others: &[i64]) -> Option<Vec<i64>> {
    let groups = others.iter().map(|one| {
        let mut group: Vec<_> = others
            .iter()
            .copied()
            .filter(|other| agree(*one, *other))
            .collect();
        group.sort_unstable();
        group
    });
    groups.max_by_key(Vec::len)
}

/// Returns the middle of all clocks where there are three at least, and else our own, also where that is as good as the middle: of clocks that differ by minutes, one that
/// is a day off is not the middle.
fn middle(others: &[i64], claims: [i64; 2]) -> i64 {
    // Of a clock that was set, the claim that is nearer to what others say, however little they agree.
    let far = |claim: &i64| {
        others
            .iter()
            .map(|other| claim.abs_diff(*other) / AGREEMENT_MS)
            .min()
    };
    let own = if far(&claims[1]) < far(&claims[0]) {
        claims[1]
    } else {
        claims[0]
    };
    let mut all: Vec<_> = others.iter().copied().chain([own]).collect();
    all.sort_unstable();
    let middle = [all[(all.len() - 1) / 2], all[all.len() / 2]];
    let is_ours = middle.iter().any(|one| agree(*one, own));
    if others.len() < 2 || is_ours {
        own
    } else {
        middle[1]
    }
}

fn agree(one: i64, other: i64) -> bool {
    one.abs_diff(other) <= AGREEMENT_MS
}

fn stamp(ms: i64) -> Timestamp {
    Timestamp(u64::try_from(ms).unwrap_or_default())
}

#[cfg(test)]
mod tests;
