//! Weather that changes all the time: loss, delay, reordering, repetition, cables cut in one direction or both, devices that roam.

use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::sync::watch;
use tokio::task::LocalSet;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::relay::{Relay, Weather};
use usher_tests::sim::random::Random;
use usher_tests::stage::buyer::BoughtTicket;
use usher_tests::stage::festival::STANDING;

use super::site::{Answers, Site};

/// Changes of the weather.
const ROUNDS: Rounds = Rounds { suite: 12, soak: 600 };
/// Shortest and longest time from one change to the next, in milliseconds.
const ROUND_MS: (u64, u64) = (200, 900);
/// In so many of a hundred cases a cable is cut, in one direction or both.
const CUT_PERCENT: u64 = 25;
/// In so many of a hundred cases whoever sends over a cable comes from another address from now on.
const ROAM_PERCENT: u64 = 25;
/// In so many of a hundred cases a ticket is revoked, over cables as they are.
const REVOKE_PERCENT: u64 = 40;

#[tokio::test]
async fn whatever_the_weather_everything_answered_is_everywhere_once_it_has_cleared_up() -> anyhow::Result<()>
{
    let effort = Effort::of("bad weather on every cable", 20_261_122, ROUNDS);
    let place = || format!("seed {} after {} rounds", effort.seed, effort.rounds);
    LocalSet::new().run_until(brave(effort)).await.with_context(place)
}

async fn brave(effort: Effort) -> anyhow::Result<()> {
    let (mut site, mut random) = (Site::open().await?, Random::new(effort.seed));
    let (stop, stopped) = watch::channel(false);
    let scanning = site.scan_on(&mut random, &stopped).await?;
    let (tickets, reading) = (site.tickets.clone(), Random::new(random.bits()));
    let mut reader = site.reader.take().context("there is a reader")?;
    let at_the_gate = Site::read_on(&mut reader, &tickets, reading, stopped);
    // Nobody would stop the reader if the weather failed to change.
    let (revoked, shown) = tokio::try_join!(change(&site, effort, &mut random, stop), at_the_gate)?;
    let mut answers = Answers {
        shown,
        ..Answers::default()
    };
    for answered in scanning.join_all().await {
        answers.turnstiles.extend(answered?);
    }
    ensure!(
        answers.turnstiles.len() as u64 > 10 * effort.rounds && !revoked.is_empty(),
        "{} answers and {} revocations prove little",
        answers.turnstiles.len(),
        revoked.len()
    );
    site.check(&answers, &revoked).await
}

/// Changes the weather so often, then lets it clear up; returns what was revoked meanwhile.
async fn change(
    site: &Site,
    effort: Effort,
    random: &mut Random,
    stop: watch::Sender<bool>,
) -> anyhow::Result<Vec<BoughtTicket>> {
    let mut revoked = Vec::new();
    for _ in 0..effort.rounds {
        for cable in site.cables() {
            worsen(cable, random);
        }
        if random.percent(REVOKE_PERCENT) {
            let ticket = site.stage.buyer().buy_one(STANDING).await?;
            site.stage.organizer.revoke(&ticket.ticket_id).await?;
            revoked.push(ticket);
        }
        tokio::time::sleep(Duration::from_millis(random.between(ROUND_MS.0, ROUND_MS.1))).await;
    }
    site.clear_up();
    stop.send(true)?;
    Ok(revoked)
}

fn worsen(cable: &Relay, random: &mut Random) {
    cable.turn(Weather::draw(random), random.bits());
    match random.below(3) {
        _ if !random.percent(CUT_PERCENT) => cable.mend(),
        0 => cable.cut(),
        1 => cable.let_through(true, false),
        _ => cable.let_through(false, true),
    }
    if random.percent(ROAM_PERCENT) {
        cable.roam();
    }
}
