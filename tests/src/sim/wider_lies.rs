//! What liars say of others' business in their own logs: lists of codes, how far others' logs were heard when they counted, and forks that they can sign.

use usher_protocol::fork::ForkProof;
use usher_protocol::log::{Head, Tail};
use usher_protocol::record::{Body, Count, Record};
use usher_protocol::{Hlc, Origin, Seq};

use super::lies::Lie;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::setting::OUTER;
use super::shape::Kind;
use super::world::World;

/// How many of a hundred lies are of these.
const WIDER_PERCENT: u64 = 15;

impl World {
    /// Tells whether a liar speaks of others' business now.
    pub fn lies_more_widely(&mut self) -> bool {
        self.shape.has(Kind::WiderLies) && self.random.percent(WIDER_PERCENT)
    }

    /// Draws a lie about others' business.
    pub fn draw_wider_lie(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        self.happens(Kind::WiderLies);
        match self.random.below(3) {
            0 => self.draw_listing(hlc),
            1 => self.draw_count_of_logs(node, hlc),
            _ => self.draw_own_fork(node, hlc),
        }
    }

    /// Tells whether a liar has to list codes, because nobody asks who lists them.
    pub fn must_list_codes(&self, node: NodeId) -> bool {
        let lists = |body: &Body| matches!(body, Body::Foreign(_));
        let told = |bytes: &[u8]| Record::from_bytes(bytes).is_ok_and(|record| lists(&record.body));
        self.breaks(Sabotage::DevicesListCodes) && !self.own_entries(node).any(|entry| told(&entry.bytes))
    }

    /// Draws a list of another seller's codes, which only an authority may say.
    pub fn draw_listing(&mut self, hlc: Hlc) -> Lie {
        let body = Body::Foreign(self.draw_list());
        Lie::new("a list of codes", true, Record::new(hlc, body).to_bytes())
    }

    /// Draws a count that says how far others' logs were heard: less far, as far or further than they reach, now and then out of order.
    fn draw_count_of_logs(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        let mut heard: Vec<(Origin, Seq)> = Vec::new();
        for (origin, tail) in self.nodes[node].ledger.tails() {
            let reach = tail.seq.0;
            let drawn = match self.random.below(4) {
                0 => self.random.between(0, reach),
                1 => reach + self.random.between(1, 50),
                2 => u64::MAX,
                _ => reach,
            };
            if self.random.percent(60) {
                heard.push((origin, Seq(drawn)));
            }
        }
        heard.sort_unstable();
        let is_in_order = heard.len() < 2 || self.random.percent(80);
        if !is_in_order {
            heard.reverse();
        }
        let count = Count {
            at: hlc.time(),
            zone: OUTER,
            inside: u32::try_from(self.random.between(0, 60)).expect("few"),
            heard,
        };
        let may = is_in_order && self.may_count(node, hlc) && !self.has_counted_too_much(node);
        let by = "Nobody".to_owned();
        let body = Body::Counted { count, by };
        let may = may && self.has_room_for(node, &body);
        Lie::new("a count of others' logs", !may, Record::new(hlc, body).to_bytes())
    }

    /// Draws two histories of its own log, or of the log whose key it has a copy of: one that it wrote and one that it makes up, or both made up.
    fn draw_own_fork(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        let (key, event) = (self.nodes[node].key.clone(), self.setting.event);
        let me = key.public();
        let log = self.nodes[node].disk.log(&me);
        let written = log.get(self.random.index(log.len().max(1)));
        let seq = Seq(self.random.between(1, 20));
        let one = written.map_or(
            Tail {
                seq,
                hash: self.random.seed(),
            },
            |entry| entry.tail,
        );
        let other = Tail {
            hash: self.random.seed(),
            ..one
        };
        self.nodes[node].genuine.extend([one.hash, other.hash]);
        let [one, other] = [one, other].map(|tail| Head::sign(event, tail, &key));
        let proof = ForkProof::of_heads(one, other).expect("two hashes at one number");
        let body = Body::ForkSeen(Box::new(proof));
        // Proven is proven, whenever it is said.
        let is_false = !self.has_room_for(node, &body);
        Lie::new(
            "two histories of its own",
            is_false,
            Record::new(hlc, body).to_bytes(),
        )
    }
}
