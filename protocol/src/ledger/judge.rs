//! Who may say yes to a scan, and saying it: the ledger's use of the admission rules; asking over the network is the shell's.

use usher_keys::{PublicKey, Timestamp};

use super::Ledger;
use crate::admission::{self, Direction, Question, Referral, Refused, Verdict};
use crate::ident::{GateId, ScanId};
use crate::policy::{Offline, Policy};
use crate::record::{Body, Passage, Refusal};
use crate::ticket::VerifiedTicket;

/// A scan to be judged.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The scan's id; asking again with the same id is asking about the same people.
    pub scan: ScanId,
    /// The ticket.
    pub ticket: VerifiedTicket,
    /// The gate.
    pub gate: GateId,
    /// Which way.
    pub direction: Direction,
    /// How many people, from 1.
    pub persons: u8,
}

/// Who should judge a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// We should: we are the unit's home, or nobody is.
    Here,
    /// That hub should: it is the unit's home.
    Ask(PublicKey),
}

/// From where we judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// As the unit's home, if we are.
    Home,
    /// In its place, because the home cannot be reached.
    CutOff,
}

/// A judgement: the verdict and what must be written down before it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The record, unless this scan was judged before.
    pub body: Option<Body>,
}

impl Ledger {
    /// Tells who should judge a scan.
    pub fn route(&self, asked: &Asked) -> Route {
        match self
            .state
            .rosters()
            .home(self.event(), asked.ticket.ticket().unit)
        {
            Some(home) if home != self.me => Route::Ask(home),
            Some(_) | None => Route::Here,
        }
    }

    /// Judges a scan. Nothing changes until [`Ledger::write`] takes the body.
    pub fn judge(&self, asked: &Asked, seat: Seat, now: Timestamp) -> Judged {
        if let Some(verdict) = self.judged_before(asked) {
            return Judged { verdict, body: None };
        }
        let verdict = self.verdict(asked, seat, now);
        let body = match verdict {
            Verdict::Admit { .. } => self.passage(asked).map(|passage| match asked.direction {
                Direction::In => Body::Admitted(passage),
                Direction::Out => Body::Exited(passage),
            }),
            Verdict::Deny(reason) => Some(refusal(asked, Refused::Deny(reason))),
            Verdict::Refer(referral) => Some(refusal(asked, Refused::Refer(referral))),
        };
        Judged { verdict, body }
    }

    /// Makes the record by which a supervisor lets people in against the rules; `None` when the gate is unknown.
    pub fn override_refusal(&self, asked: &Asked, by: String, why: String) -> Option<Body> {
        Some(Body::Overridden {
            passage: self.passage(asked)?,
            by,
            why,
        })
    }

    fn judged_before(&self, asked: &Asked) -> Option<Verdict> {
        let ticket = asked.ticket.ticket();
        let inwards = asked.direction == Direction::In;
        let same = |way: bool, passage: &Passage| {
            passage.scan == asked.scan
                && way == inwards
                && passage.generation == ticket.generation
                && passage.gate == asked.gate
        };
        let mut passages = self.state.passages(ticket.unit);
        let (_, _, passage) = passages.find(|(_, way, passage)| same(*way, passage))?;
        Some(Verdict::Admit {
            persons: passage.persons,
            left: 0,
        })
    }

    fn verdict(&self, asked: &Asked, seat: Seat, now: Timestamp) -> Verdict {
        if self.state.is_frozen(&self.me) {
            return Verdict::Refer(Referral::OwnLogForked);
        }
        let Some((_, policy)) = self.state.policy() else {
            return Verdict::Refer(Referral::NotReady);
        };
        let verdict = self.by_the_rules(asked, policy, now);
        let strict = policy
            .tier(asked.ticket.ticket().tier)
            .is_none_or(|tier| tier.offline == Offline::Strict);
        match verdict {
            Verdict::Admit { .. } if strict && asked.direction == Direction::In => {
                self.objection(asked, seat).map_or(verdict, Verdict::Refer)
            }
            Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => verdict,
        }
    }

    /// Tells why we may not say yes under strict policy, if so.
    fn objection(&self, asked: &Asked, seat: Seat) -> Option<Referral> {
        let (event, unit) = (self.event(), asked.ticket.ticket().unit);
        let rosters = self.state.rosters();
        let Some((epoch, _)) = rosters.current() else {
            return Some(Referral::NotReady);
        };
        // A roster without hubs has no home that could say yes.
        let Some(home) = rosters.home(event, unit) else {
            return Some(Referral::NotReady);
        };
        if seat == Seat::CutOff || home != self.me {
            return Some(Referral::HomeUnreachable { home });
        }
        if rosters.adopted().get(&self.me) != Some(&epoch) {
            return Some(Referral::NotReady);
        }
        rosters
            .former_home(event, unit, self.me)
            .map(|former| Referral::HomeUnsettled { former })
    }

    fn by_the_rules(&self, asked: &Asked, policy: &Policy, now: Timestamp) -> Verdict {
        // Of an unknown gate's zone nothing is known, and no rule looks at it.
        let zone = policy.gate(asked.gate).map(|gate| gate.zone).unwrap_or_default();
        let history = self.state.history(asked.ticket.ticket().unit, zone);
        admission::decide(&Question {
            ticket: &asked.ticket,
            event: self.event(),
            gate: asked.gate,
            direction: asked.direction,
            persons: asked.persons.max(1),
            policy,
            history: &history,
            now,
            day: policy.day(self.clock.time().max(now)),
        })
    }

    fn passage(&self, asked: &Asked) -> Option<Passage> {
        let (_, policy) = self.state.policy()?;
        let ticket = asked.ticket.ticket();
        Some(Passage {
            scan: asked.scan,
            unit: ticket.unit,
            generation: ticket.generation,
            tier: ticket.tier,
            admits: ticket.admits,
            persons: asked.persons.max(1),
            gate: asked.gate,
            zone: policy.gate(asked.gate)?.zone,
        })
    }
}

fn refusal(asked: &Asked, why: Refused) -> Body {
    let ticket = asked.ticket.ticket();
    Body::Refused(Refusal {
        scan: asked.scan,
        ticket: (ticket.unit, ticket.generation),
        gate: asked.gate,
        why,
    })
}

#[cfg(test)]
mod tests;
