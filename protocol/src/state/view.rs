//! What is to be seen of the state: by the rules, by sessions, by pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, Timestamp};

use super::limits::Limits;
use super::rulings::{TicketRuling, TicketRulings};
use super::tally::Tally;
use super::writers::{DeviceWriter, MAX_CERTIFICATES, in_its_time, may_say};
use super::{Counts, State};
use crate::admission::History;
use crate::fork::Contradiction;
use crate::home::Rosters;
use crate::ident::{Origin, ScanId, Seq, Stamp, Unit, ZoneId};
use crate::log::Tail;
use crate::policy::Policy;
use crate::record::{Body, Passage};
use crate::trust::Register;

impl State {
    /// Returns the event.
    pub fn event(&self) -> EventId {
        self.trust.event()
    }

    /// Returns the authority whose word counts.
    pub fn authority(&self) -> Option<Origin> {
        self.in_force
    }

    /// Tells whether an authority's log has said everything that earlier ones had said.
    pub fn has_restated(&self, authority: &Origin) -> bool {
        self.authorities
            .get(authority)
            .is_some_and(|rulings| rulings.is_whole)
    }

    /// Returns the policy in force and its version.
    pub fn policy(&self) -> Option<(u32, &Policy)> {
        let (version, policy) = self.rulings()?.policy.as_ref()?;
        Some((*version, policy))
    }

    /// Returns the rosters.
    pub fn rosters(&self) -> &Rosters {
        &self.rosters
    }

    /// Returns the retired hubs, each with the hub to which its places fall.
    pub fn heirs(&self) -> impl Iterator<Item = (&PublicKey, &Option<PublicKey>)> {
        self.rulings()
            .into_iter()
            .flat_map(|rulings| rulings.retired.iter())
    }

    /// Returns what the authority has said of tickets, by unit.
    pub fn ticket_rulings(&self) -> impl Iterator<Item = (&Unit, &TicketRuling)> {
        self.rulings()
            .into_iter()
            .flat_map(|rulings| rulings.tickets.iter())
    }

    /// Returns the same, to be kept.
    pub fn shared_ticket_rulings(&self) -> Arc<TicketRulings> {
        let rulings = self.rulings().map(|rulings| Arc::clone(&rulings.tickets));
        rulings.unwrap_or_default()
    }

    /// Returns what the authority has said of devices.
    pub fn register(&self) -> Arc<Register> {
        self.rulings()
            .map(|rulings| Arc::clone(&rulings.register))
            .unwrap_or_default()
    }

    /// Returns the certificate of a device that enrolled or opened a log: the one that lasts longest.
    pub fn device(&self, device: &PublicKey) -> Option<&DeviceIdentity> {
        let opened = self.writers.get(device).and_then(DeviceWriter::identity);
        let enrolled = self
            .rulings()
            .and_then(|rulings| rulings.register.enrolled.get(device));
        opened
            .into_iter()
            .chain(enrolled)
            .max_by_key(|identity| identity.unverified().window.until)
    }

    /// Returns every device that enrolled or opened a log.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceIdentity> {
        let enrolled = self.rulings().into_iter();
        let enrolled = enrolled.flat_map(|rulings| rulings.register.enrolled.keys());
        let keys: BTreeSet<_> = self.writers.keys().chain(enrolled).collect();
        keys.into_iter().filter_map(|key| self.device(key))
    }

    /// Returns how many more certificates a device's log may open with.
    pub fn certificates_left(&self, device: &PublicKey) -> usize {
        let writer = self.writers.get(device);
        writer.map_or(MAX_CERTIFICATES, DeviceWriter::certificates_left)
    }

    /// Returns the bytes of the records of a device's log.
    pub fn bytes_of(&self, origin: &Origin) -> u64 {
        self.writers.get(origin).map_or(0, DeviceWriter::bytes)
    }

    /// Returns the certificate a device's own log last opened with.
    pub fn opened_with(&self, device: &PublicKey) -> Option<&DeviceIdentity> {
        self.writers.get(device)?.identity()
    }

    /// Returns the hub that enrolled a device, by any certificate that its log opened with: one that the authority renewed does
    /// not say so any more.
    pub fn enrolled_by(&self, device: &PublicKey) -> Option<PublicKey> {
        let mut opened = self.writers.get(device)?.certificates().iter();
        opened.find_map(|(_, identity)| Some(identity.via.as_ref()?.certificate.device))
    }

    /// Returns the certificates that somebody gave a device since it had this one: the authority, or the hub that enrolled it.
    /// Another hub's word is passed over: it could give all scanners of the venue certificates for no gate.
    pub fn certificates_for(&self, held: &DeviceIdentity) -> impl Iterator<Item = &DeviceIdentity> {
        let device = held.unverified().device;
        let enrolled = self.rulings();
        let enrolled = enrolled.and_then(|rulings| rulings.register.enrolled.get(&device));
        let hub = held.via.as_ref().map(|via| via.certificate.device);
        let renewed = hub.and_then(|hub| self.writers.get(&hub)?.renewed(&device, self.limits.of(&hub)));
        enrolled.into_iter().chain(renewed)
    }

    /// Tells whether a device was revoked, as far as is known here.
    pub fn is_revoked(&self, device: &PublicKey) -> bool {
        self.rulings()
            .is_some_and(|rulings| rulings.register.revoked.contains_key(device))
    }

    /// Returns the last record of a log that counts.
    pub fn limit(&self, origin: &Origin) -> Seq {
        self.limits.of(origin)
    }

    /// Tells whether an origin is frozen because it has two histories and nobody has said which one counts.
    pub fn is_frozen(&self, origin: &Origin) -> bool {
        let settled = self.settled(origin).map(|tail| tail.seq).unwrap_or_default();
        self.forks.get(origin).is_some_and(|fork| settled < fork.seq)
    }

    /// Returns the first record of each log that its writer cannot prove or may not write. Of the authorities' logs only that of
    /// the one in force matters: replicas hold the others as far as they happened to hear them.
    pub fn false_records(&self) -> impl Iterator<Item = (&Origin, &Seq)> {
        let bundle = self.trust.bundle();
        let matters =
            |origin: &Origin| bundle.authority_key(origin).is_none() || self.in_force == Some(*origin);
        self.false_records
            .iter()
            .filter(move |(origin, _)| matters(origin))
    }

    /// Tells whether an origin is known by more than a fork: a device can sign forks of as many keys as it invents.
    pub(super) fn knows(&self, origin: &Origin) -> bool {
        self.writers.contains_key(origin)
            || self.register().enrolled.contains_key(origin)
            || self.trust.bundle().authority_key(origin).is_some()
    }

    /// Returns the forks, settled or not.
    pub fn forks(&self) -> impl Iterator<Item = &Contradiction> {
        self.forks.values()
    }

    /// Returns a record through which the history that counts passes, where a person has chosen one of two.
    pub fn settled(&self, origin: &Origin) -> Option<Tail> {
        self.rulings()?.settled.get(origin).copied()
    }

    /// Returns every settled history.
    pub fn all_settled(&self) -> impl Iterator<Item = (&Origin, &Tail)> {
        self.rulings()
            .into_iter()
            .flat_map(|rulings| rulings.settled.iter())
    }

    /// Tells whether the authority has said something critical that this build does not understand.
    pub fn is_beyond_us(&self) -> bool {
        self.rulings().is_some_and(|rulings| rulings.is_beyond_us)
    }

    /// Tells whether a record rests on a key that the trust bundle does not name yet: the logs are to be read again when it does.
    pub fn awaits_key(&self) -> bool {
        !self.awaiting.is_empty()
    }

    /// Returns the logs with a record that rests on such a key, and the first of these records.
    pub fn awaiting(&self) -> &BTreeMap<Origin, Seq> {
        &self.awaiting
    }

    /// Returns the logs of which not everything was read: a key is missing, or a later version wrote it.
    pub fn not_wholly_read(&self) -> BTreeSet<Origin> {
        let not_read = self.awaiting.keys().chain(self.unread.keys()).copied();
        let unlisted = self.with_unlisted().map(|(origin, _)| origin);
        not_read.chain(unlisted).collect()
    }

    /// Returns the logs in which people may have been let in of whom nothing is known here: by a ticket key that the bundle does not
    /// name yet, or by something critical of a later version. What does not count hides nobody.
    pub fn may_hide_entries(&self) -> BTreeSet<Origin> {
        let critical = self.unread.iter();
        let critical = critical.filter_map(|(origin, first)| Some((*origin, (*first)?)));
        let awaiting = self.awaiting.iter().map(|(origin, first)| (*origin, *first));
        let all = awaiting.chain(critical).chain(self.with_unlisted());
        let counts = |(origin, first): &(Origin, Seq)| *first <= self.limits.of(origin);
        all.filter(counts).map(|(origin, _)| origin).collect()
    }

    /// Tells whether a device was a unit's home by the roster that it had adopted when it wrote a record. One that was home by another
    /// may not answer for it: it would let in whom it likes by the id of a scan that the home is asked about.
    pub fn was_home(&self, unit: Unit, by: &Stamp) -> bool {
        let last = by.seq.min(self.limits.of(&by.origin));
        let adopted = self
            .writers
            .get(&by.origin)
            .and_then(|writer| writer.adopted(last));
        let home = adopted.and_then(|roster| self.rosters.home_by(self.trust.event(), unit, roster));
        home == Some(by.origin)
    }

    /// Tells whether a device may write that now, so that it counts.
    pub fn would_count(&self, by: &Certificate, stamp: &Stamp, body: &Body) -> bool {
        let passage = body.passage().and_then(|shown| shown.unverified().ok());
        let unit = if let Body::ExitMatched { unit, .. } = body {
            Some(*unit)
        } else {
            passage.map(|passage| passage.unit)
        };
        let unit = unit.and_then(|unit| self.passages.unit(unit));
        let has_room = unit.is_none_or(|unit| unit.has_room(&stamp.origin));
        has_room
            && self.may_say_again(&stamp.origin, body)
            && may_say(by, body, stamp.hlc)
            && self.limits.reach(stamp)
    }

    /// Tells whether a log has said so no more often than it may.
    fn may_say_again(&self, origin: &Origin, body: &Body) -> bool {
        let writer = self.writers.get(origin);
        if let Body::Counted { count, .. } = body {
            return writer.is_none_or(|writer| writer.may_count(count));
        }
        if matches!(body, Body::RosterAdopted { .. }) {
            return writer.is_none_or(DeviceWriter::may_adopt);
        }
        !matches!(body, Body::ExitMatched { .. }) || self.passages.matches_left(origin) > 0
    }

    /// Tells whether a certificate that a hub signs for a scanner now counts.
    pub fn would_renew(&self, by: &Certificate, stamp: &Stamp, scanner: &PublicKey) -> bool {
        let writer = self.writers.get(&stamp.origin);
        let has_room = writer.is_some_and(|writer| writer.may_renew(scanner));
        has_room && in_its_time(by, stamp.hlc) && self.limits.reach(stamp)
    }

    /// Returns how many more fork reports of this device will count.
    pub fn forks_left(&self, device: &PublicKey) -> u32 {
        self.writers.get(device).map_or(0, DeviceWriter::forks_left)
    }

    /// Returns the running totals.
    pub fn counts(&self) -> Counts {
        self.passages.counts(&self.limits)
    }

    /// Returns how many more times a hub may give places to others.
    pub fn loans_left(&self, hub: &PublicKey) -> usize {
        self.writers.get(hub).map_or(0, DeviceWriter::loans_left)
    }

    /// Returns the people in a zone now.
    pub fn occupancy(&self, zone: ZoneId) -> i64 {
        self.passages.occupancy(zone, &self.limits)
    }

    /// Returns the people who went into a zone within the slot that a moment belongs to, if its slots are limited.
    pub fn arrivals(&self, zone: ZoneId, at: Timestamp) -> i64 {
        let slot = self.limits.time_slot(zone, at);
        let arrivals = slot.map(|slot| self.passages.arrivals(zone, slot, &self.limits));
        arrivals.into_iter().flat_map(BTreeMap::into_values).sum()
    }

    /// Tells whether a scan is over: its reader has withdrawn it, or it was annulled.
    pub fn is_taken_back(&self, unit: Unit, scan: ScanId) -> bool {
        let unit = self.passages.unit(unit);
        unit.is_some_and(|unit| unit.is_taken_back(scan, &self.limits))
    }

    /// Finds the passage a scan led to.
    pub fn passage_of(&self, unit: Unit, scan: ScanId) -> Option<&Passage> {
        let mut passages = self.passages(unit);
        passages
            .find(|(_, _, passage)| passage.scan == scan)
            .map(|(_, _, passage)| passage)
    }

    /// Returns every record that counts of what a scan led to: also those of which another device told before.
    pub fn records_of(&self, unit: Unit, scan: ScanId) -> impl Iterator<Item = (&Stamp, bool, &Passage)> {
        let unit = self.passages.unit(unit).into_iter();
        let counting = unit.flat_map(|unit| unit.counting(&self.limits));
        let of_scan = counting.filter(move |(_, change)| change.passage.scan == scan);
        of_scan.map(|(stamp, change)| (stamp, change.is_entry(), &change.passage))
    }

    /// Returns every passage of a unit that counts, each once, oldest first: when, which way inwards, and who.
    pub fn passages(&self, unit: Unit) -> impl Iterator<Item = (Stamp, bool, &Passage)> {
        let mut seen = BTreeSet::new();
        let unit = self.passages.unit(unit).into_iter();
        let counting = unit.flat_map(|unit| unit.counting(&self.limits));
        let once = counting.filter(move |(_, change)| seen.insert(change.content()));
        once.map(|(stamp, change)| (*stamp, change.is_entry(), &change.passage))
    }

    /// Sums up the passages of a unit.
    pub fn tally(&self, unit: Unit) -> Tally<'_> {
        let unit = self.passages.unit(unit);
        unit.map(|unit| unit.tally(&self.limits)).unwrap_or_default()
    }

    /// Returns how gates and zones lie to each other, and how far each log counts.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns what is known of a unit in a zone, whatever the day.
    pub fn history(&self, unit: Unit, zone: ZoneId) -> History {
        self.history_at((unit, zone), None, Timestamp(0))
    }

    /// Returns what the rules need to know of a unit for a scan at that time, at a gate into a zone and perhaps out of another.
    pub fn history_at(
        &self,
        (unit, zone): (Unit, ZoneId),
        leaves: Option<ZoneId>,
        now: Timestamp,
    ) -> History {
        let ruling = self.rulings().and_then(|rulings| rulings.tickets.get(&unit));
        let mut history = History {
            occupancy: self.occupancy(zone),
            arrivals: self.arrivals(zone, now),
            newest: ruling.map(|ruling| ruling.newest).unwrap_or_default(),
            revoked: ruling.is_some_and(|ruling| ruling.is_void),
            ..History::default()
        };
        if let (Some(unit), Some((_, policy))) = (self.passages.unit(unit), self.policy()) {
            let (tally, level) = (unit.tally(&self.limits), self.limits.level(zone));
            history.used = tally.used(level, |at| policy.day(at), policy.day(now));
            history.may_move = leaves.map_or(0, |zone| tally.may_leave(zone));
            history.last = tally.last_entry(level);
        }
        history
    }
}
