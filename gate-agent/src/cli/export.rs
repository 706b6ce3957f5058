//! `export`: every scan as a line of CSV or JSON.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use serde::Serialize;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{self, ScanRow};

use super::Format;

/// One line; the names of the fields are the CSV's header.
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

const HEADER: &str = "at,verdict,reason,gate,gate_name,unit,place,generation,tier,persons,scan,device,device_name,seq,by,why,at_by\r\n";

/// Prints every scan.
pub fn export(directory: &DataDirectory, format: Format) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    if format == Format::Csv {
        out.write_all(HEADER.as_bytes())?;
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
        let at = i64::try_from(row.at.0)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        Self {
            at: at.map_or_else(|| row.at.0.to_string(), |at| at.to_string()),
            verdict: row.verdict,
            reason: row.reason,
            gate: row.gate.0,
            gate_name: row.gate_name,
            unit: row.unit.0,
            place: row.place,
            generation: row.generation.0,
            tier: row.tier.map(|tier| tier.0),
            persons: row.persons,
            scan: format!("{:?}", row.scan),
            device: row.device.to_string(),
            device_name: row.device_name,
            seq: row.seq.0,
            by: row.by,
            why: row.why,
            at_by: row.at_by,
        }
    }
}

impl ExportLine {
    /// **Source**: RFC 4180.
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
        format!("{}\r\n", fields.map(csv_field).join(","))
    }
}

/// Quotes a field where needed; one that a spreadsheet would run as a formula is kept from it by an apostrophe.
fn csv_field(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_cannot_break_out_of_its_column_or_run_in_a_spreadsheet() {
        assert_eq!(csv_field("Gate North"), "Gate North");
        assert_eq!(csv_field("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(csv_field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
    }

    #[test]
    fn the_header_names_the_fields_of_a_line_in_their_order() {
        let row = ScanRow {
            at: usher_keys::Timestamp(0),
            at_by: "judge",
            device: usher_keys::PublicKey([1; 32]),
            device_name: String::new(),
            seq: usher_protocol::Seq(1),
            scan: usher_protocol::ScanId([0; 16]),
            verdict: "admit",
            reason: None,
            gate: usher_protocol::GateId(1),
            gate_name: String::new(),
            unit: usher_protocol::Unit(5),
            place: "A, row 1, seat 6".to_owned(),
            generation: usher_protocol::Generation(1),
            tier: None,
            persons: 1,
            by: None,
            why: None,
        };
        let line = ExportLine::from(row);
        assert!(
            line.csv()
                .starts_with("1970-01-01T00:00:00Z,admit,,1,,5,\"A, row 1, seat 6\",1,,1,"),
            "{}",
            line.csv()
        );
        let json = serde_json::to_string(&line).unwrap();
        let positions: Vec<_> = HEADER
            .trim_end()
            .split(',')
            .map(|name| json.find(&format!("\"{name}\":")))
            .collect();
        assert!(
            positions.is_sorted() && positions.iter().all(Option::is_some),
            "{json}"
        );
    }
}
