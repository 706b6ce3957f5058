//! What liars' records say of who passed where, passage by passage: by so many people the records may be off, and by no more.

use std::collections::BTreeMap;

use usher_protocol::log::Hash;
use usher_protocol::policy::EntryRule;
use usher_protocol::record::{Body, Counterpart, Record, ShownPassage};
use usher_protocol::ticket::foreign::{self, ShownForeign};

use super::lies::Lie;
use super::node::NodeId;
use super::setting::{TIERS, tier_of};
use super::world::World;

/// How many people lies are about that are not plainly false.
#[derive(Debug, Default)]
pub struct LieWatch {
    /// Of each unit's ticket.
    about: BTreeMap<u32, u32>,
    /// Of each unit's ticket, those who are said to have left, or to have gone in elsewhere than they did.
    let_out: BTreeMap<u32, u32>,
}

impl LieWatch {
    /// Returns how many people with a unit's ticket lies are about.
    pub fn about(&self, unit: u32) -> u32 {
        self.about.get(&unit).copied().unwrap_or_default()
    }

    /// Returns how many people lies are about in all.
    pub fn about_all(&self) -> u64 {
        self.about.values().copied().map(u64::from).sum()
    }
}

impl World {
    /// Takes note of what a liar has written: it must be named for what is plainly false, and anything else may change who is said to be where.
    pub fn takes_note(&mut self, node: NodeId, lie: &Lie, hash: Hash) {
        if lie.is_false {
            self.observer.false_records.insert(hash);
        } else if let Ok(record) = Record::from_bytes(&lie.bytes)
            && let Some((unit, about, let_out)) = self.people_told_of(node, &record.body)
        {
            let lies = &mut self.observer.lies;
            *lies.about.entry(unit).or_default() += about;
            *lies.let_out.entry(unit).or_default() += let_out;
        }
    }

    /// Returns whose ticket a record is about, how many people it may put elsewhere than they are, and how many of these out of the zones.
    fn people_told_of(&self, node: NodeId, body: &Body) -> Option<(u32, u32, u32)> {
        let sum = |named: &[Counterpart]| named.iter().map(|one| u32::from(one.persons)).sum::<u32>();
        if let Body::ExitMatched { unit, closes, .. } = body {
            return Some((unit.0, 1 + sum(closes), sum(closes)));
        }
        let passage = body.passage().filter(|passage| self.may_be_good(node, passage))?;
        let unit = foreign::told(&passage.code).ok()?.unit.0;
        let persons = u32::from(passage.persons.max(1));
        // It may stand in the place of what really happened by that scan.
        let read = self.observer.read.get(&passage.scan);
        let really = read.map_or(0, |job| u32::from(job.persons.max(1)));
        let is_exit = matches!(body, Body::Exited(_));
        let let_out = really + if is_exit { persons } else { 0 };
        Some((unit, persons + really + sum(&passage.counterparts), let_out))
    }

    /// Tells whether a passage's code is good, or may be once it is listed.
    fn may_be_good(&self, node: NodeId, passage: &ShownPassage) -> bool {
        ShownForeign::parse(&passage.code).is_some() || self.is_good_code(node, &passage.code)
    }

    /// Returns how many tickets lies were about of whose people it is checked where they are said to be.
    pub fn lied_about_and_checked(&self) -> u64 {
        let units = self.observer.lies.about.keys();
        units.filter(|unit| !self.is_overridden(**unit)).count() as u64
    }

    /// Returns how many people liars may have let out whose tier lets them come in again.
    pub fn let_out_by_liars(&self, unit: u32) -> u32 {
        let may_return = TIERS[tier_of(unit)].1 == EntryRule::Reentry;
        let let_out = self.observer.lies.let_out.get(&unit).copied();
        let_out.filter(|_| may_return).unwrap_or_default()
    }
}
