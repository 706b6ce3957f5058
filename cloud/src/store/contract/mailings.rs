//! A mailing writes one letter to each buyer, some at a time, and is told of what becomes of its event.

use usher_protocol::TierId;

use crate::ids::MailingId;
use crate::letters::LetterKind;
use crate::letters::mailings::{
    MAX_MAILINGS, MAX_TRIES, Mailing, MailingKey, NewMailing, NewMailingOutcome, RecipientsQuery,
    TRIES_COUNTED_MS, TryMailing, WriteLetters,
};
use crate::moving::Dates;
use crate::selling::canceling::CancelEvent;
use crate::selling::jobs::{DueJobs, JobId, JobKind};
use crate::selling::{RequestHash, TicketState};
use crate::store::organizing::MoveEvent;

use super::case::{Case, HOLDER, START};
use super::refunds::set;

fn note(case: &Case, tier: Option<TierId>) -> Mailing {
    Mailing {
        id: MailingId::draw(case.event, START),
        kind: LetterKind::Note,
        tier,
        subject: "Bring a coat".into(),
        body: "The roof is open.".into(),
        written: 0,
        created_at: START,
        ended_at: None,
    }
}

/// Begins a mailing, perhaps with a key and a number that stands for what is asked for.
async fn add(case: &Case, mailing: &Mailing, key: Option<(&str, u8)>) -> NewMailingOutcome {
    let key = key.map(|(text, asked)| MailingKey {
        text: text.into(),
        request: RequestHash([asked; 32]),
    });
    let new = NewMailing {
        mailing: mailing.clone(),
        key,
        now: START,
    };
    case.store.add_mailing(new).await.unwrap()
}

fn begun(mailing: &Mailing) -> NewMailingOutcome {
    NewMailingOutcome::Begun(Box::new(mailing.clone()))
}

/// Writes all letters of a mailing, also when asked again.
async fn write_all(case: &Case, mailing: MailingId) {
    for _ in 0..2 {
        let write = WriteLetters {
            mailing,
            holder: HOLDER,
            now: START.plus_ms(5),
        };
        assert!(
            case.store.write_letters(write).await.unwrap(),
            "few are written at once"
        );
    }
    assert_eq!(case.store.job(JobId::WriteLetters(mailing)).await.unwrap(), None);
}

pub async fn a_mailing_reaches_each_buyer_once(case: Case) {
    case.sold_with_letter(0, START).await;
    case.sold_with_letter(1, START.plus_ms(1)).await;
    // What is not paid for is no buyer's.
    let held = case.held(&[2], START).await;
    case.begun(held.id, "open", START).await;
    // Nor is what was taken back.
    let back = case.sold_with_letter(3, START.plus_ms(2)).await;
    let back = case.store.booking(back).await.unwrap().unwrap();
    let (valid, revoked) = (TicketState::Valid, TicketState::Revoked);
    assert!(set(&case, back.tickets[0].id, valid, revoked).await);
    let tier = case.store.event(case.event).await.unwrap().unwrap().tiers[0].id;
    let count = async |tier| {
        let event = case.event;
        case.store
            .recipients(RecipientsQuery { event, tier })
            .await
            .unwrap()
    };
    assert_eq!((count(None).await, count(Some(tier)).await), (2, 2));
    assert_eq!(count(Some(TierId(99))).await, 0);
    let mailing = note(&case, Some(tier));
    assert_eq!(add(&case, &mailing, None).await, begun(&mailing));
    write_all(&case, mailing.id).await;
    let written = case.store.mailing(mailing.id).await.unwrap().unwrap();
    let expected = Mailing {
        written: 2,
        ended_at: Some(START.plus_ms(5)),
        ..mailing
    };
    assert_eq!(written, expected);
    let notes = case.letters(None).await;
    let notes = notes.iter().filter(|letter| letter.kind == LetterKind::Note);
    assert_eq!(
        notes.filter(|note| note.about == Some(expected.id.local)).count(),
        2
    );
    assert_eq!(case.store.mailings(case.event).await.unwrap(), [expected]);
    for number in 1..=MAX_MAILINGS {
        let next = note(&case, None);
        let expected = match number < MAX_MAILINGS {
            true => begun(&next),
            false => NewMailingOutcome::TooMany,
        };
        assert_eq!(add(&case, &next, None).await, expected);
    }
}

pub async fn a_mailing_is_begun_once_for_each_key(case: Case) {
    case.sold_with_letter(0, START).await;
    let (first, second) = (note(&case, None), note(&case, None));
    let (one, other) = (Some(("one", 1)), Some(("other", 1)));
    assert_eq!(add(&case, &first, one).await, begun(&first));
    assert_eq!(add(&case, &second, one).await, begun(&first));
    let reused = add(&case, &second, Some(("one", 2))).await;
    assert_eq!(reused, NewMailingOutcome::KeyReused);
    write_all(&case, first.id).await;
    let NewMailingOutcome::Begun(later) = add(&case, &second, one).await else {
        panic!("a key counts for good")
    };
    assert_eq!((later.id, later.written), (first.id, 1));
    assert_eq!(add(&case, &second, other).await, begun(&second));
    assert_eq!(case.store.mailings(case.event).await.unwrap().len(), 2);
}

pub async fn what_becomes_of_an_event_is_told_where_there_is_mail(case: Case) {
    case.sold_with_letter(0, START).await;
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
    for _ in 0..2 {
        case.store.move_event(request).await.unwrap();
    }
    let cancel = CancelEvent {
        event: case.event,
        holder: HOLDER,
        mails: true,
        now: START.plus_ms(1),
    };
    for _ in 0..2 {
        case.store.cancel_event(cancel).await.unwrap();
    }
    let mailings = case.store.mailings(case.event).await.unwrap();
    let kinds: Vec<_> = mailings.iter().map(|mailing| mailing.kind).collect();
    assert_eq!(kinds, [LetterKind::EventCanceled, LetterKind::EventMoved]);
    let due = DueJobs {
        kind: JobKind::Mailing,
        limit: 10,
        now: START.plus_ms(1),
    };
    let due = case.store.due_jobs(due).await.unwrap();
    let writing = due.iter().filter(|job| matches!(job.id, JobId::WriteLetters(_)));
    assert_eq!(writing.count(), 2);
    write_all(&case, mailings[0].id).await;
    assert_eq!(case.letters(None).await[0].kind, LetterKind::EventCanceled);
}

pub async fn whoever_had_a_ticket_of_a_canceled_event_can_be_written_to(case: Case) {
    let first = case.sold_with_letter(0, START).await;
    case.sold_with_letter(1, START.plus_ms(1)).await;
    let cancel = CancelEvent {
        event: case.event,
        holder: HOLDER,
        mails: true,
        now: START.plus_ms(3),
    };
    case.store.cancel_event(cancel).await.unwrap();
    // The first ticket is void already, the second one is not yet.
    let booking = case.store.booking(first).await.unwrap().unwrap();
    let (valid, revoked) = (TicketState::Valid, TicketState::Revoked);
    assert!(set(&case, booking.tickets[0].id, valid, revoked).await);
    let (event, mailing) = (case.event, note(&case, None));
    let query = RecipientsQuery { event, tier: None };
    assert_eq!(case.store.recipients(query).await.unwrap(), 2);
    assert_eq!(add(&case, &mailing, None).await, begun(&mailing));
    write_all(&case, mailing.id).await;
    let written = case.store.mailing(mailing.id).await.unwrap().unwrap();
    assert_eq!(written.written, 2);
}

pub async fn an_organizer_tries_mailings_so_often_a_day(case: Case) {
    let request = |now| TryMailing {
        organizer: case.organizer,
        now,
    };
    let tried = async |now| case.store.try_mailing(request(now)).await.unwrap();
    for at in 0..u64::from(MAX_TRIES) {
        assert_eq!(tried(START.plus_ms(at / 2)).await, None);
    }
    let next = START.plus_ms(TRIES_COUNTED_MS);
    assert_eq!(tried(START.plus_ms(99)).await, Some(next));
    assert_eq!(tried(START.plus_ms(99)).await, Some(next));
    assert_eq!(tried(next).await, None);
}
