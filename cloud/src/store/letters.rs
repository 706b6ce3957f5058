//! The operations about letters to buyers; those are written with their causes.

use usher_keys::{EventId, Timestamp};

use crate::ids::{LetterId, MailingId, OrganizerId};
use crate::letters::mailings::{
    Mailing, NewMailing, NewMailingOutcome, RecipientsQuery, TryMailing, WriteLetters,
};
use crate::letters::{
    CorrectAddress, DueLetters, Letter, LetterLine, LettersQuery, NoteLetters, ReplayLetter, ResendTickets,
};

use super::postgres::Concerns;
use super::{Store, StoreError, operations};

operations! {
    writes {
        /// Writes the letter again that confirms a booking; `None` when it has no tickets or its buyer no address.
        resend_tickets(ResendTickets) -> Option<LetterId> = operations::letters::resend_tickets;
        /// Puts the right address in place of a buyer's wrong one; tells whether there is such a booking.
        correct_address(CorrectAddress) -> bool = operations::letters::correct_address;
        /// Begins a mailing that somebody writes, once for each key.
        add_mailing(NewMailing) -> NewMailingOutcome = operations::mailings::add_mailing;
        /// Writes down a try of a mailing; tells when the next one may be if there were too many.
        try_mailing(TryMailing) -> Option<Timestamp> = operations::mailings::try_mailing;
        /// Writes the next letters of a mailing; tells whether those were the last.
        write_letters(WriteLetters) -> bool = operations::mailings::write_letters;
        /// Begins to send a letter anew; `false` when there is none, or it waits already.
        replay_letter(ReplayLetter) -> bool = operations::letters::replay_letter;
        /// Writes down what came of trying to send letters, and lets the job of their event wait or end.
        note_letters(NoteLetters) -> () = operations::letters::note_letters;
    }
    reads {
        /// Finds a mailing.
        mailing(MailingId) -> Option<Mailing> = operations::mailings::mailing;
        /// Lists the mailings of an event, the newest first.
        mailings(EventId) -> Vec<Mailing> = operations::mailings::mailings;
        /// Counts those who would get a mailing.
        recipients(RecipientsQuery) -> u32 = operations::mailings::recipients;
        /// Finds a letter.
        letter(LetterId) -> Option<Letter> = operations::letters::letter;
        /// Lists letters of an event that are to be sent now.
        due_letters(DueLetters) -> Vec<Letter> = operations::letters::due_letters;
        /// Lists letters of an event, the newest first, with the codes of their bookings.
        letters(LettersQuery) -> Vec<LetterLine> = operations::letters::letters;
        /// Finds what an organizer is called.
        organizer_name(OrganizerId) -> Option<String> = operations::organizers::organizer_name;
    }
    gathers {}
}
