//! Claims on units before payment, as plain values: what is asked, what came of it, and a reservation as it is kept.

use usher_keys::{EventId, Timestamp};
use usher_protocol::{TierId, Unit};

use crate::ids::ReservationId;
use crate::money::Money;

use super::claimant::{Claimant, HeldInVain, HoldBounds, TooManyHeld};
use super::inventory::{OrderRefusal, WrongQuantity};
use super::known_seats::KnownSeats;
use super::price_line::PriceLine;
use super::proof_of_work::ShownProof;
use super::sale::SaleStatus;
use super::vouchers::{VoucherCode, VoucherRefusal};

/// Asks for a number of free units of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierQuantity {
    pub tier: TierId,
    pub quantity: u32,
}

/// Which units a reservation claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// These seats, each named once.
    Seats(Vec<Unit>),
    /// Any free units of these tiers, each tier named once.
    Tiers(Vec<TierQuantity>),
    /// The best free seats of a tier for a group, looked for among those that are known to be free.
    Best(TierQuantity, KnownSeats),
}

/// Asks for units to be held.
#[derive(Debug, Clone)]
pub struct HoldRequest {
    /// The id the reservation shall have; names the event.
    pub reservation: ReservationId,
    /// The units.
    pub claim: Claim,
    /// Who asks.
    pub claimant: Claimant,
    /// How many they may hold.
    pub bounds: HoldBounds,
    /// The code that they have typed.
    pub voucher: Option<VoucherCode>,
    /// The number of the pass with which they were let through, where the event has a waiting room.
    pub pass: Option<u64>,
    /// What they have shown where the event asks for a proof of work.
    pub proof: ShownProof,
    /// Until when tickets signed now are believed; nothing when none can be signed.
    pub believed_until: Option<Timestamp>,
    pub now: Timestamp,
}

/// A tier that has fewer free units than were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortage {
    pub tier: TierId,
    /// How many were asked for.
    pub requested: u32,
    /// How many are free.
    pub available: u32,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldOutcome {
    /// All units are held.
    Held(Reservation),
    /// Nothing is held: these seats belong to someone else.
    Taken(Vec<Unit>),
    /// Nothing is held: these tiers do not have enough free units.
    Short(Vec<Shortage>),
    /// The event has no such seats.
    UnknownSeats(Vec<Unit>),
    /// The event has no such tiers.
    UnknownTiers(Vec<TierId>),
    /// Nothing is held: whoever asks would hold too many without paying.
    TooMany(TooManyHeld),
    /// Nothing is held: whoever asks has held units for long and not paid for them, and others come first.
    InVain(HeldInVain),
    /// Nothing is held: the event's organizer lets one client hold so many at most.
    MoreThanOne(u32),
    /// One order has so many units of the event at most.
    OrderTooLarge(u32),
    /// Somebody waits for places of this tier: those that come back are theirs.
    Awaited(TierId),
    /// No such event is published.
    NoSuchEvent,
    /// Its event or a tier does not sell.
    NotOnSale(SaleStatus),
    /// Nothing is held: there would be too few or too many of a tier.
    WrongQuantity(WrongQuantity),
    /// Nothing is held: the code is not taken. One that is unknown is kept as a guess.
    Voucher(VoucherRefusal),
    /// Nothing is held: the waiting room has not let whoever asks through, or their time is over.
    NotLetThrough,
    /// Nothing is held: whoever was let through holds places already.
    OneAtATime,
    /// Nothing is held: the event asks for a proof of work, and none was shown, or one that was spent.
    NotProven,
}

impl HoldOutcome {
    /// Returns the word that it is counted under.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Held(_) => "held",
            Self::Taken(_) | Self::Short(_) => "taken",
            Self::TooMany(_) | Self::InVain(_) => "too_many",
            Self::UnknownSeats(_)
            | Self::UnknownTiers(_)
            | Self::MoreThanOne(_)
            | Self::OrderTooLarge(_)
            | Self::Awaited(_)
            | Self::NoSuchEvent
            | Self::NotOnSale(_)
            | Self::WrongQuantity(_)
            | Self::Voucher(_)
            | Self::NotLetThrough
            | Self::OneAtATime
            | Self::NotProven => "refused",
        }
    }
}

/// How far a reservation has come, as written down; see [`Reservation::is_expired`] for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    /// Its units are held until it expires.
    Held,
    /// A payment is running; it cannot expire.
    Paying,
    /// It has become a booking.
    Booked,
    /// It was given back.
    Released,
}

impl ReservationState {
    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Paying => "paying",
            Self::Booked => "booked",
            Self::Released => "released",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Held, Self::Paying, Self::Booked, Self::Released]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// How far a unit's sale has come, as written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitState {
    /// Nobody has a claim on it.
    Available,
    /// A reservation claims it, until the hold expires.
    Held,
    /// A payment for it is running; it cannot expire.
    Paying,
    /// It was sold.
    Booked,
}

impl UnitState {
    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Held => "held",
            Self::Paying => "paying",
            Self::Booked => "booked",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Available, Self::Held, Self::Paying, Self::Booked]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

impl HoldOutcome {
    /// Returns what becomes of asking for units of a tier that may not be ordered so.
    pub fn not_ordered(tier: TierId, why: OrderRefusal) -> Self {
        match why {
            OrderRefusal::Hidden => Self::UnknownTiers(vec![tier]),
            OrderRefusal::NotOnSale(status) => Self::NotOnSale(status),
            OrderRefusal::WrongQuantity(wrong) => Self::WrongQuantity(wrong),
        }
    }
}

/// A timed claim on units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    pub id: ReservationId,
    /// How far it has come.
    pub state: ReservationState,
    pub lines: Vec<PriceLine>,
    /// What they cost together.
    pub amount: Money,
    /// When it ends unless it is booked or paying.
    pub expires_at: Timestamp,
}

impl Reservation {
    /// Tells whether it was held and its time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.state == ReservationState::Held && self.expires_at <= now
    }
}

/// Asks to give a reservation back.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseRequest {
    pub reservation: ReservationId,
    pub now: Timestamp,
}

/// What became of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// It is given back, or had ended before.
    Released,
    /// There is no such reservation.
    NotFound,
    /// A payment is running.
    Paying,
    /// It has become a booking.
    Booked,
}

/// Asks to write down expired units of an event as available.
#[derive(Debug, Clone, Copy)]
pub struct Tidy {
    pub event: EventId,
    /// At most so many.
    pub limit: u32,
    pub now: Timestamp,
}

/// Asks to delete reservations of an event that nothing came of.
#[derive(Debug, Clone, Copy)]
pub struct Forget {
    pub event: EventId,
    /// Only those whose time was over by then.
    pub ended_by: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// Asks to erase who the buyers of an event were.
#[derive(Debug, Clone, Copy)]
pub struct ErasePersonalData {
    pub event: EventId,
    /// Only if the event was over by then.
    pub ended_by: Timestamp,
    /// Of so many bookings at most.
    pub limit: u32,
}
