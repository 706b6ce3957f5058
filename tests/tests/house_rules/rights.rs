//! Whoever asks for something of an organizer's is checked: handlers get caller and event from the extractors that check, and from nowhere else.

use crate::source::{line_of, words};
use crate::tree::{Breach, Tree, TreeFile, accepts, refuses};

/// The handlers of organizers.
const HANDLERS: &str = "cloud/src/api/organizer/";
/// The extractors that check, and so may read what is unchecked.
const CHECKS: [&str; 2] = ["allowed.rs", "owned.rs"];
/// What tells who asks or what is asked for, unchecked.
const UNCHECKED: [&str; 3] = ["Caller", "Id", "Extension"];
/// Where extractors come from, and the one that handlers need beside ours.
const EXTRACTORS: &str = "axum::extract::";
const STATE: &str = "State;";

const ROUTES: &str = "cloud/src/routes.rs";
/// A route with any handler; `checked!` takes those that check.
const ANY_ROUTE: &str = "routes!(organizer::";

/// Refuses handlers of organizers that read who asks, or ids in the path, past the extractors that check them.
pub fn handlers_are_checked(tree: &Tree) -> Vec<Breach> {
    let handlers = tree
        .rust()
        .filter(|file| file.path.starts_with(HANDLERS) && !CHECKS.contains(&file.name()));
    handlers.flat_map(unchecked).collect()
}

/// Refuses routes of organizers that take any handler.
pub fn routes_are_checked(tree: &Tree) -> Vec<Breach> {
    let table = tree.rust().filter(|file| file.path == ROUTES);
    let found = table.flat_map(|file| {
        let all = file.text.match_indices(ANY_ROUTE);
        all.map(|(offset, _)| {
            let line = line_of(&file.text, offset);
            Breach::at(file, line, "organizers' handlers belong into `checked!`")
        })
        .collect::<Vec<_>>()
    });
    found.collect()
}

fn unchecked(file: &TreeFile) -> Vec<Breach> {
    let code = file.shipped();
    let named = words(&code).filter(|(_, word)| UNCHECKED.contains(word));
    let named = named.map(|(offset, word)| {
        (
            offset,
            format!("{word} is unchecked: take `Allowed` or `OwnEvent`"),
        )
    });
    let others = code.match_indices(EXTRACTORS).filter(|(offset, text)| {
        let rest = &code[offset + text.len()..];
        !rest.starts_with(STATE)
    });
    let others = others.map(|(offset, _)| (offset, "takes an extractor that checks nothing".to_owned()));
    named
        .chain(others)
        .map(|(offset, what)| Breach::at(file, line_of(&code, offset), what))
        .collect()
}

#[test]
fn a_handler_that_reads_past_the_check_is_found() {
    let file = "cloud/src/api/organizer/refunds.rs";
    for (text, words) in [
        ("use crate::api::input::Caller;", "Caller is unchecked"),
        ("use crate::api::input::{Id, JsonBody};", "Id is unchecked"),
        ("use axum::extract::{Path, State};", "checks nothing"),
        ("use axum::extract::Path;", "checks nothing"),
    ] {
        refuses(handlers_are_checked, file, text, words);
    }
    let fine = "use axum::extract::State;\nasync fn show(own: OwnEvent<may::SeeEvents>) {}";
    accepts(handlers_are_checked, file, fine);
    accepts(
        handlers_are_checked,
        "cloud/src/api/organizer/owned.rs",
        "use axum::extract::Path;",
    );
    accepts(
        handlers_are_checked,
        "cloud/src/api/events.rs",
        "fn show(Id(event): Id<EventId>) {}",
    );
}

#[test]
fn a_route_that_takes_any_handler_is_found() {
    let any = "OpenApiRouter::new().routes(routes!(organizer::events::show))";
    refuses(routes_are_checked, ROUTES, any, "belong into `checked!`");
    accepts(
        routes_are_checked,
        ROUTES,
        "checked![organizer::events::show,]; routes!(events::show)",
    );
}
