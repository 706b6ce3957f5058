//! What a device has said of itself in its log: its certificates, the rosters it adopted, the scanners it renewed; passages are kept elsewhere.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use usher_keys::{Certificate, DeviceIdentity, PublicKey, Role, Timestamp};

use crate::ident::{Hlc, MAX_SKEW_MS, ScanId, Seq, ZoneId};
use crate::log::Hash;
use crate::record::{
    Body, Count, MAX_COUNTED_LOGS, MAX_COUNTERPARTS, MAX_WORDS_BYTES, PlacesOf, RightToAnnul, ShownPassage,
};

/// Most certificates that a log may open with, and most times it may adopt another roster: far more than any honest device
/// needs, and what one that lies can cost its peers.
pub(super) const MAX_CERTIFICATES: usize = 64;
const MAX_ADOPTIONS: usize = 4_096;
/// Most times that one hub may give places to others: more than one in ten seconds for a whole day.
const MAX_LOANS: usize = 16_384;
/// Most scanners that one hub may renew: far more than any hub enrols.
const MAX_RENEWED: usize = 1_024;
/// Most forks that one log may tell of: a device can sign forks of as many keys as it invents, and each is kept.
const MAX_FORKS_TOLD: u32 = 256;

/// Most counts that one log may hold: one every three minutes for a day.
const MAX_COUNTS: usize = 512;
/// Most logs that they may name together: those of thirty hubs each time.
const MAX_NAMED_BY_COUNTS: usize = 16_384;

/// Some places in a zone that a hub gave to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Loan {
    pub zone: ZoneId,
    /// The other hub.
    pub to: PublicKey,
    pub places: u32,
    pub of: PlacesOf,
}

/// The writer of a device's log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct DeviceWriter {
    /// The certificates its log opened with, each from that record on.
    certificates: Vec<(Seq, DeviceIdentity)>,
    /// The rosters it decided by, each from that record on: epoch and hash.
    adopted: Vec<(Seq, (u32, Hash))>,
    /// The newest certificate it gave to each scanner.
    renewed: BTreeMap<PublicKey, (Seq, DeviceIdentity)>,
    /// The places it gave to other hubs, each by that record.
    lent: Vec<(Seq, Loan)>,
    /// Its counts of people, each by that record.
    counted: Vec<(Seq, Count)>,
    forks_told: u32,
    /// How many bytes its records have.
    bytes: u64,
}

impl DeviceWriter {
    /// Returns the newest certificate that its log says it has.
    pub fn identity(&self) -> Option<&DeviceIdentity> {
        self.certificates.last().map(|(_, identity)| identity)
    }

    /// Returns the certificates its log opened with, each with the record from which on it has it.
    pub fn certificates(&self) -> &[(Seq, DeviceIdentity)] {
        &self.certificates
    }

    /// Returns how many more certificates of its own are taken.
    pub fn certificates_left(&self) -> usize {
        MAX_CERTIFICATES.saturating_sub(self.certificates.len())
    }

    /// Takes a certificate of its own; `false` when it had too many.
    pub fn open(&mut self, seq: Seq, identity: DeviceIdentity) -> bool {
        let has_room = self.certificates_left() > 0;
        if has_room {
            self.certificates.push((seq, identity));
        }
        has_room
    }

    /// Takes its word that it decides by a roster; `false` when it changed its mind too often.
    pub fn adopt(&mut self, seq: Seq, roster: (u32, Hash)) -> bool {
        let has_room = self.may_adopt();
        if has_room {
            self.adopted.push((seq, roster));
        }
        has_room
    }

    /// Tells whether its word is taken that it decides by another roster.
    pub fn may_adopt(&self) -> bool {
        self.adopted.len() < MAX_ADOPTIONS
    }

    /// Takes its word that it gave places to another hub; `false` when it did so too often.
    pub fn lend(&mut self, seq: Seq, loan: Loan) -> bool {
        let has_room = self.loans_left() > 0;
        if has_room {
            self.lent.push((seq, loan));
        }
        has_room
    }

    /// Returns how many more times it may give places to other hubs.
    pub fn loans_left(&self) -> usize {
        MAX_LOANS.saturating_sub(self.lent.len())
    }

    /// Returns the places it gave to other hubs, as far as its log counts.
    pub fn loans(&self, limit: Seq) -> impl Iterator<Item = &Loan> {
        let counting = self.lent.iter().take_while(move |(seq, _)| *seq <= limit);
        counting.map(|(_, loan)| loan)
    }

    /// Tells whether one more count of this device is accepted: there are not too many, and this one does not name too many
    /// logs.
    pub fn may_count(&self, count: &Count) -> bool {
        let named = self.counted.iter().map(|(_, count)| count.heard.len());
        let named = named.fold(count.heard.len(), usize::saturating_add);
        self.counted.len() < MAX_COUNTS && named <= MAX_NAMED_BY_COUNTS
    }

    /// Takes its count of a zone; `false` when that is one too many.
    pub fn count(&mut self, seq: Seq, count: Count) -> bool {
        let has_room = self.may_count(&count);
        if has_room {
            self.counted.push((seq, count));
        }
        has_room
    }

    /// Returns its counts, as far as its log counts.
    pub fn counts(&self, limit: Seq) -> impl Iterator<Item = &Count> {
        let counting = self.counted.iter().take_while(move |(seq, _)| *seq <= limit);
        counting.map(|(_, count)| count)
    }

    /// Takes a scanner's certificate that it signed; `false` when it signed for too many.
    pub fn renew(&mut self, seq: Seq, identity: DeviceIdentity) -> bool {
        let device = identity.unverified().device;
        let has_room = self.may_renew(&device);
        if has_room {
            self.renewed.insert(device, (seq, identity));
        }
        has_room
    }

    /// Tells whether a certificate that it signs for a scanner is taken.
    pub fn may_renew(&self, scanner: &PublicKey) -> bool {
        self.renewed.len() < MAX_RENEWED || self.renewed.contains_key(scanner)
    }

    /// Returns how many more forks it may report.
    pub fn forks_left(&self) -> u32 {
        MAX_FORKS_TOLD.saturating_sub(self.forks_told)
    }

    /// Takes its word of a fork; `false` when it told of too many.
    pub fn tell_of_a_fork(&mut self) -> bool {
        let has_room = self.forks_left() > 0;
        self.forks_told += u32::from(has_room);
        has_room
    }

    /// Takes note of a record's length, in bytes.
    pub fn weigh(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// Returns the bytes of its records.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the roster it decides by, as far as its log counts.
    pub fn adopted(&self, limit: Seq) -> Option<(u32, Hash)> {
        let counting = self.adopted.iter().rev().find(|(seq, _)| *seq <= limit);
        counting.map(|(_, roster)| *roster)
    }

    /// Returns the certificate it last gave to a scanner, as far as its log counts.
    pub fn renewed(&self, device: &PublicKey, limit: Seq) -> Option<&DeviceIdentity> {
        let (seq, identity) = self.renewed.get(device)?;
        (*seq <= limit).then_some(identity)
    }
}

/// Tells whether the holder of a certificate may write that into its log at that time. Together with
/// [`crate::evidence::worth`] these are the rows of the table in the source below; one that fails counts for nothing.
///
/// **Source**: docs/PROTOCOL.md, "Who may say what".
pub fn may_say(by: &Certificate, body: &Body, at: Hlc) -> bool {
    let passes = |passage: &ShownPassage| at_its_gate(by, passage);
    let says = match body {
        Body::Opened { identity } => identity.unverified().device == by.device,
        Body::Renewed { identity } => {
            let via = identity.via.as_ref();
            by.role == Role::Hub && via.is_some_and(|via| via.certificate.device == by.device)
        }
        Body::RosterAdopted { .. } => by.role == Role::Hub,
        Body::Admitted(passage) | Body::Exited(passage) => passes(passage),
        Body::Overridden {
            passage,
            by: who,
            why,
        } => by.capabilities.override_refusals && is_brief(who, why) && passes(passage),
        Body::Withdrawn { passage, secret } => {
            passage.scan == ScanId::of(&by.device, secret) && passes(passage)
        }
        Body::Annulled {
            passage,
            right,
            by: who,
            why,
        } => may_annul(by, passage, right) && is_brief(who, why) && passes(passage),
        Body::ExitMatched { closes, .. } => by.role == Role::Hub && closes.len() <= MAX_COUNTERPARTS,
        Body::Lent { to, .. } => by.role == Role::Hub && *to != by.device,
        Body::Counted { count, by: who } => {
            let may = by.role == Role::Hub || by.capabilities.override_refusals;
            // One of the time to come would be the last for good.
            may && who.len() <= MAX_WORDS_BYTES && count.at <= at.time() && names_logs_in_order(count)
        }
        Body::Refused(_) => by.role != Role::Cloud,
        Body::ForkSeen(_) => true,
        Body::Policy { .. }
        | Body::Roster { .. }
        | Body::Superseded { .. }
        | Body::Revoked { .. }
        | Body::Reinstated { .. }
        | Body::DeviceEnrolled { .. }
        | Body::DeviceRevoked { .. }
        | Body::HubRetired { .. }
        | Body::ForkSettled { .. }
        | Body::Restated
        | Body::Foreign(_) => false,
    };
    says && in_its_time(by, at)
}

fn names_logs_in_order(count: &Count) -> bool {
    count.heard.len() <= MAX_COUNTED_LOGS && count.heard.is_sorted_by(|(one, _), (next, _)| one < next)
}

fn is_brief(who: &str, why: &str) -> bool {
    who.len() <= MAX_WORDS_BYTES && why.len() <= MAX_WORDS_BYTES
}

/// A turnstile's id of a scan is known to each hub that it asks, so that alone entitles none of them.
fn may_annul(by: &Certificate, passage: &ShownPassage, right: &RightToAnnul) -> bool {
    match right {
        RightToAnnul::Reader(secret) => passage.scan == ScanId::of(&by.device, secret),
        RightToAnnul::Turnstile(secret) => {
            by.role == Role::Hub && passage.scan == ScanId::of_a_turnstile(passage.gate, &secret.named())
        }
        RightToAnnul::Supervisor => by.capabilities.override_refusals,
    }
}

/// A hub decides as home for every gate; a scanner only at those it was given.
fn at_its_gate(by: &Certificate, passage: &ShownPassage) -> bool {
    let names_few = passage.counterparts.len() <= MAX_COUNTERPARTS;
    names_few
        && match by.role {
            Role::Hub => true,
            Role::Scanner => by.serves(passage.gate.0),
            Role::Cloud => false,
        }
}

/// Tells whether a record lies within its certificate's time. A clock that went wrong must not silence an honest device.
pub fn in_its_time(by: &Certificate, at: Hlc) -> bool {
    let until = by.window.until.plus_ms(MAX_SKEW_MS);
    by.window.from <= at.time() && (until == Timestamp::FOREVER || at.time() < until)
}

#[cfg(test)]
mod tests;
