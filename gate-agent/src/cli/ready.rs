//! `ready`: whether people can come, by all that this hub knows of itself and of every device of the event; it asks the running hub and changes
//! nothing.

use std::io::Write;
use std::process::ExitCode;

use serde_json::{Value, json};
use usher_device::folder::{Enrolled, Folder};
use usher_keys::Timestamp;
use usher_link::surroundings::free_mib;
use usher_words::certificates::end_in_words;
use usher_words::doctor::{self, Condition, Diagnosis};
use usher_words::readiness::{self, COLUMNS, HubFinding};

use super::status;

/// Prints how everything stands; exit code 1 when something is wrong.
pub async fn ready(folder: &Folder, event: &Enrolled, as_json: bool) -> anyhow::Result<ExitCode> {
    let status = status::of_running(folder, event).await?;
    let mut found = of_hub(&status);
    if let Ok(mib) = free_mib(folder.path()) {
        found.push(doctor::free_space(folder.path(), mib));
    }
    let devices = of_devices(&status);
    let all = || found.iter().chain(&devices);
    let count = |condition| all().filter(|one| one.condition == condition).count();
    let (wrong, doubtful) = (count(Condition::Bad), count(Condition::Doubtful));
    let mut out = std::io::stdout().lock();
    if as_json {
        let findings: Vec<Value> = found.iter().map(told).collect();
        let answer = json!({ "ready": wrong == 0, "findings": findings, "devices": status["devices"] });
        writeln!(out, "{answer:#}")?;
        return Ok(ExitCode::from(u8::from(wrong > 0)));
    }
    for line in table(&status) {
        writeln!(out, "{}", line.trim_end())?;
    }
    let silent = |one: &&Diagnosis| one.condition != Condition::Good;
    for diagnosis in found.iter().chain(devices.iter().filter(silent)) {
        writeln!(out, "{diagnosis}")?;
    }
    writeln!(out, "{}", readiness::verdict(wrong, doubtful))?;
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

fn told(diagnosis: &Diagnosis) -> Value {
    json!({ "condition": diagnosis.condition, "words": diagnosis.words })
}

/// Judges what the running hub says of itself.
fn of_hub(status: &Value) -> Vec<Diagnosis> {
    let texts = |name: &str| {
        let list = status[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let links = status["links"].as_array().into_iter().flatten();
    let is_linked = links.into_iter().any(|link| link["role"] == "cloud");
    let (running, installed) = (text(&status["version"]), env!("CARGO_PKG_VERSION"));
    let version = if running == installed {
        HubFinding::Version(running)
    } else {
        HubFinding::OtherVersion { running, installed }
    };
    let mut found = vec![version];
    if status["may_judge"] != true {
        found.push(HubFinding::LetsNobodyIn);
    }
    if status["storage_ok"] != true {
        found.push(HubFinding::CannotSave);
    }
    let bundle = status["bundle_version"].as_u64().unwrap_or_default();
    found.push(match status["policy_version"].as_u64() {
        Some(policy) => HubFinding::Knows { bundle, policy },
        None => HubFinding::NoPolicy,
    });
    let words = text(&status["freshness"]);
    found.push(HubFinding::Freshness {
        words,
        has_heard: status["fresh_as_of_ms"].is_u64(),
        is_linked,
    });
    found.extend(status["clock"].as_str().map(HubFinding::Wrong));
    found.extend(texts("warnings").into_iter().map(HubFinding::Warning));
    found.iter().map(readiness::hub).collect()
}

fn of_devices(status: &Value) -> Vec<Diagnosis> {
    let devices = status["devices"].as_array().into_iter().flatten();
    let judged = devices.map(|device| {
        let words = text(&device["words"]);
        match text(&device["condition"]) {
            "good" => doctor::good(words),
            "doubtful" => doctor::doubtful(words),
            _ => doctor::bad(words),
        }
    });
    judged.collect()
}

/// Returns the lines of the table of devices.
fn table(status: &Value) -> Vec<String> {
    let now = Timestamp(status["now_ms"].as_u64().unwrap_or_default());
    let devices = status["devices"].as_array().into_iter().flatten();
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(devices.map(|device| row(device, now)));
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths);
        cells.map(|(cell, width)| format!("{cell:<width$}  ")).collect()
    };
    rows.iter().map(line).collect()
}

fn row(device: &Value, now: Timestamp) -> [String; 7] {
    let mark = match text(&device["condition"]) {
        "good" => "good",
        "doubtful" => "LOOK",
        _ => "WRONG",
    };
    let link = match (&device["is_here"], &device["linked_since_ms"]) {
        (Value::Bool(true), _) => "this hub",
        (_, Value::Null) => "-",
        (_, _) => "linked",
    };
    let clock = device["clock_ahead_ms"].as_i64();
    let clock = clock.map_or_else(|| "-".to_owned(), |ms| format!("{:+} s", ms / 1_000));
    let until = Timestamp(device["certificate_until_ms"].as_u64().unwrap_or_default());
    [
        mark.to_owned(),
        text(&device["name"]).to_owned(),
        text(&device["role"]).to_owned(),
        link.to_owned(),
        device["records"].to_string(),
        clock,
        end_in_words(until, now),
    ]
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
