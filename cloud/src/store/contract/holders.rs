//! Whoever a ticket was handed over to hears what becomes of its event: once, in the language of whom it came from, and until they are forgotten.

use usher_keys::Timestamp;
use usher_protocol::Generation;

use super::case::{Case, HOLDER, START};
use crate::ids::{MailingId, TicketId, draw_ticket_code};
use crate::letters::mailings::WriteLetters;
use crate::letters::{Letter, LetterKind, LettersQuery, ReissueLetters};
use crate::moving::Dates;
use crate::selling::canceling::CancelEvent;
use crate::selling::{Booking, ErasePersonalData, NewTicket, ReissuedTo, SoldTicket};
use crate::store::authority::{Append, AppendOutcome, RowChange};
use crate::store::organizing::MoveEvent;

/// The end of the case's event.
const END: Timestamp = Timestamp(START.0 + 90_000_000);

/// Puts the next generation in a ticket's place, and tells the new holder where one is named.
async fn reissued(case: &Case, old: &SoldTicket, (to, email): (ReissuedTo, Option<&str>)) -> SoldTicket {
    // As if one came after the other: ids begin with the time.
    let id = TicketId::draw(case.event, START.plus_ms(old.unit.0.into()));
    let new = NewTicket {
        id,
        unit: old.unit,
        generation: Generation(old.generation.0 + 1),
        code: draw_ticket_code(),
        payload: "new".into(),
    };
    let change = RowChange::Reissue {
        old: old.id,
        new,
        to,
        letters: Some(ReissueLetters {
            recipient: email.map(str::to_owned),
        }),
        bindings: 0,
    };
    let request = Append {
        event: case.event,
        sealed: Vec::new(),
        is_own: false,
        row_changes: vec![change],
        now: START,
    };
    assert_ne!(case.store.append(request).await.unwrap(), AppendOutcome::Conflict);
    case.store.ticket(id).await.unwrap().unwrap()
}

async fn handed_over(case: &Case, old: &SoldTicket, email: &str) -> SoldTicket {
    reissued(case, old, (ReissuedTo::SomebodyElse, Some(email))).await
}

/// Sells seats to the case's buyer, all in one booking.
async fn sold(case: &Case, seats: &[u32]) -> Booking {
    let held = case.held(seats, START).await;
    let open = case.begun(held.id, &format!("{seats:?}"), START).await;
    case.confirm(&open, START).await;
    case.store.booking(open.id).await.unwrap().unwrap()
}

async fn moved(case: &Case) -> MailingId {
    let event = case.store.event(case.event).await.unwrap().unwrap();
    let to = Dates {
        ends_at: event.ends_at.plus_ms(1),
        ..Dates::of(&event)
    };
    let request = MoveEvent {
        event: case.event,
        to,
        mails: true,
        now: START,
    };
    case.store.move_event(request).await.unwrap();
    case.store.mailings(case.event).await.unwrap()[0].id
}

/// Writes all letters of a mailing, also when asked again; returns them with where they go, in the order of that: none is the buyer.
async fn told(case: &Case, mailing: MailingId) -> Vec<(Option<String>, Letter)> {
    for _ in 0..2 {
        let write = WriteLetters {
            mailing,
            holder: HOLDER,
            now: START.plus_ms(5),
        };
        assert!(case.store.write_letters(write).await.unwrap());
    }
    let kind = case.store.mailing(mailing).await.unwrap().unwrap().kind;
    let query = LettersQuery {
        event: case.event,
        state: None,
        booking: None,
        limit: 100,
    };
    let letters = case.store.letters(query).await.unwrap().into_iter();
    let mut told: Vec<_> = letters
        .filter(|(letter, _)| letter.kind == kind)
        .map(|(letter, _)| (letter.recipient.clone(), letter))
        .collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let written = case.store.mailing(mailing).await.unwrap().unwrap().written;
    assert_eq!(written as usize, told.len());
    told
}

fn addresses(told: &[(Option<String>, Letter)]) -> Vec<Option<&str>> {
    told.iter().map(|(to, _)| to.as_deref()).collect()
}

pub async fn whoever_a_ticket_was_handed_over_to_is_told_once_what_becomes_of_the_event(case: Case) {
    let bought = sold(&case, &[0, 1, 2, 3, 4]).await;
    let [kept, first, second, third, fourth] = &bought.tickets[..] else {
        panic!("five were bought")
    };
    let lark = handed_over(&case, first, "Lark@example.org").await;
    handed_over(&case, second, "lark@EXAMPLE.org").await;
    // Who has lost the code stays who has the ticket, and whoever gave it on has it no more.
    let wren = handed_over(&case, third, "rook@example.org").await;
    let wren = handed_over(&case, &wren, "wren@example.org").await;
    let wren = reissued(&case, &wren, (ReissuedTo::SameHolder, None)).await;
    // The buyer hears of the booking already, and nobody knows who has a ticket that was handed over without an address.
    handed_over(&case, kept, "owl@example.org").await;
    reissued(&case, fourth, (ReissuedTo::SomebodyElse, None)).await;
    let other = sold(&case, &[5]).await;
    assert_eq!(other.email, "owl@example.org");

    let told = told(&case, moved(&case).await).await;
    assert_eq!(
        addresses(&told),
        [None, Some("Lark@example.org"), Some("wren@example.org")]
    );
    // The buyer hears of what is left, and not of what is others' now.
    assert_eq!(told[0].1.charge, Some(other.charge));
    for ((_, letter), ticket) in told[1..].iter().zip([lark, wren]) {
        assert_eq!((letter.charge, letter.about), (None, Some(ticket.id.local)));
        assert_eq!(letter.language, bought.language);
    }
}

pub async fn whoever_has_a_ticket_of_a_canceled_event_is_told_where_they_are_known(case: Case) {
    let bought = sold(&case, &[0, 1]).await;
    let lark = handed_over(&case, &bought.tickets[0], "lark@example.org").await;
    let cancel = CancelEvent {
        event: case.event,
        holder: HOLDER,
        mails: true,
        now: START,
    };
    case.store.cancel_event(cancel).await.unwrap();
    let revoke = RowChange::SetTicketState {
        ticket: lark.id,
        from: lark.state,
        to: crate::selling::TicketState::Revoked,
    };
    let request = Append {
        event: case.event,
        sealed: Vec::new(),
        is_own: false,
        row_changes: vec![revoke],
        now: START,
    };
    case.store.append(request).await.unwrap();
    let mailing = case.store.mailings(case.event).await.unwrap()[0].id;
    let told = told(&case, mailing).await;
    assert_eq!(addresses(&told), [None, Some("lark@example.org")]);
    assert_eq!(told[1].1.kind, LetterKind::EventCanceled);
}

pub async fn who_has_a_ticket_is_erased_with_who_bought_it(case: Case) {
    let bought = sold(&case, &[0, 1]).await;
    handed_over(&case, &bought.tickets[0], "lark@example.org").await;
    let erase = ErasePersonalData {
        event: case.event,
        ended_by: END,
        limit: 9,
    };
    assert_eq!(case.store.erase_personal_data(erase).await.unwrap(), 1);
    assert_eq!(told(&case, moved(&case).await).await, []);
}
