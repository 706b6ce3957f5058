//! `usher-keys extend`: the same keys, believed for longer.

use usher_keys::{RootSet, Timestamp};

use crate::WorkFolder;

#[test]
fn extending_prolongs_keys_under_the_same_ids_and_never_shortens_them() {
    let folder = WorkFolder::new();
    let pinned = RootSet::single(folder.new_key("new-root", "root.pem"));
    let ticket = folder.request("request.json", 10);
    let root = ["--root", "root.pem"];
    let first = ["bundle", "--request", "request.json", "--out", "b1.json"];
    folder.ok(&[&first[..], &root].concat());

    let id = ticket.id().to_string();
    let extend = ["extend", "--bundle", "b1.json", "--out", "b2.json"];
    let until = |time| ["--until", time];
    folder.ok(&[
        &extend[..],
        &root,
        &until("2100-03-01T00:00:00Z"),
        &["--key", &id],
    ]
    .concat());
    let (before, after) = (
        folder.bundle("b1.json", &pinned),
        folder.bundle("b2.json", &pinned),
    );
    assert_eq!((after.version, after.check_follows(&before)), (2, Ok(())));
    assert_eq!(
        after.ticket_key(ticket.id()).unwrap().window.until,
        Timestamp(4_107_542_400_000)
    );
    assert_eq!(after.issuing_keys, before.issuing_keys);

    let all = ["extend", "--bundle", "b2.json", "--out", "b3.json"];
    let shorter = until("2030-01-01T00:00:00Z");
    let says = [
        ("nothing is ever shortened", [&all[..], &root, &shorter].concat()),
        (
            "no key 00000000",
            [
                &all[..],
                &root,
                &until("2101-01-01T00:00:00Z"),
                &["--key", "00000000"],
            ]
            .concat(),
        ),
    ];
    for (says, arguments) in says {
        folder.refused(1, says, &arguments);
    }
    folder.refused(
        2,
        "2027-06-04T18:00:00Z",
        &[&all[..], &root, &until("soon")].concat(),
    );
    folder.ok(&[&all[..], &root, &until("2101-01-01T00:00:00Z")].concat());
    let ends = folder.bundle("b3.json", &pinned);
    assert!(
        ends.keys()
            .all(|(_, trusted)| trusted.window.until == Timestamp(4_133_980_800_000))
    );
}
