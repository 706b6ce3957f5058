//! What an authority writes as a matter of course: the roster that follows from the devices, and its predecessor's word anew; when to write it is the cloud's.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::{DeviceIdentity, PublicKey, TrustBundle};

use crate::fork::ForkProof;
use crate::ident::{Origin, Seq};
use crate::record::Body;
use crate::state::State;

/// Most devices that an authority vouches for: every device of the largest venue, ten times over.
pub const MAX_VOUCHED_DEVICES: usize = 3_072;
/// How many of them only the authority itself enrols: hubs in the wrong hands never take the last places.
const MAX_ENROLLED_BY_AUTHORITY_ALONE: usize = 512;
/// Most devices that are vouched for of those that one hub has enrolled: it can sign certificates without end.
pub const MAX_VOUCHED_OF_HUB: usize = 256;

/// Hubs that join and leave by words that are written together with the roster, and that the state does not know of yet.
#[derive(Debug, Clone, Default)]
pub struct RosterChange {
    /// The hub that joins.
    pub joining: Option<PublicKey>,
    /// The hubs that are revoked or retired.
    pub leaving: Vec<PublicKey>,
}

/// Returns the roster that follows: without revoked and retired hubs, with the one that joins; nothing when it is the present
/// one.
///
/// A roster is never empty once there was one: with no home at all, every hub would be free to say yes. The last hub
/// stays in it until another joins.
pub fn next_roster(state: &State, change: &RosterChange) -> Option<Body> {
    let (epoch, present) = state.rosters().current().unwrap_or((0, &[]));
    let gone = |hub: &PublicKey| {
        change.leaving.contains(hub) || state.is_revoked(hub) || state.rosters().retired().contains(hub)
    };
    let staying = present.iter().copied().filter(|hub| !gone(hub));
    let mut hubs: Vec<_> = staying.chain(change.joining).collect();
    hubs.sort_unstable();
    hubs.dedup();
    (!hubs.is_empty() && hubs != present).then(|| Body::Roster {
        epoch: epoch.saturating_add(1),
        hubs,
    })
}

/// Returns the devices among those that were heard of which an authority vouches for: those that somebody trusted has enrolled, that
/// are still believed, and that nobody has vouched for yet; of each hub a bounded number.
pub fn devices_to_vouch_for(state: &State, bundle: &TrustBundle, heard: &[Origin]) -> Vec<DeviceIdentity> {
    let mut of_hub = BTreeMap::<PublicKey, usize>::new();
    for (device, vouched) in &state.register().enrolled {
        // A renewed certificate does not say any more who enrolled the device: its log does.
        let enrolling = hub_of(vouched).or_else(|| state.enrolled_by(device));
        if let Some(hub) = enrolling {
            *of_hub.entry(hub).or_default() += 1;
        }
    }
    let most = MAX_VOUCHED_DEVICES - MAX_ENROLLED_BY_AUTHORITY_ALONE;
    let room = most.saturating_sub(state.register().enrolled.len());
    let heard: BTreeSet<_> = heard.iter().collect();
    let worthy = heard
        .into_iter()
        .filter_map(|origin| worth_vouching_for(state, bundle, origin));
    let within_bounds = worthy.filter(|identity| {
        let Some(hub) = hub_of(identity) else {
            return true;
        };
        let vouched = of_hub.entry(hub).or_default();
        *vouched += 1;
        *vouched <= MAX_VOUCHED_OF_HUB
    });
    within_bounds.take(room).cloned().collect()
}

fn hub_of(identity: &DeviceIdentity) -> Option<PublicKey> {
    identity.via.as_ref().map(|via| via.certificate.device)
}

/// Returns the certificate of a device that nobody has vouched for yet and that is still believed. A log that counts in part may
/// have opened with another since, by a key that was struck out: whoever stole that must not have the authority's word for it.
fn worth_vouching_for<'a>(
    state: &'a State,
    bundle: &TrustBundle,
    origin: &Origin,
) -> Option<&'a DeviceIdentity> {
    let register = state.register();
    let identity = state.opened_with(origin)?;
    let is_known = register.enrolled.contains_key(origin) || register.revoked.contains_key(origin);
    let is_believed = state.limit(origin) > Seq(0);
    let issuer = bundle.issuing_key(&identity.root_issuer());
    let stands = issuer.is_some_and(|key| !key.is_struck()) && !register.is_of_revoked_hub(identity);
    (!is_known && is_believed && stands).then_some(identity)
}

/// Returns the word that a hub will never admit anyone again: its places in zones fall to the first hub that stays.
pub fn retirement(state: &State, hub: PublicKey) -> Body {
    let (_, present) = state.rosters().current().unwrap_or((0, &[]));
    let gone =
        |one: &PublicKey| *one == hub || state.is_revoked(one) || state.rosters().retired().contains(one);
    let heir = present.iter().copied().find(|one| !gone(one));
    Body::HubRetired { hub, heir }
}

/// Returns all that the authority in force has said and that still holds, for the log of the next one. From the last of these
/// words on only that log counts. The proofs of forks that stand in earlier authorities' logs are the caller's to find: nobody
/// is sent those logs any more.
///
/// `None` when that authority has said something critical that this build does not understand: it would be lost.
pub fn restatement(state: &State, forks: Vec<ForkProof>) -> Option<Vec<Body>> {
    if state.is_beyond_us() {
        return None;
    }
    let register = state.register();
    let policy = state.policy().map(|(version, policy)| Body::Policy {
        version: version.saturating_add(1),
        policy: policy.clone(),
    });
    let devices = register.enrolled.values().map(|identity| Body::DeviceEnrolled {
        identity: identity.clone(),
    });
    let rosters = state.rosters().all().iter().map(|(epoch, hubs)| Body::Roster {
        epoch: *epoch,
        hubs: hubs.clone(),
    });
    let revoked = register
        .revoked
        .iter()
        .map(|(device, after)| Body::DeviceRevoked {
            device: *device,
            after: *after,
        });
    let retired = state.heirs().map(|(hub, heir)| Body::HubRetired {
        hub: *hub,
        heir: *heir,
    });
    let settled = state.all_settled().map(|(origin, tail)| Body::ForkSettled {
        origin: *origin,
        tail: *tail,
    });
    let tickets = state.ticket_rulings().map(|(unit, ruling)| {
        let (unit, generation) = (*unit, ruling.newest);
        if ruling.is_void {
            Body::Revoked { unit, generation }
        } else {
            Body::Superseded { unit, generation }
        }
    });
    let foreign = state.foreign().lists().into_iter().map(Body::Foreign);
    let of_devices = devices
        .chain(rosters)
        .chain(revoked)
        .chain(retired)
        .chain(settled);
    let forks = forks.into_iter().map(|proof| Body::ForkSeen(Box::new(proof)));
    let words = policy.into_iter().chain(of_devices).chain(forks);
    let words = words.chain(foreign).chain(tickets);
    Some(words.chain([Body::Restated]).collect())
}
