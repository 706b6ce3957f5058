//! The machines of the venue and the lines between them: who is connected to whom, who is still of use, and what happens to those behind a hub that is not.

use usher_keys::{Role, TrustedKey};
use usher_protocol::Unit;

use super::node::NodeId;
use super::world::{CLOUD, Happening, World};

impl World {
    /// Returns a node's name.
    pub fn name(&self, node: NodeId) -> String {
        let name = &self.nodes[node].identity.unverified().name;
        if self.clones.contains_key(&node) {
            format!("Copy of {name}")
        } else {
            name.clone()
        }
    }

    /// Returns the hubs.
    pub fn hubs(&self) -> Vec<NodeId> {
        self.of_role(Role::Hub)
    }

    /// Returns the scanners.
    pub fn scanners(&self) -> Vec<NodeId> {
        self.of_role(Role::Scanner)
    }

    fn of_role(&self, role: Role) -> Vec<NodeId> {
        let is_one = |node: &NodeId| self.nodes[*node].role == role && !self.clones.contains_key(node);
        (0..self.nodes.len()).filter(is_one).collect()
    }

    /// Tells whether a node is a hub.
    pub fn is_hub(&self, node: NodeId) -> bool {
        self.nodes[node].role == Role::Hub
    }

    /// Returns the hubs that were neither destroyed nor revoked.
    pub fn usable_hubs(&self) -> Vec<NodeId> {
        let mut hubs = self.hubs();
        hubs.retain(|hub| !self.is_outcast(*hub));
        hubs
    }

    /// Tells whether enough is left without a device: of hubs one that nobody lies with.
    pub fn can_spare(&self, device: NodeId) -> bool {
        let mut others = self.usable_hubs().into_iter();
        !self.is_hub(device) || others.any(|hub| hub != device && !self.is_tainted_key(hub))
    }

    /// Tells whether nobody can or may talk to a node any more.
    pub fn is_outcast(&self, node: NodeId) -> bool {
        self.nodes[node].gone || self.nodes[node].revoked || self.is_forsaken(node)
    }

    /// Tells whether nobody trusted stands for a device any more: the hub that enrolled it was revoked, or the key behind its
    /// certificate was struck out, before the authority had heard of it.
    pub fn is_forsaken(&self, node: NodeId) -> bool {
        let (cloud, identity) = (&self.nodes[CLOUD].ledger, &self.nodes[node].identity);
        let (register, bundle) = (cloud.state().register(), cloud.trust().bundle());
        let issuer = bundle.issuing_key(&identity.root_issuer());
        let is_struck = issuer.is_none_or(TrustedKey::is_struck);
        let is_vouched = register.enrolled.contains_key(&identity.unverified().device);
        node != CLOUD && !is_vouched && (is_struck || register.is_of_revoked_hub(identity))
    }

    /// Tells whether a device can show no certificate any more: the key behind its own was struck out, and its log opened with as many
    /// as a log may, so that the one which the authority gives it would count for nothing. Only who lies gets there.
    pub fn is_spent(&self, node: NodeId) -> bool {
        let (machine, bundle) = (&self.nodes[node], self.nodes[CLOUD].ledger.trust().bundle());
        let issuer = bundle.issuing_key(&machine.shown_identity().root_issuer());
        let left = machine.ledger.state().certificates_left(&machine.key.public());
        issuer.is_none_or(TrustedKey::is_struck) && left == 0
    }

    /// Returns a unit's home by a node's own knowledge.
    pub fn home_of(&self, node: NodeId, unit: u32) -> Option<NodeId> {
        let rosters = self.nodes[node].ledger.state().rosters();
        let home = rosters.home(self.setting.event, Unit(unit))?;
        self.observer.owner(&home)
    }

    /// Returns the hub a scanner asks.
    pub fn hub_of(&self, scanner: NodeId) -> Option<NodeId> {
        let line = self.pairs.iter().find(|(_, end)| *end == scanner);
        line.map(|(hub, _)| *hub)
    }

    /// Connects the machines: every hub with the cloud and each other, unless some are to depend on relays.
    pub fn lay_cables(&mut self) {
        for hub in 1..=self.shape.hubs {
            for other in 0..hub {
                let needed = hub == 1 || other == hub - 1;
                if needed || !self.shape.relays || self.random.percent(40) {
                    self.pairs.push((other, hub));
                }
            }
        }
        for scanner in self.scanners() {
            let hub = 1 + (scanner - 1 - self.shape.hubs) % self.shape.hubs;
            self.pairs.push((hub, scanner));
        }
    }

    /// A scanner moves to another hub.
    pub fn move_scanner(&mut self, scanner: NodeId, hub: NodeId) {
        if let Some(old) = self.hub_of(scanner).filter(|old| *old != hub) {
            self.tell(|| format!("{} moves to {}", self.name(scanner), self.name(hub)));
            self.pairs.retain(|(_, end)| *end != scanner);
            self.nodes[old].sessions.remove(&scanner);
            self.nodes[scanner].sessions.remove(&old);
            self.connect(hub, scanner);
        }
    }

    /// Everyone behind a hub that is of no use any more finds another way.
    pub fn leave_hub(&mut self, lost: NodeId) {
        let usable = self.usable_hubs();
        let mut open = usable.clone();
        open.retain(|hub| !self.is_spent(*hub));
        let mut scanners = self.scanners();
        scanners.retain(|scanner| self.hub_of(*scanner) == Some(lost));
        for scanner in scanners {
            let hub = open[self.random.index(open.len())];
            self.move_scanner(scanner, hub);
        }
        for hub in usable {
            if !self.pairs.contains(&(CLOUD, hub)) {
                self.connect(CLOUD, hub);
            }
        }
    }

    /// Lays a cable.
    pub fn connect(&mut self, a: NodeId, b: NodeId) {
        self.pairs.push((a, b));
        self.plan(1, Happening::Connect(a, b));
    }
}
