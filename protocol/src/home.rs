//! Which hub is a unit's home: rendezvous hashing over the roster, and when a new home may already say yes; asking it is the hub's.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::{EventId, PublicKey};

use crate::ident::Unit;

/// Gives the hub with the highest score for the unit; every replica with the same roster finds the same one.
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

/// The rosters of an event so far and what the hubs said of them: enough to hand units over without a gap or an overlap.
///
/// A hub that has not yet adopted a later roster may still act as the home it was. Its successor therefore says yes under
/// strict policy only once the former home's own log shows that it has stepped back, or a person vouches for its end.
#[derive(Debug, Clone, Default)]
pub struct Rosters {
    by_epoch: BTreeMap<u32, Vec<PublicKey>>,
    adopted: BTreeMap<PublicKey, u32>,
    retired: BTreeSet<PublicKey>,
    /// Earlier epochs with the hubs that may still act by them.
    lingering: Vec<(u32, BTreeSet<PublicKey>)>,
}

impl Rosters {
    /// Takes a roster.
    pub fn insert(&mut self, epoch: u32, hubs: Vec<PublicKey>) {
        self.by_epoch.insert(epoch, hubs);
        self.refresh();
    }

    /// Takes a hub's word that it decides by that epoch from now on.
    pub fn adopt(&mut self, hub: PublicKey, epoch: u32) {
        let adopted = self.adopted.entry(hub).or_default();
        *adopted = epoch.max(*adopted);
        self.refresh();
    }

    /// Takes the authority's word that a hub will never act again.
    pub fn retire(&mut self, hub: PublicKey) {
        self.retired.insert(hub);
        self.refresh();
    }

    /// Gives the newest epoch and its hubs.
    pub fn current(&self) -> Option<(u32, &[PublicKey])> {
        self.by_epoch
            .last_key_value()
            .map(|(epoch, hubs)| (*epoch, hubs.as_slice()))
    }

    /// Gives every roster so far.
    pub fn all(&self) -> &BTreeMap<u32, Vec<PublicKey>> {
        &self.by_epoch
    }

    /// Gives the epochs the hubs have adopted.
    pub fn adopted(&self) -> &BTreeMap<PublicKey, u32> {
        &self.adopted
    }

    /// Gives the retired hubs.
    pub fn retired(&self) -> &BTreeSet<PublicKey> {
        &self.retired
    }

    /// Gives the unit's home by the newest roster.
    pub fn home(&self, event: EventId, unit: Unit) -> Option<PublicKey> {
        let (_, hubs) = self.current()?;
        home_of(event, unit, hubs)
    }

    /// Finds a former home of the unit that may still act as such, other than `me`.
    pub fn former_home(&self, event: EventId, unit: Unit, me: PublicKey) -> Option<PublicKey> {
        self.lingering.iter().find_map(|(epoch, may_act)| {
            let home = home_of(event, unit, self.by_epoch.get(epoch)?)?;
            (home != me && may_act.contains(&home)).then_some(home)
        })
    }

    fn refresh(&mut self) {
        let newest = self.by_epoch.last_key_value().map_or(0, |(epoch, _)| *epoch);
        self.lingering = self
            .by_epoch
            .range(..newest)
            .map(|(epoch, hubs)| {
                (
                    *epoch,
                    hubs.iter()
                        .copied()
                        .filter(|hub| self.may_act(hub, *epoch))
                        .collect(),
                )
            })
            .filter(|(_, may_act): &(u32, BTreeSet<PublicKey>)| !may_act.is_empty())
            .collect();
    }

    fn may_act(&self, hub: &PublicKey, epoch: u32) -> bool {
        !self.retired.contains(hub) && self.adopted.get(hub).is_none_or(|adopted| *adopted <= epoch)
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

    #[test]
    fn a_new_home_waits_until_the_former_one_has_stepped_back() {
        let mut rosters = Rosters::default();
        rosters.insert(1, vec![hub(1)]);
        rosters.adopt(hub(1), 1);
        rosters.insert(2, vec![hub(1), hub(2)]);
        let moved = (0..100)
            .map(Unit)
            .find(|unit| rosters.home(EVENT, *unit) == Some(hub(2)))
            .unwrap();
        assert_eq!(rosters.former_home(EVENT, moved, hub(2)), Some(hub(1)));
        rosters.adopt(hub(1), 2);
        assert_eq!(rosters.former_home(EVENT, moved, hub(2)), None);
    }

    #[test]
    fn a_retired_hub_holds_nobody_up() {
        let mut rosters = Rosters::default();
        rosters.insert(1, vec![hub(1)]);
        rosters.insert(2, vec![hub(2)]);
        assert_eq!(rosters.former_home(EVENT, Unit(0), hub(2)), Some(hub(1)));
        rosters.retire(hub(1));
        assert_eq!(rosters.former_home(EVENT, Unit(0), hub(2)), None);
    }
}
