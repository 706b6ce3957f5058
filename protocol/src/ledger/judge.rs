//! Who may say yes to a scan, and saying it: the ledger's use of the admission rules; asking over the network is the shell's.

mod question;
mod written;

use usher_keys::{DeviceIdentity, PublicKey, Timestamp};

use super::Ledger;
use crate::admission::{self, Direction, Question, Reason, Referral, Refused, Verdict};
use crate::clock::RuleTime;
use crate::evidence::{self, Worth};
use crate::ident::{ScanId, ScanSecret, Stamp, TierId};
use crate::policy::{EntryRule, Offline, Policy};
use crate::record::{Body, Passage, PlacesOf, Refusal, ShownPassage};
use crate::request::Scan;
use crate::state::rulings;

pub use question::ScanQuestion;

/// How long after it was answered a scan may be asked about again, in milliseconds: time for a turnstile's line to come back.
const RETRY_WITHIN_MS: u64 = 2 * 60 * 1000;

/// Who should judge a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// We should: we are the unit's home, or nobody is, or we know that the ticket is void.
    Here,
    /// That hub should: it is the unit's home.
    Ask(PublicKey),
}

impl Route {
    /// Returns whom we ask for a unit with this home.
    pub fn to(home: Option<PublicKey>, me: PublicKey) -> Self {
        home.filter(|home| *home != me).map_or(Self::Here, Self::Ask)
    }
}

/// What we judge a scan as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JudgingAs {
    /// As the unit's home, if we are.
    Home,
    /// In its place, because the home cannot be reached.
    CutOff,
}

/// A scan by which somebody was let in for a device that has not shown that it heard so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unheard {
    pub scan: ScanId,
    pub asker: PublicKey,
}

/// A judgement: the verdict and what must be written down before it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub verdict: Verdict,
    /// The record, unless this scan was judged before.
    pub body: Option<Body>,
}

impl Ledger {
    /// Returns who should judge a scan.
    pub fn route(&self, asked: &ScanQuestion) -> Route {
        if self.is_void(asked) {
            return Route::Here;
        }
        let unit = asked.ticket.ticket().unit;
        Route::to(self.state.rosters().home(self.event(), unit), self.me)
    }

    /// Tells whether a scan on the way in is of a ticket that the authority has made void, as far as we have heard. Then nobody
    /// else is asked: a home that has not heard it yet would let people in.
    pub fn is_void(&self, asked: &ScanQuestion) -> bool {
        let rulings = self.state.shared_ticket_rulings();
        asked.direction == Direction::In && rulings::is_void(&rulings, asked.ticket.ticket())
    }

    /// Judges a scan. Nothing changes until [`Ledger::write`] takes the body.
    pub fn judge(&self, asked: &ScanQuestion, judging_as: JudgingAs, now: impl Into<RuleTime>) -> Judged {
        self.judge_with_unheard(asked, judging_as, now, &[])
    }

    /// Judges a scan of a ticket by which somebody was let in for a device that may not have heard so: if that is what uses it
    /// up, nobody can say here that it is used.
    pub fn judge_with_unheard(
        &self,
        asked: &ScanQuestion,
        judging_as: JudgingAs,
        now: impl Into<RuleTime>,
        unheard: &[Unheard],
    ) -> Judged {
        let moment = now.into();
        let now = moment.at;
        // The ticket was verified when it arrived here, and others may have been asked since.
        if let Err(rejection) = self.check_believed(&asked.ticket, now) {
            let verdict = Verdict::rejected(rejection);
            return Judged { verdict, body: None };
        }
        if let Some(verdict) = self.judged_before(asked, now) {
            return Judged { verdict, body: None };
        }
        let verdict = self.verdict(asked, judging_as, moment);
        let verdict = self.unless_unheard(asked, verdict, unheard);
        let Verdict::Admit { .. } = verdict else {
            return self.refused(asked, verdict, now);
        };
        let body = self.passage(asked, now).map(|passage| match asked.direction {
            Direction::In => Body::Admitted(passage),
            Direction::Out => Body::Exited(passage),
        });
        match body.filter(|body| self.would_count(body, now)) {
            Some(body) => Judged {
                verdict,
                body: Some(body),
            },
            None => self.refused(asked, Verdict::Refer(Referral::NotAllowed), now),
        }
    }

    /// Weighs a home's verdict on a scan of a ticket by which somebody was let in for a device that may not have heard so. Other
    /// words than the home's are ours, and written down as such.
    pub fn weigh_with_unheard(
        &self,
        asked: &ScanQuestion,
        told: Verdict,
        now: Timestamp,
        unheard: &[Unheard],
    ) -> Judged {
        let verdict = self.unless_unheard(asked, told, unheard);
        if verdict == told {
            return Judged { verdict, body: None };
        }
        self.refused(asked, verdict, now)
    }

    /// Returns the verdict on a ticket where somebody was let in by it for a device that may not have heard so: nobody says then
    /// that it is used, but at which gate it was asked for. Of several the first counts that let somebody in.
    fn unless_unheard(&self, asked: &ScanQuestion, verdict: Verdict, unheard: &[Unheard]) -> Verdict {
        let is_used_up = match verdict {
            Verdict::Deny(reason) => matches!(
                reason,
                Reason::AlreadyUsed { .. } | Reason::GroupTooLarge { .. } | Reason::DayUsedUp { .. }
            ),
            Verdict::Admit { .. } | Verdict::Refer(_) => false,
        };
        let unit = asked.ticket.ticket().unit;
        let mut let_in = unheard.iter().filter(|_| is_used_up).filter_map(|one| {
            let Passage { gate, at, .. } = self.state.passage_of(unit, one.scan)?;
            let (asker, gate, at) = (one.asker, *gate, *at);
            Some(Verdict::Refer(Referral::AskerSilent { asker, gate, at }))
        });
        let_in.next().unwrap_or(verdict)
    }

    /// Whoever refuses writes that down, unless nobody would believe it.
    fn refused(&self, asked: &ScanQuestion, verdict: Verdict, now: Timestamp) -> Judged {
        let why = match verdict {
            Verdict::Admit { .. } => None,
            Verdict::Deny(reason) => Some(Refused::Deny(reason)),
            Verdict::Refer(referral) => Some(Refused::Refer(referral)),
        };
        let why = why.filter(|_| self.may_write_at_all());
        let body = why.map(|why| refusal(asked, why));
        // A device outside its certificate's time would be named for it.
        let body = body.filter(|body| self.would_count(body, now));
        Judged { verdict, body }
    }

    /// Tells whether a record of ours would count: letting in is worth nothing if nobody takes note of it.
    pub(super) fn would_count(&self, body: &Body, now: Timestamp) -> bool {
        let stamp = self.next_stamp(now);
        let counts = |by: &DeviceIdentity| self.state.would_count(by.unverified(), &stamp, body);
        self.identity.as_ref().is_some_and(counts)
    }

    /// Returns the stamp of the record that would be written next.
    pub(super) fn next_stamp(&self, now: Timestamp) -> Stamp {
        Stamp {
            hlc: self.clock.tick(now),
            origin: self.me,
            seq: self.tail(&self.me).seq.next(),
        }
    }

    /// Makes the record by which a supervisor lets people in against the rules; `None` when they go out, for which nobody needs
    /// a supervisor, the gate is unknown, our certificate does not let us override, or a record more would be one of a second
    /// history.
    pub fn override_refusal(
        &self,
        asked: &ScanQuestion,
        (by, why): (String, String),
        now: Timestamp,
    ) -> Option<Body> {
        let inwards = (asked.direction == Direction::In).then_some(asked)?;
        let passage = self.passage(inwards, now)?;
        let body = Body::Overridden { passage, by, why };
        (self.may_write_at_all() && self.would_count(&body, now)).then_some(body)
    }

    /// Makes the record by which we give up a scan of our own that we have asked others about: from then on nobody is let in
    /// by it. `None` when that was written down before, would not count, or when nobody can have said yes to such a code.
    pub fn withdraw(&self, scan: &Scan, secret: ScanSecret, now: Timestamp) -> Option<Body> {
        let policy = self.state.policy().map(|(_, policy)| policy);
        let gate = policy.and_then(|policy| policy.gate(scan.gate));
        let passage = ShownPassage {
            scan: scan.id,
            code: self.code_of(&scan.code)?,
            persons: scan.persons.max(1),
            gate: scan.gate,
            zone: gate.map(|gate| gate.zone).unwrap_or_default(),
            at: now,
            counterparts: Vec::new(),
        };
        let unit = passage.unverified().ok()?.unit;
        let body = Body::Withdrawn { passage, secret };
        let is_ticket = evidence::worth(&body, &self.trust) != Worth::False;
        let counts = is_ticket && self.may_write_at_all() && self.would_count(&body, now);
        (counts && !self.state.is_taken_back(unit, scan.id)).then_some(body)
    }

    /// Returns the verdict of a scan that is known: that it let people in, or that it is over. Whoever repeats the id of an old
    /// scan has not read a code: a second record of it would move nobody, and people would go in uncounted.
    pub fn judged_before(&self, asked: &ScanQuestion, now: Timestamp) -> Option<Verdict> {
        let ticket = asked.ticket.ticket();
        if self.state.is_taken_back(ticket.unit, asked.scan) {
            return Some(Verdict::Refer(Referral::ScanOver));
        }
        let inwards = asked.direction == Direction::In;
        let same = |way: bool, passage: &Passage| {
            passage.scan == asked.scan
                && way == inwards
                && passage.generation == ticket.generation
                && passage.gate == asked.gate
        };
        let mut records = self.state.records_of(ticket.unit, asked.scan);
        let (_, _, passage) =
            records.find(|(stamp, way, passage)| same(*way, passage) && self.is_answer(stamp, asked))?;
        if now.0.abs_diff(passage.at.0) > RETRY_WITHIN_MS {
            return Some(Verdict::Refer(Referral::ScanOver));
        }
        let persons = passage.persons;
        let left = |(_, policy)| self.ask(asked, policy, now, admission::left);
        let left = self.state.policy().map_or(0, left);
        Some(Verdict::Admit { persons, left })
    }

    /// Tells whether that device may have answered the scan. Under strict policy only a home lets in: any other device could
    /// have us let in whom it likes, by writing down the id of a scan that was referred.
    fn is_answer(&self, by: &Stamp, asked: &ScanQuestion) -> bool {
        let was_home = || self.state.was_home(asked.ticket.ticket().unit, by);
        by.origin == self.me || asked.direction == Direction::Out || !self.is_strict(asked) || was_home()
    }

    /// What the policy does not know is strict.
    fn is_strict(&self, asked: &ScanQuestion) -> bool {
        self.is_strict_tier(asked.ticket.ticket().tier)
    }

    pub(super) fn is_strict_tier(&self, tier: TierId) -> bool {
        let tier = self.state.policy().and_then(|(_, policy)| policy.tier(tier));
        tier.is_none_or(|tier| tier.offline == Offline::Strict)
    }

    fn verdict(&self, asked: &ScanQuestion, judging_as: JudgingAs, moment: RuleTime) -> Verdict {
        if self.state.is_frozen(&self.me) {
            return Verdict::Refer(Referral::OwnLogForked);
        }
        if self.is_behind_own_past() {
            return Verdict::Refer(Referral::OwnLogBehind);
        }
        // What rested on keys that were not known yet is on the disk and not in the state.
        let policy = self.state.policy().filter(|_| !self.must_be_rebuilt());
        let Some((_, policy)) = policy else {
            return Verdict::Refer(Referral::NotReady);
        };
        let verdict = self.by_any_clock(asked, policy, moment);
        let verdict = self.unless_left(asked, policy, verdict);
        let (Verdict::Admit { .. }, Direction::In) = (verdict, asked.direction) else {
            return verdict;
        };
        let strict = self
            .is_strict(asked)
            .then(|| self.objection(asked, judging_as))
            .flatten();
        let objection = strict.or_else(|| self.lacks_places(asked, policy, moment.at));
        objection.map_or(verdict, Verdict::Refer)
    }

    /// Somebody who was seen to leave at a gate that did not know the entry may be outside: clocks do not tell, a person can.
    fn unless_left(&self, asked: &ScanQuestion, policy: &Policy, verdict: Verdict) -> Verdict {
        let is_inside = matches!(verdict, Verdict::Deny(Reason::AlreadyUsed { .. }));
        let gate = policy.gate(asked.gate).filter(|_| is_inside);
        let is_reentry = policy
            .tier(asked.ticket.ticket().tier)
            .is_some_and(|tier| tier.entry == EntryRule::Reentry);
        let may_be_outside = gate.filter(|_| is_reentry).is_some_and(|gate| {
            let tally = self.state.tally(asked.ticket.ticket().unit);
            tally.may_have_left(self.state.limits().level(gate.zone))
        });
        if may_be_outside {
            return Verdict::Refer(Referral::ClockInDoubt);
        }
        verdict
    }

    /// Nobody lets people into a zone that is limited but by places of its own, or the zone would hold too many once hubs that
    /// did not hear of each other meet again.
    fn lacks_places(&self, asked: &ScanQuestion, policy: &Policy, now: Timestamp) -> Option<Referral> {
        let zone = policy.gate(asked.gate)?.zone;
        let needed = i64::from(asked.persons.max(1));
        let lacks = |of: PlacesOf| {
            let ours = self.state.places_of(zone, of, &self.me);
            ours.is_some_and(|ours| ours < needed)
        };
        let lacks_any = lacks(PlacesOf::Room) || lacks(PlacesOf::TimeSlot(now));
        lacks_any.then_some(Referral::NoPlaces)
    }

    /// Returns why we may not say yes under strict policy; `None` if we may.
    fn objection(&self, asked: &ScanQuestion, judging_as: JudgingAs) -> Option<Referral> {
        let (event, unit) = (self.event(), asked.ticket.ticket().unit);
        let rosters = self.state.rosters();
        if self.state.is_beyond_us() {
            return Some(Referral::UpdateNeeded);
        }
        if rosters.retired().contains(&self.me) {
            return Some(Referral::Retired);
        }
        // Without one of the rosters so far, a former home would be missed that may still act.
        let Some((epoch, _)) = rosters.current().filter(|_| rosters.are_complete()) else {
            return Some(Referral::NotReady);
        };
        // A roster without hubs has no home that could say yes.
        let Some(home) = rosters.home(event, unit) else {
            return Some(Referral::NotReady);
        };
        if judging_as == JudgingAs::CutOff || home != self.me {
            return Some(Referral::HomeUnreachable { home });
        }
        // Whom we let in by a key that is not known here any more, or with a later program, is in our log and not in the state.
        let unknown = self.state.may_hide_entries();
        if rosters.decided_by(&self.me) != Some(epoch) || unknown.contains(&self.me) {
            return Some(Referral::NotReady);
        }
        let former = rosters.former_home(event, unit, self.me);
        former
            .or_else(|| rosters.former_home_among(event, unit, &unknown))
            .map(|former| Referral::HomeUnsettled { former })
    }

    /// Where clocks do not agree, only what holds by all of them is certain: strict tiers are referred, others are let in if
    /// some clock says so, but for a second entry on another day.
    fn by_any_clock(&self, asked: &ScanQuestion, policy: &Policy, moment: RuleTime) -> Verdict {
        let verdict = self.by_the_rules(asked, policy, moment.at);
        if moment.earliest == moment.latest {
            return verdict;
        }
        let others = [moment.earliest, moment.latest].map(|at| self.by_the_rules(asked, policy, at));
        let all = [verdict, others[0], others[1]];
        let lets_in = |verdict: &Verdict| matches!(verdict, Verdict::Admit { .. });
        let is_used = |verdict: &&Verdict| matches!(verdict, Verdict::Deny(Reason::DayUsedUp { .. }));
        match all.iter().filter(|verdict| lets_in(verdict)).count() {
            0 | 3 => verdict,
            _ if self.is_strict(asked) => Verdict::Refer(Referral::ClockInDoubt),
            _ => *all
                .iter()
                .find(is_used)
                .or(all.iter().find(|one| lets_in(one)))
                .unwrap_or(&verdict),
        }
    }

    fn by_the_rules(&self, asked: &ScanQuestion, policy: &Policy, now: Timestamp) -> Verdict {
        self.ask(asked, policy, now, admission::decide)
    }

    /// Asks the rules something of a scan.
    fn ask<T>(
        &self,
        asked: &ScanQuestion,
        policy: &Policy,
        now: Timestamp,
        rule: impl Fn(&Question) -> T,
    ) -> T {
        // Of an unknown gate's zone nothing is known, and no rule looks at it.
        let gate = policy.gate(asked.gate);
        let zone = gate.map(|gate| gate.zone).unwrap_or_default();
        let leaves = gate.and_then(|gate| gate.leaves);
        let place = (asked.ticket.ticket().unit, zone);
        let mut history = self.state.history_at(place, leaves, now);
        history.used.add(self.used_elsewhere(&asked.ticket));
        rule(&Question {
            ticket: &asked.ticket,
            event: self.event(),
            gate: asked.gate,
            direction: asked.direction,
            persons: asked.persons.max(1),
            policy,
            history: &history,
            now,
        })
    }
}

fn refusal(asked: &ScanQuestion, why: Refused) -> Body {
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
