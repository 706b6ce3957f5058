//! The world: nodes, virtual time and the queue of happenings, run step by step from one seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use usher_keys::{Role, SecretKey};
use usher_protocol::record::Body;
use usher_protocol::sync::Message;

use super::Shape;
use super::chaos::Fault;
use super::node::{Node, NodeConfig, NodeId};
use super::observer::Observer;
use super::people::People;
use super::random::Random;
use super::scans::Errand;
use super::setting::{BEGIN_MS, Setting};

/// The cloud's index.
pub const CLOUD: NodeId = 0;
/// Largest clock error of a device, in milliseconds.
const MAX_SKEW_MS: u64 = 10 * 60 * 1000;
/// How long the healed world may take to agree, in milliseconds of virtual time.
const HEAL_MS: u64 = 90_000;

/// Something that is going to happen.
pub enum Happening {
    /// A session message arrives.
    Deliver {
        /// From where.
        from: NodeId,
        /// To where.
        to: NodeId,
        /// On which connection.
        epoch: u64,
        /// What.
        message: Message,
    },
    /// A session asked to be woken.
    Tick {
        /// Whose.
        node: NodeId,
        /// With whom.
        peer: NodeId,
        /// On which connection.
        epoch: u64,
    },
    /// A batch becomes durable.
    Commit {
        /// Whose.
        node: NodeId,
        /// In which life.
        life: u64,
    },
    /// A pair of nodes looks after its connection.
    Connect(NodeId, NodeId),
    /// A scan goes on its way.
    Errand(Box<Errand>),
    /// Somebody comes to a gate.
    Person,
    /// The organizer does something.
    Organizer,
    /// Something breaks, or is mended.
    Fault(Fault),
}

struct Planned {
    at: u64,
    order: u64,
    what: Happening,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The simulated world.
pub struct World {
    /// Its shape.
    pub shape: Shape,
    /// Its chance.
    pub random: Random,
    /// The event.
    pub setting: Setting,
    /// The machines.
    pub nodes: Vec<Node>,
    /// Pairs that keep a connection.
    pub pairs: Vec<(NodeId, NodeId)>,
    /// Connection numbers of pairs.
    pub epochs: BTreeMap<(NodeId, NodeId), u64>,
    /// Directions nothing gets through.
    pub cut: BTreeSet<(NodeId, NodeId)>,
    /// Who comes to the gates.
    pub people: People,
    /// Who checks the promises.
    pub observer: Observer,
    /// Virtual time, in milliseconds since the Unix epoch.
    pub now: u64,
    /// Steps taken.
    pub step: u64,
    /// Whether faults may still happen.
    pub stormy: bool,
    /// Hubs in the newest roster and its epoch.
    pub roster: (u32, Vec<NodeId>),
    /// The newest bundle version.
    pub bundle_version: u64,
    queue: BinaryHeap<Reverse<Planned>>,
    planned: u64,
}

/// What a run showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Steps taken.
    pub steps: u64,
    /// Scans that let people in, as shown to staff.
    pub admitted: u64,
    /// Scans that were refused, as shown to staff.
    pub refused: u64,
    /// Doubles reported after healing.
    pub incidents: u64,
}

/// Runs one seed to its end; panics with seed and step when a promise is broken.
pub fn run(seed: u64, shape: Shape) -> Outcome {
    let mut world = World::new(seed, shape);
    world.play(shape.chaos_ms);
    world.heal();
    world.play(HEAL_MS);
    world.check_agreement();
    world.observer.outcome(world.step)
}

impl World {
    /// Builds the world of a seed.
    pub fn new(seed: u64, shape: Shape) -> Self {
        let mut random = Random::new(seed);
        let setting = Setting::new(&mut random);
        let mut world = Self {
            shape,
            observer: Observer::new(seed),
            people: People::new(shape.units),
            nodes: Vec::new(),
            pairs: Vec::new(),
            epochs: BTreeMap::new(),
            cut: BTreeSet::new(),
            now: BEGIN_MS,
            step: 0,
            stormy: shape.faults,
            roster: (0, Vec::new()),
            bundle_version: 1,
            queue: BinaryHeap::new(),
            planned: 0,
            random,
            setting,
        };
        world.add_nodes();
        world.open_event();
        world.plan_beginnings();
        world
    }

    fn add_nodes(&mut self) {
        let (hubs, scanners) = (self.shape.hubs, self.shape.scanners);
        self.add_node(Role::Cloud, "Cloud".to_owned());
        for hub in 1..=hubs {
            self.add_node(Role::Hub, format!("Hub {hub}"));
            self.pairs.push((CLOUD, hub));
            self.pairs.extend((1..hub).map(|other| (other, hub)));
        }
        for scanner in 0..scanners {
            let id = self.add_node(Role::Scanner, format!("Scanner {scanner}"));
            self.pairs.push((1 + scanner % hubs, id));
        }
    }

    fn add_node(&mut self, role: Role, name: String) -> NodeId {
        let link_key = SecretKey::from_seed(&self.random.seed());
        let identity = self.setting.certify(&link_key, role, name);
        let skewed = self.shape.faults && role != Role::Cloud;
        let skew = if skewed {
            self.random.between(0, 2 * MAX_SKEW_MS)
        } else {
            MAX_SKEW_MS
        };
        let skew_ms = i64::try_from(skew).expect("minutes") - i64::try_from(MAX_SKEW_MS).expect("minutes");
        let key = if role == Role::Cloud {
            self.setting.authority.clone()
        } else {
            link_key
        };
        let (roots, bundle) = (self.setting.roots(), self.setting.bundle(1));
        self.nodes.push(Node::new(NodeConfig {
            key,
            role,
            identity,
            roots,
            bundle,
            skew_ms,
        }));
        self.nodes.len() - 1
    }

    /// The authority publishes the policy, the devices and the first roster; sometimes the last hub joins only later.
    fn open_event(&mut self) {
        let now = self.nodes[CLOUD].clock(self.now);
        let policy = self.setting.policy(self.shape.scanners);
        self.nodes[CLOUD].write(Body::Policy { version: 1, policy }, now);
        for id in 1..self.nodes.len() {
            let identity = self.nodes[id].identity.clone();
            self.nodes[CLOUD].write(Body::DeviceEnrolled { identity }, now);
        }
        let late = self.shape.faults && self.shape.hubs > 1 && self.random.percent(50);
        let hubs = (1..=self.shape.hubs - usize::from(late)).collect();
        self.publish_roster(hubs);
        self.plan_commit(CLOUD);
    }

    /// The authority publishes a roster.
    pub fn publish_roster(&mut self, hubs: Vec<NodeId>) {
        let now = self.nodes[CLOUD].clock(self.now);
        let epoch = self.roster.0 + 1;
        let keys = hubs.iter().map(|hub| self.nodes[*hub].key.public()).collect();
        self.nodes[CLOUD].write(Body::Roster { epoch, hubs: keys }, now);
        self.roster = (epoch, hubs);
    }

    fn plan_beginnings(&mut self) {
        for id in 1..self.nodes.len() {
            self.keep_house(id);
        }
        for (a, b) in self.pairs.clone() {
            self.plan(1, Happening::Connect(a, b));
        }
        self.plan(2_000, Happening::Person);
        self.plan(5_000, Happening::Organizer);
        if self.stormy {
            self.plan(3_000, Happening::Fault(Fault::Next));
        }
    }

    /// Plans a happening after so many milliseconds.
    pub fn plan(&mut self, delay_ms: u64, what: Happening) {
        self.planned += 1;
        self.queue.push(Reverse(Planned {
            at: self.now + delay_ms,
            order: self.planned,
            what,
        }));
    }

    /// Plays the world forward and checks the promises after each step.
    pub fn play(&mut self, for_ms: u64) {
        let end = self.now + for_ms;
        while self.queue.peek().is_some_and(|Reverse(next)| next.at <= end) {
            let Some(Reverse(next)) = self.queue.pop() else {
                break;
            };
            self.now = next.at;
            self.step += 1;
            self.happen(next.what);
            self.check_step();
        }
        self.now = end;
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Deliver {
                from,
                to,
                epoch,
                message,
            } => self.deliver(from, to, epoch, message),
            Happening::Tick { node, peer, epoch } => self.tick(node, peer, epoch),
            Happening::Commit { node, life } => self.commit(node, life),
            Happening::Connect(a, b) => self.look_after(a, b),
            Happening::Errand(errand) => self.run_errand(*errand),
            Happening::Person => self.somebody_comes(),
            Happening::Organizer => self.organize(),
            Happening::Fault(fault) => self.fault(fault),
        }
    }

    /// Plans a commit of a node's batch, unless one is planned.
    pub fn plan_commit(&mut self, node: NodeId) {
        if std::mem::replace(&mut self.nodes[node].commit_planned, true) {
            return;
        }
        let delay = self.random.between(1, 8);
        let life = self.nodes[node].life;
        self.plan(delay, Happening::Commit { node, life });
    }

    /// Lets a device write what its state demands of its own log.
    pub fn keep_house(&mut self, id: NodeId) {
        let now = self.nodes[id].clock(self.now);
        let entries = self.nodes[id].ledger.keep_house(now);
        if !entries.is_empty() {
            self.nodes[id].batch.entries.extend(entries);
            self.plan_commit(id);
        }
    }

    /// Prints a step where that was asked for.
    pub fn say(&self, words: impl FnOnce() -> String) {
        if self.shape.trace {
            #[expect(clippy::print_stderr, reason = "the trace of a replayed seed is for people")]
            {
                eprintln!(
                    "[step {:>6} +{:>6} ms] {}",
                    self.step,
                    self.now - BEGIN_MS,
                    words()
                );
            }
        }
    }
}
