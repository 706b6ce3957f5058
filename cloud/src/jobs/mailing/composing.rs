//! Finding what a letter is about, as it stands now, and putting it into words, with the files that go along.

use tokio::task::block_in_place;
use usher_documents::PageLayout;
use usher_keys::Timestamp;

use crate::calendar::{self, CalendarFacts};
use crate::catalogue::Event;
use crate::ids::{MailingId, RefundId, TicketId, WaiterId};
use crate::letters::facts::{LetterFacts, OfferedPlaces};
use crate::letters::mailings::Mailing;
use crate::letters::{Letter, LetterKind, wording};
use crate::mailer::{Enclosure, WrittenLetter};
use crate::money::Money;
use crate::printing;
use crate::selling::waiting_list::{Waiter, WaiterQuery, WaiterState};
use crate::selling::{Booking, SoldTicket};
use crate::state::AppState;
use crate::store::StoreError;

/// What a letter is about.
#[derive(Default)]
struct About {
    booking: Option<Booking>,
    ticket: Option<SoldTicket>,
    /// What was given back.
    given: Option<Money>,
    mailing: Option<Mailing>,
    /// Whom places are held for.
    waiter: Option<Waiter>,
}

async fn about(state: &AppState, letter: &Letter) -> Result<About, StoreError> {
    let (store, event) = (&state.store, letter.id.event);
    let mut about = About::default();
    if let Some(charge) = letter.charge
        && let Some(id) = store.booking_of_charge(charge).await?
    {
        about.booking = store.booking(id).await?;
    }
    let Some(local) = letter.about else {
        return Ok(about);
    };
    match letter.kind {
        LetterKind::BookingConfirmed => {}
        LetterKind::TicketReissued | LetterKind::TicketTransferred | LetterKind::TicketReceived => {
            about.ticket = store.ticket(TicketId { event, local }).await?;
        }
        LetterKind::RefundGiven => {
            let refund = store.refund(RefundId { event, local }).await?;
            about.given = refund.map(|refund| refund.amount);
        }
        LetterKind::PlacesOffered => {
            let waiter = WaiterId { event, local };
            let now = state.clock.now();
            let waiter = store.waiter(WaiterQuery { waiter, now }).await?;
            // What has lapsed since, or is taken, is offered no more.
            about.waiter = waiter.filter(|waiter| waiter.state == WaiterState::Offered);
        }
        LetterKind::EventMoved | LetterKind::EventCanceled if letter.recipient.is_some() => {
            about.ticket = store.ticket(TicketId { event, local }).await?;
        }
        LetterKind::EventMoved | LetterKind::EventCanceled | LetterKind::Note => {
            about.mailing = store.mailing(MailingId { event, local }).await?;
        }
    }
    Ok(about)
}

/// Puts a letter into words; `None` when there is no address to send it to, or what it is about is gone.
pub async fn written(state: &AppState, letter: &Letter) -> Result<Option<WrittenLetter>, StoreError> {
    let (store, id) = (&state.store, letter.id.event);
    let Some(event) = store.event(id).await? else {
        return Ok(None);
    };
    let organizer = store.organizer_name(event.organizer).await?.unwrap_or_default();
    let About {
        booking,
        ticket,
        given,
        mailing,
        waiter,
    } = about(state, letter).await?;
    let page = match (&booking, &ticket, &waiter) {
        (Some(booking), _, _) => state.link(&format!("/bookings/{}", booking.id)),
        (None, Some(ticket), _) => state.link(&format!("/tickets/{}", ticket.id)),
        (None, None, Some(waiter)) => state.link(&format!("/waiting/{}", waiter.id)),
        (None, None, None) => return Ok(None),
    };
    let facts = LetterFacts {
        event: &event,
        language: booking.as_ref().map_or(letter.language, |of| of.language),
        organizer: &organizer,
        booking: booking.as_ref(),
        page: &page,
        ticket: ticket.as_ref(),
        given,
        offer: waiter.as_ref().and_then(|waiter| offered(waiter, &event)),
        mailing: mailing.as_ref(),
    };
    let words = wording::of(letter.kind, &facts).map_err(|_| StoreError::Unreadable { what: "letter" })?;
    let address = letter
        .recipient
        .as_ref()
        .or(booking.as_ref().map(|booking| &booking.email));
    let Some((words, to)) = words.zip(address.filter(|to| !to.is_empty()).cloned()) else {
        return Ok(None);
    };
    let enclosures = match letter.kind {
        LetterKind::BookingConfirmed | LetterKind::TicketReissued => {
            enclosed(booking.as_ref(), &facts, state.clock.now())
        }
        LetterKind::EventMoved | LetterKind::EventCanceled => vec![entry(&event, &page, state.clock.now())],
        LetterKind::TicketTransferred
        | LetterKind::TicketReceived
        | LetterKind::RefundGiven
        | LetterKind::PlacesOffered
        | LetterKind::Note => Vec::new(),
    };
    Ok(Some(WrittenLetter {
        id: letter.id.to_string(),
        to,
        sender: organizer.clone(),
        subject: words.subject,
        text: words.text,
        html: words.html,
        enclosures,
    }))
}

fn offered<'a>(waiter: &Waiter, event: &'a Event) -> Option<OfferedPlaces<'a>> {
    let offer = waiter.offer.as_ref()?;
    let tier = event.tiers.iter().find(|tier| tier.id == waiter.tier)?;
    Some(OfferedPlaces {
        tier: &tier.name,
        quantity: offer.lines.len(),
        until: offer.expires_at,
    })
}

/// Makes the files that go along with tickets. A letter without one is better than none.
fn enclosed(booking: Option<&Booking>, facts: &LetterFacts<'_>, now: Timestamp) -> Vec<Enclosure> {
    let print = |booking| printing::tickets_of(booking, facts.event, facts.organizer, PageLayout::One);
    let printed = booking.map(|booking| block_in_place(|| print(booking)));
    let pdf = printed.transpose().unwrap_or_else(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "tickets could not be printed for a letter"
        );
        None
    });
    let tickets = pdf.flatten().map(|bytes| Enclosure {
        name: "tickets.pdf",
        media_type: "application/pdf",
        bytes,
    });
    tickets
        .into_iter()
        .chain([entry(facts.event, facts.page, now)])
        .collect()
}

fn entry(event: &Event, page: &str, now: Timestamp) -> Enclosure {
    Enclosure {
        name: "event.ics",
        media_type: "text/calendar; charset=utf-8",
        bytes: calendar::of(&CalendarFacts { event, page, now }).into_bytes(),
    }
}
