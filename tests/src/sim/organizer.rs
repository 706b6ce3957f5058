//! What the organizer does in the middle of everything: revokes tickets and devices, reissues, rotates keys, changes the roster.

use usher_keys::{DeviceIdentity, TrustedKey};
use usher_protocol::fork::Contradiction;
use usher_protocol::ledger::ruling::{
    RosterChange, devices_to_vouch_for, next_roster, restatement, retirement,
};
use usher_protocol::log::Tail;
use usher_protocol::record::Body;
use usher_protocol::{Generation, Origin, Seq, Unit};

use super::node::NodeId;
use super::people::FOR_GOOD;
use super::sabotage::{self, Sabotage};
use super::setting::{LONG_OVER, tier_of};
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
        if self.people.still_until != FOR_GOOD {
            self.act(Self::organize_something);
        }
    }

    fn organize_something(&mut self) {
        if !self.runs(CLOUD) {
            return;
        }
        if self.list_codes() {
            return;
        }
        let unit = u32::try_from(self.random.below(u64::from(self.shape.units))).expect("a unit");
        match self.random.below(22) {
            0..4 => self.revoke_ticket(unit),
            4..7 => self.reissue(unit),
            7..9 if self.shape.has(Kind::Rotation) => self.renew_bundle(),
            9 if self.shape.has(Kind::Revocation) => self.revoke_some_device(),
            10..12 if self.shape.has(Kind::Rosters) => self.change_roster(),
            15..19 if self.shape.has(Kind::Settling) => self.settle_a_fork(),
            19..22 if self.shape.has(Kind::Crowding) => self.change_capacity(),
            14 if self.shape.has(Kind::Policies) => self.change_policy(unit),
            12..14 if self.shape.has(Kind::Newcomers) => self.join(),
            _ => {}
        }
    }

    /// The authority writes a record.
    pub fn publish(&mut self, body: Body) {
        let now = self.nodes[CLOUD].clock(self.now);
        self.nodes[CLOUD].write(body, now);
        self.plan_commit(CLOUD);
    }

    /// The newest ticket of a unit is revoked.
    pub fn revoke_ticket(&mut self, unit: u32) {
        let generation = Generation(self.people.newest(unit));
        self.people.voided.insert((unit, generation.0));
        self.tell(|| format!("the organizer revokes the ticket of unit {unit}"));
        self.publish(Body::Revoked {
            unit: Unit(unit),
            generation,
        });
    }

    /// A person says which history of a forked device counts: one that somebody holds who is still of use.
    fn settle_a_fork(&mut self) {
        let cloud = &self.nodes[CLOUD].ledger;
        let is_open = |fork: &&Contradiction| {
            let is_authority = cloud.trust().bundle().authority_key(&fork.origin).is_some();
            cloud.state().is_frozen(&fork.origin) && !is_authority && !cloud.state().is_revoked(&fork.origin)
        };
        let forks: Vec<_> = cloud.state().forks().filter(is_open).copied().collect();
        let members = self.members();
        let histories: Vec<_> = forks
            .iter()
            .flat_map(|fork| {
                fork.hashes
                    .map(|hash| (fork.origin, Tail { seq: fork.seq, hash }))
            })
            .filter(|(origin, tail)| {
                members
                    .iter()
                    .any(|node| self.nodes[*node].disk.passes(origin, tail))
            })
            .collect();
        if histories.is_empty() {
            return;
        }
        let (origin, tail) = histories[self.random.index(histories.len())];
        self.tell(|| {
            let owner = self.observer.owner(&origin).map(|owner| self.name(owner));
            format!(
                "the organizer settles which record {} of {} counts",
                tail.seq,
                owner.unwrap_or_default()
            )
        });
        self.publish(Body::ForkSettled { origin, tail });
        self.happens(Kind::Settling);
    }

    /// A tier is closed, or opened again.
    fn change_policy(&mut self, unit: u32) {
        let Some((version, policy)) = self.nodes[CLOUD].ledger.state().policy() else {
            return;
        };
        let mut policy = policy.clone();
        let tier = &mut policy.tiers[tier_of(unit)];
        if tier.windows.is_empty() {
            tier.windows.push(LONG_OVER);
        } else {
            tier.windows.clear();
        }
        let (version, closed) = (version + 1, !tier.windows.is_empty());
        self.tell(|| {
            let does = if closed { "closes" } else { "opens" };
            format!("the organizer {does} the tier of unit {unit}")
        });
        self.happens(Kind::Policies);
        self.publish(Body::Policy { version, policy });
    }

    /// The organizer opens what is closed.
    pub fn open_all_tiers(&mut self) {
        let policy = self.nodes[CLOUD].ledger.state().policy();
        let (version, mut policy) = policy
            .map(|(version, policy)| (version, policy.clone()))
            .expect("it opened with one");
        if policy.tiers.iter().any(|tier| !tier.windows.is_empty()) {
            policy.tiers.iter_mut().for_each(|tier| tier.windows.clear());
            self.publish(Body::Policy {
                version: version + 1,
                policy,
            });
        }
    }

    fn reissue(&mut self, unit: u32) {
        let generation = self.people.reissue(unit);
        self.tell(|| format!("the organizer reissues the ticket of unit {unit}: generation {generation}"));
        self.publish(Body::Superseded {
            unit: Unit(unit),
            generation: Generation(generation),
        });
    }

    /// The roots sign the next trust bundle, if there is one; with new keys the cloud writes a new log from there on, and
    /// new certificates.
    pub fn renew_bundle(&mut self) {
        if self.bundle_version == self.setting.last_bundle() {
            return;
        }
        self.bundle_version += 1;
        let version = self.bundle_version;
        let is_emergency = self.setting.is_emergency(version);
        self.happens(if is_emergency {
            Kind::StruckKeys
        } else {
            Kind::Rotation
        });
        self.tell(|| format!("the organizer publishes trust bundle {version}"));
        let bundle = self.setting.bundle(version);
        let cloud = &mut self.nodes[CLOUD];
        let renewed = cloud.ledger.renew_trust(bundle.clone());
        renewed.expect("a newer bundle by the same root");
        cloud.batch.bundle = Some(bundle);
        let life = cloud.life;
        self.commit(CLOUD, life);
        self.follow_bundle();
    }

    /// Does what a bundle demands of the cloud, now or when it starts again: it writes by the newest authority key, says all
    /// anew in a log that is new, and gives a new certificate to each device whose issuer was struck out.
    pub fn follow_bundle(&mut self) {
        let version = self.nodes[CLOUD].ledger.trust().bundle().version;
        let key = self.setting.authority_at(version).clone();
        if self.nodes[CLOUD].key.public() != key.public() {
            let identity = self.nodes[CLOUD].identity.unverified().clone();
            let cloud = &mut self.nodes[CLOUD];
            cloud.identity.certificate = identity.sign(self.setting.issuing_at(version));
            cloud.key = key;
            cloud.load(self.now);
        }
        let cloud = &self.nodes[CLOUD].ledger;
        let is_first = cloud.me() == self.setting.authority.public();
        if !is_first && cloud.tail(&cloud.me()).seq == Seq(0) {
            let bundle = cloud.trust().bundle();
            let by_authority = |origin: &Origin| bundle.authority_key(origin).is_some();
            let forks = self.nodes[CLOUD].disk.forks_told(by_authority);
            let words = restatement(cloud.state(), forks);
            let mut words = words.expect("the cloud understands its own words");
            if self.breaks(Sabotage::RestatementForgets) {
                words.retain(|word| !matches!(word, Body::Revoked { .. }));
            }
            if self.breaks(Sabotage::RostersMayBeMissing) {
                sabotage::leave_rosters_out(&mut words);
                sabotage::call_it_the_first(&mut words);
            } else if self.breaks(Sabotage::MissingRostersSayYes) {
                sabotage::leave_rosters_out(&mut words);
            }
            if self.breaks(Sabotage::RestatementForgetsLists) {
                words.retain(|word| !matches!(word, Body::Foreign(_)));
            }
            for body in words {
                self.publish(body);
            }
        }
        self.renew_certificates(version);
    }

    fn renew_certificates(&mut self, version: u64) {
        let bundle = self.setting.trust_bundle(version);
        let register = self.nodes[CLOUD].ledger.state().register();
        let is_struck = |identity: &DeviceIdentity| {
            let issuer = bundle.issuing_key(&identity.root_issuer());
            issuer.is_none_or(TrustedKey::is_struck)
        };
        let issuing = self.setting.issuing_at(version).clone();
        let cloud = &mut self.nodes[CLOUD].identity;
        if is_struck(cloud) {
            cloud.certificate = cloud.unverified().clone().sign(&issuing);
        }
        let vouches = !self.breaks(Sabotage::NobodyVouches);
        let standing = register.enrolled.values().filter(|one| is_struck(one) && vouches);
        for one in standing.filter(|one| !register.revoked.contains_key(&one.unverified().device)) {
            let identity = DeviceIdentity {
                certificate: one.unverified().clone().sign(&issuing),
                via: None,
            };
            self.publish(Body::DeviceEnrolled { identity });
        }
    }

    /// The authority vouches for a device that others enrolled, once it has heard of its log.
    pub fn vouch(&mut self, origin: Origin) {
        let ledger = &self.nodes[CLOUD].ledger;
        let vouched = if self.breaks(Sabotage::VouchingIsNotBounded) {
            let is_new = !ledger.state().register().enrolled.contains_key(&origin);
            let opened = ledger.state().opened_with(&origin).filter(|_| is_new);
            opened.cloned().into_iter().collect()
        } else {
            devices_to_vouch_for(ledger.state(), ledger.trust().bundle(), &[origin])
        };
        for identity in vouched {
            self.publish(Body::DeviceEnrolled { identity });
        }
    }

    fn revoke_some_device(&mut self) {
        let device = 1 + self.random.index(self.nodes.len() - 1);
        self.may_revoke(device);
    }

    /// A device is revoked, unless too many were or nobody would be left.
    pub fn may_revoke(&mut self, device: NodeId) {
        let revoked = self.nodes.iter().filter(|node| node.revoked).count();
        let spared = !self.can_spare(device) || self.restored == Some(device);
        if revoked < MAX_REVOKED && !spared && !self.is_outcast(device) {
            self.revoke_device(device);
        }
    }

    /// A device is revoked; a hub leaves the roster too, and its scanners go to other hubs.
    pub fn revoke_device(&mut self, device: NodeId) {
        let key = self.nodes[device].key.public();
        self.revoke_from(device, self.nodes[CLOUD].ledger.tail(&key).seq);
    }

    /// A device is revoked, whose log counts up to there; said again, the cut moves.
    pub fn revoke_from(&mut self, device: NodeId, after: Seq) {
        self.tell(|| format!("the organizer revokes {} after record {after}", self.name(device)));
        self.happens(Kind::Revocation);
        let key = self.nodes[device].key.public();
        for node in self.nodes.iter_mut().filter(|node| node.key.public() == key) {
            node.revoked = true;
        }
        let cut = if self.breaks(Sabotage::CutsAreNotKept) {
            Seq(u64::MAX)
        } else {
            after
        };
        self.publish(Body::DeviceRevoked {
            device: key,
            after: cut,
        });
        self.means(key, after);
        if self.is_hub(device) {
            self.write_roster(None);
            self.leave_hub(device);
        }
    }

    /// The authority writes the roster that follows from what it has said of the hubs, if it is another one.
    pub fn write_roster(&mut self, joining: Option<NodeId>) {
        let change = RosterChange {
            joining: joining.map(|hub| self.nodes[hub].key.public()),
            leaving: Vec::new(),
        };
        if let Some(body) = next_roster(self.nodes[CLOUD].ledger.state(), &change) {
            self.tell(|| "the authority writes a roster".to_owned());
            self.publish(body);
        }
    }

    /// A person vouches that a hub will never admit again.
    pub fn retire(&mut self, hub: NodeId) {
        self.tell(|| format!("a person vouches that {} admits nobody any more", self.name(hub)));
        self.observer.retired.insert(hub);
        let retired = retirement(self.nodes[CLOUD].ledger.state(), self.nodes[hub].key.public());
        self.publish(retired);
        self.write_roster(None);
        self.leave_hub(hub);
    }

    /// Often a hub that is the home of units until then, and its scanners, do not hear that another joins.
    pub fn cut_off_a_home(&mut self, joining: Option<NodeId>) {
        let mut homes = self.usable_hubs();
        homes.retain(|hub| Some(*hub) != joining);
        if homes.is_empty() || !self.stormy || !self.shape.has(Kind::Cuts) || !self.random.percent(60) {
            return;
        }
        let home = homes[self.random.index(homes.len())];
        self.cut_an_island_of(&[home]);
    }

    /// A hub that is not in the roster joins; or one is retired while it is still running.
    fn change_roster(&mut self) {
        let usable = self.usable_hubs();
        let rosters = self.nodes[CLOUD].ledger.state().rosters();
        let present = rosters
            .current()
            .map(|(_, hubs)| hubs.to_vec())
            .unwrap_or_default();
        let is_out = |hub: &NodeId| !present.contains(&self.nodes[*hub].key.public());
        let joining = usable
            .iter()
            .copied()
            .find(|hub| is_out(hub) && !self.observer.retired.contains(hub));
        if joining.is_some() {
            self.happens(Kind::Rosters);
            self.cut_off_a_home(joining);
            return self.write_roster(joining);
        }
        let hub = usable[self.random.index(usable.len())];
        let others = usable.iter().filter(|other| {
            **other != hub && !self.observer.retired.contains(other) && !self.is_tainted_key(**other)
        });
        if others.count() > 0 && self.restored != Some(hub) && !self.observer.retired.contains(&hub) {
            self.happens(Kind::Rosters);
            self.retire(hub);
        }
    }
}
