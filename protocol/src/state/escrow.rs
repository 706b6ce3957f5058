//! Who may still let how many people into a zone that holds only so many: each place belongs to one hub, also while nobody hears of the others.
//!
//! The first hub of the first roster holds all places to begin with; hubs give each other some of theirs. A person who goes
//! in takes a place of the hub that said yes, and gives it back to that hub on leaving. So under every partition no more
//! people are let in than the zone holds.

use std::collections::BTreeMap;

use usher_keys::PublicKey;

use super::State;
use crate::ident::{Origin, ZoneId};

/// Most hubs that follow each other as heirs: more than any event retires.
const MAX_HEIRS: usize = 64;

impl State {
    /// Gives how many more people each hub may let into a zone, if it is limited.
    pub fn places(&self, zone: ZoneId) -> Option<BTreeMap<PublicKey, i64>> {
        let (_, policy) = self.policy()?;
        let capacity = policy.zone(zone)?.capacity?;
        let mut places = BTreeMap::new();
        let mut add = |hub: &PublicKey, many: i64| {
            if let Some(account) = self.account(hub) {
                *places.entry(account).or_default() += many;
            }
        };
        if let Some(first) = self.first_hub() {
            add(&first, i64::from(capacity));
        }
        for (lender, writer) in &self.writers {
            for loan in writer
                .loans(self.limits.of(lender))
                .filter(|loan| loan.zone == zone)
            {
                add(lender, -i64::from(loan.places));
                add(&loan.to, i64::from(loan.places));
            }
        }
        for (by, persons) in self.passages.let_in(zone, &self.limits) {
            add(&by, -persons);
        }
        Some(places)
    }

    /// Without one of the rosters another hub would be taken for the first.
    fn first_hub(&self) -> Option<PublicKey> {
        if !self.rosters.are_complete() {
            return None;
        }
        let first = self.rosters.all().values().find(|hubs| !hubs.is_empty())?;
        first.first().copied()
    }

    /// Gives whose places a device uses: a hub its own, or its heir's once it was retired; any other those of the first hub.
    fn account(&self, device: &Origin) -> Option<PublicKey> {
        let mut rosters = self.rosters.all().values();
        let is_hub = rosters.any(|hubs| hubs.contains(device));
        let mut hub = if is_hub { *device } else { self.first_hub()? };
        for _ in 0..MAX_HEIRS {
            match self.heir(&hub) {
                Some(heir) => hub = heir?,
                None => return Some(hub),
            }
        }
        None
    }

    /// Gives the heir of a retired hub.
    fn heir(&self, hub: &PublicKey) -> Option<Option<PublicKey>> {
        self.rulings()?.retired.get(hub).copied()
    }
}
