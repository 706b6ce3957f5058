//! Hub cut from hub: the strict tier is referred, the available tier goes on, and the double is reported once.

use std::time::Duration;

use anyhow::ensure;

use super::crew::{Crew, line_of, told};
use super::steps::{StepFailed, StepReport, Steps};
use crate::stage::festival::{NORTH, SEATED, SOUTH, STANDING};
use crate::stage::patience::until;
use crate::stage::venue::Side;

/// Cuts the hubs apart, scans on, and heals.
///
/// # Errors
///
/// The step that failed.
pub async fn cut_the_hubs_apart(crew: &mut Crew, steps: &mut Steps) -> Result<(), StepFailed> {
    steps
        .step(
            "Hub cut from hub; a seat is scanned away from its home",
            "referred to its home",
            refer(crew),
        )
        .await?;
    let doubled = admit_twice(crew);
    steps
        .step("A standing place is scanned at both", "admitted at both", doubled)
        .await?;
    steps
        .step(
            "The cable is mended",
            "the double is reported once by each hub",
            heal(crew),
        )
        .await
}

async fn refer(crew: &mut Crew) -> anyhow::Result<StepReport<()>> {
    for hub in [&crew.venue.north, &crew.venue.south] {
        let known = hub.status().await?.incidents_total;
        ensure!(
            known == 0,
            "{} reported an incident before it could know of one",
            hub.name
        );
    }
    crew.venue.cable.cut();
    let (ticket, picture) = crew.take(SEATED, Side::South)?;
    let shown = crew.north.scan(NORTH, &picture).await?;
    let there = line_of(&crew.south.scan(SOUTH, &picture).await?, "admitted")?;
    crew.note("admitted", &ticket);
    let mut told = told(&shown, "home_unreachable")?;
    told.happened.push_str(&format!(". There: {there}"));
    Ok(told)
}

async fn admit_twice(crew: &mut Crew) -> anyhow::Result<StepReport<()>> {
    let (ticket, picture) = crew.take(STANDING, Side::South)?;
    let away = crew.north.scan(NORTH, &picture).await?;
    let at_home = crew.south.scan(SOUTH, &picture).await?;
    crew.note("admitted", &ticket);
    crew.note("admitted", &ticket);
    let both = format!(
        "North: {}; South: {}",
        line_of(&away, "admitted")?,
        line_of(&at_home, "admitted")?
    );
    let took = Duration::from_millis(away.took_ms + at_home.took_ms);
    Ok(StepReport {
        value: (),
        happened: both,
        took: Some(took),
    })
}

async fn heal(crew: &Crew) -> anyhow::Result<StepReport<()>> {
    crew.venue.cable.mend();
    let mut words = String::new();
    for hub in [&crew.venue.north, &crew.venue.south] {
        words = until(format!("{} to report the double", hub.name), async || {
            let status = hub.status().await?;
            ensure!(
                status.incidents_total <= 1,
                "{} reports it more than once",
                hub.name
            );
            Ok(status.incidents.into_iter().next())
        })
        .await?;
    }
    Ok(StepReport::new((), format!("both: {words}")))
}
