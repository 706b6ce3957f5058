//! What a device's ledger demands of its own log and of its shell: opening, adopting rosters, renewing certificates, reporting and mending forks.

use usher_keys::{Certificate, DeviceIdentity, Role, Timestamp, TrustedKey};

use super::{Entry, Ledger};
use crate::fork::ForkProof;
use crate::home::roster_hash;
use crate::ident::{MAX_CLOCK_PULL_MS, Origin, Unit};
use crate::log::Tail;
use crate::record::Body;

/// How long before its end a scanner's certificate is renewed by the hub that gave it, in milliseconds: a day.
const RENEWAL_LEAD_MS: u64 = 24 * 60 * 60 * 1000;
/// How many of the certificates that a log may open with are for the authority to give: a hub that lies could use up the
/// others.
const KEPT_FOR_THE_AUTHORITY: usize = 16;
/// How many of the forks that we may tell of are for ourselves, authorities and devices that the authority vouches for: a hub
/// that lies could use up the others with scanners that it invents.
const KEPT_FORKS: u32 = 128;

impl Ledger {
    /// Writes what the present state demands of our own log: opening it, a renewed certificate, adopting a new roster.
    pub fn write_due_records(&mut self, now: Timestamp) -> Vec<Entry> {
        self.take_renewal(now);
        let Some(identity) = self.identity.clone().filter(|_| self.may_write_at_all()) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        if self.tail(&self.me).seq.0 == 0 || self.state.opened_with(&self.me) != Some(&identity) {
            entries.push(self.write(Body::Opened { identity }, now));
        }
        let rosters = self.state.rosters();
        let current = rosters.current().map(|(epoch, hubs)| (epoch, roster_hash(hubs)));
        let decided_by = rosters.decided_by(&self.me);
        if let Some((epoch, roster)) = current.filter(|(epoch, _)| decided_by != Some(*epoch)) {
            let body = Body::RosterAdopted { epoch, roster };
            if self.would_count(&body, now) {
                entries.push(self.write(body, now));
            }
        }
        entries.extend(self.match_exits(now));
        entries.extend(self.help_out(now));
        // Those that were seen while nothing could be written.
        let late: Vec<_> = self
            .seen_forks
            .values()
            .filter(|seen| self.is_news(seen))
            .cloned()
            .collect();
        entries.extend(late.into_iter().filter_map(|seen| self.report_fork(seen, now)));
        entries
    }

    /// As the home of units: says which entries the exits close that were scanned where the entry was not known.
    fn match_exits(&mut self, now: Timestamp) -> Vec<Entry> {
        let due = self.state.take_to_match();
        let ours = |unit: &Unit| self.state.rosters().home(self.event(), *unit) == Some(self.me);
        let due = due.into_iter().filter(ours);
        let found: Vec<_> = due.flat_map(|unit| self.exits_to_match(unit, now)).collect();
        let counting = found.into_iter().filter(|body| self.would_count(body, now));
        let counting: Vec<_> = counting.collect();
        let written = counting.into_iter().map(|body| self.write(body, now));
        written.collect()
    }

    fn exits_to_match(&self, unit: Unit, now: Timestamp) -> Vec<Body> {
        let tally = self.state.tally(unit);
        let limits = self.state.limits();
        let first_inside = tally.first_inside(limits);
        let matched = tally.unmatched().filter_map(|exit| {
            // What was heard before an entry was written is not the exit of those people, whatever its clock says.
            let is_plausible = exit.stamp.hlc.time() <= now.plus_ms(MAX_CLOCK_PULL_MS);
            let by_any_clock = self.is_strict_tier(exit.change.passage.tier);
            let closes = tally.to_match(exit, &first_inside, (by_any_clock, limits));
            let (exit, has_any) = (exit.change.passage.scan, is_plausible && !closes.is_empty());
            has_any.then_some(Body::ExitMatched { unit, exit, closes })
        });
        // One at a time: what it closes is closed for the next.
        matched.take(1).collect()
    }

    /// Whoever has two histories, or may be about to begin a second one, says nothing more.
    pub(super) fn may_write_at_all(&self) -> bool {
        !self.state.is_frozen(&self.me) && !self.is_behind_own_past()
    }

    /// Takes the certificate that lasts longest of those we were given since.
    fn take_renewal(&mut self, now: Timestamp) {
        let Some(held) = &self.identity else { return };
        let bundle = self.trust.bundle();
        let left = self.state.certificates_left(&self.me);
        if left == 0 {
            // One certificate more would count for nothing, and be a false record.
            self.identity = self.state.opened_with(&self.me).cloned();
            return;
        }
        let until = |identity: &DeviceIdentity| identity.unverified().window.until;
        let is_struck = bundle
            .issuing_key(&held.root_issuer())
            .is_none_or(TrustedKey::is_struck);
        let better = |given: &&DeviceIdentity| until(given) > until(held) || (is_struck && *given != held);
        let register = self.state.register();
        let by_authority = |given: &DeviceIdentity| register.enrolled.get(&self.me) == Some(given);
        let given = self.state.certificates_for(held).filter(better);
        let good = given.filter(|given| given.verify(bundle, now).is_ok());
        let good = good.filter(|given| left > KEPT_FOR_THE_AUTHORITY || by_authority(given));
        if let Some(best) = good.max_by_key(|given| until(given)).cloned() {
            self.identity = Some(best);
        }
    }

    /// Returns the certificates that we, a hub that enrols scanners, are to sign and write down as [`Body::Renewed`]: of
    /// scanners we enrolled, which end soon and before ours does. Those with powers that we do not have any more are for the
    /// authority to renew, and all of them once our log counts no further: they would be due again and again.
    pub fn renewals_due(&self, now: Timestamp) -> Vec<Certificate> {
        let Some(own) = self.identity.as_ref().map(|identity| identity.unverified()) else {
            return Vec::new();
        };
        let may_enrol = own.role == Role::Hub && own.capabilities.enrol_scanners;
        if !may_enrol || !own.window.contains(now) || !self.may_write_at_all() {
            return Vec::new();
        }
        let stamp = self.next_stamp(now);
        let ours = self.state.devices().filter(|device| {
            let via = device.via.as_ref();
            via.is_some_and(|via| via.certificate.device == self.me)
                && self.state.would_renew(own, &stamp, &device.unverified().device)
        });
        let due = ours.filter(|scanner| {
            let given = self.state.certificates_for(scanner).chain([*scanner]);
            let until = given.map(|given| given.unverified().window.until).max();
            let until = until.unwrap_or_default();
            until <= now.plus_ms(RENEWAL_LEAD_MS)
                && until < own.window.until
                && !self.state.is_revoked(&scanner.unverified().device)
        });
        let renewed = due.map(|scanner| {
            let mut renewed = scanner.unverified().clone();
            renewed.window.until = own.window.until;
            renewed
        });
        renewed.filter(|renewed| own.may_enrol(renewed)).collect()
    }

    /// Writes down that an origin has two histories, with the proof, once. What a person has settled is no news: the history
    /// that does not count is out there still, and would be reported whenever it is met.
    pub fn report_fork(&mut self, proof: ForkProof, now: Timestamp) -> Option<Entry> {
        let origin = proof.origin();
        if !self.is_news(&proof) || proof.check(self.event()).is_none() {
            return None;
        }
        if self.is_answered_for(&origin) {
            // Those of invented keys would fill the memory.
            self.seen_forks.insert(origin, proof.clone());
        }
        if !self.may_write_at_all() || self.tail(&self.me).seq.0 == 0 {
            return None;
        }
        // An authority has no certificate, and may say it without end.
        let kept = if self.is_answered_for(&origin) {
            0
        } else {
            KEPT_FORKS
        };
        let counts = self.identity.is_none() || self.state.forks_left(&self.me) > kept;
        counts.then(|| self.write(Body::ForkSeen(Box::new(proof)), now))
    }

    /// Tells whether a fork is not known here, and was not settled by a person.
    pub fn is_news(&self, proof: &ForkProof) -> bool {
        !self.state.is_frozen(&proof.origin()) && !self.is_settled(proof)
    }

    fn is_settled(&self, proof: &ForkProof) -> bool {
        let settled = self.state.settled(&proof.origin());
        settled.is_some_and(|settled| proof.one.tail.seq <= settled.seq)
    }

    /// Returns the forks that we have seen and of which peers are to be told beside our log: nobody takes what is written in a log
    /// with two histories. Of logs that the authority does not answer for nobody would take it either, and there may be many.
    pub fn unheard_forks(&self) -> Vec<ForkProof> {
        let is_unheard = !self.may_write_at_all();
        let unheard = self.seen_forks.iter().filter(|(origin, proof)| {
            let is_told_of = (is_unheard || **origin == self.me) && self.is_answered_for(origin);
            is_told_of && !self.is_settled(proof)
        });
        unheard.map(|(_, proof)| proof.clone()).collect()
    }

    /// Returns the forks that were seen. Whoever builds the ledger anew in the middle of sessions gives them to the new one, because
    /// a session tells of each once.
    pub fn seen_forks(&self) -> impl Iterator<Item = &ForkProof> {
        self.seen_forks.values()
    }

    /// Takes the forks that were seen before the ledger was built anew; those that are news yet are told of, or written down with what is due.
    pub fn remember_forks(&mut self, seen: impl IntoIterator<Item = ForkProof>) {
        for proof in seen {
            if self.is_answered_for(&proof.origin()) {
                self.seen_forks.entry(proof.origin()).or_insert(proof);
            }
        }
    }

    /// Tells whether an origin is more than a key that some hub certified.
    fn is_answered_for(&self, origin: &Origin) -> bool {
        let is_authority = self.trust.bundle().authority_key(origin).is_some();
        *origin == self.me || is_authority || self.is_vouched(origin)
    }

    /// Returns the copies that may hold the history that does not count, each with where the other one passes. The shell looks
    /// whether its copy passes there too, and if not drops it and calls [`Ledger::forget`] or rebuilds.
    pub fn copies_in_question(&self) -> Vec<(Origin, Tail)> {
        let in_question = |(origin, tail): &(&Origin, &Tail)| {
            let ours = self.tail(origin);
            let reaches_there = ours.seq >= tail.seq && ours != **tail;
            ours.seq.0 > 0 && (reaches_there || self.contested.contains(origin))
        };
        let settled = self.state.all_settled().filter(in_question);
        settled.map(|(origin, tail)| (*origin, *tail)).collect()
    }
}
