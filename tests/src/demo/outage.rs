//! Without the cloud: it is killed, tickets open gates all the same, forgeries do not; then it comes back and hears of everything.

use anyhow::{Context, ensure};

use super::crew::{Crew, told};
use super::steps::{StepFailed, StepReport, Steps};
use crate::stage::festival::{NORTH, SEATED, SOUTH, STANDING};
use crate::stage::patience::until;
use crate::stage::qr;
use crate::stage::venue::Side;

/// Kills the cloud and scans on.
///
/// # Errors
///
/// The step that failed.
pub async fn break_the_cloud(crew: &mut Crew, steps: &mut Steps) -> Result<(), StepFailed> {
    steps
        .step(
            "The cloud is killed (kill -9)",
            "nobody at the gates notices",
            kill(crew),
        )
        .await?;
    steps
        .step("A ticket bought before is scanned", "admitted", admit(crew))
        .await?;
    steps
        .step("A forged ticket is scanned", "denied", forge(crew))
        .await?;
    steps
        .step("An altered ticket is scanned", "denied", alter(crew))
        .await
}

async fn kill(crew: &mut Crew) -> anyhow::Result<StepReport<()>> {
    crew.stage.cloud.process.kill9()?;
    ensure!(
        crew.stage.cloud.http.get("/healthz").await.is_err(),
        "the cloud still answers"
    );
    crew.venue.north.status().await?;
    crew.venue.south.status().await?;
    Ok(StepReport::new((), "the cloud is gone, both hubs answer"))
}

async fn admit(crew: &mut Crew) -> anyhow::Result<StepReport<()>> {
    let (ticket, picture) = crew.take(SEATED, Side::North)?;
    let told = told(&crew.roaming.scan(SOUTH, &picture).await?, "admitted")?;
    crew.note("admitted", &ticket);
    Ok(told)
}

async fn forge(crew: &Crew) -> anyhow::Result<StepReport<()>> {
    let picture = crew.stage.path("forged.png");
    qr::draw(qr::forged(7, SEATED).as_bytes(), &picture)?;
    told(&crew.north.scan(NORTH, &picture).await?, "unknown_key")
}

async fn alter(crew: &Crew) -> anyhow::Result<StepReport<()>> {
    let (genuine, _) = crew
        .unused
        .iter()
        .find(|(ticket, _)| ticket.tier == STANDING)
        .context("no ticket is left")?;
    let picture = crew.stage.path("altered.png");
    qr::draw(qr::altered(&genuine.payload)?.as_bytes(), &picture)?;
    told(&crew.south.scan(SOUTH, &picture).await?, "false_signature")
}

/// Starts the cloud again and waits until it has heard of every passage.
///
/// # Errors
///
/// The step that failed.
pub async fn bring_the_cloud_back(crew: &mut Crew, steps: &mut Steps) -> Result<(), StepFailed> {
    steps
        .step(
            "The cloud is started again",
            "it has every passage, and the one double",
            restart(crew),
        )
        .await
}

async fn restart(crew: &mut Crew) -> anyhow::Result<StepReport<()>> {
    crew.stage.cloud.start_again().await?;
    let mut expected = crew.passed.clone();
    expected.sort_unstable();
    until("the cloud to hear of every passage", async || {
        Ok((passages(crew).await? == expected).then_some(()))
    })
    .await
    .with_context(|| format!("the hubs have let pass: {expected:?}"))?;
    let incidents = crew.stage.organizer.incidents().await?;
    ensure!(
        incidents.len() == 1,
        "the cloud reports {} incidents",
        incidents.len()
    );
    for hub in [&crew.venue.north, &crew.venue.south] {
        let known = hub.status().await?.incidents_total;
        ensure!(known == 1, "{} reports {known} incidents", hub.name);
    }
    Ok(StepReport::new(
        (),
        format!("all {} passages are there, 1 incident", expected.len()),
    ))
}

async fn passages(crew: &Crew) -> anyhow::Result<Vec<(&'static str, u32)>> {
    let scans = crew.stage.organizer.scans().await?;
    let mut passages = Vec::new();
    for scan in scans {
        for kind in ["admitted", "exited", "overridden"] {
            if scan.kind == kind {
                passages.push((kind, scan.unit.unit));
            }
        }
    }
    passages.sort_unstable();
    Ok(passages)
}
