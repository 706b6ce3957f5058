//! The figures of a report as tables, a file of comma-separated values each.

use super::figures::EventFigures;
use super::local::LocalTime;
use crate::csv;

/// Makes the tables: the name of a file, and what is in it.
pub fn of(figures: &EventFigures) -> Vec<(&'static str, String)> {
    let time = LocalTime(figures.policy.as_ref());
    vec![
        ("arrivals.csv", arrivals(figures, time)),
        ("occupancy.csv", occupancy(figures, time)),
        ("refusals.csv", refusals(figures, time)),
        ("gates.csv", gates(figures, time)),
        ("incidents.csv", incidents(figures)),
        ("devices.csv", devices(figures, time)),
    ]
}

fn table<const N: usize>(columns: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = csv::line(&columns);
    table.extend(rows.map(|row| csv::line(&row)));
    table
}

fn arrivals(figures: &EventFigures, time: LocalTime) -> String {
    let rows = figures
        .passed
        .iter()
        .map(|((minute, gate), (went_in, went_out))| {
            [
                time.minute(*minute),
                gate.to_string(),
                figures.gate(*gate).to_owned(),
                went_in.to_string(),
                went_out.to_string(),
            ]
        });
    table(["minute", "gate", "gate_name", "in", "out"], rows)
}

fn occupancy(figures: &EventFigures, time: LocalTime) -> String {
    let zones = figures.inside.iter();
    let rows = zones.flat_map(|(zone, steps)| {
        steps.iter().map(|(minute, persons)| {
            let name = figures.zone(*zone);
            [time.minute(*minute), zone.to_string(), name, persons.to_string()]
        })
    });
    table(["minute", "zone", "zone_name", "inside"], rows)
}

fn refusals(figures: &EventFigures, time: LocalTime) -> String {
    let rows = figures.refused.iter().map(|((minute, gate, kind), scans)| {
        [
            time.minute(*minute),
            gate.to_string(),
            figures.gate(*gate).to_owned(),
            kind.name().to_owned(),
            scans.to_string(),
        ]
    });
    table(["minute", "gate", "gate_name", "reason", "scans"], rows)
}

fn gates(figures: &EventFigures, time: LocalTime) -> String {
    let rows = figures.gates.iter().map(|gate| {
        let (minute, persons) = gate.busiest.unzip();
        [
            gate.id.to_string(),
            gate.name.clone(),
            gate.admitted.to_string(),
            gate.exited.to_string(),
            minute.map_or_else(String::new, |minute| time.minute(minute)),
            persons.map_or_else(String::new, |persons| persons.to_string()),
            gate.pace_ms.map_or_else(String::new, |ms| ms.to_string()),
        ]
    });
    let columns = [
        "gate",
        "gate_name",
        "in",
        "out",
        "busiest_minute",
        "busiest_in",
        "pace_ms",
    ];
    table(columns, rows)
}

fn incidents(figures: &EventFigures) -> String {
    let rows = figures.incidents.iter();
    let rows = rows.map(|(name, device, words)| [device.to_string(), name.clone(), words.clone()]);
    table(["device", "device_name", "words"], rows)
}

fn devices(figures: &EventFigures, time: LocalTime) -> String {
    let rows = figures.devices.iter().map(|device| {
        let (first, last) = device.log.written.unzip();
        let moment = |at: Option<_>| at.map_or_else(String::new, |at| time.second(at));
        [
            device.device.to_string(),
            device.name.clone(),
            format!("{:?}", device.role).to_lowercase(),
            device.log.records.to_string(),
            device.log.scans.to_string(),
            moment(first),
            moment(last),
            device.log.roughly_dated.to_string(),
            time.second(device.certificate_until),
            device.is_revoked.to_string(),
            device.incidents.to_string(),
        ]
    });
    let columns = [
        "device",
        "device_name",
        "role",
        "records",
        "scans",
        "first_record",
        "last_record",
        "roughly_dated",
        "certificate_until",
        "revoked",
        "incidents",
    ];
    table(columns, rows)
}
