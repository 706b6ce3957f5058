//! Who works on a payment: whoever began it, whatever the clocks of others show, and once that process is dead another one.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::patience::{until, until_within};

use super::super::{PLACES, Pair};
use super::draining::pay_with;

/// How far a clock is ahead: a lease is long over by it, and what is held too.
const AHEAD: &str = "+60s";
const HOLDS: &str = "reservations.default_seconds = 45\n";
/// A payment that goes on while the process whose clock is ahead has looked for work a few times.
const SLOW_PAYMENT: &str = "tok_slow_12000";
/// How often to look who works on it, and how many looks at least there must have been.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS: u32 = 10;
/// One that outlives its process.
const ENDLESS_PAYMENT: &str = "tok_slow_60000";
/// How soon a process that dies is followed by another.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_clock_is_ahead_takes_nothing_that_another_has() -> anyhow::Result<()> {
    let pair = Pair::on_sale_with(PLACES, HOLDS).await?;
    let buyer = pair.stage.buyer();
    let mut paying = pay_with(&buyer, SLOW_PAYMENT).await?;
    let works = async || pair.told("SELECT encode(holder, 'hex') FROM jobs").await;
    let holder = works().await?;
    ensure!(holder.len() == 32, "one process works on one job: {holder}");
    let held = Wish::Seats(vec![7]);
    buyer.reserve(&held).await?.expect(201)?;
    let programs = pair.stage.programs.off_by(AHEAD)?;
    let ahead = Cloud::start(&programs, &pair.stage.path("ahead"), &pair.settings).await?;
    let there = buyer.at(&ahead.http);
    let mut looks = 0;
    loop {
        let other = works().await?;
        if other.is_empty() {
            break;
        }
        ensure!(other == holder, "{other} has taken what {holder} works on");
        there.reserve(&held).await?.expect(409)?;
        looks += 1;
        tokio::time::sleep(LOOK_EVERY).await;
    }
    ensure!(looks >= LOOKS, "only {looks} looks while the payment ran");
    let paid = paying.join_next().await.context("somebody pays")???;
    paid.expect(201)?;
    for (cloud, is_off) in [(&ahead, true), (&pair.stage.cloud, false), (&pair.other, false)] {
        let ready: Value = cloud.http.get("/readyz").await?.expect(200)?.json()?;
        let warnings = ready["warnings"].as_array().context("warnings")?;
        let mut said = warnings
            .iter()
            .filter(|warning| warning["code"] == "database_clock");
        let said = said.next().and_then(|warning| warning["detail"].as_str());
        let is_said = said.is_some_and(|detail| detail.contains(" s ahead of the database's"));
        ensure!(is_said == is_off, "{ready}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_is_followed_by_another_within_fifteen_seconds() -> anyhow::Result<()> {
    let mut pair = Pair::on_sale_with(PLACES, "payments.sandbox_crash = true\n").await?;
    let [_, there] = pair.buyers();
    let _unanswered = pay_with(&there, ENDLESS_PAYMENT).await?;
    // This one is charged; its process dies of it before it has written that down.
    let reservation = there.reserve(&Wish::Seats(vec![7])).await?.expect(201)?;
    let reservation: Value = reservation.json()?;
    let id = reservation["reservation_id"].as_str().context("an id")?;
    let answer = there.book(id, "tok_crash_after_charge", &there.fresh_key()).await;
    ensure!(answer.is_err(), "nobody can have answered");
    let died = Instant::now();
    until("the process to be dead", async || pair.other.process.ended()).await?;
    until_within(FOLLOWED_WITHIN, "both payments to have an end", async || {
        // Asking starts a program each time, beside the one that is watched.
        tokio::time::sleep(LOOK_EVERY).await;
        let open = pair
            .count("SELECT count(*) FROM bookings WHERE closed_at IS NULL")
            .await?;
        Ok((open == 0).then_some(()))
    })
    .await?;
    let took = died.elapsed();
    ensure!(took < FOLLOWED_WITHIN, "followed after {took:?}");
    // What was charged is confirmed, what was not gives its place back.
    let states = pair
        .told("SELECT string_agg(state, ' ' ORDER BY state) FROM bookings")
        .await?;
    ensure!(states == "canceled confirmed", "{states}");
    let tickets = pair.count("SELECT count(*) FROM tickets WHERE unit = 7").await?;
    ensure!(tickets == 1, "{tickets} tickets for what was charged");
    pair.other.process.forget()?;
    Ok(())
}
