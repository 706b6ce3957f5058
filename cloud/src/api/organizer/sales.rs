//! What an event has sold, as its organizer sees it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::Event;
use crate::store::organizing::EventSales;

/// What an event has sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct SalesView {
    /// Confirmed bookings.
    pub bookings: u64,
    /// What they paid together, in minor units of the currency.
    pub revenue: i64,
    /// The currency.
    pub currency: String,
    /// The figures of each tier.
    pub tiers: Vec<TierSalesView>,
}

/// What a tier has sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierSalesView {
    /// The tier.
    pub tier: u16,
    /// Its name.
    pub name: String,
    /// Its price, before what comes on top of it.
    pub price: i64,
    /// Free units.
    pub available: u32,
    /// Units that buyers hold and have not paid for.
    pub held: u32,
    /// Units that are set aside.
    pub blocked: u32,
    /// Sold units.
    pub booked: u32,
}

impl SalesView {
    /// Returns the view of what an event has sold.
    pub fn of(event: &Event, sales: &EventSales) -> Self {
        let tiers = sales.tiers.iter().filter_map(|count| {
            let tier = event.tier(count.tier)?;
            Some(TierSalesView {
                tier: tier.id.0,
                name: tier.name.clone(),
                price: tier.price,
                available: count.available,
                held: count.held,
                blocked: count.blocked,
                booked: count.booked,
            })
        });
        Self {
            bookings: sales.bookings,
            revenue: sales.revenue,
            currency: event.currency.code().to_owned(),
            tiers: tiers.collect(),
        }
    }
}
