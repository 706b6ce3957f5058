//! A cell that goes away while servers run: its events are away and no others, everybody is told, and it comes back by itself.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::Value;
use usher_tests::stage::buyer::{Buyer, Wish};
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::festival::STANDING;
use usher_tests::stage::organizer::Organizer;
use usher_tests::stage::patience::until_within;

use super::cable::Cable;
use crate::{Pair, says};

/// Within which time a server says that a cell is away, and that it is back: its connections to it have to be given up first.
const SAID_WITHIN: Duration = Duration::from_secs(30);
/// How long a purchase of another event may take meanwhile, on a machine that does other things too.
const NOT_HELD_UP: Duration = Duration::from_secs(10);

/// Asks for all keys; gives how many there are, and which cells are said to be away.
async fn keys_of_all(cloud: &Cloud) -> anyhow::Result<(usize, Option<String>)> {
    let url = format!("{}/.well-known/jwks.json", cloud.http.base());
    let reply = reqwest::get(url).await?.error_for_status()?;
    let away = reply.headers().get("usher-cells-away");
    let away = away.map(|away| away.to_str().map(str::to_owned)).transpose()?;
    let keys: Value = serde_json::from_slice(&reply.bytes().await?)?;
    Ok((keys["keys"].as_array().map_or(0, Vec::len), away))
}

/// Tells whether a server says that cells are away, and which.
async fn says_away(cloud: &Cloud) -> anyhow::Result<Option<String>> {
    let ready: Value = cloud.http.get("/readyz").await?.expect(200)?.json()?;
    let warnings = ready["warnings"].as_array().cloned().unwrap_or_default();
    let away = warnings.iter().find(|warning| warning["code"] == "cells_away");
    Ok(away.map(|warning| warning["detail"].to_string()))
}

async fn status(buyer: &Buyer) -> anyhow::Result<(u16, String)> {
    let wish = Wish::Any {
        tier: STANDING,
        quantity: 1,
    };
    let reply = buyer.reserve(&wish).await?;
    Ok((reply.status, reply.text()))
}

/// A process that starts while the cell is away serves the other events.
async fn starts_meanwhile(pair: &Pair, [at_home, in_north]: [&Organizer; 2]) -> anyhow::Result<Cloud> {
    let fresh = pair.one_more("fresh").await?;
    pair.buyer(&fresh, at_home).buy_one(STANDING).await?;
    let said = says_away(&fresh).await?;
    ensure!(
        said.is_some_and(|said| said.contains("north")),
        "/readyz names no cell"
    );
    let (refused, text) = status(&pair.buyer(&fresh, in_north)).await?;
    ensure!(
        refused == 503 && text.contains("other events are not concerned"),
        "{refused}: {text}"
    );
    let away = keys_of_all(&fresh).await?.1;
    ensure!(away.as_deref() == Some("north"), "{away:?} away");
    Ok(fresh)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_goes_away_takes_its_own_events_along_and_no_others() -> anyhow::Result<()> {
    let north = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let (cable, through) = Cable::lay(&north).await?;
    let pair = Pair::start_with(through).await?;
    let at_home = pair.put_on_sale("Owls at home").await?;
    says(&pair.cell(&["add", "north"]).await?, 0, &["takes new events"]);
    let in_north = pair.put_on_sale("Owls of the north").await?;
    let clouds = [&pair.stage.cloud, &pair.other];
    let mut keys = 0;
    for cloud in clouds {
        pair.buyer(cloud, &in_north).buy_one(STANDING).await?;
        let (all, away) = keys_of_all(cloud).await?;
        ensure!(all > 0 && away.is_none(), "{all} keys, {away:?} away");
        keys = all;
    }

    cable.plug(false);
    for cloud in clouds {
        until_within(SAID_WITHIN, "/readyz to name the cell", async || {
            let begun = Instant::now();
            pair.buyer(cloud, &at_home).buy_one(STANDING).await?;
            ensure!(begun.elapsed() < NOT_HELD_UP, "held up for {:?}", begun.elapsed());
            Ok(says_away(cloud).await?.filter(|said| said.contains("north")))
        })
        .await?;
        let begun = Instant::now();
        let (refused, text) = status(&pair.buyer(cloud, &in_north)).await?;
        ensure!(
            refused == 503 && text.contains("other events are not concerned"),
            "{refused}: {text}"
        );
        let (known, away) = keys_of_all(cloud).await?;
        ensure!(
            known == keys && away.as_deref() == Some("north"),
            "{known} keys, {away:?} away"
        );
        let listed = cloud.http.get("/v1/events").await?.expect(200)?.text();
        ensure!(listed.contains(&at_home.event), "{listed}");
        ensure!(
            begun.elapsed() < NOT_HELD_UP,
            "answered after {:?}",
            begun.elapsed()
        );
    }

    let fresh = starts_meanwhile(&pair, [&at_home, &in_north]).await?;

    cable.plug(true);
    for cloud in [clouds[0], clouds[1], &fresh] {
        until_within(SAID_WITHIN, "the cell to be back", async || {
            let is_back = status(&pair.buyer(cloud, &in_north)).await?.0 == 201;
            Ok((is_back && says_away(cloud).await?.is_none()).then_some(()))
        })
        .await?;
        ensure!(keys_of_all(cloud).await? == (keys, None));
    }
    Ok(())
}
