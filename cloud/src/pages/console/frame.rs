//! What stands around every page of the console: who is logged in, and the pages of an event that their role may see.

use data_encoding::HEXLOWER;

use crate::api::logged_in::LoggedIn;
use crate::catalogue::Event;
use crate::ids::draw;
use crate::rights::{Operation, StaffRole};

/// A page of an event: the end of its path, its name, and what seeing it takes.
type EventPart = (&'static str, &'static str, Operation);

const PARTS: [EventPart; 7] = [
    ("", "Sales", Operation::SeeEvents),
    ("/bookings", "Bookings", Operation::SeeBookings),
    ("/blocks", "Set aside", Operation::SeeBlocks),
    ("/messages", "Messages", Operation::SeeLetters),
    ("/gates", "Gates", Operation::SeeCounts),
    ("/devices", "Devices", Operation::SeeDevices),
    ("/keys", "Keys", Operation::RequestKeys),
];

/// What stands around a page.
pub struct ConsoleFrame {
    /// Who is logged in.
    pub person: String,
    /// What forms say.
    pub form_token: String,
    /// What a form says that is to be done once, however often it is sent.
    pub form_key: String,
    /// The event that the page is about.
    pub event: Option<EventFrame>,
    role: StaffRole,
}

/// The event that a page is about.
pub struct EventFrame {
    /// Its name.
    pub name: String,
    /// Its pages: path, name, and whether it is this one.
    pub parts: Vec<(String, &'static str, bool)>,
}

impl ConsoleFrame {
    /// Returns what stands around a page about no event.
    pub fn plain(logged_in: &LoggedIn) -> Self {
        Self {
            person: logged_in.session.name.clone(),
            form_token: logged_in.form_token.clone(),
            form_key: HEXLOWER.encode(&draw::<16>()),
            event: None,
            role: logged_in.session.role,
        }
    }

    /// Returns what stands around a page of an event, whose path ends so.
    pub fn of(logged_in: &LoggedIn, event: &Event, here: &str) -> Self {
        let frame = Self::plain(logged_in);
        let seen = PARTS.iter().filter(|(.., operation)| frame.may(*operation));
        let parts = seen.map(|(end, name, _)| {
            let path = format!("/console/events/{}{end}", event.id);
            (path, *name, *end == here)
        });
        Self {
            event: Some(EventFrame {
                name: event.name.clone(),
                parts: parts.collect(),
            }),
            ..frame
        }
    }

    /// Tells whether whoever is logged in may do something, so that it is offered to them.
    pub fn may(&self, operation: Operation) -> bool {
        self.role.may(operation)
    }

    /// Tells whether the page of the organizer's people is offered to them.
    pub fn sees_team(&self) -> bool {
        self.may(Operation::SeeStaff)
    }
}
