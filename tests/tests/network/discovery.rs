//! Hubs that nobody has named to each other: they find one another on the local network, at whatever address, scanners find them, and
//! who announces what is not so gets nowhere.

use usher_device::discovery::Discovery;
use usher_keys::{EventId, PublicKey, SecretKey};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, SEATED};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::Programs;
use usher_tests::stage::scanner::Scanner;
use usher_tests::stage::venue::{HUB_NORTH, HUB_SOUTH};

fn setup(stage: &Stage, name: &'static str) -> HubSetup<'static> {
    HubSetup {
        dir: stage.path(name),
        name,
        peers: Vec::new(),
    }
}

async fn stage() -> anyhow::Result<Stage> {
    let programs = Programs::find()?.with("USHER_HUB__DISCOVERY__ENABLED", "true");
    Stage::on_sale_by(programs, Places::FEW, "").await
}

/// Waits until a hub has exactly one link with the other, whoever made it.
async fn linked_once(hub: &Hub, other: &str) -> anyhow::Result<()> {
    hub.linked_to(other).await?;
    until(
        format!("{} to have one link with {other}", hub.name),
        async || {
            let links = hub.status().await?.links;
            let with_other = links.iter().filter(|link| link.name == other).count();
            Ok((with_other == 1).then_some(()))
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hubs_and_scanners_find_each_other_also_where_a_hub_has_moved() -> anyhow::Result<()> {
    let stage = stage().await?;
    let mut north = stage.hub(setup(&stage, HUB_NORTH)).await?;
    let code = north.scanner_code().await?;
    let scanner = Scanner::enrol(&stage.programs, &stage.path("Scanner"), &code).await?;
    let south = stage.hub(setup(&stage, HUB_SOUTH)).await?;
    linked_once(&north, HUB_SOUTH).await?;
    linked_once(&south, HUB_NORTH).await?;

    let before = north.listening.quic;
    north.process.stop().await?;
    let north = Hub::start(&stage.programs, setup(&stage, HUB_NORTH)).await?;
    assert_ne!(north.listening.quic, before, "it has moved");
    linked_once(&south, HUB_NORTH).await?;

    // All that the scanner was ever told is where the hub is no more.
    let mut reader = scanner.wedge(NORTH, &stage.path("shown"))?;
    north.linked_to("scanner").await?;
    south.linked_to("scanner").await?;
    for _ in 0..3 {
        let ticket = stage.buyer().buy_one(SEATED).await?;
        assert_eq!(reader.read(&ticket.payload).await?.outcome, "admitted");
    }
    reader.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_announces_hubs_that_there_are_not_parts_none_that_there_are() -> anyhow::Result<()> {
    let stage = stage().await?;
    let north = stage.hub(setup(&stage, HUB_NORTH)).await?;
    let event: EventId = stage.organizer.event.parse()?;
    let liars = Discovery::start(event, &[])?;
    // A hub that is not there, and one that is said to be where another is.
    let stranger = |seed: u8| SecretKey::from_seed(&[seed; 32]).public();
    let here = north.listening.quic;
    liars.announce(&stranger(1), 9, Some(here.ip()))?;
    liars.announce(&stranger(2), here.port(), Some(here.ip()))?;
    let south = stage.hub(setup(&stage, HUB_SOUTH)).await?;
    linked_once(&south, HUB_NORTH).await?;
    let hub = PublicKey::from_hex(&south.status().await?.device)?;
    // South is said to be where north is: whoever dials south there meets north, or itself.
    liars.announce(&hub, here.port(), Some(here.ip()))?;
    liars.announce(&stranger(3), south.listening.quic.port(), Some(here.ip()))?;
    let third = stage.hub(setup(&stage, "Hub Third")).await?;
    for (hub, other) in [
        (&third, HUB_NORTH),
        (&third, HUB_SOUTH),
        (&north, HUB_SOUTH),
        (&south, "Hub Third"),
    ] {
        linked_once(hub, other).await?;
    }
    Ok(())
}
