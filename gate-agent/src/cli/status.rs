//! `status`: asks the running hub how it stands, and says it in a few lines.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use usher_device::clock::Clock;
use usher_device::folder::{Enrolled, Folder};
use usher_keys::Timestamp;
use usher_keys::expiry::end_in_words;

use crate::hub::listening::Listening;

/// How long the hub may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Prints the status.
pub async fn status(folder: &Folder, event: &Enrolled, json: bool) -> anyhow::Result<ExitCode> {
    let not_served = || not_served(event, Clock::system().now());
    let Ok(listening) = Listening::read(&folder.top().listening_path()) else {
        bail!(not_served());
    };
    let asked = ask(&listening.here_of(event.event)).await;
    let status = asked.with_context(not_served)?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{status:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in lines(&status) {
        writeln!(out, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says why nobody answers for an event.
fn not_served(event: &Enrolled, now: Timestamp) -> String {
    let name = &event.name;
    if !event.is_over(now) {
        return format!("the hub \"{name}\" is not running: usher-gate-agent run");
    }
    format!(
        "the certificate of the hub \"{name}\" for {} {}, so it is served no more. Check this machine's clock; if it is right, enrol it anew with a code from the organizer: usher-gate-agent enroll CODE",
        event.event_name(),
        end_in_words(event.window.until, now)
    )
}

async fn ask(url: &str) -> anyhow::Result<Value> {
    // An error means that the process has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
    let answer = client.get(format!("{url}/v1/status")).send().await?;
    if !answer.status().is_success() {
        bail!("it answered {}", answer.status());
    }
    Ok(answer.json().await?)
}

fn lines(status: &Value) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} \u{2014} {}",
            text(&status["name"]),
            text(&status["event_name"])
        ),
        text(&status["freshness"]),
    ];
    if status["may_judge"] == Value::Bool(false) {
        lines.push("THIS HUB LETS NOBODY IN: its certificate has run out by this machine's clock, or it was revoked. Check the clock; if it is right, enrol it anew with a code from the organizer: usher-gate-agent enroll --anew CODE".to_owned());
    }
    if status["storage_ok"] == Value::Bool(false) {
        lines.push(
            "THE HUB CANNOT SAVE TO ITS DISK: no scan can be decided; make room on it or replace it"
                .to_owned(),
        );
    }
    lines.extend(
        list(&status["certificates"]).map(|line| match line["level"].as_str() {
            Some(_) => format!("CERTIFICATE: {}", text(&line["words"])),
            None => text(&line["words"]),
        }),
    );
    match status["clock"].as_str() {
        Some(clock) => lines.push(format!("CLOCK: {clock}")),
        None => lines.push(format!("clock: {}", text(&status["clock_says"]))),
    }
    lines.extend(list(&status["warnings"]).map(|warning| format!("WARNING: {}", text(warning))));
    lines.extend(list(&status["links"]).map(|link| {
        format!(
            "linked: {} ({}), {}",
            text(&link["name"]),
            text(&link["role"]),
            text(&link["since"])
        )
    }));
    lines.extend(
        list(&status["missing"])
            .map(|hub| format!("MISSING: {}, {}", text(&hub["name"]), text(&hub["words"]))),
    );
    let down = list(&status["dials"]).filter(|dial| dial["is_linked"] == Value::Bool(false));
    lines.extend(down.map(|dial| {
        format!(
            "NOT linked: {}: {}",
            text(&dial["address"]),
            text(&dial["detail"])
        )
    }));
    lines.extend(
        list(&status["gates"]).map(|gate| format!("{}: {} let in", text(&gate["name"]), gate["admitted"])),
    );
    lines.extend(
        list(&status["zones"]).map(|zone| format!("{}: {} inside", text(&zone["name"]), zone["occupancy"])),
    );
    lines.extend(list(&status["refused"]).map(|line| format!("{}: {}", text(&line["words"]), line["count"])));
    lines.extend(list(&status["incidents"]).map(|words| format!("INCIDENT: {}", text(words))));
    lines
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or("no event received yet");
    text.chars().filter(|character| !character.is_control()).collect()
}
