//! What an organizer's people read in the cloud's console and at its counter: how an event or a booking stands, what is wrong with a device, what is missing before doors, and
//! what was refused. Headings and labels are in the console's templates.

pub mod bookings;
pub mod counter;
pub mod devices;
pub mod doors;

use crate::problems::ProblemKind;

/// Said of what somebody enters that is longer than it may be.
pub const TOO_LONG: &str = "This is too long: please shorten it. Letters with marks, such as \u{e4}, count twice, and emoji four times.";

/// How an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// Only its organizer sees it.
    Draft,
    /// Buyers can have tickets.
    OnSale,
    /// Its sale is to begin.
    SellsLater,
    /// Its organizer sells no more of it now.
    Stopped,
    /// No key may sign its tickets.
    Paused,
    /// It has ended.
    Over,
    /// It does not take place.
    Canceled,
}

/// Says how an event stands.
pub fn event_state(state: EventState) -> &'static str {
    match state {
        EventState::Draft => "draft",
        EventState::OnSale => "on sale",
        EventState::SellsLater => "sells later",
        EventState::Stopped => "sale stopped",
        EventState::Paused => "sale paused: keys to sign",
        EventState::Over => "over",
        EventState::Canceled => "cancelled",
    }
}

/// Returns the heading of a page that refuses something; the problem's own words stand below it.
pub fn refused(kind: ProblemKind) -> &'static str {
    match kind.status() {
        _ if kind == ProblemKind::FreshCodeNeeded => "Please enter a fresh code first",
        _ if kind == ProblemKind::ForeignRequest => "Please open the page again",
        _ if kind == ProblemKind::KeyReused => "This page was sent before",
        400 | 422 => "Please check what you entered",
        401 => "You are not logged in",
        403 => "Your role does not allow this",
        404 => "There is no such thing",
        409 => "Not possible at the moment",
        _ => "That did not work",
    }
}

/// Says what to do about a problem whose own words are for programs; `None` of those that people understand.
pub fn way_out(kind: ProblemKind) -> Option<&'static str> {
    (kind == ProblemKind::KeyReused).then_some(
        "It had other entries then, and what they asked for may have been done. Look at what there is now. For anything more, open the page \
         anew and enter it there.",
    )
}
