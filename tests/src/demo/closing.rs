//! After the table: what can be looked at and tried, until Ctrl-C.

use std::io;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::crew::Crew;
use super::steps::{StepFailed, Steps};

/// Prints the addresses and waits for Ctrl-C.
///
/// # Errors
///
/// When nothing can be printed or no signal heard.
pub async fn stay_up(crew: &Crew, steps: &mut Steps) -> Result<(), StepFailed> {
    let console = invitation(crew)
        .await
        .map_err(|error| StepFailed::new("Inviting you into the console", &error))?;
    for line in lines(crew, &console) {
        steps.say(&line)?;
    }
    told_to_stop().await?;
    Ok(steps.say("\nStopping.")?)
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
///
/// When no signal can be heard.
pub async fn told_to_stop() -> Result<(), StepFailed> {
    let deaf = |error: io::Error| StepFailed::new("Listening for Ctrl-C", &error.into());
    let mut interrupt = signal(SignalKind::interrupt()).map_err(deaf)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Invites whoever sits here, as an owner, and returns the link.
async fn invitation(crew: &Crew) -> anyhow::Result<String> {
    let wanted = json!({"name": "You", "email": "you@example.org", "role": "owner"});
    let http = &crew.stage.organizer.http;
    let invited = http.post("/v1/organizer/staff/invitations", &wanted).await?;
    let invited: Value = invited.expect(201)?.json()?;
    Ok(invited["link"].as_str().context("a link")?.to_owned())
}

fn lines(crew: &Crew, console: &str) -> Vec<String> {
    let (cloud, venue) = (crew.stage.cloud.http.base(), &crew.venue);
    let (unused, picture) = match crew.unused.first() {
        Some((ticket, picture)) => (ticket.ticket_id.as_str(), picture.display().to_string()),
        None => ("", String::new()),
    };
    let scanner = crew.north.dir().display();
    vec![
        "\nEverything stays up until Ctrl-C:".to_owned(),
        format!("  buyers' page    {cloud}/"),
        format!("  API to try      {cloud}/docs"),
        format!("  console         {cloud}/console, once you have taken this invitation:"),
        format!("                  {console}"),
        format!("  {}       {}/", venue.north.name, venue.north.http.base()),
        format!("  {}       {}/", venue.south.name, venue.south.http.base()),
        "\nThings to try:".to_owned(),
        "  - buy a ticket on the buyers' page with the card whose bank asks you first, and look at its code"
            .to_owned(),
        format!("  - look at a ticket nobody has shown yet: {cloud}/tickets/{unused}"),
        format!("  - scan it, twice: usher-scan --dir '{scanner}' run --gate 1 --image '{picture}'"),
        format!(
            "  - scan with a camera, after `make demo CAMERA=1`: usher-scan --dir '{scanner}' run --gate 1 --camera"
        ),
        format!(
            "  - audit every signature: usher-gate-agent --dir '{}' audit",
            venue.north.dir().display()
        ),
        "The programs are in target/debug; files are gone when the demo ends.".to_owned(),
    ]
}
