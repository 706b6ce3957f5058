//! Archives of events, changed and put together anew by others and by their own maker: none shows a record that its log did not hold.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use usher_keys::{Role, SecretKey};
use usher_protocol::archive::{
    ArchivePart, ArchiveSums, ArchiveWriter, CheckedArchive, MAGIC, UnprovenArchive, verify,
};
use usher_protocol::ledger::{Entry, Ledger};
use usher_protocol::record::{Body, ShownPassage};
use usher_protocol::ticket::{Ticket, TicketFlags};
use usher_protocol::{Generation, Origin, ScanId, Seq, TierId, Unit};

use super::Target;
use super::draw::Draw;
use super::scene::{
    EVENT, GATES, NOW, authority, hub, identity, policy, root, roots, signed_bundle, tickets, trust,
};

/// Changes of the parts of one archive at most.
const CHANGES: usize = 4;

/// The records that each log holds.
type Records = BTreeMap<(Origin, Seq), Vec<u8>>;

/// The archive of a hub that has let two people in.
struct Known {
    /// Up to its sums.
    parts: Vec<ArchivePart>,
    bytes: Vec<u8>,
    records: Records,
}

/// The bytes are an archive, or say what of one is changed, and who seals it then.
pub fn archives() -> Target {
    let known = known();
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        match draw.below(3) {
            0 => {
                let bytes = draw.rest();
                assert!(read(bytes).is_err() || bytes == known.bytes, "nobody sealed that");
            }
            1 => change_bytes(&known, &mut draw),
            _ => change_parts(&known, &mut draw),
        }
    })
}

/// Whoever changes bytes is found, and not behind the first of them.
fn change_bytes(known: &Known, draw: &mut Draw) {
    let mut bytes = known.bytes.clone();
    while draw.has_more() {
        let at = usize::from(draw.u16()) % bytes.len();
        match draw.below(4) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes.insert(at, draw.byte()),
            _ => bytes[at] ^= draw.byte(),
        }
    }
    let same = bytes
        .iter()
        .zip(&known.bytes)
        .take_while(|(one, other)| one == other)
        .count();
    match read(&bytes) {
        Ok(_) => assert!(bytes == known.bytes, "changed at {same}, and still valid"),
        Err(UnprovenArchive::Damaged(damage)) => {
            // A length that was made larger is noticed where the archive ends.
            let is_end = damage.at == bytes.len() as u64;
            assert!(damage.at <= same as u64 || is_end, "changed at {same}: {damage}");
        }
        Err(UnprovenArchive::Unreadable(never)) => match never {},
    }
}

/// Whoever puts parts together anew, be it the maker, shows only what the logs hold.
fn change_parts(known: &Known, draw: &mut Draw) {
    let mut parts = known.parts.clone();
    for _ in 0..draw.below(CHANGES + 1) {
        if parts.is_empty() {
            return;
        }
        let (at, other) = (draw.below(parts.len()), draw.below(parts.len()));
        match draw.below(5) {
            0 => parts.swap(at, other),
            1 => drop(parts.remove(at)),
            2 => parts.insert(at, parts[other].clone()),
            3 => {
                parts[at] = ArchivePart::Record {
                    bytes: draw.bytes(64).to_vec(),
                }
            }
            _ => {
                if let Some(ArchivePart::Sums(sums)) = parts.last_mut() {
                    sums.records = sums.records.wrapping_sub(u64::from(draw.byte()));
                    sums.logs = sums.logs.wrapping_sub(draw.u64() % 3);
                }
            }
        }
    }
    let sealer = if draw.bit() { hub(1) } else { hub(2) };
    let bytes = sealed(&parts, &sealer);
    if let Ok((_, shown)) = read(&bytes) {
        assert!(sealer.public() == hub(1).public(), "sealed by another");
        for (place, bytes) in shown {
            assert!(
                known.records.get(&place) == Some(&bytes),
                "{place:?} is not what its log holds"
            );
        }
    }
}

fn sealed(parts: &[ArchivePart], sealer: &SecretKey) -> Vec<u8> {
    let mut writer = ArchiveWriter::default();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(parts.iter().flat_map(|part| writer.part(part)));
    bytes.extend(writer.seal(EVENT, sealer));
    bytes
}

fn read(bytes: &[u8]) -> Result<(CheckedArchive, Records), UnprovenArchive<Infallible>> {
    let mut rest = bytes;
    let more = |count: usize| {
        let (taken, left) = rest.split_at(count.min(rest.len()));
        rest = left;
        Ok(taken.to_vec())
    };
    let mut records = Records::new();
    let checked = verify(more, &[root().public()], &mut |origin, seq, bytes| {
        records.insert((origin, seq), bytes.to_vec());
    });
    Ok((checked?, records))
}

fn ticket(unit: u8) -> Ticket {
    Ticket {
        key: tickets().public().id(),
        unit: Unit(u32::from(unit)),
        generation: Generation(1),
        tier: TierId(1),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    }
}

fn admitted(unit: u8) -> Body {
    Body::Admitted(ShownPassage {
        scan: ScanId([unit; 16]),
        code: ticket(unit).sign(&tickets()).bytes().to_vec(),
        persons: 1,
        gate: GATES[0],
        zone: policy().gates[0].zone,
        at: NOW,
        counterparts: Vec::new(),
    })
}

fn known() -> Known {
    let trust = trust(1);
    let mut cloud = Ledger::new(authority().public(), None, Arc::clone(&trust));
    let maker = identity(&hub(1), Role::Hub);
    let mut gate = Ledger::new(hub(1).public(), Some(maker.clone()), trust);
    let mut logs: BTreeMap<Origin, Vec<Entry>> = BTreeMap::new();
    let said = cloud.write(
        Body::Policy {
            version: 1,
            policy: policy(),
        },
        NOW,
    );
    assert!(gate.replay(&said, NOW), "the first record of a log");
    logs.entry(said.origin).or_default().push(said);
    logs.entry(gate.me())
        .or_default()
        .extend(gate.write_due_records(NOW));
    for unit in 1..=2 {
        let entry = gate.write(admitted(unit), NOW);
        logs.entry(entry.origin).or_default().push(entry);
    }
    let heads = [cloud.seal(&authority()), gate.seal(&hub(1))];
    let mut heads: BTreeMap<Origin, _> = heads
        .into_iter()
        .flatten()
        .map(|head| (head.origin, head))
        .collect();
    let mut parts = vec![
        ArchivePart::Trust {
            roots: roots(),
            bundle: signed_bundle(1),
        },
        ArchivePart::Maker {
            by: gate.me(),
            at: NOW,
            identity: Some(Box::new(maker)),
        },
    ];
    let mut records = Records::new();
    for (origin, entries) in &logs {
        parts.push(ArchivePart::Log { origin: *origin });
        for Entry { tail, bytes, .. } in entries {
            records.insert((*origin, tail.seq), bytes.clone());
            parts.push(ArchivePart::Record { bytes: bytes.clone() });
        }
        parts.extend(heads.remove(origin).map(ArchivePart::Head));
    }
    let sums = ArchiveSums::of(gate.state(), logs.len() as u64, records.len() as u64);
    parts.push(ArchivePart::Sums(sums));
    let bytes = sealed(&parts, &hub(1));
    assert!(read(&bytes).is_ok(), "the archive that is changed is a good one");
    Known {
        parts,
        bytes,
        records,
    }
}
