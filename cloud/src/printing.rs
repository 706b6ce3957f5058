//! What is printed of a booking: its tickets as plain data for `usher-documents`, and where people go in with them.

use thiserror::Error;
use usher_documents::{DocumentError, PageLayout, PrintedTicket, QrModules};
use usher_words::buyers::{PaperNote, paper_note};

use crate::catalogue::Event;
use crate::letters::facts::{doors, said};
use crate::qr::{QrError, QrImage};
use crate::selling::binding::{ShownOn, shown_on};
use crate::selling::{Booking, SoldTicket, TicketState};

/// Gates that are named on a ticket: with more of them, signs at the venue say it better.
const GATES_NAMED: usize = 3;

/// Why tickets are not printed.
#[derive(Debug, Error)]
pub enum PrintError {
    /// A ticket's payload is no QR code.
    #[error("a ticket's code cannot be drawn")]
    Qr(#[from] QrError),
    /// The document cannot be written.
    #[error("the document cannot be written")]
    Document(#[from] DocumentError),
}

/// Prints the valid tickets of a booking; `None` when it has none.
///
/// # Errors
///
/// [`PrintError`].
pub fn tickets_of(
    booking: &Booking,
    event: &Event,
    organizer: &str,
    layout: PageLayout,
) -> Result<Option<Vec<u8>>, PrintError> {
    let is_canceled = event.canceled_at.is_some();
    let valid = booking
        .tickets
        .iter()
        .filter(|ticket| ticket.state == TicketState::Valid && !is_canceled);
    let printed = valid.map(|ticket| printed(ticket, (booking, event, organizer)));
    let printed = printed.collect::<Result<Vec<_>, _>>()?;
    if printed.is_empty() {
        return Ok(None);
    }
    let title = format!("Tickets for {}", event.name);
    Ok(Some(usher_documents::tickets(&title, layout, &printed)?))
}

fn printed(
    ticket: &SoldTicket,
    (booking, event, organizer): (&Booking, &Event, &str),
) -> Result<PrintedTicket, QrError> {
    let shown_on = shown_on(ticket, &event.policy);
    let image = match shown_on {
        ShownOn::Paper | ShownOn::PaperUntil(_) => Some(QrImage::of_digits(&ticket.payload)?),
        ShownOn::PhoneToCome | ShownOn::Phone => None,
    };
    let note = match shown_on {
        ShownOn::Paper => None,
        ShownOn::PaperUntil(until) => Some(paper_note(PaperNote::LiveFrom(&said(event, until)))),
        ShownOn::PhoneToCome | ShownOn::Phone => Some(paper_note(PaperNote::OnThePhone)),
    };
    let doors = doors(event, std::slice::from_ref(ticket)).map(|at| said(event, at));
    let facts = [
        ("Doors", doors),
        ("Gate", gates(ticket, event)),
        (
            "Admits",
            (ticket.admits > 1).then(|| format!("{} people", ticket.admits)),
        ),
        (
            "Holder",
            (!booking.email.is_empty()).then(|| booking.email.clone()),
        ),
        ("Booking", Some(booking.code.to_string())),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(name, fact)| Some((name.to_owned(), fact?)));
    Ok(PrintedTicket {
        organizer: organizer.to_owned(),
        event: event.name.clone(),
        starts: said(event, event.starts_at),
        venue: format!("{}, {}", event.venue_name, event.city),
        tier: ticket.tier_name.clone(),
        place: ticket.label.to_string(),
        facts: facts.collect(),
        code: ticket.code.to_string(),
        qr: image.map(|image| QrModules {
            side: image.size(),
            dark: image.modules(),
        }),
        note,
    })
}

/// Names the gates by which a ticket's holder comes in from the street: those of the first zone that its tier opens.
fn gates(ticket: &SoldTicket, event: &Event) -> Option<String> {
    let rules = event.policy.tiers.iter().find(|rules| rules.id == ticket.tier)?;
    let outermost = event
        .policy
        .zones
        .iter()
        .find(|zone| rules.zones.contains(&zone.id))?;
    let gates = event.policy.gates.iter().filter(|gate| gate.zone == outermost.id);
    let names: Vec<&str> = gates.map(|gate| gate.name.as_str()).collect();
    (!names.is_empty() && names.len() <= GATES_NAMED).then(|| names.join(", "))
}
