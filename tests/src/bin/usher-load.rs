//! Runs an evening's mixed load on the release programs beside it and prints what it measured.

use std::time::Duration;

use clap::Parser;
use usher_tests::load::{self, BOOKINGS, LONGEST, MAPS};
use usher_tests::measure::say;

/// Buyers, readers and people at the gates at a steady pace, on real programs.
#[derive(Parser)]
struct Args {
    /// For how many seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=LONGEST.as_secs()))]
    seconds: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let time = Duration::from_secs(Args::parse().seconds);
    say(&format!(
        "about {} s: {BOOKINGS} bookings and {MAPS} seat maps a second, everyone at a gate twice, with a cloud and two hubs",
        time.as_secs() + 15
    ));
    say(&load::evening(time).await?.to_string());
    Ok(())
}
