//! Tickets of other sellers at a ledger: what their codes are in records, and whether they still stand; reading one is the ticket's.

use usher_keys::Timestamp;

use super::Ledger;
use crate::ticket::foreign::ShownForeign;
use crate::ticket::{Rejection, VerifiedTicket, code_in, live};

impl Ledger {
    /// Checks that a ticket which was read is believed yet: its key may have been struck out since.
    pub(super) fn check_believed(&self, ticket: &VerifiedTicket, now: Timestamp) -> Result<(), Rejection> {
        match ShownForeign::parse(ticket.code()) {
            Some(shown) if self.state.has_listed(&shown) => Ok(()),
            Some(_) => Err(Rejection::NotATicket),
            None => self.trust.keyring().check_key(ticket, now),
        }
    }

    /// Returns the bytes of the code in a text, as records have them.
    pub(super) fn code_of(&self, text: &[u8]) -> Option<Vec<u8>> {
        let ours = code_in(text).filter(|code| live::parse(code).is_ok());
        ours.or_else(|| {
            let read = self.state.foreign().read(text, self.event());
            Some(read.ok()?.code().to_owned())
        })
    }

    /// Returns how many people another system let in by this ticket, before our gates were in use.
    pub(super) fn used_elsewhere(&self, ticket: &VerifiedTicket) -> u8 {
        let shown = ShownForeign::parse(ticket.code());
        let foreign = self.state.foreign();
        let held = shown.and_then(|shown| foreign.entitlement(&shown.identity).copied());
        held.map_or(0, |held| held.used)
    }
}

#[cfg(test)]
mod tests;
