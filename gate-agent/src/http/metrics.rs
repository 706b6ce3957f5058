//! `GET /metrics`: the status as Prometheus reads it; the figures themselves are the status's.

use std::fmt::{Display, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use usher_keys::Role;

use super::problem::Problem;
use super::status;
use crate::services::Services;
use crate::services::status::{GateLine, HubStatus};

/// Returns the metrics.
pub async fn text(
    State(services): State<Arc<Services>>,
    ConnectInfo(asker): ConnectInfo<SocketAddr>,
) -> Result<Response, Problem> {
    let status = status::status(&services, asker).await?;
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((content_type, exposition(&status)).into_response())
}

/// **Source**: Prometheus text exposition format 0.0.4.
fn exposition(status: &HubStatus) -> String {
    let mut page = Exposition::default();
    page.family("usher_scans_total", "counter", "Scans at this hub, by outcome.");
    for (outcome, count) in &status.here {
        page.sample("usher_scans_total", &[("outcome", outcome)], count);
    }
    gates(&mut page, status);
    page.family(
        "usher_refused_scans",
        "gauge",
        "Scans that let nobody pass, by reason, by all logs known here.",
    );
    for refused in &status.refused {
        page.sample(
            "usher_refused_scans",
            &[("reason", refused.reason)],
            refused.count,
        );
    }
    page.family("usher_zone_occupancy", "gauge", "People in each zone.");
    for zone in &status.zones {
        let labels = [("zone", zone.id.to_string()), ("name", zone.name.clone())];
        page.sample(
            "usher_zone_occupancy",
            &labels.each_ref().map(|(key, value)| (*key, value.as_str())),
            zone.occupancy,
        );
    }
    links(&mut page, status);
    storage(&mut page, status);
    page.0
}

/// Reads one count of a gate.
type Count = fn(&GateLine) -> u64;

fn gates(page: &mut Exposition, status: &HubStatus) {
    let passed: [(&str, &str, Count); 2] = [
        (
            "usher_admitted_persons",
            "Persons let in at each gate, by all logs known here.",
            |gate| gate.admitted,
        ),
        (
            "usher_exited_persons",
            "Persons let out at each gate, by all logs known here.",
            |gate| gate.exited,
        ),
    ];
    for (name, help, count) in passed {
        page.family(name, "gauge", help);
        for gate in &status.gates {
            let id = gate.id.to_string();
            page.sample(name, &[("gate", &id), ("name", &gate.name)], count(gate));
        }
    }
}

fn links(page: &mut Exposition, status: &HubStatus) {
    page.family("usher_links", "gauge", "Links that stand, by the peer's role.");
    for (role, name) in [
        (Role::Cloud, "cloud"),
        (Role::Hub, "hub"),
        (Role::Scanner, "scanner"),
    ] {
        let count = status.links.iter().filter(|link| link.role == role).count();
        page.sample("usher_links", &[("role", name)], count);
    }
    page.family(
        "usher_freshness_seconds",
        "gauge",
        "Age of what is known of revocations.",
    );
    if let Some(as_of_ms) = status.fresh_as_of_ms {
        page.sample(
            "usher_freshness_seconds",
            &[],
            seconds(status.now_ms.saturating_sub(as_of_ms) * 1_000),
        );
    }
    page.family(
        "usher_certificate_left_seconds",
        "gauge",
        "How long this hub's certificate still lasts; 0 once it has ended.",
    );
    let left_ms = status.certificate_until_ms.saturating_sub(status.now_ms);
    page.sample("usher_certificate_left_seconds", &[], left_ms / 1_000);
    clock(page, status);
    page.family("usher_incidents", "gauge", "Contradictions found after merging.");
    page.sample("usher_incidents", &[], status.incidents_total);
}

fn clock(page: &mut Exposition, status: &HubStatus) {
    page.family(
        "usher_clock_ahead_seconds",
        "gauge",
        "How far this machine's clock is ahead of the others'; 0 when nothing is known to be wrong.",
    );
    // The machine's two clocks are read one after the other, and may say a millisecond less than a whole second.
    let ahead_seconds = (status.clock_ahead_ms + 500).div_euclid(1_000);
    page.sample("usher_clock_ahead_seconds", &[], ahead_seconds);
    page.family(
        "usher_clock_in_doubt",
        "gauge",
        "1 while clocks differ and no majority tells which is right, else 0.",
    );
    page.sample("usher_clock_in_doubt", &[], u8::from(status.clock_in_doubt));
}

fn storage(page: &mut Exposition, status: &HubStatus) {
    let figures = &status.figures;
    page.family(
        "usher_queue_commands",
        "gauge",
        "Commands waiting for the replica's writer.",
    );
    page.sample("usher_queue_commands", &[], figures.queue);
    page.family(
        "usher_commit_seconds",
        "summary",
        "Time of the replica's commits.",
    );
    page.sample("usher_commit_seconds_sum", &[], seconds(figures.commit_micros));
    page.sample("usher_commit_seconds_count", &[], figures.commits);
    page.family("usher_commit_failures_total", "counter", "Commits that failed.");
    page.sample("usher_commit_failures_total", &[], figures.commit_failures);
    page.family(
        "usher_storage_ok",
        "gauge",
        "1 while decisions can be made durable, else 0.",
    );
    page.sample("usher_storage_ok", &[], u8::from(status.storage_ok));
    page.family("usher_log_records", "gauge", "Records of all logs held here.");
    page.sample("usher_log_records", &[], status.records);
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into memory cannot fail, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_quotes_and_newlines_stays_one_label() {
        let mut page = Exposition::default();
        page.sample("usher_zone_occupancy", &[("name", "a\"b\\c\nd")], 7);
        assert_eq!(page.0, "usher_zone_occupancy{name=\"a\\\"b\\\\c\\nd\"} 7\n");
        assert_eq!(seconds(1_500_007), "1.500007");
    }
}
