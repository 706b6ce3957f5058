//! A device with a real certificate that lies: it writes what it likes into its own log, lives two lives, and is found out or not; the lies themselves are elsewhere.

use std::collections::BTreeSet;

use usher_protocol::Seq;
use usher_protocol::evidence::Worth;
use usher_protocol::home::home_of;
use usher_protocol::ledger::Entry;
use usher_protocol::log::Hash;
use usher_protocol::policy::Entry as EntryRule;
use usher_protocol::record::{Body, Record};
use usher_protocol::state::Incident;
use usher_protocol::{Unit, ident::Hlc};

use super::chaos::Fault;
use super::disk::Disk;
use super::lies::Lie;
use super::node::NodeId;
use super::random::Random;
use super::setting::{TIERS, tier_of};
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// How often the liar thinks of a lie, in milliseconds.
const LIE_EVERY_MS: u64 = 900;

/// What is known of the liar by whoever sees everything.
#[derive(Default)]
pub struct Liar {
    /// Which device it is.
    pub node: NodeId,
    /// Whether it has begun a second history.
    pub two_faced: bool,
    /// Whether it wrote a clock reading that lies ahead.
    pub pulled_clocks: bool,
    /// Chain hashes of the records for which everybody must name it.
    false_records: BTreeSet<Hash>,
    /// Units of which it wrote a passage with a genuine code.
    units: BTreeSet<u32>,
}

impl World {
    /// Makes a device of half of the runs a liar. A hub lies only where others are left.
    pub fn choose_liar(&mut self, seed: u64) {
        let mut random = Random::new(seed ^ 0x6c69_6172);
        if !self.shape.has(Kind::Liar) || random.percent(50) {
            return;
        }
        let (hubs, scanners) = (self.shape.hubs, self.shape.scanners);
        let node = if hubs > 1 && random.percent(40) {
            1 + random.index(hubs)
        } else {
            1 + hubs + random.index(scanners)
        };
        self.tell(|| format!("{} is a liar", self.name(node)));
        self.liar = Some(Liar {
            node,
            ..Liar::default()
        });
        self.plan(3_000, Happening::Fault(Fault::Lie));
        if random.percent(70) {
            let found_out = random.between(6_000, 25_000);
            self.plan(found_out, Happening::Fault(Fault::Unmask));
        }
    }

    /// Tells whether a device is the liar.
    pub fn is_liar(&self, node: NodeId) -> bool {
        self.liar.as_ref().is_some_and(|liar| liar.node == node)
    }

    /// Tells whether a device may have two histories: its disk was put back, or it lies.
    pub fn may_be_two_faced(&self, node: NodeId) -> bool {
        let is_two_faced = |liar: &Liar| liar.two_faced && liar.node == node;
        self.restored == Some(node) || self.liar.as_ref().is_some_and(is_two_faced)
    }

    /// The liar lies, and will again.
    pub fn lie_again(&mut self) {
        self.plan(LIE_EVERY_MS, Happening::Fault(Fault::Lie));
        self.act(Self::lie);
    }

    fn lie(&mut self) {
        let Some(node) = self.liar.as_ref().map(|liar| liar.node) else {
            return;
        };
        if !self.nodes[node].up {
            return;
        }
        if self.random.percent(6) {
            return self.begin_a_second_life(node);
        }
        for _ in 0..self.random.below(4) {
            let lie = self.lie_of(node);
            self.write_lie(node, lie);
        }
    }

    fn write_lie(&mut self, node: NodeId, lie: Lie) {
        let machine = &mut self.nodes[node];
        let (origin, now) = (machine.key.public(), machine.clock(self.now));
        let tail = machine.ledger.tail(&origin);
        let entry = Entry {
            origin,
            tail: tail.push(self.setting.event, &origin, &lie.bytes),
            bytes: lie.bytes,
            worth: Worth::UnknownKey,
        };
        let is_ahead = |hlc: Hlc| hlc.ms > now.0;
        let read = Record::from_bytes(&entry.bytes);
        let pulls = read.as_ref().is_ok_and(|record| is_ahead(record.hlc));
        if let Some(liar) = &mut self.liar {
            // A later kind's reading is heard as well.
            liar.pulled_clocks |= pulls || read.is_err();
            liar.units.extend(lie.unit);
            if lie.is_false {
                liar.false_records.insert(entry.tail.hash);
            }
        }
        let machine = &mut self.nodes[node];
        assert!(machine.ledger.replay(&entry, now), "its own chain");
        machine.wrote([entry]);
        self.tell(|| {
            let kind = read.map_or_else(|error| error.to_string(), |record| format!("{:?}", record.body));
            let kind: String = kind.chars().take(90).collect();
            format!(
                "{} lies ({}): {kind}",
                self.name(node),
                if lie.is_false { "false" } else { "true" }
            )
        });
        self.plan_commit(node);
    }

    /// Once in a run the liar keeps a copy of its disk, to go on from there.
    fn begin_a_second_life(&mut self, node: NodeId) {
        let is_first = self.liar.as_ref().is_some_and(|liar| !liar.two_faced);
        if is_first && self.restored != Some(node) {
            let copy = Box::new(self.nodes[node].disk.clone());
            let pause = self.random.between(300, 5_000);
            self.plan(pause, Happening::Fault(Fault::SecondLife(copy)));
            if let Some(liar) = &mut self.liar {
                liar.two_faced = true;
            }
        }
    }

    /// The liar goes on from an older copy of its disk.
    pub fn live_again(&mut self, copy: Disk) {
        let Some(node) = self.liar.as_ref().map(|liar| liar.node) else {
            return;
        };
        if self.nodes[node].gone {
            return;
        }
        self.tell(|| format!("{} goes on from an older copy of its log", self.name(node)));
        let key = self.nodes[node].key.public();
        let kept = copy.held_of(&key).tail.seq;
        self.observer.lose_scans(&self.nodes[node].disk, key, kept);
        self.observer.knows_only(node, &copy);
        self.nodes[node].crash();
        self.nodes[node].disk = copy;
        self.plan(300, Happening::Fault(Fault::Restart(node)));
    }

    /// The organizer finds the liar out, and says from which record on its log counts for nothing.
    pub fn unmask(&mut self) {
        let Some(node) = self.liar.as_ref().map(|liar| liar.node) else {
            return;
        };
        let others = self.usable_hubs().into_iter().filter(|hub| *hub != node);
        if others.count() == 0 || self.nodes[node].gone {
            return;
        }
        if !self.nodes[CLOUD].up {
            return self.plan(500, Happening::Fault(Fault::Unmask));
        }
        let key = self.nodes[node].key.public();
        let held = self.nodes[CLOUD].ledger.tail(&key).seq;
        let after = if self.random.percent(50) {
            held
        } else {
            Seq(self.random.below(held.0 + 1))
        };
        self.revoke_device_after(node, after);
        if self.random.percent(50) {
            let pause = self.random.between(500, 6_000);
            self.plan(pause, Happening::Fault(Fault::Unmask));
        }
    }

    /// Tells whether the liar's word may have let somebody in once too often: it was the unit's home, or it wrote of a unit
    /// whose people go in and out.
    pub fn is_the_liars(&self, unit: u32) -> bool {
        let Some(liar) = &self.liar else {
            return false;
        };
        let key = self.nodes[liar.node].key.public();
        let was_home = self.rosters.iter().any(|hubs| {
            let keys: Vec<_> = hubs.iter().map(|hub| self.nodes[*hub].key.public()).collect();
            home_of(self.setting.event, Unit(unit), &keys) == Some(key)
        });
        let reentry = TIERS[tier_of(unit)].1 == EntryRule::Reentry;
        was_home || (reentry && self.liar_spoke_of(unit))
    }

    /// Tells whether the liar wrote of a unit, lying or not.
    pub fn liar_spoke_of(&self, unit: u32) -> bool {
        let Some(liar) = &self.liar else {
            return false;
        };
        let key = self.nodes[liar.node].key.public();
        let is_of = |body: &Body| {
            let passage = body.passage().and_then(|shown| shown.unverified().ok());
            passage.is_some_and(|passage| passage.unit.0 == unit)
        };
        let wrote = |entry: &Entry| Record::from_bytes(&entry.bytes).is_ok_and(|record| is_of(&record.body));
        let mut logs = self.nodes.iter().map(|node| node.disk.log(&key));
        liar.units.contains(&unit) || logs.any(|log| log.iter().any(wrote))
    }

    /// A log is named for the first record that is false, at everybody who holds that, once; and no other log is.
    pub fn check_false_records_named(&self, node: NodeId) {
        let named = self.nodes[node].ledger.state().incidents().into_iter();
        let named: Vec<_> = named
            .filter_map(|incident| match incident {
                Incident::FalseRecord { origin, seq } => Some((origin, seq)),
                Incident::DoubleAdmission { .. } | Incident::Forked { .. } => None,
            })
            .collect();
        let wanted = self.liar.as_ref().and_then(|liar| {
            let key = self.nodes[liar.node].key.public();
            let log = self.nodes[node].disk.log(&key);
            let first = log
                .iter()
                .find(|entry| liar.false_records.contains(&entry.tail.hash));
            Some((key, first?.tail.seq))
        });
        let wanted: Vec<_> = wanted.into_iter().collect();
        assert!(
            named == wanted,
            "{}: {} names {named:?} for false records, not {wanted:?}",
            self.place(),
            self.name(node)
        );
    }
}
