//! Whether what is written down of a unit fits together: its state, its tickets, and the reservation that claims it; finding the rows is
//! the audit's.

use usher_keys::Timestamp;

use super::{ReservationState, UnitState};

/// What is written down of a unit.
#[derive(Debug, Clone, Copy)]
pub struct UnitFacts {
    pub state: UnitState,
    /// Until when it is held.
    pub held_until: Option<Timestamp>,
    /// How many tickets were issued for it, by its own row.
    pub issued: u32,
    pub tickets: UnitTickets,
    /// The reservation that claims it, and when that ends.
    pub claim: Option<(ReservationState, Timestamp)>,
}

/// The tickets there are of a unit.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnitTickets {
    pub count: u32,
    /// The highest generation.
    pub newest: Option<u32>,
    /// How many of them no other has superseded and no refund has taken back.
    pub in_use: u32,
    /// The highest generation of those.
    pub newest_in_use: Option<u32>,
    /// The highest generation of those that a refund has taken back.
    pub newest_refunded: Option<u32>,
}

impl UnitFacts {
    /// Tells whether all of it fits together: there are as many tickets as were issued, only the newest is in use, and the
    /// reservation stands as the unit does.
    pub fn is_sound(&self) -> bool {
        self.has_its_tickets() && self.is_claimed_alike()
    }

    fn has_its_tickets(&self) -> bool {
        let UnitTickets {
            count,
            newest,
            in_use,
            newest_in_use,
            newest_refunded,
        } = self.tickets;
        let all_there = self.issued == count && self.issued == newest.unwrap_or(0);
        let is_booked = self.state == UnitState::Booked;
        let newest = Some(self.issued);
        let only_newest = in_use == 1 && newest_in_use == newest;
        let is_taken_back = in_use == 0 && newest_refunded == newest;
        // Until it is sold again, a unit that was given back has its former tickets alone.
        let fits = match (self.issued, is_booked) {
            (0, _) => !is_booked,
            (_, true) => only_newest || is_taken_back,
            (_, false) => is_taken_back,
        };
        all_there && fits
    }

    fn is_claimed_alike(&self) -> bool {
        let claimed_as = self.claim.map(|(state, _)| state);
        match self.state {
            UnitState::Available => true,
            UnitState::Held => {
                let ends = self.claim.map(|(_, ends)| ends);
                claimed_as == Some(ReservationState::Held) && self.held_until == ends
            }
            UnitState::Paying => claimed_as == Some(ReservationState::Paying),
            UnitState::Booked => claimed_as == Some(ReservationState::Booked),
        }
    }
}

#[cfg(test)]
mod tests;
