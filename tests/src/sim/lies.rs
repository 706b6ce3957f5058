//! What a device can sign that is not so: each lie with what honest replicas must make of it; when it is told is the liar's.

use usher_keys::{PublicKey, Signature, codec};
use usher_protocol::admission::{Referral, Refused};
use usher_protocol::fork::ForkProof;
use usher_protocol::home::roster_hash;
use usher_protocol::log::{Head, Tail};
use usher_protocol::record::{Body, Record, Refusal, ShownPassage, Unread};
use usher_protocol::{GateId, Generation, Hlc, ScanId, Seq, Unit, ZoneId};

use super::node::NodeId;
use super::setting::admits;
use super::world::{CLOUD, World};

const HOUR_MS: u64 = 60 * 60 * 1000;
/// The first number that no kind of record has, with room for more kinds.
const UNKNOWN_KIND: u64 = 1_000;

/// A record that is not so.
pub struct Lie {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether everybody must name the log for it; else it is passed over, or counts for what it says.
    pub is_false: bool,
    /// The unit of which it tells a passage.
    pub unit: Option<u32>,
}

impl World {
    /// Draws a lie for a device to tell.
    pub fn lie_of(&mut self, liar: NodeId) -> Lie {
        let (hlc, role) = (self.reading(liar), self.nodes[liar].role);
        let is_hub = role == usher_keys::Role::Hub;
        match self.random.below(20) {
            0 => garbage(&self.random.seed()[..self.random.clone().index(32)]),
            1 => self.of_another_kind(hlc),
            2 => self.with_the_wrong_bit(liar, hlc),
            3..6 => {
                let body = self.word_of_an_authority(liar);
                said(hlc, body, true)
            }
            6 => {
                let (epoch, roster) = (self.random.below(6), self.random.index(3));
                let roster = match roster {
                    0 => self.random.seed(),
                    _ => roster_hash(&self.some_hubs()),
                };
                let epoch = u32::try_from(epoch).expect("small");
                said(hlc, Body::RosterAdopted { epoch, roster }, !is_hub)
            }
            7 => {
                let another = self.another(liar);
                let identity = self.nodes[another].identity.clone();
                let renewed = self.random.percent(50);
                let body = if renewed {
                    Body::Renewed { identity }
                } else {
                    Body::Opened { identity }
                };
                said(hlc, body, true)
            }
            8 => said(hlc, self.invented_fork(liar), true),
            9 => said(hlc, self.refusal_of_anything(), false),
            10 => self.with_a_strangers_code(hlc),
            11 => self.with_an_altered_code(hlc),
            _ => self.with_a_seen_code(liar, hlc),
        }
    }

    /// Mostly the time of day, sometimes one that is hours or ages off.
    fn reading(&mut self, liar: NodeId) -> Hlc {
        let now = self.nodes[liar].clock(self.now).0;
        let (ms, count) = match self.random.below(10) {
            0 => (0, 0),
            1 => (now + 20 * HOUR_MS, 0),
            2 => (now + 48 * HOUR_MS, u32::MAX),
            3 => (u64::MAX, u32::MAX),
            4 => (now - HOUR_MS, 7),
            _ => (now, 0),
        };
        Hlc { ms, count }
    }

    fn another(&mut self, liar: NodeId) -> NodeId {
        let others: Vec<_> = (1..self.nodes.len()).filter(|node| *node != liar).collect();
        others
            .get(self.random.index(others.len().max(1)))
            .copied()
            .unwrap_or(CLOUD)
    }

    fn some_hubs(&mut self) -> Vec<PublicKey> {
        let hubs: Vec<_> = self.hubs().filter(|_| self.random.percent(60)).collect();
        hubs.iter().map(|hub| self.nodes[*hub].key.public()).collect()
    }

    fn some_unit(&mut self) -> u32 {
        u32::try_from(self.random.below(u64::from(self.shape.units))).expect("a unit")
    }

    fn word_of_an_authority(&mut self, liar: NodeId) -> Body {
        let (unit, generation) = (Unit(self.some_unit()), Generation(9));
        let another = self.another(liar);
        let device = self.nodes[another].key.public();
        match self.random.below(9) {
            0 => Body::Policy {
                version: 99,
                policy: self.setting.policy(1),
            },
            1 => Body::Roster {
                epoch: self.roster.0 + 1,
                hubs: self.some_hubs(),
            },
            2 => Body::Superseded { unit, generation },
            3 => Body::Revoked { unit, generation },
            4 => Body::DeviceRevoked {
                device,
                after: Seq(1),
            },
            5 => Body::HubRetired { hub: device },
            6 => Body::ForkSettled {
                origin: device,
                tail: Tail {
                    seq: Seq(3),
                    hash: self.random.seed(),
                },
            },
            7 => Body::DeviceEnrolled {
                identity: self.nodes[liar].identity.clone(),
            },
            _ => Body::Restated,
        }
    }

    fn of_another_kind(&mut self, hlc: Hlc) -> Lie {
        let is_critical = self.random.percent(50);
        Lie {
            bytes: codec::encode(&(hlc, is_critical, UNKNOWN_KIND, self.random.seed())),
            is_false: false,
            unit: None,
        }
    }

    fn with_the_wrong_bit(&mut self, liar: NodeId, hlc: Hlc) -> Lie {
        let body = if self.random.percent(50) {
            self.word_of_an_authority(liar)
        } else {
            self.refusal_of_anything()
        };
        garbage(&codec::encode(&(hlc, !body.is_authority(), body)))
    }

    /// Two heads that somebody else never signed.
    fn invented_fork(&mut self, liar: NodeId) -> Body {
        let another = self.another(liar);
        let origin = self.nodes[another].key.public();
        let mut head = || Head {
            origin,
            tail: Tail {
                seq: Seq(2),
                hash: self.random.seed(),
            },
            signature: Signature([7; 64]),
        };
        let proof = ForkProof::of_heads(head(), head());
        Body::ForkSeen(Box::new(proof.expect("two hashes")))
    }

    fn refusal_of_anything(&mut self) -> Body {
        Body::Refused(Refusal {
            scan: self.some_scan(),
            ticket: (Unit(self.some_unit()), Generation(1)),
            gate: GateId(0),
            why: Refused::Refer(Referral::NotReady),
        })
    }

    /// One that others wrote of, or nobody.
    fn some_scan(&mut self) -> ScanId {
        let seen: Vec<_> = self.observer.shown.keys().copied().collect();
        if seen.is_empty() || self.random.percent(30) {
            return ScanId(self.random.bytes16());
        }
        seen[self.random.index(seen.len())]
    }

    fn with_a_strangers_code(&mut self, hlc: Hlc) -> Lie {
        let unit = self.some_unit();
        let code = self.setting.code(unit, 1, &self.setting.forger);
        // The trust bundle might name that key one day.
        self.passage(hlc, (unit, code), false)
    }

    fn with_an_altered_code(&mut self, hlc: Hlc) -> Lie {
        let unit = self.some_unit();
        let mut code = self.setting.code(unit, 1, &self.setting.tickets);
        let last = code.len() - 1;
        code[last] ^= 1;
        self.passage(hlc, (unit, code), true)
    }

    /// Gives the codes in the logs that a device holds.
    fn codes_at(&self, node: NodeId) -> Vec<(u32, Vec<u8>)> {
        let entries = self.nodes[node].disk.entries();
        let shown =
            entries.filter_map(|entry| Record::from_bytes(&entry.bytes).ok()?.body.passage().cloned());
        let codes = shown.filter_map(|shown| Some((shown.unverified().ok()?, shown.code)));
        codes
            .filter(|(_, code)| {
                self.nodes[node]
                    .ledger
                    .trust()
                    .keyring()
                    .check_evidence(code)
                    .is_ok()
            })
            .map(|(passage, code)| (passage.unit.0, code))
            .collect()
    }

    fn with_a_seen_code(&mut self, liar: NodeId, hlc: Hlc) -> Lie {
        let codes = self.codes_at(liar);
        if codes.is_empty() {
            return said(hlc, self.refusal_of_anything(), false);
        }
        let code = codes[self.random.index(codes.len())].clone();
        self.passage(hlc, code, false)
    }

    fn passage(&mut self, hlc: Hlc, (unit, code): (u32, Vec<u8>), is_false: bool) -> Lie {
        let persons = [0, 1, 1, 1, 2, 9, 255][self.random.index(7)];
        let gates = u64::try_from(self.shape.scanners).expect("few") + 1;
        let is_genuine = !is_false && code != self.setting.code(unit, 1, &self.setting.forger);
        let passage = ShownPassage {
            scan: self.some_scan(),
            code,
            persons,
            gate: GateId(u16::try_from(self.random.below(gates)).expect("few")),
            zone: ZoneId(u16::try_from(self.random.below(3)).expect("few")),
        };
        let crowded = is_genuine && persons > admits(unit);
        let (body, is_false) = match self.random.below(8) {
            0 => {
                let (by, why) = ("Mallory".to_owned(), "knows them".to_owned());
                // Without the capability it is false, whoever signed the code, once its key is known.
                (Body::Overridden { passage, by, why }, is_false || is_genuine)
            }
            1..4 => (Body::Exited(passage), is_false || crowded),
            _ => (Body::Admitted(passage), is_false || crowded),
        };
        Lie {
            unit: is_genuine.then_some(unit),
            ..said(hlc, body, is_false)
        }
    }
}

fn said(hlc: Hlc, body: Body, is_false: bool) -> Lie {
    Lie {
        bytes: Record::new(hlc, body).to_bytes(),
        is_false,
        unit: None,
    }
}

/// Bytes that are no record; chance may make one of a later kind of them.
fn garbage(bytes: &[u8]) -> Lie {
    Lie {
        bytes: bytes.to_vec(),
        is_false: matches!(Record::from_bytes(bytes), Err(Unread::Malformed(_))),
        unit: None,
    }
}
