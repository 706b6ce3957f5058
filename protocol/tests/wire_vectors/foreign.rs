//! Other sellers' codes, one of each scheme: what they are hashed from and to, what a record of a passage has of them; and altered texts.

use usher_protocol::ticket::foreign::identity::{CodeIdentity, identify};
use usher_protocol::ticket::foreign::{ForeignCodes, ShownForeign};

use super::cast::{self, EVENT, SALT};
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/foreign.txt");

#[test]
fn foreign_codes_have_the_committed_bytes() {
    let mut sheet = Sheet::new("foreign.txt");
    let mut codes = ForeignCodes::default();
    codes.take(cast::foreign_list());
    sheet.bytes("salt", &SALT);
    sheet.bytes("seller", &cast::seller().public().0);
    for (scheme, text) in cast::foreign_codes() {
        sheet.section(&format!("A code of the scheme {scheme}."));
        let identity = identify(&text).unwrap();
        sheet.line("text", String::from_utf8_lossy(&text));
        let (CodeIdentity::Text(bytes) | CodeIdentity::Signed(bytes) | CodeIdentity::Hashed(bytes)) =
            &identity;
        sheet.bytes("identity", bytes);
        sheet.bytes("code", &identity.hash(&SALT).0);
        let read = codes.read(&text, EVENT).unwrap();
        sheet.bytes("in a record", read.code());
        assert!(
            codes.has_listed(&ShownForeign::parse(read.code()).unwrap()),
            "{scheme}"
        );
    }
    sheet.section("What the authority's word holds of them in a checkpoint.");
    sheet.value("word", &codes);
    sheet.compare(COMMITTED);
}
