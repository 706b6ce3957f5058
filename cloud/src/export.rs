//! Tables as files for other programs: CSV (RFC 4180) or a JSON object on each line, row by row; what is in them is whoever's asks.

use serde_json::Value;

/// What a spreadsheet that reads UTF-8 by it alone must find first.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// What a text begins with that spreadsheets take for a formula.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values, with a line of column names first.
    Csv {
        /// Whether a byte order mark comes before all.
        has_mark: bool,
    },
    /// A JSON object for each row on a line of its own.
    JsonLines,
}

/// A row: what stands in each column, in their order.
pub type ExportRow = Vec<Value>;

impl ExportFormat {
    /// Returns the media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv { .. } => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl",
        }
    }

    /// Returns what a name of such a file ends with.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv { .. } => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// Writes what comes before the first row.
    pub fn head(self, columns: &[&str]) -> String {
        match self {
            Self::Csv { has_mark } => {
                let mark = if has_mark { BYTE_ORDER_MARK } else { "" };
                format!("{mark}{}\r\n", columns.join(","))
            }
            Self::JsonLines => String::new(),
        }
    }

    /// Writes a row.
    pub fn row(self, columns: &[&str], row: &[Value]) -> String {
        match self {
            Self::Csv { .. } => {
                let cells: Vec<String> = row.iter().map(csv_cell).collect();
                format!("{}\r\n", cells.join(","))
            }
            Self::JsonLines => {
                let members = columns.iter().zip(row);
                let members: Vec<String> = members
                    .map(|(name, value)| format!("{}:{value}", Value::from(*name)))
                    .collect();
                format!("{{{}}}\n", members.join(","))
            }
        }
    }
}

fn csv_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(&without_formula(text)),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => quoted(&value.to_string()),
    }
}

/// Puts an apostrophe before what a spreadsheet would take for a formula: it shows the text then, and does not run it.
fn without_formula(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, csv: &str) {
        let format = ExportFormat::Csv { has_mark: false };
        assert_eq!(
            format.row(&["a"], std::slice::from_ref(value)),
            format!("{csv}\r\n")
        );
    }

    #[test]
    fn cells_are_quoted_where_they_must_be_and_are_no_formulas() {
        check(&json!("plain"), "plain");
        check(&json!("a, b"), "\"a, b\"");
        check(&json!("say \"hoot\""), "\"say \"\"hoot\"\"\"");
        check(&json!("two\nlines"), "\"two\nlines\"");
        for formula in ["=1+1", "+1", "-1", "@sum(a)", "\t=1"] {
            check(&json!(formula), &format!("'{formula}"));
        }
        check(&json!("\r=1"), "\"'\r=1\"");
        check(&json!("=a,b"), "\"'=a,b\"");
        check(&json!(-5), "-5");
        check(&json!(null), "");
        check(&json!(true), "true");
    }

    #[test]
    fn a_table_has_its_columns_in_order_in_either_format() {
        let columns = ["z", "a"];
        let row = [json!("=ü"), json!(1)];
        let csv = ExportFormat::Csv { has_mark: true };
        assert_eq!(
            csv.head(&columns) + &csv.row(&columns, &row),
            "\u{feff}z,a\r\n'=ü,1\r\n"
        );
        let lines = ExportFormat::JsonLines;
        assert_eq!(
            lines.head(&columns) + &lines.row(&columns, &row),
            "{\"z\":\"=ü\",\"a\":1}\n"
        );
    }
}
