//! What goes wrong meanwhile: cables that lose, delay and are cut, devices that roam, hubs that are frozen, killed and started again, tickets that are revoked.

use std::time::Duration;

use tokio::time::sleep;
use usher_tests::relay::{Relay, Weather};
use usher_tests::sim::random::Random;
use usher_tests::stage::process::Signal;

use super::scene::Scene;

/// Shortest and longest time from one fault to the next, in milliseconds.
const ROUND_MS: (u64, u64) = (300, 1_500);
/// For how long at most a hub stands still, in milliseconds.
const FROZEN_MS: u64 = 3_000;
/// Up to how late a slow cable is, in milliseconds.
const SLOW_MS: u64 = 2_000;

/// Draws one fault after the other.
pub async fn rage(scene: &mut Scene, rounds: u64, random: &mut Random) -> anyhow::Result<()> {
    for _ in 0..rounds {
        match random.below(12) {
            0 => {
                let hub = random.index(scene.hubs.len());
                scene.hubs[hub].process.signal(Signal::Pause)?;
                sleep(Duration::from_millis(random.between(200, FROZEN_MS))).await;
                scene.hubs[hub].process.signal(Signal::Resume)?;
            }
            1 => {
                let hub = random.index(scene.hubs.len());
                scene.hubs[hub].process.kill9()?;
                sleep(Duration::from_millis(random.below(FROZEN_MS))).await;
                scene.hubs[hub].start_again().await?;
            }
            2 => revoke(scene, random).await?,
            _ => {
                for cable in &scene.cables {
                    worsen(cable, random);
                }
            }
        }
        sleep(Duration::from_millis(random.between(ROUND_MS.0, ROUND_MS.1))).await;
    }
    Ok(())
}

fn worsen(cable: &Relay, random: &mut Random) {
    let late = || Weather {
        delay_ms: (SLOW_MS / 2, SLOW_MS),
        ..Weather::FAIR
    };
    let mut weather = || match random.below(4) {
        0 => Weather::FAIR,
        1 => late(),
        _ => Weather::draw(random),
    };
    let ways = [weather(), weather()];
    cable.turn_each(ways, random.bits());
    match random.below(12) {
        0 => cable.cut(),
        1 => cable.let_through(true, false),
        2 => cable.let_through(false, true),
        _ => cable.mend(),
    }
    if random.percent(15) {
        cable.roam();
    }
}

/// Revokes a ticket; whether gates hear of it now or at the end is the weather's.
async fn revoke(scene: &Scene, random: &mut Random) -> anyhow::Result<()> {
    let party = random.index(scene.crowd.parties().len());
    let ticket = scene.crowd.parties()[party].ticket.ticket_id.clone();
    scene.stage.organizer.revoke(&ticket).await?;
    scene.crowd.parties()[party].revoked = true;
    Ok(())
}
