//! Whose logs are kept, and how much of them: somebody trusted must stand behind each, and what one issuer or one device can fill is bounded.

use usher_keys::{DeviceIdentity, Timestamp};

use super::ruling::MAX_VOUCHED_DEVICES;
use super::{Entry, Ledger};
use crate::ident::{Origin, Seq};
use crate::log::{RunError, Tail};
use crate::record::{Body, Record};

/// Most logs that are kept, beside those of authorities.
pub const MAX_STORED_LOGS: usize = MAX_VOUCHED_DEVICES + MAX_UNVOUCHED_LOGS;
/// Most logs that the authority has not vouched for, whoever issued them: four hubs that are stolen at once fill no more.
pub const MAX_UNVOUCHED_LOGS: usize = 1_024;
/// Most logs of one issuer that the authority has not vouched for: a hub's worth of scanners enrolled while the cloud was
/// away. A stolen hub can sign certificates without end; those that the authority has heard of are not counted.
pub const MAX_UNVOUCHED_OF_ISSUER: usize = 256;
/// Most records of a device's log: a scan every second for two months.
pub const MAX_DEVICE_RECORDS: u64 = 5_000_000;
/// Most bytes of the records of a device's log: those of the most records, of which one takes some 300 bytes, and a third more.
pub const MAX_DEVICE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

impl Ledger {
    /// Refuses records of an origin that are not taken.
    ///
    /// # Errors
    ///
    /// [`RunError::UnknownOrigin`], [`RunError::TooManyLogs`], [`RunError::TooLong`].
    pub(super) fn check_admittance(
        &self,
        origin: &Origin,
        records: &[(Tail, Vec<u8>)],
    ) -> Result<(), RunError> {
        if records.is_empty() {
            return Ok(());
        }
        if let Some(authority) = self.trust.bundle().authority_key(origin) {
            // What a struck authority said is said again by the next one.
            return if authority.is_struck() {
                Err(RunError::UnknownOrigin)
            } else {
                Ok(())
            };
        }
        // Up to the run with the first record beyond, so that all replicas come to hold that one, wherever their runs are cut.
        if self.is_full(origin, self.tail(origin).seq) {
            return Err(RunError::TooLong);
        }
        let opened = self.state.opened_with(origin).cloned();
        let is_new = opened.is_none();
        let identity = opened
            .or_else(|| opening(records))
            .ok_or(RunError::UnknownOrigin)?;
        if !self.stands_behind(origin, &identity) {
            return Err(RunError::UnknownOrigin);
        }
        if is_new && !self.has_room_for(origin, &identity) {
            return Err(RunError::TooManyLogs);
        }
        Ok(())
    }

    /// Bounds the logs of devices to fewer bytes than [`MAX_DEVICE_BYTES`]; all replicas of an event must use the same bound.
    /// It is for simulations, where nobody can write as much.
    pub fn keep_at_most(&mut self, bytes: u64) {
        self.most_bytes = bytes;
    }

    /// Folds a record in, as far as its log may hold it.
    pub(super) fn fold(&mut self, entry: &Entry, now: Timestamp) {
        if self.is_full(&entry.origin, Seq(entry.tail.seq.0.saturating_sub(1))) {
            // How much of it a copy holds by chance is no part of the state.
            return;
        }
        if self.is_beyond(entry) {
            self.state.apply_malformed(entry.origin, entry.tail.seq);
        } else {
            self.read(entry, now);
        }
        self.state.weigh(&entry.origin, entry.bytes.len());
    }

    /// Tells whether a device's log, up to that record, holds one beyond what it may hold.
    pub(super) fn is_full(&self, origin: &Origin, held: Seq) -> bool {
        let is_device = self.trust.bundle().authority_key(origin).is_none();
        is_device && (held > Seq(MAX_DEVICE_RECORDS) || self.state.bytes_of(origin) > self.most_bytes)
    }

    /// Tells whether a record lies beyond what a device's log may hold.
    pub(super) fn is_beyond(&self, entry: &Entry) -> bool {
        let origin = &entry.origin;
        let bytes = self
            .state
            .bytes_of(origin)
            .saturating_add(entry.bytes.len() as u64);
        let is_device = self.trust.bundle().authority_key(origin).is_none();
        is_device && (entry.tail.seq > Seq(MAX_DEVICE_RECORDS) || bytes > self.most_bytes)
    }

    /// The log of a device whose issuing key was struck out since is taken if the authority itself vouches for the device.
    fn stands_behind(&self, origin: &Origin, identity: &DeviceIdentity) -> bool {
        let bundle = self.trust.bundle();
        let is_vouched = self.is_vouched(origin) && identity.was_issued(bundle);
        identity.unverified().device == *origin && (is_vouched || identity.verify_chain(bundle).is_ok())
    }

    /// Tells whether taking a log takes from what its issuer may fill: it is not held yet, and nobody has vouched for its device.
    pub fn is_bounded(&self, origin: &Origin) -> bool {
        !self.is_vouched(origin) && self.tail(origin).seq == Seq(0)
    }

    fn has_room_for(&self, origin: &Origin, identity: &DeviceIdentity) -> bool {
        if self.is_vouched(origin) {
            return true;
        }
        let unvouched = self.copies.keys().filter(|held| !self.is_vouched(held));
        let issuers = unvouched.filter_map(|held| Some(self.state.opened_with(held)?.certificate.issuer));
        let (mut in_all, mut of_issuer) = (0, 0);
        for issuer in issuers {
            in_all += 1;
            of_issuer += usize::from(issuer == identity.certificate.issuer);
        }
        in_all < MAX_UNVOUCHED_LOGS && of_issuer < MAX_UNVOUCHED_OF_ISSUER
    }

    pub(super) fn is_vouched(&self, origin: &Origin) -> bool {
        self.state.register().enrolled.contains_key(origin)
    }
}

/// Returns the certificate that a log begins with.
fn opening(records: &[(Tail, Vec<u8>)]) -> Option<DeviceIdentity> {
    let (_, bytes) = records.first()?;
    match Record::from_bytes(bytes).ok()?.body {
        Body::Opened { identity } => Some(identity),
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
        | Body::Foreign(_)
        | Body::Renewed { .. }
        | Body::RosterAdopted { .. }
        | Body::ExitMatched { .. }
        | Body::Lent { .. }
        | Body::Admitted(_)
        | Body::Exited(_)
        | Body::Refused(_)
        | Body::Overridden { .. }
        | Body::ForkSeen(_)
        | Body::Withdrawn { .. }
        | Body::Annulled { .. }
        | Body::Counted { .. } => None,
    }
}
