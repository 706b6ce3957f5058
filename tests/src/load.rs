//! An evening on the release programs: people buy, look at the seat map and go through the gates of two hubs while tickets are revoked, all at a
//! steady pace; at the end everything that was answered is held against what the programs have written down.

mod doors;
pub mod keepalive;
mod sales;
pub mod till;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::measure::{Latencies, Meter, Row, Table, flush_times, resident_kib};
use crate::stage::Stage;
use crate::stage::festival::Places;
use crate::stage::patience::{PATIENCE, until_within};
use crate::stage::process::Process;
use crate::stage::programs::Program;
use crate::stage::venue::Venue;

/// Bookings in a second.
pub const BOOKINGS: u32 = 200;
/// Seat maps that are read in a second.
pub const MAPS: u32 = 200;
/// Every so many tickets, one is revoked before anyone comes with it.
const REVOKED: usize = 100;
/// The longest evening: with it, all scans still fit what the organizer can list.
pub const LONGEST: Duration = Duration::from_secs(240);
/// Tickets whose people are on their way to the gates; when there are more, buyers wait.
const ON_THE_WAY: usize = 1_000;

/// What people have come to, and how long they waited for it.
#[derive(Debug, Default)]
struct Tally {
    latencies: Latencies,
    units: Vec<u32>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latencies.add_all(other.latencies);
        self.units.extend(other.units);
    }

    fn row(&mut self, what: &str, time: Duration) -> Row {
        let per_second = self.latencies.count() as f64 / time.as_secs_f64();
        Row::told(what, format!("{per_second:.0}/s, {}", self.latencies.summary()))
    }
}

/// Puts the evening on, for so long.
///
/// # Errors
///
/// When something was answered wrongly, lost or doubled.
pub async fn evening(time: Duration) -> anyhow::Result<Table> {
    ensure!(time <= LONGEST, "an evening has {} s at most", LONGEST.as_secs());
    let seconds = u32::try_from(time.as_secs())?;
    let mut stage = Stage::on_sale(Places {
        rows: 100,
        seats_per_row: 100,
        standing: BOOKINGS * (seconds + 10),
        weekend: 10,
    })
    .await?;
    let mut venue = Venue::open(&stage).await?;
    let flushes = flush_times(stage.cloud.data_dir())?;
    let machines = [
        Machine::start(&stage.cloud.process)?,
        Machine::start(&venue.north.process)?,
        Machine::start(&venue.south.process)?,
        Machine::load()?,
    ];
    let mut told = people(&stage, &venue, time).await?;
    let mut table = Table::default();
    table.add(told.booked.row("bookings", time));
    table.add(told.read.row("seat maps read", time));
    table.add(told.admitted.row("admissions", time));
    table.add(told.refused.row("second tries, refused", time));
    table.add(told.revoked.row("revocations", time));
    table.add(Row::told("disk", flushes.to_string()));
    for machine in machines {
        table.add(machine.row()?);
    }
    table.add(agree(&stage, &venue, &told).await?);
    stage.cloud.process.stop().await?;
    let config = stage.cloud.config().as_os_str();
    let audit = ["audit".as_ref(), "--config".as_ref(), config];
    stage.programs.run(Program::Cloud, &audit).await?;
    for hub in [&mut venue.north, &mut venue.south] {
        hub.process.stop().await?;
        hub.command(&["audit"]).await?;
    }
    table.add(Row::told("audits", "cloud and both hubs are sound"));
    Ok(table)
}

/// What everyone has come to.
#[derive(Debug, Default)]
struct LoadTotals {
    booked: Tally,
    read: Tally,
    admitted: Tally,
    refused: Tally,
    revoked: Tally,
}

/// Lets everyone do what they came for until the time is over and the last one is through.
async fn people(stage: &Stage, venue: &Venue, time: Duration) -> anyhow::Result<LoadTotals> {
    let until = Instant::now() + time;
    let (sold, coming) = mpsc::channel(ON_THE_WAY);
    let (doomed, to_revoke) = mpsc::channel(ON_THE_WAY);
    let mut work = JoinSet::new();
    for number in 0..sales::BUYERS {
        work.spawn(sales::buy(sales::Buying {
            cloud: stage.cloud.listening.http,
            event: stage.organizer.event.clone(),
            number,
            until,
            sold: sold.clone(),
            doomed: doomed.clone(),
        }));
    }
    for number in 0..sales::READERS {
        let (cloud, event) = (stage.cloud.listening.http, stage.organizer.event.clone());
        work.spawn(sales::read(cloud, event, (number, until)));
    }
    drop((sold, doomed));
    let gates = doors::Gates::open(venue).await?;
    let coming = Arc::new(Mutex::new(coming));
    for _ in 0..doors::LANES {
        work.spawn(doors::pass(gates.clone(), Arc::clone(&coming)));
    }
    work.spawn(doors::revoke(gates, stage.organizer.clone(), to_revoke));
    let mut told = LoadTotals::default();
    while let Some(done) = work.join_next().await {
        let done = done??;
        told.booked.add(done.booked);
        told.read.add(done.read);
        told.admitted.add(done.admitted);
        told.refused.add(done.refused);
        told.revoked.add(done.revoked);
    }
    Ok(told)
}

/// Holds what people were told against what the cloud has heard of the hubs.
async fn agree(stage: &Stage, venue: &Venue, told: &LoadTotals) -> anyhow::Result<Row> {
    let distinct: BTreeSet<u32> = told.booked.units.iter().copied().collect();
    let bookings = told.booked.units.len();
    ensure!(
        distinct.len() == bookings,
        "{bookings} bookings of {} units",
        distinct.len()
    );
    venue.settled(stage).await?;
    let admitted: BTreeSet<u32> = told.admitted.units.iter().copied().collect();
    until_within(PATIENCE, "the cloud to have every admission", async || {
        let heard = stage.organizer.admitted_units().await?;
        Ok((heard == admitted).then_some(()))
    })
    .await?;
    let incidents = stage.organizer.incidents().await?;
    ensure!(incidents.is_empty(), "incidents: {incidents:?}");
    let (admitted, revoked) = (admitted.len(), told.revoked.units.len());
    ensure!(
        admitted + revoked == bookings,
        "{admitted} admitted and {revoked} revoked of {bookings}"
    );
    Ok(Row::told(
        "lost or doubled",
        format!("none: {bookings} sold, {admitted} admitted once, {revoked} revoked and refused"),
    ))
}

/// A process that is looked at.
struct Machine {
    name: String,
    pid: u32,
    meter: Meter,
}

impl Machine {
    fn start(process: &Process) -> anyhow::Result<Self> {
        let pid = process.id().context("it runs")?;
        Ok(Self {
            name: process.name().to_owned(),
            pid,
            meter: Meter::start(pid)?,
        })
    }

    /// This very process.
    fn load() -> anyhow::Result<Self> {
        Ok(Self {
            name: "the load itself".to_owned(),
            pid: std::process::id(),
            meter: Meter::own()?,
        })
    }

    fn row(&self) -> anyhow::Result<Row> {
        let share = self.meter.cpu()?.as_secs_f64() / self.meter.elapsed().as_secs_f64() * 1e2;
        let memory = resident_kib(self.pid)? / 1_024;
        Ok(Row::told(
            &self.name,
            format!("{share:.0} % of a core, {memory} MB"),
        ))
    }
}
