//! Taking back a yes: nobody passed by a scan after all. Who may, until when, and what it would leave behind; asking people why is the shell's.

use usher_keys::Timestamp;

use super::Ledger;
use crate::admission::Direction;
use crate::clock::RuleTime;
use crate::correction::NotAnnulled;
use crate::ident::Unit;
use crate::record::{Body, Passage, RightToAnnul, ShownPassage};
use crate::request::Scan;
use crate::state::units::ANNUL_WITHIN_MS;

/// A scan that is to be annulled.
#[derive(Debug, Clone, Copy)]
pub struct Annulling<'a> {
    /// The scan, as it was asked.
    pub scan: &'a Scan,
    /// What entitles us.
    pub right: RightToAnnul,
    /// Who says that nobody passed.
    pub by: &'a str,
    pub why: &'a str,
}

impl Ledger {
    /// Makes the record by which a scan is annulled. What its readers know of it may have come from a home hub whose log is
    /// not here yet, so that they annul also what is not known here: the fold takes that for nothing if it was too late.
    ///
    /// # Errors
    ///
    /// [`NotAnnulled`].
    pub fn annul(&self, annulling: &Annulling, now: impl Into<RuleTime>) -> Result<Body, NotAnnulled> {
        let moment = now.into();
        let now = moment.at;
        let Annulling { scan, right, by, why } = annulling;
        let code = self.code_of(&scan.code).ok_or(NotAnnulled::NobodyPassed)?;
        let policy = self.state.policy().map(|(_, policy)| policy);
        let gate = policy.and_then(|policy| policy.gate(scan.gate));
        let mut passage = ShownPassage {
            scan: scan.id,
            code,
            persons: scan.persons.max(1),
            gate: scan.gate,
            zone: gate.map(|gate| gate.zone).unwrap_or_default(),
            at: now,
            counterparts: Vec::new(),
        };
        let unit = passage.unverified().map_err(|_| NotAnnulled::NobodyPassed)?.unit;
        if self.state.is_taken_back(unit, scan.id) {
            return Err(NotAnnulled::NobodyPassed);
        }
        match self.state.passage_of(unit, scan.id) {
            Some(known) => {
                self.may_end(unit, known, (*right, now))?;
                (passage.persons, passage.gate, passage.zone) = (known.persons, known.gate, known.zone);
            }
            None if *right == RightToAnnul::Supervisor => return Err(NotAnnulled::NobodyPassed),
            // The home's clock, which will be compared with ours, may be any of them.
            None if moment.latest.since_ms(moment.earliest) > ANNUL_WITHIN_MS => {
                return Err(NotAnnulled::ClockInDoubt);
            }
            None => {}
        }
        let body = Body::Annulled {
            passage,
            right: *right,
            by: (*by).to_owned(),
            why: (*why).to_owned(),
        };
        let counts = self.may_write_at_all() && self.would_count(&body, now);
        counts.then_some(body).ok_or(NotAnnulled::NotAllowed)
    }

    /// Returns the passage that a record annuls, if it is known here.
    #[must_use]
    pub fn annulled_passage(&self, annulled: &Body) -> Option<&Passage> {
        let shown = annulled.passage()?;
        let unit = shown.unverified().ok()?.unit;
        self.state.passage_of(unit, shown.scan)
    }

    /// Returns a supervisor's question about the last scan by which people passed with the ticket of a code that way; `None` while none is
    /// known here.
    #[must_use]
    pub fn last_scan_of(&self, (code, unit): (&[u8], Unit), direction: Direction) -> Option<Scan> {
        let last = self.last_passage(unit, direction == Direction::In)?;
        Some(Scan {
            id: last.scan,
            code: code.to_vec(),
            gate: last.gate,
            direction,
            persons: last.persons,
        })
    }

    /// Returns the last passage with a unit's ticket in one direction, by the judges' time. Log clocks only order records: one
    /// that was pulled ahead has later readings for earlier passages.
    pub fn last_passage(&self, unit: Unit, inwards: bool) -> Option<&Passage> {
        let passages = self.state.passages(unit);
        let that_way = passages.filter(|(_, way, _)| *way == inwards);
        that_way
            .map(|(_, _, passage)| passage)
            .max_by_key(|passage| passage.at)
    }

    /// Nothing may rest on the passage, or taking it back would make another one wrong.
    fn may_end(
        &self,
        unit: Unit,
        known: &Passage,
        (right, now): (RightToAnnul, Timestamp),
    ) -> Result<(), NotAnnulled> {
        if right != RightToAnnul::Supervisor && now.0.abs_diff(known.at.0) > ANNUL_WITHIN_MS {
            return Err(NotAnnulled::TooLate);
        }
        let rests = self.state.tally(unit).rests_on(known.scan, self.state.limits());
        if rests { Err(NotAnnulled::WentOn) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
