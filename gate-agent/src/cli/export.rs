//! `export`: every scan as a line of CSV or JSON.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use serde::Serialize;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{self, ScanRow};
use usher_protocol::scans::ScanKind;
use usher_words::export::{COLUMNS, verdict};

use super::Format;
use crate::csv;

/// One line; the names of the fields are the columns.
#[derive(Serialize)]
struct ExportLine {
    at: String,
    verdict: &'static str,
    reason: Option<&'static str>,
    gate: u16,
    gate_name: String,
    unit: u32,
    place: String,
    generation: u32,
    tier: Option<u16>,
    persons: u8,
    scan: String,
    device: String,
    device_name: String,
    seq: u64,
    by: Option<String>,
    why: Option<String>,
    at_by: &'static str,
}

/// Prints every scan.
pub fn export(directory: &DataDirectory, format: Format) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    if format == Format::Csv {
        write!(out, "{}\r\n", COLUMNS.join(","))?;
    }
    replica::scans(&directory.replica_path(), Clock::system().now(), |row| {
        let line = ExportLine::from(row);
        let text = match format {
            Format::Csv => line.csv(),
            Format::Jsonl => format!("{}\n", serde_json::to_string(&line)?),
        };
        anyhow::Ok(out.write_all(text.as_bytes())?)
    })?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

impl From<ScanRow> for ExportLine {
    fn from(row: ScanRow) -> Self {
        let scan = row.scan;
        let at_ms = scan.dated.at().0;
        let at = i64::try_from(at_ms)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let verdict = verdict(&scan.kind);
        let (reason, by, why) = match scan.kind {
            ScanKind::Denied(kind) | ScanKind::Referred(kind) => (Some(kind.name()), None, None),
            ScanKind::Overridden { by, why } | ScanKind::Annulled { by, why } => (None, Some(by), Some(why)),
            ScanKind::Admitted | ScanKind::Exited | ScanKind::Withdrawn => (None, None, None),
        };
        Self {
            at: at.map_or_else(|| at_ms.to_string(), |at| at.to_string()),
            verdict,
            reason,
            gate: scan.gate.0,
            gate_name: row.gate_name,
            unit: scan.unit.0,
            place: row.place,
            generation: scan.generation.0,
            tier: scan.tier.map(|tier| tier.0),
            persons: scan.persons,
            scan: format!("{:?}", scan.id),
            device: scan.device.to_string(),
            device_name: row.device_name,
            seq: row.seq.0,
            by,
            why,
            at_by: scan.dated.word(),
        }
    }
}

impl ExportLine {
    fn csv(&self) -> String {
        let tier = self.tier.map(|tier| tier.to_string());
        let fields = [
            &self.at,
            self.verdict,
            self.reason.unwrap_or_default(),
            &self.gate.to_string(),
            &self.gate_name,
            &self.unit.to_string(),
            &self.place,
            &self.generation.to_string(),
            tier.as_deref().unwrap_or_default(),
            &self.persons.to_string(),
            &self.scan,
            &self.device,
            &self.device_name,
            &self.seq.to_string(),
            self.by.as_deref().unwrap_or_default(),
            self.why.as_deref().unwrap_or_default(),
            self.at_by,
        ];
        csv::line(&fields)
    }
}

#[cfg(test)]
mod tests {
    use usher_protocol::dating::Dated;
    use usher_protocol::scans::WrittenScan;

    use super::*;

    #[test]
    fn the_header_names_the_fields_of_a_line_in_their_order() {
        let scan = WrittenScan {
            dated: Dated::Exactly(usher_keys::Timestamp(0)),
            device: usher_keys::PublicKey([1; 32]),
            id: usher_protocol::ScanId([0; 16]),
            kind: ScanKind::Admitted,
            unit: usher_protocol::Unit(5),
            generation: usher_protocol::Generation(1),
            gate: usher_protocol::GateId(1),
            zone: None,
            tier: None,
            persons: 1,
        };
        let row = ScanRow {
            scan,
            seq: usher_protocol::Seq(1),
            device_name: String::new(),
            gate_name: String::new(),
            place: "A, row 1, seat 6".to_owned(),
        };
        let line = ExportLine::from(row);
        assert!(
            line.csv()
                .starts_with("1970-01-01T00:00:00Z,admit,,1,,5,\"A, row 1, seat 6\",1,,1,"),
            "{}",
            line.csv()
        );
        let json = serde_json::to_string(&line).unwrap();
        let positions = COLUMNS.map(|name| json.find(&format!("\"{name}\":")));
        assert!(
            positions.is_sorted() && positions.iter().all(Option::is_some),
            "{json}"
        );
    }
}
