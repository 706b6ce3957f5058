//! Several cloud processes on one PostgreSQL: whichever a buyer, an organizer or a hub speaks to, they are one cloud.

mod processes {
    mod beginning;
    pub mod canceling;
    pub mod draining;
    mod idle;
    mod leases;
    mod seats;
    mod waiting_room;
}

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING, WEEKEND};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::{Organizer, Role};
use usher_tests::stage::patience::{until, until_within};
use usher_tests::stage::programs::Program;

/// Buyers that buy at the same time.
const BUYERS: usize = 64;
/// Places to sell.
const PLACES: Places = Places {
    rows: 10,
    seats_per_row: 10,
    standing: 150,
    weekend: 50,
};
/// Places that are sold when a process is killed.
const SOLD_AT_THE_KILL: usize = 60;
/// How long another process may take to settle what a dead one left behind.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// How long the database hangs.
const HANGS_FOR: Duration = Duration::from_secs(6);
/// How long a revocation may take to a hub of another process, on a machine that does other things too.
const REACHES_HUBS_WITHIN: Duration = Duration::from_secs(2);

/// Two processes on one database, with one master key.
struct Pair {
    stage: Stage,
    other: Cloud,
    database: String,
    /// What both are set to.
    settings: String,
}

impl Pair {
    async fn on_sale() -> anyhow::Result<Self> {
        Self::on_sale_with(PLACES, "").await
    }

    /// The same with these places and more settings of both.
    async fn on_sale_with(places: Places, more: &str) -> anyhow::Result<Self> {
        let database = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
        let key = "0".repeat(64);
        let settings = format!("store.url = \"{database}\"\nkeys.master_key = \"{key}\"\n{more}");
        let stage = Stage::on_sale_with(places, &settings).await?;
        let other = Cloud::start(&stage.programs, &stage.path("other"), &settings).await?;
        Ok(Self {
            stage,
            other,
            database,
            settings,
        })
    }

    /// Returns one buyer at both processes.
    fn buyers(&self) -> [Buyer; 2] {
        let here = self.stage.buyer();
        let there = here.at(&self.other.http);
        [here, there]
    }

    /// Returns the organizer at the other process.
    fn organizer_there(&self) -> Organizer {
        let mut there = self.stage.organizer.clone();
        there.http = there.http.at(self.other.listening.http);
        there
    }

    /// Asks the database.
    async fn told(&self, sql: &str) -> anyhow::Result<String> {
        let (database, sql) = (self.database.clone(), sql.to_owned());
        let printed = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, &sql)).await?;
        Ok(printed.trim().to_owned())
    }

    /// The same, for a number.
    async fn count(&self, sql: &str) -> anyhow::Result<usize> {
        Ok(self.told(sql).await?.parse()?)
    }
}

/// Buys at both processes until nothing is left; gives what was answered. Whoever is asked may be dead, but refuses nothing else.
async fn buy_out(
    [here, there]: [Buyer; 2],
    nth: usize,
    sold: Arc<AtomicUsize>,
) -> anyhow::Result<Vec<Booking>> {
    let mut bookings = Vec::new();
    let mut tiers = vec![SEATED, STANDING, WEEKEND];
    let mut turn = nth;
    while !tiers.is_empty() {
        turn += 1;
        let buyer = if turn.is_multiple_of(2) { &here } else { &there };
        let tier = tiers[turn % tiers.len()];
        // No answer: the process was just killed.
        let Ok(reserved) = buyer.reserve(&Wish::Any { tier, quantity: 1 }).await else {
            continue;
        };
        if reserved.status == 409 {
            tiers.retain(|other| *other != tier);
            continue;
        }
        let reservation: Value = reserved.expect(201)?.json()?;
        let id = reservation["reservation_id"]
            .as_str()
            .context("a reservation has an id")?;
        let Ok(booked) = buyer.book(id, "tok_ok", &buyer.fresh_key()).await else {
            continue;
        };
        let booking: Booking = booked.expect(201)?.json()?;
        sold.fetch_add(booking.tickets.len(), Ordering::Relaxed);
        bookings.push(booking);
    }
    Ok(bookings)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_sell_an_event_dry_though_one_is_killed() -> anyhow::Result<()> {
    let mut pair = Pair::on_sale().await?;
    let sold = Arc::new(AtomicUsize::new(0));
    let mut buyers = JoinSet::new();
    for nth in 0..BUYERS {
        buyers.spawn(buy_out(pair.buyers(), nth, sold.clone()));
    }
    until("some places to be sold", async || {
        Ok((sold.load(Ordering::Relaxed) >= SOLD_AT_THE_KILL).then_some(()))
    })
    .await?;
    pair.other.process.kill9()?;
    pair.other.start_again().await?;
    let mut answered = Vec::new();
    while let Some(bought) = buyers.join_next().await {
        answered.extend(bought??);
    }

    until_within(SETTLED_WITHIN, "every payment to have an end", async || {
        let open = pair
            .count("SELECT count(*) FROM bookings WHERE state = 'paying'")
            .await?;
        Ok((open == 0).then_some(()))
    })
    .await?;
    // What nobody paid for at the dead process is free again.
    answered.extend(buy_out(pair.buyers(), 0, sold).await?);
    let mut by_unit = BTreeMap::new();
    let here = pair.stage.buyer();
    for ticket in answered.iter().flat_map(|booking| &booking.tickets) {
        let again = here.ticket(&ticket.ticket_id).await?;
        ensure!(again.payload == ticket.payload, "{ticket:?} is {again:?} now");
        let other = by_unit.insert(ticket.unit, &ticket.ticket_id);
        ensure!(other.is_none(), "unit {} was sold twice: {other:?}", ticket.unit);
    }
    let tickets = pair.count("SELECT count(*) FROM tickets").await?;
    // Who was not answered may have bought all the same.
    ensure!(
        by_unit.len() <= tickets,
        "{} answered, {tickets} sold",
        by_unit.len()
    );
    let held = pair
        .count("SELECT count(*) FROM units WHERE state = 'held'")
        .await?;
    ensure!(
        tickets + held == PLACES.total() as usize,
        "{tickets} sold, {held} held"
    );
    let confirmed = pair
        .count("SELECT count(*) FROM bookings WHERE state = 'confirmed'")
        .await?;
    let charged = pair
        .count("SELECT count(*) FROM charges WHERE state = 'charged'")
        .await?;
    ensure!(charged == confirmed, "{charged} charges for {confirmed} bookings");
    is_sound(&pair.stage).await
}

async fn is_sound(stage: &Stage) -> anyhow::Result<()> {
    let config = stage.cloud.config().as_os_str();
    let arguments = ["audit".as_ref(), "--config".as_ref(), config];
    let audited = stage.programs.run(Program::Cloud, &arguments).await?;
    ensure!(
        audited.ends_with("every page, log, ticket and booking is sound"),
        "{audited}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_at_one_process_is_heard_at_the_gates_of_the_other() -> anyhow::Result<()> {
    let pair = Pair::on_sale().await?;
    let there = pair.organizer_there();
    let code = there.enrolment_code(Role::Hub, "north").await?;
    let setup = HubSetup {
        name: "north",
        dir: pair.stage.path("north"),
        peers: Vec::new(),
    };
    let hub = Hub::enrol(&pair.stage.programs, setup, &code).await?;
    hub.linked_to("cloud").await?;
    let turnstile = hub.turnstile(NORTH).await?;
    // Sold here, the gate there opens; revoked here, it does not.
    let buyer = pair.stage.buyer();
    let (first, second) = (buyer.buy_one(SEATED).await?, buyer.buy_one(SEATED).await?);
    let request = json!({ "payload": second.payload, "gate": NORTH, "persons": 2 });
    ensure!(
        turnstile.scan(&first.payload).await?.verdict == "admit",
        "a good ticket"
    );
    pair.stage.organizer.revoke(&second.ticket_id).await?;
    until_within(REACHES_HUBS_WITHIN, "the hub to deny it", async || {
        let verdict: Value = turnstile.ask(&request).await?.expect(200)?.json()?;
        Ok((verdict["reason"] == "revoked").then_some(()))
    })
    .await?;
    for organizer in [&pair.stage.organizer, &there] {
        until("the hub to be shown as linked", async || {
            let devices = organizer.devices().await?.devices;
            Ok(devices.iter().any(|device| device.linked).then_some(()))
        })
        .await?;
    }
    // What came in there is told here.
    let unit = first.unit;
    until("the scan to be told", async || {
        let admitted = pair.stage.organizer.admitted_units().await?;
        Ok(admitted.contains(&unit).then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_database_hangs_says_so_soon_and_goes_on_afterwards() -> anyhow::Result<()> {
    let pair = Pair::on_sale().await?;
    let http = &pair.stage.cloud.http;
    let hang = format!(
        "BEGIN; LOCK TABLE events; SELECT pg_sleep({}); COMMIT",
        HANGS_FOR.as_secs()
    );
    let database = pair.database.clone();
    let hanging = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, &hang));
    let mut said_so = false;
    while !hanging.is_finished() {
        let begun = Instant::now();
        said_so |= http.get("/readyz").await?.status == 503;
        let took = begun.elapsed();
        ensure!(took < HANGS_FOR, "/readyz was answered after {took:?}");
    }
    hanging.await?;
    ensure!(said_so, "/readyz never said that the database is away");
    ensure!(http.get("/readyz").await?.status == 200, "it is ready again");
    pair.stage.buyer().buy_one(STANDING).await?;
    Ok(())
}
