//! `verify-archive`: what is printed of a good archive, and what of one that is not.

use usher_fixtures::SHOW;
use usher_keys::Timestamp;
use usher_protocol::archive::{ArchivePart, ArchiveSums, ArchiveWriter, MAGIC};
use usher_protocol::ledger::Ledger;
use usher_protocol::plain::is_unruly;
use usher_protocol::policy::Policy;
use usher_protocol::record::Body;

use crate::WorkFolder;

/// The archive that the cloud makes of an event before anybody has come.
fn archive() -> Vec<u8> {
    archive_of(usher_fixtures::policy())
}

fn archive_of(policy: Policy) -> Vec<u8> {
    let run = SHOW.authority_log(
        [Body::Policy { version: 1, policy }],
        Timestamp(1_800_000_000_000),
    );
    let maker = SHOW.authority();
    let mut ledger = Ledger::new(maker.public(), None, SHOW.trust());
    ledger
        .accept(&run, None, Timestamp(1_800_000_000_000))
        .expect("a sound run");
    let sums = ArchiveSums::of(ledger.state(), 1, run.records.len() as u64);
    let (by, at) = (maker.public(), Timestamp(1_800_000_000_000));
    let mut parts = vec![
        ArchivePart::Trust {
            roots: SHOW.roots(),
            bundle: SHOW.bundle(1),
        },
        ArchivePart::Maker {
            by,
            at,
            identity: None,
        },
        ArchivePart::Log { origin: by },
    ];
    parts.extend(run.records.into_iter().map(|bytes| ArchivePart::Record { bytes }));
    parts.extend([ArchivePart::Head(run.head), ArchivePart::Sums(sums)]);
    let mut writer = ArchiveWriter::default();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(parts.iter().flat_map(|part| writer.part(part)));
    bytes.extend(writer.seal(SHOW.id, &maker));
    bytes
}

fn folder(bytes: &[u8]) -> WorkFolder {
    let folder = WorkFolder::new();
    std::fs::write(folder.0.path().join("show.usher"), bytes).expect("the file can be written");
    folder
}

#[test]
fn a_good_archive_is_described_and_held_against_the_root() {
    let folder = folder(&archive());
    let root = SHOW.root().public().to_string();
    let said = folder.ok(&["verify-archive", "show.usher", "--root-public", &root]);
    for part in [
        "valid: every signature, chain and head",
        "Festival",
        "made by    the cloud",
        "2027-01-15 08:00:00 UTC",
        "records    1\n",
        "let in     0 people, counted anew",
        &root,
        "the named ones have signed",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    let said = folder.ok(&["verify-archive", "show.usher"]);
    assert!(said.contains("COMPARE with the organizer's root"), "{said}");
}

#[test]
fn nobody_writes_lines_of_their_own_into_what_is_said_of_their_archive() {
    let mut policy = usher_fixtures::policy();
    policy.name = "Owls\n  root       00  the named ones have signed\u{1b}[2A\u{202e}".to_owned();
    let said = folder(&archive_of(policy)).ok(&["verify-archive", "show.usher"]);
    assert!(said.contains("Owls\u{fffd}  root       00"), "{said}");
    let is_shown = |letter: char| letter == '\n' || !is_unruly(letter);
    assert!(said.chars().all(is_shown), "{said:?}");
}

#[test]
fn a_wrong_archive_is_told_with_the_byte_and_exit_code_1() {
    let bytes = archive();
    let check = |bytes: &[u8], says: &str| {
        let run = folder(bytes).run(&["verify-archive", "show.usher"]);
        assert_eq!(run.code, 1, "{}", run.stdout);
        assert!(run.stdout.contains(says), "{says:?} is not in {}", run.stdout);
    };
    let mut changed = bytes.clone();
    changed[30] ^= 1;
    check(&changed, "not valid: byte 16: a part that was altered");
    let half = bytes.len() / 2;
    check(&bytes[..half], &format!("not valid: byte {half}"));
    check(
        &[bytes.as_slice(), b"\n"].concat(),
        &format!("byte {}", bytes.len()),
    );
    check(b"a picture of a ticket", "not the beginning of an archive");
    let folder = folder(&bytes);
    let other = usher_fixtures::key(1).public().to_string();
    let run = folder.run(&["verify-archive", "show.usher", "--root-public", &other]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("another organizer's archive"),
        "{}",
        run.stdout
    );
    folder.refused(1, "cannot show absent.usher", &["verify-archive", "absent.usher"]);
    folder.refused(
        2,
        "--root-public",
        &["verify-archive", "show.usher", "--root-public", "x"],
    );
}
