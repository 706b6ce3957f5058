//! The homes of strict tickets: whoever says yes as a ticket's home is the only hub that may, in the world as it is at that moment.

use usher_protocol::Unit;
use usher_protocol::policy::Offline;

use super::node::NodeId;
use super::people::Paper;
use super::setting::{TIERS, tier_of};
use super::world::World;

impl World {
    /// Checks that no other hub may say yes as a strict ticket's home while one does: seen where it is decided, and not only
    /// when somebody happens to show the ticket at both of them.
    pub fn check_only_home(&self, node: NodeId, paper: &Paper) {
        self.check_rosters(node, paper);
        let is_strict = TIERS[tier_of(paper.unit)].2 == Offline::Strict;
        let is_home = self.home_of(node, paper.unit) == Some(node);
        if !is_strict || !is_home || self.may_be_a_second_home(node) {
            return;
        }
        let mut others = self.usable_hubs().into_iter();
        let other = others.find(|other| *other != node && self.may_act_as_home(*other, paper.unit));
        assert!(
            other.is_none(),
            "{}: {} lets in {paper:?} as its home, and so may {}",
            self.place(),
            self.name(node),
            other.map(|other| self.name(other)).unwrap_or_default()
        );
    }

    /// Checks that whoever lets a strict ticket in knows every roster so far: without one of them it would miss a former home.
    fn check_rosters(&self, node: NodeId, paper: &Paper) {
        let is_strict = TIERS[tier_of(paper.unit)].2 == Offline::Strict;
        assert!(
            !(is_strict && self.lacks_a_roster(node)) || self.is_liar(node),
            "{}: {} lets in {paper:?} though it lacks a roster",
            self.place(),
            self.name(node)
        );
    }

    /// Tells whether a node lacks one of the rosters before the newest that it knows.
    pub fn lacks_a_roster(&self, node: NodeId) -> bool {
        let rosters = self.nodes[node].ledger.state().rosters().all();
        let newest = rosters.keys().next_back().copied().unwrap_or_default();
        (1..newest).any(|epoch| !rosters.contains_key(&epoch))
    }

    /// Tells whether a hub may go on as a home beside another: of a retired or revoked one a person has vouched that it lets
    /// nobody in, an old copy does not know what its past knew, and a liar does as it likes.
    fn may_be_a_second_home(&self, hub: NodeId) -> bool {
        self.observer.retired.contains(&hub)
            || self.is_outcast(hub)
            || self.restored == Some(hub)
            || self.is_tainted_key(hub)
    }

    /// Tells whether a hub would say yes as a unit's home by what it knows, running or once it starts again.
    fn may_act_as_home(&self, hub: NodeId, unit: u32) -> bool {
        let (ledger, own) = (&self.nodes[hub].ledger, self.nodes[hub].key.public());
        let (rosters, event) = (ledger.state().rosters(), self.setting.event);
        let newest = rosters.current().map(|(epoch, _)| epoch);
        let is_ready = rosters.are_complete() && rosters.decided_by(&own) == newest;
        is_ready
            && !self.may_be_a_second_home(hub)
            && !ledger.state().is_frozen(&own)
            && rosters.home(event, Unit(unit)) == Some(own)
            && rosters.former_home(event, Unit(unit), own).is_none()
    }
}
