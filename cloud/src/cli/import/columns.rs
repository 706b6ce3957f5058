//! The table in a seller's file: its encoding, its delimiter, and which column says what; what stands in them is read elsewhere.

mod names;

use std::collections::BTreeMap;

use encoding_rs::WINDOWS_1252;
use thiserror::Error;

use crate::api::csv::{self, CsvError, CsvRow};
use names::NAMES;

pub use names::{ListColumn, Mapping};

/// Why a file is no list of codes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListError {
    /// It has no lines.
    #[error("there is nothing in it")]
    Empty,
    /// It holds what no text does.
    #[error("it is no text: export it as CSV")]
    NotText,
    /// Its lines are not in the form.
    #[error(transparent)]
    Form(#[from] CsvError),
    /// A column that somebody named is not there.
    #[error("there is no column {column:?}; the columns are: {found}")]
    NoSuchColumn { column: String, found: String },
    /// Two columns have a name that means something here.
    #[error("two columns are called {column:?}: say by its number which one it is, with --map {what}=NUMBER")]
    TwoColumns { column: String, what: &'static str },
    /// No column is called like one of codes.
    #[error(
        "no column is called like one of codes; say which it is with --map code=COLUMN, by its name or number. The columns are: {found}"
    )]
    NoCodes { found: String },
}

/// The lines of a list and the meaning of its columns.
#[derive(Debug)]
pub struct Columns {
    places: BTreeMap<ListColumn, usize>,
    rows: Vec<CsvRow>,
}

impl Columns {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ListError`].
    pub fn read(bytes: &[u8], mapping: &[Mapping]) -> Result<Self, ListError> {
        let text = decoded(bytes)?;
        let mut rows = csv::records_by(&text, delimiter(&text))?.into_iter();
        let (_, header) = rows.next().ok_or(ListError::Empty)?;
        let places = places(&header, mapping)?;
        let rows = rows.collect();
        Ok(Self { places, rows })
    }

    /// Returns the lines of tickets.
    pub fn rows(&self) -> &[CsvRow] {
        &self.rows
    }

    /// Returns what a line says there, without blanks around it; nothing where there is no such column.
    pub fn field<'a>(&self, fields: &'a [String], column: ListColumn) -> &'a str {
        let place = self.places.get(&column);
        place
            .and_then(|place| fields.get(*place))
            .map_or("", |field| field.trim())
    }

    /// Tells whether there is a column of that.
    pub fn has(&self, column: ListColumn) -> bool {
        self.places.contains_key(&column)
    }
}

/// UTF-8 where it can be read as such, and else Windows-1252, which spreadsheets write.
fn decoded(bytes: &[u8]) -> Result<String, ListError> {
    if bytes.contains(&0) {
        return Err(ListError::NotText);
    }
    let text = std::str::from_utf8(bytes).map(str::to_owned);
    Ok(text.unwrap_or_else(|_| WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()))
}

/// The one of them that the first line has most of.
fn delimiter(text: &str) -> char {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: &char| header.matches(*delimiter).count();
    [',', ';', '\t']
        .into_iter()
        .rev()
        .max_by_key(count)
        .unwrap_or(',')
}

fn places(header: &[String], mapping: &[Mapping]) -> Result<BTreeMap<ListColumn, usize>, ListError> {
    let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    let found = || {
        let named: Vec<String> = header.iter().map(|name| format!("{:?}", name.trim())).collect();
        named.join(", ")
    };
    // Of two columns with one name nobody can tell which is meant.
    let alone =
        |place: usize, of: ListColumn| match names.iter().filter(|name| **name == names[place]).count() {
            1 => Ok(place),
            _ => Err(ListError::TwoColumns {
                column: header[place].trim().to_owned(),
                what: NAMES
                    .iter()
                    .find(|(column, ..)| *column == of)
                    .map_or("", |(_, what, _)| what),
            }),
        };
    let mut places = BTreeMap::new();
    let unmapped = NAMES
        .iter()
        .filter(|(column, ..)| mapping.iter().all(|said| said.what != *column));
    for (column, _, synonyms) in unmapped {
        let place = synonyms
            .iter()
            .find_map(|known| names.iter().position(|name| name == known));
        if let Some(place) = place {
            places.insert(*column, alone(place, *column)?);
        }
    }
    for Mapping { what, column } in mapping {
        let numbered = column
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let by_name = names.iter().position(|name| *name == column.to_lowercase());
        let by_name = by_name.map(|place| alone(place, *what)).transpose()?;
        let place = by_name.or(numbered.filter(|place| *place < header.len()));
        let place = place.ok_or_else(|| ListError::NoSuchColumn {
            column: column.clone(),
            found: found(),
        })?;
        places.insert(*what, place);
    }
    if places.contains_key(&ListColumn::Code) {
        Ok(places)
    } else {
        Err(ListError::NoCodes { found: found() })
    }
}

#[cfg(test)]
mod tests {
    use super::names::UnknownMapping;
    use super::*;

    #[track_caller]
    fn codes(bytes: &[u8], mapping: &[&str]) -> Result<Vec<String>, ListError> {
        let mapping: Vec<Mapping> = mapping.iter().map(|one| one.parse().unwrap()).collect();
        let columns = Columns::read(bytes, &mapping)?;
        let code = |row: &CsvRow| columns.field(&row.1, ListColumn::Code).to_owned();
        Ok(columns.rows().iter().map(code).collect())
    }

    #[test]
    fn a_list_is_read_however_its_seller_writes_it() {
        let lists: [&[u8]; 5] = [
            b"Barcode,Name\nA1,Ada\n",
            b"\xef\xbb\xbfName;  QR Code \r\n\"Ada; Eve\";A1\r\n",
            b"Ticket ID\tName\nA1\tM\xfcller\n",
            b"name,SECRET\n\"Ada\nEve\",\" A1 \"\n",
            b"N. codice a barre\nA1",
        ];
        for list in lists {
            let read = codes(list, &[]);
            assert_eq!(
                read,
                Ok(vec!["A1".to_owned()]),
                "{}",
                String::from_utf8_lossy(list)
            );
        }
    }

    #[test]
    fn a_column_is_named_or_numbered_where_its_name_is_not_known() {
        let list = b"Geheimnis,Produkt\nA1,Adult\n";
        assert!(matches!(codes(list, &[]), Err(ListError::NoCodes { .. })));
        for mapping in ["code=Geheimnis", "code=1"] {
            assert_eq!(codes(list, &[mapping]), Ok(vec!["A1".to_owned()]));
        }
        for mapping in ["code=3", "code=0", "code=Secret"] {
            assert!(
                matches!(codes(list, &[mapping]), Err(ListError::NoSuchColumn { .. })),
                "{mapping}"
            );
        }
        assert_eq!("colour=1".parse::<Mapping>(), Err(UnknownMapping));
    }

    #[test]
    fn what_is_no_list_is_said() {
        assert_eq!(codes(b"", &[]), Err(ListError::Empty));
        assert_eq!(codes(b"PK\x03\x04\0\0", &[]), Err(ListError::NotText));
        assert!(matches!(codes(b"code\n\"A", &[]), Err(ListError::Form(_))));
        let two = b"Barcode,Name,barcode\nA1,Ada,B1\n";
        for mapping in [&[][..], &["code=Barcode"]] {
            let error = codes(two, mapping).unwrap_err().to_string();
            assert!(error.contains("--map code=NUMBER"), "{error}");
        }
        assert_eq!(codes(two, &["code=3"]), Ok(vec!["B1".to_owned()]));
    }
}
