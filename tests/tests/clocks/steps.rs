//! Clocks that are set while programs run: by a person, or by the network a while after a start with a wrong one.

use usher_tests::stage::hub::Hub;
use usher_tests::stage::patience::until;

use crate::clocks::dated::{
    DAILY, Dated, GATE, NOW_OPEN, TOMORROW, compares_with, says_of_its_clock, shown_at, turnstiles,
};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// 23:20 in Berlin.
const BEFORE_MIDNIGHT: &str = "2027-06-05T21:20:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_without_a_date_goes_by_the_cloud_until_the_network_has_set_its_clock() -> anyhow::Result<()> {
    let dated = Dated::at(BEFORE_MIDNIGHT, &["Hub"]).await?;
    // A machine without a battery for its clock begins where it was made.
    dated.set("hub", -9_000 * DAY)?;
    let hub = Hub::start(&dated.by_file("hub")?, dated.setup("Hub", Vec::new())).await?;
    hub.linked_to("cloud").await?;
    says_of_its_clock(&hub, Some("clock is 9000 days behind the other clocks")).await?;
    dated.organizer_is_told("Hub", Some("9000 days behind")).await?;
    let (tonight, daily) = (dated.buy(NOW_OPEN).await?, dated.buy(DAILY).await?);
    // Tokens are made by the machine's own clock: this one is good for a week, long ago.
    dated.set("hub", 0)?;
    says_of_its_clock(&hub, None).await?;
    let hubs = [hub];
    let gates = turnstiles(&hubs).await?;
    shown_at(&gates, &tonight, ("admit", "already_used")).await?;
    shown_at(&gates, &daily, ("admit", "day_used_up")).await?;
    shown_at(&gates, &dated.buy(TOMORROW).await?, ("too_early", "too_early")).await?;
    dated.set("hub", -9_000 * DAY)?;
    says_of_its_clock(&hubs[0], Some("clock is 9000 days behind the other clocks")).await?;
    shown_at(&gates, &daily, ("day_used_up", "day_used_up")).await?;
    shown_at(&gates, &dated.buy(NOW_OPEN).await?, ("admit", "already_used")).await?;
    assert_eq!(dated.stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_to_tomorrow_beside_right_ones_changes_no_verdict() -> anyhow::Result<()> {
    let dated = Dated::at(BEFORE_MIDNIGHT, &["Hub North", "Hub South"]).await?;
    // It starts five days behind, before the network has set its clock right.
    dated.set("north", -5 * DAY)?;
    let north = Hub::start(&dated.by_file("north")?, dated.setup("Hub North", Vec::new())).await?;
    let peers = vec![north.listening.quic];
    let south = Hub::start(&dated.off_by(0)?, dated.setup("Hub South", peers)).await?;
    for (hub, other) in [(&north, "Hub South"), (&south, "Hub North")] {
        hub.linked_to(other).await?;
        hub.linked_to("cloud").await?;
    }
    // A clock before there was a certificate has no say at the other hub.
    for (hub, others) in [(&north, 2), (&south, 1)] {
        compares_with(hub, others).await?;
    }
    says_of_its_clock(&north, Some("clock is 5 days behind the other clocks")).await?;
    dated.set("north", 0)?;
    says_of_its_clock(&north, None).await?;
    let hubs = [north, south];
    let gates = turnstiles(&hubs).await?;
    let daily = dated.buy(DAILY).await?;
    shown_at(&gates, &daily, ("admit", "day_used_up")).await?;
    dated.set("north", 20 * HOUR)?;
    says_of_its_clock(&hubs[0], Some("clock is 20 h 0 min ahead of the other clocks")).await?;
    shown_at(&gates, &daily, ("day_used_up", "day_used_up")).await?;
    shown_at(&gates, &dated.buy(NOW_OPEN).await?, ("admit", "already_used")).await?;
    shown_at(&gates, &dated.buy(TOMORROW).await?, ("too_early", "too_early")).await?;
    // Each is another matter, and told in the log.
    let logged = hubs[0].process.logged()?;
    for words in [
        "clock is 5 days behind",
        "agrees with the others' again",
        "clock is 20 h 0 min ahead of",
    ] {
        assert!(logged.contains(words), "{words} is not in {logged}");
    }
    assert_eq!(dated.stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_hub_whose_clock_is_set_says_so_and_lets_nobody_in_twice() -> anyhow::Result<()> {
    let dated = Dated::at(BEFORE_MIDNIGHT, &["Hub"]).await?;
    let (tonight, daily) = (dated.buy(NOW_OPEN).await?, dated.buy(DAILY).await?);
    let (more, later) = (dated.buy(NOW_OPEN).await?, dated.buy(TOMORROW).await?);
    dated.set("hub", 0)?;
    let hub = Hub::start(&dated.by_file("hub")?, dated.setup("Hub", Vec::new())).await?;
    hub.linked_to("cloud").await?;
    let known = dated.stage.organizer.devices().await?.records;
    until("the hub to know what the cloud does", async || {
        Ok((hub.status().await?.records >= known).then_some(()))
    })
    .await?;
    let mut hubs = [hub];
    let gates = turnstiles(&hubs).await?;
    shown_at(&gates, &tonight, ("admit", "already_used")).await?;
    shown_at(&gates, &daily, ("admit", "day_used_up")).await?;
    let mut dated = dated;
    dated.stage.cloud.process.kill9()?;
    // Nobody is heard from then on, and nobody was before this start.
    hubs[0].process.stop().await?;
    hubs[0].start_again().await?;
    says_of_its_clock(&hubs[0], None).await?;
    dated.set("hub", 20 * HOUR)?;
    says_of_its_clock(
        &hubs[0],
        Some("was set while this program ran: it is 20 h 0 min ahead of"),
    )
    .await?;
    let gates = [hubs[0].turnstile(GATE).await?];
    shown_at(&gates, &tonight, ("already_used", "already_used")).await?;
    for tickets in [&daily, &more, &later] {
        shown_at(&gates, tickets, ("clock_in_doubt", "clock_in_doubt")).await?;
    }
    dated.set("hub", 0)?;
    says_of_its_clock(&hubs[0], None).await?;
    shown_at(&gates, &more, ("admit", "already_used")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_hub_that_starts_with_a_wrong_date_says_what_can_be_said_of_it() -> anyhow::Result<()> {
    let mut dated = Dated::at(BEFORE_MIDNIGHT, &["Hub"]).await?;
    let (tonight, daily) = (dated.buy(NOW_OPEN).await?, dated.buy(DAILY).await?);
    let mut hub = Hub::start(&dated.off_by(0)?, dated.setup("Hub", Vec::new())).await?;
    hub.linked_to("cloud").await?;
    until("the hub to be told that it knows everything", async || {
        let status: serde_json::Value = hub.http.get("/v1/status").await?.expect(200)?.json()?;
        Ok(status["fresh_as_of_ms"].as_u64())
    })
    .await?;
    let gates = [hub.turnstile(GATE).await?];
    shown_at(&gates, &tonight, ("admit", "already_used")).await?;
    shown_at(&gates, &daily, ("admit", "day_used_up")).await?;
    dated.stage.cloud.process.kill9()?;
    hub.process.stop().await?;
    // Behind what the cloud has said before: that is known to be wrong, with nobody there.
    let mut hub = Hub::start(&dated.off_by(-20 * HOUR)?, dated.setup("Hub", Vec::new())).await?;
    says_of_its_clock(&hub, Some("behind what the cloud's was when it was last heard")).await?;
    let ready = hub.http.get("/readyz").await?.expect(200)?.text();
    assert!(ready.contains("behind what the cloud's was"), "{ready}");
    let gates = [hub.turnstile(GATE).await?];
    shown_at(&gates, &tonight, ("too_early", "too_early")).await?;
    hub.process.stop().await?;
    // Ahead may be true: the page only shows the time, and that nobody confirms it.
    let hub = Hub::start(&dated.off_by(20 * HOUR)?, dated.setup("Hub", Vec::new())).await?;
    says_of_its_clock(&hub, None).await?;
    let status = hub.http.get("/v1/status").await?.expect(200)?.text();
    assert!(
        status.contains("6 Jun 2027 19:2")
            && status.contains("with nobody to compare it with: look at a watch"),
        "{status}"
    );
    let gates = [hub.turnstile(GATE).await?];
    shown_at(&gates, &tonight, ("too_late", "too_late")).await?;
    // By all that this hub can know it is another day: a known limit.
    shown_at(&gates, &daily, ("admit", "day_used_up")).await
}
