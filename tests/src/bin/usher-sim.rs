//! Runs the simulation: one seed with a trace, or many seeds in a row; stops at the first broken promise with a non-zero exit code.

use std::io::Write;

use clap::Parser;
use usher_tests::sim::{self, Shape};

/// Plays a simulated event under faults, seed by seed, and checks the promises after every step.
#[derive(Parser)]
struct Args {
    /// Plays this one seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Plays so many seeds.
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first seed of many.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Virtual seconds under faults.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Hubs.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    hubs: u8,
    /// Scanners.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=100))]
    scanners: u8,
    /// Prints every step.
    #[arg(long)]
    trace: bool,
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let shape = Shape {
        hubs: args.hubs.into(),
        scanners: args.scanners.into(),
        chaos_ms: args.seconds * 1000,
        trace: args.trace,
        ..Shape::default()
    };
    let seeds = args
        .seed
        .map_or(args.from..args.from + args.seeds, |seed| seed..seed + 1);
    let mut out = std::io::stdout().lock();
    for seed in seeds {
        let outcome = sim::run(seed, shape);
        writeln!(
            out,
            "seed {seed}: {} steps, {} let in, {} refused, {} incidents",
            outcome.steps, outcome.admitted, outcome.refused, outcome.incidents
        )?;
    }
    Ok(())
}
