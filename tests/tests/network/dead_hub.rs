//! A hub that is dead: at first people are sent to its gates, and after a minute it is said to be dead and nobody is sent there, at a turnstile as at a scanner.

use std::time::Duration;

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places};
use usher_tests::stage::patience::{PATIENCE, until_within};
use usher_tests::stage::venue::{HUB_SOUTH, Side, Venue};

use super::guests::bought;

/// From when on a hub that was not heard is said to be dead.
const DEAD_AFTER: Duration = Duration::from_secs(60);
/// How often a scanner asks its hubs whom they hear, and some time for a machine that does other things too.
const ASKS_EVERY: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_was_killed_is_said_to_be_dead_after_a_minute_and_nobody_is_sent_to_its_gates()
-> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner North").await?;
    let mut reader = scanner.wedge(NORTH, &stage.path("shown"))?;
    let mut guests = bought(&stage, &venue, 20).await?;
    guests.retain(|guest| guest.home == Side::South);
    let [first, second, third, ..] = &guests[..] else {
        anyhow::bail!("too few tickets have their home in the south");
    };
    let north = venue.north.turnstile(NORTH).await?;
    assert_eq!(north.scan(&first.ticket.payload).await?.verdict, "admit");

    venue.south.process.kill9()?;
    let said = north.scan(&second.ticket.payload).await?;
    ensure!(
        said.verdict == "refer" && said.words.starts_with("Send on"),
        "{said:?}"
    );
    let dead = format!("{HUB_SOUTH} decides on this ticket and was not heard of for a minute");
    let call = async || {
        let said = north.scan(&second.ticket.payload).await?;
        ensure!(said.verdict == "refer", "it is decided on: {said:?}");
        Ok(said.words.starts_with("Call a supervisor").then_some(said.words))
    };
    let (words, took) = until_within(DEAD_AFTER + PATIENCE, "the hub to be said to be dead", call).await?;
    ensure!(
        words.contains(&dead) && words.contains("Do not send people there"),
        "{words}"
    );
    ensure!(took > DEAD_AFTER / 2, "it was given up after {took:?}");

    tokio::time::sleep(ASKS_EVERY).await;
    let shown = reader.read(&third.ticket.payload).await?;
    let why = shown.reason.as_deref().context("says why")?;
    ensure!(
        shown.words == "Call a supervisor" && why.contains(&dead),
        "{shown:?}"
    );
    Ok(())
}
