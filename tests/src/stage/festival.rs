//! The festival that demo and tests put on: seats, standing places and weekend passes, each tier with other rules.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// Seats: nobody is let in twice, whatever the network does.
pub const SEATED: u16 = 1;
/// Standing places: a cut-off gate goes on letting people in, and doubles are reported.
pub const STANDING: u16 = 2;
/// Weekend passes: in and out again.
pub const WEEKEND: u16 = 3;
/// The gate where hub A is.
pub const NORTH: u16 = 1;
/// The gate where hub B is.
pub const SOUTH: u16 = 2;

/// Seconds of a mean year.
const YEAR_SECONDS: u64 = 31_556_952;

/// How many places there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Rows of seats.
    pub rows: u32,
    pub seats_per_row: u32,
    pub standing: u32,
    /// Weekend passes.
    pub weekend: u32,
}

impl Places {
    /// Ten thousand.
    pub const FULL: Self = Self {
        rows: 50,
        seats_per_row: 40,
        standing: 6_000,
        weekend: 2_000,
    };
    /// Enough for a test.
    pub const FEW: Self = Self {
        rows: 10,
        seats_per_row: 20,
        standing: 300,
        weekend: 100,
    };

    /// Counts all of them.
    pub fn total(self) -> u32 {
        self.rows * self.seats_per_row + self.standing + self.weekend
    }
}

/// Returns what the organizer says of the venue.
pub fn venue() -> Value {
    json!({ "name": "Old Brewery", "city": "Leipzig", "address": "Brewery Lane 1" })
}

/// Returns what the organizer says of the festival; it is next year, whenever that is.
pub fn draft(venue_id: &str, places: Places) -> Value {
    let rows = (1..=places.rows).map(|row| json!({ "name": row.to_string(), "seats": places.seats_per_row }));
    let year = next_year();
    json!({
        "venue_id": venue_id,
        "name": "Night of the Owls",
        "description": "Two days of music between the copper kettles.",
        "starts_at": format!("{year}-08-01T14:00:00Z"),
        "ends_at": format!("{year}-08-03T02:00:00Z"),
        "currency": "EUR",
        "utc_offset_minutes": 120,
        "day_start_minutes": 360,
        "zones": [{ "id": 1, "name": "Arena" }],
        "gates": [
            { "id": NORTH, "name": "Gate North", "zone": 1 },
            { "id": SOUTH, "name": "Gate South", "zone": 1 },
        ],
        "tiers": [
            { "tier": SEATED, "name": "Seated", "price": 8900, "entry": "single", "offline": "strict" },
            { "tier": STANDING, "name": "Standing", "price": 5900, "entry": "single", "offline": "available" },
            { "tier": WEEKEND, "name": "Weekend pass", "price": 14900, "entry": "reentry", "offline": "strict" },
        ],
        "seat_map": { "sections": [{ "name": "Stalls", "tier": SEATED, "rows": rows.collect::<Vec<_>>() }] },
        "general_admission": [
            { "tier": STANDING, "quantity": places.standing },
            { "tier": WEEKEND, "quantity": places.weekend },
        ],
    })
}

fn next_year() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    1971 + since.as_secs() / YEAR_SECONDS
}
