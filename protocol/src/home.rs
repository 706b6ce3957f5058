//! Which hub is a unit's home: rendezvous hashing over the roster, and when a new home may already say yes; asking it is the hub's.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::{EventId, PublicKey};

use crate::ident::Unit;
use crate::log::Hash;

/// Returns the hub with the highest score for the unit; every replica with the same roster finds the same one.
///
/// **Source**: docs/PROTOCOL.md, "Home hub".
pub fn home_of(event: EventId, unit: Unit, hubs: &[PublicKey]) -> Option<PublicKey> {
    hubs.iter()
        .copied()
        .max_by_key(|hub| (score(event, unit, hub), *hub))
}

fn score(event: EventId, unit: Unit, hub: &PublicKey) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(b"usher/home/1")
        .update(&event.0)
        .update(&unit.0.to_le_bytes())
        .update(&hub.0);
    let hash = hasher.finalize();
    u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
}

/// Names a roster by its hubs, so that whoever adopts it cannot be taken to have adopted another.
///
/// **Source**: docs/PROTOCOL.md, "Rosters".
pub fn roster_hash(hubs: &[PublicKey]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"usher/roster/1");
    for hub in hubs {
        hasher.update(&hub.0);
    }
    *hasher.finalize().as_bytes()
}

/// What rosters follow from.
pub struct RosterFacts<'a> {
    /// The rosters by their epochs.
    pub rosters: &'a BTreeMap<u32, Vec<PublicKey>>,
    /// Hubs that will never act again.
    pub retired: &'a BTreeSet<PublicKey>,
    /// By which roster each hub decides, by its own log: epoch and hash.
    pub adopted: BTreeMap<PublicKey, (u32, Hash)>,
}

/// The rosters of an event so far and what the hubs said of them: enough to hand units over without a gap or an overlap.
///
/// A hub that has not yet adopted a later roster may still act as the home it was. Its successor therefore says yes under
/// strict policy only once the former home's own log shows that it has stepped back, or a person vouches for its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rosters {
    by_epoch: BTreeMap<u32, Vec<PublicKey>>,
    hashes: BTreeMap<u32, Hash>,
    /// The epoch each hub decides by. One that adopted what is no roster of ours may act by any.
    deciding: BTreeMap<PublicKey, u32>,
    retired: BTreeSet<PublicKey>,
    /// Earlier epochs with the hubs that may still act by them.
    lingering: Vec<(u32, BTreeSet<PublicKey>)>,
}

impl Rosters {
    /// Draws the conclusions.
    pub fn new(facts: RosterFacts) -> Self {
        let hashes = facts.rosters.iter();
        let mut rosters = Self {
            hashes: hashes.map(|(epoch, hubs)| (*epoch, roster_hash(hubs))).collect(),
            by_epoch: facts.rosters.clone(),
            deciding: BTreeMap::new(),
            retired: facts.retired.clone(),
            lingering: Vec::new(),
        };
        for (hub, roster) in facts.adopted {
            rosters.decide(hub, roster);
        }
        rosters.lingering = rosters.find_lingering();
        rosters
    }

    /// Takes a hub's word that it decides by a roster from now on.
    pub fn adopt(&mut self, hub: PublicKey, roster: (u32, Hash)) {
        self.decide(hub, roster);
        self.lingering = self.find_lingering();
    }

    fn decide(&mut self, hub: PublicKey, (epoch, hash): (u32, Hash)) {
        if self.hashes.get(&epoch) == Some(&hash) {
            self.deciding.insert(hub, epoch);
        } else {
            self.deciding.remove(&hub);
        }
    }

    fn find_lingering(&self) -> Vec<(u32, BTreeSet<PublicKey>)> {
        let newest = self.by_epoch.last_key_value().map_or(0, |(epoch, _)| *epoch);
        let earlier = self.by_epoch.range(..newest);
        let acting = earlier.map(|(epoch, hubs)| {
            let may_act = hubs.iter().copied().filter(|hub| self.may_act(hub, *epoch));
            (*epoch, may_act.collect())
        });
        acting
            .filter(|(_, may_act): &(u32, BTreeSet<PublicKey>)| !may_act.is_empty())
            .collect()
    }

    fn may_act(&self, hub: &PublicKey, epoch: u32) -> bool {
        !self.retired.contains(hub) && self.deciding.get(hub).is_none_or(|adopted| *adopted <= epoch)
    }

    /// Returns the newest epoch and its hubs.
    pub fn current(&self) -> Option<(u32, &[PublicKey])> {
        self.by_epoch
            .last_key_value()
            .map(|(epoch, hubs)| (*epoch, hubs.as_slice()))
    }

    /// Tells whether every roster from the first to the newest is here: without one of them a former home would be missed.
    pub fn are_complete(&self) -> bool {
        self.by_epoch.keys().copied().eq(1..=self.by_epoch.len() as u32)
    }

    /// Returns every roster so far.
    pub fn all(&self) -> &BTreeMap<u32, Vec<PublicKey>> {
        &self.by_epoch
    }

    /// Returns the epoch a hub decides by, if that is one of these rosters.
    pub fn decided_by(&self, hub: &PublicKey) -> Option<u32> {
        self.deciding.get(hub).copied()
    }

    /// Returns the retired hubs.
    pub fn retired(&self) -> &BTreeSet<PublicKey> {
        &self.retired
    }

    /// Returns the unit's home by the newest roster.
    pub fn home(&self, event: EventId, unit: Unit) -> Option<PublicKey> {
        let (_, hubs) = self.current()?;
        home_of(event, unit, hubs)
    }

    /// Returns the unit's home by a roster, if that is one of these.
    pub fn home_by(&self, event: EventId, unit: Unit, (epoch, hash): (u32, Hash)) -> Option<PublicKey> {
        let is_ours = self.hashes.get(&epoch) == Some(&hash);
        home_of(event, unit, self.by_epoch.get(&epoch).filter(|_| is_ours)?)
    }

    /// Finds a former home of the unit that may still act as such, other than `me`.
    pub fn former_home(&self, event: EventId, unit: Unit, me: PublicKey) -> Option<PublicKey> {
        self.lingering.iter().find_map(|(epoch, may_act)| {
            let home = home_of(event, unit, self.by_epoch.get(epoch)?)?;
            (home != me && may_act.contains(&home)).then_some(home)
        })
    }

    /// Finds a former home of the unit among these hubs, unless it is retired: whose logs cannot be read to the end, so that
    /// nobody knows whom they let in before they stepped back.
    pub fn former_home_among(
        &self,
        event: EventId,
        unit: Unit,
        hubs: &BTreeSet<PublicKey>,
    ) -> Option<PublicKey> {
        if hubs.is_empty() {
            return None;
        }
        let homes = self.by_epoch.values().filter_map(|of| home_of(event, unit, of));
        let mut unread = homes.filter(|home| hubs.contains(home) && !self.retired.contains(home));
        unread.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: EventId = EventId([9; 16]);

    fn hub(n: u8) -> PublicKey {
        PublicKey([n; 32])
    }

    #[test]
    fn units_spread_evenly_and_move_only_to_the_new_hub() {
        let two = [hub(1), hub(2)];
        let three = [hub(1), hub(2), hub(3)];
        let mut counts = BTreeMap::new();
        for unit in (0..3_000).map(Unit) {
            let before = home_of(EVENT, unit, &two).unwrap();
            let after = home_of(EVENT, unit, &three).unwrap();
            assert!(after == before || after == hub(3));
            *counts.entry(after).or_insert(0) += 1;
        }
        assert!(
            counts.values().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
    }

    /// Rosters of these hubs, from epoch 1, with what hubs adopted and who is retired.
    fn rosters(of: &[&[u8]], adopted: &[(u8, u32)], retired: &[u8]) -> Rosters {
        let keys = |hubs: &[u8]| hubs.iter().map(|n| hub(*n)).collect::<Vec<_>>();
        let by_epoch: BTreeMap<u32, _> = (1..).zip(of.iter().map(|hubs| keys(hubs))).collect();
        let hash = |epoch: &u32| roster_hash(&by_epoch[epoch]);
        Rosters::new(RosterFacts {
            adopted: adopted
                .iter()
                .map(|(n, epoch)| (hub(*n), (*epoch, hash(epoch))))
                .collect(),
            retired: &keys(retired).into_iter().collect(),
            rosters: &by_epoch,
        })
    }

    #[test]
    fn a_new_home_waits_until_the_former_one_has_stepped_back() {
        let joined: [&[u8]; 2] = [&[1], &[1, 2]];
        let waiting = rosters(&joined, &[(1, 1)], &[]);
        let moved = (0..100)
            .map(Unit)
            .find(|unit| waiting.home(EVENT, *unit) == Some(hub(2)))
            .unwrap();
        assert_eq!(waiting.former_home(EVENT, moved, hub(2)), Some(hub(1)));
        let stepped_back = rosters(&joined, &[(1, 2)], &[]);
        assert_eq!(stepped_back.former_home(EVENT, moved, hub(2)), None);
    }

    #[test]
    fn a_hub_that_adopted_another_roster_of_that_number_has_not_stepped_back() {
        let by_epoch = BTreeMap::from([(1, vec![hub(1)]), (2, vec![hub(2)])]);
        let forged = roster_hash(&[hub(9)]);
        let rosters = Rosters::new(RosterFacts {
            rosters: &by_epoch,
            retired: &BTreeSet::new(),
            adopted: BTreeMap::from([(hub(1), (2, forged))]),
        });
        assert_eq!(rosters.former_home(EVENT, Unit(0), hub(2)), Some(hub(1)));
    }

    #[test]
    fn a_retired_hub_holds_nobody_up() {
        let replaced: [&[u8]; 2] = [&[1], &[2]];
        let former = |retired: &[u8]| rosters(&replaced, &[], retired).former_home(EVENT, Unit(0), hub(2));
        assert_eq!(former(&[]), Some(hub(1)));
        assert_eq!(former(&[1]), None);
    }

    #[test]
    fn rosters_are_complete_only_from_the_first_on() {
        let missing_first = BTreeMap::from([(2, vec![hub(1)])]);
        let gap = BTreeMap::from([(1, vec![hub(1)]), (3, vec![hub(1)])]);
        for (by_epoch, complete) in [(missing_first, false), (gap, false), (BTreeMap::new(), true)] {
            let rosters = Rosters::new(RosterFacts {
                rosters: &by_epoch,
                retired: &BTreeSet::new(),
                adopted: BTreeMap::new(),
            });
            assert_eq!(rosters.are_complete(), complete, "{by_epoch:?}");
        }
        assert!(rosters(&[&[1], &[2]], &[], &[]).are_complete());
    }
}
