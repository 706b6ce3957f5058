//! What proves something by itself and what does not: fork proofs, the codes in passages, certificates; and records that nobody reads.

use usher_keys::{DeviceIdentity, RootSet, SecretKey, Timestamp};
use usher_protocol::evidence::{Worth, worth_of};
use usher_protocol::fork::ForkProof;
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::record::{Body, Record, ShownPassage, Unread};
use usher_protocol::ticket::{Ticket, digits};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, ScanId, Seq, ZoneId};

use super::cast::{self, EVENT, NOW, at, other_hub};
use super::log::{authority_log, hub_log, name_of};
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/proofs.txt");

/// The tails of a log of five records, of which the first two are the same in every flavour.
fn history(flavour: u8) -> (Vec<Vec<u8>>, Vec<Tail>) {
    let record = |at: u8| vec![if at < 2 { 0 } else { flavour }, at];
    let records: Vec<_> = (0..5).map(record).collect();
    let mut tails = vec![Tail::default()];
    for record in &records {
        tails.push(tails[tails.len() - 1].push(EVENT, &other_hub().public(), record));
    }
    (records, tails)
}

fn head(flavour: u8, seq: usize, key: &SecretKey) -> Head {
    Head::sign(EVENT, history(flavour).1[seq], key)
}

fn by_heads() -> ForkProof {
    ForkProof::of_heads(head(1, 4, &other_hub()), head(2, 4, &other_hub())).unwrap()
}

/// The proof from a head at 3 and a run of the other history from 1 to 5.
pub fn by_run() -> ForkProof {
    let (records, tails) = history(2);
    let run = Run {
        base: tails[1],
        records: records[1..].to_vec(),
        head: head(2, 5, &other_hub()),
    };
    ForkProof::of_run(EVENT, &head(1, 3, &other_hub()), &run).unwrap()
}

/// Proofs that prove nothing, each for one reason.
fn bad_proofs() -> Vec<(&'static str, ForkProof)> {
    let altered = |alter: fn(&mut ForkProof)| {
        let mut proof = by_run();
        alter(&mut proof);
        proof
    };
    vec![
        ("one history", {
            let one = head(1, 3, &other_hub());
            let base = one.tail.hash;
            let records = history(1).0;
            let links = records[3..]
                .iter()
                .map(|record| usher_protocol::log::hash_of(record));
            ForkProof {
                one,
                base,
                links: links.collect(),
                other: head(1, 5, &other_hub()),
            }
        }),
        ("a false base", altered(|proof| proof.base[0] ^= 1)),
        ("a false link", altered(|proof| proof.links[1][0] ^= 1)),
        ("a link too few", altered(|proof| proof.links.truncate(1))),
        ("a link too many", altered(|proof| proof.links.push([0; 32]))),
        (
            "a false signature of the one head",
            altered(|proof| proof.one.signature.0[0] ^= 1),
        ),
        (
            "a false signature of the other head",
            altered(|proof| proof.other.signature.0[0] ^= 1),
        ),
        (
            "heads of two origins",
            altered(|proof| proof.one = head(1, 3, &cast::hub())),
        ),
        ("a head of an empty log", {
            let one = Head::sign(
                EVENT,
                Tail {
                    seq: Seq(0),
                    hash: [7; 32],
                },
                &other_hub(),
            );
            let (records, _) = history(2);
            let links = records.iter().map(|record| usher_protocol::log::hash_of(record));
            ForkProof {
                one,
                base: [0; 32],
                links: links.collect(),
                other: head(2, 5, &other_hub()),
            }
        }),
    ]
}

fn write_proofs(sheet: &mut Sheet) {
    sheet.section("Proofs of two histories of one origin, which are good, and those that prove nothing.");
    sheet.bytes("origin seed", &[0x12; 32]);
    for (name, proof) in [("by two heads", by_heads()), ("by a head and a run", by_run())] {
        assert!(proof.check(EVENT).is_some(), "{name}");
        sheet.value(&format!("good proof, {name}"), &proof);
    }
    for (name, proof) in bad_proofs() {
        assert_eq!(proof.check(EVENT), None, "{name}");
        sheet.value(&format!("bad proof, {name}"), &proof);
    }
}

fn trust() -> Trust {
    Trust::pin(&RootSet::single(cast::root().public()), cast::signed_bundle()).unwrap()
}

/// The bytes of codes by every kind of key, and live ones shown well and badly.
fn codes() -> Vec<(&'static str, Vec<u8>)> {
    let by = |seed: u8| cast::ticket().sign(&cast::key(seed)).bytes().to_vec();
    let live = Ticket {
        holder: Some(cast::key(0x70).public()),
        ..cast::ticket()
    };
    let shown = |by: u8, ms: u64| {
        let text = live
            .clone()
            .sign(&cast::tickets())
            .shown_live(&cast::key(by), Timestamp(ms));
        digits::decode(text.as_bytes()).unwrap()
    };
    let mut altered = by(0x01);
    altered[10] ^= 1;
    let mut extended = by(0x01);
    extended.push(0);
    vec![
        ("by a key that is believed", by(0x01)),
        ("by a key that is struck out", by(0x02)),
        ("by a key that no bundle names", by(0x66)),
        ("altered", altered),
        ("with a byte too many", extended),
        ("of no bytes", Vec::new()),
        ("of a live ticket, shown long ago", shown(0x70, 1)),
        ("of a live ticket, shown by another phone", shown(0x71, NOW)),
        (
            "of a live ticket, without the moving part",
            live.clone().sign(&cast::tickets()).bytes().to_vec(),
        ),
    ]
}

fn identities() -> Vec<(&'static str, DeviceIdentity)> {
    let by = |seed: u8| DeviceIdentity {
        certificate: cast::hub_certificate().sign(&cast::key(seed)),
        via: None,
    };
    let mut altered = cast::hub_identity();
    altered.certificate.certificate.gates.push(1);
    let mut too_much = cast::scanner_identity();
    too_much.certificate.certificate.capabilities.enrol_scanners = true;
    too_much.certificate = too_much.certificate.certificate.sign(&cast::hub());
    vec![
        ("by an issuing key", cast::hub_identity()),
        ("by a hub", cast::scanner_identity()),
        ("by a key that no bundle names", by(0x66)),
        ("altered", altered),
        ("by a hub that gives more than it may", too_much),
    ]
}

fn word(worth: Worth) -> &'static str {
    match worth {
        Worth::Proven => "proven",
        Worth::False => "false",
        Worth::UnknownKey => "by an unknown key",
    }
}

fn write_worth(sheet: &mut Sheet) {
    let trust = trust();
    let mut write = |name: String, body: Body| {
        let bytes = Record::new(at(2_000, 0), body).to_bytes();
        sheet.bytes(&name, &bytes);
        sheet.line("is", word(worth_of(&bytes, &trust)));
    };
    for (name, code) in codes() {
        let passage = ShownPassage {
            scan: ScanId([0x5a; 16]),
            code,
            persons: 1,
            gate: GateId(300),
            zone: ZoneId(2),
            at: Timestamp(NOW),
            counterparts: Vec::new(),
        };
        write(format!("Admitted, a code {name}"), Body::Admitted(passage));
    }
    for (name, identity) in identities() {
        write(format!("Opened, a certificate {name}"), Body::Opened { identity });
    }
    for (name, proof) in [
        ("a good proof", by_run()),
        ("a bad proof", bad_proofs().remove(1).1),
    ] {
        write(format!("ForkSeen, {name}"), Body::ForkSeen(Box::new(proof)));
    }
}

/// Where the critical bit of the records below stands: behind the nine bytes of the milliseconds and the byte of the count.
const BIT: usize = 10;
/// Where their kind stands.
const KIND: usize = BIT + 1;

fn write_malformed(sheet: &mut Sheet) {
    for body in authority_log().into_iter().chain(hub_log()) {
        let (name, kind) = (name_of(&body), Record::new(at(1, 0), body).to_bytes());
        let mut wrong_bit = kind.clone();
        wrong_bit[BIT] ^= 1;
        let mut longer = kind.clone();
        longer.push(0);
        let shorter = kind[..kind.len() - 1].to_vec();
        for (fault, bytes) in [
            ("with the wrong critical bit", wrong_bit),
            ("a byte too long", longer),
            ("a byte too short", shorter),
        ] {
            assert!(
                matches!(Record::from_bytes(&bytes), Err(Unread::Malformed(_))),
                "{name} {fault}"
            );
            sheet.bytes(&format!("malformed, {name} {fault}"), &bytes);
        }
    }
    let mut no_bit = Record::new(at(1, 0), Body::Restated).to_bytes();
    no_bit[BIT] = 2;
    assert!(matches!(Record::from_bytes(&no_bit), Err(Unread::Malformed(_))));
    sheet.bytes("malformed, a critical bit of 2", &no_bit);
}

/// Writes records of a kind that no version has yet.
fn write_later(sheet: &mut Sheet) {
    for (name, critical, body) in [
        ("critical", true, vec![24, 0xee, 0xee]),
        ("not critical", false, vec![24]),
        ("of a kind far ahead", false, vec![0xfc, 0xff, 0xff, 0xff, 0xff]),
    ] {
        let mut bytes = Record::new(at(3, 0), Body::Restated).to_bytes();
        bytes.truncate(KIND);
        bytes[BIT] = u8::from(critical);
        bytes.extend_from_slice(&body);
        let read = Record::from_bytes(&bytes);
        assert_eq!(
            read,
            Err(Unread::Later {
                hlc: at(3, 0),
                critical
            }),
            "{name}"
        );
        sheet.bytes(&format!("of a later version, {name}"), &bytes);
    }
}

#[test]
fn what_proves_something_and_what_does_not_are_the_committed_bytes() {
    let mut sheet = Sheet::new("proofs.txt");
    write_proofs(&mut sheet);
    sheet.section("What records are worth by the bundle of trust.txt, each behind its bytes.");
    write_worth(&mut sheet);
    sheet.section("Records of a later version: kept and handed on, not understood.");
    write_later(&mut sheet);
    sheet.section("Bytes that are no record, three of each kind.");
    write_malformed(&mut sheet);
    sheet.compare(COMMITTED);
}
