//! A device in the wrong hands: it takes part as any other and lies whenever it can; what it says is drawn in `lies` and `slander`.

use std::collections::BTreeSet;

use usher_keys::Certificate;
use usher_protocol::evidence::Worth;
use usher_protocol::ledger::Entry;
use usher_protocol::record::{Body, Record};
use usher_protocol::ticket::foreign;
use usher_protocol::{Hlc, Origin, Seq};

use super::excess::Bounded;
use super::lies::Lie;
use super::node::NodeId;
use super::random::Random;
use super::sabotage::Sabotage;
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// How many of a hundred runs have a liar aboard.
const LIARS_PERCENT: u64 = 60;

/// After how many records a liar signs a head, also within one commit: nobody can be sent more without one.
const SIGNED_EVERY: u64 = 256;

/// Most copies of devices in a run: of two devices, or of one device twice.
const MAX_CLONES: usize = 2;

/// A lying device.
pub struct Liar {
    /// Whose machine it is.
    pub node: NodeId,
    /// The device whose key it has, when it is only a copy of that one.
    pub clone_of: Option<NodeId>,
    /// What it was really given, where an accomplice gave it more.
    pub really_given: Option<Certificate>,
    /// Codes that were shown to it.
    pub shown: BTreeSet<Vec<u8>>,
    /// Units of which its log tells as many passages as count.
    pub told_all: BTreeSet<u32>,
    /// When it speaks up, whatever else happens.
    pace: Random,
    /// After how many lies the organizer finds out; never, when it is not reached.
    found_out_after: u64,
    told: u64,
}

impl World {
    /// Decides who lies in this run, if anybody does.
    pub fn draw_liar(&mut self, seed: u64) {
        let mut chance = Random::new(seed ^ 0x6c69_6172);
        if !self.shape.has(Kind::Liars) || !chance.percent(LIARS_PERCENT) {
            return;
        }
        // Somebody must be left to decide.
        // Only hubs send checkpoints.
        let must_be_hub = self.breaks(Sabotage::SupersededCheckpointsAreBelieved);
        let hub = (chance.percent(40) || must_be_hub) && self.shape.hubs > 1;
        let among: Vec<_> = if hub { self.hubs() } else { self.scanners() };
        if hub || among.len() > 1 {
            let node = among[chance.index(among.len())];
            let really_given = self.empower(node);
            self.let_lie(node, None, chance);
            self.liars[0].really_given = really_given;
        }
    }

    /// A device is in the wrong hands from now on.
    pub fn let_lie(&mut self, node: NodeId, clone_of: Option<NodeId>, mut pace: Random) {
        self.tell(|| format!("{} is in the wrong hands", self.name(node)));
        let found_out_after = pace.between(3, 40);
        self.liars.push(Liar {
            node,
            clone_of,
            really_given: None,
            shown: BTreeSet::new(),
            told_all: BTreeSet::new(),
            pace,
            found_out_after,
            told: 0,
        });
        self.plan(3_000, Happening::Lie(self.liars.len() - 1));
    }

    /// Tells whether a machine lies.
    pub fn is_liar(&self, node: NodeId) -> bool {
        self.liars.iter().any(|liar| liar.node == node)
    }

    /// Tells whether anybody who lies holds the key of that node.
    pub fn is_tainted_key(&self, node: NodeId) -> bool {
        let mut liars = self.liars.iter();
        liars.any(|liar| liar.node == node || liar.clone_of == Some(node))
    }

    /// A liar says something, and plans to say more.
    pub fn lie(&mut self, liar: usize) {
        if !self.stormy || !self.people.coming {
            return;
        }
        let pause = self.liars[liar].pace.between(200, 1_500);
        self.plan(pause, Happening::Lie(liar));
        self.act(|world| world.tell_lies(liar));
    }

    fn tell_lies(&mut self, liar: usize) {
        let node = self.liars[liar].node;
        self.liars[liar].told += 1;
        let suspicious = self.liars[liar].told > self.liars[liar].found_out_after;
        if suspicious && self.random.percent(20) {
            return self.find_out(node);
        }
        if !self.runs(node) || self.nodes[node].gone {
            return;
        }
        if self.tells_what_is_not_asked(liar) {
            return;
        }
        let has_told = self.sellers.told.contains(&node);
        let tells = self.breaks(Sabotage::MissedListsAreNotReadAgain) && !has_told;
        if (tells || self.is_drawn_to_sellers()) && self.tell_of_unlisted(node) {
            return;
        }
        match self.random.below(10) {
            0..5 => {
                for _ in 0..self.random.between(1, 4) {
                    let lie = self.draw_lie(node);
                    self.write_lie(node, lie);
                }
            }
            5 => self.write_much(node),
            6 if self.random.percent(50) => self.begin_another_history(node),
            7 if self.is_hub(node) => self.enrol_strangers(node),
            _ => self.slander(node),
        }
    }

    /// A liar says what nobody asks about because a rule is broken; tells whether it did.
    fn tells_what_is_not_asked(&mut self, liar: usize) -> bool {
        let node = self.liars[liar].node;
        let now = Hlc {
            ms: self.now,
            count: 0,
        };
        // What it told falsely before would hide that more counts than may.
        let is_all_it_says = self.breaks(Sabotage::PassagesOfATicketAreNotBounded);
        // Few liars come upon a struck key in time.
        let own = self.nodes[node].key.public();
        let has_none = !self.observer.unfounded.contains_key(&own) && self.has_struck_issuer();
        if is_all_it_says && self.liars[liar].told_all.is_empty() {
            self.tell_of_one_ticket(node);
        } else if self.breaks(Sabotage::CountsOfALogAreNotBounded) && !self.has_counted_too_much(node) {
            self.count_again_and_again(node);
        } else if let Some(kind) = self.unbounded(node) {
            self.write_too_much(node, kind);
        } else if self.must_list_codes(node) {
            let lie = self.draw_listing(now);
            self.write_lie(node, lie);
        } else if self.breaks(Sabotage::BytesOfALogAreNotBounded) && !self.is_beyond_bytes(node) {
            self.write_too_many_bytes(node);
        } else if self.breaks(Sabotage::OpeningsAreNotAsked) && has_none {
            let lie = self.draw_struck_opening(node, now);
            self.write_lie(node, lie);
        } else {
            return false;
        }
        true
    }

    /// Writes anything into its own log, with its own valid head.
    pub fn write_lie(&mut self, node: NodeId, lie: Lie) {
        self.repeat(&lie.bytes);
        let (event, now) = (self.setting.event, self.nodes[node].clock(self.now));
        let machine = &mut self.nodes[node];
        let me = machine.key.public();
        let tail = machine.ledger.tail(&me).push(event, &me, &lie.bytes);
        let entry = Entry {
            origin: me,
            tail,
            bytes: lie.bytes.clone(),
            worth: Worth::UnknownKey,
        };
        assert!(machine.ledger.replay(&entry, now), "it follows its own log");
        machine.wrote([entry]);
        if tail.seq.0.is_multiple_of(SIGNED_EVERY) {
            machine.batch.heads.extend(machine.ledger.seal(&machine.key));
        }
        self.takes_note(node, &lie, tail.hash);
        self.happens(Kind::Liars);
        self.say(|| format!("{} lies: {}", self.name(node), lie.words));
        self.plan_commit(node);
    }

    fn write_much(&mut self, node: NodeId) {
        match self.random.below(20) {
            0 if self.random.percent(50) => return self.count_again_and_again(node),
            0 => return self.tell_of_one_ticket(node),
            1..3 => return self.open_again_and_again(node),
            3 => {
                let kind = Bounded::ALL[self.random.index(Bounded::DRAWN)];
                return self.write_too_much(node, kind);
            }
            _ => {}
        }
        let many = if self.random.percent(5) { 2_000 } else { 60 };
        let lie = self.draw_small_lie(node);
        self.tell(|| format!("{} writes {many} records", self.name(node)));
        for _ in 0..many {
            self.write_lie(node, lie.clone());
        }
    }

    /// The organizer finds out: the device is revoked from now on or from an earlier record; said again, the cut moves.
    fn find_out(&mut self, node: NodeId) {
        let key = self.nodes[node].key.public();
        let tail = self.nodes[CLOUD].ledger.tail(&key).seq.0;
        let owner = self.observer.owner(&key).unwrap_or(node);
        if !self.runs(CLOUD) || !self.can_spare(owner) {
            return;
        }
        let after = if self.random.percent(40) {
            tail
        } else {
            self.random.between(0, tail + 3)
        };
        self.revoke_from(owner, Seq(after));
    }

    /// Returns every code that a machine could read so far: in logs and at its gate.
    pub fn codes_read_by(&self, node: NodeId) -> BTreeSet<Vec<u8>> {
        let liar = self.liars.iter().find(|liar| liar.node == node);
        let mut codes = liar.map(|liar| liar.shown.clone()).unwrap_or_default();
        for entry in self.nodes[node].disk.entries() {
            if let Ok(Record { body, .. }) = Record::from_bytes(&entry.bytes)
                && let Some(passage) = body.passage()
            {
                codes.insert(passage.code.clone());
            }
        }
        codes.retain(|code| self.is_good_code(node, code));
        codes
    }

    /// Returns the units of which liars could read a code.
    pub fn units_read_by_liars(&self) -> BTreeSet<u32> {
        let liars = self.liars.iter();
        let codes = liars.flat_map(|liar| self.codes_read_by(liar.node));
        let units = codes.filter_map(|code| Some(foreign::told(&code).ok()?.unit.0));
        units.collect()
    }

    /// Tells whether a log is a liar's, or one that a liar made up.
    pub fn is_a_liars_log(&self, origin: &Origin) -> bool {
        let owner = self.observer.owner(origin);
        owner.is_some_and(|owner| self.is_tainted_key(owner))
    }

    /// A liar reads the code of whoever comes to it.
    pub fn reads_code(&mut self, node: NodeId, code: &[u8]) {
        for liar in self.liars.iter_mut().filter(|liar| liar.node == node) {
            liar.shown.insert(code.to_owned());
        }
    }

    /// A copy of a device's key and disk begins to write beside it.
    pub fn clone_a_device(&mut self, _node: NodeId) {
        let mut among = self.hubs();
        among.extend(self.scanners());
        let victim = among[self.random.index(among.len())];
        let cloned = self.clones.len() == MAX_CLONES;
        let spared = self.is_outcast(victim) || self.restored == Some(victim) || self.is_liar(victim);
        if cloned || spared || !self.nodes[victim].up || self.nodes[victim].disk.is_empty() {
            return;
        }
        let clone = self.nodes[victim].cloned();
        let node = self.nodes.len();
        self.nodes.push(clone);
        self.clones.insert(node, victim);
        self.happens(Kind::Clones);
        let now = self.now;
        self.nodes[node].load(now);
        let usable = self.usable_hubs();
        let hub = usable[self.random.index(usable.len())];
        for peer in [hub, CLOUD] {
            if peer != victim {
                self.connect(peer, node);
            }
        }
        let pace = Random::new(self.random.bits());
        self.let_lie(node, Some(victim), pace);
    }
}

/// Returns the identity that a log opened with, for whoever wants to pass for another.
pub fn opening_of(entry: &Entry) -> Option<Body> {
    let record = Record::from_bytes(&entry.bytes).ok()?;
    matches!(record.body, Body::Opened { .. }).then_some(record.body)
}
