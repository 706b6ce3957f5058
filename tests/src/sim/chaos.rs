//! What goes wrong and when: cuts, crashes, wrong clocks, lost and restored machines; and the healing at the end. Messages go wrong on the wire.

use super::disk::Disk;
use super::node::NodeId;
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// How far clocks are off that somebody set wrong, in milliseconds: 45 minutes, 20 hours, 5 days.
pub const FAR_OFF_MS: [i64; 4] = [45 * 60_000, 20 * 3_600_000, -20 * 3_600_000, 120 * 3_600_000];
/// How much longer everything takes over a slow line at most, in milliseconds and one direction.
const MAX_DELAY_MS: u64 = 2_000;
/// Largest clock error of any other device, in milliseconds.
pub const MAX_SKEW_MS: u64 = 10 * 60 * 1000;

/// A fault or its end.
pub enum Fault {
    /// Time for the next fault.
    Next,
    /// These directions work again.
    Mend(Vec<(NodeId, NodeId)>),
    /// These directions are as quick as before.
    Hasten(Vec<(NodeId, NodeId)>),
    /// A crashed node starts again.
    Restart(NodeId),
    /// A hub's disk is replaced by this older copy of it.
    PutBack(NodeId, Box<Disk>),
    /// A person vouches that a hub will never admit again.
    Mourn(NodeId),
}

impl World {
    /// Breaks or mends something.
    pub fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Next if self.stormy => {
                let pause = self.rhythm.between(400, 3_000);
                self.plan(pause, Happening::Fault(Fault::Next));
                self.act(Self::break_something);
            }
            Fault::Mend(directions) => {
                for direction in directions {
                    self.cut.remove(&direction);
                }
            }
            Fault::Hasten(directions) => {
                for direction in directions {
                    self.slow.remove(&direction);
                }
            }
            Fault::Restart(node) => self.restart(node),
            Fault::PutBack(hub, copy) if self.stormy => self.put_back(hub, *copy),
            Fault::Mourn(hub) => self.mourn(hub),
            Fault::Next | Fault::PutBack(..) => {}
        }
    }

    fn break_something(&mut self) {
        let node = self.random.index(self.nodes.len());
        let (kind, action): (Kind, fn(&mut Self, NodeId)) = match self.random.below(28) {
            0..4 => (Kind::Cuts, Self::cut_a_line),
            4..7 => (Kind::Cuts, Self::cut_a_node),
            7..10 => (Kind::Cuts, Self::cut_an_island),
            10..15 => (Kind::Crashes, Self::crash_for_a_while),
            15..17 => (Kind::Clocks, Self::set_a_clock),
            17..20 => (Kind::Roaming, Self::roam),
            20..23 => (Kind::OldCopy, Self::copy_a_disk),
            23 => (Kind::HubLoss, Self::destroy_a_hub),
            24 => (Kind::Clones, Self::clone_a_device),
            _ => (Kind::Delays, Self::slow_a_line),
        };
        if self.shape.has(kind) {
            action(self, node);
        }
    }

    fn cut_a_line(&mut self, _node: NodeId) {
        let (a, b) = self.pairs[self.random.index(self.pairs.len())];
        let one_way = self.random.percent(40);
        self.tell(|| {
            let way = if one_way { "one way from" } else { "between" };
            format!("the line is cut {way} {} to {}", self.name(a), self.name(b))
        });
        let cut = if one_way {
            vec![(a, b)]
        } else {
            vec![(a, b), (b, a)]
        };
        self.cut_for_a_while(cut);
    }

    fn slow_a_line(&mut self, _node: NodeId) {
        let (a, b) = self.pairs[self.random.index(self.pairs.len())];
        let delays = [
            self.random.between(0, MAX_DELAY_MS),
            self.random.between(0, MAX_DELAY_MS),
        ];
        let directions = [(a, b), (b, a)];
        self.tell(|| {
            let (a, b) = (self.name(a), self.name(b));
            format!(
                "from {a} to {b} everything takes {} ms more, and {} back",
                delays[0], delays[1]
            )
        });
        self.happens(Kind::Delays);
        self.slow.extend(directions.into_iter().zip(delays));
        let pause = self.random.between(2_000, 15_000);
        self.plan(pause, Happening::Fault(Fault::Hasten(directions.to_vec())));
    }

    fn cut_a_node(&mut self, node: NodeId) {
        self.tell(|| format!("{} is cut off", self.name(node)));
        self.cut_off(&[node]);
    }

    /// Some hubs and their scanners hear each other and nobody else.
    fn cut_an_island(&mut self, _node: NodeId) {
        let hubs: Vec<_> = self
            .hubs()
            .into_iter()
            .filter(|_| self.random.percent(40))
            .collect();
        self.cut_an_island_of(&hubs);
    }

    /// These hubs and their scanners hear each other and nobody else for a while.
    pub fn cut_an_island_of(&mut self, hubs: &[NodeId]) {
        let mut island = hubs.to_vec();
        island.extend(
            self.scanners()
                .into_iter()
                .filter(|scanner| self.hub_of(*scanner).is_some_and(|hub| hubs.contains(&hub))),
        );
        self.tell(|| format!("an island: {}", self.names(&island)));
        self.cut_off(&island);
    }

    fn cut_off(&mut self, island: &[NodeId]) {
        let cut = self.shores(island);
        self.cut_for_a_while(cut);
    }

    /// Cuts nodes off from all others, until [`World::mend`].
    pub fn isolate(&mut self, island: &[NodeId]) {
        let cut = self.shores(island);
        self.cut.extend(cut);
    }

    /// Mends every cut.
    pub fn mend(&mut self) {
        self.cut.clear();
    }

    fn shores(&self, island: &[NodeId]) -> Vec<(NodeId, NodeId)> {
        let others = (0..self.nodes.len()).filter(|other| !island.contains(other));
        let lines = others.flat_map(|other| {
            island
                .iter()
                .flat_map(move |node| [(*node, other), (other, *node)])
        });
        lines.collect()
    }

    fn cut_for_a_while(&mut self, directions: Vec<(NodeId, NodeId)>) {
        self.happens(Kind::Cuts);
        self.cut.extend(directions.iter().copied());
        let pause = self.random.between(500, 15_000);
        self.plan(pause, Happening::Fault(Fault::Mend(directions)));
    }

    /// Half of the crashes come while something waits to become durable.
    fn crash_for_a_while(&mut self, node: NodeId) {
        let busy = (0..self.nodes.len()).find(|other| self.nodes[*other].commit_planned);
        let node = busy.filter(|_| self.random.percent(50)).unwrap_or(node);
        if self.nodes[node].up {
            self.tell(|| format!("{} crashes", self.name(node)));
            self.stop(node);
            self.happens(Kind::Crashes);
            let pause = self.random.between(300, 6_000);
            self.plan(pause, Happening::Fault(Fault::Restart(node)));
        }
    }

    /// Draws how far a clock is off: mostly minutes, now and then as far as a wrong date.
    pub fn draw_skew(&mut self) -> i64 {
        let skew = self.random.between(0, 2 * MAX_SKEW_MS);
        let minutes = i64::try_from(skew).expect("minutes") - i64::try_from(MAX_SKEW_MS).expect("minutes");
        let far = FAR_OFF_MS.get(self.random.index(8)).copied();
        far.unwrap_or(minutes)
    }

    fn set_a_clock(&mut self, node: NodeId) {
        let skew_ms = self.draw_skew();
        self.tell(|| format!("{}'s clock is {skew_ms} ms off from now on", self.name(node)));
        self.nodes[node].skew_ms = skew_ms;
        self.happens(Kind::Clocks);
    }

    fn roam(&mut self, _node: NodeId) {
        let usable = self.usable_hubs();
        let scanners = self.scanners();
        let scanner = scanners[self.random.index(scanners.len())];
        let hub = usable[self.random.index(usable.len())];
        if self.hub_of(scanner) != Some(hub) {
            self.happens(Kind::Roaming);
        }
        self.move_scanner(scanner, hub);
    }

    /// Somebody copies a hub's disk; later the hub is put back to that copy. Once in a run.
    fn copy_a_disk(&mut self, _node: NodeId) {
        let usable = self.usable_hubs();
        let hub = usable[self.random.index(usable.len())];
        let pause = self.random.between(500, 8_000);
        if self.restored.is_none() && !self.is_tainted_key(hub) {
            self.restored = Some(hub);
            self.tell(|| format!("somebody copies the disk of {}", self.name(hub)));
            let copy = Box::new(self.nodes[hub].disk.clone());
            self.plan(pause, Happening::Fault(Fault::PutBack(hub, copy)));
        }
    }

    /// A hub loses its disk and starts again from an older copy of it.
    pub fn put_back(&mut self, hub: NodeId, copy: Disk) {
        self.tell(|| format!("{} loses its disk; an old copy is put in", self.name(hub)));
        let key = self.nodes[hub].key.public();
        self.observer
            .perish(&self.nodes[hub].disk, key, copy.held_of(&key).tail.seq);
        self.observer.knows_only(hub, &copy);
        self.restored = Some(hub);
        self.happens(Kind::OldCopy);
        self.stop(hub);
        self.nodes[hub].disk = copy;
        let pause = self.random.between(300, 3_000);
        self.plan(pause, Happening::Fault(Fault::Restart(hub)));
    }

    /// A hub burns. Once in a run, never the one whose disk was copied: together they would destroy the proof of a fork.
    fn destroy_a_hub(&mut self, _node: NodeId) {
        let usable = self.usable_hubs();
        let hub = usable[self.random.index(usable.len())];
        let first = !self.nodes.iter().any(|node| node.gone);
        if first && self.can_spare(hub) && self.restored != Some(hub) {
            self.destroy(hub);
        }
    }

    /// Destroys a hub; a little later a person says so.
    fn destroy(&mut self, hub: NodeId) {
        self.burn(hub);
        self.happens(Kind::HubLoss);
        let pause = self.random.between(500, 5_000);
        self.plan(pause, Happening::Fault(Fault::Mourn(hub)));
    }

    /// A hub is no more.
    pub fn burn(&mut self, hub: NodeId) {
        self.tell(|| format!("{} is destroyed", self.name(hub)));
        self.stop(hub);
        self.nodes[hub].gone = true;
    }

    fn mourn(&mut self, hub: NodeId) {
        if self.observer.retired.contains(&hub) {
            return self.leave_hub(hub);
        }
        if self.runs(CLOUD) {
            self.retire(hub);
        } else {
            self.plan(500, Happening::Fault(Fault::Mourn(hub)));
        }
    }

    /// Starts a node again that has crashed.
    pub fn restart(&mut self, node: NodeId) {
        if !self.nodes[node].up && !self.nodes[node].gone {
            self.tell(|| format!("{} starts again", self.name(node)));
            let now = self.now;
            self.nodes[node].restart(now, self.shape.sabotage);
            if node == CLOUD {
                self.follow_bundle();
            }
            self.write_due_records(node);
        }
    }

    /// Ends the storm: everything that is left runs, everyone hears everyone, nobody new comes.
    pub fn heal(&mut self) {
        self.tell(|| "everything is mended".to_owned());
        self.stormy = false;
        self.people.coming = false;
        self.cut.clear();
        self.slow.clear();
        self.all_go_on();
        for node in 0..self.nodes.len() {
            // Whoever reads in red that a clock is hours off sets it right.
            let skew = &mut self.nodes[node].skew_ms;
            *skew = if skew.unsigned_abs() > MAX_SKEW_MS {
                0
            } else {
                *skew
            };
            self.restart(node);
        }
        self.open_all_tiers();
        let mut lost = self.hubs();
        lost.retain(|hub| self.is_outcast(*hub));
        for hub in lost {
            self.mourn(hub);
        }
        // Whoever reads that a hub's certificate is refused goes to another one.
        for hub in self.hubs() {
            if self.is_spent(hub) {
                self.leave_hub(hub);
            }
        }
        let joining = self.usable_hubs().into_iter();
        for hub in joining
            .filter(|hub| !self.observer.retired.contains(hub))
            .collect::<Vec<_>>()
        {
            self.write_roster(Some(hub));
        }
    }

    fn names(&self, nodes: &[NodeId]) -> String {
        let names: Vec<_> = nodes.iter().map(|node| self.name(*node)).collect();
        names.join(", ")
    }
}
