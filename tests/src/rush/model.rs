//! What must be true after a rush, held against what the cloud says: a model on a page.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde::Deserialize;
use usher_keys::{SignedBundle, Timestamp};
use usher_protocol::ticket::Keyring;

use super::shop::RushTold;
use crate::stage::festival::Places;
use crate::stage::organizer::Organizer;

#[derive(Debug, Deserialize)]
struct Figures {
    sales: Sales,
}

#[derive(Debug, Deserialize)]
struct Sales {
    bookings: usize,
    revenue: i64,
    tiers: Vec<TierCount>,
}

#[derive(Debug, Deserialize)]
struct TierCount {
    available: u32,
    held: u32,
    blocked: u32,
    booked: u32,
}

/// Holds what buyers were told against the organizer's figures, and every ticket against the event's keys.
///
/// # Errors
///
/// What does not agree.
pub async fn agree(organizer: &Organizer, places: Places, told: &RushTold) -> anyhow::Result<()> {
    let path = format!("/v1/organizer/events/{}", organizer.event);
    let figures: Figures = organizer.http.get(&path).await?.expect(200)?.json()?;
    let sales = figures.sales;
    let count = |of: fn(&TierCount) -> u32| sales.tiers.iter().map(of).sum::<u32>();
    let booked = count(|tier| tier.booked);
    let all = booked + count(|tier| tier.available) + count(|tier| tier.held) + count(|tier| tier.blocked);
    ensure!(
        all == places.total(),
        "sold, free, held and blocked are {all} of {}",
        places.total()
    );
    ensure!(
        booked as usize == told.tickets.len(),
        "{booked} units are booked, buyers have {} tickets",
        told.tickets.len()
    );
    ensure!(
        (sales.bookings, sales.revenue) == (told.bookings, told.paid),
        "the cloud has {} bookings and {}, buyers {} and {}",
        sales.bookings,
        sales.revenue,
        told.bookings,
        told.paid
    );
    opens_gates(organizer, told).await
}

async fn opens_gates(organizer: &Organizer, told: &RushTold) -> anyhow::Result<()> {
    let path = format!("/v1/events/{}/keys", organizer.event);
    let signed: SignedBundle = organizer.http.get(&path).await?.expect(200)?.json()?;
    let keyring = Keyring::new(&signed.unverified()?);
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp(u64::try_from(since.as_millis())?);
    for (unit, ticket) in &told.tickets {
        let verified = keyring
            .verify_text(ticket.payload.as_bytes(), now)
            .map_err(|rejection| anyhow::anyhow!("{rejection:?}"))
            .with_context(|| format!("the ticket of unit {unit} opens no gate"))?;
        ensure!(
            verified.ticket().unit.0 == *unit,
            "a ticket of {unit} is for another unit"
        );
    }
    Ok(())
}
