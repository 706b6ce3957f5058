//! What records prove by themselves: only what our keys signed, and the same for ever, whatever becomes of the keys.

use std::sync::Arc;

use usher_keys::{DeviceIdentity, KeyId, Role, SecretKey, Timestamp, codec};
use usher_protocol::evidence::{Evidence, Worth, worth_of};
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::record::{Body, Counterpart, Record, RightToAnnul, ShownPassage};
use usher_protocol::ticket::foreign::ShownForeign;
use usher_protocol::ticket::foreign::identity::CodeIdentity;
use usher_protocol::ticket::{Ticket, TicketFlags, digits};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, Hlc, ScanId, ScanSecret, Seq, TierId, Unit, ZoneId};

use super::Target;
use super::draw::Draw;
use super::scene::{
    EVENT, NOW, disbelieved, holder, hub, identity, identity_by, issuing, key, later_issuing, scanner,
    tickets, trust,
};

/// Records at once.
const RECORDS: usize = 4;

/// The bytes are records: made of codes and certificates by all sorts of keys, and of other sellers' codes, changed or not, or just bytes.
pub fn evidence() -> Target {
    let trusts = [1, 2, 3].map(trust);
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        let records = draw.list(RECORDS, record);
        for record in &records {
            check_over_time(&trusts, record);
        }
        check_run(&trusts[0], &records);
    })
}

fn record(draw: &mut Draw) -> Vec<u8> {
    let body = match draw.below(4) {
        0 => return bytes(draw),
        1 => {
            let identity = certified(draw);
            draw.pick(&[
                Body::Opened {
                    identity: identity.clone(),
                },
                Body::Renewed {
                    identity: identity.clone(),
                },
                Body::DeviceEnrolled { identity },
            ])
        }
        2 => said_of(draw, passage),
        _ => said_of(draw, |draw| {
            let passage = passage(draw);
            let code = draw.bit().then(|| foreign_code(draw));
            ShownPassage {
                code: code.unwrap_or(passage.code),
                ..passage
            }
        }),
    };
    let hlc = Hlc { ms: NOW.0, count: 0 };
    let mut bytes = Record::new(hlc, body).to_bytes();
    if draw.below(4) == 3 {
        let at = usize::from(draw.u16()) % bytes.len();
        bytes[at] ^= draw.byte();
    }
    bytes
}

/// Each kind of record that rests on the code that somebody showed.
fn said_of(draw: &mut Draw, passage: impl FnOnce(&mut Draw) -> ShownPassage) -> Body {
    let passage = passage(draw);
    let (by, why) = ("Ada".to_owned(), "known".to_owned());
    let secret = ScanSecret([7; 16]);
    match draw.below(7) {
        0 => Body::Admitted(passage),
        1 => Body::Exited(passage),
        2 => Body::Overridden { passage, by, why },
        3 => Body::Withdrawn { passage, secret },
        right => Body::Annulled {
            passage,
            right: match right {
                4 => RightToAnnul::Reader(secret),
                5 => RightToAnnul::Turnstile(secret),
                _ => RightToAnnul::Supervisor,
            },
            by,
            why,
        },
    }
}

/// Another seller's code as a record has it, or nearly one.
fn foreign_code(draw: &mut Draw) -> Vec<u8> {
    let said = draw.list(8, Draw::byte);
    let identity = match draw.below(3) {
        0 => CodeIdentity::Text(said),
        1 => CodeIdentity::Signed(said),
        _ => CodeIdentity::Hashed(draw.array::<32>().to_vec()),
    };
    let mark: u8 = draw.pick(&[0xf0, 0xf0, 0xf0, 0xf1]);
    let (unit, tier) = (Unit(draw.u32()), TierId(draw.u16()));
    codec::encode(&(mark, identity, unit, tier, draw.byte()))
}

fn bytes(draw: &mut Draw) -> Vec<u8> {
    let length = draw.byte();
    draw.bytes(length.into()).to_vec()
}

fn certified(draw: &mut Draw) -> DeviceIdentity {
    let issuer = draw.pick(&[issuing(), later_issuing(), key(0x66), hub(2)]);
    let role = draw.pick(&[Role::Hub, Role::Scanner, Role::Cloud]);
    let device = draw.pick(&[hub(1), scanner(1)]);
    let via = draw.bit().then(|| identity(&hub(2), Role::Hub).certificate);
    DeviceIdentity {
        via,
        ..identity_by(&issuer, &device, role)
    }
}

fn passage(draw: &mut Draw) -> ShownPassage {
    let [struck, early, over] = disbelieved();
    let signer: SecretKey = draw.pick(&[tickets(), struck, early, over, key(0x66)]);
    let is_live = draw.bit();
    let ticket = Ticket {
        key: KeyId([0; 4]),
        unit: Unit(draw.u32()),
        generation: Generation(u32::from(draw.byte()).max(1)),
        tier: TierId(draw.u16()),
        admits: draw.byte().max(1),
        flags: TicketFlags::default(),
        holder: is_live.then(|| holder().public()),
    };
    let payload = ticket.sign(&signer);
    let mut code = payload.bytes().to_vec();
    if is_live && draw.below(4) > 0 {
        let phone = draw.pick(&[holder(), holder(), key(0x71)]);
        let shown = payload.shown_live(&phone, Timestamp(draw.u64()));
        code = digits::decode(shown.as_bytes()).unwrap_or_default();
    }
    if draw.below(4) == 3 {
        let at = usize::from(draw.u16()) % code.len();
        code[at] ^= draw.byte();
    }
    ShownPassage {
        scan: ScanId(draw.array()),
        code,
        persons: draw.byte(),
        gate: GateId(draw.u16()),
        zone: ZoneId(draw.u16()),
        at: Timestamp(draw.u64()),
        counterparts: draw.list(3, |draw| Counterpart {
            scan: ScanId(draw.array()),
            persons: draw.byte(),
        }),
    }
}

/// A later bundle may name a key that was unknown; what was proven stays so though every key be struck out, and what was
/// false stays false. What opens a gate is proven.
fn check_over_time(trusts: &[Arc<Trust>; 3], record: &[u8]) {
    let [first, second, third] = trusts.each_ref().map(|trust| worth_of(record, trust));
    assert!(
        first == second || first == Worth::UnknownKey,
        "{first:?}, then {second:?}"
    );
    assert_eq!(second, third, "worth something else since keys were struck out");
    let Ok(read) = Record::from_bytes(record) else {
        return;
    };
    if let Some(passage) = read.body.passage() {
        let is_foreign = ShownForeign::parse(&passage.code).is_some();
        assert!(
            !is_foreign || first == Worth::UnknownKey,
            "the list alone tells what another seller's code is worth"
        );
        let opens = trusts[0].keyring().verify(&passage.code, NOW).is_ok();
        assert!(
            !opens || first == Worth::Proven,
            "it opens a gate and proves nothing"
        );
        let taken = passage.unverified();
        assert!(first != Worth::Proven || taken.is_ok(), "proven, and no ticket");
    }
}

/// Records verified beforehand are worth what they are worth one by one.
fn check_run(trust: &Trust, records: &[Vec<u8>]) {
    let origin = hub(1).public();
    let push = |tail: Tail, record: &Vec<u8>| tail.push(EVENT, &origin, record);
    let run = Run {
        base: Tail::default(),
        records: records.to_vec(),
        head: Head::sign(EVENT, records.iter().fold(Tail::default(), push), &hub(1)),
    };
    let evidence = Evidence::of(&run, trust);
    for (seq, record) in (1..).zip(records) {
        // Bytes that cannot be read were not verified.
        let is_read = Record::from_bytes(record).is_ok();
        let worth = if is_read {
            worth_of(record, trust)
        } else {
            Worth::UnknownKey
        };
        assert_eq!(evidence.worth(Seq(seq)), worth, "record {seq}");
    }
}
