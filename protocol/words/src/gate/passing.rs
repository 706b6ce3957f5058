//! What is said of people who pass: how many, and what their ticket is still good for; what is said of everybody else is the refusals'.

use usher_protocol::admission::Direction;
use usher_protocol::policy::EntryRule;
use usher_protocol::request::TicketFacts;

use crate::StaffMessage;

use super::{Phrasebook, more, people};

/// Says at which gates a ticket that was looked up would let somebody in.
pub fn opens_at(gates: &[String]) -> String {
    format!("Good: may go in at {}", gates.join(" or "))
}

/// Says how many of the people who may go into a zone within a time slot have, and until when that is.
pub fn slot_filled(arrived: i64, most: u32, until: &str) -> String {
    format!("{arrived} of {most} have gone in during this time slot, which ends at {until}")
}

impl Phrasebook {
    /// Of a ticket for several people it is always said how many pass: those who stand there may be more.
    pub(super) fn passing(
        &self,
        ticket: Option<&TicketFacts>,
        direction: Direction,
        (persons, left): (u8, u8),
    ) -> StaffMessage {
        let title = match direction {
            Direction::In => "Come in",
            Direction::Out => "Checked out",
        };
        let is_group = persons > 1 || ticket.is_some_and(|ticket| ticket.admits > 1);
        let passing = is_group.then(|| people(persons.max(1)));
        let is_used_up = left == 0 || direction == Direction::Out;
        let rest = (!is_used_up).then(|| self.rest(ticket, left));
        let said: Vec<String> = passing.into_iter().chain(rest).collect();
        match said.is_empty() {
            true => StaffMessage::plain(title),
            false => StaffMessage::new(title, said.join(", ")),
        }
    }

    /// What is left of a day's entries is for the same people, and not for others behind them.
    fn rest(&self, ticket: Option<&TicketFacts>, left: u8) -> String {
        match (self.entry(ticket), left) {
            (Some(EntryRule::PerDay(_)), 1) => "1 more entry today".to_owned(),
            (Some(EntryRule::PerDay(_)), left) => format!("{left} more entries today"),
            (Some(EntryRule::Single | EntryRule::Reentry) | None, left) => {
                format!("{} may follow", more(left))
            }
        }
    }

    /// Returns how often a ticket lets its people in, if that is known.
    pub(super) fn entry(&self, ticket: Option<&TicketFacts>) -> Option<EntryRule> {
        let policy = self.names.policy.as_deref()?;
        policy.tier(ticket?.tier).map(|tier| tier.entry)
    }
}
