//! What hubs take at the gate, on the release programs: `cargo bench -p usher-tests --bench hub -- NAME` measures one row.

#[path = "hub/admissions.rs"]
mod admissions;
#[path = "hub/crowd.rs"]
mod crowd;
#[path = "hub/load.rs"]
mod load;
#[path = "hub/show.rs"]
mod show;

use std::time::Duration;

use anyhow::Context;
use usher_tests::measure::{self, Table};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rows = vec![("admissions", Duration::from_secs(20), ())];
    let mut table = Table::default();
    for (name, ()) in measure::chosen(rows) {
        admissions::measure(&mut table)
            .await
            .with_context(|| format!("measuring {name}"))?;
    }
    measure::say(&table.to_string());
    Ok(())
}
