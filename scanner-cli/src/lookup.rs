//! Turns a ticket code that somebody typed into the code of its ticket, which is then judged like any other; who may look codes up is the hub's to say.

use std::time::Duration;

use usher_protocol::request::{Inquiry, Told};
use usher_protocol::ticket::{Mistyped, TicketCode};
use usher_words::scanner::NoTicket;

use crate::answer::ScanOutcome;
use crate::links::{Hubs, LinkedHub};
use crate::presentation;

/// How long a hub has to answer or to show that it asks the cloud: nobody can answer in its place.
const ANSWER_WITHIN: Duration = Duration::from_millis(1_000);

/// What was read, ready to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The text of the ticket's QR code, or whatever else was read.
    pub code: Vec<u8>,
    /// Whether it was found by its ticket code.
    pub is_typed: bool,
}

/// Finds the ticket of a ticket code; anything else that was read is left as it is.
///
/// # Errors
/// What to tell the staff instead of a verdict.
pub async fn find(read: Vec<u8>, hubs: &Hubs) -> Result<Found, ScanOutcome> {
    let typed = str::from_utf8(&read).map(str::parse::<TicketCode>);
    let code = match typed {
        Ok(Ok(code)) => code,
        Ok(Err(Mistyped::Check)) => return Err(presentation::no_ticket(NoTicket::Mistyped)),
        Ok(Err(Mistyped::Length { .. } | Mistyped::Character(_))) | Err(_) => {
            return Ok(Found {
                code: read,
                is_typed: false,
            });
        }
    };
    match ask(hubs.linked(), code).await {
        Ok(code) => Ok(Found { code, is_typed: true }),
        Err(why) => Err(presentation::no_ticket(why)),
    }
}

/// Asks one hub after the other, until one knows.
async fn ask(hubs: Vec<LinkedHub>, code: TicketCode) -> Result<Vec<u8>, NoTicket> {
    let mut last = NoTicket::NoHub;
    for hub in hubs {
        let patience = hub.connection.patience(ANSWER_WITHIN);
        let told = hub.connection.inquire(Inquiry::Ticket(code), patience).await;
        match told {
            Ok(Told::Ticket(text)) => return Ok(text),
            Ok(Told::NoTicket) => return Err(NoTicket::Unknown),
            Ok(Told::TooOften) => return Err(NoTicket::TooOften),
            Ok(Told::NoCloud) => last = NoTicket::NoCloud,
            Ok(Told::NotAllowed | Told::Hubs(_)) => last = NoTicket::OldHub,
            Err(error) => tracing::info!(hub = hub.name, %error, "a hub does not look up a ticket code"),
        }
    }
    Err(last)
}
