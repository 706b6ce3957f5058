//! Letters are written with their cause where mail is set, are due when it says, sent or given up, and begun anew.

use std::time::Duration;

use usher_keys::Timestamp;

use crate::ids::BookingId;
use crate::letters::{
    CorrectAddress, Delivery, DueLetters, KEPT_FOR, Letter, LetterKind, LetterLine, LetterState,
    LettersQuery, NoteLetters, ReplayLetter, ResendTickets, ms,
};
use crate::selling::ConfirmOutcome;
use crate::selling::jobs::{DueJobs, HeldJob, Job, JobId, JobKind, LeaseOutcome};

use super::case::{Case, HOLDER, START};

impl Case {
    /// Sells a seat, with a letter to its buyer.
    pub(super) async fn sold_with_letter(&self, seat: u32, now: Timestamp) -> BookingId {
        let held = self.held(&[seat], now).await;
        let open = self.begun(held.id, &format!("letter {seat}"), now).await;
        for _ in 0..2 {
            let confirmed = self.confirm_with(&open, true, now).await;
            assert!(matches!(confirmed, ConfirmOutcome::Confirmed(_)));
        }
        open.id
    }

    pub(super) async fn letters(&self, state: Option<LetterState>) -> Vec<Letter> {
        let query = LettersQuery {
            event: self.event,
            state,
            booking: None,
            limit: 10,
        };
        let found = self.store.letters(query).await.unwrap();
        for (letter, code) in &found {
            let id = self
                .store
                .booking_of_charge(letter.charge.unwrap())
                .await
                .unwrap()
                .unwrap();
            let booking = self.store.booking(id).await.unwrap().unwrap();
            assert_eq!(*code, Some(booking.code));
        }
        found.into_iter().map(|(letter, _)| letter).collect()
    }

    async fn letters_of(&self, booking: BookingId) -> Vec<LetterLine> {
        let booking = self.store.booking(booking).await.unwrap().unwrap();
        let query = LettersQuery {
            event: self.event,
            state: None,
            booking: Some(booking.code),
            limit: 10,
        };
        self.store.letters(query).await.unwrap()
    }

    async fn due_letters(&self, now: Timestamp) -> Vec<Letter> {
        let due = DueLetters {
            event: self.event,
            limit: 10,
            now,
        };
        self.store.due_letters(due).await.unwrap()
    }

    async fn mailing_jobs(&self, now: Timestamp) -> Vec<Job> {
        let due = DueJobs {
            kind: JobKind::Mailing,
            limit: 10,
            now,
        };
        self.store.due_jobs(due).await.unwrap()
    }

    /// Takes what is due, as one who works on it, and notes what came of it.
    async fn mail(&self, delivery: Delivery, now: Timestamp) {
        let lease = HeldJob {
            job: JobId::SendLetters(self.event),
            holder: HOLDER,
            now,
        };
        assert_eq!(self.store.lease_job(lease).await.unwrap(), LeaseOutcome::Leased);
        let due = self.due_letters(now).await;
        assert!(!due.is_empty());
        let note = NoteLetters {
            event: self.event,
            tried: due.into_iter().map(|one| one.tried(delivery, now)).collect(),
            holder: HOLDER,
            now,
        };
        self.store.note_letters(note).await.unwrap();
    }
}

pub async fn a_letter_is_written_with_its_booking_and_waits_until_it_is_sent(case: Case) {
    let held = case.held(&[5], START).await;
    let open = case.begun(held.id, "no mail", START).await;
    case.confirm(&open, START).await;
    assert_eq!(case.letters(None).await, [], "without mail none is written");
    // Confirmed twice, it is told once.
    case.sold_with_letter(0, START).await;
    let written = case.letters(None).await;
    let [letter] = written.as_slice() else {
        panic!("{written:?}")
    };
    assert_eq!(letter.kind, LetterKind::BookingConfirmed);
    assert_eq!(case.store.letter(letter.id).await.unwrap().as_ref(), Some(letter));
    assert_eq!(case.mailing_jobs(START).await.len(), 1);
    case.mail(Delivery::PutOff(451), START).await;
    let next = START.plus_ms(10_000);
    let early = Timestamp(next.0 - 1);
    assert_eq!(case.due_letters(early).await, []);
    assert_eq!(case.mailing_jobs(early).await, []);
    assert_eq!(case.mailing_jobs(next).await.len(), 1);
    // What is new hurries a job that waits.
    let other = case.sold_with_letter(1, early).await;
    assert_eq!(case.mailing_jobs(early).await.len(), 1);
    assert_eq!(case.letters_of(other).await.len(), 1, "of two");
    case.mail(Delivery::Taken, next).await;
    assert_eq!(case.letters(Some(LetterState::Sent)).await.len(), 2);
    assert_eq!(
        case.store.job(JobId::SendLetters(case.event)).await.unwrap(),
        None
    );
    // What was sent long ago is forgotten.
    let late = next.plus_ms(ms(KEPT_FOR) + 1);
    let replay = ReplayLetter {
        id: letter.id,
        now: late,
    };
    assert!(case.store.replay_letter(replay).await.unwrap());
    case.mail(Delivery::Taken, late).await;
    assert_eq!(case.letters(None).await, []);
}

pub async fn a_letter_that_is_given_up_is_begun_anew_by_a_person(case: Case) {
    case.sold_with_letter(0, START).await;
    let id = case.letters(None).await[0].id;
    let replay = async |now| {
        let replay = ReplayLetter { id, now };
        case.store.replay_letter(replay).await.unwrap()
    };
    assert!(!replay(START).await, "it waits already");
    case.mail(Delivery::PutOff(421), START).await;
    let late = START.plus_ms(ms(Duration::from_hours(72)));
    case.mail(Delivery::Failed("tls"), late).await;
    let given_up = case.letters(Some(LetterState::GivenUp)).await;
    assert_eq!(given_up.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    assert_eq!(
        case.store.job(JobId::SendLetters(case.event)).await.unwrap(),
        None
    );
    assert!(replay(late).await);
    case.mail(Delivery::Refused(550), late).await;
    let again = case.store.letter(id).await.unwrap().unwrap();
    assert_eq!((again.state, again.failures), (LetterState::GivenUp, 1));
    assert_eq!(again.answer.as_deref(), Some("550"));
}

pub async fn tickets_are_sent_again_where_there_is_an_address(case: Case) {
    let booking = case.sold_with_letter(0, START).await;
    let resend = ResendTickets {
        booking,
        now: START.plus_ms(1),
    };
    let again = case.store.resend_tickets(resend).await.unwrap().unwrap();
    assert_eq!(case.letters(None).await[0].id, again);
    let correct = CorrectAddress {
        booking,
        email: "right@example.org".into(),
    };
    assert!(case.store.correct_address(correct.clone()).await.unwrap());
    let found = case.store.booking(booking).await.unwrap().unwrap();
    assert_eq!(found.email, "right@example.org");
    let unknown = BookingId::draw(case.event, START);
    let resend = ResendTickets {
        booking: unknown,
        now: START,
    };
    assert_eq!(case.store.resend_tickets(resend).await.unwrap(), None);
    let correct = CorrectAddress {
        booking: unknown,
        ..correct
    };
    assert!(!case.store.correct_address(correct).await.unwrap());
    let organizer = case.store.organizer_name(case.organizer).await.unwrap();
    assert!(organizer.is_some_and(|name| !name.is_empty()));
}
