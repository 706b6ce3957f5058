//! The world: nodes, virtual time and the queue of happenings, run step by step from one seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::panic::{self, AssertUnwindSafe};

use usher_keys::{Role, SecretKey};
use usher_protocol::Origin;
use usher_protocol::record::Body;
use usher_protocol::sync::Message;

use super::calendar::Calendar;
use super::chaos::Fault;
use super::counts::Counting;
use super::liar::Liar;
use super::newcomers::MAX_NEWCOMERS;
use super::node::{Node, NodeConfig, NodeId};
use super::observer::Observer;
use super::outcome::{Happened, Outcome};
use super::people::People;
use super::random::Random;
use super::sabotage::Sabotage;
use super::scans::Errand;
use super::sellers::{self, Sellers};
use super::setting::{Powers, Setting};
use super::shape::{Kind, Shape, Tape};
use super::stalls::{Stall, Stalls};
use super::wire::ALTERED_PER_MILLE;

/// The cloud's index.
pub const CLOUD: NodeId = 0;
/// How many of a hundred commits take long, so that crashes come in between.
const SLOW_DISK_PERCENT: u64 = 4;
/// How long the healed world may take to agree, in milliseconds of virtual time.
const HEAL_MS: u64 = 120_000;
/// After how long of healing whoever gets nothing where it is goes elsewhere, in milliseconds of virtual time.
const STUCK_AFTER_MS: u64 = 10 * HEAL_SLICE_MS;
/// How often the healed world is asked whether it agrees, in milliseconds of virtual time.
const HEAL_SLICE_MS: u64 = 4_000;

/// Something that is going to happen.
pub enum Happening {
    /// A session message arrives.
    Deliver {
        from: NodeId,
        to: NodeId,
        /// On which connection.
        epoch: u64,
        message: Message,
    },
    /// A session asked to be woken.
    Tick {
        node: NodeId,
        /// With whom.
        peer: NodeId,
        /// On which connection.
        epoch: u64,
    },
    /// A batch becomes durable.
    Commit {
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
    /// That liar speaks up.
    Lie(usize),
    /// A supervisor may want to count the people in a zone.
    Supervisor,
    /// A supervisor who counts looks whether all hubs are linked, or hangs up.
    Count(Box<Counting>),
    /// Whoever stood still after a capacity was changed goes on.
    Settled,
    /// A machine stands still, or goes on.
    Stall(Stall),
    /// Somebody sets a machine's clock right.
    SetRight(NodeId),
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
    pub shape: Shape,
    /// Its chance: while an act of chance takes place, that act's own.
    pub random: Random,
    /// When the next acts of chance take place, whatever the others do.
    pub rhythm: Random,
    pub setting: Setting,
    pub nodes: Vec<Node>,
    /// Pairs that keep a connection.
    pub pairs: Vec<(NodeId, NodeId)>,
    /// Connection numbers of pairs.
    pub epochs: BTreeMap<(NodeId, NodeId), u64>,
    /// Directions nothing gets through.
    pub cut: BTreeSet<(NodeId, NodeId)>,
    /// Directions in which everything takes so many milliseconds longer.
    pub slow: BTreeMap<(NodeId, NodeId), u64>,
    /// Who comes to the gates.
    pub people: People,
    /// What another seller has sold.
    pub sellers: Sellers,
    /// Which machines stand still.
    pub stalls: Stalls,
    /// Who checks the promises.
    pub observer: Observer,
    /// Virtual time, in milliseconds since the Unix epoch.
    pub now: u64,
    /// Steps taken.
    pub step: u64,
    /// Whether faults may still happen.
    pub stormy: bool,
    /// How many of a thousand messages are altered on the way, where they are.
    pub altered_per_mille: u64,
    /// Connections on which a message was altered.
    pub altered: BTreeSet<(NodeId, NodeId, u64)>,
    /// The hub whose disk is copied in this run, to be put back to that copy.
    pub restored: Option<NodeId>,
    /// Devices in the wrong hands.
    pub liars: Vec<Liar>,
    /// Machines that have a copy of another's key and disk, and whose.
    pub clones: BTreeMap<NodeId, NodeId>,
    /// How many devices have joined in the middle.
    pub newcomers: usize,
    /// How often a device began at a checkpoint.
    pub begun_at_checkpoint: u64,
    /// Devices that nobody has ever seen, enrolled by a lying hub.
    pub strangers: BTreeSet<Origin>,
    /// The newest bundle version.
    pub bundle_version: u64,
    /// How often each kind of fault happened.
    pub happened: Happened,
    /// Acts of chance so far.
    pub acts: u64,
    seed: u64,
    queue: BinaryHeap<Reverse<Planned>>,
    planned: u64,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// What the observer complained about.
    pub complaint: String,
    /// Virtual time since the beginning, in milliseconds.
    pub after_ms: u64,
    /// Acts of chance until then.
    pub acts: u64,
}

/// Runs one seed to its end; panics with seed and step when a promise is broken.
pub fn run(seed: u64, shape: &Shape) -> Outcome {
    let mut world = World::new(seed, shape);
    world.play_out();
    world.outcome()
}

/// Runs one seed to its end or to the first broken promise.
///
/// # Errors
///
/// [`Broken`].
pub fn attempt(seed: u64, shape: &Shape) -> Result<Outcome, Broken> {
    let mut world = World::new(seed, shape);
    let played = panic::catch_unwind(AssertUnwindSafe(|| world.play_out()));
    played.map(|()| world.outcome()).map_err(|payload| {
        let words = payload.downcast_ref::<String>().cloned();
        Broken {
            complaint: words.unwrap_or_else(|| "something panicked without a word".to_owned()),
            after_ms: world.now - world.setting.calendar.begins_ms,
            acts: world.acts,
        }
    })
}

impl World {
    /// Builds the world of a seed.
    pub fn new(seed: u64, shape: &Shape) -> Self {
        let mut random = Random::new(seed);
        let mut setting = Setting::new(&mut random);
        if shape.has(Kind::StruckKeys) {
            setting.draw_steps(&mut Random::new(seed ^ 0x7374_6570));
        }
        if shape.has(Kind::Nesting) && shape.scanners > 1 {
            setting.draw_zones(&mut Random::new(seed ^ 0x7a6f_6e65));
        }
        if shape.has(Kind::Days) {
            setting.calendar = Calendar::draw(&mut Random::new(seed ^ 0x6461_7973));
        }
        let mut world = Self {
            shape: shape.clone(),
            seed,
            observer: Observer::new(seed),
            people: People::new(shape.crowd),
            sellers: sellers::draw(seed, |kind| shape.has(kind)),
            stalls: Stalls::draw(seed, shape),
            nodes: Vec::new(),
            pairs: Vec::new(),
            epochs: BTreeMap::new(),
            cut: BTreeSet::new(),
            slow: BTreeMap::new(),
            now: setting.calendar.begins_ms,
            step: 0,
            stormy: !shape.faults.is_empty(),
            altered_per_mille: ALTERED_PER_MILLE,
            altered: BTreeSet::new(),
            restored: None,
            acts: 0,
            rhythm: Random::new(seed.rotate_left(32)),
            liars: Vec::new(),
            clones: BTreeMap::new(),
            strangers: BTreeSet::new(),
            newcomers: 0,
            begun_at_checkpoint: 0,
            happened: Happened::default(),
            bundle_version: 1,
            queue: BinaryHeap::new(),
            planned: 0,
            random,
            setting,
        };
        world.add_nodes();
        world.lay_cables();
        world.open_event();
        world.draw_late_clocks(seed);
        world.plan_beginnings();
        world.draw_liar(seed);
        world.note_what_was_drawn();
        world
    }

    fn add_nodes(&mut self) {
        let (hubs, scanners) = (self.shape.hubs, self.shape.scanners);
        self.add_node((Role::Cloud, "Cloud".to_owned()), Powers::default());
        for hub in 1..=hubs {
            let powers = self.draw_powers(None);
            self.add_node((Role::Hub, format!("Hub {hub}")), powers);
        }
        for scanner in 1..=scanners {
            let powers = self.draw_powers(Some(scanner - 1));
            self.add_node((Role::Scanner, format!("Scanner {scanner}")), powers);
        }
        for authority in [&self.setting.next_authority, &self.setting.last_authority] {
            self.observer.owns(authority.public(), CLOUD);
        }
    }

    /// Draws what a device may do; a scanner serves its own gate in any case.
    pub fn draw_powers(&mut self, own_gate: Option<usize>) -> Powers {
        // Drawn in any case: taking a kind of fault away changes nothing else.
        // A scanner's supervisor needs a hub that may let people in against the rules, and its home too.
        let overrides_percent = if own_gate.is_some() { 30 } else { 70 };
        let (overrides, is_bound) = (self.random.percent(overrides_percent), self.random.percent(60));
        if !self.shape.has(Kind::Powers) {
            return Powers::default();
        }
        let own_gate = own_gate.filter(|_| is_bound);
        let gates = own_gate.map(|own| u16::try_from(own).expect("few gates"));
        Powers {
            gates: gates.into_iter().collect(),
            overrides,
        }
    }

    /// Makes a machine with a certificate and the trust bundle of the day.
    pub fn add_node(&mut self, (role, name): (Role, String), powers: Powers) -> NodeId {
        let link_key = SecretKey::from_seed(&self.random.seed());
        let version = self.bundle_version;
        let issuing = self.setting.issuing_at(version);
        let identity = self.setting.certify((&link_key, issuing), (role, name), powers);
        let skewed = self.shape.has(Kind::Clocks) && role != Role::Cloud;
        let drawn = self.draw_skew();
        let skew_ms = if skewed {
            self.setting.calendar.skew_ms(drawn)
        } else {
            0
        };
        let key = if role == Role::Cloud {
            self.setting.authority.clone()
        } else {
            link_key
        };
        let (roots, bundle) = (self.setting.roots(), self.setting.bundle(version));
        let node = self.nodes.len();
        self.observer.owns(key.public(), node);
        self.nodes.push(Node::new(NodeConfig {
            key,
            role,
            identity,
            roots,
            bundle,
            skew_ms,
            compares_no_clocks: self.breaks(Sabotage::ClocksAreNotCompared),
            most_bytes: self.most_bytes(),
        }));
        node
    }

    /// The authority publishes the policy, the devices and the first roster; sometimes the last hub joins only later.
    fn open_event(&mut self) {
        let now = self.nodes[CLOUD].clock(self.now);
        let mut policy = self.setting.policy(self.shape.scanners + MAX_NEWCOMERS);
        self.set_calendar(&mut policy);
        self.draw_capacities(&mut policy);
        self.draw_slots(&mut policy, self.seed);
        self.nodes[CLOUD].write(Body::Policy { version: 1, policy }, now);
        for id in 1..self.nodes.len() {
            let identity = self.nodes[id].identity.clone();
            self.nodes[CLOUD].write(Body::DeviceEnrolled { identity }, now);
        }
        let late = self.random.percent(70) && self.shape.has(Kind::Rosters) && self.shape.hubs > 1;
        for hub in 1..=self.shape.hubs - usize::from(late) {
            self.write_roster(Some(hub));
        }
        self.list_first_codes();
        self.plan_commit(CLOUD);
    }

    fn plan_beginnings(&mut self) {
        for id in 1..self.nodes.len() {
            self.write_due_records(id);
        }
        for (a, b) in self.pairs.clone() {
            self.plan(1, Happening::Connect(a, b));
        }
        self.plan(2_000, Happening::Person);
        self.plan(5_000, Happening::Organizer);
        self.plan(4_000, Happening::Supervisor);
        if self.stormy {
            self.plan(3_000, Happening::Fault(Fault::Next));
            self.plan(3_000, Happening::Stall(Stall::Next));
        }
    }

    /// Lets an act of chance take place, unless it was dropped. Its chance is its own, so that dropping another changes nothing in it.
    pub fn act(&mut self, what: impl FnOnce(&mut Self)) {
        self.acts += 1;
        if self.shape.dropped.contains(&self.acts) {
            return;
        }
        let own = Random::new(self.seed ^ self.acts.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let outer = std::mem::replace(&mut self.random, own);
        what(self);
        self.random = outer;
    }

    /// Plays the storm, heals, and demands agreement.
    fn play_out(&mut self) {
        self.play(self.shape.chaos_ms / 2);
        self.pause();
        self.play(self.shape.chaos_ms / 2);
        self.recover();
    }

    /// Heals and demands agreement.
    pub fn recover(&mut self) {
        self.heal();
        let mut waited = 0;
        while waited < HEAL_MS && !(waited > 0 && self.agrees()) {
            self.play(HEAL_SLICE_MS);
            waited += HEAL_SLICE_MS;
            if waited == STUCK_AFTER_MS {
                self.find_other_ways();
            }
        }
        self.check_agreement();
        self.check_mended();
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
        let Some(what) = self.unless_it_waits(what) else {
            return;
        };
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
            Happening::Lie(liar) => self.lie(liar),
            Happening::Supervisor => self.supervise(),
            Happening::Count(counting) => self.go_on_counting(*counting),
            Happening::Settled => self.settle_crowd(),
            Happening::Stall(stall) => self.stall(stall),
            Happening::SetRight(node) => self.set_right(node),
        }
    }

    /// Plans a commit of a node's batch, unless one is planned. A machine that has stopped writes nothing: it would believe a
    /// commit to be planned that never comes.
    pub fn plan_commit(&mut self, node: NodeId) {
        assert!(
            self.nodes[node].up,
            "{}: {} has stopped and writes",
            self.place(),
            self.name(node)
        );
        if std::mem::replace(&mut self.nodes[node].commit_planned, true) {
            return;
        }
        let slow = self.stormy && self.shape.has(Kind::Crashes) && self.random.percent(SLOW_DISK_PERCENT);
        let delay = if slow {
            self.random.between(20, 300)
        } else {
            self.random.between(1, 8)
        };
        let life = self.nodes[node].life;
        self.plan(delay, Happening::Commit { node, life });
    }

    /// Lets a hub share its places in the zones with the hubs it is linked with, and do what is due with the time.
    pub fn share_places(&mut self, id: NodeId) {
        let open = |peer: &&NodeId| self.nodes[id].sessions[*peer].session.peer().is_some();
        let peers = self.nodes[id].sessions.keys().filter(open);
        let hubs = peers.filter(|peer| self.nodes[**peer].role == Role::Hub);
        let linked = hubs.map(|peer| self.nodes[*peer].key.public()).collect();
        if self.nodes[id].role != Role::Hub {
            return;
        }
        let now = self.nodes[id].clock(self.now);
        let entries = self.nodes[id].ledger.share_places(&linked, now);
        if !entries.is_empty() {
            self.nodes[id].wrote(entries);
            self.plan_commit(id);
        }
        self.write_due_records(id);
    }

    /// Lets a device write what its state demands of its own log.
    pub fn write_due_records(&mut self, id: NodeId) {
        let now = self.nodes[id].clock(self.now);
        if self.breaks(Sabotage::RenewalsAreNotAsked) {
            self.take_any_renewal(id);
        }
        let mut entries = self.nodes[id].ledger.write_due_records(now);
        if let Some(identity) = self.nodes[id].ledger.identity().cloned() {
            self.nodes[id].identity = identity;
        }
        self.check_certificate(id);
        entries.extend(self.nodes[id].renew_scanners(now));
        if self.breaks(Sabotage::ExitsCloseOthers) {
            entries.extend(self.close_others(id));
        }
        if !entries.is_empty() {
            self.nodes[id].wrote(entries);
            self.plan_commit(id);
        }
    }

    /// Tells what people and machines do.
    pub fn tell(&self, words: impl FnOnce() -> String) {
        match &self.shape.tape {
            Tape::Off => {}
            Tape::Story(tape) | Tape::Everything(tape) => {
                let seconds = (self.now - self.setting.calendar.begins_ms) as f64 / 1000.0;
                // Whoever stopped listening does not want to hear it.
                let _ = tape.send(format!("{seconds:>8.3} s  {}", words()));
            }
        }
    }

    /// Tells a detail.
    pub fn say(&self, words: impl FnOnce() -> String) {
        if let Tape::Everything(_) = &self.shape.tape {
            self.tell(words);
        }
    }
}
