//! `status`: asks the running hub how it stands, and says it in a few lines.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use usher_device::clock::Clock;
use usher_device::folder::{Enrolled, Folder};
use usher_keys::Timestamp;
use usher_words::certificates::end_in_words;
use usher_words::hub::NO_POLICY;
use usher_words::hub::command_line::{self as words, NotServed, StatusLine, status_line as say};

use crate::hub::listening::Listening;

/// How long the hub may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Prints the status.
pub async fn status(folder: &Folder, event: &Enrolled, json: bool) -> anyhow::Result<ExitCode> {
    let status = of_running(folder, event).await?;
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

/// Asks the running hub how it stands.
pub async fn of_running(folder: &Folder, event: &Enrolled) -> anyhow::Result<Value> {
    let not_served = || not_served(event, Clock::system().now());
    let Ok(listening) = Listening::read(&folder.top().listening_path()) else {
        bail!(not_served());
    };
    let asked = ask(&listening.here_of(event.event)).await;
    asked.with_context(not_served)
}

/// Says why nobody answers for an event.
fn not_served(event: &Enrolled, now: Timestamp) -> String {
    let (name, ended) = (event.event_name(), end_in_words(event.window.until, now));
    let why = if event.is_over(now) {
        NotServed::Over {
            event: &name,
            ended: &ended,
        }
    } else {
        NotServed::NotRunning
    };
    words::not_served(&event.name, &why)
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
    let (name, event) = (text(&status["name"]), text(&status["event_name"]));
    let mut lines = vec![
        say(&StatusLine::Hub {
            name: &name,
            event: &event,
        }),
        text(&status["freshness"]),
    ];
    if status["may_judge"] == Value::Bool(false) {
        lines.push(say(&StatusLine::LetsNobodyIn));
    }
    if status["storage_ok"] == Value::Bool(false) {
        lines.push(say(&StatusLine::CannotSave));
    }
    lines.extend(list(&status["certificates"]).map(certificate));
    lines.push(clock(status));
    let warnings = list(&status["warnings"]).map(text);
    lines.extend(warnings.map(|words| say(&StatusLine::Warning { words: &words })));
    lines.extend(list(&status["links"]).map(linked));
    lines.extend(list(&status["missing"]).map(|hub| {
        let (name, words) = (&text(&hub["name"]), &text(&hub["words"]));
        say(&StatusLine::Missing { name, words })
    }));
    let down = list(&status["dials"]).filter(|dial| dial["is_linked"] == Value::Bool(false));
    lines.extend(down.map(|dial| {
        let (address, detail) = (&text(&dial["address"]), &text(&dial["detail"]));
        say(&StatusLine::NotLinked { address, detail })
    }));
    lines.extend(list(&status["gates"]).map(|gate| {
        let (gate, persons) = (&text(&gate["name"]), &gate["admitted"].to_string());
        say(&StatusLine::LetIn { gate, persons })
    }));
    lines.extend(list(&status["zones"]).map(|zone| {
        let (zone, persons) = (&text(&zone["name"]), &zone["occupancy"].to_string());
        say(&StatusLine::Inside { zone, persons })
    }));
    lines.extend(list(&status["refused"]).map(|line| {
        let (words, count) = (&text(&line["words"]), &line["count"].to_string());
        say(&StatusLine::Refused { words, count })
    }));
    let incidents = list(&status["incidents"]).map(text);
    lines.extend(incidents.map(|words| say(&StatusLine::Incident { words: &words })));
    lines
}

fn certificate(line: &Value) -> String {
    let words = text(&line["words"]);
    match line["level"].as_str() {
        Some(_) => say(&StatusLine::CertificateEnds { words: &words }),
        None => words,
    }
}

fn clock(status: &Value) -> String {
    match status["clock"].as_str() {
        Some(words) => say(&StatusLine::ClockWrong { words }),
        None => say(&StatusLine::Clock {
            words: &text(&status["clock_says"]),
        }),
    }
}

fn linked(link: &Value) -> String {
    say(&StatusLine::Linked {
        name: &text(&link["name"]),
        role: &text(&link["role"]),
        since: &text(&link["since"]),
    })
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or(NO_POLICY);
    text.chars().filter(|character| !character.is_control()).collect()
}
