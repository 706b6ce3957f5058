//! Records drawn at random from small worlds, so that they meet: few units, few scans, few devices.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use usher_keys::{PublicKey, Role, SecretKey, Timestamp};

use super::{
    EVENT, HOUR_MS, NOW, authority, capable, fork, hub, identity, key, late_tickets, policy, scanner, tickets,
};
use crate::admission::{Reason, Referral, Refused};
use crate::home::roster_hash;
use crate::ident::{GateId, Generation, Hlc, Origin, ScanId, ScanSecret, Seq, Stamp, TierId, Unit, ZoneId};
use crate::log::Tail;
use crate::policy::TimeSlots;
use crate::record::{Body, Count, Counterpart, PlacesOf, Refusal, RightToAnnul, ShownPassage};
use crate::ticket::foreign::identity::CodeIdentity;
use crate::ticket::foreign::{ForeignCodes, ForeignList, ListedCode};
use crate::ticket::{Ticket, TicketFlags};

/// A record's place and what it says.
pub type Stamped = (Stamp, Body);

fn unit() -> impl Strategy<Value = Unit> {
    (0_u32..4).prop_map(Unit)
}

fn generation() -> impl Strategy<Value = Generation> {
    (1_u32..4).prop_map(Generation)
}

/// Mostly the event's ticket key, sometimes one that only a later bundle knows, or nobody.
fn signer() -> impl Strategy<Value = SecretKey> {
    prop_oneof![8 => Just(tickets()), 1 => Just(late_tickets()), 1 => Just(key(0x66))]
}

fn passage() -> impl Strategy<Value = ShownPassage> {
    let ticket = (unit(), generation(), 1_u16..6, 1_u8..3, signer());
    let how = (any::<u8>(), 1_u8..4, 1_u16..4, 0_u64..3, counterparts());
    (ticket, how).prop_map(
        |((unit, generation, tier, admits, signer), (scan, persons, gate, day, counterparts))| {
            let ticket = Ticket {
                key: signer.public().id(),
                unit,
                generation,
                tier: TierId(tier),
                admits,
                flags: TicketFlags::default(),
                holder: None,
            };
            ShownPassage {
                scan: scan_of(scan % 12),
                code: ticket.sign(&signer).bytes().to_vec(),
                persons,
                gate: GateId(gate),
                zone: ZoneId(1 + gate / 3),
                at: NOW.plus_ms(day * 24 * HOUR_MS),
                counterparts,
            }
        },
    )
}

fn counterparts() -> impl Strategy<Value = Vec<Counterpart>> {
    let one = (0_u8..12, 0_u8..3).prop_map(|(scan, persons)| Counterpart {
        scan: scan_of(scan),
        persons,
    });
    prop::collection::vec(one, 0..3)
}

/// The scans that are drawn: every second one is of a reader that writes, so that it can be withdrawn.
fn scan_of(number: u8) -> ScanId {
    match number % 4 {
        0 => ScanId::of(&hub(1).public(), &ScanSecret([number; 16])),
        1 => ScanId::of(&scanner(1).public(), &ScanSecret([number; 16])),
        _ => ScanId([number; 16]),
    }
}

/// Mostly as it is, sometimes with a code that nobody signed, or one of another seller's that the authority may never list.
fn passage_or_lie() -> impl Strategy<Value = ShownPassage> {
    (passage(), 0_u8..10, foreign_list()).prop_map(|(mut passage, lie, list)| {
        if lie == 0 {
            passage.code[3] ^= 1;
        }
        if lie > 7 {
            passage.code = foreign_code(list);
        }
        passage
    })
}

/// One of three codes, each of one unit, as it is listed at some time.
pub fn foreign_list() -> impl Strategy<Value = ForeignList> {
    (0_u8..3, 1_u16..3, 1_u8..3, 0_u8..2).prop_map(|(number, tier, admits, used)| ForeignList {
        salt: [7; 32],
        sellers: Vec::new(),
        codes: vec![ListedCode {
            code: CodeIdentity::Text(foreign_text(number)).hash(&[7; 32]),
            unit: Unit(100 + u32::from(number)),
            tier: TierId(tier),
            admits,
            used,
        }],
    })
}

fn foreign_text(number: u8) -> Vec<u8> {
    format!("seat-{number}").into_bytes()
}

/// The bytes that a record has of the one code in a list.
fn foreign_code(list: ForeignList) -> Vec<u8> {
    let number = u8::try_from(list.codes[0].unit.0 - 100).expect("of three codes");
    let mut foreign = ForeignCodes::default();
    foreign.take(list);
    let read = foreign.read(&foreign_text(number), EVENT);
    read.expect("it is listed").code().to_vec()
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

fn places_of() -> impl Strategy<Value = PlacesOf> {
    prop_oneof![
        Just(PlacesOf::Room),
        Just(PlacesOf::TimeSlot(NOW)),
        Just(PlacesOf::TimeSlotsFrom(NOW))
    ]
}

fn roster() -> impl Strategy<Value = Vec<PublicKey>> {
    prop::collection::vec(any_hub(), 0..3)
}

fn any_writer() -> impl Strategy<Value = PublicKey> {
    prop_oneof![any_hub(), Just(scanner(1).public())]
}

/// What an authority writes.
pub fn by_authority() -> impl Strategy<Value = Body> {
    let named = |(version, name): (u32, u8)| {
        let mut policy = policy();
        policy.name = format!("Policy {name}");
        policy.zones[0].time_slots = (name % 2 == 0).then_some(TimeSlots {
            minutes: 5,
            persons: 3,
        });
        Body::Policy { version, policy }
    };
    let settled = |(origin, seq, hash): (Origin, u64, u8)| Body::ForkSettled {
        origin,
        tail: Tail {
            seq: Seq(seq),
            hash: [hash; 32],
        },
    };
    prop_oneof![
        (1_u32..4, any::<u8>()).prop_map(named),
        (1_u32..4, roster()).prop_map(|(epoch, hubs)| Body::Roster { epoch, hubs }),
        (unit(), generation()).prop_map(|(unit, generation)| Body::Superseded { unit, generation }),
        (unit(), generation()).prop_map(|(unit, generation)| Body::Revoked { unit, generation }),
        (unit(), generation()).prop_map(|(unit, generation)| Body::Reinstated { unit, generation }),
        (1_u8..4).prop_map(|number| Body::DeviceEnrolled {
            identity: identity(&hub(number), Role::Hub)
        }),
        (any_writer(), 0_u64..40).prop_map(|(device, after)| Body::DeviceRevoked {
            device,
            after: Seq(after)
        }),
        any_hub().prop_map(|hub| Body::HubRetired { hub, heir: None }),
        (any_writer(), 1_u64..4, any::<u8>()).prop_map(settled),
        Just(Body::Restated),
        foreign_list().prop_map(Body::Foreign),
    ]
}

/// What a device writes, and what one that lies would.
pub fn by_device() -> impl Strategy<Value = Body> {
    let refusal = (any::<u8>(), unit(), generation(), refused());
    let seen = (1_u8..4, 1_u64..4, 0_u8..100);
    prop_oneof![
        1 => (1_u8..4).prop_map(|number| Body::Opened { identity: identity(&scanner(number), Role::Scanner) }),
        1 => (1_u8..4).prop_map(|number| Body::Opened { identity: capable(&hub(number), Role::Hub) }),
        1 => (1_u32..4, roster()).prop_map(|(epoch, hubs)| Body::RosterAdopted { epoch, roster: roster_hash(&hubs) }),
        4 => passage_or_lie().prop_map(Body::Admitted),
        3 => passage_or_lie().prop_map(Body::Exited),
        1 => passage_or_lie().prop_map(|passage| Body::Overridden {
            passage,
            by: "Ada".to_owned(),
            why: "knows them".to_owned(),
        }),
        2 => (passage_or_lie(), 0_u8..12).prop_map(|(mut passage, number)| {
            passage.scan = scan_of(number);
            Body::Withdrawn { passage, secret: ScanSecret([number; 16]) }
        }),
        2 => (passage_or_lie(), 0_u8..12, 0_u8..3).prop_map(|(mut passage, number, right)| {
            passage.scan = scan_of(number);
            let secret = ScanSecret([number; 16]);
            let right = match right {
                0 => RightToAnnul::Reader(secret),
                1 => RightToAnnul::Turnstile(secret),
                _ => RightToAnnul::Supervisor,
            };
            Body::Annulled { passage, right, by: "Ada".to_owned(), why: "went back".to_owned() }
        }),
        2 => (unit(), 0_u8..12, counterparts()).prop_map(|(unit, exit, closes)| Body::ExitMatched {
            unit,
            exit: scan_of(exit),
            closes,
        }),
        1 => (0_u64..3, 0_u32..3).prop_map(|(earlier_ms, inside)| Body::Counted {
            count: Count { at: Timestamp(NOW.0 - earlier_ms), zone: ZoneId(1), inside, heard: vec![(hub(1).public(), Seq(1))] },
            by: "Ada".to_owned(),
        }),
        1 => (any_hub(), 0_u32..3, places_of()).prop_map(|(to, places, of)| Body::Lent {
            zone: ZoneId(1),
            to,
            places,
            of,
        }),
        1 => refusal.prop_map(|(scan, unit, generation, why)| Body::Refused(Refusal {
            scan: ScanId([scan; 16]),
            ticket: (unit, generation),
            gate: GateId(1),
            why,
        })),
        1 => seen.prop_map(|(number, seq, hash)| {
            Body::ForkSeen(Box::new(fork(&hub(number), seq, [[hash; 32], [hash + 1; 32]])))
        }),
    ]
}

/// The devices that write: two hubs with every capability, and a scanner with none.
fn openings() -> Vec<Stamped> {
    let identities = [
        capable(&hub(1), Role::Hub),
        capable(&hub(2), Role::Hub),
        identity(&scanner(1), Role::Scanner),
    ];
    let opened = identities.map(|identity| {
        let stamp = Stamp {
            hlc: Hlc { ms: NOW.0, count: 0 },
            origin: identity.unverified().device,
            seq: Seq(1),
        };
        (stamp, Body::Opened { identity })
    });
    opened.to_vec()
}

/// The records of an authority and three devices, each log with rising numbers and a device's with its certificate in front.
/// The authority's clock rises; the devices' stand anywhere within three days.
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
                    ms: NOW.0 + hours * HOUR_MS,
                    count: 0,
                };
                let stamp = Stamp {
                    hlc,
                    origin: origins[writer],
                    seq: Seq(number as u64 + 2),
                };
                (stamp, body)
            });
        openings().into_iter().chain(numbered).collect()
    })
}

/// A history, and the same records in another order that keeps the order of each log.
pub fn two_orders(most: usize) -> impl Strategy<Value = (Vec<Stamped>, Vec<Stamped>)> {
    let both = history(most).prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle()));
    both.prop_map(|(records, shuffled)| {
        let other = in_order_of_their_logs(&records, &shuffled);
        (records, other)
    })
}

/// Returns each log's records the places that the log has in the shuffled list, in their own order.
fn in_order_of_their_logs(records: &[Stamped], shuffled: &[Stamped]) -> Vec<Stamped> {
    let mut logs: BTreeMap<Origin, VecDeque<&Stamped>> = BTreeMap::new();
    for record in records {
        logs.entry(record.0.origin).or_default().push_back(record);
    }
    let next = |(stamp, _): &Stamped| logs.get_mut(&stamp.origin)?.pop_front().cloned();
    shuffled.iter().filter_map(next).collect()
}
