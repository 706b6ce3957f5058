//! Waiting lists: who waits for places of a tier is offered those that come back, in the order in which they came, and each for a time. While
//! anybody waits nobody else has places of the tier, so that nobody jumps.

use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;

use crate::ids::{ReservationId, WaiterId};
use crate::languages::Language;

use super::buyer_bounds::BoundReached;
use super::claimant::ClientAddress;
use super::reservations::{Reservation, ReservationState};
use super::sale::SaleStatus;

/// Who may wait for places of an event at most.
pub const MAX_WAITERS: u32 = 20_000;
/// The most places that one waits for.
pub const MAX_PLACES: u32 = 10;
/// How long an offer holds its places: whoever is told of it in the evening decides the next day.
pub const OFFER_MS: u64 = 24 * 3_600_000;

/// Asks to wait for places of a tier.
#[derive(Clone)]
pub struct JoinList {
    pub waiter: WaiterId,
    pub tier: TierId,
    /// How many places.
    pub quantity: u32,
    /// Where an offer is told.
    pub email: String,
    /// In which language it is told.
    pub language: Language,
    /// Where whoever asks is.
    pub client: ClientAddress,
    /// Until when tickets signed now are believed; nothing when none can be signed.
    pub believed_until: Option<Timestamp>,
    pub now: Timestamp,
}

/// What became of asking to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinOutcome {
    /// They wait; so many are before them.
    Waits { ahead: u32 },
    /// No such event is published.
    NoSuchEvent,
    /// The event has no such tier, or nobody sees it.
    UnknownTier,
    /// Nothing of the event will be sold any more.
    NotOnSale(SaleStatus),
    /// So many places are free and nobody waits: they can be had at once.
    Free(u32),
    /// Somebody with this address waits for this tier already.
    AlreadyWaits,
    /// So many wait for the event that no more can.
    TooMany,
    /// They have joined lists of the event too often.
    TooOften(BoundReached),
}

/// What is written down of a tier for which somebody wants to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListFacts {
    /// How the event sells.
    pub status: SaleStatus,
    /// Whether buyers see the tier; nothing if there is no such one.
    pub is_shown: Option<bool>,
    /// How many of its places are free.
    pub free: u32,
    /// How many wait for it.
    pub ahead: u32,
    /// How many wait for the event.
    pub waiters: u32,
    /// Whether somebody with the same address waits for it.
    pub is_waiting: bool,
}

/// Decides whether somebody may wait for places of a tier.
///
/// # Errors
///
/// Why not.
pub fn may_join(facts: &ListFacts, quantity: u32) -> Result<(), JoinOutcome> {
    match facts.status {
        SaleStatus::OnSale | SaleStatus::NotYet | SaleStatus::Stopped | SaleStatus::Paused => {}
        status @ (SaleStatus::Over | SaleStatus::Canceled) => return Err(JoinOutcome::NotOnSale(status)),
    }
    if facts.is_shown != Some(true) {
        return Err(JoinOutcome::UnknownTier);
    }
    if facts.is_waiting {
        return Err(JoinOutcome::AlreadyWaits);
    }
    if facts.ahead == 0 && facts.free >= quantity {
        return Err(JoinOutcome::Free(facts.free));
    }
    if facts.waiters >= MAX_WAITERS {
        return Err(JoinOutcome::TooMany);
    }
    Ok(())
}

/// Decides how many places whoever comes first is offered: as many as they want, or those that there are; they may take fewer, and nobody
/// behind them waits for what they do not get. `None` while there is nothing to offer.
pub fn to_offer(wanted: u32, free: u32) -> Option<u32> {
    Some(wanted.min(free)).filter(|places| *places > 0)
}

/// Asks to offer the places of an event that have come back.
#[derive(Debug, Clone)]
pub struct OfferPlaces {
    pub event: EventId,
    /// The ids of the reservations that are made; no more offers than these.
    pub reservations: Vec<ReservationId>,
    /// Until when tickets signed now are believed; nothing when none can be signed.
    pub believed_until: Option<Timestamp>,
    /// Whether letters are written, because there is mail.
    pub mails: bool,
    pub now: Timestamp,
}

/// How it stands with somebody on a waiting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaiterState {
    /// They wait; so many are before them.
    Waits { ahead: u32 },
    /// Places are held for them.
    Offered,
    /// They have taken them, or are paying for them.
    Taken,
    /// The time of their offer is over, or they gave it back.
    Lapsed,
    /// They wait no more.
    Left,
}

impl WaiterState {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waits { .. } => "waiting",
            Self::Offered => "offered",
            Self::Taken => "taken",
            Self::Lapsed => "lapsed",
            Self::Left => "left",
        }
    }

    /// Returns how an offer stands by its reservation.
    pub fn of_offer(reservation: &Reservation, now: Timestamp) -> Self {
        match reservation.state {
            ReservationState::Held if reservation.is_expired(now) => Self::Lapsed,
            ReservationState::Held => Self::Offered,
            ReservationState::Paying | ReservationState::Booked => Self::Taken,
            ReservationState::Released => Self::Lapsed,
        }
    }
}

/// Somebody on a waiting list.
#[derive(Clone, PartialEq, Eq)]
pub struct Waiter {
    pub id: WaiterId,
    pub tier: TierId,
    /// Their number in the line of the tier, from 1; those who have gone keep theirs.
    pub position: u32,
    /// How many places they want.
    pub quantity: u32,
    pub joined_at: Timestamp,
    pub state: WaiterState,
    /// What is or was offered to them.
    pub offer: Option<Reservation>,
}

/// Asks for somebody on a waiting list, or to leave it.
#[derive(Debug, Clone, Copy)]
pub struct WaiterQuery {
    pub waiter: WaiterId,
    pub now: Timestamp,
}

/// Asks who is on the waiting list of a tier, in their order.
#[derive(Debug, Clone, Copy)]
pub struct WaitersQuery {
    pub event: EventId,
    pub tier: TierId,
    /// Only those beyond this position.
    pub beyond: u32,
    /// At most so many.
    pub limit: u32,
    pub now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: ListFacts = ListFacts {
        status: SaleStatus::OnSale,
        is_shown: Some(true),
        free: 0,
        ahead: 0,
        waiters: 7,
        is_waiting: false,
    };

    #[test]
    fn who_may_wait_is_told_why_not_otherwise() {
        assert_eq!(may_join(&FULL, 2), Ok(()));
        let few = ListFacts { free: 1, ..FULL };
        assert_eq!(may_join(&few, 2), Ok(()));
        assert_eq!(may_join(&few, 1), Err(JoinOutcome::Free(1)));
        // What is free is for those who came before.
        assert_eq!(may_join(&ListFacts { ahead: 1, ..few }, 1), Ok(()));
        for (facts, expected) in [
            (
                ListFacts {
                    is_waiting: true,
                    ..FULL
                },
                JoinOutcome::AlreadyWaits,
            ),
            (
                ListFacts {
                    is_shown: Some(false),
                    ..FULL
                },
                JoinOutcome::UnknownTier,
            ),
            (
                ListFacts {
                    is_shown: None,
                    ..FULL
                },
                JoinOutcome::UnknownTier,
            ),
            (
                ListFacts {
                    waiters: MAX_WAITERS,
                    ..FULL
                },
                JoinOutcome::TooMany,
            ),
            (
                ListFacts {
                    status: SaleStatus::Over,
                    ..FULL
                },
                JoinOutcome::NotOnSale(SaleStatus::Over),
            ),
        ] {
            assert_eq!(may_join(&facts, 1), Err(expected));
        }
    }

    #[test]
    fn whoever_comes_first_is_offered_what_there_is() {
        assert_eq!(to_offer(4, 0), None);
        assert_eq!(to_offer(4, 1), Some(1));
        assert_eq!(to_offer(2, 9), Some(2));
    }
}
