//! One feed: what a cloud process knows of an event comes out of the store in one place, and nothing else changes what its sessions and
//! requests see.

use crate::source::{line_of, words};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// The one file that reads the feed and feeds the view.
const FEED: &str = "cloud/src/authority/writer/ledgers.rs";
/// Where the view is made.
const VIEW: &str = "cloud/src/authority/view.rs";
/// What changes the view.
const FEEDING: [&str; 4] = ["hold", "hold_anew", "put_up", "compare"];
/// What it is fed by.
const FEED_NAME: &str = "changes_after";

/// Refuses code of the authority that changes its view, or reads the feed, elsewhere.
pub fn one_feed(tree: &Tree) -> Vec<Breach> {
    tree.rust()
        .filter(|file| file.path.starts_with("cloud/src/authority"))
        .filter(|file| file.path != FEED && file.path != VIEW)
        .flat_map(feeding)
        .collect()
}

fn feeding(file: &TreeFile) -> Vec<Breach> {
    let code = file.shipped();
    let called = words(&code).filter(|(at, word)| {
        let on = &code[..*at];
        let is_of_the_view = on.ends_with("view.") || on.ends_with("view().");
        (FEEDING.contains(word) && is_of_the_view) || (*word == FEED_NAME && on.ends_with('.'))
    });
    let breaches = called.map(|(at, word)| {
        let what = format!("{word} feeds what others see of an event: that is for {FEED} alone");
        Breach::at(file, line_of(&code, at), what)
    });
    breaches.collect()
}

#[test]
fn a_second_feed_is_found() {
    let path = "cloud/src/authority/writer/signing.rs";
    refuses(
        one_feed,
        path,
        "fn f() {\n    self.view.hold(heads);\n}",
        "signing.rs:2: hold feeds",
    );
    refuses(
        one_feed,
        path,
        "store.changes_after(query).await",
        "changes_after feeds",
    );
    accepts(
        one_feed,
        path,
        "fn hold() { compare(a, b) } // self.view.hold(heads)",
    );
    accepts(one_feed, FEED, "self.view.hold(heads)");
    accepts(one_feed, "cloud/src/seat_maps.rs", "maps.changes_after(version)");
}
