//! How a scanner stands, in one line: whom it is linked to and how fresh its knowledge is; showing the line is the screen's.

use usher_gate_agent::replica::Replica;

use crate::links::Hubs;
use crate::tell;
use crate::words;

/// Between the parts of the line.
const SEPARATOR: &str = " | ";

/// Says how the scanner stands at the moment.
#[must_use]
pub fn line(replica: &Replica, hubs: &Hubs) -> String {
    let fresh = tell::voice(replica).freshness(replica.fresh_as_of());
    [link(hubs), fresh].join(SEPARATOR)
}

/// The hubs that are linked, or why none is.
fn link(hubs: &Hubs) -> String {
    let names: Vec<String> = hubs.linked().into_iter().map(|hub| hub.name).collect();
    if !names.is_empty() {
        return words::linked_to(&names);
    }
    if hubs.is_empty() {
        return words::NO_ADDRESS.to_owned();
    }
    match hubs.away().first() {
        Some((addr, why)) => format!("{} ({addr}: {why})", words::NO_HUB),
        None => words::NO_HUB.to_owned(),
    }
}
