//! Programs that are told to stop: what they wrote last is known elsewhere before they are gone.

use std::collections::BTreeSet;

use anyhow::ensure;
use tokio::task::JoinSet;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::Hub;
use usher_tests::stage::process::Signal;
use usher_tests::stage::venue::{Side, Venue};

use super::guests::{Guest, bought};

/// Guests who come at once before the hub is told to stop: so many that of the last of them others do not hear with the first.
const GUESTS: usize = 8;
/// How often the hub is stopped.
const TIMES: usize = 3;

/// Lets guests in at once, and counts them.
async fn let_in(hub: &Hub, guests: &[Guest]) -> anyhow::Result<usize> {
    let turnstile = hub.turnstile(NORTH).await?;
    let mut coming = JoinSet::new();
    for guest in guests.iter().cloned() {
        let turnstile = turnstile.clone();
        coming.spawn(async move { turnstile.scan(&guest.ticket.payload).await });
    }
    let mut admitted = 0;
    while let Some(said) = coming.join_next().await {
        admitted += usize::from(said??.verdict == "admit");
    }
    Ok(admitted)
}

/// Counts whom a hub has on its disk as let in; one scan may have been answered by two, of whom only one was heard.
async fn known_at(hub: &Hub) -> anyhow::Result<usize> {
    let rows = hub.export().await?.0;
    let admitted = rows.iter().filter(|row| row.verdict == "admit");
    let scans: BTreeSet<_> = admitted.map(|row| &row.scan).collect();
    Ok(scans.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_told_to_stop_hands_on_whom_it_let_in_last() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let mut guests = bought(&stage, &venue, 100).await?;
    guests.retain(|guest| guest.home == Side::North);
    ensure!(
        guests.len() >= GUESTS * TIMES,
        "too few tickets have their home in the north"
    );
    let mut admitted = 0;
    for guests in guests.chunks(GUESTS).take(TIMES) {
        admitted += let_in(&venue.north, guests).await?;
        venue.north.process.stop().await?;
        let known = known_at(&venue.south).await?;
        ensure!(
            known == admitted,
            "{admitted} were let in, and the other hub knows of {known}"
        );
        venue.north.start_again().await?;
        venue.linked().await?;
    }
    ensure!(admitted == GUESTS * TIMES, "only {admitted} were let in");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_is_told_to_stop_hands_on_whom_it_let_in_last() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let (tier, quantity) = (STANDING, 3 * u32::try_from(TIMES)?);
    let tickets = stage.buyer().buy(&Wish::Any { tier, quantity }).await?.tickets;
    let scanner = venue.scanner(&stage, Side::North, "Scanner").await?;
    for (time, guests) in tickets.chunks(3).enumerate() {
        let mut reader = scanner.wedge(NORTH, &stage.path(format!("shown-{time}")))?;
        // By then it has heard of the event.
        let first = reader.read(&guests[0].payload).await?;
        ensure!(first.signal == "admit", "{first:?}");
        venue.north.process.signal(Signal::Pause)?;
        let alone = reader.read(&guests[1].payload).await?;
        ensure!(alone.alone && alone.signal == "admit", "{alone:?}");
        venue.north.process.signal(Signal::Resume)?;
        // Once the hub answers, the scanner is told to stop with what it decided alone still to be said.
        let answered = reader.read(&guests[2].payload).await?;
        ensure!(answered.signal == "admit", "{answered:?}");
        reader.stop().await?;
        let known = known_at(&venue.north).await?;
        let admitted = 3 * (time + 1);
        ensure!(
            known == admitted,
            "{admitted} were let in, and the hub knows of {known}"
        );
    }
    Ok(())
}
