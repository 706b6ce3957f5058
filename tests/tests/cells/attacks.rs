//! Somebody who wrote none of it tries to break what is promised of many processes and cells: by racing, by repeating, by mixing ids up,
//! and by another tenant's key.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::festival::STANDING;
use usher_tests::stage::http::Reply;
use usher_tests::stage::patience::{PATIENCE, until};

use crate::{Pair, SOUND, says};

/// Requests at the same moment.
const AT_ONCE: usize = 24;
/// How long whoever has no answer waits before asking again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
const ONE: Wish = Wish::Any {
    tier: STANDING,
    quantity: 1,
};

pub(super) async fn count(database: &str, sql: &str) -> anyhow::Result<usize> {
    let (database, sql) = (database.to_owned(), sql.to_owned());
    let printed = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, &sql)).await?;
    Ok(printed.trim().parse()?)
}

pub(super) async fn reservation(buyer: &Buyer) -> anyhow::Result<String> {
    let held: Value = buyer.reserve(&ONE).await?.expect(201)?.json()?;
    Ok(held["reservation_id"].as_str().context("an id")?.to_owned())
}

/// Asks until there is an answer: whoever comes while it is being paid is told to come again.
async fn insist(buyer: &Buyer, held: &str, key: &str) -> anyhow::Result<Reply> {
    let asking = async {
        loop {
            let reply = buyer.book(held, "tok_slow_250", key).await?;
            if reply.status < 500 && ![202, 409].contains(&reply.status) {
                return anyhow::Ok(reply);
            }
            sleep(AGAIN_AFTER).await;
        }
    };
    timeout(PATIENCE, asking).await.context("no answer to who pays")?
}

/// There are as many charges as bookings, and nothing else is wrong.
pub(super) async fn money_is_where_tickets_are(pair: &Pair) -> anyhow::Result<()> {
    let charged = count(&pair.home, "SELECT count(*) FROM charges WHERE state = 'charged'").await?;
    let mut confirmed = 0;
    for place in [&pair.home, &pair.north] {
        confirmed += count(place, "SELECT count(*) FROM bookings WHERE state = 'confirmed'").await?;
    }
    ensure!(charged == confirmed, "{charged} charges for {confirmed} bookings");
    let audit = pair.stage.cloud.audit().await?;
    ensure!(audit.contains(SOUND), "{audit}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_that_is_sent_to_both_processes_at_once_pays_once() -> anyhow::Result<()> {
    let pair = Pair::start().await?;
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    let event = pair.put_on_sale("Owls of the north").await?;
    let clouds = pair.buyers(&event);
    let (held, key) = (reservation(&clouds[0]).await?, clouds[0].fresh_key());
    let mut asking = JoinSet::new();
    for nth in 0..AT_ONCE {
        let (buyer, held, key) = (clouds[nth % 2].clone(), held.clone(), key.clone());
        asking.spawn(async move { insist(&buyer, &held, &key).await });
    }
    let mut ids = Vec::new();
    while let Some(answer) = asking.join_next().await {
        let reply = answer??;
        ensure!(
            [200, 201].contains(&reply.status),
            "{}: {}",
            reply.status,
            reply.text()
        );
        ids.push(reply.json::<Booking>()?.booking_id);
    }
    ids.dedup();
    ensure!(ids.len() == 1, "{ids:?}");
    // Another key for what is paid, at the other process: nothing is paid twice.
    let again = clouds[1].book(&held, "tok_ok", &clouds[1].fresh_key()).await?;
    ensure!(again.status == 409, "{}: {}", again.status, again.text());
    money_is_where_tickets_are(&pair).await
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_that_race_at_both_processes_give_no_more_back_than_was_paid() -> anyhow::Result<()> {
    let pair = Pair::start().await?;
    let event = pair.put_on_sale("Owls at home").await?;
    let buyer = pair.buyer(&pair.stage.cloud, &event);
    let paid = buyer.buy(&ONE).await?;
    let path = event.path(&format!("bookings/{}/refunds", paid.booking_id));
    let organizers = [event.http.clone(), event.http.at(pair.other.listening.http)];
    let mut asking = JoinSet::new();
    for nth in 0..AT_ONCE {
        let (http, path) = (organizers[nth % 2].clone(), path.clone());
        // More than a third each: two fit.
        let wish = json!({ "idempotency_key": format!("part {nth}"), "amount": paid.amount * 2 / 5 });
        asking.spawn(async move { anyhow::Ok(http.post(&path, &wish).await?.status) });
    }
    for status in asking.join_all().await {
        let status = status?;
        ensure!(status < 500, "{status}");
    }
    until("every refund to have an end", async || {
        let open = count(&pair.home, "SELECT count(*) FROM refunds WHERE closed_at IS NULL").await?;
        Ok((open == 0).then_some(()))
    })
    .await?;
    let given = "SELECT coalesce(sum(amount), 0) FROM charge_refunds";
    let given = count(&pair.home, given).await?;
    ensure!(
        given > 0 && given as i64 <= paid.amount,
        "{given} of {}",
        paid.amount
    );
    money_is_where_tickets_are(&pair).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_cell_and_another_tenants_key_open_nothing() -> anyhow::Result<()> {
    let pair = Pair::start().await?;
    let at_home = pair.put_on_sale("Owls at home").await?;
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    let in_north = pair.put_on_sale("Owls of the north").await?;
    let bought = pair.buyer(&pair.other, &in_north).buy(&ONE).await?;
    let held = reservation(&pair.buyer(&pair.other, &in_north)).await?;
    let key = pair.stage.cloud.organizer_key("Strangers").await?;
    for cloud in [&pair.stage.cloud, &pair.other] {
        let stranger = cloud.http.with_token(key.clone());
        let ticket = &bought.tickets[0].ticket_id;
        for path in [
            in_north.path(""),
            in_north.path("bookings"),
            in_north.path(&format!("bookings/{}", bought.booking_id)),
            in_north.path("devices"),
            in_north.path("receipts"),
        ] {
            let reply = stranger.get(path.trim_end_matches('/')).await?;
            ensure!(reply.status == 404, "{path}: {} {}", reply.status, reply.text());
        }
        // A tenant's own event, and what is of another one: both ids are good, and not together.
        let owner = in_north.http.at(cloud.listening.http);
        for path in [
            at_home.path(&format!("bookings/{}", bought.booking_id)),
            at_home.path(&format!("tickets/{ticket}")),
        ] {
            let reply = owner.get(&path).await?;
            ensure!(reply.status == 404, "{path}: {} {}", reply.status, reply.text());
        }
        let revoked = at_home.path(&format!("tickets/{ticket}/revoke"));
        let reply = owner.post(&revoked, &json!({})).await?;
        ensure!(reply.status == 404, "{} {}", reply.status, reply.text());
        // An id names its event: with that of another cell before it, it leads nowhere.
        let mixed = mix(&held, &reservation(&pair.buyer(cloud, &at_home)).await?);
        let reply = cloud.http.get(&format!("/v1/reservations/{mixed}")).await?;
        ensure!(reply.status == 404, "{mixed}: {} {}", reply.status, reply.text());
    }
    let kept = pair
        .buyer(&pair.other, &in_north)
        .ticket(&bought.tickets[0].ticket_id)
        .await?;
    ensure!(kept.status == "valid", "{kept:?}");
    Ok(())
}

/// Puts the event of one id before the secret of another: 128 bits are 26 characters.
fn mix(event_of: &str, secret_of: &str) -> String {
    let secret_begins = event_of.find('_').map_or(0, |prefix| prefix + 1) + 26;
    format!("{}{}", &event_of[..secret_begins], &secret_of[secret_begins..])
}
