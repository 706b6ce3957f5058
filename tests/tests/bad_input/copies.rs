//! A hub's data folder copied and started twice: two machines with one identity.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SOUTH, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until;
use usher_tests::stage::venue::{Side, Venue};

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    usher_keys::private::make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &copied)?;
        } else {
            fs::copy(entry.path(), copied)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_with_one_copied_identity_become_an_incident_and_stop_deciding() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let [mine, theirs, later] = of_the_south(&stage, &venue).await?;
    venue.south.process.stop().await?;
    let copied = stage.path("hub-south-copy");
    copy_folder(venue.south.dir(), &copied)?;
    venue.south.start_again().await?;
    venue.linked().await?;
    // With the cloud gone the copy hears nothing of what its twin has written.
    stage.cloud.process.kill9()?;
    venue.south.turnstile(SOUTH).await?.scan(&mine.payload).await?;
    let setup = HubSetup {
        dir: copied,
        name: "the copy",
        peers: Vec::new(),
    };
    let copy = Hub::start(&stage.programs, setup).await?;
    copy.turnstile(SOUTH).await?.scan(&theirs.payload).await?;
    stage.cloud.start_again().await?;
    until("the organizer to see the incident", async || {
        let incidents = stage.organizer.incidents().await?;
        Ok(incidents
            .iter()
            .any(|incident| incident.kind == "forked")
            .then_some(()))
    })
    .await?;
    let devices = stage.organizer.devices().await?.devices;
    ensure!(
        devices
            .iter()
            .any(|device| device.name == venue.south.name && device.frozen),
        "{devices:?}"
    );
    until("the hub in the north to report it", async || {
        let incidents = venue.north.status().await?.incidents;
        Ok(incidents
            .iter()
            .any(|words| words.contains("two histories"))
            .then_some(()))
    })
    .await?;
    // The rest of the venue goes on.
    venue.north.turnstile(NORTH).await?.scan(&later.payload).await?;
    Ok(())
}

/// Buys tickets that the hub in the south decides about, so that it writes the scans down itself.
async fn of_the_south(stage: &Stage, venue: &Venue) -> anyhow::Result<[BoughtTicket; 3]> {
    let tickets = stage
        .buyer()
        .buy(&Wish::Any {
            tier: STANDING,
            quantity: 20,
        })
        .await?
        .tickets;
    let mut found = tickets
        .into_iter()
        .filter(|ticket| venue.home(ticket.unit) == Side::South);
    let mut next = || found.next().context("one in two is the south's");
    Ok([next()?, next()?, next()?])
}
