//! What the organizer does in the middle of everything: revokes tickets and devices, reissues, rotates keys, changes the roster.

use usher_protocol::ledger::ruling::restatement;
use usher_protocol::record::Body;
use usher_protocol::{Generation, Seq, Unit};

use super::node::NodeId;
use super::setting::{CLOSED, ROTATED};
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// Most devices revoked in a run: somebody must be left.
const MAX_REVOKED: usize = 3;

impl World {
    /// The organizer does one thing and plans the next.
    pub fn organize(&mut self) {
        if !self.people.coming {
            return;
        }
        let pause = self.rhythm.between(1_000, 4_000);
        self.plan(pause, Happening::Organizer);
        self.act(Self::organize_something);
    }

    fn organize_something(&mut self) {
        if !self.nodes[CLOUD].up {
            return;
        }
        let unit = u32::try_from(self.random.below(u64::from(self.shape.units))).expect("a unit");
        match self.random.below(12) {
            0..4 => self.revoke_ticket(unit),
            4..7 => self.reissue(unit),
            7..9 if self.shape.has(Kind::Rotation) => self.renew_bundle(),
            9 if self.shape.has(Kind::Revocation) => self.revoke_some_device(),
            10.. if self.shape.has(Kind::Rosters) => self.change_roster(),
            _ => {}
        }
    }

    fn publish(&mut self, body: Body) {
        let now = self.nodes[CLOUD].clock(self.now);
        self.nodes[CLOUD].write(body, now);
        self.plan_commit(CLOUD);
    }

    /// The newest ticket of a unit is revoked.
    pub fn revoke_ticket(&mut self, unit: u32) {
        let generation = Generation(self.people.newest(unit));
        self.tell(|| format!("the organizer revokes the ticket of unit {unit}"));
        self.publish(Body::Revoked {
            unit: Unit(unit),
            generation,
        });
    }

    fn reissue(&mut self, unit: u32) {
        let generation = self.people.reissue(unit);
        self.tell(|| format!("the organizer reissues the ticket of unit {unit}: generation {generation}"));
        self.publish(Body::Superseded {
            unit: Unit(unit),
            generation: Generation(generation),
        });
    }

    /// The roots sign the next trust bundle, if there is one; with new keys the cloud writes a new log from there on.
    pub fn renew_bundle(&mut self) {
        if self.bundle_version == CLOSED {
            return;
        }
        self.bundle_version += 1;
        let version = self.bundle_version;
        self.tell(|| format!("the organizer publishes trust bundle {version}"));
        let bundle = self.setting.bundle(version);
        let cloud = &mut self.nodes[CLOUD];
        let renewed = cloud.ledger.renew_trust(bundle.clone());
        renewed.expect("a newer bundle by the same root");
        cloud.batch.bundle = Some(bundle);
        let life = cloud.life;
        self.commit(CLOUD, life);
        if version == ROTATED {
            let cloud = &mut self.nodes[CLOUD];
            cloud.key = self.setting.next_authority.clone();
            cloud.load(self.now);
            let bundle = self.nodes[CLOUD].ledger.trust().bundle();
            let forks = self.nodes[CLOUD]
                .disk
                .forks_told(|origin| bundle.authority_key(origin).is_some());
            for body in restatement(self.nodes[CLOUD].ledger.state(), forks) {
                self.publish(body);
            }
        }
    }

    fn revoke_some_device(&mut self) {
        let revoked = self.nodes.iter().filter(|node| node.revoked).count();
        let device = 1 + self.random.index(self.nodes.len() - 1);
        let is_hub = self.hubs().contains(&device);
        let spared = is_hub && (self.usable_hubs().len() < 3 || self.restored == Some(device));
        if revoked < MAX_REVOKED && !spared && !self.is_outcast(device) {
            self.revoke_device(device);
        }
    }

    /// A device is revoked; a hub leaves the roster too, and its scanners go to other hubs.
    pub fn revoke_device(&mut self, device: NodeId) {
        let key = self.nodes[device].key.public();
        self.revoke_device_after(device, self.nodes[CLOUD].ledger.tail(&key).seq);
    }

    /// A device is revoked from that record on, or the organizer changes its mind about from which one.
    pub fn revoke_device_after(&mut self, device: NodeId, after: Seq) {
        self.tell(|| format!("the organizer revokes {} after record {after}", self.name(device)));
        let is_first = !std::mem::replace(&mut self.nodes[device].revoked, true);
        let key = self.nodes[device].key.public();
        self.publish(Body::DeviceRevoked { device: key, after });
        if is_first && self.hubs().contains(&device) {
            self.publish_roster(self.usable_hubs());
            self.leave_hub(device);
        }
    }

    /// A person vouches that a hub will never admit again.
    pub fn retire(&mut self, hub: NodeId) {
        self.tell(|| format!("a person vouches that {} is gone", self.name(hub)));
        self.observer.retired.insert(hub);
        self.publish(Body::HubRetired {
            hub: self.nodes[hub].key.public(),
        });
        self.publish_roster(self.usable_hubs());
        self.leave_hub(hub);
    }

    /// Every hub joins; or one is taken out of the roster while it is still running.
    fn change_roster(&mut self) {
        let mut hubs = self.usable_hubs();
        if self.roster.1 == hubs && hubs.len() > 1 {
            let out = self.random.index(hubs.len());
            hubs.remove(out);
        }
        self.publish_roster(hubs);
    }
}
