//! What the store is asked and answers by organizers: venues, drafts, changes and sales figures as plain values.

use usher_keys::{EventId, Timestamp};
use usher_protocol::policy::Policy;
use usher_protocol::{TierId, Unit};

use crate::catalogue::category::EventCategory;
use crate::catalogue::coordinates::Coordinates;
use crate::catalogue::{Event, EventStatus, PlacedSection, Seat, Tier, TierCount};
use crate::ids::{ApiKeyId, OrganizerId, VenueId};
use crate::money::Currency;
use crate::moving::Dates;
use crate::rights::StaffRole;
use crate::selling::buyer_bounds::OwnBuyerBounds;
use crate::selling::claimant::OwnBounds;
use crate::selling::inventory::{ResizeRefusal, TierSale};
use crate::selling::sale::EventSale;

pub use crate::key_hash::KeyHash;

use super::api_keys::{ApiKey, NewApiKey};

/// Asks to add an organizer.
#[derive(Debug, Clone)]
pub struct NewOrganizer {
    /// Its id.
    pub id: OrganizerId,
    /// Its name.
    pub name: String,
    /// The hash of its first API key.
    pub key: KeyHash,
    /// The time.
    pub now: Timestamp,
}

impl NewOrganizer {
    /// Returns its first key, which never ends and has the organizer's number as its own.
    pub fn first_key(&self) -> NewApiKey {
        let key = ApiKey {
            id: ApiKeyId(self.id.0),
            organizer: self.id,
            name: "First key".to_owned(),
            role: StaffRole::Owner,
            scopes: None,
            created_at: self.now,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        let hash = self.key;
        NewApiKey { key, hash }
    }
}

/// Asks to add a venue.
#[derive(Debug, Clone)]
pub struct NewVenue {
    /// The venue.
    pub venue: Venue,
    /// Whose it is.
    pub organizer: OrganizerId,
    /// The time.
    pub now: Timestamp,
}

/// Where events take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venue {
    /// Its id.
    pub id: VenueId,
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// Its street address; may be empty.
    pub address: String,
    /// Where it is on the globe, if that is known.
    pub coordinates: Option<Coordinates>,
}

/// Asks to add a draft event.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Whose it is.
    pub organizer: OrganizerId,
    /// Where it takes place.
    pub venue: Venue,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// What sort of event it is.
    pub category: Option<EventCategory>,
    /// When it starts.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// The currency of its prices.
    pub currency: Currency,
    /// How long a reservation holds, in milliseconds.
    pub reservation_ms: u64,
    /// Its tiers.
    pub tiers: Vec<Tier>,
    /// What its gates go by.
    pub policy: Policy,
    /// How many units it will have.
    pub unit_count: u32,
    /// How many of them, the first ones, will be seats.
    pub seat_count: u32,
    /// Where its sections are drawn: all of them or none.
    pub places: Vec<PlacedSection>,
    /// The time.
    pub now: Timestamp,
}

/// A unit that is to be added.
#[derive(Debug, Clone)]
pub struct NewUnit {
    /// Its number.
    pub unit: Unit,
    /// Its tier.
    pub tier: TierId,
    /// Where it is, if it is a seat.
    pub seat: Option<Seat>,
}

/// Asks to add units to a draft.
#[derive(Debug, Clone)]
pub struct AddUnits {
    /// The draft.
    pub event: EventId,
    /// The units.
    pub units: Vec<NewUnit>,
}

/// Asks to change an event; what is `None` stays.
#[derive(Debug, Clone)]
pub struct EventChange {
    /// The event.
    pub event: EventId,
    /// Its new name.
    pub name: Option<String>,
    /// Its new description.
    pub description: Option<String>,
    /// What sort of event it is from now on.
    pub category: Option<EventCategory>,
    /// Its new start.
    pub starts_at: Option<Timestamp>,
    /// Its new end.
    pub ends_at: Option<Timestamp>,
    /// How long reservations made from now on hold, in milliseconds.
    pub reservation_ms: Option<u64>,
    /// New prices of tiers, in minor units; reservations keep theirs.
    pub prices: Vec<(TierId, i64)>,
    /// A new policy; the gates hear of it through the authority log.
    pub policy: Option<Policy>,
    /// How it is sold from now on.
    pub sale: Option<EventSale>,
    /// How tiers are sold from now on.
    pub tier_sales: Vec<(TierId, TierSale)>,
    /// How many units tiers of general admission shall have.
    pub capacities: Vec<(TierId, u32)>,
    /// The most units that an event may have.
    pub most_units: u32,
    /// The time.
    pub now: Timestamp,
}

impl EventChange {
    /// Returns a change that changes nothing.
    pub fn nothing(event: EventId, now: Timestamp) -> Self {
        Self {
            event,
            name: None,
            description: None,
            category: None,
            starts_at: None,
            ends_at: None,
            reservation_ms: None,
            prices: Vec::new(),
            policy: None,
            sale: None,
            tier_sales: Vec::new(),
            capacities: Vec::new(),
            most_units: u32::MAX,
            now,
        }
    }
}

/// What became of changing an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is changed.
    Changed,
    /// There is no such event.
    NotFound,
    /// Nothing has changed: a tier cannot have so many units.
    NotResized(TierId, ResizeRefusal),
}

/// Asks to move an event to another date.
#[derive(Debug, Clone, Copy)]
pub struct MoveEvent {
    /// The event.
    pub event: EventId,
    /// When it shall take place.
    pub to: Dates,
    /// Whether its buyers get letters.
    pub mails: bool,
    /// The time.
    pub now: Timestamp,
}

/// What became of moving an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveOutcome {
    /// It takes place then, now or before.
    Moved {
        /// Units that were held and not paid for, and are free again.
        freed: usize,
    },
    /// There is no such event.
    NotFound,
    /// It is canceled.
    Canceled,
}

/// Asks for tickets of an event that are valid.
#[derive(Debug, Clone, Copy)]
pub struct ValidTickets {
    /// The event.
    pub event: EventId,
    /// At most so many.
    pub limit: u32,
}

/// Asks to try refunds of an event again that the gateway has refused.
#[derive(Debug, Clone, Copy)]
pub struct RetryRefused {
    /// The event.
    pub event: EventId,
    /// At most so many.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
}

/// Asks to put a draft on sale.
#[derive(Debug, Clone, Copy)]
pub struct Publish {
    /// The draft.
    pub event: EventId,
    /// The time.
    pub now: Timestamp,
}

/// What became of publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOutcome {
    /// It is on sale, now or before.
    Published,
    /// Its units are not all there: making it was interrupted.
    Incomplete,
    /// There is no such event.
    NotFound,
}

/// Decides whether an event may be put on sale, of which so many units are there; `None` is no event.
///
/// # Errors
///
/// What it comes to instead; on sale is on sale, however often it is asked.
pub fn may_publish(event: Option<&Event>, units: u32) -> Result<(), PublishOutcome> {
    match event.map(|event| (event.status, event.unit_count == units)) {
        None => Err(PublishOutcome::NotFound),
        Some((EventStatus::Published, _)) => Err(PublishOutcome::Published),
        Some((EventStatus::Draft, false)) => Err(PublishOutcome::Incomplete),
        Some((EventStatus::Draft, true)) => Ok(()),
    }
}

/// What an event has sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSales {
    /// The counts of each tier.
    pub tiers: Vec<TierCount>,
    /// Confirmed bookings.
    pub bookings: u64,
    /// What they paid together, in minor units.
    pub revenue: i64,
}

/// Sets what one client may hold of an event without paying.
#[derive(Debug, Clone, Copy)]
pub struct SetBounds {
    pub event: EventId,
    pub bounds: OwnBounds,
    /// What challenges are signed with; a proof of work is asked for where there is one.
    pub proof_secret: Option<[u8; 32]>,
    pub of_buyers: OwnBuyerBounds,
}

/// Asks what an event has sold.
#[derive(Debug, Clone, Copy)]
pub struct SalesQuery {
    /// The event.
    pub event: EventId,
    /// The time.
    pub now: Timestamp,
}
