//! What a fold that left out one of its rules would believe, brought about without touching it: whoever holds the organizer's keys makes a liar's word good.
//!
//! The fold sees records that hold its rules; the observer goes by what was really given and said, and must see that something
//! counts which should not.

use usher_keys::{Certificate, Role, Window};
use usher_protocol::Unit;
use usher_protocol::evidence::Evidence;
use usher_protocol::ledger::Entry;
use usher_protocol::log::Run;
use usher_protocol::record::{Body, Counterpart, Record, ShownPassage};
use usher_protocol::ticket::live;
use usher_protocol::trust::Trust;

use super::node::NodeId;
use super::sabotage::Sabotage;
use super::world::{CLOUD, World};

impl World {
    /// Returns what a device may do by what it was really given.
    pub fn powers(&self, node: NodeId) -> &Certificate {
        let liar = self.liars.iter().find(|liar| liar.node == node);
        let given = liar.and_then(|liar| liar.really_given.as_ref());
        let machine = &self.nodes[node];
        // A liar may say that it has another certificate than the one it was enrolled with.
        let opened = machine.ledger.state().opened_with(&machine.key.public());
        let opened = opened.filter(|_| self.is_liar(node));
        given.unwrap_or_else(|| opened.unwrap_or(&machine.identity).unverified())
    }

    /// Returns a liar a genuine certificate with the power that nobody asks for; tells what it was really given.
    pub fn empower(&mut self, node: NodeId) -> Option<Certificate> {
        let mut identity = self.nodes[node].identity.clone();
        let given = identity.unverified().clone();
        let mut more = given.clone();
        if self.breaks(Sabotage::GatesAreNotAsked) {
            more.gates.clear();
        } else if self.breaks(Sabotage::RightsAreNotAsked) {
            more.capabilities.override_refusals = true;
        } else if self.breaks(Sabotage::RolesAreNotAsked) {
            more.role = Role::Hub;
        } else if self.breaks(Sabotage::TimesAreNotAsked) {
            more.window = Window::ALWAYS;
        } else {
            return None;
        }
        identity.certificate = more.sign(self.setting.issuing_at(self.bundle_version));
        let machine = &mut self.nodes[node];
        machine.enrol(identity);
        machine.batch.entries.clear();
        self.write_due_records(node);
        Some(given)
    }

    /// Has those whose word counts say the same as a liar, where nobody asks who it is that says it.
    pub fn repeat(&mut self, lie: &[u8]) {
        let Ok(Record { body, .. }) = Record::from_bytes(lie) else {
            return;
        };
        let is_on_tickets = matches!(
            body,
            Body::Superseded { .. } | Body::Revoked { .. } | Body::Reinstated { .. }
        );
        let rules = is_on_tickets && self.breaks(Sabotage::DevicesRuleOnTickets) && self.nodes[CLOUD].up;
        let lists =
            matches!(body, Body::Foreign(_)) && self.breaks(Sabotage::DevicesListCodes) && self.runs(CLOUD);
        if rules || lists {
            self.publish(body);
        } else if let Body::Annulled { passage, .. } = body {
            self.annul_for_another(&passage);
        } else if let Body::Withdrawn { passage, .. } = body
            && self.breaks(Sabotage::AnybodyWithdraws)
        {
            self.withdraw_for_another(&passage);
        }
    }

    /// Has the reader of a scan give it up because a liar says so.
    fn withdraw_for_another(&mut self, passage: &ShownPassage) {
        let Some(job) = self.observer.read.get(&passage.scan).cloned() else {
            return;
        };
        let reader = job.scanner;
        let now = self.nodes[reader].clock(self.now);
        let machine = &mut self.nodes[reader];
        let body = machine.ledger.withdraw(&job.question(), job.secret, now);
        if let Some(body) = body.filter(|_| machine.up) {
            machine.write(body, now);
            self.plan_commit(reader);
        }
    }

    /// Has hubs close whoever is in by an exit of which nobody knows the entry, as if exits did not have to name whom they close.
    pub fn close_others(&mut self, hub: NodeId) -> Vec<Entry> {
        let units = self.units();
        let machine = &mut self.nodes[hub];
        let (state, me) = (machine.ledger.state(), machine.key.public());
        let may_write = machine.role == Role::Hub && !state.is_frozen(&me);
        if !may_write || machine.ledger.is_behind_own_past() {
            return Vec::new();
        }
        let matched = units.map(Unit).filter_map(|unit| {
            let tally = state.tally(unit);
            let inside = tally.entries.iter().filter(|entry| entry.inside() > 0);
            let closes: Vec<_> = inside
                .map(|entry| Counterpart {
                    scan: entry.passage().scan,
                    persons: entry.passage().persons,
                })
                .collect();
            let exit = tally.unmatched().next()?.change.passage.scan;
            (!closes.is_empty()).then_some(Body::ExitMatched { unit, exit, closes })
        });
        let bodies: Vec<_> = matched.collect();
        let now = machine.clock(self.now);
        let written = bodies.into_iter().map(|body| machine.ledger.write(body, now));
        written.collect()
    }

    /// Returns the code of a unit's ticket that admits as many as are said to have passed.
    pub fn generous(&self, passage: &ShownPassage) -> Option<Vec<u8>> {
        let told = passage.unverified().ok()?;
        let is_generous = self.breaks(Sabotage::TicketsAdmitAnyNumber) && told.persons > told.admits;
        is_generous.then(|| self.setting.code_for(&told, told.persons))
    }

    /// Returns what the records of a run are worth if nobody asks whether a live ticket's phone signed along.
    pub fn evidence_of_pictures(&self, run: &Run, trust: &Trust) -> Evidence {
        let plain = |bytes: &Vec<u8>| self.with_plain_code(bytes).unwrap_or_else(|| bytes.clone());
        let records = run.records.iter().map(plain).collect();
        Evidence::of(
            &Run {
                records,
                ..run.clone()
            },
            trust,
        )
    }

    /// Puts the code of an ordinary ticket in the place of a live one; nothing where there is no live one.
    fn with_plain_code(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut record = Record::from_bytes(bytes).ok()?;
        if let Body::Admitted(passage)
        | Body::Exited(passage)
        | Body::Overridden { passage, .. }
        | Body::Withdrawn { passage, .. }
        | Body::Annulled { passage, .. } = &mut record.body
        {
            live::parse(&passage.code).ok()?.holder?;
            let told = passage.unverified().ok()?;
            passage.code = self.setting.code_for(&told, told.admits);
        }
        Some(record.to_bytes())
    }
}
