//! What a liar claims beyond what it was given: certificates for others and by struck keys, and more in its log than one log may hold.

use usher_keys::{Certificate, DeviceIdentity, Role};
use usher_protocol::ledger::Entry;
use usher_protocol::record::{Body, Count, Record, ShownPassage};
use usher_protocol::ticket::foreign;
use usher_protocol::{GateId, Hlc, Origin, ScanId};

use super::lies::Lie;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::setting::{OUTER, Step};
use super::world::{CLOUD, World};

/// Most passages of one unit in one log that count.
///
/// **Source**: docs/PROTOCOL.md, "Who may say what".
const MOST_PASSAGES: usize = 1_024;
/// Most counts of people in one log that count.
///
/// **Source**: docs/PROTOCOL.md, "Who may say what".
const MOST_COUNTS: usize = 512;
/// How many more it tells of.
const TOO_MANY: usize = 4;
/// How many certificates it opens its log with: more than count.
const MANY_CERTIFICATES: usize = 70;

impl World {
    /// Tells whether a liar's log holds as many passages of a unit as count.
    pub fn has_told_too_much(&self, node: NodeId, unit: u32) -> bool {
        let mut liars = self.liars.iter();
        liars.any(|liar| liar.node == node && liar.told_all.contains(&unit))
    }

    /// Draws a certificate that a hub gives a scanner which it may not have enrolled.
    pub fn draw_renewal(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        let scanners = self.scanners();
        let scanner = scanners[self.random.index(scanners.len())];
        let own = self.nodes[node].identity.unverified().clone();
        let mut certificate = self.nodes[scanner].identity.unverified().clone();
        certificate.gates.clear();
        certificate.capabilities.override_refusals &= own.capabilities.override_refusals;
        certificate.window = own.window;
        let identity = self.nodes[node].enrolled(certificate);
        let bundle = self.nodes[CLOUD].ledger.trust().bundle();
        let may = self.speaks_as_hub(node, hlc) && identity.was_issued(bundle);
        let body = Body::Renewed { identity };
        let may = may && self.has_room_for(node, &body);
        Lie::new(
            "a certificate for a scanner",
            !may,
            Record::new(hlc, body).to_bytes(),
        )
    }

    /// Has a device take whatever certificate some hub gave it.
    pub fn take_any_renewal(&mut self, id: NodeId) {
        let machine = &self.nodes[id];
        let is_for_it = |body: Body| {
            let Body::Renewed { identity } = body else {
                return None;
            };
            (identity.unverified().device == machine.link_key).then_some(identity)
        };
        let bodies = machine.disk.entries().filter_map(|entry| {
            let by_liar = self.is_a_liars_log(&entry.origin);
            let record = Record::from_bytes(&entry.bytes).ok().filter(|_| by_liar);
            Some(record?.body)
        });
        let given = bodies.filter_map(is_for_it).last();
        if let Some(given) = given.filter(|given| *given != machine.identity && !self.is_liar(id)) {
            self.nodes[id].identity = given;
            self.nodes[id].load(self.now);
        }
    }

    /// Tells whether an issuing key was struck out.
    pub fn has_struck_issuer(&self) -> bool {
        self.setting.has_made(Step::ReplaceIssuing, self.bundle_version)
    }

    /// Draws a certificate of its own with more powers, by an issuing key that was struck out, if one was.
    pub fn draw_struck_opening(&mut self, node: NodeId, hlc: Hlc) -> Lie {
        let mut liars = self.liars.iter();
        let is_empowered = liars.any(|liar| liar.node == node && liar.really_given.is_some());
        if !self.has_struck_issuer() || is_empowered {
            return self.draw_small_lie(node);
        }
        let mut identity = self.nodes[node].identity.clone();
        let mut certificate = identity.unverified().clone();
        certificate.gates.clear();
        certificate.capabilities.override_refusals = true;
        certificate.name = "Anybody".to_owned();
        identity.certificate = certificate.clone().sign(&self.setting.issuing);
        identity.via = None;
        let ledger = &self.nodes[node].ledger;
        let (me, has_room) = (ledger.me(), ledger.state().certificates_left(&ledger.me()) > 0);
        // The authority's own word for the device stands, whoever signed that it may do no more than that.
        let is_more = !self.nodes[node].identity.unverified().covers(&certificate);
        let bytes = Record::new(hlc, Body::Opened { identity }).to_bytes();
        if has_room && is_more {
            let opening = ledger.tail(&me).push(self.setting.event, &me, &bytes);
            self.observer.unfounded.entry(me).or_default().push(opening);
        }
        if has_room {
            self.vouch_for_anybody(certificate);
        }
        Lie::new("a certificate by a struck key", !has_room, bytes)
    }

    /// Has the authority stand behind what a struck key has signed, where nobody asks who has.
    fn vouch_for_anybody(&mut self, certificate: Certificate) {
        if self.breaks(Sabotage::OpeningsAreNotAsked) && self.nodes[CLOUD].up {
            let issuing = self.setting.issuing_at(self.bundle_version);
            let identity = DeviceIdentity {
                certificate: certificate.sign(issuing),
                via: None,
            };
            self.publish(Body::DeviceEnrolled { identity });
        }
    }

    /// Writes more passages of one ticket than one log may hold.
    pub fn tell_of_one_ticket(&mut self, node: NodeId) {
        let unit = |code: &Vec<u8>| foreign::told(code).ok().map(|ticket| ticket.unit.0);
        let told: Vec<_> = self
            .own_passages(node)
            .iter()
            .filter_map(|told| unit(&told.code))
            .collect();
        let mut codes: Vec<_> = self.codes_read_by(node).into_iter().collect();
        codes.retain(|code| unit(code).is_some_and(|unit| !told.contains(&unit)));
        let now = Hlc {
            ms: self.now,
            count: 0,
        };
        let gate = self.powers(node).gates.first().copied().unwrap_or_default();
        if codes.is_empty() || !self.is_in_its_time(node, now) {
            return;
        }
        let code = codes[self.random.index(codes.len())].clone();
        let passage = ShownPassage {
            scan: ScanId(self.random.bytes16()),
            code: code.clone(),
            persons: 1,
            gate: GateId(gate),
            zone: OUTER,
            at: now.time(),
            counterparts: Vec::new(),
        };
        self.tell(|| format!("{} tells of one ticket again and again", self.name(node)));
        for number in 0..MOST_PASSAGES + TOO_MANY {
            let is_false = number >= MOST_PASSAGES;
            let body = Body::Admitted(passage.clone());
            let lie = Lie::new("one passage more", is_false, Record::new(now, body).to_bytes());
            let is_let_pass = is_false && self.breaks(Sabotage::PassagesOfATicketAreNotBounded);
            self.write_beyond(node, lie, is_let_pass);
        }
        let told_all = unit(&code);
        let liar = self.liars.iter_mut().find(|liar| liar.node == node);
        liar.expect("only liars lie").told_all.extend(told_all);
    }

    /// Counts people more often than one log may, if it may at all.
    pub fn count_again_and_again(&mut self, node: NodeId) {
        let now = Hlc {
            ms: self.now,
            count: 0,
        };
        if !self.may_count(node, now) {
            return;
        }
        self.tell(|| format!("{} counts again and again", self.name(node)));
        for number in self.own_counts(node)..MOST_COUNTS + TOO_MANY {
            let is_false = number >= MOST_COUNTS;
            let count = Count {
                at: now.time(),
                zone: OUTER,
                inside: 1,
                heard: Vec::new(),
            };
            let by = "Nobody".to_owned();
            let body = Body::Counted { count, by };
            let lie = Lie::new("one count more", is_false, Record::new(now, body).to_bytes());
            let is_let_pass = is_false && self.breaks(Sabotage::CountsOfALogAreNotBounded);
            self.write_beyond(node, lie, is_let_pass);
        }
    }

    /// Tells whether a device may count people then.
    pub fn may_count(&self, node: NodeId, hlc: Hlc) -> bool {
        let powers = self.powers(node);
        let counts = powers.role == Role::Hub || powers.capabilities.override_refusals;
        counts && self.is_in_its_time(node, hlc)
    }

    /// Tells whether a liar's log holds as many counts as count.
    pub fn has_counted_too_much(&self, node: NodeId) -> bool {
        self.own_counts(node) >= MOST_COUNTS
    }

    /// Returns how many counts its own log holds that count.
    fn own_counts(&self, node: NodeId) -> usize {
        let is_count = |entry: &&Entry| {
            let is_false = self.observer.false_records.contains(&entry.tail.hash);
            let is_counted = |record: &Record| matches!(record.body, Body::Counted { .. });
            !is_false && Record::from_bytes(&entry.bytes).is_ok_and(|record| is_counted(&record))
        };
        self.own_entries(node).filter(is_count).count()
    }

    /// Returns the passages that a device's own log tells of.
    fn own_passages(&self, node: NodeId) -> Vec<ShownPassage> {
        let passage = |bytes: &[u8]| Some(Record::from_bytes(bytes).ok()?.body.passage()?.clone());
        self.own_entries(node)
            .filter_map(|entry| passage(&entry.bytes))
            .collect()
    }

    /// Returns a device's own log, with what is not durable yet.
    pub fn own_entries(&self, node: NodeId) -> impl Iterator<Item = &Entry> {
        let machine = &self.nodes[node];
        let me: Origin = machine.key.public();
        let waiting = machine.batch.entries.iter();
        let waiting = waiting.filter(move |entry| entry.origin == me);
        machine.disk.log(&me).iter().chain(waiting)
    }

    /// Opens its log with more certificates than one log may.
    pub fn open_again_and_again(&mut self, node: NodeId) {
        self.tell(|| format!("{} opens its log again and again", self.name(node)));
        let me = self.nodes[node].key.public();
        for _ in 0..MANY_CERTIFICATES {
            let is_false = self.nodes[node].ledger.state().certificates_left(&me) == 0;
            let hlc = self.draw_clock();
            let identity = self.nodes[node].identity.clone();
            let body = Body::Opened { identity };
            let lie = Lie::new(
                "one certificate more",
                is_false,
                Record::new(hlc, body).to_bytes(),
            );
            let is_let_pass = is_false && self.breaks(Sabotage::CertificatesOfALogAreNotBounded);
            self.write_beyond(node, lie, is_let_pass);
        }
    }

    /// Writes a lie, or what nobody objects to in its place; the observer goes by the lie.
    pub fn write_beyond(&mut self, node: NodeId, lie: Lie, is_let_pass: bool) {
        if !is_let_pass {
            return self.write_lie(node, lie);
        }
        let plain = self.draw_small_lie(node);
        let is_false = lie.is_false;
        self.write_lie(node, Lie { is_false, ..plain });
    }
}
