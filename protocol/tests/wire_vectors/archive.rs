//! A whole archive with one part of each kind but a checkpoint, and each of its parts by itself.

use std::convert::Infallible;
use std::sync::Arc;

use usher_keys::{RootSet, SecretKey, Timestamp};
use usher_protocol::archive::{ArchivePart, ArchiveSums, ArchiveWriter, MAGIC, verify};
use usher_protocol::evidence::Worth;
use usher_protocol::ledger::{Entry, Ledger};
use usher_protocol::log::{Head, Tail};
use usher_protocol::record::{Body, Record, ShownPassage};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, ScanId, ZoneId};

use super::cast::{self, EVENT, at, authority, hub, root};
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/archive.txt");

/// The policy, and a hub that lets three people in.
fn logs() -> [(SecretKey, Vec<Body>); 2] {
    let policy = Body::Policy {
        version: 1,
        policy: cast::policy(),
    };
    let identity = cast::hub_identity();
    let admitted = Body::Admitted(ShownPassage {
        scan: ScanId([0x5a; 16]),
        code: cast::code(),
        persons: 3,
        gate: GateId(300),
        zone: ZoneId(2),
        at: Timestamp(cast::NOW + 1),
        counterparts: Vec::new(),
    });
    let mut logs = [
        (authority(), vec![policy]),
        (hub(), vec![Body::Opened { identity }, admitted]),
    ];
    logs.sort_by_key(|(writer, _)| writer.public());
    logs
}

/// The parts of the hub's archive, up to its sums.
fn parts() -> Vec<(&'static str, ArchivePart)> {
    let roots = RootSet::single(root().public());
    let trust = Trust::pin(&roots, cast::signed_bundle()).unwrap();
    let (by, made_at, identity) = (hub().public(), Timestamp(cast::NOW + 9_000), cast::hub_identity());
    let mut ledger = Ledger::new(by, Some(identity.clone()), Arc::new(trust));
    let bundle = cast::signed_bundle();
    let identity = Some(Box::new(identity));
    let mut parts = vec![
        ("trust", ArchivePart::Trust { roots, bundle }),
        (
            "maker",
            ArchivePart::Maker {
                by,
                at: made_at,
                identity,
            },
        ),
    ];
    for (writer, bodies) in logs() {
        let origin = writer.public();
        parts.push(("log", ArchivePart::Log { origin }));
        let mut tail = Tail::default();
        for (number, body) in (0..).zip(bodies) {
            let bytes = Record::new(at(1_000, number), body).to_bytes();
            tail = tail.push(EVENT, &origin, &bytes);
            let worth = Worth::UnknownKey;
            let entry = Entry {
                origin,
                tail,
                bytes: bytes.clone(),
                worth,
            };
            assert!(ledger.replay(&entry, made_at), "the log is chained");
            parts.push(("record", ArchivePart::Record { bytes }));
        }
        parts.push(("head", ArchivePart::Head(Head::sign(EVENT, tail, &writer))));
    }
    let sums = ArchiveSums::of(ledger.state(), 2, 3);
    parts.push(("sums", ArchivePart::Sums(sums)));
    parts
}

#[test]
fn an_archive_has_the_committed_bytes_and_is_good() {
    let mut sheet = Sheet::new("archive.txt");
    let (mut writer, mut whole) = (ArchiveWriter::default(), MAGIC.to_vec());
    sheet.section("The archive of a hub: what it begins with, and each part with its length and link.");
    sheet.bytes("beginning", MAGIC);
    for (name, part) in parts() {
        let bytes = writer.part(&part);
        sheet.bytes(name, &bytes);
        whole.extend(bytes);
    }
    let seal = writer.seal(EVENT, &hub());
    sheet.bytes("seal", &seal);
    whole.extend(seal);
    let mut rest = whole.as_slice();
    let more = |count: usize| {
        let (taken, left) = rest.split_at(count.min(rest.len()));
        rest = left;
        Ok::<_, Infallible>(taken.to_vec())
    };
    let checked = verify(more, &[root().public()], &mut |_, _, _| {}).unwrap();
    sheet.section("What it comes to.");
    sheet.line("persons let in at gate 300", checked.sums.admitted[&GateId(300)]);
    sheet.line("incidents", checked.sums.incidents);
    sheet.compare(COMMITTED);
}
