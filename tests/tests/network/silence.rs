//! Answers that never come: whoever was let in for a gate that has not heard so is sent back there, and the ticket is not said to be used.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use usher_tests::relay::{Relay, Weather};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, SOUTH};
use usher_tests::stage::patience::until;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::{Side, Venue};

use super::guests::{Guest, bought};

/// So slow that a home's answer is long on its way, and so quick that it would come in time.
const SLOW: Weather = Weather {
    delay_ms: (900, 900),
    ..Weather::FAIR
};
/// How often a guest comes until the line is cut in time: a machine under load may look too late.
const TRIES: usize = 10;
/// How long the home may wait for a sign of life before it sends a guest to the other gate.
const TOLD_WITHIN: Duration = Duration::from_secs(8);
/// From one look of staff at a ticket to the next.
const BETWEEN_SCANS: Duration = Duration::from_millis(50);
/// When a client hangs up: the home has its question by then, and the answer is on the slow line, which takes twice 900 ms.
const HANGS_UP_AFTER: Duration = Duration::from_millis(1_300);

/// Counts whom the home in the south has let in for the gate in the north. It is asked over HTTP: a program would take as long to
/// start on a busy machine as the answer is on its way.
async fn judged(venue: &Venue) -> anyhow::Result<u64> {
    let gates = venue.south.status().await?.gates;
    let north = gates.iter().find(|gate| gate.id == NORTH);
    Ok(north.context("the hub tells of the gate in the north")?.admitted)
}

/// Waits until it has let one more in.
async fn is_judged(venue: &Venue, before: u64) -> anyhow::Result<()> {
    until("the home to judge", async || {
        Ok((judged(venue).await? > before).then_some(()))
    })
    .await
}

/// Says at once, or once the home has waited for a sign of life, that the north is to be called.
async fn says_call_north(at: &Turnstile, guest: &Guest) -> anyhow::Result<()> {
    ensure!(
        is_sent_north(at, guest).await?,
        "staff are not told to call the gate in the north"
    );
    Ok(())
}

/// Tells whether staff are told within a while that the north is to be called; whoever lets the guest in is wrong.
async fn is_sent_north(at: &Turnstile, guest: &Guest) -> anyhow::Result<bool> {
    let begun = Instant::now();
    while begun.elapsed() < TOLD_WITHIN {
        let said = at.scan(&guest.ticket.payload).await?;
        let HubVerdict { verdict, words, .. } = &said;
        ensure!(verdict != "admit", "it lets them in: {said:?}");
        let parts = [
            "Call Gate North",
            "Gate North asked for this ticket",
            " s ago and has not answered",
        ];
        if parts.iter().all(|part| words.contains(part)) {
            return Ok(true);
        }
        sleep(BETWEEN_SCANS).await;
    }
    Ok(false)
}

/// Buys tickets whose home is in the south, and has the hubs measure the slow line.
async fn guests_of_the_south(stage: &Stage, venue: &Venue) -> anyhow::Result<Vec<Guest>> {
    let mut guests = bought(stage, venue, 40).await?;
    guests.retain(|guest| guest.home == Side::South);
    ensure!(
        guests.len() > TRIES,
        "too few tickets have their home in the south"
    );
    let north = venue.north.turnstile(NORTH).await?;
    venue.cable.turn(SLOW, 7);
    until("the hub in the north to have measured the line", async || {
        let Some(guest) = guests.pop() else {
            bail!("there are no more tickets to measure with");
        };
        Ok((north.scan(&guest.ticket.payload).await?.verdict == "admit").then_some(()))
    })
    .await?;
    Ok(guests)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_is_lost_with_the_line_sends_the_guest_to_ask_at_the_gate_that_did() -> anyhow::Result<()>
{
    let uplink = Relay::open().await?;
    let settings = format!("uplink_public = [\"{}\"]", uplink.address());
    let stage = Stage::on_sale_with(Places::FULL, &settings).await?;
    uplink.aim(stage.cloud.listening.uplink);
    let venue = Venue::open(&stage).await?;
    let (north, south) = (
        venue.north.turnstile(NORTH).await?,
        venue.south.turnstile(SOUTH).await?,
    );
    for guest in guests_of_the_south(&stage, &venue).await?.into_iter().take(TRIES) {
        // Or the home's record would come by the cloud, and the hub in the north would know.
        uplink.cut();
        let before = judged(&venue).await?;
        let mut asking = JoinSet::new();
        let (turnstile, payload) = (north.clone(), guest.ticket.payload.clone());
        asking.spawn(async move { turnstile.scan(&payload).await });
        is_judged(&venue, before).await?;
        venue.cable.cut();
        let told: anyhow::Result<Vec<HubVerdict>> = asking.join_all().await.into_iter().collect();
        if told?.iter().any(|said| said.verdict == "admit") {
            uplink.mend();
            venue.cable.mend();
            venue.linked().await?;
            continue;
        }
        says_call_north(&south, &guest).await?;
        venue.cable.turn(Weather::FAIR, 7);
        venue.cable.mend();
        uplink.mend();
        // The hub in the north has given the scan up, and the home hears of it.
        until("the guest to get in", async || {
            Ok((south.scan(&guest.ticket.payload).await?.verdict == "admit").then_some(()))
        })
        .await?;
        venue.linked().await?;
        venue.settled(&stage).await?;
        let export = venue.south.export().await?;
        assert_eq!(export.admissions()[&guest.ticket.unit].len(), 1);
        return Ok(());
    }
    bail!("each of {TRIES} answers was there before the line was cut")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_before_its_answer_has_not_heard_it() -> anyhow::Result<()> {
    let uplink = Relay::open().await?;
    let settings = format!("uplink_public = [\"{}\"]", uplink.address());
    let stage = Stage::on_sale_with(Places::FULL, &settings).await?;
    uplink.aim(stage.cloud.listening.uplink);
    let venue = Venue::open(&stage).await?;
    let (north, south) = (
        venue.north.turnstile(NORTH).await?,
        venue.south.turnstile(SOUTH).await?,
    );
    let token = venue.north.token().await?;
    for guest in guests_of_the_south(&stage, &venue).await?.into_iter().take(TRIES) {
        // Or the home's record comes by the cloud, and the hub in the north answers by it.
        uplink.cut();
        let body = json!({ "payload": guest.ticket.payload, "gate": NORTH }).to_string();
        let request = format!(
            "POST /v1/scans HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let before = judged(&venue).await?;
        let mut client = TcpStream::connect(venue.north.listening.http).await?;
        client.write_all(request.as_bytes()).await?;
        sleep(HANGS_UP_AFTER).await;
        if client.try_read(&mut [0]).is_ok() {
            uplink.mend();
            continue;
        }
        // The answer is on its slow way, and the hub in the north will have it.
        drop(client);
        is_judged(&venue, before).await?;
        says_call_north(&south, &guest).await?;
        return says_call_north(&north, &guest).await;
    }
    bail!("each of {TRIES} answers was there before its client could hang up")
}
