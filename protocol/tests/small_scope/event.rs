//! What is played: the keys and rules of a small event, who shows which ticket where, and what the authority says meanwhile.

use std::sync::{Arc, LazyLock};

use usher_fixtures::{SHOW, key, tier, zone};
use usher_keys::{DeviceIdentity, PublicKey, Role, SecretKey, Timestamp};
use usher_protocol::policy::{Offline, Policy};
use usher_protocol::record::Body;
use usher_protocol::trust::Trust;
use usher_protocol::{Generation, ScanId, ScanSecret, TierId, Unit, ZoneId};

use super::broken::Broken;

/// The one moment of the event: what follows from time is not explored.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// How many hubs there are.
pub const HUBS: usize = 3;
/// The log of the authority, behind those of the hubs.
pub const AUTHORITY: usize = HUBS;
/// The one zone.
pub const HALL: ZoneId = ZoneId(1);
/// The hub that joins or leaves.
pub const LAST: usize = HUBS - 1;

/// What the authority says in the middle of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The last hub is in the roster from now on, and was not before.
    LastHubJoins,
    /// The first hub is in the roster no more.
    FirstHubLeaves,
    /// The ticket that moves is void.
    Revoked,
}

/// A ticket of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Its home is another hub when one joins or leaves.
    Moves,
    /// Its home is always the same.
    Stays,
}

/// A small event.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// The tier of both tickets.
    pub tier: TierId,
    /// How many people the hall holds, if that is limited.
    pub capacity: Option<u32>,
    /// What the authority says, one after the other.
    pub words: &'static [Word],
    /// Who shows what at which hub's gate; the same ticket again is a copy.
    pub shown: &'static [(Which, usize)],
    /// How many crashes there may be.
    pub crashes: usize,
    /// The rule that is broken.
    pub broken: Option<Broken>,
}

impl Event {
    /// Returns the policy at the beginning.
    pub fn policy(&self) -> Policy {
        Policy {
            zones: vec![usher_protocol::policy::Zone {
                capacity: self.capacity,
                ..zone(HALL.0, "Hall")
            }],
            tiers: vec![
                tier(usher_fixtures::STRICT, "Seated", Offline::Strict),
                tier(usher_fixtures::AVAILABLE, "Standing", Offline::Available),
            ],
            ..usher_fixtures::policy()
        }
    }

    /// Returns the hubs of the first roster.
    pub fn first_roster(&self) -> Vec<PublicKey> {
        let hubs = if self.words.contains(&Word::LastHubJoins) {
            HUBS - 1
        } else {
            HUBS
        };
        (0..hubs).map(public).collect()
    }

    /// Returns what the authority has said before the doors open.
    pub fn opening(&self) -> Vec<Body> {
        let vouched = (0..HUBS).map(|hub| Body::DeviceEnrolled {
            identity: identity(hub),
        });
        let rules = [
            Body::Policy {
                version: 1,
                policy: self.policy(),
            },
            Body::Roster {
                epoch: 1,
                hubs: self.first_roster(),
            },
        ];
        vouched.chain(rules).collect()
    }

    /// Returns what the authority says with one of its words.
    pub fn says(&self, word: Word) -> Body {
        match word {
            Word::LastHubJoins => Body::Roster {
                epoch: 2,
                hubs: (0..HUBS).map(public).collect(),
            },
            Word::FirstHubLeaves => Body::Roster {
                epoch: 2,
                hubs: self.first_roster()[1..].to_vec(),
            },
            Word::Revoked => Body::Revoked {
                unit: self.unit(Which::Moves),
                generation: Generation(1),
            },
        }
    }

    /// Returns a ticket's unit.
    pub fn unit(&self, which: Which) -> Unit {
        let all: Vec<_> = (0..HUBS).map(public).collect();
        let home = |unit: Unit, hubs: &[PublicKey]| usher_protocol::home::home_of(SHOW.id, unit, hubs);
        let (first, last) = (all[0], all[LAST]);
        let is_it = |unit: &Unit| match which {
            // At the first hub without the last one, at the last one with it, and there also without the first.
            Which::Moves if self.words.contains(&Word::FirstHubLeaves) => {
                home(*unit, &all) == Some(first) && home(*unit, &all[1..]) == Some(last)
            }
            Which::Moves => home(*unit, &all[..LAST]) == Some(first) && home(*unit, &all) == Some(last),
            Which::Stays => home(*unit, &all) == Some(all[1]),
        };
        (0..)
            .map(Unit)
            .find(is_it)
            .expect("a thousand units have every home")
    }

    /// Returns the text in the code of each ticket that is shown.
    pub fn texts(&self) -> Vec<String> {
        let tickets = self.shown.iter().map(|(which, _)| self.unit(*which));
        tickets
            .map(|unit| SHOW.code(&usher_fixtures::ticket(unit.0, self.tier)))
            .collect()
    }
}

/// The writers of the logs, and their certificates, made once.
static WRITERS: LazyLock<[SecretKey; HUBS + 1]> =
    LazyLock::new(|| [key(1), key(2), key(3), SHOW.authority()]);
static PUBLIC: LazyLock<[PublicKey; HUBS + 1]> = LazyLock::new(|| WRITERS.each_ref().map(SecretKey::public));
static IDENTITIES: LazyLock<[DeviceIdentity; HUBS]> =
    LazyLock::new(|| [0, 1, 2].map(|hub| SHOW.identity(SHOW.certificate(public(hub), Role::Hub))));
static TRUST: LazyLock<Arc<Trust>> = LazyLock::new(|| SHOW.trust());

/// Returns the key of a log's writer.
pub fn secret_key(log: usize) -> &'static SecretKey {
    &WRITERS[log]
}

/// Returns the public key of a log's writer.
pub fn public(log: usize) -> PublicKey {
    PUBLIC[log]
}

/// Returns a hub's certificate.
pub fn identity(hub: usize) -> DeviceIdentity {
    IDENTITIES[hub].clone()
}

/// Returns the event's trust.
pub fn trust() -> Arc<Trust> {
    Arc::clone(&TRUST)
}

/// Returns what a scan's id is drawn from.
pub fn secret(scan: usize) -> ScanSecret {
    ScanSecret([u8::try_from(scan).expect("a few scans"); 16])
}

/// Returns the id of a scan that a hub's own gate has read.
pub fn scan_id(scan: usize, reader: usize) -> ScanId {
    ScanId::of(&public(reader), &secret(scan))
}
