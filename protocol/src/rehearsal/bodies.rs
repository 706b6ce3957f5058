//! Records drawn at random from small worlds, so that they meet: few units, few scans, few devices.

use proptest::prelude::*;

use super::{authority, hub, identity, policy, scanner};
use crate::admission::{Reason, Referral, Refused};
use crate::ident::{GateId, Generation, Hlc, Origin, ScanId, Seq, Stamp, TierId, Unit, ZoneId};
use crate::record::{Body, Passage, Refusal};
use usher_keys::{PublicKey, Role};

/// A record's place and what it says.
pub type Stamped = (Stamp, Body);

fn unit() -> impl Strategy<Value = Unit> {
    (0_u32..4).prop_map(Unit)
}

fn generation() -> impl Strategy<Value = Generation> {
    (1_u32..4).prop_map(Generation)
}

fn passage() -> impl Strategy<Value = Passage> {
    let who = (any::<u8>(), unit(), generation(), 1_u16..6);
    let how = (1_u8..3, 1_u8..4, 1_u16..4);
    (who, how).prop_map(
        |((scan, unit, generation, tier), (admits, persons, gate))| Passage {
            scan: ScanId([scan % 12; 16]),
            unit,
            generation,
            tier: TierId(tier),
            admits,
            persons,
            gate: GateId(gate),
            zone: ZoneId(1 + gate / 3),
        },
    )
}

fn refused() -> impl Strategy<Value = Refused> {
    let home = hub(1).public();
    prop_oneof![
        Just(Refused::Deny(Reason::Revoked)),
        generation().prop_map(|newest| Refused::Deny(Reason::Superseded { newest })),
        Just(Refused::Refer(Referral::HomeUnreachable { home })),
    ]
}

fn any_hub() -> impl Strategy<Value = PublicKey> {
    (1_u8..4).prop_map(|number| hub(number).public())
}

/// What an authority writes.
pub fn by_authority() -> impl Strategy<Value = Body> {
    let named = |(version, name): (u32, u8)| {
        let mut policy = policy();
        policy.name = format!("Policy {name}");
        Body::Policy { version, policy }
    };
    prop_oneof![
        (1_u32..4, any::<u8>()).prop_map(named),
        (1_u32..4, prop::collection::vec(any_hub(), 0..3))
            .prop_map(|(epoch, hubs)| Body::Roster { epoch, hubs }),
        (unit(), generation()).prop_map(|(unit, generation)| Body::Superseded { unit, generation }),
        (unit(), generation()).prop_map(|(unit, generation)| Body::Revoked { unit, generation }),
        (unit(), generation()).prop_map(|(unit, generation)| Body::Reinstated { unit, generation }),
        (1_u8..4).prop_map(|number| Body::DeviceEnrolled {
            identity: identity(&hub(number), Role::Hub)
        }),
        (1_u8..4).prop_map(|number| Body::DeviceRevoked {
            device: scanner(number).public()
        }),
        any_hub().prop_map(|hub| Body::HubRetired { hub }),
    ]
}

/// What a device writes.
pub fn by_device() -> impl Strategy<Value = Body> {
    let refusal = (any::<u8>(), unit(), generation(), refused());
    let fork = (any_hub(), 1_u64..4, any::<[u8; 2]>());
    prop_oneof![
        1 => (1_u8..4).prop_map(|number| Body::Opened { identity: identity(&scanner(number), Role::Scanner) }),
        1 => (1_u32..4).prop_map(|epoch| Body::RosterAdopted { epoch }),
        4 => passage().prop_map(Body::Admitted),
        3 => passage().prop_map(Body::Exited),
        1 => passage().prop_map(|passage| Body::Overridden {
            passage,
            by: "Ada".to_owned(),
            why: "knows them".to_owned(),
        }),
        1 => refusal.prop_map(|(scan, unit, generation, why)| Body::Refused(Refusal {
            scan: ScanId([scan; 16]),
            ticket: (unit, generation),
            gate: GateId(1),
            why,
        })),
        1 => fork.prop_map(|(origin, seq, [one, other])| Body::ForkSeen {
            origin,
            seq: Seq(seq),
            hashes: [[one.min(other); 32], [one.max(other); 32]],
        }),
    ]
}

/// The records of an authority and three devices, each log with rising numbers. The authority's clock rises; the devices'
/// stand anywhere within three days.
pub fn history(most: usize) -> impl Strategy<Value = Vec<Stamped>> {
    let from_authority = by_authority().prop_map(|body| (0, 0, body));
    let from_device = (1_usize..4, 0_u64..72, by_device());
    let drawn = prop::collection::vec(prop_oneof![1 => from_authority, 2 => from_device], 0..most);
    drawn.prop_map(|drawn| {
        let origins: [Origin; 4] = [authority(), hub(1), hub(2), scanner(1)].map(|key| key.public());
        let numbered = drawn
            .into_iter()
            .enumerate()
            .map(|(number, (writer, hours, body))| {
                let hours = if writer == 0 { number as u64 } else { hours };
                let hlc = Hlc {
                    ms: super::NOW.0 + hours * super::HOUR_MS,
                    count: 0,
                };
                let stamp = Stamp {
                    hlc,
                    origin: origins[writer],
                    seq: Seq(number as u64 + 1),
                };
                (stamp, body)
            });
        numbered.collect()
    })
}
