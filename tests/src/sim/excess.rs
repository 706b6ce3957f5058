//! More of one kind than a log may hold: what a liar writes again and again, and how much of that counts.

use std::collections::BTreeSet;

use usher_keys::{Certificate, PublicKey, SecretKey};
use usher_protocol::fork::ForkProof;
use usher_protocol::log::{Head, Tail};
use usher_protocol::record::{Body, Count, PlacesOf, Record};
use usher_protocol::{Hlc, ScanId, Seq, Unit};

use super::lies::Lie;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::setting::OUTER;
use super::world::{CLOUD, World};

/// How many more it writes.
const TOO_MANY: usize = 4;
/// How many logs a liar's count names: with these the log is full to the last one.
const NAMED_AT_ONCE: usize = 256;

/// What a log may hold only so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounded {
    /// Places given to other hubs.
    Loans,
    /// Rosters that a hub decides by.
    Adoptions,
    /// Scanners that a hub gives certificates to.
    Renewals,
    /// Forks that were seen.
    Forks,
    /// Logs that counts of people name.
    NamedLogs,
    /// Exits of which a hub says whose they were.
    Matches,
}

impl Bounded {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Loans,
        Self::Adoptions,
        Self::Renewals,
        Self::Forks,
        Self::NamedLogs,
        Self::Matches,
    ];

    /// Those that a liar writes of its own accord: of matched exits there are so many that each run with them takes long.
    pub const DRAWN: usize = 5;

    /// Returns how much of it one log may hold.
    ///
    /// **Source**: docs/PROTOCOL.md, "Who may say what".
    fn most(self) -> usize {
        match self {
            Self::Loans | Self::NamedLogs => 16_384,
            Self::Adoptions => 4_096,
            Self::Renewals => 1_024,
            Self::Forks => 256,
            Self::Matches => 65_536,
        }
    }

    /// Returns the rule by which it is bounded.
    fn rule(self) -> Sabotage {
        match self {
            Self::Loans => Sabotage::LoansOfALogAreNotBounded,
            Self::Adoptions => Sabotage::AdoptionsOfALogAreNotBounded,
            Self::Renewals => Sabotage::RenewalsOfALogAreNotBounded,
            Self::Forks => Sabotage::ForksOfALogAreNotBounded,
            Self::NamedLogs => Sabotage::NamesInCountsAreNotBounded,
            Self::Matches => Sabotage::MatchesOfALogAreNotBounded,
        }
    }

    /// Returns how much of it a record holds.
    fn amount(self, body: &Body) -> usize {
        match self {
            Self::Loans => usize::from(matches!(body, Body::Lent { .. })),
            Self::Adoptions => usize::from(matches!(body, Body::RosterAdopted { .. })),
            Self::Renewals => usize::from(matches!(body, Body::Renewed { .. })),
            Self::Forks => usize::from(matches!(body, Body::ForkSeen(_))),
            Self::Matches => usize::from(matches!(body, Body::ExitMatched { .. })),
            Self::NamedLogs => {
                let count = if let Body::Counted { count, .. } = body {
                    Some(count)
                } else {
                    None
                };
                count.map_or(0, |count| count.heard.len())
            }
        }
    }
}

impl World {
    /// Tells whether a liar's log may hold that too.
    pub fn has_room_for(&self, node: NodeId, body: &Body) -> bool {
        if let Body::Renewed { identity } = body
            && self.renewed(node).contains(&identity.unverified().device)
        {
            return true;
        }
        Bounded::ALL.into_iter().all(|kind| {
            let amount = kind.amount(body);
            amount == 0 || self.held(node, kind) + amount <= kind.most()
        })
    }

    /// Returns what a liar has to write because nobody asks how much of it there is.
    pub fn unbounded(&self, node: NodeId) -> Option<Bounded> {
        let is_left = |kind: &Bounded| self.breaks(kind.rule()) && self.held(node, *kind) < kind.most();
        Bounded::ALL.into_iter().find(is_left)
    }

    /// Writes more of a kind than one log may hold, if a device may say such things at all.
    pub fn write_too_much(&mut self, node: NodeId, kind: Bounded) {
        let now = Hlc {
            ms: self.now,
            count: 0,
        };
        let may = match kind {
            Bounded::Loans | Bounded::Adoptions | Bounded::Matches => self.speaks_as_hub(node, now),
            Bounded::Renewals => self.speaks_as_hub(node, now) && self.may_certify(node),
            Bounded::Forks => true,
            Bounded::NamedLogs => self.may_count(node, now) && !self.has_counted_too_much(node),
        };
        if !may {
            return;
        }
        self.tell(|| format!("{} writes {kind:?} again and again", self.name(node)));
        let mut held = self.held(node, kind);
        let mut too_many = 0;
        while too_many < TOO_MANY {
            let body = self.one_more(node, kind, held);
            let amount = kind.amount(&body);
            let is_false = held + amount > kind.most();
            if is_false {
                too_many += 1;
            } else {
                held += amount;
            }
            let lie = Lie::new("one more of them", is_false, Record::new(now, body).to_bytes());
            let is_let_pass = is_false && self.breaks(kind.rule());
            self.write_beyond(node, lie, is_let_pass);
        }
    }

    /// Tells whether whoever a hub certifies is believed to be certified.
    fn may_certify(&self, node: NodeId) -> bool {
        let identity = &self.nodes[node].identity;
        identity.was_issued(self.nodes[CLOUD].ledger.trust().bundle())
    }

    /// Returns how much of a kind a log holds that counts.
    fn held(&self, node: NodeId, kind: Bounded) -> usize {
        if kind == Bounded::Renewals {
            return self.renewed(node).len();
        }
        self.counting(node).map(|body| kind.amount(&body)).sum()
    }

    /// Returns the scanners that a hub gave certificates to.
    fn renewed(&self, node: NodeId) -> BTreeSet<PublicKey> {
        let device = |body| {
            if let Body::Renewed { identity } = body {
                Some(identity.unverified().device)
            } else {
                None
            }
        };
        self.counting(node).filter_map(device).collect()
    }

    /// Returns the records of a device's own log that count.
    fn counting(&self, node: NodeId) -> impl Iterator<Item = Body> {
        let entries = self.own_entries(node);
        let counting = entries.filter(|entry| !self.observer.false_records.contains(&entry.tail.hash));
        counting.filter_map(|entry| Some(Record::from_bytes(&entry.bytes).ok()?.body))
    }

    fn one_more(&mut self, node: NodeId, kind: Bounded, number: usize) -> Body {
        match kind {
            Bounded::Loans => Body::Lent {
                zone: OUTER,
                to: self.nodes[CLOUD].key.public(),
                places: 0,
                of: PlacesOf::Room,
            },
            Bounded::Adoptions => Body::RosterAdopted {
                epoch: u32::try_from(number).expect("few"),
                roster: [0; 32],
            },
            Bounded::Renewals => self.draw_stranger(node),
            Bounded::Matches => Body::ExitMatched {
                unit: Unit(u32::try_from(number).expect("not that many")),
                exit: ScanId([0; 16]),
                closes: Vec::new(),
            },
            Bounded::Forks => self.draw_strange_fork(node),
            Bounded::NamedLogs => {
                let mut heard: Vec<_> = (0..NAMED_AT_ONCE)
                    .map(|_| (PublicKey(self.random.seed()), Seq(1)))
                    .collect();
                heard.sort_unstable();
                let count = Count {
                    at: usher_keys::Timestamp(self.now),
                    zone: OUTER,
                    inside: 1,
                    heard,
                };
                let by = "Nobody".to_owned();
                Body::Counted { count, by }
            }
        }
    }

    /// Has a hub give a certificate to a scanner that nobody has ever seen.
    fn draw_stranger(&mut self, node: NodeId) -> Body {
        let device = SecretKey::from_seed(&self.random.seed()).public();
        let scanner = self.scanners()[0];
        let certificate = Certificate {
            device,
            window: self.nodes[node].identity.unverified().window,
            ..self.nodes[scanner].identity.unverified().clone()
        };
        let identity = self.nodes[node].enrolled(certificate);
        Body::Renewed { identity }
    }

    /// Draws two histories of a key that a liar makes up.
    fn draw_strange_fork(&mut self, node: NodeId) -> Body {
        let key = SecretKey::from_seed(&self.random.seed());
        self.observer.owns(key.public(), node);
        self.strangers.insert(key.public());
        let event = self.setting.event;
        let mut head = || {
            let hash = self.random.seed();
            self.nodes[node].genuine.insert(hash);
            Head::sign(event, Tail { seq: Seq(1), hash }, &key)
        };
        let proof = ForkProof::of_heads(head(), head());
        Body::ForkSeen(Box::new(proof.expect("two hashes at one number")))
    }
}
