//! The operations about letters to buyers; those are written with their causes.

use crate::ids::{LetterId, OrganizerId};
use crate::letters::{DueLetters, Letter, LetterLine, LettersQuery, NoteLetters, ReplayLetter};

use super::postgres::Concerns;
use super::{Store, StoreError, operations};

operations! {
    writes {
        /// Begins to send a letter anew; `false` when there is none, or it waits already.
        replay_letter(ReplayLetter) -> bool = operations::letters::replay_letter;
        /// Writes down what came of trying to send letters, and lets the job of their event wait or end.
        note_letters(NoteLetters) -> () = operations::letters::note_letters;
    }
    reads {
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
