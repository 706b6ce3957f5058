//! Who belongs to an event: enrolling, revoking and retiring devices, and the roster of hubs that follows from it.

use usher_keys::expiry::AFTER_EVENT_MS;
use usher_keys::{
    Certificate, DeviceIdentity, EnrolmentRequest, PublicKey, Purpose, Role, Timestamp, Window,
};
use usher_protocol::record::Body;
use usher_protocol::state::State;

use super::{Draft, Scribe};
use crate::authority::AuthorityError;
use crate::store::authority::{Beside, CodeId, EnrolmentTerms, UsedCode};

/// Most devices of an event: what a session can name, less the authority's own logs.
pub const MAX_DEVICES: usize = 4_000;
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
    /// The event has as many devices or hubs as it can.
    TooMany,
    /// The event is over, so that the certificate would have ended already.
    EventOver,
}

/// What became of revoking a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// It is revoked, now or before.
    Revoked,
    /// There is no such device.
    NotFound,
}

/// What became of retiring a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetireOutcome {
    /// It is retired, now or before.
    Retired,
    /// There is no such hub.
    NotFound,
}

impl Scribe {
    /// Makes the asker a device of the event, if its code is good; the same device may ask again.
    pub async fn enrol(
        &mut self,
        code: CodeId,
        request: EnrolmentRequest,
    ) -> Result<EnrolOutcome, AuthorityError> {
        self.ready().await?;
        let Some(found) = self.parts.store.code(code).await? else {
            return Ok(EnrolOutcome::Unknown);
        };
        if let Some(identity) = found.used {
            let same = identity.unverified().device == request.device;
            return Ok(if same {
                EnrolOutcome::Granted(Box::new(identity))
            } else {
                EnrolOutcome::Used
            });
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
        let joining = (certificate.role == Role::Hub).then_some(certificate.device);
        let used = Box::new(UsedCode {
            id: code,
            identity: identity.clone(),
        });
        let mut draft = Draft {
            beside: vec![Beside::UseCode(used)],
            ..Draft::default()
        };
        self.write(
            &mut draft,
            Body::DeviceEnrolled {
                identity: identity.clone(),
            },
        )?;
        self.write_roster(&mut draft, joining)?;
        self.commit(draft).await?;
        Ok(EnrolOutcome::Granted(Box::new(identity)))
    }

    fn objection(&self, device: &PublicKey, role: Role) -> Option<EnrolOutcome> {
        let state = self.ledger.state();
        let known = state.device(device).map(|identity| identity.unverified().role);
        let authority = self.ledger.trust().bundle().authority_key(device).is_some();
        let barred = state.revoked_devices().contains(device)
            || state.rosters().retired().contains(device)
            || known.is_some_and(|known| known != role)
            || authority
            || *device == self.parts.link;
        if barred {
            return Some(EnrolOutcome::Barred);
        }
        let hubs = state.rosters().current().map_or(0, |(_, hubs)| hubs.len());
        let full = state.devices().count() >= MAX_DEVICES || (role == Role::Hub && hubs >= MAX_HUBS);
        (known.is_none() && full).then_some(EnrolOutcome::TooMany)
    }

    /// Tells until when a certificate made now lasts: as long as the code says, or until some hours after the event.
    async fn certified_until(&self, certificate_ms: Option<u64>) -> Result<Timestamp, AuthorityError> {
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
            name: if terms.name.is_empty() {
                request.name.clone()
            } else {
                terms.name
            },
            gates: terms.gates,
            capabilities: terms.capabilities,
            window,
        };
        Ok(DeviceIdentity {
            certificate: certificate.sign(issuer),
            via: None,
        })
    }

    /// Shuts a device out: nobody who has heard talks to it any more.
    pub async fn revoke_device(&mut self, device: PublicKey) -> Result<RevokeOutcome, AuthorityError> {
        self.ready().await?;
        let state = self.ledger.state();
        if state.device(&device).is_none() {
            return Ok(RevokeOutcome::NotFound);
        }
        if state.revoked_devices().contains(&device) {
            return Ok(RevokeOutcome::Revoked);
        }
        let mut draft = Draft::default();
        self.write(&mut draft, Body::DeviceRevoked { device })?;
        self.write_roster(&mut draft, None)?;
        self.commit(draft).await?;
        Ok(RevokeOutcome::Revoked)
    }

    /// Takes down a person's word that a hub will never admit anyone again, so that its units move at once.
    pub async fn retire_hub(&mut self, hub: PublicKey) -> Result<RetireOutcome, AuthorityError> {
        self.ready().await?;
        let state = self.ledger.state();
        if state
            .device(&hub)
            .is_none_or(|identity| identity.unverified().role != Role::Hub)
        {
            return Ok(RetireOutcome::NotFound);
        }
        if state.rosters().retired().contains(&hub) {
            return Ok(RetireOutcome::Retired);
        }
        let mut draft = Draft::default();
        self.write(&mut draft, Body::HubRetired { hub })?;
        self.write_roster(&mut draft, None)?;
        self.commit(draft).await?;
        Ok(RetireOutcome::Retired)
    }

    fn write_roster(&mut self, draft: &mut Draft, joining: Option<PublicKey>) -> Result<(), AuthorityError> {
        let Some((epoch, hubs)) = next_roster(self.ledger.state(), joining) else {
            return Ok(());
        };
        self.write(draft, Body::Roster { epoch, hubs })
    }
}

/// Gives the roster that follows: without revoked and retired hubs, with the one that joins.
///
/// A roster is never empty once there was one: with no home at all, every hub would be free to say yes. The last hub
/// stays in it until another joins.
fn next_roster(state: &State, joining: Option<PublicKey>) -> Option<(u32, Vec<PublicKey>)> {
    let (epoch, present) = state.rosters().current().unwrap_or((0, &[]));
    let gone =
        |hub: &PublicKey| state.revoked_devices().contains(hub) || state.rosters().retired().contains(hub);
    let mut hubs: Vec<_> = present
        .iter()
        .copied()
        .filter(|hub| !gone(hub))
        .chain(joining)
        .collect();
    hubs.sort_unstable();
    hubs.dedup();
    (!hubs.is_empty() && hubs != present).then(|| (epoch.saturating_add(1), hubs))
}
