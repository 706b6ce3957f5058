//! Which of three hubs is the home of a unit.

use usher_keys::PublicKey;
use usher_protocol::Unit;
use usher_protocol::home::home_of;

use super::cast::{EVENT, key};
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/home.txt");

#[test]
fn homes_are_the_committed_ones() {
    let mut sheet = Sheet::new("home.txt");
    let hubs = [0x11, 0x12, 0x13].map(|seed| key(seed).public());
    sheet.section("The event and the hubs of the roster.");
    sheet.bytes("event", &EVENT.0);
    for (number, hub) in hubs.iter().enumerate() {
        sheet.bytes(&format!("hub {number}"), &hub.0);
    }
    sheet.section("Which hub is the home of a unit.");
    for unit in (0..16).chain([250, 251, 4_711, 65_535, 65_536, u32::MAX]) {
        sheet.line(&format!("home of unit {unit}"), place_of(unit, &hubs, &hubs));
    }
    sheet.section("The same with only hubs 0 and 2 in the roster.");
    for unit in 0..16 {
        sheet.line(
            &format!("home of unit {unit}"),
            place_of(unit, &[hubs[0], hubs[2]], &hubs),
        );
    }
    sheet.compare(COMMITTED);
}

fn place_of(unit: u32, roster: &[PublicKey], hubs: &[PublicKey]) -> usize {
    let home = home_of(EVENT, Unit(unit), roster).unwrap();
    let reversed: Vec<_> = roster.iter().rev().copied().collect();
    assert_eq!(
        home_of(EVENT, Unit(unit), &reversed),
        Some(home),
        "the order of a roster says nothing"
    );
    hubs.iter().position(|hub| *hub == home).unwrap()
}
