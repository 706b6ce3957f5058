//! What liars take back: scans that are theirs and scans that are not, with each right there is; and what a fold that did not ask for the right would do.

use usher_protocol::ledger::Annulling;
use usher_protocol::record::{Body, Record, RightToAnnul, ShownPassage};
use usher_protocol::{Hlc, ScanId, ScanSecret};

use super::lies::Lie;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::world::World;

impl World {
    /// Draws that nobody passed by a scan: by the passage that was drawn, of whose code is known whether it is good, or by one of
    /// which some log tells.
    pub fn draw_annulment(&mut self, node: NodeId, drawn: (ShownPassage, Option<bool>), hlc: Hlc) -> Lie {
        let told = self.draw_told_passage(node).map(|told| (told, Some(true)));
        let (mut passage, is_good) = told.unwrap_or(drawn);
        let (me, secret) = (self.nodes[node].key.public(), ScanSecret(self.random.bytes16()));
        let powers = self.powers(node);
        let overrides = powers.capabilities.override_refusals;
        let is_hub = powers.role == usher_keys::Role::Hub;
        let (right, may) = match self.random.below(4) {
            0 => (RightToAnnul::Supervisor, overrides),
            1 => {
                passage.scan = ScanId::of_a_turnstile(passage.gate, &secret.named());
                (RightToAnnul::Turnstile(secret), is_hub)
            }
            2 => {
                passage.scan = ScanId::of(&me, &secret);
                (RightToAnnul::Reader(secret), true)
            }
            _ => (RightToAnnul::Reader(secret), false),
        };
        if may && right == RightToAnnul::Supervisor {
            self.observer.annulled_by_liars.insert(passage.scan);
        }
        let may = may && self.may_tell_of(node, &passage, hlc);
        let (by, why) = ("Nobody".to_owned(), "because".to_owned());
        let body = Body::Annulled {
            passage,
            right,
            by,
            why,
        };
        let is_false = is_good.is_some_and(|is_good| !(is_good && may));
        Lie::new("an annulment", is_false, Record::new(hlc, body).to_bytes())
    }

    /// Draws a passage of which some log tells, as often as not.
    fn draw_told_passage(&mut self, node: NodeId) -> Option<ShownPassage> {
        if self.random.percent(50) {
            return None;
        }
        let codes = self.codes_read_by(node);
        let entries = self.nodes[node].disk.entries();
        let told = entries.filter_map(|entry| Record::from_bytes(&entry.bytes).ok()?.body.passage().cloned());
        let told: Vec<_> = told.filter(|told| codes.contains(&told.code)).collect();
        let at = self.random.index(told.len().max(1));
        told.get(at).cloned()
    }

    /// Has the reader of a scan annul it because a liar says so, where nobody asks who says it.
    pub fn annul_for_another(&mut self, passage: &ShownPassage) {
        let job = self.observer.read.get(&passage.scan).cloned();
        let Some(job) = job.filter(|_| self.breaks(Sabotage::AnybodyAnnuls)) else {
            return;
        };
        let reader = job.scanner;
        let moment = self.nodes[reader].moment(self.now);
        let annulling = Annulling {
            scan: &job.question(),
            right: RightToAnnul::Reader(job.secret),
            by: "Nobody",
            why: "because",
        };
        let machine = &mut self.nodes[reader];
        let body = machine.ledger.annul(&annulling, moment).ok();
        if let Some(body) = body.filter(|_| machine.up) {
            machine.write(body, moment.at);
            self.plan_commit(reader);
        }
    }
}
