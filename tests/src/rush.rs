//! A rush on the release programs: everybody comes at once for one event, most buy, some do not pay, some cheat; on SQLite, and on PostgreSQL
//! with two processes. At the end what buyers were told is held against what the cloud has written down.

mod buyer;
pub mod figures;
mod model;
pub mod plot;
mod reader;
pub mod report;
mod seats;
mod shop;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::measure::{Meter, flush_times, resident_kib};
use crate::stage::Stage;
use crate::stage::cloud::Cloud;
use crate::stage::festival::{self, Places};
use crate::stage::programs::Program;
use buyer::Doings;
use report::RushReport;
use shop::RushShop;

/// Buyers of the first part, which the second is compared with.
const FEW: usize = 64;
/// Of so many seats one is sold in the first part.
const FIRST_PART: usize = 8;
/// How long a reservation holds, in seconds: what is left unpaid comes back while the rush goes on.
const HOLD_SECONDS: u32 = 20;
const SEATS_PER_ROW: u32 = 100;

/// What a rush is like.
#[derive(Debug, Clone)]
pub struct RushPlan {
    /// The URL of a PostgreSQL database that two processes share; SQLite and one process without.
    pub database: Option<String>,
    /// Seats, a multiple of 100.
    pub seats: u32,
    pub buyers: usize,
    /// Reads a second, in every other turn.
    pub reads: u32,
    /// When it ends even if seats are left.
    pub longest: Duration,
}

/// The processes of a rush.
struct Venue {
    stage: Stage,
    other: Option<Cloud>,
}

impl Venue {
    async fn open(plan: &RushPlan, places: Places) -> anyhow::Result<Self> {
        let settings = plan.database.as_ref().map_or_else(String::new, |url| {
            format!("store.url = \"{url}\"\nkeys.master_key = \"{}\"", "0".repeat(64))
        });
        let mut stage = Stage::empty(&settings).await?;
        let drafted = stage.organizer.draft_as(|venue_id| {
            let mut draft = festival::draft(venue_id, places);
            draft["reservation_seconds"] = json!(HOLD_SECONDS);
            draft
        });
        drafted.await?;
        stage.organizer.sign_keys().await?;
        stage.organizer.publish().await?;
        let other = match plan.database {
            Some(_) => Some(Cloud::start(&stage.programs, &stage.path("other"), &settings).await?),
            None => None,
        };
        Ok(Self { stage, other })
    }

    fn clouds(&self) -> impl Iterator<Item = &Cloud> {
        std::iter::once(&self.stage.cloud).chain(&self.other)
    }

    fn pids(&self) -> anyhow::Result<Vec<u32>> {
        let each = self.clouds().map(|cloud| cloud.process.id().context("it runs"));
        each.collect()
    }

    /// Stops all, and has the store audited.
    async fn close(mut self) -> anyhow::Result<()> {
        if let Some(other) = &mut self.other {
            other.process.stop().await?;
        }
        self.stage.cloud.process.stop().await?;
        let config = self.stage.cloud.config().as_os_str();
        let audit = ["audit".as_ref(), "--config".as_ref(), config];
        self.stage.programs.run(Program::Cloud, &audit).await.map(drop)
    }
}

/// Lets everybody come.
///
/// # Errors
///
/// When something was answered wrongly, lost or sold twice.
pub async fn rush(plan: &RushPlan) -> anyhow::Result<RushReport> {
    let places = Places {
        rows: plan.seats / SEATS_PER_ROW,
        seats_per_row: SEATS_PER_ROW,
        standing: 10,
        weekend: 10,
    };
    let load_average = std::fs::read_to_string("/proc/loadavg")?;
    let venue = Venue::open(plan, places).await?;
    let flushes = flush_times(venue.stage.cloud.data_dir())?;
    let seats = usize::try_from(places.rows * places.seats_per_row)?;
    let processes = venue
        .clouds()
        .map(|cloud| cloud.listening.http)
        .collect::<Vec<_>>();
    let event = venue.stage.organizer.event.clone();
    let shop = RushShop::open(processes, event, seats, Instant::now() + plan.longest);
    let pids = venue.pids()?;
    let meters = pids
        .iter()
        .map(|pid| Meter::start(*pid))
        .collect::<Result<Vec<_>, _>>()?;
    let (shop, rates, doings) = sell_out(plan, shop).await?;
    let cpu = meters.iter().map(Meter::cpu).sum::<Result<Duration, _>>()?;
    let memory_kib = pids
        .iter()
        .map(|pid| resident_kib(*pid))
        .sum::<Result<u64, _>>()?;
    let processes = shop.processes.len();
    let (told, timeline) = shop.into_told();
    model::agree(&venue.stage.organizer, places, &told).await?;
    venue.close().await?;
    Ok(RushReport {
        engine: if plan.database.is_some() {
            "postgres"
        } else {
            "sqlite"
        },
        processes,
        seats,
        buyers: plan.buyers,
        bookings: told.bookings,
        tickets: told.tickets.len(),
        paid: told.paid,
        few_per_second: rates[0],
        many_per_second: rates[1],
        seconds: timeline.seconds(),
        nothing: doings.nothing,
        routes: doings.routes.figures(),
        cpu_us_per_booking: cpu.as_secs_f64() * 1e6 / told.bookings as f64,
        memory_mib: memory_kib / 1_024,
        flush_p99_ms: flushes.p99.as_secs_f64() * 1e3,
        load_average: load_average.trim().to_owned(),
    })
}

/// Sells to few buyers, then to all while others read; tells how many tickets were sold in a second of each part.
async fn sell_out(plan: &RushPlan, shop: RushShop) -> anyhow::Result<(RushShop, [f64; 2], Doings)> {
    let (seats, shop) = (shop.seats, Arc::new(shop));
    let (mut doings, few) = part(&shop, FEW, seats / FIRST_PART).await?;
    let (stop, mut readers) = (CancellationToken::new(), JoinSet::new());
    for number in 0..reader::CONNECTIONS {
        readers.spawn(reader::read(
            Arc::clone(&shop),
            (number, plan.reads),
            stop.clone(),
        ));
    }
    let (others, many) = part(&shop, plan.buyers, seats).await?;
    stop.cancel();
    doings.add(others);
    while let Some(read) = readers.join_next().await {
        doings.routes.add_all(read??);
    }
    let shop = Arc::into_inner(shop).context("nobody is in the shop any more")?;
    Ok((shop, [few, many], doings))
}

/// Sells until so many seats are sold; returns what buyers did, and how many tickets were sold in a second until the last that anybody could
/// have at once: those that were left unpaid come back later.
async fn part(shop: &Arc<RushShop>, buyers: usize, goal: usize) -> anyhow::Result<(Doings, f64)> {
    let (begun, before) = (Instant::now(), shop.sold());
    shop.sell_up_to(goal);
    let mut work = JoinSet::new();
    for number in 0..buyers {
        work.spawn(buyer::buy(Arc::clone(shop), number));
    }
    // What is unpaid at the end is at most a tenth.
    let most = before + (goal - before) * 9 / 10;
    let mut doings = Doings::default();
    let rate = loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Some(done) = work.try_join_next() {
            doings.add(done??);
        }
        if shop.sold() >= most || !shop.goes_on() {
            break (shop.sold() - before) as f64 / begun.elapsed().as_secs_f64();
        }
    };
    while let Some(done) = work.join_next().await {
        doings.add(done??);
    }
    ensure!(shop.sold() > before, "nothing was sold");
    Ok((doings, rate))
}
