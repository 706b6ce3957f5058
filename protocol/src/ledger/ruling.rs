//! What an authority writes as a matter of course: the roster that follows from the devices, and its predecessor's word anew; when to write it is the cloud's.

use usher_keys::PublicKey;

use crate::fork::ForkProof;
use crate::record::Body;
use crate::state::State;

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
pub fn restatement(state: &State, forks: Vec<ForkProof>) -> Vec<Body> {
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
    let of_devices = devices
        .chain(rosters)
        .chain(revoked)
        .chain(retired)
        .chain(settled);
    let forks = forks.into_iter().map(|proof| Body::ForkSeen(Box::new(proof)));
    let words = policy.into_iter().chain(of_devices).chain(forks).chain(tickets);
    words.chain([Body::Restated]).collect()
}
