//! Supervisors who let people in against the rules: a hub decides by the word of the ticket's home where it answers, as the scanner and hub programs do.

use usher_keys::Role;
use usher_protocol::admission::{Direction, Referral, Verdict};
use usher_protocol::ledger::{JudgingAs, ScanQuestion};
use usher_protocol::record::Body;

use super::node::NodeId;
use super::sabotage::Sabotage;
use super::scans::{At, Job};
use super::shape::Kind;
use super::world::World;

impl World {
    /// A supervisor at a scanner has a hub let people in who were refused, if the scanner's certificate allows that.
    pub fn override_refusal(&mut self, job: &Job) {
        if !self.may_override(job.scanner) {
            return;
        }
        self.tell(|| {
            let name = self.name(job.scanner);
            format!("a supervisor at {name} wants {:?} to be let in", job.paper)
        });
        let job = Job {
            is_override: true,
            ..self.drawn_anew(job.clone())
        };
        self.read(job);
    }

    /// Tells whether a device's certificate lets it override refusals.
    pub fn may_override(&self, node: NodeId) -> bool {
        let identity = self.nodes[node].shown_identity();
        identity.unverified().capabilities.override_refusals || self.breaks(Sabotage::EverybodyOverrides)
    }

    /// Tells whether a peer's certificate allows what it asks of a node, and whether the node may decide that.
    pub fn may_ask(&self, node: NodeId, (asker, as_home): (NodeId, bool), job: &Job) -> bool {
        let live = self.nodes[node].sessions.get(&asker);
        let Some(peer) = live.and_then(|live| live.session.peer()) else {
            return false;
        };
        let has_role = peer.role == Role::Hub || (peer.role == Role::Scanner && !as_home);
        let peer_overrides = peer.capabilities.override_refusals || self.breaks(Sabotage::EverybodyOverrides);
        let may_override = !job.is_override || (peer_overrides && self.may_override(node));
        has_role && may_override && peer.serves(job.gate.0)
    }

    /// A hub lets people in against the rules; its verdict is the word of its rules where they need no such order, or nobody would
    /// believe it.
    pub fn overrule(&mut self, at: At, judging_as: JudgingAs, asked: &ScanQuestion) -> Verdict {
        let (node, moment) = (at.node, self.nodes[at.node].moment(self.now));
        let ledger = &self.nodes[node].ledger;
        let judged = ledger.judge(asked, JudgingAs::CutOff, moment);
        let is_unbelievable = judged.verdict == Verdict::Refer(Referral::OwnLogForked);
        if judged.body.is_none() || is_unbelievable || asked.direction == Direction::Out {
            return judged.verdict;
        }
        let words = ("Supervisor".to_owned(), "knows them".to_owned());
        let mut body = ledger.override_refusal(asked, words.clone(), moment.at);
        if self.breaks(Sabotage::EverybodyOverrides) {
            let (by, why) = words;
            body = self
                .passage(node, asked)
                .map(|passage| Body::Overridden { passage, by, why });
        }
        let Some(body) = body else {
            return judged.verdict;
        };
        self.check_overruled(at, judging_as, asked);
        let unit = asked.ticket.ticket().unit.0;
        self.observer.overridden.insert(asked.scan, unit);
        self.happens(Kind::Overrides);
        self.nodes[node].write(body, moment.at);
        Verdict::Admit {
            persons: asked.persons.max(1),
            left: 0,
        }
    }

    /// Checks that whoever lets people in against the rules is the ticket's home, or has asked it wherever there is a line.
    fn check_overruled(&self, at: At, judging_as: JudgingAs, asked: &ScanQuestion) {
        let home = self.home_of(at.node, asked.ticket.ticket().unit.0);
        let is_due = match judging_as {
            JudgingAs::Home => home.is_none_or(|home| home == at.node),
            JudgingAs::CutOff => self.has_asked_all(at),
        };
        assert!(
            is_due,
            "{}: {} lets people in against the rules and passes over the ticket's home",
            self.place(),
            self.name(at.node)
        );
    }
}
