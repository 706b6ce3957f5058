//! Archives of a small event: what is counted, and that the first part which is wrong is named, whatever is done to one.

use std::convert::Infallible;

use usher_keys::PublicKey;

use super::*;
use crate::admission::Direction;
use crate::ident::Seq;
use crate::ledger::{JudgingAs, ScanQuestion};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{EVENT, NORTH, NOW, REENTRY, STRICT, asked, hub, key, root, roots, ticket};

type Unproven = UnprovenArchive<Infallible>;

/// The parts of a machine's archive, up to its sums.
fn parts_of(machine: &Machine) -> Vec<ArchivePart> {
    let (ledger, roots) = (&machine.ledger, roots());
    let mut parts = vec![
        ArchivePart::Trust {
            roots,
            bundle: ledger.trust().signed().clone(),
        },
        ArchivePart::Maker {
            by: machine.me(),
            at: NOW,
            identity: Some(Box::new(machine.identity.clone())),
        },
    ];
    let mut covered = BTreeMap::new();
    if let Some(signed) = machine.checkpoint.clone() {
        let heads = signed.unverified().unwrap().covered.into_iter();
        covered.extend(heads.map(|head| (head.origin, head.tail.seq)));
        parts.push(ArchivePart::Checkpoint {
            signed,
            dropped: BTreeSet::new(),
        });
    }
    let (mut logs, mut records) = (0, 0);
    for origin in ledger.vector().into_keys() {
        let mut after = covered.get(&origin).copied().unwrap_or_default();
        while let Some(run) = machine.run(origin, after) {
            if after == covered.get(&origin).copied().unwrap_or_default() {
                parts.push(ArchivePart::Log { origin });
                logs += 1;
            }
            after = run.head.tail.seq;
            records += run.records.len() as u64;
            parts.extend(run.records.into_iter().map(|bytes| ArchivePart::Record { bytes }));
            parts.push(ArchivePart::Head(run.head));
        }
    }
    parts.push(ArchivePart::Sums(ArchiveSums::of(ledger.state(), logs, records)));
    parts
}

/// The bytes of an archive of these parts, and where each begins; the last one is the seal.
fn written(parts: &[ArchivePart], maker: &SecretKey) -> (Vec<u8>, Vec<usize>) {
    let (mut writer, mut bytes, mut begins) = (ArchiveWriter::default(), MAGIC.to_vec(), Vec::new());
    for part in parts {
        begins.push(bytes.len());
        bytes.extend(writer.part(part));
    }
    begins.push(bytes.len());
    bytes.extend(writer.seal(EVENT, maker));
    (bytes, begins)
}

fn read(bytes: &[u8], named: &[PublicKey]) -> Result<CheckedArchive, Unproven> {
    let mut rest = bytes;
    let more = |count: usize| {
        let (taken, left) = rest.split_at(count.min(rest.len()));
        rest = left;
        Ok(taken.to_vec())
    };
    verify(more, named, &mut |_, _, _| {})
}

fn damage(bytes: &[u8]) -> ArchiveDamage {
    match read(bytes, &[root().public()]) {
        Err(UnprovenArchive::Damaged(damage)) => damage,
        Err(UnprovenArchive::Unreadable(never)) => match never {},
        Ok(_) => panic!("a wrong archive of {} bytes is valid", bytes.len()),
    }
}

/// Three people came in at the north gate, one of them left again, one ticket was shown twice.
fn evening() -> Machine {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    for (scan, unit, tier) in [(1, 0, STRICT), (2, 1, STRICT), (3, 1, STRICT), (4, 2, REENTRY)] {
        gate.judge(&asked(scan, ticket(unit, tier)), JudgingAs::Home);
    }
    let leaving = ScanQuestion {
        direction: Direction::Out,
        ..asked(5, ticket(2, REENTRY))
    };
    gate.judge(&leaving, JudgingAs::Home);
    cloud.hear(&gate);
    gate.hear(&cloud);
    gate
}

#[test]
fn an_archive_is_counted_anew_from_its_records() {
    let gate = evening();
    let (bytes, _) = written(&parts_of(&gate), &hub(1));
    let mut seen = BTreeMap::new();
    let mut rest = bytes.as_slice();
    let more = |count: usize| {
        let (taken, left) = rest.split_at(count.min(rest.len()));
        rest = left;
        Ok::<_, Infallible>(taken.to_vec())
    };
    let checked = verify(more, &[root().public()], &mut |origin, seq, _| {
        seen.insert(origin, seq);
    });
    let checked = checked.unwrap();
    assert_eq!(checked.sums.admitted, BTreeMap::from([(NORTH, 3)]));
    assert_eq!(checked.sums.exited, BTreeMap::from([(NORTH, 1)]));
    assert_eq!(
        (checked.sums.refused, checked.sums.incidents, checked.sums.logs),
        (1, 0, 2)
    );
    assert_eq!(
        checked.sums.records,
        seen.values().map(|seq: &Seq| seq.0).sum::<u64>()
    );
    assert_eq!(seen, gate.ledger.vector());
    assert_eq!(checked.logs.ledger.state().digest(), gate.digest());
}

#[test]
fn a_hub_that_began_at_a_checkpoint_archives_that_and_what_came_after() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    gate.judge(&asked(1, ticket(0, STRICT)), JudgingAs::Home);
    cloud.hear(&gate);
    cloud.make_checkpoint(NOW);
    let mut fresh = Machine::new(hub(2), usher_keys::Role::Hub);
    fresh.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    fresh.write_due_records();
    gate.judge(&asked(2, ticket(1, STRICT)), JudgingAs::Home);
    fresh.hear(&gate);
    let checked = read(&written(&parts_of(&fresh), &hub(2)).0, &[]).unwrap();
    assert_eq!(checked.sums.admitted, BTreeMap::from([(NORTH, 2)]));
    assert!(checked.logs.covered > 0 && checked.sums.logs == 2);
    assert_eq!(checked.logs.ledger.state().digest(), fresh.digest());
}

#[test]
fn the_part_of_whatever_byte_is_changed_is_named_and_none_before_it() {
    let (bytes, begins) = written(&parts_of(&evening()), &hub(1));
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let part = begins
            .iter()
            .rev()
            .find(|begin| **begin <= at)
            .copied()
            .unwrap_or(0);
        let found = damage(&changed);
        // A length that was made larger than the rest of the file reads like one that was cut off.
        let ends = found.fault == ArchiveFault::CutOff && found.at == bytes.len() as u64;
        let is_length = (part..part + LENGTH_BYTES).contains(&at) && part > 0;
        assert!(
            found.at == part as u64 || (is_length && ends),
            "byte {at} of the part at {part}: {found}"
        );
    }
}

#[test]
fn an_archive_that_was_cut_off_or_goes_on_is_named_where_it_ends() {
    let (bytes, _) = written(&parts_of(&evening()), &hub(1));
    for length in 0..bytes.len() {
        let found = damage(&bytes[..length]);
        assert_eq!((found.at, found.fault), (length as u64, ArchiveFault::CutOff));
    }
    let found = damage(&[bytes.as_slice(), b"x"].concat());
    assert_eq!(
        (found.at, found.fault),
        (bytes.len() as u64, ArchiveFault::Extended)
    );
}

/// Changes the parts of an archive, which its maker or nobody seals anew; returns what is wrong, and with which part.
#[track_caller]
fn check(change: impl FnOnce(&mut Vec<ArchivePart>), sealer: &SecretKey, expected: &ArchiveFault) -> usize {
    let mut parts = parts_of(&evening());
    change(&mut parts);
    let (bytes, begins) = written(&parts, sealer);
    let found = damage(&bytes);
    assert_eq!(found.fault, *expected, "{found}");
    begins.iter().position(|begin| *begin as u64 == found.at).unwrap()
}

fn first_record(parts: &[ArchivePart]) -> usize {
    let is_record = |part: &ArchivePart| matches!(part, ArchivePart::Record { .. });
    parts.iter().position(is_record).unwrap()
}

#[test]
fn two_records_that_change_places_are_named_by_the_bytes_and_by_the_head() {
    let parts = parts_of(&evening());
    let at = first_record(&parts);
    let (bytes, begins) = written(&parts, &hub(1));
    let [one, two, end] = [begins[at], begins[at + 1], begins[at + 2]];
    let swapped = [&bytes[..one], &bytes[two..end], &bytes[one..two], &bytes[end..]].concat();
    let found = damage(&swapped);
    assert_eq!((found.at, found.fault), (one as u64, ArchiveFault::Altered));
    // Whoever ties them together anew has no head for it, not even the maker.
    let named = check(
        |parts| parts.swap(at, at + 1),
        &hub(1),
        &ArchiveFault::OtherHistory,
    );
    assert!(matches!(parts[named], ArchivePart::Head(_)));
}

#[test]
fn records_of_another_archive_are_named_by_the_head_behind_them() {
    let mut other = Machine::cloud(&[1, 2]);
    other.publish_roster(2, &[1]);
    let strange = other.run(other.me(), Seq(0)).unwrap().records;
    let splice = |parts: &mut Vec<ArchivePart>| {
        let at = first_record(parts);
        parts[at] = ArchivePart::Record {
            bytes: strange.last().unwrap().clone(),
        };
    };
    check(splice, &hub(1), &ArchiveFault::OtherHistory);
}

#[test]
fn a_maker_that_counts_wrong_or_leaves_a_head_out_is_found() {
    let more = |parts: &mut Vec<ArchivePart>| {
        if let Some(ArchivePart::Sums(sums)) = parts.last_mut() {
            sums.admitted.insert(NORTH, u64::MAX);
        }
    };
    let what = "people let in at the gates";
    let others = ArchiveFault::OtherSums {
        what,
        said: u64::MAX,
        counted: 3,
    };
    check(more, &hub(1), &others);
    let headless = |parts: &mut Vec<ArchivePart>| parts.retain(|part| !matches!(part, ArchivePart::Head(_)));
    check(headless, &hub(1), &ArchiveFault::Unsigned);
    let twice = |parts: &mut Vec<ArchivePart>| parts.insert(1, parts[0].clone());
    assert_eq!(check(twice, &hub(1), &ArchiveFault::OutOfPlace), 1);
}

#[test]
fn nobody_else_seals_makes_or_signs_it() {
    check(|_| {}, &hub(2), &ArchiveFault::FalseSeal);
    let stranger = |parts: &mut Vec<ArchivePart>| {
        parts[1] = ArchivePart::Maker {
            by: key(0x77).public(),
            at: NOW,
            identity: None,
        };
    };
    check(stranger, &key(0x77), &ArchiveFault::StrangeMaker);
    let forged = |parts: &mut Vec<ArchivePart>| {
        let roots = RootSet::single(key(0x77).public());
        let bundle = crate::rehearsal::bundle(1).sign(&[&key(0x77)]);
        parts[0] = ArchivePart::Trust { roots, bundle };
    };
    assert_eq!(check(forged, &hub(1), &ArchiveFault::OtherRoot), 0);
}

#[test]
fn a_length_that_no_part_has_is_refused_before_it_is_read() {
    for length in [MAX_PART_BYTES as u32 + 1, u32::MAX] {
        let bytes = [MAGIC.as_slice(), &length.to_le_bytes(), &[0; 100]].concat();
        let fault = ArchiveFault::TooLong {
            bytes: u64::from(length),
        };
        assert_eq!(damage(&bytes).fault, fault);
    }
    let bytes = [MAGIC.as_slice(), &9_u32.to_le_bytes(), &[9; 9], &[0; 32]].concat();
    assert_eq!(damage(&bytes).fault, ArchiveFault::Altered);
}
