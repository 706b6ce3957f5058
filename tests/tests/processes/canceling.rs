//! An event that is canceled at one of two processes, which is killed in the middle of its refunds: the other one goes on with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::{Organizer, Role};
use usher_tests::stage::patience::{until, until_within};

use crate::{Pair, is_sound};

/// Bookings of one ticket each.
const BOOKINGS: usize = 400;
/// Buyers that buy at the same time.
const BUYERS: usize = 32;
/// Refunds that buyers have when the process is killed.
const GIVEN_AT_THE_KILL: usize = 40;
/// How long the other process may take to find out and to give all the rest back.
const DONE_WITHIN: Duration = Duration::from_secs(60);
/// How long until a gate has heard that a ticket is void.
const REACHES_HUBS_WITHIN: Duration = Duration::from_secs(5);
const PLACES: Places = Places {
    rows: 1,
    seats_per_row: 1,
    standing: 500,
    weekend: 1,
};

async fn hub(pair: &Pair) -> anyhow::Result<Hub> {
    let code = pair.stage.organizer.enrolment_code(Role::Hub, "north").await?;
    let setup = HubSetup {
        name: "north",
        dir: pair.stage.path("north"),
        peers: Vec::new(),
    };
    Hub::enrol(&pair.stage.programs, setup, &code).await
}

async fn sell(pair: &Pair) -> anyhow::Result<Vec<BoughtTicket>> {
    let sold = Arc::new(AtomicUsize::new(0));
    let mut buyers = JoinSet::new();
    for _ in 0..BUYERS {
        let (buyer, sold) = (pair.stage.buyer(), Arc::clone(&sold));
        buyers.spawn(async move {
            let mut tickets = Vec::new();
            while sold.fetch_add(1, Ordering::Relaxed) < BOOKINGS {
                tickets.push(buyer.buy_one(STANDING).await?);
            }
            anyhow::Ok(tickets)
        });
    }
    let tickets: anyhow::Result<Vec<_>> = buyers.join_all().await.into_iter().collect();
    Ok(tickets?.into_iter().flatten().collect())
}

async fn progress(organizer: &Organizer) -> anyhow::Result<Value> {
    let path = format!("/v1/organizer/events/{}/cancellation", organizer.event);
    organizer.http.get(&path).await?.expect(200)?.json()
}

async fn given(pair: &Pair) -> anyhow::Result<usize> {
    pair.count("SELECT count(*) FROM refunds WHERE state = 'given'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_their_money_once_though_the_process_that_gives_it_is_killed() -> anyhow::Result<()> {
    let mut pair = Pair::on_sale_with(PLACES, "").await?;
    let hub = hub(&pair).await?;
    let turnstile = hub.turnstile(NORTH).await?;
    let tickets = sell(&pair).await?;
    let there = pair.organizer_there();
    let path = format!("/v1/organizer/events/{}/cancellation", there.event);
    there
        .http
        .post(&path, &json!({ "apply": true }))
        .await?
        .expect(202)?;
    // From that answer on nothing is sold, whichever process is asked.
    let refused = pair
        .stage
        .buyer()
        .reserve(&Wish::Any {
            tier: STANDING,
            quantity: 1,
        })
        .await?;
    ensure!(refused.status == 409, "sold after all: {}", refused.text());
    until("some refunds", async || {
        Ok((given(&pair).await? >= GIVEN_AT_THE_KILL).then_some(()))
    })
    .await?;
    pair.other.process.kill9()?;
    let at_the_kill = given(&pair).await?;
    ensure!(at_the_kill < BOOKINGS, "killed too late: all had been given back");

    let here = pair.stage.organizer.clone();
    until_within(DONE_WITHIN, "everybody to have their money", async || {
        Ok((progress(&here).await?["status"] == "done").then_some(()))
    })
    .await?;
    let refunds = pair.count("SELECT count(*) FROM refunds").await?;
    ensure!(
        refunds == BOOKINGS && given(&pair).await? == BOOKINGS,
        "{refunds} refunds"
    );
    let kept = "SELECT count(*) FROM charges WHERE amount IS DISTINCT FROM
                    (SELECT sum(amount) FROM charge_refunds WHERE charge_refunds.reference = charges.reference)";
    ensure!(
        pair.count(kept).await? == 0,
        "some got too much or too little back"
    );
    let last = tickets.last().context("tickets were sold")?;
    let request = json!({ "payload": last.payload, "gate": NORTH, "persons": 1 });
    until_within(REACHES_HUBS_WITHIN, "the hub to deny it", async || {
        let verdict: Value = turnstile.ask(&request).await?.expect(200)?.json()?;
        Ok((verdict["reason"] == "revoked").then_some(()))
    })
    .await?;
    is_sound(&pair.stage).await
}
