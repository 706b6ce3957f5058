//! What is known of one unit: its ticket's standing and its passages in the one agreed order.

use usher_keys::Timestamp;

use crate::admission::ZoneUse;
use crate::ident::{GateId, Generation, Hlc, Stamp, ZoneId};
use crate::record::Passage;

/// Whether a generation of a ticket is void, as last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// The generation spoken of.
    pub generation: Generation,
    /// When it was said; `None` for what a checkpoint said, which any record outranks.
    pub stamp: Option<Stamp>,
    /// Whether it is void.
    pub revoked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Entry,
    Exit,
    Override,
}

/// A passage and which way it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    kind: Kind,
    /// Who passed where.
    pub passage: Passage,
}

impl Change {
    /// Makes a passage inwards.
    pub fn entry(passage: Passage) -> Self {
        Self {
            kind: Kind::Entry,
            passage,
        }
    }

    /// Makes a passage outwards.
    pub fn exit(passage: Passage) -> Self {
        Self {
            kind: Kind::Exit,
            passage,
        }
    }

    /// Makes a passage inwards that a supervisor ordered.
    pub fn overridden(passage: Passage) -> Self {
        Self {
            kind: Kind::Override,
            passage,
        }
    }

    /// Tells whether it went inwards.
    pub fn is_entry(&self) -> bool {
        self.kind != Kind::Exit
    }

    /// Tells whether a supervisor ordered it.
    pub fn is_override(&self) -> bool {
        self.kind == Kind::Override
    }
}

/// One unit.
#[derive(Debug, Clone, Default)]
pub struct UnitState {
    newest: Generation,
    standing: Option<Standing>,
    /// By zone, in no order: hardly a ticket leads into two.
    base: Vec<(ZoneId, ZoneUse)>,
    passages: Vec<(Stamp, Change)>,
}

impl UnitState {
    /// Takes note that a generation exists.
    pub fn hear_of(&mut self, generation: Generation) {
        self.newest = self.newest.max(generation);
    }

    /// Takes a word on a generation's standing; the later word on the newer generation holds.
    pub fn stand(&mut self, standing: Standing) {
        self.hear_of(standing.generation);
        self.standing = self.standing.max(Some(standing));
    }

    /// Takes over what a checkpoint says of the unit's use of a zone.
    pub fn set_base(&mut self, zone: ZoneId, used: ZoneUse) {
        match self.base.iter_mut().find(|(known, _)| *known == zone) {
            Some((_, held)) => *held = used,
            None => {
                self.base.reserve_exact(1);
                self.base.push((zone, used));
            }
        }
    }

    /// Tells whether a checkpoint spoke of passages.
    pub fn has_base(&self) -> bool {
        !self.base.is_empty()
    }

    /// Inserts a passage in order. Two records of one scan are one passage: the earlier record stands for it.
    ///
    /// Gives `None` when nothing changed, else the twin that was replaced, if there was one.
    pub fn insert(&mut self, stamp: Stamp, change: Change) -> Option<Option<Change>> {
        let twin = self.passages.iter().position(|(_, held)| {
            held.passage.scan == change.passage.scan && held.is_entry() == change.is_entry()
        });
        let replaced = match twin {
            Some(at) if self.passages[at].0 <= stamp => return None,
            Some(at) => Some(self.passages.remove(at).1),
            None => None,
        };
        let at = self.passages.partition_point(|(held, _)| *held < stamp);
        if self.passages.is_empty() {
            // Most tickets are used once: room for more would be most of a replica's memory.
            self.passages.reserve_exact(1);
        }
        self.passages.insert(at, (stamp, change));
        Some(replaced)
    }

    /// Gives the passages whose details are known, in order.
    pub fn passages(&self) -> &[(Stamp, Change)] {
        &self.passages
    }

    /// Gives the newest generation heard of.
    pub fn newest(&self) -> Generation {
        self.newest
    }

    /// Tells whether the newest generation is void.
    pub fn is_revoked(&self) -> bool {
        self.standing
            .is_some_and(|standing| standing.revoked && standing.generation == self.newest)
    }

    /// Gives the zones the unit was used in.
    pub fn zones(&self) -> impl Iterator<Item = ZoneId> {
        let mut zones: Vec<_> = self
            .base
            .iter()
            .map(|(zone, _)| *zone)
            .chain(self.passages.iter().map(|(_, change)| change.passage.zone))
            .collect();
        zones.sort_unstable();
        zones.dedup();
        zones.into_iter()
    }

    /// Gives what a checkpoint said of a zone.
    pub fn base(&self, zone: ZoneId) -> ZoneUse {
        let held = self.base.iter().find(|(known, _)| *known == zone);
        held.map(|(_, used)| *used).unwrap_or_default()
    }

    /// Sums up the use of a zone.
    pub fn used(&self, zone: ZoneId, day_of: impl Fn(Timestamp) -> i32) -> ZoneUse {
        self.used_before(zone, None, day_of)
    }

    /// Sums up the use of a zone by passages before a clock reading.
    pub fn used_before(&self, zone: ZoneId, cut: Option<Hlc>, day_of: impl Fn(Timestamp) -> i32) -> ZoneUse {
        let mut used = self.base(zone);
        for (stamp, change) in &self.passages {
            if change.passage.zone == zone && cut.is_none_or(|cut| stamp.hlc < cut) {
                count(&mut used, change, day_of(stamp.hlc.time()));
            }
        }
        used
    }

    /// Gives when and where people last went in.
    pub fn last_entry(&self, zone: ZoneId) -> Option<(Hlc, GateId)> {
        let last = self
            .passages
            .iter()
            .rev()
            .find(|(_, c)| c.is_entry() && c.passage.zone == zone)?;
        Some((last.0.hlc, last.1.passage.gate))
    }
}

/// Counts one passage.
pub fn count(used: &mut ZoneUse, change: &Change, day: i32) {
    let persons = u32::from(change.passage.persons);
    if !change.is_entry() {
        used.exited = used.exited.saturating_add(persons);
        return;
    }
    used.admitted = used.admitted.saturating_add(persons);
    match day.cmp(&used.day) {
        std::cmp::Ordering::Greater => (used.day, used.admitted_that_day) = (day, persons),
        std::cmp::Ordering::Equal => used.admitted_that_day = used.admitted_that_day.saturating_add(persons),
        std::cmp::Ordering::Less => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::{ScanId, Seq, TierId, Unit};

    #[test]
    fn a_ticket_that_is_used_once_takes_no_room_for_more() {
        let passage = Passage {
            scan: ScanId([1; 16]),
            unit: Unit(7),
            generation: Generation(1),
            tier: TierId(1),
            admits: 1,
            persons: 1,
            gate: GateId(1),
            zone: ZoneId(1),
        };
        let stamp = Stamp {
            hlc: Hlc::default(),
            origin: usher_keys::PublicKey([1; 32]),
            seq: Seq(1),
        };
        let mut unit = UnitState::default();
        unit.insert(stamp, Change::entry(passage));
        assert_eq!(unit.passages.capacity(), 1);
    }
}
