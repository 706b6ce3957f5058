//! The body of a seat map: its JSON form, its compressed form and the tag that names it.

use std::io::Write;

use axum::body::Bytes;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::{Event, Layout, Occupancy};
use crate::moment::Moment;
use crate::selling::sale::SaleStatus;

/// How hard to compress: at 4 a map of 10,000 seats takes a few milliseconds and is hardly bigger than at 9.
const COMPRESSION: Compression = Compression::new(4);

/// The seats of an event and how full its tiers are.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatsView<'a> {
    /// The event.
    #[schema(example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: String,
    /// `on_sale`; `paused`: nothing is sold now; `over`: nothing of the event is sold any more; `canceled`: it does not take place; `not_yet`: its sale is to begin; or `stopped`: its organizer sells no more of it now.
    #[schema(example = "on_sale")]
    pub status: &'static str,
    /// When the event starts.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// Currency of all prices.
    #[schema(value_type = String, example = "EUR")]
    pub currency: &'a str,
    /// Every seat. Slots of general admission are not listed: they are counted in `tiers`.
    pub seats: Vec<SeatView<'a>>,
    /// How many units of each tier are free, seats and general admission together.
    pub tiers: Vec<TierCountView<'a>>,
}

/// One seat.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatView<'a> {
    /// The seat's unit: what `seat_ids` of a reservation names.
    pub seat_id: u32,
    /// Its section.
    #[schema(value_type = String)]
    pub section: &'a str,
    /// Its row.
    #[schema(value_type = String)]
    pub row: &'a str,
    /// Its number in the row.
    #[schema(value_type = String)]
    pub number: &'a str,
    /// Its tier.
    pub tier: u16,
    /// `available`, `held` or `booked`.
    #[schema(example = "available")]
    pub status: &'static str,
    /// Its price in minor units of the currency.
    pub price: i64,
}

/// How full a tier is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TierCountView<'a> {
    /// The tier.
    pub tier: u16,
    /// Its name.
    #[schema(value_type = String)]
    pub name: &'a str,
    /// Price of a unit in minor units of the currency.
    pub price: i64,
    /// Free units.
    pub available: u32,
    /// Units that someone has a claim on.
    pub held: u32,
    /// Sold units.
    pub booked: u32,
}

/// Returns the JSON body and the same gzipped.
pub fn bytes(
    event: &Event,
    layout: &Layout,
    (occupancy, status): (&Occupancy, SaleStatus),
) -> (Bytes, Bytes) {
    let body =
        serde_json::to_vec(&view(event, layout, (occupancy, status))).expect("the view has string keys only");
    let gzip = gzipped(&body);
    // Kept for long: without the room it grew into.
    (body.into_boxed_slice().into(), gzip)
}

/// Compresses what is kept for long.
pub fn gzipped(body: &[u8]) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::with_capacity(body.len() / 8), COMPRESSION);
    gzip.write_all(body).expect("writing to memory succeeds");
    let gzip = gzip.finish().expect("writing to memory succeeds");
    gzip.into_boxed_slice().into()
}

/// Names a body. Weak, because the compressed form goes by the same name.
pub fn etag(body: &[u8]) -> String {
    format!("W/\"{}\"", HEXLOWER.encode(&blake3::hash(body).as_bytes()[..16]))
}

fn view<'a>(
    event: &'a Event,
    layout: &'a Layout,
    (occupancy, status): (&Occupancy, SaleStatus),
) -> SeatsView<'a> {
    let price = |id| event.tier(id).map_or(0, |tier| tier.charged().price);
    let seats = layout
        .seats
        .iter()
        .zip(&occupancy.seats)
        .map(|(place, status)| SeatView {
            seat_id: place.unit.0,
            section: &place.section,
            row: &place.row,
            number: &place.number,
            tier: place.tier.0,
            status: status.word(),
            price: price(place.tier),
        });
    let tiers = occupancy.tiers.iter().filter_map(|count| {
        let tier = event.tier(count.tier)?;
        Some(TierCountView {
            tier: tier.id.0,
            name: &tier.name,
            price: tier.charged().price,
            available: count.available,
            held: count.taken(),
            booked: count.booked,
        })
    });
    SeatsView {
        event_id: event.id.to_string(),
        status: status.word(),
        starts_at: Moment(event.starts_at),
        currency: event.currency.code(),
        seats: seats.collect(),
        tiers: tiers.collect(),
    }
}
