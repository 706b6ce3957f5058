//! Who belongs to an event: enrolling, revoking and retiring devices, and the roster of hubs that follows from it.

use std::collections::BTreeSet;

use usher_keys::certificate::MAX_NAME_BYTES;
use usher_keys::expiry::AFTER_EVENT_MS;
use usher_keys::{
    Certificate, DeviceIdentity, EnrolmentRequest, PublicKey, Purpose, Role, Timestamp, Window,
};
use usher_protocol::ledger::ruling::{MAX_VOUCHED_DEVICES, RosterChange, next_roster};
use usher_protocol::log::Tail;
use usher_protocol::record::Body;

use super::{Draft, LogWriter};
use crate::authority::AuthorityError;
use crate::store::authority::{CodeId, EnrolmentTerms, RowChange, UsedCode};

/// Most hubs of an event: a hub at each of that many gates, and a roster record of 8 KiB.
pub const MAX_HUBS: usize = 256;

/// What became of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrolOutcome {
    /// The device has this certificate, now or before.
    Granted(Box<DeviceIdentity>),
    /// No such code.
    Unknown,
    /// The code's time is over.
    Expired,
    /// Another device has used the code.
    Used,
    /// The device's key was revoked or retired, or had another role: it needs a new key.
    Barred,
    /// The event holds a log of this key already: it needs a new key.
    HasLog,
    /// The event has as many devices or hubs as are allowed.
    TooMany,
    /// The event is over, so that the certificate would have ended already.
    EventOver,
}

impl LogWriter {
    /// Makes the asker a device of the event, if its code is good; the same device may ask again until it has written a log.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn enrol(
        &mut self,
        code: CodeId,
        request: EnrolmentRequest,
    ) -> Result<EnrolOutcome, AuthorityError> {
        self.catch_up().await?;
        let Some(found) = self.parts.store.code(code).await? else {
            return Ok(EnrolOutcome::Unknown);
        };
        let is_others = |identity: &DeviceIdentity| identity.unverified().device != request.device;
        if found.used.as_ref().is_some_and(is_others) {
            return Ok(EnrolOutcome::Used);
        }
        if self.has_log(&request.device) {
            return Ok(EnrolOutcome::HasLog);
        }
        if let Some(identity) = found.used {
            return Ok(EnrolOutcome::Granted(Box::new(identity)));
        }
        if found.expires_at <= self.now() {
            return Ok(EnrolOutcome::Expired);
        }
        if let Some(objection) = self.objection(&request.device, found.terms.role) {
            return Ok(objection);
        }
        let until = self.certified_until(found.terms.certificate_ms).await?;
        if until <= self.now() {
            return Ok(EnrolOutcome::EventOver);
        }
        let identity = self.certify(found.terms, &request, until)?;
        self.welcome(code, identity).await
    }

    async fn welcome(
        &mut self,
        code: CodeId,
        identity: DeviceIdentity,
    ) -> Result<EnrolOutcome, AuthorityError> {
        let certificate = identity.unverified();
        let change = RosterChange {
            joining: (certificate.role == Role::Hub).then_some(certificate.device),
            leaving: Vec::new(),
        };
        let used = Box::new(UsedCode {
            id: code,
            identity: identity.clone(),
        });
        let mut draft = Draft {
            row_changes: vec![RowChange::UseCode(used)],
            ..Draft::default()
        };
        self.write(
            &mut draft,
            Body::DeviceEnrolled {
                identity: identity.clone(),
            },
        )?;
        self.write_roster(&mut draft, &change)?;
        self.commit(draft).await?;
        Ok(EnrolOutcome::Granted(Box::new(identity)))
    }

    /// Tells whether a device has written a log: with a fresh folder it would begin a second one under the same key, and
    /// judge without knowing whom it had let in.
    fn has_log(&self, device: &PublicKey) -> bool {
        self.ledger.tail(device) != Tail::default()
    }

    fn objection(&self, device: &PublicKey, role: Role) -> Option<EnrolOutcome> {
        let state = self.ledger.state();
        let known = state.device(device).map(|identity| identity.unverified().role);
        let authority = self.ledger.trust().bundle().authority_key(device).is_some();
        let barred = state.is_revoked(device)
            || state.rosters().retired().contains(device)
            || known.is_some_and(|known| known != role)
            || authority
            || *device == self.parts.link;
        if barred {
            return Some(EnrolOutcome::Barred);
        }
        let hubs = state.rosters().current().map_or(0, |(_, hubs)| hubs.len());
        let full =
            state.register().enrolled.len() >= MAX_VOUCHED_DEVICES || (role == Role::Hub && hubs >= MAX_HUBS);
        (known.is_none() && full).then_some(EnrolOutcome::TooMany)
    }

    /// Returns until when a certificate made now lasts: as long as the code says, or until some hours after the event.
    pub(super) async fn certified_until(
        &self,
        certificate_ms: Option<u64>,
    ) -> Result<Timestamp, AuthorityError> {
        if let Some(ms) = certificate_ms {
            return Ok(self.now().plus_ms(ms));
        }
        let event = self.parts.store.event(self.parts.event).await?;
        // An event that is not there has no devices either.
        Ok(event.map_or(Timestamp(0), |event| event.ends_at.plus_ms(AFTER_EVENT_MS)))
    }

    /// Signs a certificate that lasts until then, but not longer than the key that signs it.
    fn certify(
        &self,
        terms: EnrolmentTerms,
        request: &EnrolmentRequest,
        until: Timestamp,
    ) -> Result<DeviceIdentity, AuthorityError> {
        let (now, purpose) = (self.now(), Purpose::Issuing);
        let bundle = self.ledger.trust().bundle();
        let issuer = self
            .keys
            .in_use(purpose, bundle, now)
            .ok_or(AuthorityError::NoKey { purpose })?;
        let trusted = bundle
            .issuing_key(&issuer.public())
            .expect("the key in use is the bundle's");
        // Devices with clocks a little behind take the certificate too: it begins when its issuer does.
        let window = Window {
            from: trusted.window.from,
            until: until.min(trusted.window.until),
        };
        let certificate = Certificate {
            event: self.parts.event,
            device: request.device,
            role: terms.role,
            name: self.free_name(if terms.name.is_empty() {
                &request.name
            } else {
                &terms.name
            }),
            gates: terms.gates,
            capabilities: terms.capabilities,
            window,
        };
        Ok(DeviceIdentity {
            certificate: certificate.sign(issuer),
            via: None,
        })
    }

    /// Returns a name that no other device of the event goes by: people are sent to a hub by its name.
    fn free_name(&self, wanted: &str) -> String {
        let (state, now) = (self.ledger.state(), self.now());
        let certificates = state.devices().map(|identity| identity.unverified());
        let working = certificates.filter(|held| {
            held.window.until > now
                && !state.is_revoked(&held.device)
                && !state.rosters().retired().contains(&held.device)
        });
        let taken: BTreeSet<&str> = working.map(|held| held.name.as_str()).collect();
        let numbered = (2..).map(|number: u32| {
            let number = format!(" {number}");
            let mut end = wanted.len().min(MAX_NAME_BYTES - number.len());
            while !wanted.is_char_boundary(end) {
                end -= 1;
            }
            format!("{}{number}", &wanted[..end])
        });
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names
            .find(|name| !taken.contains(name.as_str()))
            .expect("an event has fewer devices than there are numbers")
    }

    /// Writes the roster that follows from the devices and from what the draft says of hubs.
    pub(super) fn write_roster(
        &self,
        draft: &mut Draft,
        change: &RosterChange,
    ) -> Result<(), AuthorityError> {
        match next_roster(self.ledger.state(), change) {
            Some(roster) => self.write(draft, roster),
            None => Ok(()),
        }
    }
}
