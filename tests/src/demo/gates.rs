//! At the gates with everything linked: admitted once, in and out again, and a ticket that is revoked.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use super::crew::{Crew, line_of, told};
use super::steps::{StepFailed, StepReport, Steps};
use super::table::duration;
use crate::stage::festival::{NORTH, SEATED, SOUTH, STANDING, WEEKEND};
use crate::stage::patience::until;
use crate::stage::turnstile::{HubVerdict, Turnstile};
use crate::stage::venue::Side;

/// Scans tickets at both hubs.
///
/// # Errors
///
/// The step that failed.
pub async fn scan(crew: &mut Crew, steps: &mut Steps) -> Result<(), StepFailed> {
    let shown_twice = steps
        .step("A ticket is scanned at Gate North", "admitted", admit(crew))
        .await?;
    let again = scan_again(crew, &shown_twice);
    steps
        .step(
            "The same again at Gate South",
            "denied: already used, when and where",
            again,
        )
        .await?;
    steps
        .step(
            "A weekend pass goes in, out, in",
            "admitted, checked out, admitted",
            pass_twice(crew),
        )
        .await?;
    steps
        .step("A ticket is revoked", "both hubs deny it at once", revoke(crew))
        .await
}

type Picture = std::path::PathBuf;

async fn admit(crew: &mut Crew) -> anyhow::Result<StepReport<Picture>> {
    let (ticket, picture) = crew.take(SEATED, Side::South)?;
    let told = told(&crew.north.scan(NORTH, &picture).await?, "admitted")?;
    crew.note("admitted", &ticket);
    Ok(told.with(picture))
}

async fn scan_again(crew: &Crew, picture: &Picture) -> anyhow::Result<StepReport<()>> {
    let told = told(&crew.south.scan(SOUTH, picture).await?, "already_used")?;
    let said = &told.happened;
    ensure!(
        said.contains("Gate North") && said.contains(':'),
        "it does not say where and when: {said}"
    );
    Ok(told)
}

async fn pass_twice(crew: &mut Crew) -> anyhow::Result<StepReport<()>> {
    let (ticket, picture) = crew.take(WEEKEND, Side::North)?;
    let (mut said, mut took_ms) = (Vec::new(), 0);
    for (way, outcome) in [("in", "admitted"), ("out", "exited"), ("in", "admitted")] {
        let shown = crew
            .roaming
            .scan_one(SOUTH, &picture, &["--direction", way])
            .await?;
        said.push(line_of(&shown, outcome)?);
        took_ms += shown.took_ms;
        crew.note(outcome, &ticket);
    }
    Ok(StepReport {
        value: (),
        happened: said.join(", "),
        took: Some(Duration::from_millis(took_ms)),
    })
}

/// Revokes a ticket and asks both hubs until they deny it. They are asked for two people with a ticket for one: that is
/// denied before too, with another reason, and does not use the ticket up.
async fn revoke(crew: &mut Crew) -> anyhow::Result<StepReport<()>> {
    let (ticket, picture) = crew.take(STANDING, Side::North)?;
    let hubs = [
        crew.venue.north.turnstile(NORTH).await?,
        crew.venue.south.turnstile(SOUTH).await?,
    ];
    for (hub, gate) in hubs.iter().zip([NORTH, SOUTH]) {
        ensure!(
            reason(hub, gate, &ticket.payload).await? == "group_too_large",
            "the ticket is not valid to begin with"
        );
    }
    let start = Instant::now();
    crew.stage.organizer.revoke(&ticket.ticket_id).await?;
    let answered = start.elapsed();
    for (hub, gate) in hubs.iter().zip([NORTH, SOUTH]) {
        until("the hub to deny a revoked ticket", async || {
            Ok((reason(hub, gate, &ticket.payload).await? == "revoked").then_some(()))
        })
        .await?;
    }
    let denied = start.elapsed();
    let said = line_of(&crew.south.scan(SOUTH, &picture).await?, "revoked")?;
    Ok(StepReport {
        value: (),
        happened: in_words(&said, denied, answered),
        took: Some(denied),
    })
}

fn in_words(said: &str, denied: Duration, answered: Duration) -> String {
    let after = duration(denied.saturating_sub(answered));
    format!(
        "{said}. Both hubs denied it {} after the request, {after} after its answer",
        duration(denied)
    )
}

async fn reason(hub: &Turnstile, gate: u16, payload: &str) -> anyhow::Result<String> {
    let request = json!({ "payload": payload, "gate": gate, "persons": 2 });
    let verdict: HubVerdict = hub.ask(&request).await?.expect(200)?.json()?;
    Ok(verdict.reason.unwrap_or_default())
}
