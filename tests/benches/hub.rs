//! What hubs take at the gate, on the release programs: `cargo bench -p usher-tests --bench hub -- NAME` measures one row.

#[path = "hub/admissions.rs"]
mod admissions;
#[path = "hub/asking.rs"]
mod asking;
#[path = "hub/crowd.rs"]
mod crowd;
#[path = "hub/fresh.rs"]
mod fresh;
#[path = "hub/healing.rs"]
mod healing;
#[path = "hub/load.rs"]
mod load;
#[path = "hub/show.rs"]
mod show;
#[path = "hub/stand.rs"]
mod stand;
#[path = "hub/turnstiles.rs"]
mod turnstiles;
#[path = "hub/wire.rs"]
mod wire;

use std::time::Duration;

use anyhow::Context;
use usher_tests::measure::{self, Table};

/// What can be measured.
#[derive(Debug, Clone, Copy)]
enum Measure {
    Admissions,
    Turnstiles,
    Asking,
    Healing,
    Fresh,
}

impl Measure {
    async fn run(self, table: &mut Table) -> anyhow::Result<()> {
        match self {
            Self::Admissions => admissions::measure(table).await,
            Self::Turnstiles => turnstiles::measure(table).await,
            Self::Asking => asking::measure(table).await,
            Self::Healing => healing::measure(table).await,
            Self::Fresh => fresh::measure(table).await,
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rows = vec![
        ("admissions", Duration::from_secs(15), Measure::Admissions),
        ("turnstiles", Duration::from_secs(5), Measure::Turnstiles),
        ("asking", Duration::from_secs(10), Measure::Asking),
        ("healing", Duration::from_secs(10), Measure::Healing),
        ("fresh", Duration::from_secs(20), Measure::Fresh),
    ];
    for (name, row) in measure::chosen(rows) {
        let mut table = Table::default();
        row.run(&mut table)
            .await
            .with_context(|| format!("measuring {name}"))?;
        measure::say(&format!("\n{name}\n{table}"));
    }
    Ok(())
}
