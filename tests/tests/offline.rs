//! Without the cloud, without a cable, without any hub: tickets open gates all the same, and what happened is told later.

use std::time::Duration;

use anyhow::ensure;
use usher_tests::relay::Relay;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING};
use usher_tests::stage::hub::HubStatus;
use usher_tests::stage::patience::{until, until_within};
use usher_tests::stage::qr;
use usher_tests::stage::venue::{Side, Venue};

/// How long it may take until a link over a cut cable is given up.
const LINKS_DIE_WITHIN: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn with_the_cloud_killed_genuine_tickets_are_admitted_and_others_are_not() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner North").await?;
    let (buyer, folder) = (stage.buyer(), stage.path(""));
    let ticket = buyer.buy_one(SEATED).await?;
    let genuine = buyer.save_code(&ticket, &folder).await?;
    stage.cloud.process.kill9()?;

    let (forged, altered) = (folder.join("forged.png"), folder.join("altered.png"));
    qr::draw(qr::forged(ticket.unit, SEATED).as_bytes(), &forged)?;
    qr::draw(qr::altered(&ticket.payload)?.as_bytes(), &altered)?;
    let pictures = [forged.as_path(), &altered, &genuine, &genuine];
    let shown = scanner.scan_all(NORTH, &pictures, &[]).await?;
    let outcomes: Vec<_> = shown.iter().map(|shown| shown.outcome.as_str()).collect();
    assert_eq!(
        outcomes,
        ["unknown_key", "false_signature", "admitted", "already_used"]
    );
    ensure!(
        shown.iter().all(|shown| !shown.alone),
        "a hub was there to ask: {shown:?}"
    );

    stage.cloud.start_again().await?;
    until("the cloud to hear of the admission", async || {
        Ok(stage
            .organizer
            .admitted_units()
            .await?
            .contains(&ticket.unit)
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_sold_after_the_cable_to_the_cloud_was_cut_opens_the_gate_and_a_revocation_waits()
-> anyhow::Result<()> {
    let uplink = Relay::open().await?;
    let settings = format!("uplink_public = [\"{}\"]", uplink.address());
    let stage = Stage::on_sale_with(Places::FEW, &settings).await?;
    uplink.aim(stage.cloud.listening.uplink);
    let venue = Venue::open(&stage).await?;
    let (north, south) = (
        venue.north.turnstile(NORTH).await?,
        venue.south.turnstile(SOUTH).await?,
    );
    uplink.cut();

    let (sold, revoked) = (
        stage.buyer().buy_one(SEATED).await?,
        stage.buyer().buy_one(STANDING).await?,
    );
    stage.organizer.revoke(&revoked.ticket_id).await?;
    assert_eq!(north.scan(&sold.payload).await?.verdict, "admit");
    assert_eq!(
        south.scan(&sold.payload).await?.reason.as_deref(),
        Some("already_used")
    );
    assert_eq!(south.scan(&revoked.payload).await?.verdict, "admit");

    uplink.mend();
    venue.settled(&stage).await?;
    assert_eq!(
        north.scan(&revoked.payload).await?.reason.as_deref(),
        Some("revoked")
    );
    let admitted = stage.organizer.admitted_units().await?;
    assert!(
        admitted.contains(&sold.unit) && admitted.contains(&revoked.unit),
        "{admitted:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_reaches_no_hub_judges_alone_and_its_scans_merge_later() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner North").await?;
    let (buyer, folder) = (stage.buyer(), stage.path(""));
    let [warm_up, standing, seat] = [
        buyer.buy_one(STANDING).await?,
        buyer.buy_one(STANDING).await?,
        buyer.buy_one(SEATED).await?,
    ];
    let warm_up = buyer.save_code(&warm_up, &folder).await?;
    let (standing_code, seat_code) = (
        buyer.save_code(&standing, &folder).await?,
        buyer.save_code(&seat, &folder).await?,
    );
    assert_eq!(scanner.scan(NORTH, &warm_up).await?.outcome, "admitted");

    venue.north.process.kill9()?;
    venue.south.process.kill9()?;
    let pictures = [standing_code.as_path(), &standing_code, &seat_code, &warm_up];
    let shown = scanner
        .scan_all(NORTH, &pictures, &["--wait-for-hub", "1"])
        .await?;
    let outcomes: Vec<_> = shown.iter().map(|shown| shown.outcome.as_str()).collect();
    assert_eq!(
        outcomes,
        ["admitted", "already_used", "home_unreachable", "already_used"]
    );
    ensure!(
        shown.iter().all(|shown| shown.alone),
        "no hub was there to ask: {shown:?}"
    );

    venue.north.start_again().await?;
    venue.south.start_again().await?;
    venue.linked().await?;
    assert_eq!(scanner.scan(NORTH, &seat_code).await?.outcome, "admitted");
    until("the cloud to hear of what the scanner did alone", async || {
        Ok(stage
            .organizer
            .admitted_units()
            .await?
            .contains(&standing.unit)
            .then_some(()))
    })
    .await?;
    let turnstile = venue.south.turnstile(SOUTH).await?;
    until("the hub in the south to know it too", async || {
        let verdict = turnstile.scan(&standing.payload).await?;
        ensure!(
            verdict.verdict != "admit",
            "a ticket the scanner had let in was let in again"
        );
        Ok((verdict.reason.as_deref() == Some("already_used")).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_that_was_cut_for_long_is_taken_up_again_by_itself() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    venue.cable.cut();
    // A link that hears nothing is given up after 20 seconds.
    until_within(LINKS_DIE_WITHIN, "both hubs to give the link up", async || {
        let (north, south) = (venue.north.status().await?, venue.south.status().await?);
        let apart = |status: &HubStatus| status.links.iter().all(|link| link.role != "hub");
        Ok((apart(&north) && apart(&south)).then_some(()))
    })
    .await?;
    let ticket = stage.buyer().buy_one(SEATED).await?;
    let (away, gate, home) = match venue.home(ticket.unit) {
        Side::North => (&venue.south, SOUTH, &venue.north),
        Side::South => (&venue.north, NORTH, &venue.south),
    };
    let turnstile = away.turnstile(gate).await?;
    assert_eq!(
        turnstile.scan(&ticket.payload).await?.reason.as_deref(),
        Some("home_unreachable")
    );
    venue.cable.mend();
    away.linked_to(&home.name).await?;
    assert_eq!(turnstile.scan(&ticket.payload).await?.verdict, "admit");
    Ok(())
}
