//! Buyers who reserve and pay over HTTP as fast as the cloud answers, by themselves and while others read the seat map, then all want the last seats.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use usher_tests::load::keepalive::{KeptOpen, get};
use usher_tests::load::till::Till;
use usher_tests::measure::{
    Latencies, Meter, Row, SignatureTimes, flush_times, resident_kib, signature_times,
};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::programs::Program;

/// Buyers at once.
const BUYERS: u16 = 64;
/// Bookings before anything is measured.
pub const WARM_UP: u32 = 1_000;
/// Bookings of each kind that are measured.
pub const MEASURED: u32 = 8_000;
/// What a booking may take of the cloud's processor, in raw strict verifications.
const MOST_VERIFICATIONS: f64 = 7.0;
/// Seats that everyone wants at the end.
const LAST_SEATS: u32 = 200;
/// Readers of the seat map in a rush.
const READERS: u32 = 64;
/// How long each of them looks at it before it asks again.
const LOOKING: Duration = Duration::from_millis(250);
/// More than are sold.
pub const PLACES: Places = Places {
    rows: 200,
    seats_per_row: 100,
    standing: 10_000,
    weekend: 10,
};
const SEATS: u32 = PLACES.rows * PLACES.seats_per_row;
/// How far apart the seats are that are wanted one after the other: shares no divisor with their number, so that the
/// walk comes past every one once.
const STRIDE: u32 = 7_919;

/// What buyers want.
#[derive(Debug, Clone, Copy)]
pub enum Wish {
    /// A seat nobody else asks for, far from the one before.
    OwnSeat,
    /// Any standing place.
    Standing,
    /// Each of the last seats, as everyone does.
    LastSeats,
}

/// Where buyers go.
pub struct Shop {
    address: SocketAddr,
    event: String,
    /// How many bookings are still to be made.
    left: AtomicU32,
    /// How many seats of the walk were asked for.
    seats: AtomicU32,
    /// How many idempotency keys were used.
    keys: AtomicU32,
}

/// What buyers have come to.
#[derive(Default)]
pub struct Sold {
    units: Vec<u32>,
    refused: u32,
    /// How long each reservation took.
    pub reserving: Latencies,
    /// How long each booking took.
    pub booking: Latencies,
}

/// Measures it.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let mut stage = Stage::on_sale(PLACES).await?;
    let shop = Arc::new(Shop::of(&stage));
    let (mut rows, mut units, mut alone) = (Vec::new(), Vec::new(), 0.0);
    units.extend(sell(&shop, Wish::OwnSeat, WARM_UP).await?.units);
    for (name, wish) in [("seats", Wish::OwnSeat), ("standing places", Wish::Standing)] {
        let (flushes, before) = (flush_times(stage.cloud.data_dir())?, signature_times()?);
        let (mut sold, cost) = measured(&stage, sell(&shop, wish, MEASURED)).await?;
        let signatures = before.mean(signature_times()?);
        rows.extend(cost.rows(name, signatures));
        let each = Duration::from_secs_f64(cost.each(cost.cpu) / 1e6);
        rows.push(Row::beside(
            "the signature of its ticket, by CPU",
            (each, signatures.signing),
        ));
        let waited = sold.reserving.percentile(50.0) + sold.booking.percentile(50.0);
        rows.push(Row::beside(
            "four fsyncs, reserving and booking",
            (waited, 4 * flushes.median),
        ));
        alone = cost.per_second();
        rows.push(Row::told("  reserving", sold.reserving.summary()));
        rows.push(Row::told("  booking", sold.booking.summary()));
        rows.push(Row::told("  disk", flushes.to_string()));
        units.extend(sold.units);
    }
    let (sold, figures) = rush(&stage, &shop, alone).await?;
    rows.extend(figures);
    units.extend(sold.units);
    let fought = sell(&shop, Wish::LastSeats, u32::MAX).await?;
    ensure!(
        fought.units.len() == LAST_SEATS as usize,
        "{} of the last {LAST_SEATS} seats were sold",
        fought.units.len()
    );
    units.extend(fought.units);
    rows.push(audit(&mut stage, &units).await?);
    let refused = fought.refused;
    rows.push(Row::told(
        "  refused",
        format!("{refused} times one of the last {LAST_SEATS} seats"),
    ));
    Ok(rows)
}

/// Makes sure that no unit was sold twice: by what buyers were told, and by what the cloud has written down.
async fn audit(stage: &mut Stage, units: &[u32]) -> anyhow::Result<Row> {
    let distinct: BTreeSet<u32> = units.iter().copied().collect();
    ensure!(
        distinct.len() == units.len(),
        "{} bookings of {} units",
        units.len(),
        distinct.len()
    );
    stage.cloud.process.stop().await?;
    let config = stage.cloud.config().as_os_str();
    let audit = ["audit".as_ref(), "--config".as_ref(), config];
    let begun = Instant::now();
    stage.programs.run(Program::Cloud, &audit).await?;
    let took = begun.elapsed().as_secs_f64();
    let sold = units.len();
    Ok(Row::told(
        "double sales",
        format!("none in {sold} bookings; the audit took {took:.1} s"),
    ))
}

/// Sells seats while others read the map; so many were sold in a second before, when nobody read it.
async fn rush(stage: &Stage, shop: &Arc<Shop>, alone: f64) -> anyhow::Result<(Sold, Vec<Row>)> {
    let (stop, mut readers) = (CancellationToken::new(), JoinSet::new());
    for _ in 0..READERS {
        readers.spawn(read(Arc::clone(shop), stop.clone()));
    }
    let (sold, cost) = measured(stage, sell(shop, Wish::OwnSeat, MEASURED)).await?;
    stop.cancel();
    let mut reading = Latencies::default();
    while let Some(read) = readers.join_next().await {
        reading.add_all(read??);
    }
    let per_second = reading.count() as f64 / cost.took.as_secs_f64();
    let told = format!(
        "{:.0}/s, {:.0} µs CPU each",
        cost.per_second(),
        cost.each(cost.cpu)
    );
    let reading = format!("{per_second:.0}/s, {}", reading.summary());
    let share = cost.per_second() / alone;
    let rows = vec![
        Row::told(format!("bookings while {READERS} others read the map"), told),
        Row::told("  share of those that nobody disturbs", format!("{share:.2}")),
        Row::told("  reading", reading),
    ];
    Ok((sold, rows))
}

async fn read(shop: Arc<Shop>, stop: CancellationToken) -> anyhow::Result<Latencies> {
    let request = get(
        &format!("/v1/events/{}/seats", shop.event),
        "accept-encoding: gzip\r\n",
    );
    let mut line = KeptOpen::connect(shop.address).await?;
    let mut latencies = Latencies::default();
    loop {
        let begun = Instant::now();
        let answer = line.exchange(&request).await?;
        ensure!(
            answer.status == 200,
            "a seat map is answered with {}",
            answer.status
        );
        latencies.add(begun.elapsed());
        if stop.run_until_cancelled(sleep(LOOKING)).await.is_none() {
            return Ok(latencies);
        }
    }
}

/// What a round of selling cost.
pub struct Cost {
    count: usize,
    /// The cloud's CPU.
    pub cpu: Duration,
    own: Duration,
    took: Duration,
    resident_kib: u64,
}

/// Takes down what a round of selling costs the cloud.
pub async fn measured(
    stage: &Stage,
    selling: impl Future<Output = anyhow::Result<Sold>>,
) -> anyhow::Result<(Sold, Cost)> {
    let pid = stage.cloud.process.id().context("the cloud runs")?;
    let (meter, own) = (Meter::start(pid)?, Meter::own()?);
    let sold = selling.await?;
    let cost = Cost {
        count: sold.units.len(),
        cpu: meter.cpu()?,
        own: own.cpu()?,
        took: meter.elapsed(),
        resident_kib: resident_kib(pid)?,
    };
    Ok((sold, cost))
}

impl Cost {
    /// Returns how much of it each booking took, in microseconds.
    pub fn each(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.count as f64
    }

    /// Returns how many were made in a second.
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }

    fn rows(&self, name: &str, signatures: SignatureTimes) -> Vec<Row> {
        let (each_us, rate) = (self.each(self.cpu), self.per_second());
        let times = signatures.verifications(Duration::from_secs_f64(each_us / 1e6));
        let what = format!("cloud CPU per booking, {name}");
        let cpu = Row::at_most(what, (each_us, 600.0), "µs").at_most_times(
            "a raw strict verification of the same minute",
            (times, MOST_VERIFICATIONS),
        );
        let what = format!("bookings with {BUYERS} buyers, {name}");
        let bookings = Row::at_least(what, (rate, 1_000.0), "/s").beside(
            "raw strict verifications on every core",
            (Duration::from_secs_f64(1.0 / rate), signatures.on_every_core()),
        );
        let told = [
            Row::told("  load CPU per booking", format!("{:.0} µs", self.each(self.own))),
            Row::told("  cloud memory", format!("{} MB", self.resident_kib / 1_024)),
        ];
        cpu.into_iter().chain(bookings).chain(told).collect()
    }
}

/// Lets all buyers buy side by side until so many bookings are made or nothing is left.
pub async fn sell(shop: &Arc<Shop>, wish: Wish, bookings: u32) -> anyhow::Result<Sold> {
    shop.left.store(bookings, Ordering::Relaxed);
    let mut buyers = JoinSet::new();
    for buyer in 0..BUYERS {
        let shop = Arc::clone(shop);
        buyers.spawn(async move { shop.buy(buyer, wish).await });
    }
    let mut all = Sold::default();
    while let Some(sold) = buyers.join_next().await {
        let sold = sold??;
        all.units.extend(sold.units);
        all.refused += sold.refused;
        all.reserving.add_all(sold.reserving);
        all.booking.add_all(sold.booking);
    }
    Ok(all)
}

impl Shop {
    /// The one of a stage.
    pub fn of(stage: &Stage) -> Self {
        Self {
            address: stage.cloud.listening.http,
            event: stage.organizer.event.clone(),
            left: AtomicU32::new(0),
            seats: AtomicU32::new(0),
            keys: AtomicU32::new(0),
        }
    }

    /// Buys one thing after the other.
    async fn buy(&self, buyer: u16, wish: Wish) -> anyhow::Result<Sold> {
        let mut till = Till::open(self.address, &self.event, buyer).await?;
        let mut sold = Sold::default();
        let mut last_seats = 0..LAST_SEATS;
        while self.is_wanted() {
            let claim = match wish {
                Wish::OwnSeat => seat(self.seats.fetch_add(1, Ordering::Relaxed)),
                Wish::Standing => format!("\"tiers\":[{{\"tier\":{STANDING},\"quantity\":1}}]"),
                Wish::LastSeats => match last_seats.next() {
                    Some(back) => seat(SEATS - 1 - back),
                    None => break,
                },
            };
            let begun = Instant::now();
            let Some(reservation) = till.reserve(&claim).await? else {
                sold.refused += 1;
                continue;
            };
            sold.reserving.add(begun.elapsed());
            let key = self.keys.fetch_add(1, Ordering::Relaxed);
            let begun = Instant::now();
            let tickets = till.book(&reservation, &format!("bench-{key}")).await?;
            sold.booking.add(begun.elapsed());
            sold.units.extend(tickets.iter().map(|ticket| ticket.unit));
        }
        Ok(sold)
    }

    /// Takes one of the bookings that are still to be made.
    fn is_wanted(&self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok()
    }
}

/// Returns the claim on a seat of the walk.
fn seat(step: u32) -> String {
    let seat = u64::from(step) * u64::from(STRIDE) % u64::from(SEATS);
    format!("\"seat_ids\":[{seat}]")
}
