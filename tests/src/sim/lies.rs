//! What a liar writes into its own log: anything that it can sign; whether that is plainly false is noted, so that it must be named.

use usher_keys::codec;
use usher_keys::{Role, SecretKey, Signature};
use usher_protocol::admission::{Reason, Refused};
use usher_protocol::fork::ForkProof;
use usher_protocol::log::{Head, Tail};
use usher_protocol::record::{Body, Count, Counterpart, PlacesOf, Record, Refusal, ShownPassage};
use usher_protocol::{GateId, Generation, Hlc, ScanId, ScanSecret, Seq, Unit, ZoneId};

use super::liar::opening_of;
use super::node::NodeId;
use super::setting::BEGIN_MS;
use super::world::World;

/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// A kind of record that no build knows yet.
pub const LATER_KIND: u32 = 40;

/// A record that a liar writes.
#[derive(Debug, Clone)]
pub struct Lie {
    pub bytes: Vec<u8>,
    /// Whether anybody can see that it is false.
    pub is_false: bool,
    /// What it is, for the story.
    pub words: &'static str,
}

impl Lie {
    /// Makes a lie.
    pub fn new(words: &'static str, is_false: bool, bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            is_false,
            words,
        }
    }
}

impl World {
    /// Draws a record of any sort.
    pub fn draw_lie(&mut self, node: NodeId) -> Lie {
        let hlc = self.draw_clock();
        let said = |words, is_false, body| Lie::new(words, is_false, Record::new(hlc, body).to_bytes());
        if self.lies_more_widely() {
            return self.draw_wider_lie(node, hlc);
        }
        match self.random.below(25) {
            0..9 => self.draw_passage(node, hlc),
            9 => self.draw_small_lie(node),
            10 => {
                let body = Body::RosterAdopted {
                    epoch: u32::try_from(self.random.between(0, 9)).expect("few"),
                    roster: self.random.seed(),
                };
                let may = self.speaks_as_hub(node, hlc) && self.has_room_for(node, &body);
                said("a roster it adopts", !may, body)
            }
            11 if self.has_struck_issuer() && self.random.percent(60) => self.draw_struck_opening(node, hlc),
            11 => self.draw_certificate(node, hlc),
            12 => said("an invented fork", true, self.draw_fork(node)),
            13..15 => {
                let body = self.draw_authority_record(node);
                said("an authority's word", true, body)
            }
            15 => {
                let body = self.draw_authority_record(node);
                let bytes = codec::encode(&(hlc, !body.is_authority(), body));
                Lie::new("a record with the wrong critical bit", true, bytes)
            }
            18 => {
                let body = self.draw_loan(node);
                let gives_away = matches!(body, Body::Lent { to, .. } if to != self.nodes[node].key.public());
                let may = gives_away && self.speaks_as_hub(node, hlc) && self.has_room_for(node, &body);
                said("places it gives away", !may, body)
            }
            19 => {
                let unit = self.draw_unit();
                let body = Body::ExitMatched {
                    unit: Unit(unit),
                    exit: self.draw_scan(node),
                    closes: self.draw_counterparts(),
                };
                let may = self.speaks_as_hub(node, hlc) && !self.has_told_too_much(node, unit);
                said("whose exit one was", !may, body)
            }
            22 => self.draw_count(node, hlc),
            23 => self.draw_renewal(node, hlc),
            24 => self.draw_struck_opening(node, hlc),
            16..18 => {
                let whole = Record::new(hlc, self.draw_authority_record(node)).to_bytes();
                let half = whole[..self.random.index(whole.len())].to_vec();
                Lie::new("bytes that are no record", true, half)
            }
            _ => {
                let (critical, words) = (self.random.percent(50), self.random.bytes16());
                let bytes = codec::encode(&(hlc, critical, LATER_KIND, words));
                Lie::new("a kind of a later version", false, bytes)
            }
        }
    }

    /// Draws a record that costs its readers little.
    pub fn draw_small_lie(&mut self, node: NodeId) -> Lie {
        let hlc = self.draw_clock();
        let unit = Unit(self.draw_unit());
        let body = Body::Refused(Refusal {
            scan: ScanId(self.random.bytes16()),
            ticket: (unit, Generation(u32::MAX)),
            gate: GateId(9),
            why: Refused::Deny(Reason::Revoked),
        });
        let is_false = !self.is_in_its_time(node, hlc);
        Lie::new("a refusal", is_false, Record::new(hlc, body).to_bytes())
    }

    /// Tells whether a device's certificate was good at that time, a day more than it lasts included.
    pub fn is_in_its_time(&self, node: NodeId, hlc: Hlc) -> bool {
        let window = self.powers(node).window;
        let until = window.until.0.saturating_add(DAY_MS);
        window.from.0 <= hlc.ms && (until == u64::MAX || hlc.ms < until)
    }

    /// Tells whether a device may say then what only hubs say.
    pub fn speaks_as_hub(&self, node: NodeId, hlc: Hlc) -> bool {
        self.powers(node).role == Role::Hub && self.is_in_its_time(node, hlc)
    }

    /// Draws a count, of people now or in the time to come.
    fn draw_count(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        let ahead_ms = if self.random.percent(30) { DAY_MS } else { 0 };
        let count = Count {
            at: hlc.time().plus_ms(ahead_ms),
            zone: ZoneId(*[1, 1, 2, 3].get(self.random.index(4)).expect("four")),
            inside: u32::try_from(self.random.between(0, 60)).expect("few"),
            heard: Vec::new(),
        };
        let may = self.may_count(node, hlc) && count.at <= hlc.time() && !self.has_counted_too_much(node);
        let by = "Nobody".to_owned();
        let body = Body::Counted { count, by };
        Lie::new("a count", !may, Record::new(hlc, body).to_bytes())
    }

    fn draw_loan(&mut self, _node: NodeId) -> Body {
        let to = self.nodes[self.random.index(self.nodes.len())].key.public();
        let places = u32::try_from(self.random.between(0, 5)).expect("few");
        let at = self.draw_clock().time();
        let all = [
            PlacesOf::Room,
            PlacesOf::TimeSlot(at),
            PlacesOf::TimeSlotsFrom(at),
        ];
        let of = all[self.random.index(all.len())];
        let zone = ZoneId(1);
        Body::Lent { zone, to, places, of }
    }

    /// Draws a clock reading: now, days ahead, behind, at the end of time.
    pub fn draw_clock(&mut self) -> Hlc {
        let ms = match self.random.below(8) {
            0..4 => self.now,
            4 => self.now + self.random.between(1, 4 * DAY_MS),
            5 => self.now - self.random.between(1, 4 * DAY_MS),
            6 => BEGIN_MS + self.random.between(0, 60_000),
            _ => *[0, 1, u64::MAX - 1, u64::MAX]
                .get(self.random.index(4))
                .expect("four of them"),
        };
        let count = if self.random.percent(20) { u32::MAX } else { 0 };
        Hlc { ms, count }
    }

    fn draw_unit(&mut self) -> u32 {
        u32::try_from(self.random.below(u64::from(self.shape.units))).expect("a unit")
    }

    /// Draws entries that a passage is said to close or follow: any that were made.
    fn draw_counterparts(&mut self) -> Vec<Counterpart> {
        let known: Vec<_> = self.observer.let_in.keys().copied().collect();
        let count = if known.is_empty() { 0 } else { self.random.index(3) };
        let mut drawn = Vec::new();
        for _ in 0..count {
            let scan = known[self.random.index(known.len())];
            drawn.push(Counterpart { scan, persons: 1 });
        }
        drawn
    }

    /// Draws a code and tells whether it is good, if anybody can tell: one that was read somewhere, an invented one, a picture of
    /// a live one, or one by a key that nobody trusts.
    fn draw_code(&mut self, node: NodeId) -> (Vec<u8>, Option<bool>) {
        let read: Vec<_> = self.codes_read_by(node).into_iter().collect();
        match self.random.below(11) {
            0..6 if !read.is_empty() => (read[self.random.index(read.len())].clone(), Some(true)),
            6 if !read.is_empty() => {
                let mut code = read[self.random.index(read.len())].clone();
                let last = code.len() - 1;
                code[last] ^= 1;
                (code, Some(false))
            }
            7 => (self.random.seed()[..self.random.index(32)].to_vec(), Some(false)),
            8 => {
                let holder = SecretKey::from_seed(&self.random.seed()).public();
                let (unit, is_filmed) = (self.draw_unit(), self.random.percent(50));
                let phone = is_filmed.then(|| &self.nodes[node].key);
                (self.setting.pictured(unit, holder, phone), Some(false))
            }
            _ => {
                let unit = self.draw_unit();
                let newest = u32::try_from(self.random.between(1, 5)).expect("few");
                // Nobody can tell such a code from one of a key that the bundle does not name yet.
                (self.setting.code(unit, newest, &self.setting.forger), None)
            }
        }
    }

    /// Draws a passage that may have been or not, or takes one back that may be another's.
    fn draw_passage(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        let (code, is_good) = self.draw_code(node);
        let gate = self.draw_gate();
        let mut passage = ShownPassage {
            scan: self.draw_scan(node),
            code,
            persons: *[0, 1, 1, 1, 2, 255].get(self.random.index(6)).expect("six"),
            gate: GateId(gate),
            zone: ZoneId(*[1, 1, 1, 0, 2, 3].get(self.random.index(6)).expect("six")),
            at: hlc.time(),
            counterparts: self.draw_counterparts(),
        };
        let told = passage.unverified();
        let fits = told.is_ok_and(|told| told.persons <= told.admits);
        passage.code = self.generous(&passage).unwrap_or(passage.code);
        let may_tell = self.may_tell_of(node, &passage, hlc);
        let overrides = self.powers(node).capabilities.override_refusals;
        let (body, may) = match self.random.below(13) {
            0..4 => (Body::Admitted(passage), fits),
            4..8 => (Body::Exited(passage), fits),
            8 => self.draw_withdrawal(node, passage),
            9 | 10 => return self.draw_annulment(node, (passage, is_good), hlc),
            _ => {
                let (by, why) = ("Nobody".to_owned(), "because".to_owned());
                (Body::Overridden { passage, by, why }, overrides)
            }
        };
        let may = may && may_tell;
        // What rests on an unknown key is passed over before anybody asks whether it may be said.
        let is_false = is_good.is_some_and(|is_good| !(is_good && may));
        Lie::new("a passage", is_false, Record::new(hlc, body).to_bytes())
    }

    /// Tells whether a device may tell then of a passage at that gate, and of one more of that ticket.
    pub fn may_tell_of(&self, node: NodeId, passage: &ShownPassage, hlc: Hlc) -> bool {
        let unit = passage.unverified().map_or(u32::MAX, |told| told.unit.0);
        let powers = self.powers(node);
        let serves = powers.role == Role::Hub || powers.serves(passage.gate.0);
        serves && !self.has_told_too_much(node, unit) && self.is_in_its_time(node, hlc)
    }

    /// Draws whose scan it takes back: one of its own, or one of which it cannot know the secret.
    fn draw_withdrawal(&mut self, node: NodeId, mut passage: ShownPassage) -> (Body, bool) {
        let secret = ScanSecret(self.random.bytes16());
        let is_own = self.random.percent(30);
        if is_own {
            passage.scan = ScanId::of(&self.nodes[node].key.public(), &secret);
        }
        (Body::Withdrawn { passage, secret }, is_own)
    }

    fn draw_gate(&mut self) -> u16 {
        u16::try_from(self.random.index(self.shape.scanners + 1)).expect("few gates")
    }

    /// Draws a scan id: its own, or one that another has written down.
    fn draw_scan(&mut self, node: NodeId) -> ScanId {
        let known: Vec<_> = self.nodes[node]
            .disk
            .entries()
            .filter_map(|entry| Some(Record::from_bytes(&entry.bytes).ok()?.body.passage()?.scan))
            .collect();
        if known.is_empty() || self.random.percent(30) {
            ScanId(self.random.bytes16())
        } else {
            known[self.random.index(known.len())]
        }
    }

    /// Draws a certificate that is somebody else's, or that nobody trusted signed.
    fn draw_certificate(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        let own = self.nodes[node].key.public();
        let others: Vec<_> = self.nodes[node]
            .disk
            .entries()
            .filter(|entry| entry.origin != own)
            .filter_map(opening_of)
            .collect();
        let said = |words, is_false, body| Lie::new(words, is_false, Record::new(hlc, body).to_bytes());
        if !others.is_empty() && self.random.percent(60) {
            let body = others[self.random.index(others.len())].clone();
            let Body::Opened { identity } = body else {
                unreachable!("only openings were picked");
            };
            return if self.random.percent(50) {
                said(
                    "another's certificate as its own",
                    true,
                    Body::Opened { identity },
                )
            } else {
                let is_own = identity
                    .via
                    .as_ref()
                    .is_some_and(|via| via.certificate.device == own);
                said(
                    "another's certificate renewed",
                    !is_own || !self.speaks_as_hub(node, hlc),
                    Body::Renewed { identity },
                )
            };
        }
        let mut certificate = self.nodes[node].identity.unverified().clone();
        certificate.capabilities.override_refusals = true;
        certificate.gates.clear();
        let mut identity = self.nodes[node].identity.clone();
        if self.random.percent(50) {
            identity.certificate = certificate.sign(&self.nodes[node].key);
            identity.via = None;
            // No bundle names that issuer, but a later one might.
            return said("a certificate it gave itself", false, Body::Opened { identity });
        }
        identity.certificate.certificate = certificate;
        let altered = identity.certificate.certificate != *self.nodes[node].identity.unverified();
        said("a certificate it altered", altered, Body::Opened { identity })
    }

    /// Draws a proof of a fork that proves nothing.
    fn draw_fork(&mut self, node: NodeId) -> Body {
        let heads = self.nodes[node].ledger.heads();
        let mut one = Head {
            origin: self.nodes[self.random.index(self.nodes.len())].key.public(),
            tail: Tail {
                seq: Seq(self.random.between(1, 20)),
                hash: self.random.seed(),
            },
            signature: Signature([7; 64]),
        };
        let mut other = one.clone();
        other.tail.hash = self.random.seed();
        let (mut base, mut links) = (other.tail.hash, Vec::new());
        if !heads.is_empty() && self.random.percent(60) {
            one = heads[self.random.index(heads.len())].clone();
            other = one.clone();
            base = if self.random.percent(50) {
                one.tail.hash
            } else {
                self.random.seed()
            };
            links = vec![self.random.seed(); self.random.index(3)];
        }
        Body::ForkSeen(Box::new(ForkProof {
            one,
            base,
            links,
            other,
        }))
    }

    /// Draws what only an authority may say.
    fn draw_authority_record(&mut self, node: NodeId) -> Body {
        let victim = self.nodes[self.random.index(self.nodes.len())].key.public();
        let (unit, generation) = (Unit(self.draw_unit()), Generation(1));
        match self.random.below(10) {
            0 => Body::Revoked { unit, generation },
            1 => Body::Superseded {
                unit,
                generation: Generation(u32::MAX),
            },
            2 => Body::Reinstated { unit, generation },
            3 => Body::Policy {
                version: u32::MAX,
                policy: self.setting.policy(0),
            },
            4 => Body::Roster {
                epoch: u32::try_from(self.random.between(0, 9)).expect("few"),
                hubs: vec![self.nodes[node].key.public()],
            },
            5 => Body::DeviceRevoked {
                device: victim,
                after: Seq(0),
            },
            6 => Body::HubRetired {
                hub: victim,
                heir: None,
            },
            7 => Body::ForkSettled {
                origin: victim,
                tail: Tail {
                    seq: Seq(1),
                    hash: [1; 32],
                },
            },
            8 => Body::DeviceEnrolled {
                identity: self.nodes[self.random.index(self.nodes.len())].identity.clone(),
            },
            _ => Body::Restated,
        }
    }
}
