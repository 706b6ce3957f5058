//! Whether a ticket is bound to a phone, so that it is shown live, and what shows its code: pure decisions; signing the next generation is the authority's.

use usher_keys::{PublicKey, Timestamp};
use usher_protocol::policy::Policy;

use super::tickets::{SoldTicket, TicketRefusal, TicketState};

/// How often its holder binds a ticket: once, and twice more with the booking's secret for a new phone. Then the box office helps, which
/// sees who stands there.
pub const MOST_BINDINGS: u8 = 3;

/// A phone that asks to be the one which shows a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HolderPhone {
    /// The key that it signs along with, a point that verifies.
    pub key: PublicKey,
    /// Whether it has shown the secret of the ticket's booking too.
    pub knows_booking: bool,
}

/// What is done about a phone that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The ticket's next generation is its own.
    Now,
    /// The ticket is its own already.
    Before,
    /// The ticket was replaced: if the one that took its place is this phone's, it asks again, and else it is too late.
    Replaced,
}

/// Decides whether a phone becomes the one that shows a ticket.
///
/// # Errors
///
/// Why it does not.
pub fn may_bind(ticket: &SoldTicket, phone: &HolderPhone) -> Result<Binding, TicketRefusal> {
    match ticket.state {
        TicketState::Valid | TicketState::Revoked if ticket.is_refunded => {
            return Err(TicketRefusal::Refunded);
        }
        TicketState::Revoked => return Err(TicketRefusal::Revoked),
        TicketState::Superseded if ticket.transferred => return Err(TicketRefusal::Transferred),
        TicketState::Superseded => return Ok(Binding::Replaced),
        TicketState::Valid => {}
    }
    match ticket.holder() {
        Some(key) if key == phone.key => return Ok(Binding::Before),
        Some(_) if !phone.knows_booking => return Err(TicketRefusal::OnAnotherPhone),
        Some(_) | None => {}
    }
    if ticket.bindings >= MOST_BINDINGS {
        return Err(TicketRefusal::BoundTooOften);
    }
    Ok(Binding::Now)
}

/// What shows a ticket's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownOn {
    /// Paper, or any screen.
    Paper,
    /// The same, until gates take live tickets of its tier alone.
    PaperUntil(Timestamp),
    /// No paper ever: its holder puts it on a phone.
    PhoneToCome,
    /// The phone that it is bound to.
    Phone,
}

/// Returns what shows a ticket's code, by what gates of its event go by.
pub fn shown_on(ticket: &SoldTicket, policy: &Policy) -> ShownOn {
    if ticket.holder().is_some() {
        return ShownOn::Phone;
    }
    match policy.tier(ticket.tier).and_then(|tier| tier.live_from) {
        None => ShownOn::Paper,
        Some(Timestamp(0)) => ShownOn::PhoneToCome,
        Some(from) => ShownOn::PaperUntil(from),
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::{KeyId, SecretKey};
    use usher_protocol::ticket::{Ticket, TicketFlags};

    use super::*;
    use crate::selling::tickets::tests::sold;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&[seed; 32])
    }

    fn ticket(holder: Option<u8>, bindings: u8) -> SoldTicket {
        let mut sold = sold(TicketState::Valid, false);
        let ticket = Ticket {
            key: KeyId([0; 4]),
            unit: sold.unit,
            generation: sold.generation,
            tier: sold.tier,
            admits: 1,
            flags: TicketFlags::default(),
            holder: holder.map(|seed| key(seed).public()),
        };
        sold.payload = ticket.sign(&key(1)).to_text();
        sold.bindings = bindings;
        sold
    }

    fn phone(seed: u8, knows_booking: bool) -> HolderPhone {
        HolderPhone {
            key: key(seed).public(),
            knows_booking,
        }
    }

    #[test]
    fn the_first_phone_binds_a_ticket_and_the_next_ones_need_the_booking() {
        use TicketRefusal::{BoundTooOften, OnAnotherPhone};
        for (holder, bindings, by, knows_booking, expected) in [
            (None, 0, 7, false, Ok(Binding::Now)),
            (Some(7), 1, 7, false, Ok(Binding::Before)),
            (Some(7), 1, 8, false, Err(OnAnotherPhone)),
            (Some(7), 1, 8, true, Ok(Binding::Now)),
            (Some(8), 2, 7, true, Ok(Binding::Now)),
            (Some(7), 3, 8, true, Err(BoundTooOften)),
            (Some(7), 3, 7, false, Ok(Binding::Before)),
        ] {
            let asked = may_bind(&ticket(holder, bindings), &phone(by, knows_booking));
            assert_eq!(asked, expected, "{holder:?} {bindings} {by} {knows_booking}");
        }
    }

    #[test]
    fn what_is_void_is_bound_to_no_phone() {
        let with = |change: fn(&mut SoldTicket)| {
            let mut ticket = ticket(None, 0);
            change(&mut ticket);
            may_bind(&ticket, &phone(7, true))
        };
        let revoked = with(|ticket| ticket.state = TicketState::Revoked);
        assert_eq!(revoked, Err(TicketRefusal::Revoked));
        let refunded = with(|ticket| ticket.is_refunded = true);
        assert_eq!(refunded, Err(TicketRefusal::Refunded));
        let replaced = with(|ticket| ticket.state = TicketState::Superseded);
        assert_eq!(replaced, Ok(Binding::Replaced));
        let transferred = with(|ticket| {
            ticket.state = TicketState::Superseded;
            ticket.transferred = true;
        });
        assert_eq!(transferred, Err(TicketRefusal::Transferred));
    }
}
