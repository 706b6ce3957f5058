//! The operations about links that are mailed: letters that carry them, and what they open to buyers.

use usher_keys::Timestamp;

use crate::buyers::{AskForLink, AskOutcome, BuyerSession, EndBuyerSession, OpenLink};
use crate::key_hash::KeyHash;
use crate::link_letters::{ForgetLinks, LinkLetter, TakeLinkLetters};

use super::postgres::Concerns;
use super::{Store, StoreError, operations};

operations! {
    writes {
        /// Asks for a link to what was bought with an address.
        ask_for_link(AskForLink) -> AskOutcome = operations::buyers::ask_for_link;
        /// Uses a link up and begins a session; `false` when it opens nothing.
        open_link(OpenLink) -> bool = operations::buyers::open_link;
        /// Ends a session of a buyer, or all of their address; tells how many.
        end_buyer_session(EndBuyerSession) -> usize = operations::buyers::end_buyer_session;
        /// Takes link letters that are due.
        take_link_letters(TakeLinkLetters) -> Vec<LinkLetter> = operations::link_letters::take_link_letters;
        /// Writes down what came of trying to send a link letter.
        note_link_letter(LinkLetter) -> () = operations::link_letters::note_link_letter;
        /// Deletes links, sessions and link letters whose time is over; tells the most of any.
        forget_links(ForgetLinks) -> usize = operations::buyers::forget_links;
    }
    reads {
        /// Tells whether a link opens something now.
        link_is_good((KeyHash, Timestamp)) -> bool = operations::buyers::link_is_good;
        /// Finds a session of a buyer, good or not.
        buyer_session(KeyHash) -> Option<BuyerSession> = operations::buyers::buyer_session;
    }
    gathers {}
}
