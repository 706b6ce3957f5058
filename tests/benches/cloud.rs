//! What the cloud takes to sell, to show and to tell hubs, on the release programs: `cargo bench -p usher-tests --bench cloud -- NAME` measures one row.

#[path = "cloud/bare.rs"]
mod bare;
#[path = "cloud/bookings.rs"]
mod bookings;
#[path = "cloud/engines.rs"]
mod engines;
#[path = "cloud/houses.rs"]
mod houses;
#[path = "cloud/hubs.rs"]
mod hubs;
#[path = "cloud/idle.rs"]
mod idle;
#[path = "cloud/listener.rs"]
mod listener;
#[path = "cloud/search.rs"]
mod search;
#[path = "cloud/seat_maps.rs"]
mod seat_maps;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use usher_tests::measure::{self, Table};

#[derive(Clone, Copy)]
enum What {
    Bookings,
    Engines,
    SeatMaps,
    Hubs,
    Houses,
    Idle,
    Search,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let Some(folder) = env::var_os(bare::FOLDER) {
        return bare::serve(&PathBuf::from(folder)).await;
    }
    let rows = vec![
        ("bookings", Duration::from_secs(20), What::Bookings),
        ("engines", Duration::from_secs(30), What::Engines),
        ("seat-maps", Duration::from_secs(20), What::SeatMaps),
        ("hubs", Duration::from_secs(60), What::Hubs),
        ("memory", Duration::from_secs(20), What::Houses),
        ("idle", Duration::from_secs(150), What::Idle),
        ("search", Duration::from_secs(200), What::Search),
    ];
    let mut table = Table::default();
    for (name, what) in measure::chosen(rows) {
        let rows = match what {
            What::Bookings => bookings::measure().await,
            What::Engines => engines::measure().await,
            What::SeatMaps => seat_maps::measure().await,
            What::Hubs => hubs::measure().await,
            What::Houses => houses::measure().await,
            What::Idle => idle::measure().await,
            What::Search => search::measure().await,
        };
        table.add_all(rows.with_context(|| format!("measuring {name}"))?);
    }
    measure::say(&table.to_string());
    Ok(())
}
