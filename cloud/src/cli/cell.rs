//! The cells of a store, in words for whoever looks after the server: which there are, and letting one take new events.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Subcommand;
use usher_keys::EventId;

use crate::store::Store;
use crate::store::cells::directory::{NewCell, NewCellOutcome, Place};
use crate::store::location::CellName;

/// What to do with cells.
#[derive(Debug, Subcommand)]
pub enum CellOrder {
    /// List the cells of [cells] in the settings and how many events the directory has in each.
    List {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
    },
    /// Let a cell of [cells] in the settings take new events; its database must be empty. Every server must know it before that.
    Add {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
        /// The name of the cell.
        name: CellName,
    },
    /// Move an event with all that belongs to it to another cell, or home, while the servers run: for some seconds nobody can use it. One that was
    /// interrupted goes on when it is said again.
    Move {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
        /// The event.
        event: EventId,
        /// The cell it goes to; `home` is the one that [store] names.
        #[arg(long, required_unless_present = "undo")]
        to: Option<Place>,
        /// Call a move off that has not ended: the event stays where it is.
        #[arg(long)]
        undo: bool,
    },
}

impl CellOrder {
    /// Does it.
    ///
    /// # Errors
    ///
    /// What keeps it from being done.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List { config } => list(&config).await,
            Self::Add { config, name } => add(&config, name).await,
            Self::Move {
                config,
                event,
                to,
                undo,
            } => move_event(&config, event, to.filter(|_| !undo)).await,
        }
    }
}

async fn list(config: &Path) -> anyhow::Result<()> {
    let places = super::store_places(config)?;
    let home = Store::open(&places.home)
        .await
        .with_context(|| format!("opening {}", places.home))?;
    let lines = home.cell_lines(()).await?;
    home.close().await;
    let events: BTreeMap<_, _> = lines.into_iter().map(|line| (line.name, line.events)).collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "home: {}", places.home)?;
    for (name, location) in &places.cells {
        match events.get(name) {
            Some(events) => writeln!(out, "{name}: {location}, {events} events")?,
            None => writeln!(
                out,
                "{name}: {location}, takes no events before usher-cloud cell add {name}"
            )?,
        }
    }
    for name in events.keys().filter(|name| !places.cells.contains_key(name)) {
        writeln!(out, "{name}: MISSING in [cells]; no server starts without it")?;
    }
    Ok(())
}

async fn add(config: &Path, name: CellName) -> anyhow::Result<()> {
    let places = super::store_places(config)?;
    let Some(location) = places.cells.get(&name) else {
        bail!("[cells] in the settings names no {name}: add it there, at every server, and start them again")
    };
    let open = async |location| {
        let opened = Store::open(location).await;
        opened.with_context(|| format!("opening {location}"))
    };
    let (home, cell) = (open(&places.home).await?, open(location).await?);
    let new = NewCell { name };
    match cell.become_cell(new.clone()).await? {
        NewCellOutcome::Cell => {}
        NewCellOutcome::Used => bail!("{location} is not empty: a cell begins with a new database"),
    }
    home.add_cell(new.clone()).await?;
    cell.close().await;
    home.close().await;
    writeln!(
        std::io::stdout(),
        "{} takes new events from now on: {location}",
        new.name
    )?;
    Ok(())
}

/// Moves an event, or calls its move off where no cell is named.
async fn move_event(config: &Path, event: EventId, to: Option<Place>) -> anyhow::Result<()> {
    let places = super::store_places(config)?;
    let store = Store::open_places(&places)
        .await
        .with_context(|| format!("opening {}", places.home))?;
    let begun = Instant::now();
    let mut out = std::io::stdout();
    match to {
        None => {
            store.stay_in_cell(event).await?;
            writeln!(out, "{event} stays where it is")?;
        }
        Some(to) => {
            for table in store.move_event_to(event, &to).await? {
                writeln!(out, "{}: {} rows", table.table, table.rows)?;
            }
            let paused = begun.elapsed().as_secs_f32();
            writeln!(
                out,
                "{event} is in {to}, compared row by row; nobody could use it for about {paused:.1} s"
            )?;
        }
    }
    store.close().await;
    Ok(())
}
