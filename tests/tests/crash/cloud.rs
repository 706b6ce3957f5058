//! The cloud killed while it sells.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::festival::{Places, SEATED, STANDING};
use usher_tests::stage::http::Reply;
use usher_tests::stage::patience::until;

/// How often the cloud is killed.
const ROUNDS: Rounds = Rounds { suite: 15, soak: 300 };
/// What an audit says when nothing is wrong.
const SOUND: &str = "every page, log, ticket and booking is sound";
/// Buyers at once.
const BUYERS: u64 = 6;
/// From one booking of a buyer to the next: there are tickets for all rounds.
const NEXT_BUYER: Duration = Duration::from_millis(100);
/// Longest time from one life of the cloud to its end, in milliseconds.
const LONGEST_LIFE_MS: u64 = 300;
/// How payments go: at once, slowly, and with an answer that gets lost.
const CARDS: [&str; 4] = ["tok_ok", "tok_ok", "tok_slow_15", "tok_lost_reply"];

#[tokio::test]
async fn no_booking_that_was_answered_is_lost_and_no_unit_is_sold_twice_when_the_cloud_is_killed()
-> anyhow::Result<()> {
    let effort = Effort::of("a cloud killed", 20_261_121, ROUNDS);
    LocalSet::new().run_until(kill_while_selling(effort, "")).await
}

#[tokio::test]
async fn nor_when_a_cloud_on_postgres_is_killed() -> anyhow::Result<()> {
    let effort = Effort::of("a cloud on PostgreSQL killed", 20_261_129, ROUNDS);
    let database = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let settings = format!("store.url = \"{database}\"");
    LocalSet::new()
        .run_until(kill_while_selling(effort, &settings))
        .await
}

async fn kill_while_selling(Effort { seed, rounds }: Effort, settings: &str) -> anyhow::Result<()> {
    let mut stage = Stage::on_sale_with(Places::FULL, settings).await?;
    let mut random = Random::new(seed);
    let (stop, stopped) = watch::channel(false);
    let mut buyers = JoinSet::new();
    for _ in 0..BUYERS {
        buyers.spawn_local(keep_buying(
            stage.buyer(),
            Random::new(random.bits()),
            stopped.clone(),
        ));
    }
    for _ in 0..rounds {
        let life = Duration::from_millis(random.between(20, LONGEST_LIFE_MS));
        tokio::time::sleep(life).await;
        stage.cloud.process.kill9()?;
        let audited = stage.cloud.audit().await?;
        ensure!(audited.ends_with(SOUND), "seed {seed}: {audited}");
        stage.cloud.start_again().await?;
    }
    stop.send(true)?;
    let mut answered = Vec::new();
    while let Some(bookings) = buyers.join_next().await {
        answered.extend(bookings??);
    }
    ensure!(
        answered.len() > 20,
        "seed {seed}: only {} bookings: the test proves little",
        answered.len()
    );
    each_is_still_there(&stage, &answered).await?;
    nothing_was_sold_twice(&answered)?;
    the_books_add_up(&stage, &answered).await
}

/// Buys until told to stop, and gives every booking that was answered. A request without an answer is repeated with
/// its key until it has one.
async fn keep_buying(
    buyer: Buyer,
    mut random: Random,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Vec<Booking>> {
    let mut bookings = Vec::new();
    while !*stopped.borrow() {
        let tier = if random.percent(50) { SEATED } else { STANDING };
        let wish = Wish::Any { tier, quantity: 1 };
        let card = CARDS[random.index(CARDS.len())];
        // A reservation whose answer is lost runs out by itself.
        let Ok(reserved) = buyer.reserve(&wish).await else {
            continue;
        };
        if reserved.status != 201 {
            tokio::time::sleep(NEXT_BUYER).await;
            continue;
        }
        let reservation: Value = reserved.json()?;
        let reservation = reservation["reservation_id"]
            .as_str()
            .context("a reservation has an id")?;
        let booked = insist(&buyer, reservation, card).await?;
        bookings.push(booked.expect(201)?.json()?);
        tokio::time::sleep(NEXT_BUYER).await;
    }
    Ok(bookings)
}

/// Repeats a booking until it has an outcome.
async fn insist(buyer: &Buyer, reservation: &str, card: &str) -> anyhow::Result<Reply> {
    let key = buyer.fresh_key();
    until("a booking to have an outcome", async || {
        let reply = buyer.book(reservation, card, &key).await?;
        Ok((reply.status != 503).then_some(reply))
    })
    .await
}

async fn each_is_still_there(stage: &Stage, answered: &[Booking]) -> anyhow::Result<()> {
    for booking in answered {
        let path = format!("/v1/bookings/{}", booking.booking_id);
        let kept: Booking = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
        assert_eq!(kept, *booking);
    }
    Ok(())
}

fn nothing_was_sold_twice(answered: &[Booking]) -> anyhow::Result<()> {
    let mut units = BTreeSet::new();
    for ticket in answered.iter().flat_map(|booking| &booking.tickets) {
        ensure!(
            units.insert(ticket.unit),
            "unit {} is in two bookings",
            ticket.unit
        );
    }
    Ok(())
}

/// Compares the organizer's figures with what buyers were told: every booking and its money, no more and no less.
async fn the_books_add_up(stage: &Stage, answered: &[Booking]) -> anyhow::Result<()> {
    let event: Value = stage
        .organizer
        .http
        .get(stage.organizer.path("").trim_end_matches('/'))
        .await?
        .expect(200)?
        .json()?;
    let sales = &event["sales"];
    assert_eq!(sales["bookings"], answered.len());
    let paid: i64 = answered.iter().map(|booking| booking.amount).sum();
    assert_eq!(sales["revenue"], paid);
    Ok(())
}
