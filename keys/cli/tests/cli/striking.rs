//! What a bundle must not say: that nobody may write the authority log, unnoticed, and that two events have one ticket key.

use serde_json::json;
use usher_keys::{EventId, KeyStatus, RootSet};

use crate::{WorkFolder, public, request};

#[test]
fn a_struck_authority_key_is_replaced_in_the_same_bundle_or_its_absence_is_said() {
    let folder = WorkFolder::new();
    let pinned = RootSet::single(folder.new_key("new-root", "root.pem"));
    folder.request("first.json", 10);
    let mut next = request(10);
    next["authority_key"] = json!(public(51));
    folder.write("next.json", next);
    let root = ["--root", "root.pem"];
    folder.ok(&[
        &["bundle", "--request", "first.json", "--out", "b1.json"],
        &root[..],
    ]
    .concat());
    let id = public(50).id().to_string();
    let strike = ["strike", "--bundle", "b1.json", "--key", &id];
    let alone = folder.run(&[&strike[..], &root, &["--out", "alone.json"]].concat());
    assert!(
        alone.stderr.contains("No authority key is left"),
        "{}",
        alone.stderr
    );
    let both = [
        &strike[..],
        &root,
        &["--request", "next.json", "--out", "b2.json"],
    ]
    .concat();
    let both = folder.run(&both);
    assert!(!both.stderr.contains("No authority key"), "{}", both.stderr);
    let struck = folder.bundle("b2.json", &pinned);
    assert_eq!(struck.version, 2);
    assert!(struck.authority_keys[0].is_struck());
    assert_eq!(struck.authority_keys[1].key, public(51));
    assert_eq!(struck.authority_keys[1].status, KeyStatus::Active);
    // A request that names what is being struck out is none that follows.
    let same = [
        &strike[..],
        &root,
        &["--request", "first.json", "--out", "b3.json"],
    ]
    .concat();
    folder.refused(1, "never trusted again", &same);
}

#[test]
fn a_ticket_key_that_another_events_bundle_beside_it_has_is_refused() {
    let folder = WorkFolder::new();
    folder.new_key("new-root", "root.pem");
    folder.request("owls.json", 10);
    let mut bats = request(10);
    bats["event"] = json!(EventId([2; 16]));
    folder.write("bats.json", &bats);
    let bundle = |request, out| ["bundle", "--request", request, "--root", "root.pem", "--out", out];
    folder.ok(&bundle("owls.json", "owls-1.json"));
    folder.refused(
        1,
        "would open the gates of both",
        &bundle("bats.json", "bats-1.json"),
    );
    bats["ticket_key"] = json!(public(11));
    folder.write("bats.json", &bats);
    folder.ok(&bundle("bats.json", "bats-1.json"));
    // The next bundle of the same event goes on with its key.
    let rotate = ["rotate", "--bundle", "owls-1.json", "--request", "owls.json"];
    folder.ok(&[&rotate[..], &["--root", "root.pem", "--out", "owls-2.json"]].concat());
    folder.request("owls.json", 11);
    folder.refused(
        1,
        "bats-1.json",
        &[&rotate[..], &["--root", "root.pem", "--out", "owls-3.json"]].concat(),
    );
}
