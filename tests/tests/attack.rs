//! An attack on the running programs: a cloud, three hubs and ten scanners, with bad weather on every cable, clocks that are wrong, hubs and
//! scanners that are frozen and killed, and people who try to get two in on one ticket and to overfill the zone.
//!
//! What counts is what stood on a screen: who was told to come in is in. At the end everything is mended, and whoever was never let in
//! and should be is let in. Each run is drawn from a seed; what the network makes of it is not, so that a failure may take more than one.

mod attack {
    pub mod code_readers;
    pub mod crowd;
    pub mod faults;
    pub mod scene;
    pub mod truth;
}

use anyhow::Context;
use tokio::task::LocalSet;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;

use attack::faults;
use attack::scene::Scene;

/// Faults that are drawn, one about every second.
const ROUNDS: Rounds = Rounds { suite: 8, soak: 900 };

#[tokio::test]
async fn nobody_gets_a_second_person_in_keeps_anybody_out_overfills_the_zone_or_has_a_screen_say_what_is_not_so()
-> anyhow::Result<()> {
    let effort = Effort::of("an attack on the running programs", 20_261_130, ROUNDS);
    LocalSet::new()
        .run_until(attack(effort))
        .await
        .with_context(|| format!("seed {}", effort.seed))
}

async fn attack(effort: Effort) -> anyhow::Result<()> {
    let mut random = Random::new(effort.seed);
    let mut scene = Scene::open(&mut random).await?;
    let people = scene.open_gates(&mut random).await?;
    faults::rage(&mut scene, effort.rounds, &mut random).await?;
    scene.crowd.go_home();
    let readers = people.join_all().await.into_iter();
    let _switched_on = readers.collect::<anyhow::Result<Vec<_>>>()?;
    scene.mend().await?;
    scene.check().await
}
