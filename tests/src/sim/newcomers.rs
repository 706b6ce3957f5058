//! Devices that join in the middle, and the checkpoints that they begin at.

use usher_keys::{Role, Timestamp};
use usher_protocol::Origin;
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::log::Tail;
use usher_protocol::record::Body;
use usher_protocol::sync::Input;
use usher_protocol::sync::session::CHECKPOINT_LAG;

use super::node::{NodeId, Then};
use super::sabotage::Sabotage;
use super::shape::Kind;
use super::world::{CLOUD, World};

/// Most devices that join in a run.
pub const MAX_NEWCOMERS: usize = 3;
/// How many of a hundred hubs that enrol a scanner are revoked before the authority has heard of it.
const ORPHANED_PERCENT: u64 = 15;
const HOUR_MS: u64 = 60 * 60 * 1000;
/// From how many missing records on newcomers are sent a checkpoint: few runs get as far as the product's number.
const EARLY_LAG: u64 = 12;

impl World {
    /// Returns from how many missing records on a fresh peer is sent a checkpoint.
    pub fn checkpoint_lag(&self) -> u64 {
        if self.shape.has(Kind::Newcomers) {
            EARLY_LAG
        } else {
            CHECKPOINT_LAG
        }
    }

    /// Returns a node's checkpoint: the cloud sums its state up, all others have the one that they began at.
    pub fn checkpoint(&self, node: NodeId) -> Option<SignedCheckpoint> {
        let machine = &self.nodes[node];
        if node != CLOUD {
            let forged = self.forge_checkpoint(node);
            return forged.or_else(|| machine.disk.checkpoint.clone());
        }
        let (ledger, batch) = (&machine.ledger, &machine.batch);
        let is_durable = batch.entries.is_empty() && batch.bundle.is_none();
        let is_early = !is_durable && !self.breaks(Sabotage::CheckpointsRunAhead);
        if is_early || ledger.must_be_rebuilt() {
            return None;
        }
        let now = machine.clock(self.now);
        self.check_durable(node);
        let checkpoint = Checkpoint::of(ledger.state(), ledger.trust(), ledger.heads(), now);
        Some(checkpoint.sign(&machine.key))
    }

    /// Checks that what is summed up for others is what a crash would leave.
    fn check_durable(&self, node: NodeId) {
        let machine = &self.nodes[node];
        let mut restarted = machine.cloned();
        restarted.load(self.now);
        assert!(
            restarted.ledger.state().digest() == machine.ledger.state().digest(),
            "{}: {} sums up what is not durable yet",
            self.place(),
            self.name(node)
        );
    }

    /// A node begins at a checkpoint, if it is of use; the session is told once it is durable.
    pub fn begin_at(
        &mut self,
        node: NodeId,
        (peer, epoch): (NodeId, u64),
        signed: SignedCheckpoint,
    ) -> Option<Input> {
        let is_stored_one = self.breaks(Sabotage::SupersededCheckpointsAreBelieved);
        let ledger = &mut self.nodes[node].ledger;
        let adopted = if is_stored_one {
            ledger.adopt_again(&signed)
        } else {
            ledger.adopt(&signed)
        };
        let Ok(checkpoint) = adopted else {
            return Some(Input::StoredCheckpoint);
        };
        self.check_speaker(node, &signed, &checkpoint);
        let machine = &mut self.nodes[node];
        machine.changed = true;
        machine.batch.checkpoint = Some((signed, checkpoint));
        machine.batch.then.push(Then::Began { peer, epoch });
        self.tell(|| format!("{} begins at a checkpoint", self.name(node)));
        self.begun_at_checkpoint += 1;
        self.plan_commit(node);
        None
    }

    /// Checks that a checkpoint is not by an authority that was taken over from before what it sums up was said.
    fn check_speaker(&self, node: NodeId, signed: &SignedCheckpoint, checkpoint: &Checkpoint) {
        let setting = &self.setting;
        let later = [setting.next_authority.public(), setting.last_authority.public()];
        let is_former = signed.authority == setting.authority.public();
        let sums_up_later = checkpoint.covered.iter().any(|head| later.contains(&head.origin));
        assert!(
            !(is_former && sums_up_later),
            "{}: {} begins at a checkpoint by an authority that was taken over from",
            self.place(),
            self.name(node)
        );
    }

    /// A device joins: the authority enrols it, and a hub takes its place in the roster.
    pub fn join(&mut self) {
        if self.newcomers == MAX_NEWCOMERS || !self.runs(CLOUD) {
            return;
        }
        self.newcomers += 1;
        self.happens(Kind::Newcomers);
        // Few newcomers come upon a liar, after another authority has taken over, in time.
        let is_led_astray = self.breaks(Sabotage::SupersededCheckpointsAreBelieved);
        while is_led_astray && self.bundle_version < self.setting.last_bundle() {
            self.renew_bundle();
        }
        let (role, name) = if self.random.percent(50) && !is_led_astray {
            (Role::Hub, format!("Hub {}", self.hubs().len() + 1))
        } else {
            (Role::Scanner, format!("Scanner {}", self.scanners().len() + 1))
        };
        self.tell(|| format!("{name} joins"));
        let powers = self.draw_powers((role == Role::Scanner).then(|| self.scanners().len()));
        let node = self.add_node((role, name), powers);
        if role == Role::Hub || self.random.percent(40) {
            let identity = self.nodes[node].identity.clone();
            self.publish(Body::DeviceEnrolled { identity });
        }
        let usable = self.usable_hubs();
        let others: Vec<_> = usable.into_iter().filter(|hub| *hub != node).collect();
        if role == Role::Hub {
            self.cut_off_a_home(Some(node));
            self.write_roster(Some(node));
            for other in others.into_iter().chain([CLOUD]) {
                self.connect(other, node);
            }
        } else {
            let drawn = others[self.random.index(others.len())];
            let astray = others.iter().find(|hub| is_led_astray && self.is_liar(**hub));
            let hub = *astray.unwrap_or(&drawn);
            let register = self.nodes[CLOUD].ledger.state().register();
            let by_hub = !register.enrolled.contains_key(&self.nodes[node].key.public());
            if by_hub {
                self.enrol_at(hub, node);
            }
            self.connect(hub, node);
            if by_hub && self.shape.has(Kind::Revocation) && self.random.percent(ORPHANED_PERCENT) {
                self.may_revoke(hub);
            }
        }
        self.write_due_records(node);
    }

    /// A hub enrols a scanner, with no more powers than its own and for half a day, so that it is to renew that at once.
    fn enrol_at(&mut self, hub: NodeId, scanner: NodeId) {
        self.tell(|| format!("{} enrols {}", self.name(hub), self.name(scanner)));
        // Whoever sets up a scanner sees when its certificate is over before it begins by the hub's clock.
        let now = self.nodes[hub].clock(self.now).0.max(self.now);
        let until = Timestamp(now + 12 * HOUR_MS);
        let mut certificate = self.nodes[scanner].identity.unverified().clone();
        let own = self.nodes[hub].identity.unverified().capabilities;
        certificate.capabilities.override_refusals &= own.override_refusals;
        certificate.window.until = until;
        let identity = self.nodes[hub].enrolled(certificate);
        self.nodes[scanner].enrol(identity);
        let issuer = self.nodes[hub].key.public();
        self.observer.enrolled_by.insert(scanner, issuer);
    }

    /// Whoever cannot get the beginning of a log where it is goes to a replica that has it: the hubs it hears began at a
    /// checkpoint themselves, and either it has heard of other logs already, so that it can take none, or the key that
    /// signed theirs was struck out since.
    pub fn find_other_ways(&mut self) {
        let stuck: Vec<_> = self
            .members()
            .into_iter()
            .filter(|node| *node != CLOUD && !self.pairs.contains(&(CLOUD, *node)) && self.is_stuck(*node))
            .collect();
        for node in stuck {
            self.tell(|| {
                format!(
                    "{} goes to the cloud for what its hubs do not have",
                    self.name(node)
                )
            });
            self.connect(CLOUD, node);
        }
    }

    fn is_stuck(&self, node: NodeId) -> bool {
        let near = self
            .pairs
            .iter()
            .filter_map(|(a, b)| match (*a == node, *b == node) {
                (true, _) => Some(*b),
                (_, true) => Some(*a),
                (false, false) => None,
            });
        let near: Vec<_> = near.filter(|peer| !self.is_outcast(*peer)).collect();
        let lacks = |origin: &Origin, tail: &Tail| {
            let ours = self.nodes[node].ledger.tail(origin).seq;
            let can_send = |peer: &NodeId| {
                let disk = &self.nodes[*peer].disk;
                disk.base(origin).seq <= ours && disk.held_of(origin).tail.seq > ours
            };
            ours < tail.seq && !near.iter().any(can_send)
        };
        self.tails(CLOUD).iter().any(|(origin, tail)| lacks(origin, tail))
    }
}
