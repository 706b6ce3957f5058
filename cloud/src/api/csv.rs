//! Reading comma-separated values (RFC 4180), strictly, each record with the line that it begins in.

use thiserror::Error;

/// A record: its line in the text, from 1, and its fields.
pub type CsvRow = (usize, Vec<String>);

/// Where a text is not in the form, and how. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CsvError {
    /// A field goes on behind its closing quotation mark.
    #[error("in line {line}, there is text after a closing quotation mark")]
    TextBehindQuotation { line: usize },
    /// Only a field that begins with a quotation mark may have others.
    #[error("in line {line}, there is a quotation mark within a field that does not begin with one")]
    QuotationWithin { line: usize },
    /// The text ends within a field that began in this line.
    #[error("in line {line}, there is a quotation mark that is never closed")]
    NeverClosed { line: usize },
}

/// Reads all records; empty lines are none.
///
/// # Errors
///
/// [`CsvError`].
pub fn records(text: &str) -> Result<Vec<CsvRow>, CsvError> {
    records_by(text, ',')
}

/// Reads all records of a text whose fields are parted by something else, as some spreadsheets write them.
///
/// # Errors
///
/// [`CsvError`].
pub fn records_by(text: &str, delimiter: char) -> Result<Vec<CsvRow>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut records, mut line) = (Vec::new(), 1);
    let mut rest = text;
    while !rest.is_empty() {
        let begins = line;
        let (fields, after) = record((rest, delimiter), &mut line)?;
        if fields.iter().any(|field| !field.is_empty()) {
            records.push((begins, fields));
        }
        rest = after;
    }
    Ok(records)
}

/// Reads one record and its end of line.
fn record<'a>(
    (text, delimiter): (&'a str, char),
    line: &mut usize,
) -> Result<(Vec<String>, &'a str), CsvError> {
    let (mut fields, mut rest) = (Vec::new(), text);
    loop {
        let (field, after) = field((rest, delimiter), line)?;
        fields.push(field);
        let ends = ["\r\n", "\n"].into_iter().find_map(|end| after.strip_prefix(end));
        if let Some(next) = ends {
            *line += 1;
            return Ok((fields, next));
        }
        if after.is_empty() {
            return Ok((fields, after));
        }
        let behind = CsvError::TextBehindQuotation { line: *line };
        rest = after.strip_prefix(delimiter).ok_or(behind)?;
    }
}

fn field<'a>((text, delimiter): (&'a str, char), line: &mut usize) -> Result<(String, &'a str), CsvError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let ends = text.find([delimiter, '\n']).unwrap_or(text.len());
        let (field, _) = text.split_at(ends);
        let field = match text[ends..].starts_with('\n') {
            true => field.strip_suffix('\r').unwrap_or(field),
            false => field,
        };
        if field.contains('"') {
            return Err(CsvError::QuotationWithin { line: *line });
        }
        return Ok((field.to_owned(), &text[field.len()..]));
    };
    let (begins, mut field, mut rest) = (*line, String::new(), quoted);
    loop {
        let Some((part, after)) = rest.split_once('"') else {
            return Err(CsvError::NeverClosed { line: begins });
        };
        *line += part.matches('\n').count();
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Ok((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, &[&str])]) {
        let records = records(text).unwrap();
        let read: Vec<(usize, Vec<&str>)> = records
            .iter()
            .map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, fields)| (*line, fields.to_vec()))
            .collect();
        assert_eq!(read, expected, "{text:?}");
    }

    #[test]
    fn records_come_with_the_line_they_begin_in() {
        check("", &[]);
        check("a,b\r\n\r\nc,\r\n", &[(1, &["a", "b"]), (3, &["c", ""])]);
        check(
            "\u{feff}a\n\"x \"\"y\"\"\nz\",2\nlast",
            &[(1, &["a"]), (2, &["x \"y\"\nz", "2"]), (4, &["last"])],
        );
        check("\"\",b", &[(1, &["", "b"])]);
    }

    #[test]
    fn what_is_not_in_the_form_is_told_with_its_line() {
        let error = |text: &str| records(text).unwrap_err();
        assert_eq!(error("a\nb\"c\n"), CsvError::QuotationWithin { line: 2 });
        assert_eq!(error("a\n\"b\nc"), CsvError::NeverClosed { line: 2 });
        assert_eq!(error("a\n\"b\nc\"d"), CsvError::TextBehindQuotation { line: 3 });
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a,\"\r\n é]{0,40}") {
            let _ = records(&text);
        }

        #[test]
        fn what_is_written_is_read_again(rows in proptest::collection::vec(proptest::collection::vec("[a,\"\n é]{1,6}", 1..4), 0..5)) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n";
            let text: String = rows.iter().map(line).collect();
            let read: Vec<_> = records(&text).unwrap().into_iter().map(|(_, fields)| fields).collect();
            prop_assert_eq!(read, rows);
        }
    }
}
