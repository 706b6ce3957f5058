//! Lines of comma-separated values, which people open in spreadsheets.

/// Makes a line of fields.
///
/// **Source**: RFC 4180.
pub fn line<T: AsRef<str>>(fields: &[T]) -> String {
    let fields: Vec<String> = fields.iter().map(|text| field(text.as_ref())).collect();
    format!("{}\r\n", fields.join(","))
}

/// Quotes a field where needed; one that a spreadsheet would run as a formula is kept from it by an apostrophe.
fn field(text: &str) -> String {
    let is_number = text.parse::<i64>().is_ok();
    let text = if !is_number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
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
        assert_eq!(field("Gate North"), "Gate North");
        assert_eq!(field("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!((field("-3").as_str(), field("-3+x").as_str()), ("-3", "'-3+x"));
        assert_eq!(line(&["a", "b c"]), "a,b c\r\n");
    }
}
