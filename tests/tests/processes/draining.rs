//! Processes that are told to stop: nobody loses anything, and nothing but a reconnect is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::task::JoinSet;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING};
use usher_tests::stage::http::{Http, Reply};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::{Organizer, Role};
use usher_tests::stage::patience::{until, until_within};
use usher_tests::stage::process::Signal;
use usher_tests::stage::programs::Programs;
use usher_tests::stage::turnstile::Turnstile;

use crate::{PLACES, Pair};

/// Buyers that buy all the while.
const BUYERS: usize = 6;
/// More places than they can buy meanwhile.
const ENOUGH: Places = Places {
    standing: 20_000,
    ..PLACES
};
/// Tickets that are sold before a process is told to stop, and after it is back.
const SOLD_MEANWHILE: usize = 6;
/// How long requests are still taken after the order to stop, in the settings of the test.
const DRAINED_FOR: Duration = Duration::from_secs(2);
/// How long a hub may be without the cloud when its process is told to stop.
const MOVES_WITHIN: Duration = Duration::from_secs(2);
/// How long a program that is told to stop twice may take.
const ENDS_AT_ONCE: Duration = Duration::from_secs(3);
/// A payment that takes a second and a half: longer than the order to stop needs to be heard.
const SLOW_PAYMENT: &str = "tok_slow_1500";
/// A payment that takes longer than anybody waits here.
const ENDLESS_PAYMENT: &str = "tok_slow_15000";

/// What buyers have got so far, and whether they go on.
struct Market {
    here: Buyer,
    there: Buyer,
    is_over: AtomicBool,
    sold: std::sync::Mutex<Vec<Booking>>,
}

impl Market {
    fn sold(&self) -> usize {
        self.sold.lock().expect("no buyer panics").len()
    }

    /// Buys until the market is over, at the other process where one takes no connection.
    async fn keep_buying(self: Arc<Self>, nth: usize) -> anyhow::Result<()> {
        let mut turn = nth;
        while !self.is_over.load(Ordering::Relaxed) {
            turn += 1;
            let wish = Wish::Any {
                tier: STANDING,
                quantity: 1,
            };
            let Some(reserved) = taken(self.at(turn).reserve(&wish).await)? else {
                continue;
            };
            let id = reservation_id(&reserved.expect(201)?)?;
            let key = self.here.fresh_key();
            let booked = loop {
                match taken(self.at(turn).book(&id, "tok_ok", &key).await)? {
                    Some(booked) => break booked.expect(201)?,
                    None => turn += 1,
                }
            };
            self.sold.lock().expect("no buyer panics").push(booked.json()?);
        }
        Ok(())
    }

    fn at(&self, turn: usize) -> &Buyer {
        if turn.is_multiple_of(2) {
            &self.here
        } else {
            &self.there
        }
    }
}

/// Returns the answer, or nothing where nobody took the connection; a request that was taken has an answer.
fn taken(answer: anyhow::Result<Reply>) -> anyhow::Result<Option<Reply>> {
    match answer {
        Ok(reply) => Ok(Some(reply)),
        Err(error) => {
            let is_refused = error
                .chain()
                .filter_map(|cause| cause.downcast_ref::<reqwest::Error>())
                .any(reqwest::Error::is_connect);
            if is_refused { Ok(None) } else { Err(error) }
        }
    }
}

fn reservation_id(reserved: &Reply) -> anyhow::Result<String> {
    let reservation: Value = reserved.json()?;
    let id = reservation["reservation_id"].as_str();
    Ok(id.context("a reservation has an id")?.to_owned())
}

async fn hub_of(programs: &Programs, stage: &Stage, organizer: &Organizer) -> anyhow::Result<Hub> {
    let code = organizer.enrolment_code(Role::Hub, "north").await?;
    let setup = HubSetup {
        name: "north",
        dir: stage.path("north"),
        peers: Vec::new(),
    };
    Hub::enrol(programs, setup, &code).await
}

async fn says_that_it_drains(http: &Http) -> anyhow::Result<()> {
    until("/readyz to say that the server is draining", async || {
        let ready = http.get("/readyz").await?;
        let kind = ready.json::<Value>()?["type"] == "urn:usher:problem:draining";
        Ok((ready.status == 503 && kind).then_some(()))
    })
    .await
}

/// Has one ticket sold and shown at the gate.
async fn let_one_in(buyer: &Buyer, turnstile: &Turnstile) -> anyhow::Result<()> {
    let ticket = buyer.buy_one(SEATED).await?;
    let verdict = turnstile.scan(&ticket.payload).await?;
    ensure!(verdict.verdict == "admit", "{verdict:?}");
    Ok(())
}

/// Restarts a process while everybody goes on; the hub must be found at `next` meanwhile.
async fn restart(cloud: &mut Cloud, hub: &Hub, next: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    cloud.process.signal(Signal::Terminate)?;
    let linked = until_within(MOVES_WITHIN, "the hub to be linked elsewhere", async || {
        let dials = hub.status().await?.dials;
        let is_there = dials.iter().any(|dial| dial.is_linked && dial.address == next);
        Ok(is_there.then_some(()))
    });
    linked.await?;
    says_that_it_drains(&cloud.http).await?;
    let status = cloud.process.wait().await?;
    ensure!(status.success(), "it ended with {status}");
    ensure!(began.elapsed() >= DRAINED_FOR, "it served no longer");
    cloud.process.forget()?;
    cloud.start_again().await
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_restarted_one_by_one_and_nobody_loses_anything() -> anyhow::Result<()> {
    let mut pair = Pair::on_sale_with(
        ENOUGH,
        &format!("limits.drain_seconds = {}", DRAINED_FOR.as_secs()),
    )
    .await?;
    let addresses = [&pair.stage.cloud, &pair.other].map(|cloud| cloud.listening.uplink.to_string());
    let programs = pair.stage.programs.clone();
    let programs = programs.with("USHER_HUB__UPLINK", format!("{addresses:?}"));
    let hub = hub_of(&programs, &pair.stage, &pair.stage.organizer).await?;
    hub.linked_to(&addresses[0]).await?;
    let turnstile = hub.turnstile(NORTH).await?;
    let [here, there] = pair.buyers();
    let market = Arc::new(Market {
        here,
        there,
        is_over: AtomicBool::new(false),
        sold: Default::default(),
    });
    let mut buyers = JoinSet::new();
    for nth in 0..BUYERS {
        buyers.spawn(Arc::clone(&market).keep_buying(nth));
    }
    for is_first in [true, false] {
        let before = market.sold();
        until("some tickets to be sold", async || {
            ensure!(buyers.try_join_next().is_none(), "a buyer got no answer");
            Ok((market.sold() >= before + SOLD_MEANWHILE).then_some(()))
        })
        .await?;
        let (cloud, next) = if is_first {
            (&mut pair.stage.cloud, &addresses[1])
        } else {
            (&mut pair.other, &addresses[0])
        };
        restart(cloud, &hub, next).await?;
        let_one_in(if is_first { &market.here } else { &market.there }, &turnstile).await?;
    }
    let logged = hub.process.logged()?;
    ensure!(
        logged.matches("session opened").count() == 3,
        "it was linked more often than it had to be: {logged}"
    );
    market.is_over.store(true, Ordering::Relaxed);
    while let Some(bought) = buyers.join_next().await {
        bought??;
    }
    let sold = std::mem::take(&mut *market.sold.lock().expect("no buyer panics"));
    for ticket in sold.iter().flat_map(|booking| &booking.tickets) {
        let again = market.here.ticket(&ticket.ticket_id).await?;
        ensure!(again.payload == ticket.payload, "{ticket:?} is {again:?} now");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_process_ends_what_it_has_begun_and_its_hub_comes_back_to_it() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(PLACES).await?;
    let hub = hub_of(&stage.programs, &stage, &stage.organizer).await?;
    hub.linked_to("cloud").await?;
    let turnstile = hub.turnstile(NORTH).await?;
    let mut paying = pay_with(&stage.buyer(), SLOW_PAYMENT).await?;
    stage.cloud.process.stop().await?;
    let booked: Booking = answer_of(&mut paying).await?.expect(201)?.json()?;
    ensure!(
        turnstile.scan(&booked.tickets[0].payload).await?.verdict == "admit",
        "gates go on"
    );
    stage.cloud.start_again().await?;
    hub.linked_to("cloud").await?;
    let_one_in(&stage.buyer(), &turnstile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_told_twice_to_stop_ends_at_once() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(PLACES).await?;
    let mut paying = pay_with(&stage.buyer(), ENDLESS_PAYMENT).await?;
    stage.cloud.process.signal(Signal::Terminate)?;
    until("the order to be heard", async || {
        let logged = stage.cloud.process.logged()?;
        Ok(logged.contains("shutting down").then_some(()))
    })
    .await?;
    ensure!(stage.cloud.process.ended()?.is_none(), "it waits for the payment");
    stage.cloud.process.signal(Signal::Terminate)?;
    let ended = until_within(ENDS_AT_ONCE, "the end", async || stage.cloud.process.ended());
    let (status, _) = ended.await?;
    ensure!(!status.success(), "what is left open is no success");
    if let Ok(answer) = answer_of(&mut paying).await {
        bail!("nobody can have answered: {}", answer.text());
    }
    stage.cloud.process.forget()?;
    stage.cloud.start_again().await
}

async fn answer_of(paying: &mut JoinSet<anyhow::Result<Reply>>) -> anyhow::Result<Reply> {
    paying.join_next().await.context("somebody pays")??
}

/// Begins to pay for a seat, and returns once the payment runs.
pub async fn pay_with(buyer: &Buyer, token: &'static str) -> anyhow::Result<JoinSet<anyhow::Result<Reply>>> {
    let wish = Wish::Any {
        tier: SEATED,
        quantity: 1,
    };
    let reserved = buyer.reserve(&wish).await?.expect(201)?;
    let (id, payer) = (reservation_id(&reserved)?, buyer.clone());
    let (key, path) = (buyer.fresh_key(), format!("/v1/reservations/{id}"));
    let mut paying = JoinSet::new();
    paying.spawn(async move { payer.book(&id, token, &key).await });
    until("the payment to run", async || {
        let shown: Value = buyer.http.get(&path).await?.expect(200)?.json()?;
        Ok((shown["status"] == "paying").then_some(()))
    })
    .await?;
    Ok(paying)
}
