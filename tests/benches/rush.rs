//! Everybody comes at once for one event, on SQLite and on PostgreSQL with two processes: `cargo bench -p usher-tests --bench rush -- --seats 50000`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use usher_tests::measure::say;
use usher_tests::rush::report::RushReport;
use usher_tests::rush::{RushPlan, plot, rush};

/// Buyers who look, pick, pay, leave or cheat, until everything is sold; then a model is held against what is written down.
#[derive(Parser)]
struct Args {
    /// Where the event is kept.
    #[arg(long, value_enum, default_value_t = Engines::Both)]
    engine: Engines,
    /// Seats of the event, a multiple of 100.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1_000..=100_000))]
    seats: u32,
    /// Buyers at once.
    #[arg(long, default_value_t = 500)]
    buyers: usize,
    /// Reads a second beside them, in every other turn of four seconds.
    #[arg(long, default_value_t = 2_000)]
    reads: u32,
    /// Seconds after which a rush ends even if seats are left.
    #[arg(long, default_value_t = 600)]
    longest: u64,
    /// A folder for the report, as JSON and as a picture.
    #[arg(long)]
    report: Option<PathBuf>,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Where an event is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engines {
    /// A SQLite file, one process.
    Sqlite,
    /// PostgreSQL, two processes.
    Postgres,
    /// One after the other.
    Both,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    say(&format!(
        "{} buyers for {} seats, {} reads a second beside them: one to ten minutes for each engine",
        args.buyers, args.seats, args.reads
    ));
    for (engine, is_shared) in [(Engines::Sqlite, false), (Engines::Postgres, true)] {
        if args.engine != engine && args.engine != Engines::Both {
            continue;
        }
        let database = if is_shared {
            Some(tokio::task::spawn_blocking(usher_test_postgres::new_durable_database).await?)
        } else {
            None
        };
        let plan = RushPlan {
            database,
            seats: args.seats,
            buyers: args.buyers,
            reads: args.reads,
            longest: Duration::from_secs(args.longest),
        };
        let report = rush(&plan).await?;
        say(&report.table().to_string());
        if let Some(folder) = &args.report {
            write(folder, &report)?;
        }
    }
    Ok(())
}

fn write(folder: &Path, report: &RushReport) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let title = format!(
        "{} seats, {} buyers at once, {} × {}",
        report.seats, report.buyers, report.processes, report.engine
    );
    for (ending, text) in [
        ("json", serde_json::to_string_pretty(report)? + "\n"),
        ("svg", plot::svg(&title, &report.seconds)),
    ] {
        let file = folder
            .join(format!("rush-{}", report.engine))
            .with_extension(ending);
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        say(&file.display().to_string());
    }
    Ok(())
}
