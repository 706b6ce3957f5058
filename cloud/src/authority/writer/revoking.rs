//! Shutting devices out: how much of a revoked device's log still counts, and what else follows for scanners and places.

use usher_keys::{DeviceIdentity, PublicKey, Role, Timestamp};
use usher_protocol::Seq;
use usher_protocol::dating::Dating;
use usher_protocol::ledger::ruling::{RosterChange, retirement};
use usher_protocol::record::{Body, Record};

use super::{Draft, LogWriter};
use crate::authority::AuthorityError;
use crate::store::authority::RunQuery;

/// From when on a revoked device is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From now on: all that is known of its log counts.
    Now,
    /// From then on, by the times that lists of its scans tell.
    Then(Timestamp),
}

/// A device to be revoked.
#[derive(Debug, Clone, Copy)]
pub struct Revocation {
    /// The device.
    pub device: PublicKey,
    /// From when on it is not believed.
    pub since: Since,
    /// Whether the scanners it enrolled, if it is a hub, go with it.
    pub with_scanners: bool,
}

/// What follows from revoking or retiring a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consequences {
    /// The last record of its log that counts; every one for a retired hub.
    pub counts_up_to: Option<Seq>,
    /// How many records that are known lie beyond and count for nothing.
    pub records_beyond: u64,
    /// How many of those are dated earlier than the time that was given: the device's clock was ahead, or somebody wrote false times.
    pub dated_earlier: u64,
    /// The scanners it enrolled that go on: the authority itself vouches for them.
    pub scanners_kept: Vec<PublicKey>,
    /// The scanners it enrolled that nobody believes any more: the authority never vouched for them.
    pub scanners_orphaned: Vec<PublicKey>,
    /// The scanners it enrolled that are shut out with it.
    pub scanners_revoked: Vec<PublicKey>,
    /// The hubs that share its places from now on.
    pub hubs_left: Vec<PublicKey>,
}

/// Where a device's log stops to count.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// The last record that counts.
    after: Seq,
    /// How many further ones are dated earlier than the time that was given.
    dated_earlier: u64,
}

/// What became of revoking a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// It is revoked.
    Revoked(Consequences),
    /// There is no such device.
    NotFound,
}

/// What became of retiring a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetireOutcome {
    /// It is retired, now or before.
    Retired(Consequences),
    /// There is no such hub.
    NotFound,
}

impl LogWriter {
    /// Shuts a device out: nobody who has heard talks to it any more, and of its log counts what it wrote until then. Said
    /// again with another time, it moves what counts.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn revoke_device(&mut self, request: Revocation) -> Result<RevokeOutcome, AuthorityError> {
        self.catch_up().await?;
        let device = request.device;
        if self.ledger.state().device(&device).is_none() {
            return Ok(RevokeOutcome::NotFound);
        }
        let Cut { after, dated_earlier } = self.counting_until(device, request.since).await?;
        let scanners = self.scanners_of(&device);
        let mut draft = Draft::default();
        let mut said = Consequences {
            counts_up_to: Some(after),
            records_beyond: self.ledger.tail(&device).seq.0.saturating_sub(after.0),
            dated_earlier,
            ..Consequences::default()
        };
        let is_news = self.ledger.state().register().revoked.get(&device) != Some(&after);
        if is_news {
            self.write(&mut draft, Body::DeviceRevoked { device, after })?;
        }
        for scanner in scanners.iter().filter(|_| request.with_scanners) {
            let key = scanner.unverified().device;
            if !self.ledger.state().is_revoked(&key) {
                let Cut { after, .. } = self.counting_until(key, request.since).await?;
                self.write(&mut draft, Body::DeviceRevoked { device: key, after })?;
                said.scanners_revoked.push(key);
            }
        }
        let leaving = [device]
            .into_iter()
            .chain(said.scanners_revoked.iter().copied())
            .collect();
        let change = RosterChange {
            joining: None,
            leaving,
        };
        self.write_roster(&mut draft, &change)?;
        self.commit(draft).await?;
        if !request.with_scanners {
            let register = self.ledger.state().register();
            let keys = |of: Vec<DeviceIdentity>| of.iter().map(|one| one.unverified().device).collect();
            let is_vouched_for = |one: &DeviceIdentity| {
                let certificate = one.unverified();
                let vouched = register.enrolled.get(&certificate.device);
                vouched.is_some_and(|vouched| vouched.unverified().covers(certificate))
            };
            let (kept, orphaned) = scanners.into_iter().partition(is_vouched_for);
            (said.scanners_kept, said.scanners_orphaned) = (keys(kept), keys(orphaned));
        }
        said.hubs_left = self.hubs();
        Ok(RevokeOutcome::Revoked(said))
    }

    /// Takes down a person's word that a hub will never admit anyone again, so that its units move at once.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn retire_hub(&mut self, hub: PublicKey) -> Result<RetireOutcome, AuthorityError> {
        self.catch_up().await?;
        let state = self.ledger.state();
        if state
            .device(&hub)
            .is_none_or(|identity| identity.unverified().role != Role::Hub)
        {
            return Ok(RetireOutcome::NotFound);
        }
        let scanners = self.scanners_of(&hub);
        let mut draft = Draft::default();
        if !self.ledger.state().rosters().retired().contains(&hub) {
            let retired = retirement(self.ledger.state(), hub);
            self.write(&mut draft, retired)?;
            let change = RosterChange {
                joining: None,
                leaving: vec![hub],
            };
            self.write_roster(&mut draft, &change)?;
        }
        self.commit(draft).await?;
        Ok(RetireOutcome::Retired(Consequences {
            scanners_kept: scanners.iter().map(|one| one.unverified().device).collect(),
            hubs_left: self.hubs(),
            ..Consequences::default()
        }))
    }

    /// The hubs that decide: a roster never names nobody, so that the last hub stands in it also once it is shut out.
    fn hubs(&self) -> Vec<PublicKey> {
        let state = self.ledger.state();
        let current = state.rosters().current().map(|(_, hubs)| hubs.to_vec());
        let mut hubs = current.unwrap_or_default();
        hubs.retain(|hub| !state.is_revoked(hub) && !state.rosters().retired().contains(hub));
        hubs
    }

    /// The scanners that a hub enrolled, also those whose certificate the authority has renewed since.
    fn scanners_of(&self, hub: &PublicKey) -> Vec<DeviceIdentity> {
        let state = self.ledger.state();
        let enrolled_by = |identity: &&DeviceIdentity| {
            let via = identity.via.as_ref();
            via.is_some_and(|via| via.certificate.device == *hub)
                || state.enrolled_by(&identity.unverified().device) == Some(*hub)
        };
        state.devices().filter(enrolled_by).cloned().collect()
    }

    /// Finds the last record of a device's log that was written before then, by the times that people read on lists: those of
    /// the judge, not of the log's clock, which is ahead for a while after a device's clock was. A log that says earlier times
    /// after later ones was written by somebody who lies about the time: it counts up to the first later one.
    async fn counting_until(&self, device: PublicKey, since: Since) -> Result<Cut, AuthorityError> {
        let end = self.ledger.tail(&device).seq;
        let mut cut = Cut {
            after: end,
            dated_earlier: 0,
        };
        let Since::Then(then) = since else {
            return Ok(cut);
        };
        let (mut after, mut dating) = (Seq(0), Dating::default());
        while after < end {
            let query = RunQuery {
                event: self.parts.event,
                origin: device,
                after,
            };
            let Some(run) = self.parts.store.run(query).await? else {
                break;
            };
            for bytes in &run.records {
                let is_before =
                    Record::from_bytes(bytes).is_ok_and(|record| dating.date(device, &record).at() < then);
                if !is_before {
                    cut.after = cut.after.min(after);
                } else if cut.after < end {
                    cut.dated_earlier += 1;
                }
                after = after.next();
            }
        }
        Ok(cut)
    }
}
